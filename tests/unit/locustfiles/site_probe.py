"""Deals with sites, in a process of its own because gevent wants one.

Usage: ``python site_probe.py STEPS``, JSON, a list of [word, ...]:

* ``SURVEY`` URL, listed, values of the plan: what the site says of itself, and its revisions;
* ``REQUIRE`` URL, paths: nothing, where some page is there;
* ``FETCH`` URL: the length of the body there;
* ``LOG_IN`` URL, member: whether it took any time;
* ``ENTER`` URL, recipe, account: the same by a recipe; ``PROVE`` URL, recipe: nothing, where a log-in can be told;
* ``JOIN`` URL, code of ``MEMBERS``: the header fields of the first of them, where a log-in can be told;
* ``EDIT`` URL, article; ``PURGE_ALL`` URL; ``PURGE`` URL, path: what came of it;
* ``STATISTICS`` URL;
* ``PAGES`` first id, count, assets: sections and paths of the reference site over a corpus;
* ``BUILD`` description, locustfile, plan: the target of a description that went over locust's own wire.

Prints a list with what each step gave, or ``{"error": ...}`` in place of a refusal.
"""

from __future__ import annotations

import importlib
import json
import sys
from dataclasses import replace
from typing import Any

from locust.rpc.protocol import Message

import synth
from locustfiles import _outsider, _site, _target
from locustfiles._client import Client, Origin
from locustfiles._errors import SwarmError
from locustfiles._recipe import Recipe
from locustfiles._swarm import SwarmUser
from results.plan import Arm, SwarmPlan

CORPUS = synth.Corpus(1, 50, profile="natural", seed=3)


def _arm(url: str) -> tuple[Arm, SwarmPlan]:
    arm = Arm("target", url)
    return arm, SwarmPlan("s", (arm,))


def survey(url: str, listed: bool, values: dict[str, Any] | None = None) -> Any:
    """Who is there."""
    arm, plan = _arm(url)
    site = _site.survey(arm, replace(plan, **values or {}), listed=listed)
    return {"about": site.about, "revisions": {str(article): number for article, number in site.revisions.items()}}


def require(url: str, paths: list[str]) -> Any:
    """Whether there are pages."""
    _site.require_pages(_site.survey(*_arm(url), listed=True), paths)


def fetch(url: str) -> Any:
    """What is there."""
    return len(_site.fetch(url, SwarmPlan("s", (Arm("target", url.rsplit("/", 1)[0]),))))


def log_in(url: str, member: int) -> Any:
    """Log a member in."""
    return _site.log_in(_site.ReferenceAccounts(CORPUS.seed), Client(Origin(url)), member) > 0


def enter(url: str, recipe: dict[str, Any], account: int) -> Any:
    """Log a member of a site that is not ours in."""
    accounts = _outsider.RecipeAccounts(Recipe.from_dict(recipe), {"127.0.0.1"})
    return _site.log_in(accounts, Client(Origin(url)), account) > 0


def prove(url: str, recipe: dict[str, Any]) -> Any:
    """Whether a log-in by a recipe can be told from none."""
    arm, plan = _arm(url)
    _outsider.require_proof(Recipe.from_dict(recipe), _site.Site(arm, _site.reach(arm, plan), None, {}))


def join(url: str, code: str) -> Any:
    """Log a member in by steps, and see that this can be told."""
    names: dict[str, Any] = {}
    exec(compile(code, "mine.py", "exec"), names)
    arm, plan = _arm(url)
    _outsider.require_members(names["MEMBERS"], _site.Site(arm, _site.reach(arm, plan), None, {}))
    client = Client(Origin(url))
    _site.log_in(_outsider.MemberAccounts(names["MEMBERS"]), client, 0)
    return dict(client.fields)


def edit(url: str, article: int) -> Any:
    """Store the next edition of an article."""
    reply, revision, finding = _site.ReferenceDesk(CORPUS).edit(Client(Origin(url)), article)
    return [reply.status, revision, None if finding is None else finding.check]


def purge_all(url: str) -> Any:
    """Empty the cache."""
    _site.purge(_site.survey(*_arm(url), listed=True))


def purge(url: str, path: str) -> Any:
    """Purge a page on a site that is not ours."""
    return _site.PurgeMethod().purge(Client(Origin(url)), path).status


def statistics(url: str) -> Any:
    """The site's counters."""
    return _site.statistics(_site.survey(*_arm(url), listed=True))


def pages(first: int, count: int, assets: list[str]) -> Any:
    """The table of the reference site."""
    table = _site.pages_of(synth.Corpus(first, count, profile="natural", seed=3), assets)
    return {route: [section.path(row) for row in range(section.size)] for route, section in table.sections.items()}


def build(data: dict[str, Any], locustfile: str, plan: dict[str, Any]) -> Any:
    """Build a target as a worker does."""
    SwarmUser._station = None  # a swarm has one locustfile, this process several
    scenario = importlib.import_module(f"locustfiles.{locustfile}").SCENARIO
    data = {**data, "revisions": {a: {int(i): r for i, r in e.items()} for a, e in data.get("revisions", {}).items()}}
    sent = Message("anp_prepare", {"target": data, "plan": plan}, "worker").serialize()
    came = Message.unserialize(sent).data
    target = _target.build(came["target"], SwarmPlan.from_dict(came["plan"]), scenario)
    path, article = "/x", synth.Corpus.from_dict(data["corpus"]).ids[0] if "corpus" in data else None
    skills = target.skills
    return {
        "routes": target.pages.routes,
        "personas": [[persona.name, dict(persona.routes)] for persona in target.scenario.personas],
        "expected": [judge.expect("article", "anonymous", article, path) for judge in target.judges],
        "judges": [type(judge).__name__ for judge in target.judges],
        "skills": [skills.accounts is not None, skills.editing is not None, skills.purging and skills.purging.method],
        "member": skills.accounts and skills.accounts.name(0),
    }


def _main(steps: list[list[Any]]) -> None:
    found = []
    for word, *values in steps:
        try:
            found.append(globals()[word.lower()](*values))
        except SwarmError as error:
            found.append({"error": str(error)})
    print(json.dumps(found))


if __name__ == "__main__":
    _main(json.loads(sys.argv[1]))
