"""Sessions that are there more than once: one run in two of its tool's formats, or one file under two names.

Each would pass for a session of its own, and sessions that agree so well make any difference look certain.
"""

from __future__ import annotations

from results.foreign.checks import Sessions
from results.foreign.errors import ForeignError


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
                f"{seen[session.digest]} and {session.file} hold the same bytes; a session counts once, so name another"
            )
        seen[session.digest] = session.file


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
