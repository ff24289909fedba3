"""The swarm: scenarios for locust, the precise client and clock under them, and the recording of every request.

Public modules are locustfiles (``cache_hit``, ``logged_in``, ``readers_and_members``); everything they share begins
with an underscore. What a locustfile of one's own needs is exported here, and is all that is promised to stay: see
docs/extending.md. Each name is imported when it is asked for, since ``SwarmUser`` imports locust, which patches the
process: only locust itself should do so. The other names need neither locust nor gevent.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from locustfiles._errors import SwarmError
    from locustfiles._kinds import PageKind
    from locustfiles._members import Members
    from locustfiles._recipe import Account
    from locustfiles._reply import Reply
    from locustfiles._scenario import Persona, Scenario
    from locustfiles._steps import Request, Steps, Visit
    from locustfiles._swarm import SwarmUser

__all__ = [
    "Account",
    "Members",
    "PageKind",
    "Persona",
    "Reply",
    "Request",
    "Scenario",
    "Steps",
    "SwarmError",
    "SwarmUser",
    "Visit",
]

_HOMES = {
    "Account": "_recipe",
    "Members": "_members",
    "PageKind": "_kinds",
    "Persona": "_scenario",
    "Reply": "_reply",
    "Request": "_steps",
    "Scenario": "_scenario",
    "Steps": "_steps",
    "SwarmError": "_errors",
    "SwarmUser": "_swarm",
    "Visit": "_steps",
}


def __getattr__(name: str) -> Any:
    """A name of the interface, imported at its first use."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """The interface."""
    return sorted({*globals(), *__all__})
