"""What the database cost one request: statements counted at the driver, and the time spent in them."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class Ledger:
    """The bill of one request. ``seconds`` covers stepping through the rows as well."""

    statements: int = 0
    seconds: float = 0.0


LEDGER: ContextVar[Ledger | None] = ContextVar("anp_ledger", default=None)
"""The request being served in this context; work outside any request is charged to nobody."""


def count_statement(sql: str) -> None:
    """Charge one statement to the request under way; pragmas configure the connection and cost nothing."""
    ledger = LEDGER.get()
    if ledger is not None and sql.lstrip()[:6].upper() != "PRAGMA":
        ledger.statements += 1


def charge_seconds(seconds: float) -> None:
    """Charge time in the driver to the request under way."""
    ledger = LEDGER.get()
    if ledger is not None:
        ledger.seconds += seconds
