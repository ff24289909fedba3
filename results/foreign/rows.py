"""Files of one row a request: read by columns with pyarrow, checked, and grouped into series by route."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.json

from results.foreign.errors import BadFigure, CutOff, EmptyFile
from results.foreign.model import ALL, Floats, Resolution, Series, samples
from results.foreign.source import Source
from results.foreign.words import Words
from results.units import counted

MOST_ROUTES: Final = 40
"""Above this, names are single addresses rather than routes, and only the series over all of them is kept."""

CUT: Final = "The file ends in the middle of a row; the rows before it are shown."
WITHHELD_CUT: Final = "the file is cut off"

_BLOCK: Final = 1 << 26  # bytes: longer than any row with a reply's headers and body in it


def read_csv(
    source: Source, columns: Sequence[str], *, header: Sequence[str] | None = None, delimiter: str = ","
) -> tuple[pa.Table, bool]:
    """Named columns of a CSV file as text, of the rows that are whole.

    Args:
        source: The file.
        columns: Those to keep, of those it has.
        header: Names of all columns where the file has no line of them.
        delimiter: Between fields.

    Returns:
        The table and whether the file ended in the middle of a row.

    Raises:
        BadFigure: A row has another number of fields than the header.
        EmptyFile: There is no row.
    """
    data, is_cut = source.whole_lines()
    names = list(header) if header is not None else None
    try:
        read = pyarrow.csv.read_csv(
            pa.BufferReader(data),
            pyarrow.csv.ReadOptions(column_names=names, block_size=_BLOCK),
            pyarrow.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            pyarrow.csv.ConvertOptions(
                include_columns=list(columns),
                column_types={name: pa.string() for name in columns},
                strings_can_be_null=False,
            ),
        )
    except (pa.ArrowInvalid, pa.ArrowKeyError) as error:
        what = " ".join(str(error).split())
        if "Empty CSV" in what:
            raise EmptyFile(source.name, "holds no request") from error
        raise BadFigure(source.name, f"its rows do not fit its header ({what[:120]})") from error
    if not read.num_rows:
        raise EmptyFile(source.name, "holds no request")
    return read, is_cut


def read_ndjson(source: Source, schema: pa.Schema) -> tuple[pa.Table, bool]:
    """Fields of a file with one JSON object a line; absent ones are null, unknown ones left out.

    Returns:
        The table and whether the file ended in the middle of a line.

    Raises:
        BadFigure: A field is not of its type.
        CutOff: A line is no JSON.
    """
    data, is_cut = source.whole_lines()
    if not data.strip():
        raise EmptyFile(source.name, "holds no whole line")
    try:
        data.decode("utf-8")  # pyarrow would find out only when a text is asked for
    except UnicodeDecodeError as error:
        raise CutOff(source.name, f"byte {error.start:,} is no text in UTF-8") from error
    try:
        read = pyarrow.json.read_json(
            pa.BufferReader(data),
            pyarrow.json.ReadOptions(block_size=_BLOCK),
            pyarrow.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore"),
        )
    except pa.ArrowInvalid as error:
        what = " ".join(str(error).split())[:120]
        if "changed from" in what or "Invalid value" in what or "conversion" in what.lower():
            raise BadFigure(source.name, f"a field is not of the type its tool writes ({what})") from error
        raise CutOff(source.name, f"a line is not JSON ({what})") from error
    return read, is_cut


def numbers(
    source: Source, table: pa.Table, name: str, *, unit: str, scale: float = 1.0, whole: bool = False
) -> Floats:
    """A column of latencies or counts, times ``scale``.

    Args:
        source: The file, for messages.
        table: Of text or of figures.
        name: Of the column.
        unit: In which the tool writes it, for messages.
        scale: Factor to the unit that is wanted.
        whole: Whether the tool writes whole numbers only; anything else is then in another unit.

    Raises:
        BadFigure: A value is missing, not a number, not finite or negative, with its row.
    """
    column = table.column(name).combine_chunks()
    if pa.types.is_string(column.type):
        column = pc.utf8_trim_whitespace(column)
        try:
            column = pc.cast(column, pa.int64() if whole else pa.float64())
        except pa.ArrowInvalid:
            row, text = _first_bad(column.to_pylist(), whole=whole)
            kind = "a whole number" if whole else "a number"
            raise BadFigure(
                source.name, f"row {row:,}: {name} is {text!r}, not {kind} of {unit}; units are mixed or it is damaged"
            ) from None
    if column.null_count:
        row = int(np.flatnonzero(np.asarray(pc.is_null(column)))[0]) + 1
        raise BadFigure(source.name, f"row {row:,}: {name} is missing")
    values = np.asarray(column).astype(np.float64)
    wrong = ~np.isfinite(values) | (values < 0)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise BadFigure(source.name, f"row {row + 1:,}: {name} is {values[row]:g} {unit}, which no measurement can be")
    return values * scale


def routes(
    source: Source,
    names: Words,
    latency_ms: Floats,
    failed: npt.NDArray[np.bool_],
    resolution: Resolution,
) -> tuple[tuple[Series, ...], tuple[str, ...]]:
    """Series by route, most requested first and the one over all last, with what a reader has to know of them.

    Raises:
        EmptyFile: There is no request.
    """
    if not latency_ms.size:
        raise EmptyFile(source.name, "holds no request")
    every = samples(ALL, latency_ms[~failed], int(failed.sum()), resolution)
    if len(names.words) == 1:
        return (dataclasses.replace(every, name=names.words[0] or ALL),), ()
    if len(names.words) > MOST_ROUTES:
        too_many = f"It names {len(names.words):,} addresses, too many to be routes, so they are read as one series"
        return (every,), (f"{too_many}; give requests of one kind one name to compare them by route.",)
    found = []
    for number, name in enumerate(names.words):
        rows = names.code == number
        found.append(samples(name, latency_ms[rows & ~failed], int(failed[rows].sum()), resolution))
    found.sort(key=lambda series: (-(series.requests or 0), series.name))
    return (*found, every), ()


def no_zero_times(latency_ms: Floats, failed: npt.NDArray[np.bool_]) -> str:
    """Why nothing is judged where a tool that counts finer than microseconds took no time over a request."""
    zero = int((latency_ms[~failed] == 0).sum())
    return f"{counted(zero, 'answered request')} took no time at all, which none does" if zero else ""


def route(method: str, address: str) -> str:
    """``GET /articles`` from a method and an address; host and query are left out, so that two hosts compare."""
    try:
        path = urlsplit(address).path or "/" if "//" in address else address
    except ValueError:  # an address of no host that could be
        path = address
    return f"{method} {path}".strip()


def _first_bad(values: Sequence[str | None], *, whole: bool) -> tuple[int, str]:
    for row, text in enumerate(values, start=1):
        try:
            if text is None or not text:
                return row, text or ""
            value = int(text) if whole else float(text)
        except ValueError:
            return row, text or ""
        if not math.isfinite(value) or abs(value) > 2**62:
            return row, text
    return 0, ""
