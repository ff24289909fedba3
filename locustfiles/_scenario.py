"""What a scenario is: who comes, how often, and which pages they ask for."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from locustfiles._errors import SwarmError

ROUTES = ("home", "listing", "article", "tag", "me")
"""Routes a persona can ask for, in the order of their codes in the record."""


@dataclass(frozen=True, slots=True)
class Persona:
    """One kind of visitor.

    Attributes:
        share: Its part of all requests; the shares of a scenario are scaled to one.
        routes: Weight of each route among its requests.
        logged_in: Whether it is a member with a verified session, or an anonymous reader.
    """

    name: str
    share: float
    routes: Mapping[str, float]
    logged_in: bool = False

    def __post_init__(self) -> None:
        """Refuse routes that no visitor can ask for."""
        unknown = sorted(set(self.routes) - set(ROUTES))
        if unknown or not self.routes:
            raise SwarmError(
                f"persona {self.name!r} asks for {unknown or 'no'} routes; choose among {', '.join(ROUTES)}"
            )
        if "me" in self.routes and not self.logged_in:
            raise SwarmError(f"persona {self.name!r} asks for the member's page without logging in; set logged_in=True")


@dataclass(frozen=True, slots=True)
class Scenario:
    """A named mix of personas; ``name`` is also the name of its public locustfile."""

    name: str
    summary: str
    personas: tuple[Persona, ...]

    @property
    def has_members(self) -> bool:
        """Whether somebody logs in."""
        return any(persona.logged_in for persona in self.personas)

    def shares(self, member_share: float | None) -> list[float]:
        """Each persona's part of the requests; ``member_share`` replaces the members' part where a scenario mixes both.

        A scenario of only readers or only members keeps its own shares.
        """
        total = sum(persona.share for persona in self.personas)
        members = sum(persona.share for persona in self.personas if persona.logged_in) / total
        shares = [persona.share / total for persona in self.personas]
        if member_share is None or members in {0.0, 1.0}:
            return shares
        return [
            share * (member_share / members if persona.logged_in else (1 - member_share) / (1 - members))
            for share, persona in zip(shares, self.personas, strict=True)
        ]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data for ``plan.json``."""
        data = dataclasses.asdict(self)
        data["personas"] = [{**dataclasses.asdict(p), "routes": dict(p.routes)} for p in self.personas]
        return data
