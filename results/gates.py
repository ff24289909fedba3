"""Reasons to believe no verdict at all, or not yet: each measured, each against a limit fixed beforehand.

A launch with a sick generator is left out, whatever its latencies say; latencies never decide what is left out. A run
that answered wrongly, lost rows or sent different traffic to its arms gets no verdict.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from results import preparation, sameness, statistics
from results.columns import CACHE_CLASSES
from results.design import Design
from results.gate import Gate
from results.record import Record, ran_to_the_end
from results.samples import AFTER, BEFORE, Floats, Launch, Samples
from results.units import counted, percent

LAG_FLOOR_MS: Final = 1.0
LAG_OF_MEDIAN: Final = 0.05
CPU_LIMIT: Final = 0.8
STEAL_LIMIT: Final = 0.05
ACHIEVED_LIMIT: Final = 0.995
LEFT_OUT_LIMIT: Final = 0.2
ERROR_LIMIT: Final = 0.01
ERROR_DIFFERENCE: Final = 0.001
UNKNOWN_LIMIT: Final = 0.01
_NAMED: Final = 3
"""Launches left out that are named one by one."""
_TELLING: Final = 10
"""Times of an arm from which their being another's to the last digit is no chance."""
_LEFT_OUT: Final = "A launch beyond the limit does not count."


@dataclass(frozen=True, slots=True)
class LaunchReport:
    """One launch as the gates saw it.

    Attributes:
        number: From 1.
        used: Whether its requests count.
        why_not: The reasons, where they do not.
        saturated: Whether a sick generator was among the reasons, rather than the end of the run.
        requests: Measured requests, by arm.
        lag_p99_ms: Generator lateness, 99th percentile; NaN where unknown.
        lag_limit_ms: What it was held against.
        cpu: Of the busiest worker in its busiest measured second; NaN where unknown.
        steal: Share of its time that the machine lost to others, in a typical measured second; NaN where unknown.
        achieved: Requests brought to an end for each one due; NaN where unknown.
    """

    number: int
    used: bool
    why_not: tuple[str, ...]
    saturated: bool
    requests: tuple[int, int]
    lag_p99_ms: float
    lag_limit_ms: float
    cpu: float
    steal: float
    achieved: float


def inspect(samples: Samples, launch: Launch) -> LaunchReport:
    """Whether one launch may count."""
    health = launch.health
    seconds = health.second > launch.measured_from
    # Two views of one fault: when the clock let requests go, and when those that found a free visitor were sent.
    started = _typical(health.start_lag_p99_ms[seconds])
    lag = float(np.fmax(statistics.quantile(np.sort(launch.lag_ms), 0.99), started))
    steal = _typical(health.steal[seconds])
    before = samples.deciding_ms(launch)[launch.arm_rows(BEFORE)]
    median = statistics.quantile(np.sort(before), 0.5)
    limit = max(LAG_FLOOR_MS, LAG_OF_MEDIAN * median) if math.isfinite(median) else LAG_FLOOR_MS
    load = health.cpu[seconds]
    load = load[np.isfinite(load)]
    cpu = float(load.max()) if load.size else math.nan
    offered = float(health.offered.sum())
    achieved = launch.ended / offered if offered else math.nan
    requests = (launch.arm_rows(BEFORE).size, launch.arm_rows(AFTER).size)

    cut_off: list[str] = []
    for record in launch.records:
        if record.run is None:
            cut_off.append("the run was cut off")
        elif record.run.get("ended_by") != "completed":
            cut_off.append(f"the run was {record.run.get('ended_by')}")
    if not all(requests):
        cut_off.append("an arm has no measured request")
    sick: list[str] = []
    if requests != (0, 0):
        if not load.size or not offered:
            sick.append("the generator's own health was not recorded")
        if math.isnan(lag):
            sick.append("how late the generator was is not in the record")
        if lag > limit:
            sick.append(f"the generator was {lag:.2f} ms late at its 99th percentile ({limit:.2g} ms allowed)")
        if cpu > CPU_LIMIT:
            sick.append(
                f"a generator process used {percent(cpu)} of its core in a second ({percent(CPU_LIMIT)} allowed)"
            )
        if steal > STEAL_LIMIT:
            sick.append(f"the machine lost {percent(steal)} of its time to others ({percent(STEAL_LIMIT)} allowed)")
        if achieved < ACHIEVED_LIMIT and not cut_off:
            sick.append(f"{percent(achieved)} of the requests due were carried out ({percent(ACHIEVED_LIMIT)} needed)")
    return LaunchReport(
        launch.number,
        not cut_off and not sick,
        tuple(cut_off + sick),
        bool(sick),
        requests,
        lag,
        limit,
        cpu,
        steal,
        achieved,
    )


def lost(samples: Samples) -> int:
    """Launches in which the generator or the machine was not fit, so that a trial may make others in their place.

    One that only fell short of its rate is not among them: that can be the site's doing, and whoever made such launches
    anew would keep those that the site was quick in.
    """
    reports = [inspect(samples, launch) for launch in samples.launches]
    return sum(
        report.lag_p99_ms > report.lag_limit_ms or report.cpu > CPU_LIMIT or report.steal > STEAL_LIMIT
        for report in reports
    )


def _typical(values: Floats) -> float:
    """The median of a series by the second; NaN where nothing was recorded."""
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else math.nan


def check(
    samples: Samples, reports: tuple[LaunchReport, ...], design: Design, planned: int, *, paired: bool
) -> list[Gate]:
    """Every gate of a comparison, in the order of their weight.

    Args:
        samples: All launches, also those left out.
        reports: What ``inspect`` found of each.
        design: Minimum number of launches.
        planned: How many launches the plan asked for.
        paired: Whether both arms met the same requests in the same launch.
    """
    used = (
        tuple(launch for launch, report in zip(samples.launches, reports, strict=True) if report.used)
        or samples.launches
    )
    return [
        _checks(samples.launches),
        _ledger(samples.launches),
        _times(samples),
        _copies(samples.launches),
        *_generator(reports),
        _retried(used),
        sameness.traffic(samples.launches, samples.workload, paired=paired),
        *([sameness.circumstances(samples.launches), sameness.pages(used, design)] if paired else []),
        _errors(used),
        _errors_differ(used, design),
        *([_launches(reports, design, planned)] if paired else []),
        _unknown(used),
        *preparation.check(record for launch in used for record in launch.records),
    ]


def ended(sessions: Sequence[Record]) -> Gate:
    """Whether two sessions are whole: what a run that was cut off did not get to see may be what was slow."""
    short = [record.name for record in sessions if not ran_to_the_end(record.launches())]
    words, details = "Both sessions ran to their end.", ""
    if short:
        words = f"{' and '.join(short)} did not run to {'its' if len(short) == 1 else 'their'} end."
        details = "Run again, and let it finish."
    title = "Sessions that did not run to their end"
    return Gate("ended", title, len(short), 0, "session", not short, "not enough data", words, details)


def _checks(launches: tuple[Launch, ...]) -> Gate:
    found: Counter[str] = Counter()
    for launch in launches:
        found.update(launch.failed_checks())
    total = found.total()
    words, details = "Every page was the one the corpus and the visitor called for, wherever that could be checked.", ""
    if total:
        kinds = ", ".join(f"{name} {count}" for name, count in found.most_common())
        words = f"Wrong pages were served ({kinds}): a site that answers wrongly has no speed."
        details = (
            f"{_first_example(launches)}Correct the site and run again; run.json of the launches has more examples."
        )
    return Gate("checks", "Wrong pages, by content or viewer", total, 0, "page", not total, "invalid", words, details)


def _first_example(launches: tuple[Launch, ...]) -> str:
    """The first failed check that the swarm kept in full, as a sentence; empty where it kept none."""
    for launch in launches:
        for record in launch.records:
            for example in (record.run or {}).get("failed_checks") or []:
                where = f"{example.get('arm')} {example.get('path')} for {example.get('viewer')}"
                return f"For one, {where}: expected {example.get('expected')}, got {example.get('got')}. "
    return ""


def _ledger(launches: Iterable[Launch]) -> Gate:
    problems: list[str] = []
    missing = 0
    for launch in launches:
        if not ran_to_the_end(launch.records):
            continue  # it does not count, and nobody expects its record to be whole
        missing += launch.sequence_gaps
        written = 0
        for record in launch.records:
            run = record.run or {}
            problems += _disagreements(run.get("ledger") or {})
            written += int((run.get("rows") or {}).get("requests", 0))
        if written > launch.rows:
            missing += written - launch.rows
    if missing:
        verb = "is" if missing == 1 else "are"
        problems.insert(0, f"{counted(missing, 'request')} {verb} missing from the record")
    count = max(missing, len(problems))
    words, details = "Every request sent is in the record exactly once.", ""
    if problems:
        words = f"The record has gaps: {'; '.join(problems[:3])}."
        details = "What is missing may be what was slow; run again."
    return Gate("ledger", "Completeness of the record", count, 0, "gap", not problems, "invalid", words, details)


def _disagreements(ledger: Mapping[str, Any]) -> list[str]:
    """What the swarm's own bookkeeping says is wrong; it also knows what the site itself counted."""
    problems = [] if ledger.get("complete", True) else ["the swarm's own count of its rows does not add up"]
    for arm, count in (ledger.get("site") or {}).items():
        if count.get("agrees") is False:
            problems.append(f"the {arm} site counted other requests than were answered")
    return problems


def _times(samples: Samples) -> Gate:
    """Whether every answer took time: one that took none was not measured, and no ratio can be made of it."""
    total = 0
    for launch in samples.launches:
        # A moment that is not a number cannot be told from a failure by the time that decides, nor by its absence.
        told = np.isfinite(launch.scheduled) & ~np.isnan(launch.service_ms)
        total += int(np.count_nonzero(~(samples.deciding_ms(launch) > 0) | ~told))
    words, details = "Every answer took time.", ""
    if total:
        verb = "is" if total == 1 else "are"
        words = f"{counted(total, 'answer')} {verb} said to have taken no time, or less, or no time that is a number."
        details = "No clock of the swarm gives that, so the record was damaged or made by something else; run again."
    return Gate("times", "Answers that took no time, or less", total, 0, "answer", not total, "invalid", words, details)


def _copies(launches: Iterable[Launch]) -> Gate:
    """Whether every launch of every arm was measured: clocks that tell nanoseconds never give the same times twice."""
    seen: dict[bytes, str] = {}
    copies: list[str] = []
    for launch in launches:
        for arm, name in ((BEFORE, "before"), (AFTER, "after")):
            times = launch.service_ms[launch.arm_rows(arm)]
            times = times[np.isfinite(times)]
            if times.size < _TELLING:
                continue
            here = f"launch {launch.number} {name}"
            first = seen.setdefault(hashlib.blake2b(times.tobytes(), digest_size=16).digest(), here)
            if first != here:
                copies.append(f"{here} is {first}")
    words, details = "No two launches hold the same times.", ""
    if copies:
        words = f"The same times stand more than once: {'; '.join(copies[:_NAMED])}."
        details = "A launch that was copied says nothing of how launches differ; run again."
    return Gate(
        "copies", "Launches that repeat another's times", len(copies), 0, "copy", not copies, "invalid", words, details
    )


def _generator(reports: tuple[LaunchReport, ...]) -> list[Gate]:
    """One gate on how many launches are lost to a sick generator, and the limits that lose them."""
    lost = sum(report.saturated for report in reports)
    share = lost / len(reports) if reports else 0.0
    late = max(reports, key=lambda report: _or_worst(report.lag_p99_ms) / report.lag_limit_ms)
    busy = max(_or_worst(report.cpu) for report in reports)
    advice = "Lower the rate, or give the generator a core of its own or more processes."
    if busy <= CPU_LIMIT / 2 and late.lag_p99_ms > late.lag_limit_ms:
        advice = (
            f"It used {percent(busy)} of a core at most, so other work on the machine held it up: "
            "quieten the machine, or give the generator a core of its own."
        )
    achieved = min(-_or_worst(-report.achieved) for report in reports)
    fate, details = "The generator was fit in every launch, so lateness is the site's own.", ""
    if share > LEFT_OUT_LIMIT:
        fate, details = f"The generator was not fit in {lost} of {counted(len(reports), 'launch')}.", advice
    elif lost:
        fit = len(reports) - lost
        fate = f"The generator was fit in {fit} of {counted(len(reports), 'launch')}; the others are left out."
    in_time, has_room, holds = late.lag_p99_ms <= late.lag_limit_ms, busy <= CPU_LIMIT, achieved >= ACHIEVED_LIMIT
    return [
        Gate(
            "saturated",
            "Launches left out for a sick generator",
            share,
            LEFT_OUT_LIMIT,
            "%",
            share <= LEFT_OUT_LIMIT,
            "invalid",
            fate,
            details,
        ),
        Gate(
            "lag",
            "Generator lateness, 99th percentile of the worst launch",
            _or_none(late.lag_p99_ms),
            late.lag_limit_ms,
            "ms",
            in_time,
            "launch left out",
            "Requests left when they were due."
            if in_time
            else f"Requests left late by the generator's doing, not the site's. {_LEFT_OUT}"
            if math.isfinite(late.lag_p99_ms)
            else f"How late requests left is not in the record of a launch. {_LEFT_OUT}",
        ),
        Gate(
            "cpu",
            "Generator CPU in its busiest measured second",
            _or_none(busy),
            CPU_LIMIT,
            "%",
            has_room,
            "launch left out",
            "The generator had room to spare."
            if has_room
            else f"The generator ran short of CPU. {_LEFT_OUT}"
            if math.isfinite(busy)
            else f"What CPU the generator used is not in the record of a launch. {_LEFT_OUT}",
        ),
        _stolen(reports),
        Gate(
            "achieved",
            "Requests brought to an end, of those due",
            _or_none(achieved),
            ACHIEVED_LIMIT,
            "%",
            holds,
            "launch left out",
            "The offered rate was held."
            if holds
            else f"The offered rate was not held: the site or the generator is past its capacity. {_LEFT_OUT}",
            bound="at least",
        ),
    ]


def _stolen(reports: tuple[LaunchReport, ...]) -> Gate:
    """What the hypervisor gave to others: a system that does not tell it may have lost any amount."""
    known = [report.steal for report in reports if math.isfinite(report.steal)]
    worst = max(known, default=math.nan)
    words = "This system does not tell how much of its time went to other machines, so that cannot be ruled out."
    if known:
        words = "The machine had its processors to itself."
        if worst > STEAL_LIMIT:
            words = f"The machine lost time to others while it measured. {_LEFT_OUT}"
    return Gate(
        "steal",
        "Processor time lost to other machines, worst launch",
        _or_none(worst),
        STEAL_LIMIT,
        "%",
        worst <= STEAL_LIMIT,
        "launch left out" if known else "note",
        words,
    )


def _or_worst(value: float) -> float:
    """What could not be measured is as bad as can be."""
    return math.inf if math.isnan(value) else value


def _or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None


_FAST_FAILURES: Final = (
    "Replies that fail fast must not pass for fast pages, so latencies are not compared. "
    "Find the errors first (the error column of the records names them)."
)


def _errors(launches: tuple[Launch, ...]) -> Gate:
    """Failures make latencies incomparable before they make them slow or fast."""
    worst = max(pooled_error_rate(launches, arm) for arm in (BEFORE, AFTER))
    ok = worst <= ERROR_LIMIT
    words = "No request failed."
    if worst:
        words = f"{_failed(launches)}; each counts as an infinitely slow reply."
    if not ok:
        words = f"Too many errors: {_failed(launches)}."
    details = "" if ok else _FAST_FAILURES
    return Gate("errors", "Failed requests, worse arm", worst, ERROR_LIMIT, "%", ok, "not comparable", words, details)


def _errors_differ(launches: tuple[Launch, ...], design: Design) -> Gate:
    """Whether the arms certainly fail by different shares, over launches."""
    rates = np.array([[_rate(launch, arm) for arm in (BEFORE, AFTER)] for launch in launches])
    difference, low, high = statistics.mean_interval(rates[:, 1] - rates[:, 0], design.alpha)
    is_certain = low > 0 or high < 0
    measured = abs(difference) if is_certain else 0.0
    ok = measured <= ERROR_DIFFERENCE
    words = "The arms do not certainly differ in how many requests fail."
    if not ok:
        words = f"Errors differ: {_failed(launches)}."
    return Gate(
        "errors_differ",
        "Certain difference in failed requests",
        measured,
        ERROR_DIFFERENCE,
        "%",
        ok,
        "not comparable",
        words,
        "" if ok else _FAST_FAILURES,
    )


def _failed(launches: tuple[Launch, ...]) -> str:
    before, after = (pooled_error_rate(launches, arm) for arm in (BEFORE, AFTER))
    return f"{percent(before)} of the requests failed before, {percent(after)} after"


def _retried(launches: tuple[Launch, ...]) -> Gate:
    """Requests sent twice hold the lost attempt in their time, and a site that closes connections is not fit."""
    shares = []
    for arm in (BEFORE, AFTER):
        rows = np.concatenate([launch.retried[launch.arm_rows(arm)] for launch in launches])
        shares.append(float(rows.mean()) if rows.size else 0.0)
    worst = max(shares)
    ok = worst <= ERROR_LIMIT
    words, details = "Hardly any request had to be sent again.", ""
    if not worst:
        words = "No request had to be sent again."
    elif not ok:
        words = f"{percent(worst)} of the requests of an arm were sent again, because it closed kept connections."
        details = "Their times hold the lost attempt. Raise the keep-alive time-out of the server and of any proxy."
    return Gate("retried", "Requests sent again, worse arm", worst, ERROR_LIMIT, "%", ok, "invalid", words, details)


def pooled_error_rate(launches: Iterable[Launch], arm: int) -> float:
    """Failed requests of an arm over all its requests; 0 without any."""
    rows = [launch.failed[launch.arm_rows(arm)] for launch in launches]
    total = sum(part.size for part in rows)
    return float(sum(np.count_nonzero(part) for part in rows) / total) if total else 0.0


def _rate(launch: Launch, arm: int) -> float:
    rows = launch.arm_rows(arm)
    return float(launch.failed[rows].mean()) if rows.size else 0.0


def _launches(reports: tuple[LaunchReport, ...], design: Design, planned: int) -> Gate:
    used = sum(report.used for report in reports)
    ok = used >= design.minimum_launches
    verb = "counts" if used == 1 else "count"
    spare = len(reports) - planned
    lost = [f"launch {report.number}, {report.why_not[0]}" for report in reports if not report.used]
    details = []
    if lost:
        further = f"; and {len(lost) - _NAMED} more" if len(lost) > _NAMED else ""
        details.append(f"Left out: {'; '.join(lost[:_NAMED])}{further}.")
    words = f"{used} of {planned} planned {'launch' if planned == 1 else 'launches'} {verb}"
    if spare > 0:
        words = f"{used} of {len(reports)} launches {verb}, {spare} of them made in place of others"
    if not ok:
        least = design.minimum_launches
        words += f", and a verdict takes at least {least}"
        enough = max(planned, least + 2)
        details.append(
            f"Run again, with {enough}." if enough > planned else f"Run again, and let all {planned} finish."
        )
    return Gate(
        "launches",
        "Launches that count",
        used,
        design.minimum_launches,
        "launch",
        ok,
        "not enough data",
        f"{words}.",
        " ".join(details),
        "at least",
    )


def _unknown(launches: tuple[Launch, ...]) -> Gate:
    code = CACHE_CLASSES.index("UNKNOWN")
    unknown = total = 0
    for launch in launches:
        answered = ~launch.failed
        unknown += int(np.count_nonzero(launch.cache[answered] == code))
        total += int(np.count_nonzero(answered))
    share = unknown / total if total else 0.0
    ok = share <= UNKNOWN_LIMIT
    words = (
        "The replies say what the page cache did."
        if ok
        else "Too many replies do not say what the cache did, so single cache classes are not judged; whole pages are."
    )
    return Gate(
        "cache_class",
        "Replies whose cache class is unknown",
        share,
        UNKNOWN_LIMIT,
        "%",
        ok,
        "class verdicts withheld",
        words,
        "" if ok else "Have the site or its proxy send Cache-Status.",
    )
