"""docs/run-record.md names everything a record holds, and its examples run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from results import series
from results.columns import CACHE_CLASSES, CHECKS, ERROR_CLASSES, REQUESTS, SECONDS
from results.design import NEVER_DECIDE
from results.export import FORMATS, PARQUET, export
from results.record import FORMAT, read_record

ROOT = Path(__file__).parents[3]
DOCUMENT = (ROOT / "docs" / "run-record.md").read_text(encoding="utf-8")
EXAMPLES = [block for block in re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL) if '"requests.' in block]


def section(title: str) -> str:
    """The text below a heading, up to the next of its kind."""
    return DOCUMENT.split(f"{title}\n", 1)[1].split("\n## ", 1)[0]


@pytest.mark.parametrize(
    ("title", "schema"), [("## Columns of `requests`", REQUESTS), ("## Columns of `seconds`", SECONDS)]
)
def test_every_column_is_explained(title: str, schema: object) -> None:
    """Each column of the schema stands in its table."""
    cells = set(re.findall(r"`(\w+)`", section(title)))

    assert [name for name in schema.names if name not in cells] == []  # type: ignore[attr-defined]


def test_every_word_is_listed() -> None:
    """Cache classes, error classes, checks and routes that never decide are named where the columns are explained."""
    words = set(re.findall(r"\w+", section("## Columns of `requests`")))

    assert {*CACHE_CLASSES, *ERROR_CLASSES, *CHECKS, *NEVER_DECIDE} - words == set()


def test_the_format_is_the_present_one() -> None:
    """The document says the number that records carry, and its history ends there."""
    assert f"integer `format`, now {FORMAT}." in DOCUMENT
    assert re.findall(r"^\| (\d+) \| \d{4}-\d\d \|", DOCUMENT, re.MULTILINE) == [str(n + 1) for n in range(FORMAT)]


def test_every_export_is_explained() -> None:
    """The formats, the columns that Parquet adds and those of the series stand under Exports."""
    text = section("## Exports")

    assert re.findall(r"^anp runs export latest --format (\w+)", text, re.MULTILINE) == list(FORMATS)
    assert [name for name in PARQUET.names if name not in REQUESTS.names and f"`{name}`" not in text] == []
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", text, re.MULTILINE)
    assert rows == list(series.COLUMNS.items())


@pytest.mark.parametrize("example", EXAMPLES, ids=["hlog", "parquet"])
def test_the_examples_run(
    example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the document says about reading an export can be typed as it stands, and shows every class."""
    monkeypatch.chdir(tmp_path)
    record = read_record(ROOT / "tests" / "data" / "record-format-1")
    for format_ in ("hlog", "parquet"):
        export(record, format_, tmp_path / f"requests.{format_}")

    exec(compile(example, "docs/run-record.md", "exec"), {})

    printed = capsys.readouterr().out
    assert all(word in printed for word in ("HIT", "BYPASS"))
