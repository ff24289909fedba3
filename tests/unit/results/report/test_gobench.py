import dataclasses
import math
import re

import pytest

from results.comparison import Comparison
from results.measures import Pair
from results.report import gobench
from results.samples import Cell

KEY = re.compile(r"[a-z][^\sA-Z:]*")
NAME = re.compile(r"Benchmark[^\W_a-z]\w*(/[^\s/]+)*")


def read(text: str) -> list[tuple[dict[str, str], str, int, dict[str, float]]]:
    """Configuration, name, iterations and values of every result, by the rules of the format and no others.

    A line is a result, a configuration line, blank or a comment; anything else is an error here, though a reader of
    the format passes over it.
    """
    configuration: dict[str, str] = {}
    results = []
    for line in text.splitlines():
        if line.startswith("Benchmark"):
            name, iterations, *rest = line.split()
            assert NAME.fullmatch(name), name
            assert len(rest) % 2 == 0
            assert rest
            values = {unit: float(value) for value, unit in zip(rest[::2], rest[1::2], strict=True)}
            results.append((dict(configuration), name, int(iterations), values))
        elif line and not line.startswith("#"):
            key, colon, value = line.partition(": ")
            assert colon, line
            assert KEY.fullmatch(key), key
            configuration[key] = value
    return results


def test_every_launch_of_every_cell_is_a_line(demo_comparison: Comparison) -> None:
    """Each cell has one result a launch, in nanoseconds, in the order of launches."""
    results = read(gobench.render(demo_comparison, "after"))
    mine = [values for _, name, _, values in results if name == "BenchmarkReaderArticle/cache=all/p95"]
    cell = next(result for result in demo_comparison.primary if result.label == "reader article p95")

    assert [value["ns/op"] for value in mine] == pytest.approx([1e6 * level.after for level in cell.levels], abs=0.5)
    assert len(results) == sum(len(result.levels) for result in demo_comparison.cells)
    assert {(iterations, *values) for _, _, iterations, values in results} == {(1, "ns/op")}


def test_both_arms_can_be_put_side_by_side(demo_comparison: Comparison) -> None:
    """Names and configuration are the same in both arms, or benchstat would put them into tables of their own."""
    before, after = (read(gobench.render(demo_comparison, arm)) for arm in ("before", "after"))

    assert [(configuration, name) for configuration, name, _, _ in before] == [
        (configuration, name) for configuration, name, _, _ in after
    ]
    assert [values for *_, values in before] != [values for *_, values in after]


def test_cells_that_decide_are_told_from_the_others(demo_comparison: Comparison) -> None:
    """The family is configuration, so that benchstat keeps exploratory cells in a table of their own."""
    first, *rest = demo_comparison.primary
    comparison = dataclasses.replace(demo_comparison, cells=(dataclasses.replace(first, primary=False), *rest))
    families = {
        (configuration["family"], name) for configuration, name, *_ in read(gobench.render(comparison, "before"))
    }

    assert ("exploratory", "BenchmarkReaderArticle/cache=all/p50") in families
    assert ("primary", "BenchmarkReaderArticle/cache=all/p95") in families
    assert ("primary", "BenchmarkReaderArticle/cache=all/p50") not in families


def test_launches_with_failures_are_left_out_and_told(demo_comparison: Comparison) -> None:
    """A launch whose quantile is a failed request has no figure, and a comment counts them; an empty one is no loss."""
    first = demo_comparison.cells[0]
    levels = (Pair(1.0, math.inf), Pair(1.5, math.inf), Pair(1.2, math.nan), *first.levels[3:])
    comparison = dataclasses.replace(demo_comparison, cells=(dataclasses.replace(first, levels=levels),))
    text = gobench.render(comparison, "after")

    assert len(read(text)) == len(levels) - 3
    assert len(read(gobench.render(comparison, "before"))) == len(levels)
    assert "# BenchmarkReaderArticle/cache=all/p50: 2 launches are left out" in text


def test_names_stay_one_word_and_apart(demo_comparison: Comparison) -> None:
    """Whatever cells are called, their results have names of the format, and two cells never share one."""
    first = demo_comparison.cells[0]
    cells = tuple(
        dataclasses.replace(first, cell=Cell(persona, route))
        for persona, route in [("a b", "c"), ("a", "b c"), ("a-b/c", ""), ("\n!", "?"), ("été 8", "-8")]
    )
    comparison = dataclasses.replace(demo_comparison, cells=cells, name="x\nBenchmarkEvil 1 1 ns/op\ny")
    names = {name for _, name, _, _ in read(gobench.render(comparison, "after"))}

    assert names == {
        "BenchmarkABC/cache=all/p50",
        "BenchmarkABC/cache=all/p50#2",
        "BenchmarkABC/cache=all/p50#3",
        "BenchmarkPage/cache=all/p50",
        "BenchmarkÉté88/cache=all/p50",
    }


def test_a_comparison_without_figures_is_an_empty_file_of_comments(demo_comparison: Comparison) -> None:
    """Where there is nothing to tell there is no result, and still a file that says of what."""
    text = gobench.render(dataclasses.replace(demo_comparison, cells=()), "before")

    assert read(text) == []
    assert text.startswith("# page cache, arm before: page_cache=off\n")
