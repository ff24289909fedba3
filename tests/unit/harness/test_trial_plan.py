"""Plans: where each value comes from, and how a wrong one is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.preset_files import presets
from harness.trial_plan import TrialPlan, load
from results.design import Design, Question
from results.samples import Cell

PRIMARY = '[[primary]]\npersona = "reader"\nroute = "article"\n'


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
        ("launches = 0", r"launches is 0; give 1 or more$"),
        ('rate = "fast"', r"rate is 'fast'; give requests a second from 0.01 to 1000000, or auto"),
        ('seconds = "long"', r"seconds is 'long'; give measured seconds of a launch from 0.5 to 86400, or auto"),
        ("seconds = 0.1", r"seconds is 0.1; give measured seconds of a launch from 0.5 to 86400, or auto"),
        ("launches = true", r"launches is true; give a number$"),
        ("rate = true", r"rate is true; give a number$"),
        ("[margins]\np50 = true", r"p50 is true; give a number$"),
        ('reason = "a\\u0000b"', r"a null byte is in reason; leave it out$"),
        ("launches = 1.5", r"launches is 1\.5; give a whole number$"),
        ("zipf = 3.5", r"zipf is 3\.5; give 3 or less$"),
        ("margins.p50 = 0", r"margins\.p50 is 0; give more than 0$"),
        ("margins.p50 = 1", r"margins\.p50 is 1; give less than 1$"),
        ("before = 3", r"before is 3; give a section of its own$"),
        ("before.set.page_cache = [1]", r"before\.set\.page_cache is \[1\]; give a text$"),
        ("launches =", r"is not TOML: "),
        ('prepare = "hot"', r"prepare is 'hot'; give 'natural', 'warm' or 'cold'"),
        ('method = "duett"', r"unknown method 'duett'; did you mean 'duet'\?"),
        ("method = 3", r"unknown method '3'; choose one of auto, duet, reversal, rounds"),
        ('again = "perhaps"', r"again is 'perhaps'; "),
        ('method = "reversal"\nagain = true', r"again needs a place of its own beside before, .* or use method rounds"),
        ('method = "reversal"\nlaunches = 7', r"launches is 7; give an even number from 4 up"),
        ('method = "reversal"\nlaunches = 2', r"launches is 2; give an even number from 4 up"),
        ("settle = -1", r"settle is -1; "),
        ("[margins]\nfloor_ms = -1", r"margins.floor_ms is -1; "),
        ("[control]\npersona = 'reader'", r"\[control\] lacks its route"),
        ("control = 3", r"control is 3; "),
        (
            "[control]\npersona = 'reader'\nruote = 'home'",
            r"unknown key of \[control\] 'ruote'; did you mean 'route'\?",
        ),
        (PRIMARY + 'cache = "HITT"', r"unknown cache class 'HITT'; did you mean 'HIT'\?"),
        (PRIMARY + 'quantile = "p96"', r"unknown quantile 'p96'; did you mean 'p99'\?"),
        (PRIMARY + "weight = 2", r"unknown key of \[primary\] 'weight'; choose one of cache, persona, quantile, route"),
        (PRIMARY + PRIMARY, r"primary cell reader article p50 is named twice; name it once"),
        ('[[primary]]\nroute = "article"', r"\[primary\] lacks its persona"),
        ('[[primary]]\npersona = "member"\nroute = "login"', r"route 'login' never decides; name a page"),
        (
            '[control]\npersona = "reader"\nroute = "article"\n' + PRIMARY + 'cache = "HIT"',
            r"reader article is both the control and primary; the control is a page the change cannot touch",
        ),
    ],
)
def test_a_wrong_plan_is_one_line_with_key_value_and_remedy(tmp_path: Path, text: str, message: str) -> None:
    """What is wrong in a plan file is said in one line that names file, key and value."""
    with pytest.raises(UsageError, match=message) as caught:
        load(_file(tmp_path, text), None, {})

    assert "\n" not in str(caught.value)
    assert "plan.toml" in str(caught.value)


def test_a_plan_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    """As editors of Windows leave one."""
    file = _file(tmp_path, "launches = 9")
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())

    assert load(file, None, {}).launches == 9


def test_arms_of_which_nothing_differs_are_known(tmp_path: Path) -> None:
    """Settings that are the same, or none; revisions, addresses and slots may differ though their words do not."""
    assert load(_file(tmp_path, ""), None, {}).arms_are_alike
    assert load(None, "same", {}).arms_are_alike
    assert not load(None, "page-cache", {}).arms_are_alike
    arm = '\ncommand = "serve {port}"\n'
    text = f'site.sitemap = "/s"\n[before]{arm}[after]{arm}'
    assert load(_file(tmp_path, text), None, {}).arms_are_alike
    assert not load(_file(tmp_path, f'{text}[git]\nbefore = "main"'), None, {}).arms_are_alike


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


def test_what_is_asked_reaches_the_comparison_as_it_stands(tmp_path: Path) -> None:
    """Primary cells, control, margins and floor of a plan are those of its design, and survive a record."""
    text = (
        PRIMARY
        + 'cache = "HIT"\nquantile = "p95"\n'
        + '[control]\npersona = "reader"\nroute = "search"\n[margins]\np50 = 0.2\nfloor_ms = 0.5\n'
    )

    design = load(_file(tmp_path, text), None, {}).design()

    assert design.primary == (Question(Cell("reader", "article", "HIT"), "p95"),)
    assert design.control == Cell("reader", "search")
    assert (design.margins, design.floor_ms) == ({"p50": 0.2, "p95": 0.05, "p99": 0.10}, 0.5)
    assert Design.from_dict(design.to_dict()) == design


def test_what_is_not_asked_is_left_to_the_comparison() -> None:
    """A plan that says nothing of cells, control and floor has the design's own defaults."""
    assert TrialPlan().design() == Design()


def test_the_second_copy_is_of_before(tmp_path: Path) -> None:
    """With ``again`` a third arm has the settings of the first; without it there are two."""
    plan = load(_file(tmp_path, "again = true\n[before.set]\npage_cache = false\n"), None, {})

    assert list(plan.arms) == ["before", "after", "again"]
    assert plan.arms["again"] == plan.arms["before"]
    assert list(load(None, "page-cache", {"again": None}).arms) == ["before", "after"]
    assert list(load(None, "page-cache", {"again": True}).arms) == ["before", "after", "again"]
