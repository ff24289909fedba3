"""The part of calibration that every test run plays: the simulation's own tools, and two settings in small."""

from __future__ import annotations

import re

import numpy as np
import pytest
import scipy

from results import statistics
from tests.calibration import limits, noise, tables
from tests.calibration.report import DOCUMENT, Report, Table, figures, place
from tests.calibration.rule import critical_values
from tests.calibration.test_false_alarms import play

SMALL = Table("small", "a", ("x", "y"), ("1", "2"))


@pytest.mark.parametrize(("k", "m"), [(6, 12), (7, 3), (8, 1), (8, 12), (10, 3), (12, 2), (14, 5)])
@pytest.mark.parametrize("name", ["normal", "whole milliseconds", "cells that move together"])
def test_the_simulated_rule_is_the_shipped_one(k: int, m: int, name: str) -> None:
    """The critical value of many experiments at once is the one that a comparison uses."""
    values = noise.KINDS[name](np.random.default_rng([k, m]), (12, k, m), 0.0)
    values[0, :, 0] = 0.1

    expected = [statistics.max_t_critical(each, 0.05) for each in values]
    assert critical_values(values, 0.05) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(("n", "p"), [(20, 0.5), (21, 0.5), (200, 0.95)])
def test_quantiles_are_drawn_as_from_requests(n: int, p: float) -> None:
    """Sample quantiles drawn by their order statistics are distributed as those of drawn requests."""
    rng = np.random.default_rng(n)
    requests = np.quantile(rng.random((4000, n)), p, axis=1)
    drawn = noise.sample_quantiles(rng, np.full(4000, float(n)), np.full(4000, p), lambda u: u)

    assert scipy.stats.ks_2samp(requests, drawn).pvalue > 0.001


@pytest.mark.parametrize(("name", "k", "m"), [("normal", 8, 12), ("hits and misses", 6, 1)])
def test_two_settings_hold_their_rates(name: str, k: int, m: int) -> None:
    """In 300 experiments alarms and wrong *no difference* stay below the 99.9 % point of 5 %, and power above it."""
    found = play(name, noise.KINDS[name], k, m, 300)
    most = scipy.stats.binom.ppf(0.999, 300, 0.05)

    assert found.alarms <= most
    assert found.false_peace <= most
    assert found.power >= 1 - most / 300


def test_a_rule_without_the_family_would_be_caught() -> None:
    """The check can fail: twelve cells, each with an interval of its own, raise far more alarms than it allows."""
    values = noise.normal(np.random.default_rng(1), (300, 8, 12), 0.0)
    t = values.mean(axis=1) / values.std(axis=1, ddof=1) * np.sqrt(8)

    assert (np.abs(t).max(axis=1) > statistics.t_critical(8, 0.05)).sum() > scipy.stats.binom.ppf(0.999, 300, 0.05)


def test_only_whole_tables_are_written() -> None:
    """A table with a figure missing leaves the document as it is; a whole one takes its place."""
    text = "before\n<!-- small: written by make calibrate -->\nold\n<!-- end -->\nafter\n"
    report = Report()
    for row, column in (("x", "1"), ("x", "2"), ("y", "1")):
        report.put(SMALL, row, column, row + column)
    assert report.written_into(text, (SMALL,)) == text

    report.put(SMALL, "y", "2", "y2")
    written = report.written_into(text, (SMALL,))
    assert "| x | x1 | x2 |" in written
    assert "old" not in written
    assert report.written_into(written, (SMALL,)) == written
    with pytest.raises(KeyError):
        report.put(SMALL, "z", "1", "")
    with pytest.raises(KeyError):
        place(text, "other", "")


def test_figures_are_read_back_with_their_marks() -> None:
    """A table that was written is read by row and column; one that is not there is an error."""
    cells = {("x", "1"): "1.0", ("x", "2"): "**2.0**", ("y", "1"): "*3.0*", ("y", "2"): "–"}
    text = place("<!-- small: written by make calibrate -->\n<!-- end -->\n", SMALL.name, SMALL.markdown(cells))

    assert figures(text, SMALL) == cells
    with pytest.raises(KeyError):
        figures("", SMALL)


@pytest.mark.parametrize("table", tables.TABLES, ids=lambda table: table.name)
def test_the_document_holds_every_table(table: Table) -> None:
    """docs/calibration.md has a figure in every place of every table that calibration measures."""
    document = DOCUMENT.read_text(encoding="utf-8")
    found = re.search(rf"<!-- {table.name}: written by make calibrate -->\n(.*?)<!-- end -->", document, re.DOTALL)
    assert found is not None
    lines = [[cell.strip() for cell in line.strip("| ").split("|")] for line in found[1].split("\n") if line]

    assert lines[0] == [table.corner, *table.columns]
    assert [line[0] for line in lines[2:]] == list(table.rows)
    assert all(re.fullmatch(r"(\*{0,2})\d+\.\d\1|–", cell) for line in lines[2:] for cell in line[1:])


def test_the_misses_told_are_those_of_the_tables() -> None:
    """The sentences on the page count what its tables mark: misses of coverage, on both sides, and of power."""
    document = DOCUMENT.read_text(encoding="utf-8")
    alarms, power = figures(document, tables.ALARMS), figures(document, tables.POWER)
    missed = [limits.number(text) for text in alarms.values() if text.startswith("**")]
    wide = sum(rate < 5 for rate in missed)
    below = sum(text.startswith("*") for text in power.values())
    weak = sum(text.startswith("**") for text in power.values())

    assert f"Coverage is outside 95 ± 1.5 % in {len(missed)} of 120 settings. In {wide} of them" in document
    assert f"in {len(missed) - wide} less than 93.5 %" in document
    assert f"Power is below 95 % in {below} of 120 settings" in document
    assert f"In {weak} of them it is below 93.45 %" in document
    assert limits.written_into(document) == document


def test_what_misses_the_limits_is_marked_in_the_tables() -> None:
    """Figures outside the limits are marked and others are not; where rounding hides the side, both may be."""
    document = DOCUMENT.read_text(encoding="utf-8")

    for text in figures(document, tables.ALARMS).values():
        rate = limits.number(text)
        assert rate in {3.5, 6.5} or text.startswith("**") == (not 3.5 < rate < 6.5)
    for text in figures(document, tables.POWER).values():
        rate = limits.number(text)
        assert rate == 95.0 or text.startswith("*") == (rate < 95)
        assert rate in {93.4, 93.5} or text.startswith("**") == (rate < 93.45)


@pytest.mark.parametrize(
    ("count", "text"), [(69, "**3.5**"), (70, "3.5"), (100, "5.0"), (130, "6.5"), (131, "**6.5**")]
)
def test_coverage_is_marked_by_its_count(count: int, text: str) -> None:
    """From 70 to 130 of 2,000 is 95 ± 1.5 %."""
    assert limits.marked_alarms(count) == text


@pytest.mark.parametrize(
    ("power", "text"), [(0.95, "95.0"), (0.9496, "*95.0*"), (0.9345, "*93.5*"), (0.9344, "**93.4**")]
)
def test_power_is_marked_below_what_is_asked_and_below_chance(power: float, text: str) -> None:
    """Italic below 95 %, bold below 1,869 of 2,000."""
    assert limits.marked_power(power) == text
