"""What a rig refuses once it knows what the scenario asks for."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from harness.errors import HarnessError, RunFailed, TargetError, UsageError
from harness.progress import Steps
from harness.rig import Rig, check_cells
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


def fail(folder: Path, error: BaseException, *, is_whole: bool = True, **known: Any) -> str:
    """What a trial says that goes wrong when so much is known of it.

    Raises:
        BaseException: As which it goes wrong.
    """
    said = io.StringIO()
    steps = Steps(Console(file=said, soft_wrap=True))
    with (
        contextlib.suppress(type(error)),
        Rig.open(TrialPlan(keep_awake=False), folder, [], steps, is_whole=is_whole) as rig,
    ):
        rig.keep(**known)
        raise error
    return said.getvalue()


@pytest.mark.parametrize("error", [TargetError("it does not answer"), UsageError("the sitemap cannot be fetched")])
def test_what_goes_wrong_once_load_had_begun_is_a_failed_run(error: HarnessError, tmp_path: Path) -> None:
    """Before that the error stands as it is, and goes to the shell as a wrong plan does."""
    fail(tmp_path, error, rate=20.0)
    with pytest.raises(RunFailed, match=str(error)):
        fail(tmp_path, error, rate=20.0, done=[0])


@pytest.mark.parametrize(
    ("rate", "is_whole", "error", "is_told"),
    [
        (0.0, True, TargetError("no such program"), False),
        (0.0, True, KeyboardInterrupt(), True),
        (20.0, True, TargetError("it does not answer"), True),
        (20.0, False, TargetError("it does not answer"), False),
        (20.0, False, KeyboardInterrupt(), False),
    ],
)
def test_how_to_go_on_is_told_where_going_on_can_help(
    rate: float, error: BaseException, tmp_path: Path, *, is_whole: bool, is_told: bool
) -> None:
    """Not after a failure before the pilot was through, which the kept plan repeats; nor of a part of something."""
    said = fail(tmp_path, error, is_whole=is_whole, rate=rate)

    assert ("anp trial --resume" in said) == is_told
