"""What one request cost: statements counted at the driver, the time spent in them, and the time in templates."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class Ledger:
    """The bill of one request, or of one piece of work that no request waits for.

    Attributes:
        statements: Database statements that look something up or change it.
        seconds: In the database driver; stepping through the rows is part of it.
        rendering: Seconds in templates.
        member: Whether whoever asked was found to be a member.
    """

    statements: int = 0
    seconds: float = 0.0
    rendering: float = 0.0
    member: bool = False


LEDGER: ContextVar[Ledger | None] = ContextVar("anp_ledger", default=None)
"""What is being served in this context; work outside of anything is charged to nobody."""


_FREE = ("PRAGMA", "BEGIN", "COMMIT", "ROLLBACK")
"""Statements that set a connection up or mark what belongs together, and look nothing up."""


def count_statement(sql: str) -> None:
    """Charge one statement to the request under way; those that look nothing up cost nothing."""
    ledger = LEDGER.get()
    if ledger is not None and not sql.lstrip()[:8].upper().startswith(_FREE):
        ledger.statements += 1


def charge_seconds(seconds: float) -> None:
    """Charge time in the driver to the request under way."""
    ledger = LEDGER.get()
    if ledger is not None:
        ledger.seconds += seconds


@contextmanager
def rendering() -> Iterator[None]:
    """Charge the time inside to the request under way, as time in templates."""
    begun = time.perf_counter()
    try:
        yield
    finally:
        ledger = LEDGER.get()
        if ledger is not None:
            ledger.rendering += time.perf_counter() - begun


def recognise_member() -> None:
    """Note that the request under way is a member's."""
    ledger = LEDGER.get()
    if ledger is not None:
        ledger.member = True


@contextmanager
def nobody_pays() -> Iterator[None]:
    """Work inside is charged to no request."""
    token = LEDGER.set(None)
    try:
        yield
    finally:
        LEDGER.reset(token)
