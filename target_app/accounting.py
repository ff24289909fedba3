"""What the database cost one request: statements counted at the driver, and the time spent in them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class Ledger:
    """The bill of one request. ``seconds`` covers stepping through the rows as well."""

    statements: int = 0
    seconds: float = 0.0


LEDGER: ContextVar[Ledger | None] = ContextVar("anp_ledger", default=None)
"""The request being served in this context; work outside any request is charged to nobody."""


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
def nobody_pays() -> Iterator[None]:
    """Work inside is charged to no request."""
    token = LEDGER.set(None)
    try:
        yield
    finally:
        LEDGER.reset(token)
