"""The comparison as a pull-request comment or a job summary, always below GitHub's limit of 65,536 characters."""

from __future__ import annotations

import re
from typing import Final

from results.comparison import Comparison
from results.report import tables

MARKER: Final = "<!-- anp-comparison -->"
"""First line, by which a bot finds its earlier comment to replace it."""

_LIMIT: Final = 65_000
_LONGEST: Final = 300


def render(comparison: Comparison) -> str:
    """Markdown: one sentence of verdict, the table, what the run could have found, details folded."""
    c = comparison
    failed = [gate for gate in c.gates if not gate.ok]
    gates = f"{len(c.gates) - len(failed)} of {len(c.gates)} gates passed"
    lines = [MARKER, f"### {c.overall.word.capitalize()}: {escape(c.overall.headline)}", ""]
    lines += [f"{escape(sentence)}\n" for sentence in c.overall.sentences]
    lines += [f"Evidence grade {c.grade} · {tables.over(c)} · {gates}", ""]
    lines += [
        f"- **{escape(gate.title)}** failed: {escape(tables.gate_text(gate, c.overall.headline))}" for gate in failed
    ]
    rows = [tables.row(result) for result in c.primary]
    if rows:
        lines += [
            "",
            "| cell | before | after | ratio [interval] | margin | verdict |",
            "| --- | ---: | ---: | --- | ---: | --- |",
        ]
        lines += [
            f"| {escape(row.name)} {row.quantile} | {row.before} | {row.after} | {row.ratio} {row.interval} "
            f"| {row.margin} | **{row.word}**{row.qualifier}{_tags(row.tags)} |"
            for row in rows
        ]
        detected = [f"{escape(row.name)} {row.quantile} {row.detected}" for row in rows if row.detected != "–"]
        if detected and c.is_judged:
            lines += ["", f"Slowdowns that a run like this would have called slower: {', '.join(detected)}."]
    lines += ["", "Served from the page cache:", ""]
    lines += [f"- {escape(line)}" for line in tables.hit_ratio_lines(c)]
    lines += ["", "<details><summary>Gates and caveats</summary>", ""]
    lines += ["| gate | measured | limit | |", "| --- | ---: | ---: | --- |"]
    for gate in c.gates:
        measured, limit = tables.gate_figures(gate)
        lines.append(f"| {escape(gate.title)} | {measured} | {limit} | {'passed' if gate.ok else '**failed**'} |")
    lines += ["", *(f"- {escape(caveat)}" for caveat in c.caveats), "", "</details>", ""]
    text = "\n".join(lines)
    if len(text) > _LIMIT:  # cells and names are bounded, so only a plan made of odd names gets here
        text = text[:_LIMIT].rsplit("\n", 1)[0] + "\n\nCut off here; the whole is in report.html.\n"
    return text


def escape(text: str) -> str:
    """Text that Markdown and HTML both take literally, on one line and of bounded length."""
    text = " ".join(text.split())
    if len(text) > _LONGEST * 3:
        text = text[: _LONGEST * 3] + "…"
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]|#~@])", r"\\\1", text)


def code(text: str) -> str:
    """A code span of one line."""
    return "`" + " ".join(text.split()).replace("`", "'").replace("|", "\\|")[:_LONGEST] + "`"


def _tags(tags: tuple[str, ...]) -> str:
    return f" ({', '.join(tags)})" if tags else ""
