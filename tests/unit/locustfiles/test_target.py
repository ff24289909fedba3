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


def build(*cases: tuple[dict[str, Any], str]) -> list[Any]:
    """The targets of descriptions and locustfiles, as a worker builds them."""
    plan = SwarmPlan("s", ARMS, members=2).to_dict()
    return ask(*[("BUILD", data, scenario, plan) for data, scenario in cases])


def built(data: dict[str, Any], scenario: str) -> Any:
    """One target."""
    return build((data, scenario))[0]


def mark(article: int, revision: int) -> str:
    """The mark of an edition of the corpus."""
    digest = CORPUS.article(article, revision=revision).digest
    return f"page=article id={article} revision={revision} digest={digest} viewer=anonymous"


def test_each_arm_of_the_reference_site_has_its_own_editions() -> None:
    """What was edited on one arm before the run is expected there and not on the other, and survives the wire."""
    target = built(reference({"before": {1: 2}}), "publish_and_purge")
    assert target["judges"] == ["Oracle", "Oracle"]
    assert target["expected"] == [mark(1, 2), mark(1, 0)]
    assert target["skills"] == [True, True, "POST"]
    assert target["member"] == synth.people.member(0, CORPUS.seed).id
    assert {"edit", "search", "image", "sitemap"} <= set(target["routes"])


def test_a_listed_site_is_judged_by_its_viewers_alone() -> None:
    """There is no corpus to check by, nobody edits, and pages are purged one by one; members come from the recipe."""
    target = built(listed(RECIPE), "readers_and_members")
    assert target["judges"] == ["Outsider", "Outsider"]
    assert target["expected"] == ["viewer=anonymous"] * 2
    assert target["skills"] == [True, False, "PURGE"]
    assert "ann" not in target["member"]  # people's names stay out of records
    assert target["routes"] == ["home", "a", "member", "login", "purge"]
    assert dict(target["personas"]) == {
        "reader": {"home": 1.0, "a": 5.0},
        "member": {"home": 1.0, "a": 5.0, "member": pytest.approx(1.5)},
    }


def test_the_scenarios_that_fit_a_listed_site_are_built_and_the_others_refused() -> None:
    """Scenarios of members need a recipe; those of edits, searches and files need the reference site."""
    fits = ["cache_hit", "crawl", "stampede"]
    needs_recipe = ["logged_in", "readers_and_members", "login_storm"]
    needs_ours = ["publish_and_purge", "search", "assets"]
    found = build(
        *[(listed(), name) for name in fits + needs_recipe + needs_ours],
        *[(listed(RECIPE), name) for name in needs_recipe],
    )
    assert ["error" in target for target in found] == [False] * 3 + [True] * 6 + [False] * 3
    assert all("--login FILE.toml" in target["error"] for target in found[3:6])
    assert all("needs the reference site" in target["error"] for target in found[6:9])


def test_every_scenario_is_built_on_the_reference_site() -> None:
    """The reference site has what any of our scenarios asks for."""
    names = ["assets", "cache_hit", "crawl", "logged_in", "login_storm", "publish_and_purge", "search", "stampede"]
    found = build(*[(reference(), name) for name in [*names, "readers_and_members"]])
    for target in found:
        asked = {route for _, routes in target["personas"] for route in routes}
        assert asked <= set(target["routes"])


def test_a_corpus_of_another_kind_is_refused() -> None:
    """A site whose articles this version cannot make is no target, and the line says which corpus it was."""
    odd = {**reference(), "corpus": {**CORPUS.to_dict(), "profile": "baroque"}}
    assert "a corpus this version cannot make" in built(odd, "cache_hit")["error"]
