"""What a rig refuses once it knows what the scenario asks for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.errors import UsageError
from harness.rig import check_cells
from harness.trial_plan import TrialPlan
from results.record import Record

PERSONAS = [{"name": "reader", "routes": {"article": 0.8, "home": 0.2}}, {"name": "member", "routes": {"me": 1.0}}]
ONE_OF = "choose one of member me, reader article, reader home"
RECORD = Record(Path("swarm"), "swarm", {"scenario": {"name": "readers_and_members", "personas": PERSONAS}}, {})


def page(persona: str, route: str) -> dict[str, Any]:
    """A page as a plan names it."""
    return {"persona": persona, "route": route}


def test_pages_of_the_scenario_can_be_named() -> None:
    """Primary cells and a control that visitors ask for are let pass, and so is a plan that names none."""
    check_cells(TrialPlan(), RECORD)
    check_cells(
        TrialPlan.model_validate({"primary": [page("reader", "article")], "control": page("member", "me")}), RECORD
    )


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (
            {"primary": [page("reader", "home"), page("reader", "artikle")]},
            "primary: unknown page of scenario readers_and_members 'reader artikle'; did you mean 'reader article'?",
        ),
        (
            {"control": page("guest", "search")},
            "control: unknown page of scenario readers_and_members 'guest search'; " + ONE_OF,
        ),
    ],
)
def test_a_page_nobody_asks_for_is_refused(names: dict[str, Any], says: str) -> None:
    """After the first swarm, not after the last, with the page that was probably meant."""
    with pytest.raises(UsageError) as refusal:
        check_cells(TrialPlan.model_validate(names), RECORD)
    assert str(refusal.value) == says
