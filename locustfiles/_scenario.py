"""What a scenario is: who comes, how often, and which pages they ask for."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from locustfiles._errors import SwarmError
from locustfiles._pages import WRITES, Pages
from results.plan import SwarmPlan

_ONLY_OURS = {"edit", "search", "static", "image"}  # scenarios about these mean the reference site's
_OWN_PAGES = 0.2  # of a member's requests on another site go to pages that only members ask for


@dataclass(frozen=True, slots=True)
class Persona:
    """One kind of visitor.

    Attributes:
        share: Its part of the plan's rate; the shares of a scenario are scaled to one.
        routes: Weight of each route among its requests; none for a persona that tours.
        logged_in: Whether it is a member with a verified session.
        revisits: Share of its requests that ask once more for a page it has seen, with the validator it then got.
        every_s: A persona with a clock of its own: one request in each such stretch, whatever the plan's rate.
        tours: It visits the whole site in the order of the sitemap, one page after the other.
    """

    name: str
    share: float = 0.0
    routes: Mapping[str, float] = dataclasses.field(default_factory=dict)
    logged_in: bool = False
    revisits: float = 0.0
    every_s: float | None = None
    tours: bool = False

    def __post_init__(self) -> None:
        """Refuse what no visitor can do."""
        if not self.routes and not self.tours:
            raise SwarmError(f"persona {self.name!r} asks for nothing; give it routes, or let it tour")
        if not self.share and self.every_s is None:
            raise SwarmError(f"persona {self.name!r} never comes; give it a share, or every_s")
        if self.revisits and self.logged_in:
            raise SwarmError(f"persona {self.name!r} is logged in, and a member's pages are not kept; set revisits=0")
        if "me" in self.routes and not self.logged_in:
            raise SwarmError(f"persona {self.name!r} asks for the member's page without logging in; set logged_in=True")

    @property
    def is_paced(self) -> bool:
        """Whether its requests are spread evenly, with a place in a sequence, instead of drawn one by one."""
        return self.tours or self.every_s is not None

    @property
    def writes(self) -> set[str]:
        """What it does besides reading."""
        return set(self.routes) & WRITES

    def on(self, pages: Pages) -> Persona:
        """This persona on a site of which only addresses are known: it reads by the site's own mix."""
        if self.tours or self.writes:
            return self
        read = {r: float(sum(section.weights or ())) for r, section in pages.sections.items() if r not in WRITES}
        own = read.pop("member", None)
        if self.logged_in and own is not None:
            read["member"] = _OWN_PAGES / (1 - _OWN_PAGES) * sum(read.values())
        return dataclasses.replace(self, routes=read)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A named mix of personas; ``name`` is also the name of its public locustfile."""

    name: str
    summary: str
    personas: tuple[Persona, ...]

    @property
    def has_members(self) -> bool:
        """Whether somebody logs in."""
        return any(persona.logged_in or "login" in persona.routes for persona in self.personas)

    @property
    def has_sessions(self) -> bool:
        """Whether members must be logged in before the first request."""
        return any(persona.logged_in for persona in self.personas)

    @property
    def writes(self) -> set[str]:
        """What its personas do besides reading."""
        return {route for persona in self.personas for route in persona.writes}

    def shares(self, member_share: float | None) -> list[float]:
        """Each persona's part of the requests; ``member_share`` replaces the members' part where a scenario mixes both.

        A scenario of only readers or only members keeps its own shares.
        """
        total = sum(persona.share for persona in self.personas) or 1.0  # all may have clocks of their own
        members = sum(persona.share for persona in self.personas if persona.logged_in) / total
        shares = [persona.share / total for persona in self.personas]
        if member_share is None or members in {0.0, 1.0}:
            return shares
        return [
            share * (member_share / members if persona.logged_in else (1 - member_share) / (1 - members))
            for share, persona in zip(shares, self.personas, strict=True)
        ]

    def require_use(self, plan: SwarmPlan) -> None:
        """Refuse what a plan asks of personas that this scenario does not have.

        Raises:
            SwarmError: A clock for events it has none of, or a share of members where it does not mix them with others.
        """
        if plan.event_s is not None and all(persona.every_s is None for persona in self.personas):
            raise SwarmError(
                f"--event-every {plan.event_s:g} s has no effect: scenario {self.name!r} has no edits, purges or "
                "log-ins by the clock; leave it out"
            )
        if plan.member_share is not None and len({persona.logged_in for persona in self.personas if persona.share}) < 2:
            who = "only members" if self.has_sessions else "no members"
            raise SwarmError(
                f"--member-share {plan.member_share:g} has no effect: scenario {self.name!r} has {who} who read; leave "
                "it out, or choose readers_and_members"
            )

    def on(self, pages: Pages) -> Scenario:
        """This scenario on a site of which only addresses are known.

        Raises:
            SwarmError: It needs pages that only the reference site has.
        """
        needed = sorted({route for persona in self.personas for route in persona.routes} & _ONLY_OURS)
        if needed:
            raise SwarmError(
                f"scenario {self.name!r} needs the reference site ({', '.join(needed)}); "
                "on another site choose cache_hit, logged_in, readers_and_members, crawl, stampede, login_storm or "
                "wordpress_mix"
            )
        return dataclasses.replace(self, personas=tuple(persona.on(pages) for persona in self.personas))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data for ``plan.json``."""
        data = dataclasses.asdict(self)
        data["personas"] = [{**dataclasses.asdict(p), "routes": dict(p.routes)} for p in self.personas]
        return data
