"""What a scenario is: who comes, how often, and which pages they ask for."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from locustfiles._errors import SwarmError
from locustfiles._kinds import MOST, PageKind, require_name
from locustfiles._members import Members
from locustfiles._pages import WRITES, Pages
from locustfiles._recipe import suggestion
from locustfiles._steps import fields_of
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
        headers: Header fields it sends with every request, in place of a browser's own of the same names.
    """

    name: str
    share: float = 0.0
    routes: Mapping[str, float] = dataclasses.field(default_factory=dict)
    logged_in: bool = False
    revisits: float = 0.0
    every_s: float | None = None
    tours: bool = False
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what no visitor can do."""
        require_name("persona", self.name)
        fields_of(self.headers, f"persona {self.name!r}")
        for route, weight in self.routes.items():
            if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 < weight < inf:
                raise SwarmError(f"persona {self.name!r} asks for {route!r} {weight!r} times; give a positive number")
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

    def on(self, pages: Pages, kinds: Sequence[PageKind] = ()) -> Persona:
        """This persona on a site of which only addresses are known.

        It asks for what it names of the scenario's kinds. One that names none reads by the site's own mix.

        Raises:
            SwarmError: It names a kind beside something that is not known.
        """
        if self.tours or self.writes:
            return self
        names = {kind.name for kind in kinds}
        if names & set(self.routes):
            self._require(pages, names)
            return self
        closed = {"member", *(kind.name for kind in kinds if kind.for_members)}
        begun = {kind.name for kind in kinds if kind.then is not None}
        weights = {
            route: float(sum(section.weights or ()))
            for route, section in pages.sections.items()
            if route not in WRITES and route not in begun
        }
        read = {route: weight for route, weight in weights.items() if route not in closed}
        own = {route: weight for route, weight in weights.items() if route in closed}
        if self.logged_in and own:
            scale = _OWN_PAGES / (1 - _OWN_PAGES) * sum(read.values()) / sum(own.values()) if read else 1.0
            read |= {route: weight * scale for route, weight in own.items()}
        if not read:
            raise SwarmError(f"persona {self.name!r} finds no page that is for it; name kinds of pages in its routes")
        return dataclasses.replace(self, routes=read)

    def _require(self, pages: Pages, names: Collection[str]) -> None:
        """Refuse routes that have no page here."""
        for route in self.routes:
            if route in pages.sections:
                continue
            if route in names:
                raise SwarmError(
                    f"persona {self.name!r} asks for pages of kind {route}, and none of the addresses is of it; see "
                    "its pattern, or list its pages"
                )
            known = sorted({*pages.sections, *names} - WRITES)
            raise SwarmError(
                f"persona {self.name!r} asks for {route!r}, which is neither a kind of the scenario nor a route of the "
                f"addresses ({', '.join(known)}){suggestion(route, known)}"
            )


@dataclass(frozen=True, slots=True)
class Scenario:
    """A named mix of personas; ``name`` is also the name of its locustfile.

    Attributes:
        kinds: Of pages, on a site that is not the reference site; without any, its routes are made from its paths.
        members: Who logs in there, and how, where no login recipe does.
    """

    name: str
    summary: str
    personas: tuple[Persona, ...]
    kinds: tuple[PageKind, ...] = ()
    members: Members | None = None

    def __post_init__(self) -> None:
        """Refuse what does not fit together."""
        require_name("scenario", self.name)
        for what, named in (("personas", self.personas), ("page kinds", self.kinds)):
            names = [each.name for each in named]
            if double := [name for name in names if names.count(name) > 1]:
                raise SwarmError(f"scenario {self.name!r} has two {what} called {double[0]!r}; rename one")
        if not self.personas:
            raise SwarmError(f"scenario {self.name!r} has no persona; give it one that comes")
        if len(self.kinds) > MOST:
            raise SwarmError(f"scenario {self.name!r} has {len(self.kinds)} page kinds; {MOST} are possible")
        if self.members is not None and not self.has_members:
            raise SwarmError(f"scenario {self.name!r} has members, and no persona logs in; set logged_in=True")
        kinds = {kind.name: kind for kind in self.kinds}
        for persona in self.personas:
            for route in persona.routes:
                kind = kinds.get(route)
                if kind is not None and kind.for_members and not persona.logged_in:
                    raise SwarmError(
                        f"persona {persona.name!r} asks for pages of kind {route}, which are for members; set "
                        "logged_in=True"
                    )
                if kind is not None and not kind.has_addresses:
                    raise SwarmError(
                        f"persona {persona.name!r} asks for pages of kind {route}, which only steps lead to; give the "
                        "kind a pattern or pages"
                    )

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
        asked = {route for persona in self.personas for route in persona.routes}
        return asked & (WRITES | {kind.name for kind in self.kinds if kind.writes})

    @property
    def runs_code(self) -> bool:
        """Whether functions of its file decide what is asked for."""
        return self.members is not None or any(kind.then is not None for kind in self.kinds)

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
        asked = {route for persona in self.personas for route in persona.routes}
        needed = sorted(asked & _ONLY_OURS - {kind.name for kind in self.kinds})
        if needed:
            raise SwarmError(
                f"scenario {self.name!r} needs the reference site ({', '.join(needed)}); "
                "on another site choose cache_hit, logged_in, readers_and_members, crawl, stampede, login_storm or "
                "wordpress_mix"
            )
        if not len(pages.tour) and any(persona.tours for persona in self.personas):
            raise SwarmError(f"scenario {self.name!r} has a tour, and no page is for everybody; list some that are")
        return dataclasses.replace(self, personas=tuple(persona.on(pages, self.kinds) for persona in self.personas))

    def digest(self, file: str) -> str:
        """32 hex digits over all of it that could make other traffic.

        Args:
            file: Digest of the file it is in, which counts where functions of it decide what is asked for.
        """
        data = self.to_dict()
        data.pop("summary")
        data["headers"] = [dict(persona.headers) for persona in self.personas]
        data["file"] = file if self.runs_code else ""
        return hashlib.blake2b(json.dumps(data, sort_keys=True).encode(), digest_size=16).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data for ``plan.json``; of headers, which may hold a password, the names."""
        data: dict[str, Any] = {"name": self.name, "summary": self.summary, "personas": []}
        for persona in self.personas:
            values = {**dataclasses.asdict(persona), "routes": dict(persona.routes), "headers": sorted(persona.headers)}
            data["personas"].append({name: value for name, value in values.items() if value or name != "headers"})
        if self.kinds:
            data["kinds"] = [kind.to_dict() for kind in self.kinds]
        if self.members is not None:
            data["members"] = self.members.public()
        return data
