"""What a swarm of some kind was made to show, each in one line computed from its record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from results import series
from results.record import Record
from results.samples import numbers
from results.summary import among
from results.units import counted, milliseconds, per_second, percent

if TYPE_CHECKING:
    from rich.table import Table

_TENTH: Final = 0.1
_MEGABYTE: Final = 1024**2
_MISSES: Final = ("MISS", "EXPIRED")
_EVENTS: Final = {"login": "log-in"}

Rows = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Remark:
    """One line.

    Attributes:
        code: Stable name.
        words: The line.
        figures: The numbers in it; ``None`` where there is none.
    """

    code: str
    words: str
    figures: Mapping[str, float | None]


def remarks(record: Record) -> tuple[Remark, ...]:
    """What there is to say of a swarm's record besides its table; nothing of a trial, which has a comparison."""
    if record.kind == "trial":
        return ()
    table = record.table("requests")
    measured = among(table, "phase", "measured")
    if not measured.any():
        return ()
    return (
        *_breaking_point(record),
        *_stretches(record),
        *_sent_again(record, table, measured),
        *_missing_events(record, table, measured),
        *_login_cost(record, table, measured),
        *_collateral(record, table, measured),
        *_drift(record, table, measured),
    )


def to_dicts(found: Sequence[Remark]) -> list[dict[str, Any]]:
    """Plain JSON data."""
    return [asdict(remark) for remark in found]


def levels(record: Record) -> Table | None:
    """The steps of a search for the breaking point as a table; ``None`` where none was made."""
    search = (record.run or {}).get("breakpoint")
    if not search or not search["levels"]:
        return None
    from rich.table import Table  # late, as in the summary

    table = Table(box=None, pad_edge=False)
    for title in ("requests/s", "requests", "p99 ms", "errors", "holds"):
        table.add_column(title, justify="right")
    for level in search["levels"]:
        p99 = "–" if level["p99_ms"] is None else f"{level['p99_ms']:.3f}"
        holds = "yes" if level["holds"] else "no"
        table.add_row(f"{level['rate']:,.1f}", f"{level['requests']:,}", p99, percent(level["errors"]), holds)
    return table


def _breaking_point(record: Record) -> Iterator[Remark]:
    search = (record.run or {}).get("breakpoint")
    if not search:
        return
    held, broke = search["held"], search["broke"]
    limits = f"p99 at most {milliseconds(search['limit_p99_ms'])}, errors at most {percent(search['limit_errors'])}"
    if held is not None and broke is not None:
        words = f"held {per_second(held)}, broke at {broke:,.0f}/s ({limits})"
    elif broke is not None:
        words = f"broke at the first step already, {per_second(broke)} ({limits}): begin lower with --rate"
    elif held is not None:
        words = f"held {per_second(held)} and never broke ({limits}): begin higher with --rate, or go on for longer"
    else:
        words = "no step was long enough to be judged: go on for longer with --duration"
    yield Remark("breakpoint", words, {"held": held, "broke": broke})


def _stretches(record: Record) -> Iterator[Remark]:
    """The parts of a run whose rate changed, one line each and arm."""
    for stretch in series.stretches(record):
        times = {"p50": stretch.p50_ms, "p95": stretch.p95_ms, "p99": stretch.p99_ms}
        told = [f"{stretch.offered:,.1f}/s offered", f"{stretch.completed:,.1f}/s completed"]
        told += [f"{name} {milliseconds(time)}" for name, time in times.items() if time is not None]
        told += [] if stretch.errors is None else [f"errors {percent(stretch.errors)}"]
        told += [] if stretch.hit_ratio is None else [f"hits {percent(stretch.hit_ratio)}"]
        start, end = (f"{round(moment, 2):g}" for moment in (stretch.start, stretch.end))
        words = f"{_of(record, stretch.arm)}{stretch.part}, second {start} to {end}: "
        figures = {name: value for name, value in asdict(stretch).items() if name not in {"arm", "part"}}
        yield Remark("stretch", words + ", ".join(told), figures)


def _sent_again(record: Record, table: pa.Table, measured: Rows) -> Iterator[Remark]:
    """Requests that a server let down at the first attempt: no errors, but not what a visitor should meet."""
    again = measured & numbers(table.column("retried"))
    for arm in _arms(record):
        mine = among(table, "arm", arm)
        count = int((again & mine).sum())
        if count:
            share = count / int((measured & mine).sum())
            verb = "was" if count == 1 else "were"
            words = (
                f"{_of(record, arm)}{counted(count, 'request')} ({percent(share)}) {verb} sent again on a new "
                "connection because the server closed the kept one"
            )
            yield Remark("retried", words, {"requests": count, "share": share})


def _missing_events(record: Record, table: pa.Table, measured: Rows) -> Iterator[Remark]:
    """Personas with a clock of their own, none of whose events fell into the measured time."""
    for persona in (record.plan.get("scenario") or {}).get("personas", ()):
        every_s = persona.get("every_s")
        if every_s is None or (measured & among(table, "persona", persona["name"])).any():
            continue
        every_s = record.asked.get("event_s") or every_s
        what = " or ".join(_EVENTS.get(route, route) for route in persona["routes"])
        words = (
            f"no {what} fell into the measured time, so the figures are of a run without one: measure for longer "
            f"(--duration), or have one more often than every {every_s:g} s (--event-every)"
        )
        yield Remark("no_event", words, {"every_s": every_s})


def _login_cost(record: Record, table: pa.Table, measured: Rows) -> Iterator[Remark]:
    """The time of a log-in in the coin of this site: pages out of its cache.

    Log-ins under load count where there were some, each with all its requests, else those before the start, of which
    each worker's first were timed.
    """
    service_ms = (numbers(table.column("end")) - numbers(table.column("sent"))) * 1e3
    good = measured & among(table, "error", "none")
    rows = good & among(table, "route", "login") & among(table, "check", "ok", "unchecked")
    if rows.any():
        request = numbers(table.column("request"))[rows] * 2 + among(table, "arm", _arms(record)[0])[rows]
        _, position = np.unique(request, return_inverse=True)
        spent = np.bincount(position, weights=service_ms[rows])
        count = timed = spent.size
        median = float(np.median(spent))
    else:
        before = (record.run or {}).get("logins") or {}
        if not before.get("count"):
            return
        count, median = before["count"], before["p50_ms"]
        timed = before.get("timed", count)
    hits = service_ms[good & among(table, "cache", "HIT")]
    hit = float(np.median(hits)) if hits.size else None
    of = counted(count, "log-in") if timed == count else f"of {timed:,} of {counted(count, 'log-in')}"
    words = f"log-in p50 {milliseconds(median)} ({of})"
    if hit:
        words += f" = {median / hit:,.0f} page-cache hits of {milliseconds(hit)}"
    yield Remark("login", words, {"logins": count, "timed": timed, "login_p50_ms": median, "hit_p50_ms": hit})


def _collateral(record: Record, table: pa.Table, measured: Rows) -> Iterator[Remark]:
    """How much more edits dropped from the cache than had changed.

    A reader's miss counts where the page had been asked for before, so that the cache could have held it, and its
    article was edited at no time of the run.
    """
    edits = among(table, "route", "edit") & among(table, "error", "none")
    urls = record.table("urls")
    path = dict(zip(urls.column("url").to_pylist(), urls.column("path").to_pylist(), strict=True))
    url = numbers(table.column("url"))
    edited = {path.get(number) for number in np.unique(url[edits]).tolist()}
    pages = {path.get(number) for number in np.unique(url[among(table, "route", "article")]).tolist()}
    if not edits.any() or not edited & pages:
        return
    readers = among(table, "route", "article") & among(table, "persona", "reader")
    for arm in _arms(record):
        mine = np.flatnonzero(readers & among(table, "arm", arm))
        mine = mine[np.argsort(numbers(table.column("sent"))[mine], kind="stable")]
        _, first = np.unique(url[mine], return_index=True)
        known = np.ones(mine.size, bool)
        known[first] = record.asked.get("prepare") == "warm"
        others = np.array([path.get(number) not in edited for number in url[mine].tolist()], bool)
        asked = (measured[mine]) & known & others
        missed = int((asked & among(table, "cache", *_MISSES)[mine]).sum())
        done = int((edits & measured & among(table, "arm", arm)).sum())
        words = (
            f"{_of(record, arm)}{counted(done, 'edit')}: of {int(asked.sum()):,} readings of articles that the cache "
            f"had seen and nobody edited, {missed:,} missed"
        )
        yield Remark("collateral", words, {"edits": done, "misses": missed, "readings": int(asked.sum())})


def _drift(record: Record, table: pa.Table, measured: Rows) -> Iterator[Remark]:
    """What became worse, or grew, over a soak: its first tenth beside its last."""
    if record.asked.get("shape") != "soak":
        return
    scheduled = numbers(table.column("scheduled"))
    start, end = float(scheduled[measured].min()), float(scheduled[measured].max())
    tenth = (end - start) * _TENTH
    parts = (scheduled <= start + tenth, scheduled >= end - tenth)
    good = measured & among(table, "error", "none")
    response_ms = (numbers(table.column("end")) - scheduled) * 1e3
    memory = _memory(record, start)
    for arm in _arms(record):
        mine = good & among(table, "arm", arm)
        sides = [response_ms[mine & part] for part in parts]
        if not all(side.size for side in sides):
            continue
        (p50, p99), (later_p50, later_p99) = (np.quantile(side, (0.5, 0.99)).tolist() for side in sides)
        words = (
            f"{_of(record, arm)}first tenth to last: p50 {milliseconds(p50)} to {milliseconds(later_p50)}, "
            f"p99 {milliseconds(p99)} to {milliseconds(later_p99)}"
        )
        if memory is not None:
            words += f"; generator's memory {memory[0] / _MEGABYTE:,.0f} MB to {memory[1] / _MEGABYTE:,.0f} MB"
        first, last = memory or (None, None)
        yield Remark(
            "drift",
            words,
            {
                "first_p50_ms": p50,
                "last_p50_ms": later_p50,
                "first_p99_ms": p99,
                "last_p99_ms": later_p99,
                "first_rss_bytes": first,
                "last_rss_bytes": last,
            },
        )


def _memory(record: Record, start: float) -> tuple[float, float] | None:
    """Bytes that all workers hold at the start of the measured time and at the end of the run."""
    seconds = record.table("seconds")
    moment, worker = numbers(seconds.column("second")), numbers(seconds.column("worker"))
    held = numbers(seconds.column("rss_bytes"))
    first = last = 0.0
    for number in np.unique(worker):
        mine = np.flatnonzero((worker == number) & (moment >= start))
        if not mine.size:
            return None
        order = mine[np.argsort(moment[mine], kind="stable")]
        first += float(held[order[0]])
        last += float(held[order[-1]])
    return (first, last) if first and last else None


def _arms(record: Record) -> list[str]:
    return [str(arm["name"]) for arm in record.asked["arms"]]


def _of(record: Record, arm: str) -> str:
    """The arm as a line begins with it, where there are two."""
    return f"{arm}: " if len(_arms(record)) > 1 else ""
