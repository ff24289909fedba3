"""The experiments that come with ``anp``: each is a plan that can be carried out, and is explained."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from rich.console import Console

from harness.cli import app, options
from harness.preset_files import presets
from harness.presets import Preset, catalogue
from harness.scenarios import scenarios
from harness.trial_plan import TrialPlan, load
from target_app.settings import Settings, parse_settings

PAGES = Path(__file__).parents[3] / "docs" / "experiments"
EXPERIMENTS = [name for name in presets() if name != "same"]


def test_every_switch_of_the_page_cache_and_the_database_has_its_experiment() -> None:
    """There is one preset for each, and one in which nothing differs."""
    assert set(presets()) == {
        "assets",
        "compression",
        "db-index",
        "meta-n-plus-one",
        "page-cache",
        "purge-scope",
        "same",
        "similar",
        "stampede",
    }


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_one_setting_differs_and_after_has_the_good_value(name: str) -> None:
    """The site takes all settings; between the arms one of them differs, and after has the site's own default."""
    plan = load(None, name, {})
    before, after = (parse_settings(arm.assignments()).to_dict() for arm in (plan.before, plan.after))
    differing = {setting for setting in before if before[setting] != after[setting]}

    (switch,) = differing
    assert after[switch] == Settings().to_dict()[switch]
    assert set(plan.before.settings()) == set(plan.after.settings())


@pytest.mark.parametrize("name", presets())
def test_a_preset_is_named_as_its_file_and_says_what_to_expect(name: str) -> None:
    """Its record carries its name; the note of its change opens with reason and expectation."""
    plan = load(None, name, {})

    assert (plan.name, plan.preset) == (name, name)
    assert plan.reason
    assert plan.expected
    assert plan.scenario in scenarios()


def test_same_has_arms_that_are_the_same() -> None:
    """Nothing differs between them."""
    plan = load(None, "same", {})

    assert plan.before == plan.after
    assert Preset.of("same", plan).change == "nothing"


def test_a_trial_of_any_preset_takes_six_minutes_at_most() -> None:
    """As far as it can be told beforehand: load, starts, and the import of the articles."""
    from harness.duration import total

    for name in presets():
        plan = load(None, name, {})
        seconds = 20.0 if plan.seconds == "auto" else plan.seconds
        assert total(plan, seconds) <= 360, name


def test_what_is_given_beside_a_preset_wins(tmp_path: Path) -> None:
    """Flags win over the plan file and that over the preset, key by key; what nobody names stays the preset's."""
    file = tmp_path / "plan.toml"
    file.write_text("rate = 7\nlaunches = 9\n[corpus]\nseed = 3\n[after.set]\ncache_ttl = 5\n")

    plan = load(file, "db-index", {"corpus": {"count": 70}, "launches": 12, "seconds": None})
    preset = load(None, "db-index", {})

    assert (plan.launches, plan.rate, plan.corpus.count, plan.corpus.seed) == (12, 7, 70, 3)
    assert plan.before == preset.before
    assert plan.after.settings() == {**preset.after.settings(), "cache_ttl": "5"}
    assert (plan.seconds, plan.method, plan.scenario) == (preset.seconds, preset.method, preset.scenario)


def test_primary_cells_beside_a_preset_take_the_place_of_its_own(tmp_path: Path) -> None:
    """A list is one value: nobody gets cells that they did not name."""
    file = tmp_path / "plan.toml"
    file.write_text('[[primary]]\npersona = "browser"\nroute = "image"\n')

    assert [cell.route for cell in load(file, "assets", {}).primary] == ["image"]


def test_a_plan_file_can_build_on_a_preset(tmp_path: Path) -> None:
    """``preset`` in a plan file is as good as the option, which wins."""
    file = tmp_path / "plan.toml"
    file.write_text('preset = "stampede"\nlaunches = 6\n')

    plan = load(file, None, {})

    assert plan == load(None, "stampede", {"launches": 6})
    assert load(file, "assets", {}).preset == "assets"
    assert TrialPlan().preset is None


def test_a_preset_that_a_plan_file_misspells_is_blamed_on_the_file(tmp_path: Path) -> None:
    """One line, with the file and the nearest name."""
    from harness.errors import UsageError

    file = tmp_path / "plan.toml"
    file.write_text('preset = "stampeed"\n')

    with pytest.raises(UsageError, match=r"^plan file .*: unknown preset 'stampeed'; did you mean 'stampede'\?$"):
        load(file, None, {})


def test_the_list_shows_change_scenario_and_purpose(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """``--list-presets`` has a row for each; as JSON it has the same."""
    monkeypatch.setattr(options, "console", lambda: Console(highlight=False, width=400))

    app(["trial", "--list-presets"], standalone_mode=False)
    head, *rows = capsys.readouterr().out.splitlines()
    app(["trial", "--list-presets", "--json"], standalone_mode=False)
    data = json.loads(capsys.readouterr().out)

    assert head.split("  ")[0] == "preset"
    assert [row.split()[0] for row in rows] == presets()
    for row, preset in zip(rows, catalogue(), strict=True):
        assert [preset.name, preset.change, preset.scenario, preset.shows] == re.split(r"\s{2,}", row.strip())
    assert data == [preset.to_dict() for preset in catalogue()]


def test_tab_completes_the_name(tmp_path: Path) -> None:
    """What a shell asks for with a part of a name is answered with the names that begin so."""
    import os
    import subprocess
    import sys

    words = {"_ANP_COMPLETE": "complete_bash", "COMP_WORDS": "anp trial --preset p", "COMP_CWORD": "3"}
    done = subprocess.run(
        [sys.executable, "-m", "harness"],
        env={**os.environ, **words},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.split() == [name for name in presets() if name.startswith("p")]


def test_every_preset_has_its_page_and_every_page_its_preset() -> None:
    """docs/experiments has a page of each, linked from its index, and no other."""
    index = (PAGES / "README.md").read_text(encoding="utf-8")

    assert {page.stem for page in PAGES.glob("*.md")} - {"README"} == set(presets())
    for name in presets():
        assert f"({name}.md)" in index


@pytest.mark.parametrize("preset", catalogue(), ids=lambda preset: preset.name)
def test_a_page_tells_what_a_trial_found_and_why(preset: Preset) -> None:
    """The verdict is a record's, with its table, its figure and the machine; the reasons are somebody's."""
    _, _, told = (PAGES / f"{preset.name}.md").read_text(encoding="utf-8").partition("\n## The verdict\n")
    verdict, _, why = told.partition("\n## Why\n")

    assert verdict.strip().startswith("**")
    assert "| cell | before | after | change [interval] |" in verdict
    assert f"({preset.name}.svg)" in verdict
    assert (PAGES / f"{preset.name}.svg").is_file()
    assert "Machine: " in verdict
    assert len(why.split()) > 40


@pytest.mark.parametrize("preset", catalogue(), ids=lambda preset: preset.name)
def test_a_page_tells_of_the_preset_as_it_is(preset: Preset) -> None:
    """Change, scenario and number of articles are those of the plan, and the command is one that can be typed."""
    text = (PAGES / f"{preset.name}.md").read_text(encoding="utf-8")

    assert f"| change | `{preset.change}` |" in text
    assert f"| scenario | [`{preset.scenario}`](../scenarios.md#{preset.scenario}) |" in text
    assert f"| articles | {preset.articles:,} |" in text
    assert re.search(rf"^\$ anp trial --preset {preset.name}( --launches [0-9]+)?$", text, re.MULTILINE)
    assert " ".join(preset.shows.split()) in " ".join(text.split())
