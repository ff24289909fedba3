"""What a worker notes of its requests, and when it gives an arm up."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from tests import warm

PROBE = Path(__file__).with_name("journal_probe.py")


def keep(*events: tuple[str, Any], dead_s: float = 3.0) -> dict[str, Any]:
    """Keep a journal of some events; ``journal_probe`` says what there are."""
    found: dict[str, Any] = json.loads(warm.probe(PROBE, str(dead_s), json.dumps(events)))
    return found


def note(**values: Any) -> tuple[str, Any]:
    """One exchange."""
    return ("NOTE", values)


def test_an_exchange_is_one_row_and_one_event_of_locusts() -> None:
    """Times are of the plan, the event's time is the response time in milliseconds, and an arm names its routes."""
    timing = 'cache;desc="HIT";dur=0.1, db;dur=0.000, db-calls;dur=0, app;dur=0.250'
    found = keep(
        note(
            arm=1,
            request=7,
            scheduled=6.0,
            released=6.25,
            sent=6.5,
            end=7.0,
            body="twelve bytes",
            route=1,
            hop=2,
            conditional=True,
            retried=True,
            headers={"server-timing": timing},
        ),
        ("SHIP", 0),
    )
    [row] = found["shipped"][0]["rows"]
    names = ("arm", "request", "phase", "route", "hop", "bytes", "conditional", "retried")
    assert {name: row[name] for name in names} == {
        "arm": 1,
        "request": 7,
        "phase": 1,
        "route": 1,
        "hop": 2,
        "bytes": 12,
        "conditional": True,
        "retried": True,
    }
    assert [row[name] for name in ("scheduled", "released", "sent", "end")] == pytest.approx([6.0, 6.25, 6.5, 7.0])
    assert (row["server_ms"], row["db_ms"], row["db_calls"]) == (0.25, 0.0, 0)
    [[method, name, response_ms, size, failure, *where]] = found["fired"]
    assert (method, name, size, failure) == ("GET", "after home", 12, None)
    assert response_ms == pytest.approx(1000.0)
    assert where == ["after", "HIT"]


def test_what_was_planned_for_the_warm_up_is_not_measured() -> None:
    """The planned moment decides, so that a redirect belongs to the phase of what led to it; locust hears nothing."""
    found = keep(note(scheduled=4.9), note(planned=4.9, scheduled=5.1, hop=1), note(scheduled=5.0), ("SHIP", 0))
    assert [row["phase"] for row in found["shipped"][0]["rows"]] == [0, 0, 1]
    assert len(found["fired"]) == 1


def test_a_failure_has_its_class_and_its_words() -> None:
    """A bad status is of the class ``status``, an error keeps its own, a failed check is none and is told too."""
    found = keep(
        note(status=503, failure="status 503", check="unchecked", url=4),
        note(status=0, error="closed", check="unchecked", arm=1, request=9, reason="before any answer"),
        note(check="leak"),
        note(check="unchecked"),
        ("SHIP", 0),
    )
    assert [row["error"] for row in found["shipped"][0]["rows"]] == ["status", "closed", "none", "none"]
    assert [failure for *_, failure, _, _ in found["fired"]] == ["status 503", "closed", "leak", None]
    [second] = found["shipped"][0]["seconds"]
    assert (second["completed"], second["errors"]) == (4, 2)
    names = ("error", "arm", "request", "url", "reason")
    assert [[each[name] for name in names] for each in found["shipped"][0]["failed"]] == [
        ["status", "before", 0, 4, "status 503"],
        ["closed", "after", 9, 0, "before any answer"],
    ]


def test_a_shipment_takes_everything_with_it() -> None:
    """Each shipment holds what came since the last, numbered on; a quiet second has no lag to speak of."""
    found = keep(
        ("OFFER", [0.001] * 99 + [0.1]),
        note(),
        note(),
        ("SHIP", 3),
        ("SHIP", 0),
        note(),
        ("EXAMPLE", "leak"),
        ("SHIP", 0),
    )
    shipped = found["shipped"]
    assert [(shipment["first"], len(shipment["rows"])) for shipment in shipped] == [(0, 2), (2, 0), (2, 1)]
    assert found["rows"] == 3
    busy, quiet, _ = (shipment["seconds"][0] for shipment in shipped)
    assert [busy[name] for name in ("offered", "sent", "completed", "in_flight")] == [100, 100, 2, 3]
    assert [quiet[name] for name in ("offered", "sent", "completed", "in_flight")] == [0, 0, 0, 0]
    assert busy["start_lag_p50_ms"] == pytest.approx(1.0)
    assert busy["lag_p99_ms"] == busy["start_lag_p99_ms"] == pytest.approx(1.99, rel=0.01)
    assert quiet["lag_p99_ms"] == 0.0
    assert math.isnan(quiet["start_lag_p99_ms"])
    assert [len(shipment["examples"]) for shipment in shipped] == [0, 0, 1]


def test_only_some_examples_and_specimens_are_kept() -> None:
    """Five examples of each failed check a second, and the headers of three answers of each arm and class in all."""
    headers = {"cache-status": "anp; hit"}
    notes = [note(arm=arm, cache=cache, headers=headers) for arm in (0, 1) for cache in ("HIT", "MISS")] * 4
    examples = [("EXAMPLE", check) for check in ("leak", "stale")] * 7
    found = keep(*notes, *examples, ("SHIP", 0), *notes, *examples, ("SHIP", 0))
    first, second = found["shipped"]
    for shipment in (first, second):
        assert sorted(example["check"] for example in shipment["examples"]) == ["leak"] * 5 + ["stale"] * 5
    assert first["examples"][0] | {"second": 0} == {
        "check": "leak",
        "arm": "after",
        "path": "/articles/x/",
        "viewer": "anonymous",
        "expected": "this",
        "got": "that",
        "second": 0,
    }
    kept = [(specimen["arm"], specimen["cache"]) for specimen in first["specimens"]]
    assert sorted(kept) == sorted([(arm, cache) for arm in ("before", "after") for cache in ("HIT", "MISS")] * 3)
    assert first["specimens"][0]["headers"] == headers
    assert second["specimens"] == []


FAILED = note(arm=1, status=0, error="connect", check="unchecked")


def test_an_arm_that_answers_nothing_for_a_while_is_dead() -> None:
    """Three failures in a row that last long enough name the arm and the reason, once; the other arm is another."""
    found = keep(FAILED, note(arm=0), FAILED, FAILED, FAILED, ("SHIP", 0), dead_s=0.0)
    assert found["dead"] == ["every request to arm after (http://127.0.0.1:2) failed for 0 s, the last by: connect"]


@pytest.mark.parametrize(
    ("dead_s", "events"),
    [
        (0.0, [FAILED, FAILED]),
        (0.0, [FAILED, FAILED, note(arm=1), FAILED, FAILED]),
        (0.0, [FAILED, FAILED, note(arm=1, check="leak"), FAILED, FAILED]),
        (0.0, [note(error="abandoned")] * 5),
        (1000.0, [FAILED] * 5),
    ],
    ids=["two failures", "an answer in between", "a wrong answer", "abandoned by ourselves", "not for long"],
)
def test_an_arm_is_not_given_up_lightly(dead_s: float, events: list[tuple[str, Any]]) -> None:
    """Any answer begins the count anew, a moment is too short, and what we gave up ourselves is no failure."""
    assert keep(*events, dead_s=dead_s)["dead"] == []
