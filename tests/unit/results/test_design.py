import json
from collections.abc import Callable
from typing import Any

import pytest

from results.design import NEVER_DECIDE, Design, Question, choose
from results.errors import ComparisonError
from results.record import Record
from results.samples import Cell, read_trial


def family(record: Record, design: Design | None = None) -> Any:
    """What the rule chooses from a record."""
    samples = read_trial(record, "before", "after")
    return choose(samples, samples.launches, design or Design())


def test_a_design_survives_json() -> None:
    """A design written as JSON and read again is the same design."""
    design = Design(alpha=0.01, primary=(Question(Cell("reader", "home", "HIT"), "p95"),))

    assert Design.from_dict(json.loads(json.dumps(design.to_dict()))) == design
    assert Design.from_dict({}) == Design()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"after": "before"}, "different names"),
        ({"alpha": 0}, "alpha"),
        ({"margins": {"p42": 0.1}}, "p42"),
        ({"margins": {"p50": 3}}, "3 %"),
        ({"floor_ms": -1}, "floor_ms"),
        ({"minimum_launches": 2}, "at least 3"),
        ({"most_primary": 0}, "most_primary"),
        ({"margin": {}}, "did you mean 'margins'"),
        ({"primary": [{"persona": "reader", "route": "home", "quantile": "p42"}]}, "p42"),
        ({"primary": [{"persona": "reader", "route": "home", "quantile": "p50", "cache": "WARM"}]}, "WARM"),
        ({"primary": [{"route": "home", "quantile": "p50"}]}, "persona"),
        ({"primary": [{"persona": "editor", "route": "edit", "quantile": "p50"}]}, "never decides"),
    ],
)
def test_a_meaningless_design_is_refused(values: dict[str, Any], said: str) -> None:
    """A design under which a verdict would mean nothing is refused with the value."""
    with pytest.raises(ComparisonError, match=said):
        Design.from_dict(values)


def test_personas_take_turns(make_trial: Callable[..., Record]) -> None:
    """Each persona's main page comes before any persona's second, however few requests it has."""
    pages = [
        {"persona": "reader", "route": "article", "requests": 300},
        {"persona": "reader", "route": "home", "requests": 250},
        {"persona": "member", "route": "me", "requests": 30},
    ]
    chosen = family(make_trial(launches=2, pages=pages)).primary

    assert [str(question) for question in chosen] == [
        "reader article p50",
        "reader article p95",
        "member me p50",
        "reader home p50",
        "reader home p95",
    ]


def test_the_family_has_a_limit(make_trial: Callable[..., Record]) -> None:
    """No more questions than allowed are primary; the rest are exploratory and not lost."""
    pages = [{"persona": "reader", "route": f"r{i}", "requests": 200} for i in range(9)]
    chosen = family(make_trial(launches=2, pages=pages))

    assert (len(chosen.primary), len(chosen.exploratory)) == (12, 6)


def test_the_choice_does_not_look_at_latencies(make_trial: Callable[..., Record]) -> None:
    """Other latencies of the same requests leave the family as it is."""
    pages = [{"persona": "reader", "route": r, "requests": 220} for r in ("a", "b")]
    other = [page | {"after_ms": 400.0, "before_ms": 0.1} for page in pages]

    assert family(make_trial(launches=2, pages=pages)) == family(make_trial(launches=2, pages=other))


def test_a_class_of_one_arm_alone_is_never_judged(make_trial: Callable[..., Record]) -> None:
    """Where a page changes its class, the page is judged and its classes are only shown."""
    chosen = family(make_trial(launches=2))

    assert all(question.cell.cache == "all" for question in chosen.primary)
    assert Cell("reader", "article", "HIT") in chosen.one_sided
    assert Cell("reader", "article", "BYPASS") in chosen.one_sided


def test_a_class_both_arms_hold_is_judged(make_trial: Callable[..., Record]) -> None:
    """A cache class that is part of a page in both arms has a cell of its own."""
    pages = [{"persona": "reader", "route": "home", "requests": 400, "before_cache": "HIT", "after_cache": "HIT"}]
    chosen = family(make_trial(launches=2, pages=pages, unknown=0.2))

    assert Question(Cell("reader", "home", "HIT"), "p50") in chosen.primary


def test_declared_cells_are_taken_at_their_word(make_trial: Callable[..., Record]) -> None:
    """A declared family replaces the rule; what it leaves out becomes exploratory."""
    wanted = (Question(Cell("reader", "home"), "p50"),)
    chosen = family(make_trial(launches=2), Design(primary=wanted))

    assert chosen.primary == wanted
    assert Question(Cell("reader", "article"), "p50") in chosen.exploratory


def test_a_declared_cell_that_nobody_requested_is_an_error(make_trial: Callable[..., Record]) -> None:
    """A declared page without a request is refused with the pages there are."""
    with pytest.raises(ComparisonError, match="reader article"):
        family(make_trial(launches=2), Design(primary=(Question(Cell("reader", "nowhere"), "p50"),)))


def test_what_is_not_a_page_never_decides(make_trial: Callable[..., Record]) -> None:
    """Redirects, edits, purges and log-ins are shown, however many they are, and are not primary."""
    pages = [{"persona": "editor", "route": route, "requests": 300} for route in sorted(NEVER_DECIDE)]
    pages.append({"persona": "editor", "route": "article", "requests": 40})
    chosen = family(make_trial(launches=2, pages=pages, unknown=0.3))

    assert {question.cell.route for question in chosen.primary} == {"article"}
    assert {question.cell.route for question in chosen.exploratory} >= NEVER_DECIDE


def test_what_never_decides_takes_no_place(make_trial: Callable[..., Record]) -> None:
    """The family is as large as it may be although redirects have more requests than any page."""
    pages = [{"persona": "reader", "route": "redirect", "requests": 400}]
    pages += [{"persona": "reader", "route": f"r{i}", "requests": 200} for i in range(9)]

    assert len(family(make_trial(launches=2, pages=pages)).primary) == 12
