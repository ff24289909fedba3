"""Whether sessions of another tool may be put side by side at all: one tool and format, clock, load and requests.

A check that fails withholds every verdict. A failure can be fast, so sessions whose failures differ are never compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from scipy import special

from results.foreign.errors import BadFigure, ForeignError
from results.foreign.model import ALL, Session
from results.gates import ERROR_DIFFERENCE, ERROR_LIMIT
from results.units import counted, percent

Sessions = Sequence[Session]

UNMATCHED_LIMIT: Final = 0.01
"""Share of a session's requests that may go to routes the other sessions do not have."""

UNIT_FACTOR: Final = 300.0
"""From this on, figures of formats that do not state their unit are taken to be in several, and others are doubted."""

_BY_CHANCE: Final = 0.01


@dataclass(frozen=True, slots=True)
class Check:
    """One condition of comparing at all.

    Attributes:
        code: Stable name.
        title: What was looked at.
        ok: Whether it stands; what could not be looked at never does.
        words: What was found, in a sentence that can stand as a headline.
        short: The same in a few words, for a cell; empty where it stands.
        effect: What follows where it does not stand; after a note nothing does.
    """

    code: str
    title: str
    ok: bool
    words: str
    short: str = ""
    effect: Literal["not comparable", "note"] = "not comparable"

    @property
    def state(self) -> Literal["passed", "noted", "failed"]:
        """What became of it, as of a gate (``results.report.tables.gate_state``)."""
        return "passed" if self.ok else "noted" if self.effect == "note" else "failed"


def refuse(before: Sessions, after: Sessions, baselines: Sessions) -> None:
    """Refuse what is no comparison.

    Raises:
        ForeignError: A side is empty.
        BadFigure: Formats that do not state their unit are in different ones.
    """
    if not before or not after:
        raise ForeignError("a comparison needs a session on either side; name a result file for each")
    medians = [
        (figure.value, session.file)
        for session in (*before, *after, *baselines)
        if not session.unit_stated and (figure := session.total.figure(0.5)) is not None and figure.value > 0
    ]
    if medians and max(medians)[0] >= UNIT_FACTOR * min(medians)[0]:
        raise BadFigure(
            max(medians)[1],
            f"its median is {max(medians)[0] / min(medians)[0]:,.0f} times that of {min(medians)[1]}, "
            "and the format does not state its unit, so units are mixed",
            "Write both in one unit",
        )


def common_names(sessions: Sessions) -> tuple[str, ...]:
    """Routes that every session has, most requested first, the series over all requests last.

    Where one session has that series only, it is the only one.
    """
    if any([series.name for series in session.series] == [ALL] for session in sessions):
        return (ALL,) if all(session.find(ALL) is not None for session in sessions) else ()
    shared = set.intersection(*({series.name for series in session.series} for session in sessions))
    smallest = {
        name: min((found.requests or 0) for session in sessions if (found := session.find(name)) is not None)
        for name in shared
    }
    return tuple(sorted(shared, key=lambda name: (name == ALL, -smallest[name], name)))


def check(before: Sessions, after: Sessions, baselines: Sessions, alpha: float) -> tuple[Check, ...]:
    """All conditions, in the order in which they are told."""
    sessions = (*before, *after, *baselines)
    tool = _same("tool", "Tool", [session.tool for session in sessions], "different tools measure different things")
    if not tool.ok:
        return (tool,)
    # formats of one tool round, and count what is under way at the end, in different ways
    form = _same("format", "Format", [session.format for session in sessions], "the sessions are in different formats")
    return (
        tool,
        form,
        _same("clock", "Timed", [session.clock for session in sessions], "the sessions time different things"),
        _settings(sessions),
        _series(sessions),
        _errors(before, after, baselines, alpha),
    )


def _same(code: str, title: str, values: list[str], short: str) -> Check:
    found = list(dict.fromkeys(values))
    if len(found) == 1:
        return Check(code, title, ok=True, words=f"{found[0]}.")
    named = " and ".join(found[:2])
    return Check(code, title, False, f"{short[:1].upper()}{short[1:]}: {named}.", short)


def _settings(sessions: Sessions) -> Check:
    keys = sorted(set.intersection(*(set(session.settings) for session in sessions)))
    for key in keys:
        found = list(dict.fromkeys(session.settings[key] for session in sessions))
        if len(found) > 1:
            words = f"The load differs: {key} {found[0]} and {found[1]}."
            return Check("load", "Load", ok=False, words=words, short=f"{key} differ")
    if not keys:
        return Check("load", "Load", ok=False, words="The files do not state the load.", effect="note")
    words = ", ".join(f"{key} {sessions[0].settings[key]}" for key in keys)
    return Check("load", "Load", ok=True, words=f"{words}.")


def _series(sessions: Sessions) -> Check:
    names = set(common_names(sessions))
    if not names:
        words = "The sessions have no route in common."
        return Check("routes", "Routes", ok=False, words=words, short="no route in common")
    for session in sessions if names != {ALL} else ():
        lost = [series for series in session.series if series.name not in names and series.name != ALL]
        requests = sum(series.requests or 0 for series in session.series if series.name != ALL)
        if sum(series.requests or 0 for series in lost) > UNMATCHED_LIMIT * requests:
            words = f"{session.file} has requests for {lost[0].name}, which another session does not have."
            return Check("routes", "Routes", ok=False, words=words, short="the sessions asked for different things")
    routes = counted(len(names - {ALL}) or 1, "route")
    return Check("routes", "Routes", ok=True, words=f"{routes} in every session.")


def _errors(before: Sessions, after: Sessions, baselines: Sessions, alpha: float) -> Check:
    title = "Failed requests"
    sessions = (*before, *after, *baselines)
    if not all(session.failures_known for session in sessions):
        words = "The files do not say how many requests failed."
        return Check("errors", title, ok=False, words=words, effect="note")
    for session in sessions:
        for series in session.series:
            if series.requests and _is_over(series.failed, series.requests, whole=series is session.total):
                share = (
                    "every"
                    if series.failed >= series.requests
                    else percent(series.failed / series.requests) + " of the"
                )
                noun = "request" if share == "every" else "requests"
                words = (
                    f"Too many errors: {share} {noun} for {series.name} failed in {session.file}; "
                    "a failure can be fast, so latencies are not compared."
                )
                return Check("errors", title, ok=False, words=words, short="too many requests failed")
    for name in common_names(sessions):
        (bad, made), (bad_after, made_after) = (_pooled(side, name) for side in (before, after))
        if not made or not made_after:
            continue
        gap = abs(bad / made - bad_after / made_after)
        if gap > ERROR_DIFFERENCE and _p_value(bad, made, bad_after, made_after) < alpha:
            words = (
                f"Errors differ: {percent(bad / made)} of the requests for {name} failed before, "
                f"{percent(bad_after / made_after)} after; a failure can be fast, so latencies are not compared."
            )
            return Check("errors", title, ok=False, words=words, short="errors differ")
    lost = sum(session.total.failed for session in (*before, *after))
    words = f"{counted(lost, 'request')} failed; each counts as infinitely slow." if lost else "No request failed."
    return Check("errors", title, ok=True, words=words)


def _is_over(failed: int, requests: int, *, whole: bool) -> bool:
    """Whether too many failed: of the whole plainly, of a route with its few requests by a binomial test."""
    if failed <= ERROR_LIMIT * requests:
        return False
    return whole or float(special.bdtrc(failed - 1, requests, ERROR_LIMIT)) < _BY_CHANCE


def _pooled(side: Sessions, name: str) -> tuple[int, int]:
    found = [series for session in side if (series := session.find(name)) is not None]
    return sum(series.failed for series in found), sum(series.requests or 0 for series in found)


def _p_value(bad: int, made: int, bad_after: int, made_after: int) -> float:
    """Two-sided p of one rate of rare failures on both sides, given their sum (Przyborowski & Wilenski 1940).

    Failures come in bursts, so it errs towards *errors differ*.
    """
    both, share = bad + bad_after, made_after / (made + made_after)
    at_most = float(special.bdtr(bad_after, both, share))
    at_least = float(special.bdtrc(bad_after - 1, both, share)) if bad_after else 1.0
    return min(1.0, 2 * min(at_most, at_least))
