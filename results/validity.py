"""Reasons to doubt the figures of one swarm: each measured, each against a limit fixed beforehand.

The limits are those of comparisons (``gates``). A swarm has no verdict that could be withheld, so whatever would leave
a launch out, or forbid a verdict, makes its figures invalid; what only helps to read them is a note.
"""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from results import gates
from results.design import NEVER_DECIDE, Design
from results.gate import Gate
from results.record import FORMAT, Record, write_json
from results.samples import AFTER, BEFORE, Launch, coded, numbers, read_trial
from results.summary import among
from results.units import milliseconds, per_second, percent

WAITING_LIMIT: Final = 0.01
"""Share of requests that found every visitor busy, above which a note says so."""

LOOP_LAG_LIMIT_MS: Final = 25.0
GC_LIMIT_MS: Final = 50.0
"""From where on a note names the worst second: event loop held up, garbage collected."""

_WAIT_S: Final = gates.LAG_FLOOR_MS / 1000
_GRACE_S: Final = 1.0
_KEPT: Final = "doubts.json"
_NAMED: Final = 5
"""Kinds of failures that are named one by one."""

_LONGEST: Final = 200
"""Characters of an address in a line."""

_LOWER: Final = "Lower the rate, or give the generator a core of its own or more processes."
_MAY_HAVE_BROKEN: Final = "The generator, not the site, may be what broke: give it more processes."


@dataclass(frozen=True, slots=True)
class Doubt:
    """One reason for doubt.

    Attributes:
        code: Stable name.
        words: What was found and what to do, on one line.
        measured: What was found, in ``unit``; ``None`` where it is no number or could not be measured.
        limit: What it was held against.
        unit: ``%`` values are fractions; a noun stands in the singular.
        invalid: Whether the figures must not be used; otherwise it is a note.
    """

    code: str
    words: str
    measured: float | None = None
    limit: float | None = None
    unit: str = ""
    invalid: bool = True

    def __str__(self) -> str:
        """``INVALID: …`` or ``note: …``."""
        return f"{'INVALID' if self.invalid else 'note'}: {self.words}"


def doubts(record: Record) -> tuple[Doubt, ...]:
    """What speaks against the figures of a swarm's record, complete or cut off; what makes them invalid comes first.

    Nothing is said of a trial: its comparison holds the gates of all its launches.
    """
    if record.kind == "trial":
        return ()
    table = record.table("requests")
    found = [*_ending(record), *_wrong_pages(record, table)]
    if among(table, "phase", "measured").any():
        found += _figures(record, table)
    else:
        found.append(_nothing(record))
    return tuple(sorted(found, key=lambda doubt: not doubt.invalid))


def judge(record: Record) -> tuple[Doubt, ...]:
    """The ``doubts`` of a record. Those of a complete swarm are kept beside it, for whoever lists many records."""
    found = doubts(record)
    if record.kind == "swarm" and record.is_complete:
        data = {"format": FORMAT, "valid": is_valid(found), "doubts": to_dicts(found)}
        with contextlib.suppress(OSError):  # a record that is only there to be read is judged each time
            write_json(record.path / _KEPT, data)
    return found


def judged(record: Record) -> bool | None:
    """Whether the figures of a record were found valid when it was last judged; ``None`` where that is not known."""
    try:
        valid = json.loads((record.path / _KEPT).read_text(encoding="utf-8"))["valid"]
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return valid if isinstance(valid, bool) else None


def is_valid(found: Sequence[Doubt]) -> bool:
    """Whether figures with these doubts may be used."""
    return not any(doubt.invalid for doubt in found)


def to_dicts(found: Sequence[Doubt]) -> list[dict[str, Any]]:
    """Plain JSON data."""
    return [asdict(doubt) for doubt in found]


def _ending(record: Record) -> Iterator[Doubt]:
    run = record.run
    if run is None:
        yield Doubt(
            "cut_off",
            "The run was cut off or is still going: nothing shows that all of its requests are in the record. "
            "Let it come to its end, or run it again.",
        )
    elif run.get("ended_by") == "failed":
        yield Doubt("failed", f"The run failed: {run.get('reason') or 'no reason is known'}. Run it again.")
    elif run.get("ended_by") != "completed":
        yield Doubt(
            "interrupted", "The run was stopped before its end: the figures are of the part before.", invalid=False
        )


def _nothing(record: Record) -> Doubt:
    """No request in the measured time: it did not come to that, or there was none to make."""
    words = "Nothing was measured: the run ended before the first request of its measured time."
    if (record.run or {}).get("ended_by") == "completed":
        asked = record.asked
        rate, seconds = asked.get("rate"), asked.get("duration_s")
        measured = "measured time" if seconds is None else f"{seconds:g} s of measured time"
        words = (
            f"Nothing was measured: no visitor asked for anything in the {measured}. Measure for longer (--duration)."
        )
        if rate is not None:
            words = (
                f"Nothing was measured: at {per_second(rate)} none was planned in the {measured}. "
                "Measure for longer (--duration), or at a higher --rate."
            )
    return Doubt("nothing", words, 0, 1, "request")


def _wrong_pages(record: Record, table: pa.Table) -> Iterator[Doubt]:
    """Failed checks of every phase: a page that reached the wrong person during the warm-up has reached them."""
    found = _tally(table, "check", ~among(table, "check", "ok", "unchecked"))
    if not found:
        return
    words = f"Wrong pages were served ({_listed(found)}): a site that answers wrongly has no speed. "
    for example in ((record.run or {}).get("failed_checks") or [])[:1]:
        words += (
            f"For one, {example.get('arm')} {example.get('path')} for {example.get('viewer')}: "
            f"expected {example.get('expected')}, got {example.get('got')}. "
        )
    yield Doubt("checks", f"{words}Correct the site and run again.", sum(found.values()), 0, "page")


def _figures(record: Record, table: pa.Table) -> Iterator[Doubt]:
    """What the measured rows and the generator's own series tell."""
    names = [str(arm.get("name")) for arm in record.asked.get("arms", ())]
    is_duet = len(names) > 1
    samples = read_trial(record, names[0], names[1] if is_duet else "")  # a lone arm leaves the other side empty
    launch = samples.launches[0]
    report = gates.inspect(samples, launch)
    checked = {gate.code: gate for gate in gates.check(samples, (report,), Design(), 1, paired=is_duet)}
    ran_out = record.run is not None and record.run.get("ended_by") == "completed"
    finds_limits = str(record.asked.get("shape", "")).startswith("breakpoint")  # failing is how its search ends
    for code in ("lag", "cpu"):
        if not checked[code].ok:
            advice = checked["saturated"].details or _LOWER
            yield _failed(checked[code], _MAY_HAVE_BROKEN if finds_limits else advice)
    if ran_out and not finds_limits:
        yield from _rate_not_held(record, table, report.achieved)
    if ran_out and not checked["ledger"].ok:
        yield _incomplete(record, checked["ledger"])
    if ran_out and is_duet and not (gate := checked["traffic"]).ok:
        yield Doubt("traffic", f"{gate.words} {gate.details}", gate.measured, gate.limit, gate.unit)
    measured = among(table, "phase", "measured")
    if not finds_limits:
        yield from _errors(record, launch, table, measured, names)
        yield from _sent_again(table, measured, names)
    yield from _events(record, table, measured)
    yield from _unknown(record, table, measured)
    if record.asked.get("rate") is not None:  # visitors in a loop wait for nobody
        yield from _waiting(table, measured)
    yield from _held_up(launch)


def _failed(gate: Gate, remedy: str) -> Doubt:
    """A gate on the generator that does not stand."""
    if gate.measured is None:
        words = f"{gate.title} was not recorded, so nothing shows that the generator was fit. {remedy}"
    else:
        show = percent if gate.unit == "%" else milliseconds
        words = f"{gate.words.removesuffix('.')} ({show(gate.measured)}; {gate.bound} {show(gate.limit)}). {remedy}"
    return Doubt(gate.code, words, gate.measured, gate.limit, gate.unit)


def _incomplete(record: Record, gate: Gate) -> Doubt:
    """The gate on the ledger, and how far the site's own count is from the record's."""
    sites = ((record.run or {}).get("ledger") or {}).get("site") or {}
    differing = {arm: site for arm, site in sites.items() if site.get("agrees") is False and "answered" in site}
    words = []
    if gate.measured is None or gate.measured > len(differing):  # there are other gaps
        words.append(f"{gate.words} {gate.details}")
    for arm, site in differing.items():
        answered, unanswered = sum(site["answered"].values()), int(site["unanswered"])
        counted = sum(site["counted_by_site"].values())
        recorded = f"{answered:,} answers of {arm}" + (f" and {unanswered:,} requests without" if unanswered else "")
        cause = "somebody else used the site during the run, or requests are missing from the record"
        if counted < answered:
            cause = "something before the site answered in its stead, or it was restarted and counted anew"
        words.append(
            f"The record holds {recorded}, the site counted {counted:,} requests: {cause}. "
            "Let nobody else use the site, nor restart it, during a run, and run again."
        )
    return Doubt("ledger", " ".join(words), gate.measured, gate.limit, gate.unit)


def _rate_not_held(record: Record, table: pa.Table, ended: float) -> Iterator[Doubt]:
    """Requests left behind: sent only after the plan was over, or never brought to an end.

    What is sent long afterwards was not sent at the plan's rate, however well it then went.
    """
    asked = record.asked
    over = float(asked.get("warmup_s", 0.0)) + float(asked.get("duration_s") or np.inf)
    sent = numbers(table.column("sent"))[numbers(table.column("hop")) == 0]
    held = float(np.fmin(ended, (sent <= over + _GRACE_S).mean()))
    if held < gates.ACHIEVED_LIMIT:
        due = "requests due, those of the warm-up included," if asked.get("warmup_s") else "requests due"
        words = (
            f"The rate was not held: {percent(held)} of the {due} were carried out in their time "
            f"({percent(gates.ACHIEVED_LIMIT)} needed), so the site or the generator is past its capacity. "
            "Lower the rate, allow more visitors, or give the generator more processes."
        )
        yield Doubt("achieved", words, held, gates.ACHIEVED_LIMIT, "%")


def _errors(
    record: Record, launch: Launch, table: pa.Table, measured: npt.NDArray[np.bool_], names: Sequence[str]
) -> Iterator[Doubt]:
    shares = {name: gates.pooled_error_rate([launch], arm) for name, arm in zip(names, (BEFORE, AFTER), strict=False)}
    name, worst = max(shares.items(), key=lambda item: item[1])
    if worst > gates.ERROR_LIMIT:
        of = f" of {name}" if len(shares) > 1 else ""
        bad = measured & among(table, "arm", name) & ~among(table, "error", "none")
        kinds, example = _failures(record, table, bad)
        words = (
            f"{percent(worst)} of the requests{of} failed ({kinds}; at most {percent(gates.ERROR_LIMIT)}){example}: "
            "replies that fail fast must not pass for fast pages. Find the errors first."
        )
        yield Doubt("errors", words, worst, gates.ERROR_LIMIT, "%")


def _sent_again(table: pa.Table, measured: npt.NDArray[np.bool_], names: Sequence[str]) -> Iterator[Doubt]:
    """Requests that succeeded at the second attempt only: no errors, but nor is the site as fit as that sounds."""
    arms = {name: measured & among(table, "arm", name) for name in names}
    again = numbers(table.column("retried"))
    name = max(arms, key=lambda name: float(again[arms[name]].sum() / max(1, arms[name].sum())))
    count, of_all = int(again[arms[name]].sum()), int(arms[name].sum())
    share = count / max(1, of_all)
    if share > gates.ERROR_LIMIT:
        of = f" of {name}" if len(names) > 1 else ""
        words = (
            f"{percent(share)} of the requests{of} were sent again ({count:,} of {of_all:,}; at most "
            f"{percent(gates.ERROR_LIMIT)}), because the server closed kept connections as requests came: their times "
            "hold the lost attempt. Raise the keep-alive time-out of the server and of any proxy before it, and see "
            "what else closes connections."
        )
        yield Doubt("retried", words, share, gates.ERROR_LIMIT, "%")


def _events(record: Record, table: pa.Table, measured: npt.NDArray[np.bool_]) -> Iterator[Doubt]:
    """Edits, purges and log-ins that failed: few beside the pages, but what the scenario is about."""
    for route, plural in (("edit", "edits"), ("purge", "purges"), ("login", "log-in requests")):
        rows = measured & among(table, "route", route)
        bad = rows & (~among(table, "error", "none") | ~among(table, "check", "ok", "unchecked"))
        share = float(bad.sum() / max(1, rows.sum()))
        if share > gates.ERROR_LIMIT:
            kinds, example = _failures(record, table, bad)
            words = (
                f"{percent(share)} of the {plural} failed ({int(bad.sum()):,} of {int(rows.sum()):,}; {kinds})"
                f"{example}: the run did not do what its scenario says. See whether the site permits them."
            )
            yield Doubt(f"{route}s", words, share, gates.ERROR_LIMIT, "%")


def _unknown(record: Record, table: pa.Table, measured: npt.NDArray[np.bool_]) -> Iterator[Doubt]:
    """Pages whose cache class the replies do not tell; other sites often do not, and their times stand all the same."""
    pages = measured & among(table, "error", "none") & ~among(table, "route", *NEVER_DECIDE)
    unknown = int((pages & among(table, "cache", "UNKNOWN")).sum())
    share = unknown / max(1, int(pages.sum()))
    if share > gates.UNKNOWN_LIMIT:
        words = (
            f"{percent(share)} of the replies do not say what the cache did, so the table does not part hits from "
            "misses. Have the site or its proxy send Cache-Status."
        )
        is_ours = record.asked.get("urls") is None
        yield Doubt("cache_class", words, share, gates.UNKNOWN_LIMIT, "%", invalid=is_ours)


def _waiting(table: pa.Table, measured: npt.NDArray[np.bool_]) -> Iterator[Doubt]:
    wait = numbers(table.column("sent")) - numbers(table.column("released"))
    share = float((wait[measured] > _WAIT_S).mean())
    if share > WAITING_LIMIT:
        words = (
            f"{percent(share)} of the requests waited until a visitor was free, and their response times hold the "
            "wait: the site was slower than its requests came, or there were too few visitors or members."
        )
        yield Doubt("waiting", words, share, WAITING_LIMIT, "%", invalid=False)


def _held_up(launch: Launch) -> Iterator[Doubt]:
    """What may lie behind single slow replies: the worst measured second of the generator and its machine."""
    health = launch.health
    seconds = health.second > launch.measured_from
    for code, values, limit, unit, words in (
        ("loop", health.loop_lag_ms, LOOP_LAG_LIMIT_MS, "ms", "The generator's event loop was held up for {}"),
        ("gc", health.gc_ms, GC_LIMIT_MS, "ms", "The generator collected garbage for {}"),
        ("steal", health.steal, gates.STEAL_LIMIT, "%", "The machine lost {} of its time to others"),
    ):
        worst = float(np.fmax.reduce(values[seconds], initial=0.0))
        if worst > limit:
            shown = percent(worst) if unit == "%" else milliseconds(worst)
            yield Doubt(
                code,
                f"{words.format(shown)} in its worst second; single slow replies may come from that.",
                worst,
                limit,
                unit,
                invalid=False,
            )


def _failures(record: Record, table: pa.Table, bad: npt.NDArray[np.bool_]) -> tuple[str, str]:
    """What was wrong with rows that failed, the most frequent first, and an address where that occurred."""
    groups = table.filter(pa.array(bad)).group_by(["error", "status", "check"], use_threads=False)
    counts: Counter[str] = Counter()
    places: dict[str, int] = {}
    for group in groups.aggregate([("url", "count"), ("url", "first")]).to_pylist():
        word = {"status": f"status {group['status']}", "none": group["check"]}.get(group["error"], group["error"])
        counts[word] += group["url_count"]
        places.setdefault(word, group["url_first"])
    ranked = counts.most_common()
    told = [f"{word}: {count:,}" for word, count in ranked[:_NAMED]]
    if len(ranked) > _NAMED:
        told.append(f"others: {sum(count for _, count in ranked[_NAMED:]):,}")
    urls = record.table("urls")
    paths = dict(zip(urls.column("url").to_pylist(), urls.column("path").to_pylist(), strict=True))
    worst = ranked[0][0]
    path = paths.get(places[worst], "")[:_LONGEST]  # a run that was cut off may lack it
    return ", ".join(told), path and f", for one {worst} at {path}"


def _tally(table: pa.Table, name: str, mask: npt.NDArray[np.bool_]) -> Mapping[str, int]:
    """How often each word of a column occurs where ``mask`` holds, the most frequent first."""
    codes, vocabulary = coded(table.column(name))
    counts = np.bincount(codes[mask], minlength=len(vocabulary)).tolist()
    return dict(sorted(((word, n) for word, n in zip(vocabulary, counts, strict=True) if n), key=lambda item: -item[1]))


def _listed(found: Mapping[str, int]) -> str:
    return ", ".join(f"{word} {count:,}" for word, count in found.items())
