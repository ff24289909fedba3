"""What is swarmed: the description that goes to the workers, and what they build from it."""

from __future__ import annotations

from typing import Any

import pytest

import synth
from results.plan import Arm, SwarmPlan
from tests.unit.locustfiles.test_site import CORPUS, ask

ARMS = (Arm("before", "http://127.0.0.1:1"), Arm("after", "http://127.0.0.1:2"))
TABLE = {"paths": ["/", "/a/1", "/a/2"], "weights": [1.0, 2.0, 3.0], "routes": ["home", "a", "a"], "source": "urls.txt"}
RECIPE = {
    "name": "site.toml",
    "page": "/enter",
    "action": None,
    "form": None,
    "fields": {"user": "{login}", "pwd": "{password}"},
    "accounts": [["ann", "1"], ["bob", "2"]],
    "check": "/my",
    "logged_in": "Hello {login}",
    "logged_out": None,
    "pages": ["/my"],
}


def reference(revisions: dict[str, dict[int, int]] | None = None) -> dict[str, Any]:
    """The description of a reference site."""
    assets = ["/static/site.css", "/images/plum.svg"]
    return {"corpus": CORPUS.to_dict(), "assets": assets, "revisions": revisions or {}}


def listed(recipe: dict[str, Any] | None = None) -> dict[str, Any]:
    """The description of a site of three addresses."""
    return {"table": TABLE, "recipe": recipe, "hosts": ["kitchen.example"]}


REFERENCE = reference({"before": {1: 2}})
FITS = ("cache_hit", "crawl", "stampede")
OF_MEMBERS = ("logged_in", "readers_and_members", "login_storm")
OF_OURS = ("publish_and_purge", "search", "assets")
Targets = dict[tuple[str, str], Any]
CASES: Targets = {
    **{("reference", scenario): REFERENCE for scenario in FITS + OF_MEMBERS + OF_OURS},
    **{("listed", scenario): listed() for scenario in FITS + OF_MEMBERS + OF_OURS},
    **{("with recipe", scenario): listed(RECIPE) for scenario in FITS + OF_MEMBERS},
    ("odd", "cache_hit"): {**REFERENCE, "corpus": {**CORPUS.to_dict(), "profile": "baroque"}},
}


@pytest.fixture(scope="module")
def targets() -> Targets:
    """What a worker builds of each description and locustfile."""
    plan = SwarmPlan("s", ARMS, members=2).to_dict()
    return dict(zip(CASES, ask(*[("BUILD", data, name, plan) for (_, name), data in CASES.items()]), strict=True))


def mark(article: int, revision: int) -> str:
    """The mark of an edition of the corpus."""
    digest = CORPUS.article(article, revision=revision).digest
    return f"page=article id={article} revision={revision} digest={digest} viewer=anonymous"


def test_each_arm_of_the_reference_site_has_its_own_editions(targets: Targets) -> None:
    """What was edited on one arm before the run is expected there and not on the other, and survives the wire."""
    target = targets["reference", "publish_and_purge"]
    assert target["judges"] == ["Oracle", "Oracle"]
    assert target["expected"] == [mark(1, 2), mark(1, 0)]
    assert target["skills"] == [True, True, "POST"]
    assert target["member"] == synth.people.member(0, CORPUS.seed).id


def test_a_listed_site_is_judged_by_its_viewers_alone(targets: Targets) -> None:
    """There is no corpus to check by, nobody edits, and pages are purged one by one; members come from the recipe."""
    target = targets["with recipe", "readers_and_members"]
    assert target["judges"] == ["Outsider", "Outsider"]
    assert target["expected"] == ["viewer=anonymous"] * 2
    assert target["skills"] == [True, False, "PURGE"]
    assert "ann" not in target["member"]  # people's names stay out of records
    assert target["routes"] == ["home", "a", "member", "login", "purge"]
    assert dict(target["personas"]) == {
        "reader": {"home": 1.0, "a": 5.0},
        "member": {"home": 1.0, "a": 5.0, "member": pytest.approx(1.5)},
    }


@pytest.mark.parametrize("scenario", FITS + OF_MEMBERS + OF_OURS)
def test_a_listed_site_is_for_readers_and_with_a_recipe_for_members(targets: Targets, scenario: str) -> None:
    """Scenarios of members need a recipe; those of edits, searches and files need the reference site."""
    target = targets["listed", scenario]
    if scenario in FITS:
        assert "error" not in target
    elif scenario in OF_MEMBERS:
        assert "--login FILE.toml" in target["error"]
        assert "error" not in targets["with recipe", scenario]
    else:
        assert "needs the reference site" in target["error"]


@pytest.mark.parametrize("scenario", FITS + OF_MEMBERS + OF_OURS)
def test_every_scenario_is_built_on_the_reference_site(targets: Targets, scenario: str) -> None:
    """The reference site has what any of our scenarios asks for."""
    target = targets["reference", scenario]
    assert {route for _, routes in target["personas"] for route in routes} <= set(target["routes"])


def test_a_corpus_of_another_kind_is_refused(targets: Targets) -> None:
    """A site whose articles this version cannot make is no target, and the line says so."""
    assert "a corpus this version cannot make" in targets["odd", "cache_hit"]["error"]
