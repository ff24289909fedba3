"""The comparison as a pull-request comment or a job summary, always below GitHub's limit of 65,536 characters."""

from __future__ import annotations

import re
from typing import Final

from results.cells import CellResult
from results.comparison import Comparison
from results.report import tables

MARKER: Final = "<!-- anp-comparison -->"
"""First line, by which a bot finds its earlier comment to replace it."""

_LIMIT: Final = 65_000
"""Bytes of UTF-8, which no way of counting characters exceeds."""

_LONGEST: Final = 900
"""Characters of one piece of text from outside."""

_LONGEST_NAME: Final = 200

_MOST_ROWS: Final = 12
_WEIGHT: Final = ("slower", "not comparable", "invalid", "not enough data", "faster", "no difference")
_INVISIBLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_BREAK: Final = "\N{ZERO WIDTH SPACE}"


def render(comparison: Comparison) -> str:
    """Markdown: one sentence of verdict, the table, what the run could have found, details folded."""
    c = comparison
    lines = [MARKER, f"### {c.overall.word.capitalize()}: {escape(c.overall.headline)}", ""]
    lines += [f"{escape(sentence)}\n" for sentence in c.overall.sentences]
    lines += [f"{escape(tables.evidence(c))} {escape(tables.gate_count(c))}.", ""]
    lines += [f"{escape(c.fallback)}\n"] if c.fallback else []
    failed = [gate for gate in c.gates if tables.gate_state(gate) == "failed"]
    lines += [
        f"- **{escape(gate.title)}** failed: {escape(tables.gate_text(gate, c.overall.headline))}" for gate in failed
    ]
    lines += [*([""] if failed else []), *_table(c)]
    for sentence in (tables.control(c), tables.detected(c), tables.noise(c), tables.history(c)):
        lines += ["", escape(sentence, longest=2 * _LONGEST)] if sentence else []
    lines += ["", *_details(c)]
    return _cut("\n".join(lines))


def _table(comparison: Comparison) -> list[str]:
    """The primary cells; where there are many, the weightiest words come first."""
    primary = comparison.primary
    if not primary:
        return []
    shown = primary
    if len(primary) > _MOST_ROWS:
        shown = tuple(sorted(primary, key=lambda result: _WEIGHT.index(result.verdict.word))[:_MOST_ROWS])
    lines = [
        "| cell | before | after | change [interval] | margin | verdict |",
        "| --- | ---: | ---: | --- | ---: | --- |",
        *map(_row, shown),
    ]
    if len(primary) > len(shown):
        lines += ["", f"{len(primary) - len(shown)} more primary cells are in report.html and compare.json."]
    return lines


def _row(result: CellResult) -> str:
    row = tables.row(result)
    tags = f" ({', '.join(row.tags)})" if row.tags else ""
    qualifier = escape(row.word + row.qualifier).removeprefix(row.word)
    name = escape(row.name, _LONGEST_NAME)
    return (
        f"| {name} {row.quantile} | {row.before} | {row.after} | {row.change} | {row.margin} "
        f"| **{row.word}**{qualifier}{tags} |"
    )


def _details(comparison: Comparison) -> list[str]:
    c = comparison
    lines = ["<details><summary>Cache, gates and what this does not say</summary>", ""]
    lines += ["Served from the page cache:", ""]
    lines += [f"- {escape(line)}" for line in tables.hit_ratio_lines(c)]
    lines += ["", "| gate | measured | limit | |", "| --- | ---: | ---: | --- |"]
    for gate in c.gates:
        measured, limit = tables.gate_figures(gate)
        state = tables.gate_state(gate)
        lines.append(
            f"| {escape(gate.title)} | {measured} | {limit} | {'passed' if state == 'passed' else f'**{state}**'} |"
        )
    notes = [gate for gate in c.gates if tables.gate_state(gate) == "noted"]
    lines += ["", *(f"- {escape(tables.gate_text(gate, c.overall.headline))}" for gate in notes)]
    lines += [f"- {escape(caveat)}" for caveat in c.caveats]
    return [*lines, "", "</details>", ""]


def _cut(text: str) -> str:
    """The text or, where it is too long, its first lines; a folded part that is open then is closed."""
    if len(text.encode()) <= _LIMIT:
        return text
    kept = text.encode()[:_LIMIT].decode(errors="ignore").rsplit("\n", 1)[0]
    end = "\n\n</details>" if "<details>" in kept else ""
    return f"{kept}{end}\n\nCut off here; the whole is in report.html.\n"


def escape(text: str, longest: int = _LONGEST) -> str:
    """Text that GitHub shows as it is: on one line, without markup, links, mentions or references.

    A backslash is enough for Markdown. It is not for names and issues, which are looked for in the finished page, so
    those are broken by a character that has no width.
    """
    text = literal(text, longest)
    return re.sub(r"(\\@|\\#|GH-|://|\bwww)(?=[\w.])", rf"\1{_BREAK}", text, flags=re.IGNORECASE)


def literal(text: str, longest: int = _LONGEST) -> str:
    """Text that Markdown and HTML both take literally, on one line and of bounded length.

    Control characters, and those that turn the direction of writing round, are left out.
    """
    text = _INVISIBLE.sub("", " ".join(text.split()))
    if len(text) > longest:
        text = text[:longest] + "…"
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = re.sub(r"([\\`*_\[\]|#~@])", r"\\\1", text)
    text = re.sub(r"^([-+=])", r"\\\1", text)  # where a line begins, these would make a list or a heading of it
    return re.sub(r"^(\d+)([.)])(?=\s|$)", r"\1\\\2", text)


def code(text: str) -> str:
    """A code span of one line."""
    return "`" + " ".join(text.split()).replace("`", "'")[:_LONGEST_NAME] + "`"
