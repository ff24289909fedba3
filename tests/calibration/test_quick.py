"""The part of calibration that every test run plays: the simulation's own tools, and two settings in small."""

from __future__ import annotations

import re

import numpy as np
import pytest
import scipy.stats

from results import statistics
from tests.calibration import noise, tables
from tests.calibration.report import DOCUMENT, Report, Table, place
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


@pytest.mark.parametrize("table", tables.TABLES, ids=lambda table: table.name)
def test_the_document_holds_every_table(table: Table) -> None:
    """docs/calibration.md has a figure in every place of every table that calibration measures."""
    document = DOCUMENT.read_text(encoding="utf-8")
    found = re.search(rf"<!-- {table.name}: written by make calibrate -->\n(.*?)<!-- end -->", document, re.DOTALL)
    assert found is not None
    lines = [[cell.strip() for cell in line.strip("| ").split("|")] for line in found[1].split("\n") if line]

    assert lines[0] == [table.corner, *table.columns]
    assert [line[0] for line in lines[2:]] == list(table.rows)
    assert all(re.fullmatch(r"(\*\*)?\d+\.\d(\*\*)?|–", cell) for line in lines[2:] for cell in line[1:])
