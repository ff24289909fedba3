"""A record as a file for other programs: an HdrHistogram interval log, Parquet, or CSV of the per-second series.

A file is written beside its final name and renamed at the end, so that a broken-off export leaves nothing under that
name. Launches are read one after the other; memory holds the requests of one.
"""

from __future__ import annotations

import csv
import difflib
import io
import itertools
import json
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from results import hdr, series
from results.columns import PHASES, REQUESTS
from results.errors import NotARecord, ResultsError
from results.record import Record
from results.samples import coded, ended, numbers, recode

Progress = Callable[[float], None]
"""Told how many launches are written, in parts of one too."""

ALL_PHASES: Final = "all"

PATHS: Final = pa.dictionary(pa.int32(), pa.string())

PARQUET: Final = pa.schema(
    [
        *REQUESTS,
        pa.field("path", PATHS),  # with query; null where the URL table was cut off before it
        pa.field("response_ms", pa.float64()),  # of failed requests too: the time until they failed
        pa.field("service_ms", pa.float64()),
    ]
)
"""Columns of the Parquet file."""


@dataclass(frozen=True, slots=True)
class Part:
    """What is exported of one launch.

    Attributes:
        launch: Its swarm record.
        start: Wall clock at zero of the launch's clock: the moment its record was opened, just before the start.
        rows: The requests asked for, at least one.
        done: Launches before this one.
    """

    launch: Record
    start: datetime
    rows: pa.Table
    done: int


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of file.

    Attributes:
        write: Writes the parts into a stream and returns the number of requests.
        is_text: Whether it can go to a terminal or a pipe.
        phase: What is exported unless asked otherwise.
    """

    write: Callable[[Record, Iterable[Part], BinaryIO, float, Progress], int]
    is_text: bool
    phase: str


def export(
    record: Record,
    format: str,
    out: Path | BinaryIO,
    *,
    arm: str | None = None,
    phase: str | None = None,
    interval_s: float | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> int:
    """Write a record, complete or cut off, for other programs.

    Args:
        record: Of a swarm, or of a trial, whose launches all go into one file.
        format: A key of ``FORMATS``.
        out: A path, or a binary stream, which is left open.
        arm: Only this arm's requests.
        phase: ``measured``, ``warmup`` or ``all``; ``None`` is ``all`` in Parquet and ``measured`` elsewhere.
        interval_s: Length of the intervals of an interval log in seconds, 1 unless said.
        overwrite: Replace a file that is there.
        progress: Told as launches are written.

    Returns:
        The number of requests in the file.

    Raises:
        ResultsError: A word or value that means nothing, no request to export, or a file that is there already or
            cannot be written; nothing is left under the final name.
    """
    kind = FORMATS.get(format)
    if kind is None:
        raise ResultsError(_unknown("export format", format, FORMATS))
    phases = (*PHASES, ALL_PHASES)
    if phase is not None and phase not in phases:
        raise ResultsError(_unknown("phase", phase, phases))
    if interval_s is not None and format != "hlog":
        raise ResultsError(f"intervals are for hlog alone, and the format is {format}; leave --interval out")
    length = 1.0 if interval_s is None else interval_s
    if not (math.isfinite(length) and length >= 0.001):
        raise ResultsError(f"the interval is {length:g} s; it must be at least 0.001 s")
    arms = [str(each.get("name")) for each in record.asked.get("arms", [])]
    if arm is not None and arm not in arms:
        raise ResultsError(f"record {record.name} has no arm {arm!r}; its arms are {', '.join(arms) or 'none'}")
    if isinstance(out, Path):
        _require_free(out, overwrite=overwrite)
    elif not kind.is_text:
        raise ResultsError(f"{format} is not text and cannot go to standard output; name a file with --out")

    wanted = phase or kind.phase
    parts = _parts(record, arm, wanted)
    first = next(parts, None)
    if first is None:
        which = "" if wanted == ALL_PHASES else f" of phase {wanted}"
        whose = "" if arm is None else f" of arm {arm}"
        raise ResultsError(
            f"record {record.name} holds no request{which}{whose}; nothing to export. See: anp runs show {record.path}"
        )
    every = itertools.chain([first], parts)
    tell = progress or (lambda done: None)
    if not isinstance(out, Path):
        return kind.write(record, every, out, length, tell)
    with _appearing(out) as stream:
        return kind.write(record, every, stream, length, tell)


def _parts(record: Record, arm: str | None, phase: str) -> Iterator[Part]:
    for done, launch in enumerate(record.launches()):
        rows = launch.table("requests")
        keep = np.ones(rows.num_rows, bool)
        if arm is not None:
            keep &= recode(rows.column("arm"), lambda word: word == arm) == 1
        if phase != ALL_PHASES:
            keep &= recode(rows.column("phase"), lambda word: word == phase) == 1
        if keep.any():
            yield Part(launch, _start(launch), rows.filter(pa.array(keep)), done)


def _start(launch: Record) -> datetime:
    try:
        return datetime.fromisoformat(launch.plan["started"])
    except (KeyError, TypeError, ValueError) as error:
        raise NotARecord(launch.path, "its plan.json does not say when it started") from error


def _hlog(record: Record, parts: Iterable[Part], stream: BinaryIO, interval_s: float, progress: Progress) -> int:
    total = 0
    base: datetime | None = None
    for part in parts:
        is_open = part.launch.asked.get("rate") is not None
        if base is None:
            base = min(_start(launch) for launch in record.launches())  # no time stamp may be negative
            stream.write(hdr.head(base, _comments(record, is_open=is_open)).encode())
        tags, code = _tags(part.rows)
        scheduled, sent, end = (
            numbers(part.rows.column("scheduled")),
            numbers(part.rows.column("sent")),
            ended(part.rows),
        )
        began = scheduled if is_open else np.where(np.isfinite(sent), sent, scheduled)
        value_us = np.maximum(np.rint((end - began) * 1e6), 0).astype(np.int64)
        offset_s = (part.start - base).total_seconds()
        for share, line in hdr.lines(tags, code, end, value_us, interval_s, offset_s):
            stream.write(line.encode())
            progress(part.done + share)
        total += part.rows.num_rows
    return total


def _comments(record: Record, *, is_open: bool) -> list[str]:
    what = "response time, from the scheduled moment to the last byte" if is_open else "service time, from sent to end"
    return [
        f"Record {record.name}: {what}",
        "Values in microseconds, Interval_Max in milliseconds; a request counts in the interval in which it ended",
        "Tag=arm/persona/route/CACHE are whole responses, with /error after it requests without one",
    ]


def _tags(rows: pa.Table) -> tuple[list[str], np.ndarray[Any, np.dtype[np.int64]]]:
    """The tags of these rows in alphabetical order, and the tag of each row."""
    keys = [coded(rows.column(name)) for name in ("arm", "persona", "route", "cache")]
    failed = recode(rows.column("error"), lambda word: word != "none").astype(np.int64)
    key = np.zeros(rows.num_rows, np.int64)
    for codes, vocabulary in keys:
        key = key * len(vocabulary) + codes
    _, first, code = np.unique(key * 2 + failed, return_index=True, return_inverse=True)
    tags = [
        hdr.tag(*(vocabulary[codes[row]] for codes, vocabulary in keys), *(["error"] if failed[row] else []))
        for row in first
    ]
    order = sorted(range(len(tags)), key=tags.__getitem__)
    rank = np.empty(len(tags), np.int64)
    rank[order] = np.arange(len(tags))
    return [tags[i] for i in order], rank[code]


def _parquet(record: Record, parts: Iterable[Part], stream: BinaryIO, interval_s: float, progress: Progress) -> int:
    total = 0
    with pq.ParquetWriter(stream, PARQUET.with_metadata(_metadata(record)), compression="zstd") as writer:
        for part in parts:
            scheduled, sent, end = (numbers(part.rows.column(name)) for name in ("scheduled", "sent", "end"))
            columns = [
                *part.rows.columns,
                _paths(part),
                pa.array((end - scheduled) * 1000),
                pa.array((end - sent) * 1000),
            ]
            writer.write_table(pa.Table.from_arrays(columns, schema=writer.schema))
            total += part.rows.num_rows
            progress(part.done + 1)
    return total


def _paths(part: Part) -> pa.DictionaryArray:
    """The path of each row, joined from the launch's own URL table."""
    urls = part.launch.table("urls")
    number, url = numbers(urls.column("url")), numbers(part.rows.column("url"))
    order = np.argsort(number, kind="stable")
    place = np.searchsorted(number, url, sorter=order)
    known = place < number.size
    known[known] = number[order[place[known]]] == url[known]
    index = np.zeros(url.size, np.int32)
    index[known] = order[place[known]]
    return pa.DictionaryArray.from_arrays(pa.array(index, mask=~known), urls.column("path").combine_chunks())


def _metadata(record: Record) -> dict[str, str]:
    about: dict[str, Any] = {"record": record.name, "plan": record.plan, "run": record.run}
    if record.kind == "trial":
        about["launches"] = [{"plan": launch.plan, "run": launch.run} for launch in record.launches()]
    return {f"anp.{key}": json.dumps(value, ensure_ascii=False) for key, value in about.items()}


def _csv(record: Record, parts: Iterable[Part], stream: BinaryIO, interval_s: float, progress: Progress) -> int:
    total = 0
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="", write_through=True)
    try:
        writer = csv.writer(text)  # its line ends and quotes are those of RFC 4180
        writer.writerow(series.COLUMNS)
        for part in parts:
            writer.writerows(series.seconds(part.launch, part.rows, part.start))
            total += part.rows.num_rows
            progress(part.done + 1)
    finally:
        text.detach()
    return total


FORMATS: Final[Mapping[str, Format]] = {
    "hlog": Format(_hlog, is_text=True, phase="measured"),
    "parquet": Format(_parquet, is_text=False, phase=ALL_PHASES),
    "csv": Format(_csv, is_text=True, phase="measured"),
}
"""The formats by name, which is also the file name's ending."""


def _require_free(path: Path, *, overwrite: bool) -> None:
    if path.is_dir():
        raise ResultsError(f"{path} is a folder; name a file with --out")
    if not path.parent.is_dir():
        raise ResultsError(f"cannot write {path}: there is no folder {path.parent}. Name another with --out")
    if path.exists() and not overwrite:
        raise ResultsError(f"{path} is there already; replace it with --force, or name another file with --out")


@contextmanager
def _appearing(path: Path) -> Iterator[BinaryIO]:
    """A stream whose content is under ``path``, or what it links to, once the block has ended well; else nowhere."""
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(target)
    except OSError as error:
        raise ResultsError(
            f"cannot write {path}: {error.strerror}. Name a file in a folder that may be written with --out"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def _unknown(what: str, word: str, known: Iterable[str]) -> str:
    words = list(known)
    near = difflib.get_close_matches(word, words, n=1)
    return f"unknown {what} {word!r}; " + (
        f"did you mean {near[0]!r}?" if near else f"choose one of {', '.join(words)}"
    )
