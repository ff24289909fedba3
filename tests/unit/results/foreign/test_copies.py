"""A session counts once, in whatever forms and under whatever names its figures lie about."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from results.foreign import sniff
from results.foreign.compare import compare
from results.foreign.errors import ForeignError


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
