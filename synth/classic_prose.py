"""The sentences of the classic profile: whole paragraphs and templates, in natural case.

The composer lower-cases them. Slots: ``{problem}``, ``{stack}``, ``{scenario}``.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pool:
    """One section: its heading, how many paragraphs a page can take from it, and the paragraphs it chooses from."""

    heading: str
    quota: int
    paragraphs: tuple[str, ...]


TITLES = (
    "A practical route to {problem} with {stack}",
    "The short production list for {problem} in {stack}",
    "A calmer workflow around {problem} with {stack}",
    "Field notes: {problem} for {stack}",
    "What we check first when {problem} with {stack}",
    "{problem} in {stack}, one small step at a time",
    "A weekend plan for {problem} with {stack}",
    "Lessons from {problem} across {stack}",
    "{problem} with {stack}: an engineer's walkthrough",
    "How to budget time for {problem} in {stack}",
    "A reviewer's companion to {problem} with {stack}",
    "{problem} for {stack} without a rewrite",
)

INTROS = (
    (
        "Most people meet {problem} on a bad afternoon. Here is a slower look at it for {stack}, written "
        "{scenario}, with every step small enough to undo."
    ),
    "{stack} age well when somebody looks after them. This page collects what helped us with {problem} {scenario}.",
    (
        "There is no single trick behind {problem}. There is an order of work, and for {stack} that order is "
        "shorter than it looks."
    ),
    (
        "The situation is ordinary: {stack}, {scenario}, and a team with other things to do. The subject is "
        "{problem}, treated as routine work."
    ),
    (
        "Advice about {problem} tends to assume unlimited time. We assume one afternoon, {stack}, and a "
        "colleague who will read the diff tomorrow."
    ),
    (
        "Nobody plans for {problem} until a graph bends. What follows is the plan we wish we had kept ready "
        "for {stack} {scenario}."
    ),
    (
        "Before touching anything, agree on what better means. For {problem} with {stack} we settled on three"
        " numbers, and the rest of this page is about moving them."
    ),
    "This is a working document about {problem}. It was kept {scenario} and tidied up for anyone who runs {stack}.",
    "If {stack} pay the bills, {problem} is part of the rent. The notes below come from doing it {scenario}, twice.",
    (
        "Small sites and large ones share the same trouble with {problem}. The examples use {stack}, yet most"
        " of the reasoning travels."
    ),
)

OWNER = "In our {stack} work that means one named owner, one expected number and one written way back."
"""Appended to every third paragraph."""

APPROACH = "At alphanode we would rather ship a modest step with proof than a grand plan without it."
"""Appended to every fourth paragraph that is not a third one."""

FINAL_NOTES = (
    "Speed was only half of the goal; the other half is that {stack} are now easier to reason about. Leave "
    "the numbers, the commands and the doubts on this page, because whoever comes next will need all three."
)

SUMMARY = (
    "A generated engineering page on {problem} for {stack}: what to measure, which defaults hold up, how to "
    "step back, and what to write down."
)

POOLS = (
    Pool(
        "Why this matters",
        3,
        (
            (
                "Readers do not see architecture; they see a page that is late. Every delay you remove early "
                "is one that no later layer has to hide. That alone is reason enough to begin with the "
                "plainest measurement available."
            ),
            (
                "Costs creep in quietly. A query added for one widget runs on every page, and a header set "
                "for one client switches off caching for all of them. Looking closely once a month is cheaper"
                " than a week of archaeology."
            ),
            (
                "Confidence is a budget too. Each surprising deploy spends some of it, and people start to "
                "avoid Fridays, then Thursdays. Changes that are small and visible pay that budget back."
            ),
            (
                "Growth hides waste until it cannot. While traffic is light, the slow path and the quick one "
                "feel alike. Put a number on both now and the conversation about priorities gets short."
            ),
            (
                "Incidents teach, but the tuition is steep. Most of what an outage reveals could have been "
                "read from a quiet log on an ordinary morning. Make reading it somebody's habit."
            ),
        ),
    ),
    Pool(
        "Practical steps",
        4,
        (
            (
                "Choose one route and stay with it until it is boring. Replay a hundred real requests, keep "
                "the answers, and diff them after each edit. Boredom is the sign that the route is "
                "understood."
            ),
            (
                "Change a single setting per deploy. Two at once cannot be told apart, and three at once will"
                " be rolled back together. Patience here saves whole evenings later."
            ),
            (
                "Put the limit next to the thing it limits. A timeout hidden in a base class will be "
                "forgotten, while one that sits beside the call gets reviewed with it. Comment the number "
                "with its origin."
            ),
            (
                "Prefer deletion. Count the callers, warn the last of them, and take the unused branch out in"
                " its own commit. Less code answers faster and explains itself sooner."
            ),
            (
                "Script the boring part and only that. A ten-line program that prepares data beats a wiki "
                "page nobody follows, and it can be read in one sitting. Leave judgement to people."
            ),
            (
                "Try the change on the oldest content you have. Early pages carry odd markup, missing fields "
                "and strange dates, so they fail first. What survives them will survive the rest."
            ),
        ),
    ),
    Pool(
        "Production checks",
        4,
        (
            (
                "Watch the ninety-fifth percentile, not the mean. Averages stay calm while a tenth of your "
                "visitors wait. If the tail moves after a release, stop and look before adding anything else."
            ),
            (
                "Ask the cache what it did. A status header on every response turns an argument into a grep, "
                "and a hit ratio per route shows where effort is wasted. Keep the header on in production."
            ),
            (
                "Verify with a real account as well as an anonymous browser. Personal pages skip shared "
                "caches, so they feel every slow query directly. A change that helps only one of the two "
                "deserves a note."
            ),
            (
                "Keep a canary that is allowed to fail. Send it a twentieth of the load for an hour and "
                "compare error rates honestly. Promote it by hand the first few times."
            ),
            (
                "Look at the queue as well as the page. Work that was moved to the background still has to "
                "finish, and a growing backlog is a slow page in disguise. Graph the oldest waiting job."
            ),
            (
                "Check the clock on every machine involved. Skewed time breaks expiry, ordering and trust in "
                "graphs. It takes a minute and has embarrassed better teams than ours."
            ),
        ),
    ),
    Pool(
        "Security and maintenance notes",
        4,
        (
            (
                "Treat every value from outside as text until proven otherwise. Escape it where it is "
                "printed, bound it where it is stored, and log its length rather than its content. Simple "
                "rules survive staff changes."
            ),
            (
                "Give each service its own credential with the least it can live on. Sharing one account "
                "between jobs saves a minute and costs a quarter when it leaks. Write down where each is "
                "used."
            ),
            (
                "Schedule upgrades like rent, little and often. A dependency that is two versions behind is "
                "an errand; one that is nine behind is a project. Let the calendar decide, not the mood."
            ),
            (
                "Record who may purge, deploy and restore. Names change, so review the list when the season "
                "does. An empty line in it is a finding worth raising."
            ),
            (
                "Never let a shared cache hold a personal page. Mark such responses private at the source, "
                "test it with two accounts, and keep that test in the suite. One leak outweighs a year of "
                "speed."
            ),
            (
                "Archive the odd commands. The flag you needed at midnight will be needed again, and history "
                "files are no library. Keep them with the code, next to the reason."
            ),
        ),
    ),
)
