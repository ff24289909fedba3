"""What a trial is carried out with: its record, the sites that run at the moment, and the swarms that load them.

A rig starts and stops; which arm is loaded when is the business of ``duet`` and ``rounds``.
"""

from __future__ import annotations

import contextlib
import errno
import shlex
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, Literal

from harness import resuming, swarm
from harness.board import Board
from harness.cores import Cores, choose_cores
from harness.errors import RunFailed, TargetError, UsageError, unknown
from harness.git_arms import GitTargets
from harness.own_site import OwnTargets
from harness.processes import check_interrupted, uninterrupted
from harness.progress import Advance, Steps
from harness.reference import ReferenceTargets
from harness.resuming import State
from harness.site import Site
from harness.targets import Stage, Targets
from harness.trial_plan import Prepare, TrialPlan
from harness.wakefulness import awake
from harness.watchdog import Watchdog
from results import machine, source
from results.plan import Arm, SwarmPlan
from results.record import Record, RecordWriter, new_directory, runs_root

PACKAGES: Final = ("anp", "locust", "gevent", "httptools", "fastapi", "starlette", "uvicorn", "apsw", "numpy")
"""Packages whose version could move a response time or a verdict."""

_NO_ROOM: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO, errno.EACCES, errno.EPERM}
"""Why a file of the record cannot be written, though nothing is wrong with what wants to write it."""

PILOT: Final = "pilot"
"""Where the name of a launch stands in those of logs and databases: before the first one."""


@dataclass(slots=True)
class Rig:
    """A trial under way.

    Attributes:
        plan: What is asked for.
        steps: Shows a person what is going on.
        writer: Of the trial's record.
        work: Scratch folder: databases, plan files.
        cores: Of sites and generator.
        targets: Its arms.
        state: How far it has come.
        board: What a person sees of it.
        is_whole: It is no part of something larger, and can be gone on with by itself.
        measured_s: Seconds of load so far whose requests are compared: of launches, and of arms alone.
        warmed_up_s: Seconds of load before them, whose requests are left out.
    """

    plan: TrialPlan
    steps: Steps
    writer: RecordWriter
    work: Path
    cores: Cores
    targets: Targets
    state: State
    board: Board
    is_whole: bool = True
    measured_s: float = 0.0
    warmed_up_s: float = 0.0
    _waiting: swarm.Waiting | None = None

    @classmethod
    @contextlib.contextmanager
    def open(
        cls,
        plan: TrialPlan,
        out: Path | None,
        commands: list[str],
        steps: Steps,
        *,
        resume: Path | None = None,
        is_whole: bool = True,
    ) -> Iterator[Rig]:
        """Begin the record, or go on with that of a trial that was cut off; complete it however the trial ends.

        Args:
            plan: The resolved plan.
            out: Where run records go; ``None`` for the usual place.
            commands: What a person would type to do the same again.
            steps: Shows what is going on.
            resume: The record to go on with.
            is_whole: It is no part of something larger, and can be gone on with by itself.

        Raises:
            UsageError: The record is not to be gone on with.
        """
        cores = choose_cores()
        state = State()
        if resume is None:
            directory = new_directory(runs_root(out), plan.name)
            writer = RecordWriter(directory, "trial", _plan_json(plan, commands, cores))
        else:
            directory = resume
        with resuming.alone(directory) as lock:
            if resume is not None:
                writer, state = resuming.take_up(plan, directory)
            with cls._opened(plan, writer, state, cores, steps, lock, is_whole=is_whole) as rig:
                yield rig

    @classmethod
    @contextlib.contextmanager
    def _opened(
        cls,
        plan: TrialPlan,
        writer: RecordWriter,
        state: State,
        cores: Cores,
        steps: Steps,
        lock: IO[bytes],
        *,
        is_whole: bool,
    ) -> Iterator[Rig]:
        directory = writer.directory
        with (
            tempfile.TemporaryDirectory(prefix="anp-", ignore_cleanup_errors=True) as work,
            Watchdog.on_guard(_logs(directory) / "watchdog.log", lock) as watchdog,
        ):
            watchdog.undo_later("remove what was scratch", ["rm", "-rf", "--", work])
            stage = Stage(Path(work), _logs(directory), cores, steps, watchdog)
            targets = _targets(plan, stage)
            board = Board(plan, directory)
            rig = cls(plan, steps, writer, Path(work), cores, targets, state, board, is_whole)
            try:
                yield rig
                if problem := rig.roll_back():
                    raise RunFailed(problem)
            except KeyboardInterrupt:
                rig._abort("interrupted", "interrupted from outside")
                raise
            except OSError as error:
                if error.errno not in _NO_ROOM:
                    rig._abort("failed", str(error))
                    raise
                failure = RunFailed(
                    f"{error.filename or directory} cannot be written ({error.strerror or error}); make room, and go "
                    f"on with anp trial --resume {directory}"
                )
                rig._abort("failed", str(failure))
                raise failure from error
            except BaseException as error:
                rig._abort("failed", str(error))
                if isinstance(error, TargetError | UsageError) and (rig.measured_s or rig.state.done):
                    raise RunFailed(str(error)) from error
                raise

    @property
    def directory(self) -> Path:
        """Of the trial's record."""
        return self.writer.directory

    @property
    def rate(self) -> float:
        """Requests a second and arm; 0 until it is known."""
        return self.state.rate

    @property
    def seconds(self) -> float:
        """Measured seconds of a launch; 0 until they are known."""
        return self.state.seconds

    @property
    def facts(self) -> dict[str, Any]:
        """What ``run.json`` says of how the trial was carried out."""
        return self.state.facts

    @property
    def sites(self) -> list[Site]:
        """The arms that run, in the order they were started."""
        return self.targets.up

    @property
    def is_slot(self) -> bool:
        """Whether the arms take turns in one place, so that one alone can run."""
        return self.plan.method == "reversal"

    def log(self, name: str) -> Path:
        """Where a child process writes its words."""
        return _logs(self.directory) / f"{name}.log"

    @contextlib.contextmanager
    def cores_awake(self) -> Iterator[None]:
        """Keep the cores of sites and generator out of their idle states, where the plan says so."""
        cores = (self.cores.site, self.cores.generator) if self.plan.keep_awake else ()
        with awake(cores, self.log("awake")):
            yield

    @contextlib.contextmanager
    def launch(self, title: str, seconds: float) -> Iterator[Advance]:
        """Show a launch while it goes, and stop its arms however it ends."""
        began = time.monotonic()
        with self.steps.step(title, total=seconds) as advance:
            try:
                yield advance
            finally:
                self.stop_arms()
        check_interrupted()
        self.state.took_s.append(time.monotonic() - began)

    def start_arms(self, names: Collection[str], label: str) -> None:
        """Start arms in random order and see that they serve; ``label`` is of the launch, for logs."""
        self.targets.start(names, label)

    def stop_arms(self) -> None:
        """Stop the sites, last started first, and a generator that waits for them."""
        with uninterrupted():
            waiting, self._waiting = self._waiting, None
            if waiting is not None:
                waiting.child.stop()
            self.targets.stop()

    def show(self) -> None:
        """Show how far the trial has come: below the bar from now on, or as a line where there is no terminal."""
        left = max(0, self.plan.launches - len(self.state.done))
        self.board.look_back(self.state.took_s, left, self.seconds)
        self.steps.below = self.board.render
        if not self.steps.console.is_terminal and (line := self.board.line()):
            self.steps.say(line)

    def expect_load(self, out: Path, label: str) -> None:
        """Have the process of a load to come start beside the arms: it waits for them; arguments as of ``load``."""
        plan = self.plan
        self._waiting = swarm.wait_for_plan(
            plan.scenario,
            out,
            self.log(label),
            scratch=self.work,
            core=self.cores.generator,
            options=self.targets.words(),
            locustfile=plan.locustfile,
        )

    def keep(self, **what: Any) -> None:
        """Remember how far the trial has come, on disk too, so that it can be gone on with."""
        for name, value in what.items():
            setattr(self.state, name, value)
        resuming.write(self.directory, self.state)

    def load(
        self,
        names: Sequence[str],
        launch: int,
        out: Path,
        label: str,
        *,
        seconds: float | None = None,
        rate: float | None = None,
        prepare: Prepare | None = None,
        advance: Advance | None = None,
    ) -> Record:
        """Log members in, bring the caches of these arms to the same state, and load them side by side.

        Args:
            names: Arms that run; the others run on without load.
            launch: From 0. Every load of one launch is the same traffic.
            out: Where its record goes.
            label: Of its log.
            seconds: Measured time, if not that of a launch.
            rate: Requests a second and arm, if not those of a launch.
            prepare: State of the caches, if not that of the plan.
            advance: Told how many seconds of warm-up and measured time have gone by.

        Returns:
            The complete record.

        Raises:
            UsageError: The plan names a page that its scenario does not ask for.
            RunFailed: The swarm or a site ended otherwise than by the plan.
        """

        def told(done: float) -> None:
            if advance is not None:
                advance(done)
                if self.steps.console.is_terminal:
                    self.board.look(out)

        urls = {one.name: one.url for one in self.sites}
        given, site = self.plan, self.plan.site
        plan = SwarmPlan(
            scenario=given.scenario,
            arms=tuple(Arm(name, urls[name]) for name in names),
            seed=given.seed,
            launch=launch,
            rate=self.rate if rate is None else rate,
            visitors=given.visitors,
            warmup_s=given.warmup,
            duration_s=self.seconds if seconds is None else seconds,
            members=given.members,
            member_share=given.member_share,
            zipf=given.zipf,
            event_s=given.event_every,
            prepare=given.prepare if prepare is None else prepare,
            corpus=given.corpus.corpus().to_dict() if given.kind == "reference" else None,
            ca_file=None if site.ca_file is None else str(site.ca_file),
            insecure=site.insecure,
        )
        if self._waiting is None or self._waiting.out != out:
            self.expect_load(out, label)
        waiting, self._waiting = self._waiting, None
        assert waiting is not None
        record = swarm.run(plan, waiting, watch=self._watch, advance=told)
        if prepare is None:  # else an arm was only tried out
            self.measured_s += plan.duration_s
            self.warmed_up_s += plan.warmup_s
        check_cells(self.plan, record)
        return record

    def finish(self, facts: Mapping[str, Any]) -> None:
        """Complete the record of a trial that came to its end."""
        told = {"rate": self.rate, "duration_s": self.seconds, **self.facts, **facts}
        self.writer.finish("completed", told | self.state.history())
        resuming.forget(self.directory)

    def _abort(self, ended_by: Literal["interrupted", "failed"], reason: str) -> None:
        with uninterrupted():
            self.stop_arms()
            if problem := self.roll_back():
                self.steps.say(f"  {problem}")
            known = {"rate": self.rate or None, "duration_s": self.seconds or None}
            told = {"reason": reason, **known, **self.facts, **self.state.history()}
            if not self.writer.is_finished:
                try:
                    self.writer.finish(ended_by, told)
                except OSError as error:
                    self.steps.say(f"  the record could not be completed ({error.strerror or error})")
        self.steps.say(f"record: {self.directory}")
        # What failed before the pilot was through does so again: its plan is kept, and no other is taken.
        if self.is_whole and (ended_by == "interrupted" or self.rate):
            self.steps.say(f"to go on with it: anp trial --resume {shlex.quote(str(self.directory))}")

    def roll_back(self) -> str:
        """Undo what the arms needed, once; gives what was wrong with that, which is nothing where it went well."""
        try:
            self.targets.roll_back()
        except TargetError as error:
            return f"not rolled back: {error}"
        return ""

    def _watch(self) -> None:
        for one in self.sites:
            try:
                one.check_alive()
            except TargetError as error:
                raise RunFailed(str(error)) from error


def check_cells(plan: TrialPlan, record: Record) -> None:
    """See that primary cells and control are of pages that the scenario asks for, which its first swarm tells.

    Raises:
        UsageError: One is not; with the pages there are.
    """
    personas = (record.plan.get("scenario") or {}).get("personas") or []
    pages = [f"{persona['name']} {route}" for persona in personas for route in persona["routes"]]
    for what, named in (("primary", plan.primary), ("control", (plan.control,) if plan.control is not None else ())):
        for one in named:
            if (page := str(one.cell())) not in pages:
                raise UsageError(f"{what}: {unknown(f'page of scenario {plan.scenario}', page, pages)}")


def after(seconds: float, advance: Advance) -> Advance:
    """Tells of one load among several of a launch: what came before it took about so many seconds."""
    return lambda done: advance(seconds + done)


def launch_label(launch: int) -> str:
    """What a launch (from 0) is called in the names of logs and databases."""
    return f"launch-{launch + 1:02d}"


def _targets(plan: TrialPlan, stage: Stage) -> Targets:
    if plan.kind == "reference":
        return ReferenceTargets(plan, stage)
    return OwnTargets(plan, stage) if plan.git is None else GitTargets(plan, stage)


def _logs(directory: Path) -> Path:
    folder = directory / "logs"
    folder.mkdir(exist_ok=True)
    return folder


def _plan_json(plan: TrialPlan, commands: list[str], cores: Cores) -> Mapping[str, Any]:
    own = {"before", "after", "again", "corpus", "margins", "control", "primary"}
    if plan.kind == "reference":
        own |= {"site", "hooks", "git"}
    return {
        **plan.model_dump(mode="json", exclude=own),
        "arms": [{"name": name, "settings": arm.settings()} for name, arm in plan.arms.items()],
        "kind_of_arms": plan.kind,
        "corpus": plan.corpus.corpus().to_dict() if plan.kind == "reference" else None,
        "design": plan.design().to_dict(),
        "resolved": plan.model_dump(mode="json", exclude_unset=True),
        "plan_hash": plan.hash,
        "commands": commands,
        "source": source.describe(),
        "machine": machine.describe() | {"site_core": cores.site, "generator_core": cores.generator},
        "versions": machine.versions(PACKAGES),
    }
