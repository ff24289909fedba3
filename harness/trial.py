"""One complete before/after experiment, from nothing to a verdict.

``run`` is the architecture in ten steps; everything it starts is stopped in reverse order, however it ends.
"""

from __future__ import annotations

import contextlib
import random
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import results.report
from harness import probe, site, swarm
from harness.cores import Cores, choose_cores
from harness.errors import RunFailed, TargetError
from harness.processes import Child, check_interrupted, uninterrupted
from harness.progress import Steps
from harness.trial_plan import TrialPlan
from harness.wakefulness import awake
from results import machine
from results.comparison import Comparison, compare_trial
from results.design import Design
from results.plan import Arm, SwarmPlan
from results.record import Record, RecordWriter, launch_directory, new_directory, read_record, runs_root

BUSY_SHARE: Final = 0.07
"""With ``rate = auto``, the share of the site's core that article pages may keep busy if every one were rendered."""

RATE_LIMITS: Final = (5.0, 500.0)

PACKAGES: Final = ("anp", "locust", "gevent", "httptools", "fastapi", "starlette", "uvicorn", "apsw", "numpy")
"""Packages whose version could move a response time or a verdict."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a trial came to: its record on disk, and the comparison in it."""

    record: Record
    comparison: Comparison


def run(plan: TrialPlan, *, out: Path | None, commands: list[str], steps: Steps) -> Outcome:
    """Carry out a trial.

    Args:
        plan: The resolved plan.
        out: Where run records go; ``None`` for the usual place.
        commands: What a person would type to do the same again.
        steps: Shows what is going on.

    Raises:
        UsageError: The plan cannot be carried out; nothing was loaded.
        TargetError: A site does not start, answer or serve what it should.
        RunFailed: A launch went wrong; the record says why and keeps what there is.
        KeyboardInterrupt: After everything was stopped and the record completed.
    """
    _check(plan)
    with _Trial.open(plan, out, commands, steps) as trial:
        trial.import_articles()
        with trial.cores_awake():
            rate = trial.pilot()
            for launch in range(plan.launches):
                with trial.launch(launch) as advance:
                    trial.start_arms(launch)
                    trial.verify_pages()
                    trial.swarm(launch, rate, advance)
                    trial.stop_arms()
        return trial.conclude()


def _check(plan: TrialPlan) -> None:
    """Refuse what would only come to light after minutes of work."""
    plan.corpus.corpus()
    swarm.check_scenario(plan.scenario)
    for arm in plan.arms.values():
        site.check(arm.assignments())


@dataclass(slots=True)
class _Trial:
    """A trial under way: its record, its scratch folder, and the sites that run at the moment."""

    plan: TrialPlan
    steps: Steps
    writer: RecordWriter
    work: Path
    cores: Cores
    children: list[Child] = field(default_factory=list)
    sites: list[site.Site] = field(default_factory=list)
    rate: float | None = None

    @property
    def directory(self) -> Path:
        return self.writer.directory

    def log(self, name: str) -> Path:
        folder = self.directory / "logs"
        folder.mkdir(exist_ok=True)
        return folder / f"{name}.log"

    @classmethod
    @contextlib.contextmanager
    def open(cls, plan: TrialPlan, out: Path | None, commands: list[str], steps: Steps) -> Iterator[_Trial]:
        """Open the record, and complete it however the trial ends."""
        cores = choose_cores()
        directory = new_directory(runs_root(out), plan.name)
        writer = RecordWriter(directory, "trial", _plan_json(plan, commands, cores))
        with tempfile.TemporaryDirectory(prefix="anp-") as work:
            trial = cls(plan, steps, writer, Path(work), cores)
            try:
                yield trial
            except KeyboardInterrupt:
                trial.abort("interrupted", "interrupted from outside")
                raise
            except BaseException as error:
                trial.abort("failed", str(error))
                raise

    def abort(self, ended_by: Any, reason: str) -> None:
        with uninterrupted():
            self.stop_arms()
            self.writer.finish(ended_by, {"reason": reason, "rate": self.rate})
        self.steps.say(f"record: {self.directory}")

    def import_articles(self) -> None:
        """Synthesize the corpus and import it into one SQLite file, of which each arm gets a copy."""
        corpus, members = self.plan.corpus.corpus(), self.plan.members
        title = f"synthesized {corpus.count:,} articles from id {corpus.first_id} on, imported with {members} members"
        with self.steps.step(title, total=corpus.count, count=True) as advance:
            site.import_corpus(self._database(), corpus, members, self.log("import"), advance)

    @contextlib.contextmanager
    def cores_awake(self) -> Iterator[None]:
        """Keep the cores of sites and generator out of their idle states, where the plan says so."""
        cores = (self.cores.site, self.cores.generator) if self.plan.keep_awake else ()
        with awake(cores, self.log("awake")):
            yield

    def pilot(self) -> float:
        """See that both arms serve and log in who should be, and find the rate.

        With ``rate = auto`` that is the one both arms hold together with room to spare, even if every page of either
        had to be rendered.
        """
        with self.steps.step("pilot: both arms serve, and a login logs in the right member"):
            self.start_arms(launch=-1)
            self.verify_pages()
            for one in self.sites if self.plan.members else []:
                probe.verify_login(one.name, one.url)
            corpus = self.plan.corpus.corpus()
            costs = {one.name: probe.page_cost_ms(one.url, corpus) for one in self.sites}
            self.stop_arms()
        if self.plan.rate == "auto":
            low, high = RATE_LIMITS
            self.rate = float(f"{min(high, max(low, BUSY_SHARE * 1e3 / sum(costs.values()))):.2g}")
        else:
            self.rate = self.plan.rate
        words = ", ".join(f"{costs[name]:.2f} ms {name}" for name in self.plan.arms)
        busy = self.rate * sum(costs.values()) / 1e3
        self.steps.say(
            f"  rendering an article takes {words}: at {self.rate:g} requests a second and arm, "
            f"the site's core is busy {busy:.0%} of the time at most"
        )
        return self.rate

    @contextlib.contextmanager
    def launch(self, launch: int) -> Iterator[Any]:
        """Show one launch while it goes, and stop its arms however it ends."""
        seconds = self.plan.warmup + self.plan.seconds
        title = f"launch {launch + 1} of {self.plan.launches}: both arms afresh, {seconds:g} s of duet"
        with self.steps.step(title, total=seconds + 4.0) as advance:
            try:
                yield advance
            finally:
                with uninterrupted():
                    self.stop_arms()
        check_interrupted()

    def start_arms(self, launch: int) -> None:
        """Start both arms in random order, each on a free port and on a fresh copy of the database."""
        arms = list(self.plan.arms.items())
        random.Random(f"{self.plan.seed}/{launch}").shuffle(arms)
        for name, arm in arms:
            database = self.work / f"{name}-{launch + 1}.sqlite"
            site.copy_database(self._database(), database)
            log = self.log(f"launch-{launch + 1:02d}-{name}" if launch >= 0 else f"pilot-{name}")
            self.children.append(site.spawn(name, database, arm.assignments(), log, core=self.cores.site))
        self.sites = [site.listening(child) for child in self.children]

    def verify_pages(self) -> None:
        """See that both arms serve the corpus."""
        for one in self.sites:
            probe.verify_pages(one.name, one.url, self.plan.corpus.corpus())

    def swarm(self, launch: int, rate: float, advance: Any) -> None:
        """Log members in, bring both caches to the same state, and load both arms side by side."""
        by_name = {one.name: one for one in self.sites}
        plan = SwarmPlan(
            scenario=self.plan.scenario,
            arms=tuple(Arm(name, by_name[name].url) for name in self.plan.arms),
            seed=self.plan.seed,
            launch=launch,
            rate=rate,
            visitors=self.plan.visitors,
            warmup_s=self.plan.warmup,
            duration_s=self.plan.seconds,
            members=self.plan.members,
            member_share=self.plan.member_share,
            zipf=self.plan.zipf,
            prepare=self.plan.prepare,
            corpus=self.plan.corpus.corpus().to_dict(),
        )
        swarm.run(
            plan,
            launch_directory(self.directory, launch),
            self.log(f"launch-{launch + 1:02d}-swarm"),
            scratch=self.work,
            core=self.cores.generator,
            watch=self._watch,
            advance=advance,
        )

    def stop_arms(self) -> None:
        """Stop the sites, last started first, and drop their databases."""
        self.sites = []
        while self.children:
            self.children.pop().stop()
        for path in self.work.glob("*-*.sqlite*"):
            path.unlink()

    def conclude(self) -> Outcome:
        """Compare, write the report, and complete the record."""
        with self.steps.step("compared, report written"):
            comparison = compare_trial(read_record(self.directory, allow_incomplete=True))
            files = results.report.write(comparison, self.directory)
        self.writer.finish(
            "completed",
            {
                "rate": self.rate,
                "files": sorted(file.name for file in files),
                "verdict": comparison.to_dict()["overall"],
            },
        )
        return Outcome(read_record(self.directory), comparison)

    def _database(self) -> Path:
        return self.work / "corpus.sqlite"

    def _watch(self) -> None:
        for one in self.sites:
            try:
                one.check_alive()
            except TargetError as error:
                raise RunFailed(str(error)) from error


def _plan_json(plan: TrialPlan, commands: list[str], cores: Cores) -> Mapping[str, Any]:
    data = plan.model_dump(mode="json", exclude={"before", "after", "corpus", "margins"})
    return {
        **data,
        "arms": [{"name": name, "settings": arm.settings()} for name, arm in plan.arms.items()],
        "corpus": plan.corpus.corpus().to_dict(),
        "design": Design(margins=plan.margins.model_dump()).to_dict(),
        "commands": commands,
        "machine": machine.describe() | {"site_core": cores.site, "generator_core": cores.generator},
        "versions": machine.versions(PACKAGES),
    }
