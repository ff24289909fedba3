"""A session counts once, in whatever forms and under whatever names its figures lie about."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from results.foreign import sniff
from results.foreign.compare import compare
from results.foreign.errors import ForeignError
from results.foreign.model import Session, even, samples, summary


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        ("locust.json", "locust_stats.csv", "locust (JSON and statistics CSV)"),
        ("locust_requests.csv", "locust_stats.csv", "locust (request log and statistics CSV)"),
        ("k6.csv", "k6.ndjson", "k6 (CSV and NDJSON)"),
        ("k6.csv", "k6_summary_export.json", "k6 (CSV and summary)"),
        ("vegeta.csv", "vegeta.ndjson", "vegeta (CSV and NDJSON)"),
        ("goose_report.json", "goose_requests.log", "Goose (report and request log)"),
    ],
)
@pytest.mark.parametrize("is_swapped", [False, True])
def test_a_side_of_two_forms_is_refused(
    fixtures: Path, tmp_path: Path, one: str, other: str, said: str, is_swapped: bool
) -> None:
    """Which two files tell of one run cannot be known, so a folder with both forms is no side; two files are named."""
    folder, single = tmp_path / "before", tmp_path / "single"
    for place in (folder, single):
        place.mkdir()
        shutil.copyfile(fixtures / one, place / f"r1_{one}")
    shutil.copyfile(fixtures / other, folder / f"r2_{other}")
    sides = [sniff.read_side(folder), sniff.read_side(single)]

    with pytest.raises(ForeignError) as refused:
        compare(*(reversed(sides) if is_swapped else sides))

    message = str(refused.value)
    assert message.startswith(f"before/r1_{one} and before/r2_{other} are two forms of results of {said}")
    assert message.endswith("leave one form of each run")
    assert "\n" not in message


def test_baselines_are_of_one_form_too(fixtures: Path) -> None:
    """Their number tells how far sessions differ, so it has to be that of the runs."""
    sides = [sniff.read(fixtures / name) for name in ("k6.csv", "k6.ndjson")]

    with pytest.raises(ForeignError, match=r"k6\.csv and k6\.ndjson are two forms"):
        compare(sides[:1], sides[1:], baselines=sides)


def test_sides_of_different_forms_are_not_comparable(fixtures: Path) -> None:
    """One form before and another after: what differs may be the form alone."""
    found = compare([sniff.read(fixtures / "locust.json")], [sniff.read(fixtures / "locust_stats.csv")])

    assert (found.overall.word, found.exit_code()) == ("not comparable", 4)
    assert found.overall.headline == "The sessions are in different formats: JSON and statistics CSV."


FILES = [
    *(
        "artillery.json",
        "autocannon.json",
        "fortio.json",
        "goose_report.json",
        "goose_requests.log",
        "hey.csv",
        "hey.txt",
    ),
    *("jmeter.jtl", "k6.csv", "k6.ndjson", "k6_summary_export.json", "locust.json", "locust_requests.csv"),
    *(
        "locust_stats.csv",
        "nighthawk.json",
        "oha.json",
        "siege.json",
        "vegeta.csv",
        "vegeta.ndjson",
        "wrk.txt",
        "wrk2.txt",
    ),
]


@pytest.mark.parametrize("name", FILES)
def test_a_line_more_is_no_other_session(fixtures: Path, tmp_path: Path, name: str) -> None:
    """Copies with further line ends, or with line ends of another system, are the session that they copy."""
    data = (fixtures / name).read_bytes()
    for number, copy in enumerate([data, data + b"\n", data + b"\n\n", data.replace(b"\r\n", b"\n") + b"\r\n"]):
        (tmp_path / f"{number}").write_bytes(copy)

    first = sniff.read(tmp_path / "0")
    for number in (1, 2, 3):
        with pytest.raises(ForeignError, match=f"0 and {number} hold the same content; a session counts once"):
            compare([first], [sniff.read(tmp_path / f"{number}")])


def test_json_written_anew_is_no_other_session(fixtures: Path, tmp_path: Path) -> None:
    """Laid out in another way, or with its keys in another order, a document holds the same figures."""
    for name in ("locust.json", "k6_summary_export.json", "oha.json"):
        document = json.loads((fixtures / name).read_text())
        wide, turned = tmp_path / f"wide_{name}", tmp_path / f"turned_{name}"
        wide.write_text(json.dumps(document, indent=4))
        turned.write_text(json.dumps(document, sort_keys=True))
        first, second, third = map(sniff.read, (fixtures / name, wide, turned))

        with pytest.raises(ForeignError, match=f"{name} and wide_{name} hold the same content"):
            compare([first], [second])
        with pytest.raises(ForeignError, match=f"{name} and turned_{name} agree in every figure to the last digit"):
            compare([first, third], [sniff.read(fixtures / "wrk.txt")])


def test_rows_written_anew_are_no_other_session(fixtures: Path, tmp_path: Path) -> None:
    """A table that a spreadsheet saved with quotes has the rows it had."""
    rows = list(csv.reader(io.StringIO((fixtures / "jmeter.jtl").read_text())))
    with (tmp_path / "quoted.jtl").open("w", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows(rows)
    both = [sniff.read(fixtures / "jmeter.jtl"), sniff.read(tmp_path / "quoted.jtl")]

    with pytest.raises(ForeignError, match="agree in every figure to the last digit, which two runs do not"):
        compare(both, [sniff.read(fixtures / "jmeter_semicolon_no_header.jtl")])


def test_a_few_coarse_figures_agree_by_chance() -> None:
    """Two real runs on a fast site read 1, 2 and 3 ms alike, or time all of their requests with two whole numbers."""
    coarse = even(0.5, "whole milliseconds")
    quantiles = summary("GET /", {0.5: 1.0, 0.95: 2.0, 0.99: 3.0}, 5000, coarse)
    counts = samples("GET /", np.repeat([1.0, 2.0], 500), 0, coarse)
    for series in (quantiles, counts):
        sides = [Session("tool", "rows", name, name, "clock", "steps", (series,)) for name in "abc"]

        assert compare(sides[:2], sides[2:]).overall.word == "not enough data"
