"""The arms of a trial as copies of the reference site, each with settings of its own."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from harness import probe, site
from harness.processes import Child, uninterrupted
from harness.site import Site
from harness.targets import Stage
from harness.trial_plan import TrialPlan


class ReferenceTargets:
    """See ``Targets``."""

    def __init__(self, plan: TrialPlan, stage: Stage) -> None:
        self.up: list[Site] = []
        self._plan = plan
        self._stage = stage
        self._corpus = plan.corpus.corpus()
        self._children: list[Child] = []
        self._is_slot = plan.method == "reversal"
        self._slot_port = 0

    def make(self) -> None:
        """Synthesize the corpus and import it into one SQLite file, of which each arm gets a copy."""
        corpus, members = self._corpus, self._plan.members
        title = f"synthesized {corpus.count:,} articles from id {corpus.first_id} on, imported with {members} members"
        with self._stage.steps.counted(title, "articles") as count:
            command = site.import_command(self._corpus_file, corpus, members)
            site.run_import(command, self._stage.log("import"), count)

    def start(self, names: Collection[str], label: str) -> None:
        """Start arms, each on a fresh copy of the database; see that they serve the corpus.

        Each has a free port and a file of its own. In a slot every arm has the same ones.
        """
        order = sorted(names)
        random.Random(f"{self._plan.seed}/{label}").shuffle(order)
        for name in order:
            database = self._stage.work / ("slot.sqlite" if self._is_slot else f"{name}-{label}.sqlite")
            site.copy_database(self._corpus_file, database)
            settings = self._plan.arms[name].assignments()
            log = self._stage.log(f"{label}-{name}")
            child = site.spawn(name, database, settings, log, core=self._stage.cores.site, port=self._slot_port)
            self._children.append(child)
        for child in self._children[len(self.up) :]:
            one = site.listening(child)
            self.up.append(one)
            if self._is_slot:
                self._slot_port = urlsplit(one.url).port or 0
            probe.verify_pages(one.name, one.url, self._corpus)

    def forget_traffic(self, label: str) -> None:
        """Empty their page caches."""
        for one in self.up:
            probe.purge(one.name, one.url)

    def stop(self) -> None:
        """Stop them and drop their databases."""
        with uninterrupted():
            self.up = []
            for child in self._children:  # none needs another
                child.ask_to_stop()
            while self._children:
                self._children.pop().stop()
            for path in self._stage.work.glob("*.sqlite*"):
                if not path.name.startswith(self._corpus_file.name):
                    path.unlink()

    def roll_back(self) -> None:
        """Nothing stays behind."""

    def look(self, label: str) -> Mapping[str, float]:
        """See that a login logs in the right member."""
        for one in self.up if self._plan.members else []:
            probe.verify_login(one.name, one.url)
        return {one.name: probe.page_cost_ms(one.url, self._corpus) for one in self.up}

    def words(self) -> Sequence[str]:
        """The swarm knows the reference site."""
        return ()

    @property
    def _corpus_file(self) -> Path:
        return self._stage.work / "corpus.sqlite"
