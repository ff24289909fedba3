"""What must hold before sessions are put side by side."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from results.foreign import checks
from results.foreign.errors import ForeignError
from results.foreign.model import ALL, EXACT, Session, samples


def session(name: str, *routes: tuple[str, int, int], **settings: object) -> Session:
    """A session with routes of so many answered and failed requests."""
    series = [samples(route, np.ones(answered), failed, EXACT) for route, answered, failed in routes]
    if len(series) > 1:
        total = sum(answered for _, answered, _ in routes), sum(failed for _, _, failed in routes)
        series.append(samples(ALL, np.ones(total[0]), total[1], EXACT))
    made = Session("tool", "rows", name, name, "clock", "exact", tuple(series))
    return dataclasses.replace(made, **settings)  # type: ignore[arg-type]


def failed(*sessions: Session, alpha: float = 0.05) -> list[str]:
    """Codes of the checks that fail for the first session against the rest."""
    return [each.code for each in checks.check(sessions[:1], sessions[1:], (), alpha) if each.state == "failed"]


def test_alike_sessions_pass_every_check() -> None:
    """Same tool, clock, load and routes, and no failure."""
    assert failed(session("a", ("/", 100, 0)), session("b", ("/", 120, 0))) == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"tool": "other"}, "tool"),
        ({"format": "summary"}, "format"),
        ({"clock": "due to last byte"}, "clock"),
        ({"settings": {"connections": "8"}}, "load"),
    ],
)
def test_what_differs_is_named(change: dict[str, object], code: str) -> None:
    """Another tool, format, clock or load fails the check of that name."""
    first = session("a", ("/", 100, 0), settings={"connections": "4"})
    second = session("b", ("/", 100, 0), **{"settings": {"connections": "4"}, **change})

    assert failed(first, second) == [code]


def test_settings_that_one_file_does_not_state_are_not_compared() -> None:
    """What is not known cannot differ."""
    assert failed(session("a", ("/", 9, 0), settings={"users": "4"}), session("b", ("/", 9, 0))) == []


def test_what_the_files_do_not_state_is_a_note_and_never_counts_as_fine() -> None:
    """Neither load nor failures are known: both checks are noted, do not stand, and stop nothing."""
    first, second = (session(name, ("/", 9, 0), failures_known=False) for name in "ab")

    found = {each.code: each for each in checks.check([first], [second], (), 0.05)}

    assert [code for code, each in found.items() if each.state == "noted"] == ["load", "errors"]
    assert not found["load"].ok
    assert not found["errors"].ok
    assert failed(first, second) == []


def test_a_rare_route_of_one_side_is_left_out_and_a_common_one_is_not() -> None:
    """One request in a hundred and fifty for another route is let pass; one in ten is not."""
    base = session("a", ("/", 150, 0), ("/x", 150, 0))
    rare = session("b", ("/", 150, 0), ("/x", 149, 0), ("/new", 1, 0))
    common = session("c", ("/", 150, 0), ("/x", 120, 0), ("/new", 30, 0))

    assert failed(base, rare) == []
    assert failed(base, common) == ["routes"]


def test_a_session_without_routes_is_compared_by_its_sum() -> None:
    """A summary over all requests meets only the same series of a file with routes."""
    whole, routes = session("a", (ALL, 100, 0)), session("b", ("/", 50, 0), ("/x", 50, 0))

    assert checks.common_names((whole, routes)) == (ALL,)
    assert failed(whole, routes) == []


def test_more_than_a_hundredth_of_failures_is_too_much() -> None:
    """Also where both sides fail alike, and also in one session of several."""
    bad, clean = session("b", ("/", 980, 20)), session("a", ("/", 1000, 0))

    assert failed(bad, session("c", ("/", 980, 20))) == ["errors"]
    assert failed(clean, clean, clean, bad) == ["errors"]


def test_one_failure_of_a_rare_route_is_chance() -> None:
    """One of fifty is over a hundredth and proves nothing; six of fifty do."""
    chance = session("a", ("/", 5000, 0), ("/rare", 49, 1))
    proof = session("b", ("/", 5000, 0), ("/rare", 44, 6))

    assert failed(chance, session("c", ("/", 5000, 0), ("/rare", 50, 0))) == []
    assert failed(proof, session("c", ("/", 5000, 0), ("/rare", 50, 0))) == ["errors"]


def test_a_difference_of_failures_must_be_certain_and_matter() -> None:
    """Half a percent of twenty thousand against none differs; one of two hundred, or 0.05 points, does not."""
    assert failed(session("a", ("/", 20_000, 0)), session("b", ("/", 19_900, 100))) == ["errors"]
    assert failed(session("a", ("/", 200, 0)), session("b", ("/", 199, 1))) == []
    assert failed(session("a", ("/", 200_000, 0)), session("b", ("/", 199_900, 100))) == []


def test_unknown_failures_are_said_to_be() -> None:
    """The check cannot fail where nothing is known, and says so; the file itself then supports no verdict."""
    first, second = (session(name, ("/", 100, 0), failures_known=False) for name in "ab")

    found = checks.check((first,), (second,), (), 0.05)

    assert found[-1].words == "The files do not say how many requests failed."


def test_a_side_without_sessions_is_refused() -> None:
    """There is nothing to compare with."""
    with pytest.raises(ForeignError, match="on either side"):
        checks.refuse((session("a", ("/", 9, 0)),), (), ())
