"""What is swarmed: its pages, who judges its answers, what its visitors can do. Every worker builds it from data."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import synth
from locustfiles._errors import SwarmError
from locustfiles._oracle import Judge, Oracle
from locustfiles._outsider import MemberAccounts, Outsider, RecipeAccounts
from locustfiles._pages import Pages, listed_pages
from locustfiles._recipe import Recipe
from locustfiles._scenario import Scenario
from locustfiles._site import Accounts, Editing, PurgeMethod, Purging, ReferenceAccounts, ReferenceDesk, pages_of
from locustfiles._urls import UrlTable
from results.plan import SwarmPlan

_EDITIONS = 100_000  # digests remembered


@dataclass(frozen=True, slots=True)
class Skills:
    """What visitors of a site can do besides reading; None where they cannot."""

    accounts: Accounts | None = None
    editing: Editing | None = None
    purging: Purging | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """What a plan is carried out on.

    Attributes:
        pages: What can be asked for.
        scenario: The plan's scenario as it is on this site.
        judges: Who checks the answers of each arm, in the plan's order.
    """

    pages: Pages
    scenario: Scenario
    judges: tuple[Judge, ...]
    skills: Skills


def describe_reference(about: Mapping[str, Any], revisions: Mapping[str, Mapping[int, int]]) -> dict[str, Any]:
    """The reference site as data.

    Args:
        about: What it says of itself.
        revisions: Arm to the articles that were edited before.
    """
    return {
        "corpus": about["corpus"],
        "assets": list(about.get("assets", ())),
        "revisions": {arm: dict(edited) for arm, edited in revisions.items()},
    }


def describe_listed(table: UrlTable, recipe: Recipe | None, hosts: Collection[str]) -> dict[str, Any]:
    """A site of which only addresses are known, as data; ``hosts`` are its names."""
    return {"table": table.to_dict(), "recipe": None if recipe is None else recipe.to_dict(), "hosts": sorted(hosts)}


def build(data: Mapping[str, Any], plan: SwarmPlan, scenario: Scenario) -> Target:
    """The target that one of the descriptions above means.

    Raises:
        SwarmError: The scenario is not for such a site, or this version of the synthesizer does not know its corpus.
    """
    return _reference(data, plan, scenario) if "corpus" in data else _listed(data, plan, scenario)


def corpus_of(data: Mapping[str, Any]) -> synth.Corpus:
    """The corpus a site says it serves.

    Raises:
        SwarmError: This version of the synthesizer does not know it.
    """
    try:
        return synth.Corpus.from_dict(data["corpus"])
    except (synth.SynthError, KeyError, TypeError) as error:
        raise SwarmError(f"the site serves a corpus this version cannot make: {error}") from error


def _reference(data: Mapping[str, Any], plan: SwarmPlan, scenario: Scenario) -> Target:
    corpus = corpus_of(data)

    @lru_cache(_EDITIONS)
    def digest(article: int, revision: int) -> str:
        return corpus.article(article, revision=revision).digest

    edits = "edit" in scenario.writes
    judges = tuple(Oracle(digest, data["revisions"].get(arm.name), plan.stale_s, edits=edits) for arm in plan.arms)
    desk = ReferenceDesk(corpus)
    skills = Skills(ReferenceAccounts(corpus.seed), desk, desk)
    return Target(pages_of(corpus, data["assets"]), scenario, judges, skills)


def _listed(data: Mapping[str, Any], plan: SwarmPlan, scenario: Scenario) -> Target:
    table = UrlTable.from_dict(data["table"])
    recipe = None if data["recipe"] is None else Recipe.from_dict(data["recipe"])
    members = scenario.members
    if recipe is None and members is None and scenario.has_members:
        raise SwarmError(
            f"scenario {scenario.name!r} logs members in, and how this site does that is not known; "
            "describe it with --login FILE.toml"
        )
    own, login, accounts = (), "", None
    if members is not None:
        login, accounts = members.page, MemberAccounts(members)
    elif recipe is not None:
        own, login, accounts = recipe.pages, recipe.page, RecipeAccounts(recipe, set(data["hosts"]))
    apart = {kind.name for kind in scenario.kinds if kind.for_members or kind.then is not None}
    pages = listed_pages(table.paths, table.routes, table.weights, own, login, apart)
    judges = tuple(Outsider(members or recipe, scenario.kinds) for _ in plan.arms)
    return Target(pages, scenario.on(pages), judges, Skills(accounts, None, PurgeMethod()))
