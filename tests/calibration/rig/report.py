"""The page that tells what the rig measured: a table, a figure, and everything that went otherwise than it should."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

import scipy

from tests.calibration.rig import words
from tests.calibration.rig.case import Case
from tests.calibration.rig.ledger import Line, Tally

FIGURE: Final = "real-trials.svg"
_COMMAND: Final = "python -m tests.calibration.rig"
_EQUAL: Final = "same"
_INJECTED: Final = ("hit-0.02ms", "hit-0.02ms-interval")
"""Cases whose intervals are drawn: two equal arms, and 0.02 ms injected."""


def write(lines: Sequence[Line], cases: Sequence[Case], folder: Path) -> list[Path]:
    """Write the page and, where there is something to draw, its figure.

    Returns:
        The files written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / "real-trials.md"
    drawn = draw(lines, cases, folder / FIGURE)
    page.write_text(render(lines, cases, figure=drawn), encoding="utf-8")
    return [page, folder / FIGURE] if drawn else [page]


def render(lines: Sequence[Line], cases: Sequence[Case], *, figure: bool) -> str:
    """The page, in Markdown."""
    tallies = _tallies(lines, cases)
    lines = [line for tally in tallies.values() for line in tally.lines]
    parts = [
        "# Real trials with a known truth",
        _intro(lines),
        _table(cases, tallies),
        _repeated(cases, tallies),
        words.section(cases, tallies),
        _figures(tallies),
        f"![Intervals of every trial]({FIGURE})\n\n{_caption(_panels(tallies))}" if figure else "",
        _alarms(tallies),
        _exchanged(tallies),
        _misses(cases, tallies),
        _refusals(cases, tallies),
        _cases(cases),
        _settings(),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def interval(successes: int, trials: int) -> str:
    """The exact (Clopper-Pearson) 95 % interval of a share, in words; nothing without trials."""
    if not trials:
        return ""
    found = scipy.stats.binomtest(successes, trials).proportion_ci(0.95, method="exact")
    return f"{found.low:.0%} to {found.high:.0%}".replace("%", " %")


def _intro(lines: Sequence[Line]) -> str:
    out = (
        "Whole trials by the command itself (`anp trial`), on the reference site, in which something known was done to "
        f"one arm or to the machine, and the verdict was held against it. Written by `{_COMMAND} report` from "
        "[rig.jsonl](rig.jsonl), which holds a line for each trial.\n\n"
        "`make calibrate-rig` runs every case until it has its number of trials, about four hours on a quiet "
        "machine of two cores. It can be cut off at any time and goes on where it was; "
        '`make calibrate-rig RIG_ARGS="--minutes 30"` is bounded, and `RIG_ARGS="--keep FOLDER"` keeps the records of '
        "trials that did not pass."
    )
    if not lines:
        return out + "\n\nNo trial has been run yet."
    machines = sorted({_machine(line.machine) for line in lines})
    commits = Counter(line.commit for line in lines)
    dates = sorted(line.date for line in lines)
    hours = sum(line.seconds for line in lines) / 3600
    return (
        f"{out}\n\n{len(lines)} trials, {hours:.1f} hours, from {dates[0][:10]} to {dates[-1][:10]}, on "
        f"{'; '.join(machines)}. Commits: {', '.join(f'{name} ({count})' for name, count in commits.most_common())}."
        "\n\nA trial that a gate refused says nothing: it is neither a pass nor an alarm, stays in the data, and is "
        "repeated. A case is done when it has the number of trials that was set beforehand."
    )


def _machine(machine: dict[str, Any]) -> str:
    return f"{machine.get('cpu')}, {machine.get('cores')} cores, {machine.get('system')} {machine.get('kernel')}"


def _table(cases: Sequence[Case], tallies: dict[str, Tally]) -> str:
    rows = [
        "| case | what is true | trials | as it should be | 95 % interval of that | may fail | refused | again with |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for case in cases:
        tally = tallies[case.name]
        passed, done = tally.count("passed"), tally.finished
        rows.append(
            f"| {case.name} | {case.truth} | {done} of {case.wanted} | {passed if done else ''} | "
            f"{interval(passed, done)} | {case.failures} | {tally.count('refused') or ''} | "
            f"`{_COMMAND} run {case.name} --trials {case.wanted}` |"
        )
    return "\n".join(rows)


def _repeated(cases: Sequence[Case], tallies: Mapping[str, Tally]) -> str:
    """Sentences with how many of all runs were refused."""
    found = {case: (tallies[case.name].count("refused"), len(tallies[case.name].lines)) for case in cases}
    if not any(refused for refused, _ in found.values()):
        return ""
    counts = ", ".join(f"{case.name} {refused} of its {runs}" for case, (refused, runs) in found.items() if refused)
    repeated = "A refused trial is repeated, under a new number and seed, and counts in no other column."
    out = [repeated, f"Refused were, of all runs of a case: {counts}."]
    out += [case.refusal for case, (refused, _) in found.items() if refused and case.refusal]
    return " ".join(out)


def _figures(tallies: dict[str, Tally]) -> str:
    """Sentences with what was injected and how many intervals hold it."""
    out = []
    for name, tally in tallies.items():
        known = [line for line in tally.judged if "covered" in line.facts]
        if not known:
            continue
        covered = sum(line.facts["covered"] for line in known)
        injected = {line.facts["change_ms"][0] for line in known}
        shares = [
            100 * (cell.ratio.estimate - 1)
            for line in known
            for cell in line.cells
            if cell.change_ms.estimate in injected
        ]
        of_time = f", {min(shares):.2g} to {max(shares):.2g} % of the time before" if shares else ""
        out.append(
            f"* {name}: {known[0].facts['injected_ms']:.4g} ms injected; by the site's own clock its answers took "
            f"{median(line.facts['site_ms'] for line in known):.4g} ms longer (median of the trials); found were "
            f"{median(line.facts['change_ms'][0] for line in known):.4g} ms (median){of_time}; "
            f"the interval held what was injected in {covered} of "
            f"{len(known)} trials ({interval(covered, len(known))})."
        )
    if not out:
        return ""
    title = "## What was injected and what was found"
    why = (
        "What is found is response time, in which pages also wait for each other. The more requests a second, the more "
        "others wait behind a page that takes longer, so at high rates more is found than was injected; the site's own "
        "clock leaves the waiting out."
    )
    found = "\n".join(out)
    return f"{title}\n\n{found}\n\n{why}"


def _alarms(tallies: dict[str, Tally]) -> str:
    """Intervals that leave out no change, of trials whose arms are equal."""
    out = []
    for name, tally in tallies.items():
        known = [line for line in tally.judged if "alarms" in line.facts]
        if known:
            raised = sum(line.facts["alarms"] > 0 for line in known)
            intervals = sum(len(line.cells) for line in known)
            single = sum(line.facts["alarms"] for line in known)
            out.append(
                f"* {name}: {raised} of {len(known)} trials with any alarm ({interval(raised, len(known))}); "
                f"{single} of {intervals} intervals."
            )
    intro = "An alarm is a primary interval that leaves out a ratio of one. The intervals of a trial hold together."
    return f"## Alarms\n\n{intro}\n\n" + "\n".join(out) if out else ""


def _exchanged(tallies: dict[str, Tally]) -> str:
    lines = [line for tally in tallies.values() for line in tally.lines]
    if not lines:
        return ""
    unlike = [line for line in lines if line.swap]
    out = (
        "## Arms exchanged\n\nEach record was compared once more with before and after exchanged. "
        f"In {len(lines) - len(unlike)} of {len(lines)} trials every word turned round, and every interval with it."
    )
    return out + "".join(f"\n* {line.case} {line.number}: {'; '.join(line.swap)}" for line in unlike)


def _misses(cases: Sequence[Case], tallies: dict[str, Tally]) -> str:
    failed = [line for case in cases for line in tallies[case.name].lines if line.result == "failed"]
    if not failed:
        return ""
    return "## Trials that came out otherwise\n\n" + "\n".join(
        f"* {line.case} {line.number} (seed {line.seed}): {line.why}" for line in failed
    )


def _refusals(cases: Sequence[Case], tallies: dict[str, Tally]) -> str:
    refused = [line for case in cases for line in tallies[case.name].lines if line.result == "refused"]
    if not refused:
        return ""
    out = []
    for case in cases:
        mine = Counter(line.why for line in refused if line.case == case.name)
        out += [f"* {case.name}: {why}" + (f" ({count} times)" if count > 1 else "") for why, count in mine.items()]
    return "## Trials that were refused\n\n" + "\n".join(out)


def _cases(cases: Sequence[Case]) -> str:
    parts = ["## The cases"]
    for case in cases:
        plan = f"```toml\n{case.plan.strip()}\n```"
        parts.append(f"### {case.name}\n\n{case.truth}\nAs it should be: {case.seen}\n\n{plan}")
    return "\n\n".join(parts)


def _settings() -> str:
    return """## How the truth is made

Settings of the reference site (`anp serve --set NAME=VALUE`, or `[before.set]` and `[after.set]` of a plan):

* `inject=ROUTE:CLASS:FRACTION:DELAY_MS` adds a delay to a share of the responses. Delays up to 3 ms are spent busy, the
  rest of longer ones asleep. What it costs to decide on a delay is part of it. The site's own clock is the second
  witness: what it says its answers took longer stands beside what was injected.
* `stall=SECONDS:EVERY` holds the whole process still, asleep.
* `errors=FRACTION:SECONDS:EVERY` refuses requests for pages at once with 503, in bursts.
* `cache_skip=FRACTION` has a share of the lookups in the page cache find nothing. The page is then rendered anew.
* `fault=silent_cache` has replies say nothing of the cache.

Before each trial the machine has to be quiet for three seconds. How busy it was then, and what others took during the
trial, is in each line. Each trial has a seed of its own, from its case and number; nothing else differs."""


def _tallies(lines: Sequence[Line], cases: Sequence[Case]) -> dict[str, Tally]:
    """Trials of every case by its own plan."""
    return {case.name: Tally.of((line for line in lines if not line.overrides), case) for case in cases}


@dataclass(frozen=True, slots=True)
class _Panel:
    """The intervals of one case.

    Attributes:
        shows: What its line in the caption says.
        spans: Estimate, both ends, and the truth, of each trial.
    """

    name: str
    title: str
    label: str
    shows: str
    spans: Sequence[tuple[float, ...]]


def _panels(tallies: Mapping[str, Tally]) -> list[_Panel]:
    """What can be drawn: cases without data have no panel."""
    same = [
        (cell.ratio.estimate, cell.ratio.low, cell.ratio.high, 1.0)
        for line in (tallies[_EQUAL].judged if _EQUAL in tallies else ())
        for cell in line.cells
        if cell.label == "reader article p50"
    ]
    shows = "the ratio of the median article page with its interval, a line at one"
    panels = [_Panel(_EQUAL, "two equal arms", "ratio of the median, after to before", shows, same)]
    for name in _INJECTED:
        hits = [
            (*line.facts["change_ms"], line.facts["injected_ms"])
            for line in (tallies[name].judged if name in tallies else ())
            if "injected_ms" in line.facts
        ]
        shows = "the change in milliseconds with its interval, a line at what was injected"
        panels.append(_Panel(name, "0.02 ms injected", "change of the median, ms", shows, hits))
    return [panel for panel in panels if any(all(map(math.isfinite, span)) for span in panel.spans)]


def _caption(panels: Sequence[_Panel]) -> str:
    """What the figure shows, panel by panel."""
    shown = "; ".join(f"{panel.name} ({panel.title}), {panel.shows}" for panel in panels)
    where = "From left to right: " if len(panels) > 1 else "Trials of "
    return (
        f"{where}{shown}. Intervals that miss the line are orange. The intervals of a trial's primary cells hold "
        "together."
    )


def draw(lines: Sequence[Line], cases: Sequence[Case], path: Path) -> bool:
    """Draw every interval of equal arms and of the injected 0.02 ms; False where there is none."""
    panels = _panels(_tallies(lines, cases))
    if not panels:
        return False
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context({"svg.hashsalt": "anp", "font.size": 9}):
        figure = Figure(figsize=(0.4 + 3.8 * len(panels), 4.4), layout="constrained")
        for axes, panel in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
            _intervals(axes, panel)
        figure.savefig(path, metadata={"Date": None})
    return True


def _intervals(axes: Any, panel: _Panel) -> None:
    axes.set_title(f"{panel.name}: {panel.title}", fontsize=10)
    axes.set_xlabel(panel.label)
    axes.set_ylabel("judged trial, in order")
    axes.axvline(sum(span[3] for span in panel.spans) / len(panel.spans), color="#444444", linewidth=0.8, zorder=0)
    for number, (estimate, low, high, truth) in enumerate(panel.spans, 1):
        if not all(map(math.isfinite, (estimate, low, high))):
            continue
        colour = "#1b6ca8" if low <= truth <= high else "#c8501e"
        axes.plot([low, high], [number, number], color=colour, linewidth=1.4, solid_capstyle="round")
        axes.plot(estimate, number, "o", color=colour, markersize=3)
    axes.set_ylim(len(panel.spans) + 0.8, 0.2)
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.spines[["top", "right"]].set_visible(False)
