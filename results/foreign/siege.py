"""Siege: ``--json-output``. It gives a mean in hundredths of a second and nothing that could be judged."""

from __future__ import annotations

import json
from typing import Final

from results.foreign.errors import CutOff
from results.foreign.model import ALL, Session, even, summary
from results.foreign.source import NO_JSON, Source, number, table, whole

TOOL: Final = "Siege"
RESOLUTION: Final = even(5.0, "hundredths of a second: ±5 ms")

_SIGNS: Final = ('"transactions"', '"availability"', '"elapsed_time"', '"concurrency"')


def matches(source: Source) -> bool:
    """Whether this is Siege's JSON, with or without the lines it prints around it."""
    return all(sign in source.head for sign in _SIGNS[:3])


def read(source: Source) -> Session:
    """Read it.

    Raises:
        ForeignError: It cannot be read.
    """
    source.refuse_cut()
    begin = source.text.find("{")
    try:
        found, _ = json.JSONDecoder().raw_decode(source.text[begin:])
    except NO_JSON as error:
        raise CutOff(source.name, "it begins as JSON and does not end as JSON") from error
    document = table(source, "the document", found)
    good = whole(source, "successful_transactions", document.get("successful_transactions"))
    failed = whole(source, "failed_transactions", document.get("failed_transactions"))
    made = whole(source, "transactions", document.get("transactions"))
    series = summary(
        ALL,
        {},
        max(made, good) + failed,
        RESOLUTION,
        failed_beyond=failed,
        mean_ms=number(source, "response_time", document.get("response_time"), scale=1000),
    )
    return Session(
        tool=TOOL,
        format="JSON",
        file=source.name,
        digest=source.digest,
        clock="request begun to last byte, connecting included; a user waits for each reply",
        resolution=RESOLUTION.words,
        series=(series,),
        warnings=("Siege gives a mean only, in hundredths of a second.",),
    )
