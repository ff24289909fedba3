"""Plans: where each value comes from, and how a wrong one is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.trial_plan import TrialPlan, load, presets


def _file(folder: Path, text: str) -> Path:
    path = folder / "plan.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_flag_beats_the_file_which_beats_the_preset_which_beats_the_default(tmp_path: Path) -> None:
    """Each value comes from the nearest source that names it."""
    file = _file(tmp_path, 'name = "from-file"\nlaunches = 9\n')

    plan = load(file, "page-cache", {"launches": 7, "warmup": None})

    assert (plan.launches, plan.name, plan.before.settings(), plan.warmup) == (
        7,
        "from-file",
        {"page_cache": "off"},
        TrialPlan().warmup,
    )


@pytest.mark.parametrize("preset", presets())
def test_every_preset_is_a_valid_plan(preset: str) -> None:
    """A preset that ships can be loaded and says why one would try it."""
    assert load(None, preset, {}).reason


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("launchs = 3", r"unknown key 'launchs'; did you mean 'launches'\?"),
        ("[corpus]\ncuont = 3", r"unknown key of \[corpus\] 'cuont'; did you mean 'count'\?"),
        ("launches = 0", r"launches is 0; input should be greater than or equal to 1"),
        ('rate = "fast"', r"rate is 'fast'; "),
        ("launches =", r"is not TOML: "),
        ('prepare = "hot"', r"prepare is 'hot'; input should be 'natural', 'warm' or 'cold'"),
    ],
)
def test_a_wrong_plan_is_one_line_with_key_value_and_remedy(tmp_path: Path, text: str, message: str) -> None:
    """What is wrong in a plan file is said in one line that names file, key and value."""
    with pytest.raises(UsageError, match=message) as caught:
        load(_file(tmp_path, text), None, {})

    assert "\n" not in str(caught.value)
    assert "plan.toml" in str(caught.value)


def test_an_unknown_preset_names_the_nearest() -> None:
    """A misspelt preset is refused with the one that was probably meant."""
    with pytest.raises(UsageError, match="unknown preset 'page-cash'; did you mean 'page-cache'"):
        load(None, "page-cash", {})


def test_a_missing_plan_file_is_refused(tmp_path: Path) -> None:
    """A plan file that is not there is an error that names it."""
    with pytest.raises(UsageError, match="there is no plan file"):
        load(tmp_path / "nowhere.toml", None, {})


def test_true_and_false_become_the_sites_on_and_off(tmp_path: Path) -> None:
    """A TOML boolean is handed to the site in the site's own words."""
    plan = load(_file(tmp_path, "[after.set]\npage_cache = false\ncache_ttl = 5\n"), None, {})

    assert plan.after.settings() == {"page_cache": "off", "cache_ttl": "5"}
