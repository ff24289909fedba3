"""The page on foreign results tells what the code does."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from results.foreign import report, sniff
from results.foreign.compare import compare

PAGE = Path(__file__).resolve().parents[4] / "docs" / "foreign-results.md"


def test_the_transcript_is_what_the_command_prints(tmp_path: Path) -> None:
    """The example is the head of the real output for a locust CSV of 2 ms and one of 1 ms."""
    head = "Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,50%,95%,99%\n"
    sides = []
    for name, p50 in (("before", 2), ("after", 1)):
        row = f"5000,0,{p50},{p50},{p50},{2 * p50},{3 * p50}\n"
        path = tmp_path / f"{name}_stats.csv"
        path.write_text(f"{head}GET,/articles,{row},Aggregated,{row}")
        sides.append([sniff.read(path)])
    console = Console(width=120, highlight=False)

    with console.capture() as capture:
        console.print(report.text(compare(*sides)))

    printed = [line.rstrip() for line in capture.get().splitlines()]
    block = PAGE.read_text(encoding="utf-8").split("```console\n")[1].split("```")[0].splitlines()
    assert block[0] == "$ anp compare before_stats.csv after_stats.csv"
    assert block[1:] == printed[: len(block) - 1]


def test_every_tool_is_in_the_table(fixtures: Path) -> None:
    """Each tool with a fixture has a row, and the last column tells whether its files are judged."""
    rows = [
        [field.strip() for field in line.strip("| ").split(" | ")]
        for line in PAGE.read_text(encoding="utf-8").split("## What is read")[1].split("##")[0].splitlines()
        if line.startswith("| ") and "---" not in line
    ][1:]
    judged: dict[str, set[bool]] = {}
    for path in fixtures.iterdir():
        if path.name != "README.md" and not path.name.startswith(("locust_failures", "locust_exceptions")):
            session = sniff.read(path)
            has_quantiles = any(each.quantiles or each.counts.size for each in session.series)
            judged.setdefault(session.tool, set()).add(not session.withheld and has_quantiles)

    assert {row[0] for row in rows} == set(judged)
    for tool, values in judged.items():
        says_yes = any(row[4].startswith("yes") for row in rows if row[0] == tool)
        assert says_yes == (True in values), tool


def test_the_command_reports_other_tools_by_the_names_of_the_page() -> None:
    """The list in the message for an unknown format is that of the page."""
    page = PAGE.read_text(encoding="utf-8")

    for tool in sniff.KNOWN.replace(" and ", ", ").split(", "):
        assert f"| {tool} |" in page
