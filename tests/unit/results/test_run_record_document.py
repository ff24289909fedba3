"""docs/run-record.md names everything a record holds, and its examples run."""

from __future__ import annotations

import json
import re
import subprocess
import sys
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


LIMITS = """
import json
from locustfiles import _engine, _journal
from locustfiles._client import MAX_HEAD, MAX_RESPONSE, Timeouts
limits = Timeouts()
print(json.dumps([limits.connect, limits.first_byte, limits.total, _engine.DRAIN_S, _journal.DEAD_S]))
print(json.dumps([MAX_HEAD >> 10, MAX_RESPONSE >> 20]))
"""


def test_the_limits_of_time_are_those_of_the_swarm() -> None:
    """Each error class has its line, and the seconds and sizes in it are those that the swarm keeps."""
    text = section("### Errors and limits of time").split("\n### ", 1)[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", text, re.MULTILINE))
    done = subprocess.run([sys.executable, "-c", LIMITS], capture_output=True, text=True, timeout=60, check=True)
    times, sizes = (json.loads(line) for line in done.stdout.splitlines())
    connect, first_byte, total, drain, dead = (f"{seconds:g} s" for seconds in times)

    assert set(rows) == set(ERROR_CLASSES)
    for word, limits in {
        "connect_timeout": (connect,),
        "first_byte_timeout": (first_byte,),
        "total_timeout": (total,),
        "abandoned": (drain, dead),
        "protocol": (f"{sizes[0]} KB", f"{sizes[1]} MB"),
    }.items():
        assert re.findall(r"\d+ (?:s|KB|MB)\b", rows[word]) == list(limits), word
    assert f"A request may take {connect} to connect, {first_byte} from there" in text
    assert f"has {drain} to end" in text
    assert f"requests sent in the last {times[1] - times[3]:g} s are abandoned" in text


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
