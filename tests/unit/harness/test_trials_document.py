"""docs/trials.md says of plans what the code does."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from harness.arms_plan import ArmPlan, GitPlan, HooksPlan, Part, SitePlan
from harness.duration import ALONE_S
from harness.planning import LAUNCHES, SECONDS
from harness.trial_plan import (
    ENOUGH_REQUESTS,
    SECONDS_LIMITS,
    SHORTEST_REVERSAL,
    CorpusPlan,
    MarginPlan,
    PrimaryPlan,
    TrialPlan,
    load,
)
from results.columns import CACHE_CLASSES
from results.interference import TOLERANCE
from results.planning import LAUNCHES as WEIGHED

TEXT = (Path(__file__).parents[3] / "docs" / "trials.md").read_text(encoding="utf-8")


def rows(head: str = "| key | default |") -> dict[str, str]:
    """Default as it is written, by key, of a table of keys."""
    table = TEXT[TEXT.index(head) :].partition("\n\n")[0]
    found = {}
    for keys, defaults in re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| ([^|]*)\|", table, re.MULTILINE):
        names = re.findall(r"`(\w+)`", keys)
        values = [value.strip(" `") for value in defaults.split(",")]
        found |= dict(zip(names, values * (len(names) if len(values) == 1 else 1), strict=True))
    return found


def test_every_plan_in_it_can_be_carried_out(tmp_path: Path) -> None:
    """Each TOML example is a valid plan."""
    plans = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)

    assert plans
    for text in plans:
        (tmp_path / "plan.toml").write_text(text, encoding="utf-8")
        assert load(tmp_path / "plan.toml", None, {}).reason


def test_every_key_is_told_with_its_default() -> None:
    """The table has the keys of a plan, no more and no fewer, each with its default."""
    told = rows()
    defaults = TrialPlan().model_dump(mode="json")

    assert set(told) == set(TrialPlan.model_fields)
    for key, value in told.items():
        if value not in {"", "–"}:
            assert json.loads(value) == defaults[key], key
        else:
            assert defaults[key] in (None, []) or isinstance(defaults[key], dict), key


@pytest.mark.parametrize(
    ("head", "part"),
    [
        ("| key of an arm |", ArmPlan()),
        ("| key of `[site]` |", SitePlan()),
        ("| key of `[hooks]` |", HooksPlan()),
        ("| key of `[git]` |", GitPlan(before="main")),
    ],
)
def test_every_key_of_a_section_is_told_with_its_default(head: str, part: Part) -> None:
    """No more keys and no fewer, each with its default; a dash, or nothing, where there is none."""
    told = rows(head)
    defaults = part.model_dump(mode="json")

    assert set(told) == set(type(part).model_fields)
    for key, value in told.items():
        if value in {"", "–"}:
            assert defaults[key] in (None, [], {}, "") or (key, part) == ("before", part), key
        elif key != "folder":  # which is the plan's own, once it is read
            assert json.loads(value) == defaults[key], key


def test_parts_of_a_plan_are_named() -> None:
    """Corpus, margins and primary cells have no key that the page leaves out."""
    for part in (CorpusPlan, MarginPlan, PrimaryPlan):
        for key in part.model_fields:
            assert f"`{key}`" in TEXT, key
    assert "`HIT`" in TEXT
    assert "HIT" in CACHE_CLASSES


def test_its_figures_are_those_of_the_code() -> None:
    """Seconds alone, tolerance, and the size of pilots are as the page says."""
    assert "alone for up to three seconds" in TEXT
    assert ALONE_S == 3.0
    assert "more than a tenth above one" in TEXT
    assert TOLERANCE == 0.10
    assert "three launches of at most four seconds, or" in TEXT
    assert "the trial's, four for a reversal" in TEXT
    assert (LAUNCHES, SECONDS, SHORTEST_REVERSAL) == (3, 4.0, 4)
    assert "as long as 250 requests to each arm take, from 35 s to 60 s" in TEXT
    assert (ENOUGH_REQUESTS, SECONDS_LIMITS) == (250, (35.0, 60.0))
    assert "trials of 6 to 24 launches" in TEXT
    assert (min(WEIGHED), max(WEIGHED)) == (6, 24)
