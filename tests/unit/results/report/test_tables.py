import dataclasses
import math
import re
from collections.abc import Callable
from typing import Any

import pytest
import rich.console
from hypothesis import given
from hypothesis import strategies as st

from results.comparison import Comparison, compare_trial
from results.design import Design
from results.measures import Interval
from results.noise import NoiseCell, NoiseFloor
from results.record import Record
from results.report import html, json, junit, markdown, note, tables, text
from results.samples import Cell


def test_a_change_has_its_interval(demo_comparison: Comparison) -> None:
    """All three figures of a change have a sign, a real minus and the same number of digits."""
    first = demo_comparison.cells[0]
    written = {
        (0.238, 0.231, 0.246): "−76.2 % [−76.9 %, −75.4 %]",
        (1.0, 0.99, 1.012): "+0.0 % [−1.0 %, +1.2 %]",
        (12.0, 9.5, 14.0): "+1100 % [+850 %, +1300 %]",
        (971.4, 950.2, 1990.0): "about 971 times [950, 1,990]",
        (971.4, 0.0, math.inf): "about 971 times",
        (1.1, 0.0, math.inf): "+10.0 %",
        (math.nan, 0.0, math.inf): "–",
    }

    for ratio, change in written.items():
        assert tables.row(dataclasses.replace(first, ratio=Interval(*ratio))).change == change


def test_gates_are_counted_by_what_became_of_them(demo_comparison: Comparison) -> None:
    """Passed, failed and noted gates add up to all of them."""
    gate = demo_comparison.gates[0]
    gates = (
        gate,
        dataclasses.replace(gate, ok=False, effect="invalid"),
        dataclasses.replace(gate, ok=False, effect="note"),
        dataclasses.replace(gate, ok=False, effect="note"),
    )

    assert tables.gate_count(dataclasses.replace(demo_comparison, gates=gates)) == (
        "1 of 4 gates passed, 1 failed, 2 notes"
    )
    assert tables.gate_count(dataclasses.replace(demo_comparison, gates=gates[:1])) == "1 of 1 gates passed"


def test_what_could_be_found_names_each_cell_once(demo_comparison: Comparison) -> None:
    """The quantiles of a cell stand behind its name, and what is left away is counted."""
    sentence = tables.detected(demo_comparison)

    assert sentence.count("reader article") == 1
    assert "p50" in sentence
    assert tables.detected(demo_comparison, 2).endswith(f", and {len(demo_comparison.primary) - 2} more.")


def test_nothing_could_be_found_where_nothing_was_judged(demo_comparison: Comparison) -> None:
    """A run without verdicts promises nothing."""
    failed = dataclasses.replace(demo_comparison.gates[0], ok=False, effect="invalid")

    assert tables.detected(dataclasses.replace(demo_comparison, gates=(failed,))) == ""


def test_a_noise_floor_that_was_not_found_is_said_so(demo_comparison: Comparison) -> None:
    """Copies that could not be compared give no floor, and the sentence says why and no figure."""
    nothing = Interval(1, 0, math.inf), Interval(0, -math.inf, math.inf), math.inf
    cell = NoiseCell("reader article p50", *nothing, "not enough data", "a single launch shows no spread")
    sentence = tables.noise(dataclasses.replace(demo_comparison, noise=NoiseFloor("before", 1, (cell,))))

    assert sentence == "The noise floor was not found: a single launch shows no spread."


def test_the_control_is_named(demo_comparison: Comparison) -> None:
    """Where a control was taken off, the sentence on the intervals says so."""
    design = dataclasses.replace(demo_comparison.design, control=demo_comparison.cells[0].cell)

    assert "control" not in tables.family(demo_comparison)
    assert "What happened to the control, reader article, is taken off every change." in tables.family(
        dataclasses.replace(demo_comparison, design=design)
    )


@pytest.mark.parametrize("form", [text, markdown, note, junit, html, json], ids=lambda form: form.__name__)
@pytest.mark.usefixtures("without_figures")
def test_every_form_tells_of_the_control(make_trial: Callable[..., Record], form: Any) -> None:
    """A change that something was taken off is nowhere shown without a word of it."""
    home, about = ({"persona": "reader", "route": route, "requests": 200} for route in ("home", "about"))
    record = make_trial(pages=[home, about])
    plain, controlled = (compare_trial(record, Design(control=given)) for given in (None, Cell("reader", "about")))

    def shown(comparison: Comparison) -> str:
        if form is text:
            console = rich.console.Console(width=400)
            with console.capture() as captured:
                console.print(form.render(comparison))
            return captured.get()
        return str(form.render(comparison))

    assert re.search(r"control\b.{0,60}reader\W+(?:route\W+)?about", shown(controlled), re.DOTALL)
    assert not re.search(r"control\b.{0,60}reader\W+(?:route\W+)?about", shown(plain), re.DOTALL)


def test_a_family_without_cells_is_said_so(demo_comparison: Comparison) -> None:
    """Where no page decides, nothing is said of intervals."""
    assert tables.family(dataclasses.replace(demo_comparison, cells=())) == (
        "No page had enough requests to decide anything."
    )


@given(st.lists(st.sampled_from(["a", "a#2", "a#2#2", "b"])))
def test_names_become_distinct(names: list[str]) -> None:
    """No two names are the same, and the first of each stays what it was."""
    distinct = tables.distinct(dict(enumerate(names)))

    assert len(set(distinct.values())) == len(names)
    assert all(distinct[key].startswith(name) for key, name in enumerate(names))
    assert all(distinct[names.index(name)] == name for name in names[:1])


def test_odd_plans_have_no_source(demo_comparison: Comparison) -> None:
    """Where a plan has something else in the place of source or arms, there is nothing to tell, and no error."""
    for plan in ({}, {"source": None, "arms": None}, {"source": "x", "arms": ["y"]}, {"source": {"dirty": 1}}):
        odd = dataclasses.replace(demo_comparison, plan=plan)

        assert tables.source(odd) == tables.source(odd, "after") == tables.Source("", "", ())
