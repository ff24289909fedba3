"""JMeter: its results as CSV (JTL), with or without a header line.

``elapsed`` runs to the last byte and includes connecting; ``Latency`` runs to the first byte and is not read. Rows of
Transaction Controllers, and of parts of a sample that are saved beside it, would count requests twice.
"""

from __future__ import annotations

import csv
import re
from datetime import datetime
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from results.foreign.errors import BadFigure, UnknownFormat
from results.foreign.model import Floats, Session, even
from results.foreign.rows import CUT, WITHHELD_CUT, numbers, read_csv, routes
from results.foreign.source import Source, moment
from results.foreign.words import Words
from results.units import counted

TOOL: Final = "JMeter"
RESOLUTION: Final = even(1.0, "difference of two clocks in whole milliseconds: ±1 ms")

_COLUMNS: Final = [
    *("timeStamp", "elapsed", "label", "responseCode", "responseMessage", "threadName", "dataType", "success"),
    *("failureMessage", "bytes", "sentBytes", "grpThreads", "allThreads", "URL", "Latency", "IdleTime", "Connect"),
]
_WITHOUT_URL: Final = [name for name in _COLUMNS if name != "URL"]
_SEPARATORS: Final = ",;\t|"
_TRANSACTION: Final = "Number of samples in transaction"
_PART: Final = re.compile(r"^(.+)-\d+$")
_CLOCK: Final = "request begun to last byte, connecting included; a thread waits for each reply"
_XML: Final = re.compile(r"<testResults|<httpSample|<sample ")


def matches(source: Source) -> bool:
    """Whether this is a JTL."""
    return _layout(source) is not None or bool(_XML.search(source.head[:2000]))


def read(source: Source) -> Session:
    """Read it.

    Raises:
        ForeignError: It cannot be read, or is in XML.
    """
    layout = _layout(source)
    if layout is None:
        raise UnknownFormat(
            f"{source.name} is a JTL in XML; write CSV instead: -Jjmeter.save.saveservice.output_format=csv"
        )
    separator, header, has_header = layout
    wanted = ("timeStamp", "elapsed", "label", "responseCode", "responseMessage", "threadName", "success", "Latency")
    table, is_cut = read_csv(
        source,
        [name for name in wanted if name in header],
        header=None if has_header else header,
        delimiter=separator,
    )
    elapsed = numbers(source, table, "elapsed", unit="milliseconds", whole=True)
    if "Latency" in header:
        first_byte = numbers(source, table, "Latency", unit="milliseconds", whole=True)
        if (late := np.flatnonzero(first_byte > elapsed + 1)).size:
            raise BadFigure(source.name, f"row {late[0] + 1:,}: Latency is longer than elapsed, so units are mixed")
    label = Words.of(table.column("label")) if "label" in header else Words.same("", elapsed.size)
    keep, warnings = _once(table, header, label, elapsed)
    failed, known = _failed(source, table, header)
    series, more = routes(source, label.pick(keep), elapsed[keep], failed[keep], RESOLUTION)
    return Session(
        tool=TOOL,
        format="JTL",
        file=source.name,
        digest=source.digest,
        clock=_CLOCK,
        resolution=RESOLUTION.words,
        series=series,
        failures_known=known,
        withheld=WITHHELD_CUT
        if is_cut
        else ""
        if known
        else "it has neither the column success nor responseCode, so failures are unknown",
        warnings=(*warnings, *more, *((CUT,) if is_cut else ())),
        started=_started(table, header),
    )


def _layout(source: Source) -> tuple[str, list[str], bool] | None:
    """Separator, names of the columns, and whether the file has a line of them."""
    for separator in _SEPARATORS:
        fields = next(csv.reader([source.first_line], delimiter=separator), [])
        if {"timeStamp", "elapsed"} <= set(fields) and ("label" in fields or "success" in fields):
            return separator, fields, True
        if len(fields) in {16, 17} and fields[0].isdigit() and len(fields[0]) == 13 and fields[7] in {"true", "false"}:
            return separator, _COLUMNS if len(fields) == 17 else _WITHOUT_URL, False
    return None


def _failed(source: Source, table: pa.Table, header: list[str]) -> tuple[npt.NDArray[np.bool_], bool]:
    """Which rows failed, and whether the file says so at all."""
    if "success" in header:
        success = Words.of(table.column("success")).renamed(str.lower)
        odd = np.flatnonzero(success.where(lambda word: word not in {"true", "false"}))
        if odd.size:
            word = success.words[success.code[odd[0]]]
            raise BadFigure(source.name, f"row {odd[0] + 1:,}: success is {word!r}, not true or false")
        return success.where(lambda word: word == "false"), True
    if "responseCode" in header:
        codes = Words.of(table.column("responseCode"))
        return codes.where(lambda code: not code.isdigit() or int(code) >= 400), True
    return np.zeros(table.num_rows, bool), False


def _once(table: pa.Table, header: list[str], label: Words, elapsed: Floats) -> tuple[npt.NDArray[np.bool_], list[str]]:
    """The rows that stand for one request each, and what was left out."""
    warnings = []
    keep = np.ones(elapsed.size, bool)
    if "responseMessage" in header:
        message = Words.of(table.column("responseMessage"))
        is_transaction = message.where(lambda text: text.startswith(_TRANSACTION))
        if is_transaction.any():
            keep &= ~is_transaction
            rows = counted(int(is_transaction.sum()), "row")
            warnings.append(
                f"{rows} of Transaction Controllers left out: they add up requests that have rows of their own."
            )
    parts = _parts(table, header, label, elapsed, keep)
    if parts.any():
        keep &= ~parts
        rows = counted(int(parts.sum()), "row")
        warnings.append(
            f"{rows} of parts of a sample (a redirect, an embedded file) left out: the sample includes them."
        )
    return keep, warnings


def _parts(
    table: pa.Table, header: list[str], label: Words, elapsed: Floats, keep: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """Rows named ``LABEL-0``, ``LABEL-1`` ... that lie within a row ``LABEL`` of the same thread."""
    out = np.zeros(elapsed.size, bool)
    known = {word: number for number, word in enumerate(label.words)}
    names = {known[name]: known[found[1]] for name in known if (found := _PART.match(name)) and found[1] in known}
    if not names or "threadName" not in header or "timeStamp" not in header:
        return out
    try:
        start = np.asarray(pc.cast(table.column("timeStamp"), pa.int64()), np.int64)
    except pa.ArrowInvalid:  # time stamps written as dates: the order of rows cannot be told
        return out
    thread = Words.of(table.column("threadName")).code
    end = start + elapsed.astype(np.int64)
    for name, parent in names.items():
        for each in np.unique(thread[label.code == name]):
            rows = np.flatnonzero((label.code == name) & (thread == each) & keep)
            over = np.flatnonzero((label.code == parent) & (thread == each) & keep)
            if not over.size:
                continue
            over = over[np.argsort(start[over], kind="stable")]
            within = np.searchsorted(start[over], start[rows], side="right") - 1
            holder = over[np.maximum(within, 0)]
            out[rows] = (within >= 0) & (end[rows] <= end[holder])
    return out


def _started(table: pa.Table, header: list[str]) -> datetime | None:
    if "timeStamp" not in header:
        return None
    first = table.column("timeStamp")[0].as_py()
    return moment(int(first), scale=1000) if first.isdigit() and len(first) == 13 else None
