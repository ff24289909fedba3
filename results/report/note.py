"""The comparison as a change note: what a person who meets the change later has to know, and how to undo it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Final, Literal

from results import units
from results.cells import CellResult
from results.comparison import Comparison
from results.gate import Gate
from results.report import tables
from results.report.markdown import code, literal

_SIDES: Final[tuple[Literal["before", "after"], ...]] = ("before", "after")
_CAUSES: Final = frozenset(
    [
        "checks",
        "ledger",
        "times",
        "saturated",
        "retried",
        "traffic",
        "pages",
        "errors",
        "errors_differ",
        "noise",
        "control",
        "drift",
    ]
)
"""Gates whose standing rules out that something else than the change made the difference."""

_MOST_FILES: Final = 20


def render(comparison: Comparison) -> str:
    """Markdown with one heading for each question a reader of the change will have."""
    c = comparison
    sections = {
        "Why": _why(c),
        "What changed": _changed(c),
        "Result": _result(c),
        "What was ruled out": _ruled_out(c),
        "Gates that failed": [_gate(gate, c.overall.headline) for gate in _gates(c, "failed")],
        "What to know with it": [
            *(_gate(gate, c.overall.headline) for gate in _gates(c, "noted")),
            *(f"- {literal(caveat)}" for caveat in c.caveats),
        ],
        "How it was measured": _measured(c),
        "After the release": _afterwards(c),
        "How to roll back": _roll_back(c),
    }
    lines = [f"# Change note: {literal(c.name)}", ""]
    if began := c.plan.get("started"):
        lines += [f"Measured {literal(tables.moment(str(began)))}.", ""]
    for title, body in sections.items():
        if body:
            lines += [f"## {title}", "", *body, ""]
    return "\n".join(lines)


def _why(c: Comparison) -> list[str]:
    lines = [literal(c.reason) or "No reason was given in the plan."]
    for title, key in (("Expected", "expected"), ("Owner", "owner")):
        if told := str(c.plan.get(key) or "").strip():
            lines += ["", f"{title}: {literal(told)}"]
    return lines


def _changed(c: Comparison) -> list[str]:
    lines = [
        f"- {code(name)}: {literal(tables.setting(before))} before, {literal(tables.setting(after))} after"
        for name, before, after in c.changed_settings
    ]
    lines += [f"- {literal(each)}" for each in c.changed]
    for side in _SIDES:
        source = tables.source(c, side)
        if source.commit:
            lines.append(f"- {side} was run from commit {_commit(source)}")
    lines = lines or ["No recorded setting differs between the arms."]
    run = tables.source(c)
    if c.kind == "archived":
        return lines
    if run.commit:
        lines += ["", f"Run from commit {_commit(run)}."]
    elif run.files:
        lines += ["", f"Run from files that were never committed: {_files(run.files)}."]
    return lines


def _commit(source: tables.Source) -> str:
    """A commit with its branch and what was changed since."""
    where = f" on {code(source.branch)}" if source.branch else ""
    if not source.files:
        return f"{code(source.commit)}{where}, with no file changed since"
    changed = units.counted(len(source.files), "file")
    return f"{code(source.commit)}{where}, with {changed} changed since: {_files(source.files)}"


def _files(names: Iterable[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - _MOST_FILES} more" if len(listed) > _MOST_FILES else ""
    return ", ".join(map(code, listed[:_MOST_FILES])) + more


def _result(c: Comparison) -> list[str]:
    lines = [f"**{c.overall.word.capitalize()}.** {literal(c.overall.headline)}", ""]
    for sentence in (*c.overall.sentences, *([c.fallback] if c.fallback else [])):
        lines += [literal(sentence), ""]
    lines += (
        [
            "| cell | before | after | change [interval] | margin | cache before | cache after | db calls | verdict |",
            "| --- | ---: | ---: | --- | ---: | --- | --- | ---: | --- |",
            *(_row(c, result) for result in c.primary),
        ]
        if c.primary
        else ["No page had enough requests to be judged."]
    )
    before, after = c.arms
    lines += [
        "",
        "| | before | after |",
        "| --- | ---: | ---: |",
        f"| requests | {before.requests:,} | {after.requests:,} |",
        f"| failed | {units.percent(before.error_rate)} | {units.percent(after.error_rate)} |",
        f"| median time in the site | {units.milliseconds(before.server_ms)} | {units.milliseconds(after.server_ms)} |",
    ]
    lines += [
        f"| served from the cache, {literal('all' if hit.persona == 'all' else hit.persona)} "
        f"| {units.percent(hit.share.before)} | {units.percent(hit.share.after)} |"
        for hit in c.hit_ratios
    ]
    for sentence in (tables.detected(c), tables.noise(c)):
        lines += ["", literal(sentence)] if sentence else []
    return lines


def _row(c: Comparison, result: CellResult) -> str:
    row = tables.row(result)
    persona = result.cell.persona
    tags = f" ({', '.join(row.tags)})" if row.tags else ""
    return (
        f"| {literal(row.name)} {row.quantile} | {row.before} | {row.after} | {row.change} | {row.margin} "
        f"| {_classes(c, persona, 'before')} | {_classes(c, persona, 'after')} | {row.calls} "
        f"| {literal(row.word + row.qualifier)}{tags} |"
    )


def _classes(c: Comparison, persona: str, arm: str) -> str:
    """The cache classes of a persona in an arm that make up at least one percent, the largest first."""
    shares = [
        (float(getattr(share.share, arm)), share.cache)
        for share in c.classes
        if share.persona == persona and getattr(share.share, arm) >= 0.01
    ]
    return ", ".join(f"{cache} {units.percent(value)}" for value, cache in sorted(shares, reverse=True)) or "–"


def _ruled_out(c: Comparison) -> list[str]:
    lines = []
    for result in c.primary:
        verdict = result.verdict
        if verdict.word == "no difference" and verdict.ruled_out_slowdown is not None:
            lines.append(
                f"- {literal(result.label)}: a slowdown of more than {units.growth(verdict.ruled_out_slowdown)} "
                f"and a speed-up of more than {units.percent(verdict.ruled_out_speedup or 0.0)}"
            )
        elif verdict.word == "faster":
            lines.append(f"- {literal(result.label)}: any slowdown")
    lines = lines or ["Nothing about latency: no cell has a verdict that rules anything out."]
    causes = [gate for gate in c.gates if gate.ok and gate.code in _CAUSES]
    if causes:
        lines += ["", "Other causes that the run was checked for:", ""]
        lines += [f"- {literal(gate.words)}" for gate in causes]
    return lines


def _gates(c: Comparison, state: str) -> list[Gate]:
    return [gate for gate in c.gates if tables.gate_state(gate) == state]


def _gate(gate: Gate, headline: str) -> str:
    measured, limit = tables.gate_figures(gate)
    return f"- {literal(gate.title)}: {measured} (limit: {limit}). {literal(tables.gate_text(gate, headline))}"


def _measured(c: Comparison) -> list[str]:
    requests = f"{units.counted(c.arms[0].requests, 'request')} before and {c.arms[1].requests:,} after."
    lines = [f"{literal(tables.evidence(c))} {requests} {literal(tables.family(c))}"]
    if line := tables.history(c):
        lines += ["", literal(line)]
    for title, pairs in tables.facts(c):
        lines += ["", f"{title}: {', '.join(f'{literal(key)} {literal(value)}' for key, value in pairs.items())}."]
    commands = "\n".join(str(command) for command in c.plan.get("commands") or [])
    if commands:
        longest = max((len(run) for run in re.findall("`+", commands)), default=0)
        fence = "`" * max(3, longest + 1)
        lines += ["", f"{fence}sh", commands, fence]
    return lines


def _afterwards(c: Comparison) -> list[str]:
    """What to hold the release against, so that whoever brings it out can see whether it does what it did here."""
    settled = [result for result in c.primary if result.verdict.word in {"faster", "slower", "no difference"}]
    if not settled:
        return []
    told = (
        "Milliseconds belong to the machine they were measured on, and ratios are a guide elsewhere; cache classes and "
        "database calls should be the same. To expect, against the time before:"
    )
    lines = [told, ""]
    for cell in dict.fromkeys(result.cell for result in settled):
        of_page = [result for result in settled if result.cell == cell]
        parts = [_expected(result) for result in of_page]
        calls = of_page[0].db_calls.after
        parts += [f"{units.counted(calls, 'database call')} a page"] if math.isfinite(calls) else []
        classes = _classes(c, cell.persona, "after")
        parts += [f"cache {classes}"] if classes != "–" else []
        lines.append(f"- {literal(str(cell))}: {'; '.join(parts)}")
    return [
        *lines,
        "",
        "Where it comes otherwise, or errors rise above what is written here, roll back and look again.",
    ]


def _expected(result: CellResult) -> str:
    if result.verdict.word == "no difference":
        return f"{result.quantile} as it was, within {units.percent(result.margin)}"
    return f"{result.quantile} {units.ratio(result.ratio.estimate)} times what it was"


_BACK: Final = {
    "revision": "Deploy {} again, which the before arm was.",
    "command": "Start the site by {} again.",
    "url": "Send visitors to {} again.",
    "switch": "Run {}, as the before arm did.",
}
"""How to go back to what made the before arm, by the name it has among the settings of a site of the user's own."""


def _roll_back(c: Comparison) -> list[str]:
    lines = []
    if rollback := str((c.plan.get("hooks") or {}).get("rollback") or ""):
        lines.append(f"- Run what the plan names for it: {code(rollback)}")
    for name, before, _ in c.changed_settings:
        if before is None:
            lines.append(f"- Remove the setting {code(name)}, so that its default holds again.")
        elif name in _BACK and c.plan.get("kind_of_arms") not in {None, "reference"}:
            lines.append(f"- {_BACK[name].format(code(str(before)))}")
        else:
            lines.append(f"- Set {code(f'{name}={before}')} again, as the before arm had it, and restart the site.")
    one, other = (tables.source(c, side).commit for side in _SIDES)
    if one and one != other:
        lines.append(f"- Deploy commit {code(one)} again, which the before arm was.")
    return lines or ["The settings are the same in both arms: put the version of the before arm back in service."]
