"""What is asked of coverage and power, the marks of figures that miss it, and the sentences that count the marks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from tests.calibration.report import figures, place, share
from tests.calibration.tables import ALARMS, EXPERIMENTS, LEAST_POWER, POWER

NAME = "limits"
"""Of the markers in the document."""

ALLOWED_ALARMS = range(70, 131)
"""Trials of 2,000 with a missed interval at a coverage of 95 ± 1.5 %."""
ASKED_POWER = 0.95

Figures = Mapping[tuple[str, str], str]


def marked_alarms(count: int) -> str:
    """A share of alarms; bold where the coverage that goes with it is outside its limits."""
    text = share(count, EXPERIMENTS)
    return text if count in ALLOWED_ALARMS else f"**{text}**"


def marked_power(power: float) -> str:
    """A power; italic where it is below what is asked, bold where chance does not account for that."""
    text = share(power, 1)
    if power * EXPERIMENTS < LEAST_POWER:
        return f"**{text}**"
    return f"*{text}*" if power < ASKED_POWER else text


def number(text: str) -> float:
    """A figure of a table, whatever its mark."""
    return float(text.strip("*"))


def sentences(alarms: Figures, power: Figures) -> str:
    """How many settings miss what is asked, by noise, as marked in both tables."""
    outside = [where for where, text in alarms.items() if text.startswith("*")]
    wide = [where for where in outside if number(alarms[where]) < 5]
    narrow = [where for where in outside if where not in wide]
    below = [where for where, text in power.items() if text.startswith("*")]
    weak = [where for where in below if power[where].startswith("**")]
    named = f" ({'; '.join(', '.join(where) for where in narrow)})" if narrow else ""
    return (
        f"* Coverage is outside 95 ± 1.5 % in {len(outside)} of {len(alarms)} settings. In {len(wide)} of them the "
        f"intervals cover more than 96.5 %{_by_noise(wide)}, in {len(narrow)} less than 93.5 %{named}.\n"
        f"* Power is below 95 % in {len(below)} of {len(power)} settings{_by_noise(below)}. In {len(weak)} of them it "
        f"is below {100 * LEAST_POWER / EXPERIMENTS:g} %{_by_noise(weak)}."
    )


def written_into(text: str) -> str:
    """The document with its sentences counted anew from the tables it holds."""
    return place(text, NAME, sentences(figures(text, ALARMS), figures(text, POWER)))


def _by_noise(places: Iterable[tuple[str, str]]) -> str:
    """Settings by noise, the most first: `` (heavy tails 9, normal 1)``."""
    counts = Counter(noise for noise, _ in places).most_common()
    return f" ({'; '.join(f'{noise} {count}' for noise, count in counts)})" if counts else ""
