"""The experiments that come with ``anp``: which switch of the site each of them turns, and what it is to show.

Each is a plan in ``harness/presets/NAME.toml``, with a page of its own in docs/experiments.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from harness.preset_files import presets
from harness.trial_plan import TrialPlan, load


@dataclass(frozen=True, slots=True)
class Preset:
    """One of them.

    Attributes:
        before, after: Settings in which the arms differ from each other, in the site's words.
        both: Settings that both arms share, where they are not the site's defaults.
        scenario: Who visits.
        articles: How many the site holds.
        shows: What the change is expected to move, and what not.
    """

    name: str
    before: dict[str, str]
    after: dict[str, str]
    both: dict[str, str]
    scenario: str
    articles: int
    shows: str

    @classmethod
    def of(cls, name: str, plan: TrialPlan) -> Preset:
        """What there is to tell of a plan."""
        before, after = plan.before.settings(), plan.after.settings()
        both = {setting: word for setting, word in before.items() if after.get(setting) == word}
        return cls(
            name,
            {setting: word for setting, word in before.items() if setting not in both},
            {setting: word for setting, word in after.items() if setting not in both},
            both,
            plan.scenario,
            plan.corpus.count,
            plan.expected,
        )

    @property
    def change(self) -> str:
        """``page_cache off → on``, with what both arms share after it."""
        if not (self.before or self.after):
            return "nothing"
        names = dict.fromkeys([*self.before, *self.after])
        turned = [f"{name} {self.before.get(name, 'default')} → {self.after.get(name, 'default')}" for name in names]
        shared = [f"{name} {word} in both" for name, word in self.both.items()]
        return ", ".join([*turned, *shared])

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data."""
        return asdict(self)


def catalogue() -> list[Preset]:
    """Every preset, by name."""
    return [Preset.of(name, load(None, name, {})) for name in presets()]
