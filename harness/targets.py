"""What a trial loads, as the rig sees it: arms that are started, watched, brought to a state, and stopped."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from harness.cores import Cores
from harness.progress import Steps
from harness.site import Site
from harness.watchdog import Watchdog


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a trial's arms are carried out.

    Attributes:
        work: Scratch folder, gone when the trial is over.
        logs: Where children write their words.
        cores: Of sites and generator.
        steps: Shows a person what is going on.
        watchdog: Cleans up, should the harness be killed.
    """

    work: Path
    logs: Path
    cores: Cores
    steps: Steps
    watchdog: Watchdog

    def log(self, name: str) -> Path:
        """Where a child process writes its words."""
        return self.logs / f"{name}.log"


class Targets(Protocol):
    """The arms of a trial.

    Attributes:
        up: Those that run, in the order they were started.
    """

    up: list[Site]

    def make(self) -> None:
        """What has to be there before any arm can start."""

    def start(self, names: Collection[str], label: str) -> None:
        """Start arms in random order and see that they answer; ``label`` is of the launch, for logs."""

    def forget_traffic(self, label: str) -> None:
        """Bring the caches of those that run to what they were after the start."""

    def stop(self) -> None:
        """Stop those that run, last started first."""

    def roll_back(self) -> None:
        """Undo, at the end of a trial, what starting did."""

    def look(self, label: str) -> Mapping[str, float]:
        """See that those that run are what they must be; gives what a page costs each, in milliseconds."""

    def words(self) -> Sequence[str]:
        """Options of the swarm, beyond its plan, that say how these arms are asked."""
