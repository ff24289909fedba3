"""The comparison as a change note: what a person who meets the change later has to know, and how to undo it."""

from __future__ import annotations

from typing import Any

from results import units
from results.comparison import Comparison
from results.gate import Gate
from results.report import tables
from results.report.markdown import code, escape


def render(comparison: Comparison) -> str:
    """Markdown with one heading for each question a reader of the change will have."""
    c = comparison
    lines = [f"# Change note: {escape(c.name)}", ""]
    lines += ["## Why", "", escape(c.reason) or "No reason was given in the plan.", ""]
    lines += ["## What changed", ""]
    changed = c.changed_settings
    lines += [
        f"- {code(name)}: {escape(tables.setting(before))} before, {escape(tables.setting(after))} after"
        for name, before, after in changed
    ] or ["No recorded setting differs between the arms."]
    lines += ["", "## Result", "", f"**{c.overall.word.capitalize()}.** {escape(c.overall.headline)}", ""]
    lines += [f"{escape(sentence)}\n" for sentence in c.overall.sentences]
    lines += [
        "| cell | before | after | cache before | cache after | db calls | verdict |",
        "| --- | ---: | ---: | --- | --- | ---: | --- |",
    ]
    for result in c.primary:
        row = tables.row(result)
        persona = result.cell.persona
        lines.append(
            f"| {escape(row.name)} {row.quantile} | {row.before} | {row.after} "
            f"| {_classes(c, persona, 'before')} | {_classes(c, persona, 'after')} "
            f"| {row.calls} "
            f"| {escape(row.word + row.qualifier)} |"
        )
    lines += ["", "## What was ruled out", ""]
    lines += _ruled_out(c) or ["Nothing about latency: no cell has a verdict that rules anything out."]
    causes = [gate for gate in c.gates if gate.ok and gate.code in {"checks", "errors", "traffic"}]
    if causes:
        lines += ["", "Other causes that the run was checked for:", ""]
        lines += [f"- {escape(gate.words)}" for gate in causes]
    failed = [gate for gate in c.gates if not gate.ok]
    if failed:
        lines += ["", "## Gates that failed", ""]
        lines += [f"- {escape(gate.title)}: {_gate(gate, c.overall.headline)}" for gate in failed]
    lines += ["", "## How it was measured", ""]
    lines.append(
        f"Over {tables.over(c)}: {units.counted(c.arms[0].requests, 'request')} before and "
        f"{c.arms[1].requests:,} after, evidence grade {c.grade}."
    )
    commands = [str(command) for command in c.plan.get("commands") or []]
    if commands:
        lines += ["", "```sh", *(command.replace("`", "'") for command in commands), "```"]
    lines += ["", "## How to roll back", "", *_roll_back(changed), ""]
    return "\n".join(lines)


def _gate(gate: Gate, headline: str) -> str:
    measured, limit = tables.gate_figures(gate)
    return f"{measured} (limit: {limit}). {escape(tables.gate_text(gate, headline))}"


def _classes(comparison: Comparison, persona: str, arm: str) -> str:
    """The cache classes of a persona in an arm that make up at least one percent, the largest first."""
    shares = [
        (float(getattr(share.share, arm)), share.cache)
        for share in comparison.classes
        if share.persona == persona and getattr(share.share, arm) >= 0.01
    ]
    return ", ".join(f"{cache} {units.percent(value)}" for value, cache in sorted(shares, reverse=True)) or "–"


def _ruled_out(comparison: Comparison) -> list[str]:
    lines = []
    for result in comparison.primary:
        verdict = result.verdict
        if verdict.word == "no difference" and verdict.ruled_out_slowdown is not None:
            lines.append(
                f"- {escape(result.label)}: a slowdown of more than {units.percent(verdict.ruled_out_slowdown)} "
                f"and a speed-up of more than {units.percent(verdict.ruled_out_speedup or 0.0)}"
            )
        elif verdict.word == "faster":
            lines.append(f"- {escape(result.label)}: any slowdown")
    return lines


def _roll_back(changed: tuple[tuple[str, Any, Any], ...]) -> list[str]:
    if not changed:
        return ["The settings are the same in both arms: put the version of the before arm back in service."]
    lines = []
    for name, before, _ in changed:
        if before is None:
            lines.append(f"- Remove the setting {code(name)}, so that its default holds again.")
        else:
            lines.append(f"- Set {code(f'{name}={before}')} again, as the before arm had it, and restart the site.")
    return lines
