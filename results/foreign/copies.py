"""Sessions that are there more than once: one run in two of its tool's formats, or one file under two names.

Each would pass for a session of its own, and sessions that agree so well make any difference look certain.
"""

from __future__ import annotations

from typing import Final

from results.foreign.checks import Sessions
from results.foreign.errors import ForeignError
from results.foreign.model import Session

_MANY: Final = 10
"""Distinct latencies whose counts all agree in one run only."""

_SOME: Final = 3
"""Quantiles of an instrument that does not round which all agree in one run only."""


def refuse(before: Sessions, after: Sessions, baselines: Sessions) -> None:
    """Refuse a session that stands in two places.

    Raises:
        ForeignError: It does, or a side holds several formats of one tool, so that it may.
    """
    for side in (before, after, baselines):
        _refuse_formats(side)
    seen: dict[str, str] = {}
    for session in (*before, *after, *baselines):
        if session.digest in seen:
            raise ForeignError(
                f"{seen[session.digest]} and {session.file} hold the same content; "
                "a session counts once, so name another"
            )
        seen[session.digest] = session.file
    for side in (before, after, baselines):
        _refuse_figures(side)


def _refuse_formats(side: Sessions) -> None:
    """Refuse several formats of one tool on a side, since no file tells which other one is of the same run.

    Several tools on a side are another matter: sessions of these are not comparable.
    """
    first = {session.tool: session for session in reversed(side)}
    for session in side:
        other = first[session.tool]
        if session.format != other.format:
            raise ForeignError(
                f"{other.file} and {session.file} are two forms of results of {session.tool} ({other.format} and "
                f"{session.format}), and one run in two forms would count twice; leave one form of each run"
            )


def _refuse_figures(side: Sessions) -> None:
    """Refuse sessions of a side that agree in every figure where those of two runs do not."""
    seen: dict[tuple[object, ...], str] = {}
    for session in filter(_is_telling, side):
        figures = session.figures
        if figures in seen:
            raise ForeignError(
                f"{seen[figures]} and {session.file} agree in every figure to the last digit, which two runs do not; "
                "a session counts once, so name another"
            )
        seen[figures] = session.file


def _is_telling(session: Session) -> bool:
    """Whether figures that all agree are those of one run.

    Few figures in coarse steps agree by chance, unless the file tells when its run began.
    """
    total = session.total
    exact = {figure.value for figure in total.quantiles.values() if figure.low == figure.high}
    return session.started is not None or total.values_ms.size >= _MANY or len(exact) >= _SOME
