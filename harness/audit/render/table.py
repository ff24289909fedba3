"""A report for people: a line for each kind of page, then what was found, the worst first."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from harness.audit.client import origin_of
from harness.audit.explain import explain, told
from harness.audit.model import SITE, Finding, Report, Seen, Severity
from harness.audit.render import lines
from results.units import readable

_COLOURS = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.NOTE: "bold"}
_MOST_PLACES = 6


def render(report: Report, console: Console, *, verbose: bool = False) -> None:
    """Print it.

    Args:
        report: Of an audit.
        console: Where to.
        verbose: Whether to put the headers of each kind into words too.
    """
    console.print(_pages(report.seen))
    if verbose:
        for seen in report.seen:
            console.print(_headers(seen))
    for check, findings in groupby(report.worst_first(), key=lambda finding: finding.check):
        console.print()
        console.print(Text.assemble((check.severity.word, _COLOURS[check.severity]), f"  {check.title}  [{check.id}]"))
        console.print(
            Padding(Group(*_finding(list(findings), one_site=len(report.origins) == 1)), (0, 0, 0, 2), expand=False)
        )
    console.print()
    reasons: dict[tuple[str, str], list[str]] = {}
    for skipped in report.skipped:
        reasons.setdefault((skipped.family, skipped.why), []).append(skipped.kind)
    for (family, why), kinds in reasons.items():
        of = "" if kinds == [SITE] else f" of {readable(', '.join(kinds))}"
        console.print(_text(f"not tried: {family}{of} ({why})"))
    console.print(_text(_summary(report)))


def _pages(seen: Iterable[Seen]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("page", "status", "layers, from the reader inwards", "may be kept", "304 by", "coding"):
        table.add_column(name, overflow="fold", min_width=6, justify="right" if name == "status" else "left")
    for each in seen:
        row = lines.row(each)
        table.add_row(
            _text(readable(each.subject.kind)),
            str(each.last.status or "none"),
            _text(row.layers),
            _text(row.kept),
            "–" if row.confirmed is None else ", ".join(row.confirmed) or "none",
            row.coding,
        )
    return table


def _headers(seen: Seen) -> RenderableType:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(overflow="fold", ratio=2)
    table.add_column(overflow="fold", ratio=3)
    for layer in reversed(seen.last.reading.layers):
        table.add_row(_text(f"{layer.provider}: {layer.verdict}"), _text(told(layer)))
    for word in explain(seen.last):
        table.add_row(_text(f"{word.name}: {_short(word.value)}"), _text(word.means))
    return Group(
        Text(""),
        _text(readable(f"{seen.subject.kind}  {seen.subject.path}"), style="bold"),
        Padding(table, (0, 0, 0, 2), expand=False),
    )


def _finding(findings: list[Finding], *, one_site: bool) -> Iterable[Text]:
    """What was seen, alike things as one, then reason and remedy."""
    alike: dict[str, list[Finding]] = {}
    for each in findings:
        alike.setdefault(each.seen, []).append(each)
    for seen, group in list(alike.items())[:_MOST_PLACES]:
        first = group[0]
        where = first.url.removeprefix(origin_of(first.url)) if one_site else first.url
        kinds = ", ".join(dict.fromkeys(each.kind for each in group))
        place = f"{kinds}, such as {where}: " if len(group) > 1 else f"{kinds} {where}: "
        yield _text(seen if first.kind == SITE else readable(place) + seen)
    if more := sum(len(group) for group in list(alike.values())[_MOST_PLACES:]):
        yield _text(f"and {more} more; --json has all")
    check = findings[0].check
    yield _text(f"Why: {check.why}")
    yield _text(f"Do: {check.remedy}")


def _summary(report: Report) -> str:
    counts = [(report.count(severity), severity.word) for severity in reversed(Severity)]
    found = ", ".join(f"{count} {word}{'s' if count > 1 else ''}" for count, word in counts if count)
    return f"{found or 'nothing found'}; {len(report.seen)} kinds of pages, {report.sent} requests"


def _text(text: str, style: str = "") -> Text:
    """Text whatever the site wrote: no markup, nothing that moves the cursor."""
    return Text("".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text), style)


def _short(value: str) -> str:
    return value if len(value) <= 120 else f"{value[:117]}…"
