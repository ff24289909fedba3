"""What a trial is carried out with: its record, the sites that run at the moment, and the swarms that load them.

A rig starts and stops; which arm is loaded when is the business of ``duet`` and ``rounds``.
"""

from __future__ import annotations

import contextlib
import random
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from harness import probe, site, swarm
from harness.cores import Cores, choose_cores
from harness.errors import RunFailed, TargetError, UsageError, unknown
from harness.processes import Child, check_interrupted, uninterrupted
from harness.progress import Advance, Steps
from harness.trial_plan import TrialPlan
from harness.wakefulness import awake
from results import machine, source
from results.plan import Arm, SwarmPlan
from results.record import Record, RecordWriter, new_directory, runs_root

PACKAGES: Final = ("anp", "locust", "gevent", "httptools", "fastapi", "starlette", "uvicorn", "apsw", "numpy")
"""Packages whose version could move a response time or a verdict."""

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
        rate, seconds: Requests a second and arm, and measured seconds of a launch, once they are known.
        facts: What ``run.json`` says of how the trial was carried out.
        took_s: Seconds that each launch took, stopping its arms included.
        sites: Those that run, in the order they were started.
    """

    plan: TrialPlan
    steps: Steps
    writer: RecordWriter
    work: Path
    cores: Cores
    rate: float = 0.0
    seconds: float = 0.0
    facts: dict[str, Any] = field(default_factory=dict)
    took_s: list[float] = field(default_factory=list)
    sites: list[site.Site] = field(default_factory=list)
    _children: list[Child] = field(default_factory=list)
    _slot_port: int = 0

    @classmethod
    @contextlib.contextmanager
    def open(cls, plan: TrialPlan, out: Path | None, commands: list[str], steps: Steps) -> Iterator[Rig]:
        """Begin the record, and complete it however the trial ends."""
        cores = choose_cores()
        directory = new_directory(runs_root(out), plan.name)
        writer = RecordWriter(directory, "trial", _plan_json(plan, commands, cores))
        with tempfile.TemporaryDirectory(prefix="anp-") as work:
            rig = cls(plan, steps, writer, Path(work), cores)
            try:
                yield rig
            except KeyboardInterrupt:
                rig._abort("interrupted", "interrupted from outside")
                raise
            except BaseException as error:
                rig._abort("failed", str(error))
                raise

    @property
    def directory(self) -> Path:
        """Of the trial's record."""
        return self.writer.directory

    @property
    def is_slot(self) -> bool:
        """Whether the arms take turns in one place, so that one alone can run."""
        return self.plan.method == "reversal"

    def log(self, name: str) -> Path:
        """Where a child process writes its words."""
        folder = self.directory / "logs"
        folder.mkdir(exist_ok=True)
        return folder / f"{name}.log"

    def import_articles(self) -> None:
        """Synthesize the corpus and import it into one SQLite file, of which each arm gets a copy."""
        corpus, members = self.plan.corpus.corpus(), self.plan.members
        title = f"synthesized {corpus.count:,} articles from id {corpus.first_id} on, imported with {members} members"
        with self.steps.counted(title, "articles") as count:
            site.run_import(site.import_command(self._corpus_file(), corpus, members), self.log("import"), count)

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
        self.took_s.append(time.monotonic() - began)

    def start_arms(self, names: Collection[str], label: str) -> None:
        """Start arms in random order, each on a fresh copy of the database; see that they serve the corpus.

        Each has a free port and a file of its own. In a slot every arm has the same ones.

        Args:
            names: Of the arms.
            label: Of the launch, for logs and databases.
        """
        order = sorted(names)
        random.Random(f"{self.plan.seed}/{label}").shuffle(order)
        for name in order:
            database = self.work / ("slot.sqlite" if self.is_slot else f"{name}-{label}.sqlite")
            site.copy_database(self._corpus_file(), database)
            settings = self.plan.arms[name].assignments()
            log = self.log(f"{label}-{name}")
            child = site.spawn(name, database, settings, log, core=self.cores.site, port=self._slot_port)
            self._children.append(child)
        for child in self._children[len(self.sites) :]:
            one = site.listening(child)
            self.sites.append(one)
            if self.is_slot:
                self._slot_port = urlsplit(one.url).port or 0
            probe.verify_pages(one.name, one.url, self.plan.corpus.corpus())

    def stop_arms(self) -> None:
        """Stop the sites, last started first, and drop their databases."""
        with uninterrupted():
            self.sites = []
            while self._children:
                self._children.pop().stop()
            for path in self.work.glob("*.sqlite*"):
                if not path.name.startswith(self._corpus_file().name):
                    path.unlink()

    def load(
        self,
        names: Sequence[str],
        launch: int,
        out: Path,
        label: str,
        *,
        seconds: float | None = None,
        advance: Advance | None = None,
    ) -> Record:
        """Log members in, bring the caches of these arms to the same state, and load them side by side.

        Args:
            names: Arms that run; the others run on without load.
            launch: From 0. Every load of one launch is the same traffic.
            out: Where its record goes.
            label: Of its log.
            seconds: Measured time, if not that of a launch.
            advance: Told how many seconds of warm-up and measured time have gone by.

        Returns:
            The complete record.

        Raises:
            UsageError: The plan names a page that its scenario does not ask for.
            RunFailed: The swarm or a site ended otherwise than by the plan.
        """
        urls = {one.name: one.url for one in self.sites}
        plan = SwarmPlan(
            scenario=self.plan.scenario,
            arms=tuple(Arm(name, urls[name]) for name in names),
            seed=self.plan.seed,
            launch=launch,
            rate=self.rate,
            visitors=self.plan.visitors,
            warmup_s=self.plan.warmup,
            duration_s=self.seconds if seconds is None else seconds,
            members=self.plan.members,
            member_share=self.plan.member_share,
            zipf=self.plan.zipf,
            event_s=self.plan.event_every,
            prepare=self.plan.prepare,
            corpus=self.plan.corpus.corpus().to_dict(),
        )
        record = swarm.run(
            plan,
            out,
            self.log(label),
            scratch=self.work,
            core=self.cores.generator,
            watch=self._watch,
            advance=advance,
        )
        check_cells(self.plan, record)
        return record

    def finish(self, facts: Mapping[str, Any]) -> None:
        """Complete the record of a trial that came to its end."""
        self.writer.finish("completed", {"rate": self.rate, "duration_s": self.seconds, **self.facts, **facts})

    def _abort(self, ended_by: Literal["interrupted", "failed"], reason: str) -> None:
        with uninterrupted():
            self.stop_arms()
            known = {"rate": self.rate or None, "duration_s": self.seconds or None}
            self.writer.finish(ended_by, {"reason": reason, **known, **self.facts})
        self.steps.say(f"record: {self.directory}")

    def _corpus_file(self) -> Path:
        return self.work / "corpus.sqlite"

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


def _plan_json(plan: TrialPlan, commands: list[str], cores: Cores) -> Mapping[str, Any]:
    data = plan.model_dump(mode="json", exclude={"before", "after", "again", "corpus", "margins", "control", "primary"})
    return {
        **data,
        "arms": [{"name": name, "settings": arm.settings()} for name, arm in plan.arms.items()],
        "corpus": plan.corpus.corpus().to_dict(),
        "design": plan.design().to_dict(),
        "commands": commands,
        "source": source.describe(),
        "machine": machine.describe() | {"site_core": cores.site, "generator_core": cores.generator},
        "versions": machine.versions(PACKAGES),
    }
