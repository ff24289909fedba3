import dataclasses
import math

from hypothesis import given
from hypothesis import strategies as st

from results.comparison import Comparison
from results.measures import Interval
from results.noise import NoiseCell, NoiseFloor
from results.report import tables


def test_a_change_has_its_interval(demo_comparison: Comparison) -> None:
    """All three figures of a change have a sign, a real minus and the same number of digits."""
    first = demo_comparison.cells[0]
    written = {
        (0.238, 0.231, 0.246): "−76.2 % [−76.9 %, −75.4 %]",
        (1.0, 0.99, 1.012): "+0.0 % [−1.0 %, +1.2 %]",
        (12.0, 9.5, 14.0): "+1100 % [+850 %, +1300 %]",
        (1.1, 0.0, math.inf): "+10.0 %",
        (math.nan, 0.0, math.inf): "–",
    }

    for ratio, text in written.items():
        assert tables.row(dataclasses.replace(first, ratio=Interval(*ratio))).change == text


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
    """Two copies in too few launches give no floor, and the sentence says that and no figure."""
    cell = NoiseCell(
        "reader article p50", Interval(1, 0, math.inf), Interval(0, -math.inf, math.inf), math.inf, "invalid"
    )
    sentence = tables.noise(dataclasses.replace(demo_comparison, noise=NoiseFloor("before", 1, (cell,))))

    assert sentence == "The noise floor was not found: 1 launch with two copies are too few."


def test_the_control_is_named(demo_comparison: Comparison) -> None:
    """Where a control was taken off, the sentence on the intervals says so."""
    design = dataclasses.replace(demo_comparison.design, control=demo_comparison.cells[0].cell)

    assert "control" not in tables.family(demo_comparison)
    assert "What happened to the control, reader article, is taken off." in tables.family(
        dataclasses.replace(demo_comparison, design=design)
    )


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
