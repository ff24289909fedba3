"""Run records on disk: a killed run keeps what it had, and a half record is never taken for a whole one.

A record is a directory. ``plan.json`` is written first; columns (``*.arrows``, Arrow IPC streams) and logs grow while
the run goes; ``run.json`` comes last, through a temporary file and a rename, so its presence means *complete*. The
record of a swarm holds the columns; the record of a trial holds one swarm record per launch under ``launches/`` and the
comparison beside them.

Format history: 1 (2026-11) first. 2 (2026-11) redirects (``hop``), ``conditional``, ``retried``, loop and start
lag.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final, Literal

import pyarrow as pa

from results.columns import ABSENT, REQUESTS, SECONDS, URLS
from results.errors import NotARecord, RecordError, RecordIncomplete, RecordTooNew, ResultsError

FORMAT: Final = 2
Kind = Literal["swarm", "trial"]

_PLAN: Final = "plan.json"
_RUN: Final = "run.json"
_LONGEST_LABEL: Final = 100  # characters of a folder's name, which may have 255 bytes
_LAUNCHES: Final = "launches"
_STREAMS: Final = {"requests": REQUESTS, "seconds": SECONDS, "urls": URLS}


def utc_now() -> str:
    """The present moment as RFC 3339 in UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def write_json(path: Path, data: object) -> None:
    """Write JSON so that ``path`` holds either all of it or what it held before."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(data, file, indent=2, ensure_ascii=False, allow_nan=False)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def runs_root(out: Path | None = None) -> Path:
    """Where records go: ``out``, else ``$ANP_RUNS_DIR``, else ``results/runs`` below the current folder."""
    if out is not None:
        return out
    return Path(os.environ.get("ANP_RUNS_DIR") or Path("results") / "runs")


def new_directory(root: Path, name: str) -> Path:
    """Create and return ``root/<utc time>-<name>``, with a suffix where two runs start in the same second.

    A ``root`` made here is given a ``.gitignore``, so that run data is not committed by accident.

    Raises:
        ResultsError: Where the directory cannot be made; before any load, so nothing is lost.
    """
    label = re.sub(r"[^A-Za-z0-9_.-]+", "-", name)[:_LONGEST_LABEL].strip("-.") or "run"
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    try:
        if not root.exists():
            root.mkdir(parents=True)
            (root / ".gitignore").write_text(
                "# Run data stays out of version control; delete this file to commit it.\n*\n"
            )
        for attempt in range(1000):
            path = root / (f"{stamp}-{label}" + (f"-{attempt + 1}" if attempt else ""))
            try:
                path.mkdir()
            except FileExistsError:
                continue
            return path
    except OSError as error:
        raise ResultsError(
            f"cannot create a run record in {root}: {error.strerror}. Choose another folder with --out"
        ) from error
    raise ResultsError(f"cannot create a run record in {root}: too many runs started this second. Try again")


class ColumnStream:
    """An Arrow IPC stream that grows batch by batch and reaches the disk with each."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._file: IO[bytes] = path.open("xb")
        self._schema = schema
        self._writer = pa.ipc.new_stream(self._file, schema)
        self.rows = 0

    def write(self, batch: pa.RecordBatch) -> None:
        """Append one batch of this stream's schema and hand it to the operating system."""
        self._writer.write_batch(batch)
        self._file.flush()
        self.rows += batch.num_rows

    def close(self) -> None:
        """Write the end-of-stream mark."""
        self._writer.close()
        self._file.close()


class RecordWriter:
    """Writes one record in the order that makes it crash-safe: plan, streams, then ``run.json``."""

    def __init__(self, directory: Path, kind: Kind, plan: Mapping[str, Any]) -> None:
        self.directory = directory
        self._kind = kind
        self._started = utc_now()
        self._streams: dict[str, ColumnStream] = {}
        directory.mkdir(parents=True, exist_ok=True)
        if any((directory / name).exists() for name in (_PLAN, _RUN)):
            raise ResultsError(f"{directory} already holds a run record. Choose another folder with --out")
        write_json(directory / _PLAN, {"format": FORMAT, "kind": kind, "started": self._started, **plan})

    @classmethod
    def reopen(cls, record: Record) -> RecordWriter:
        """Go on with a trial's record that was cut off: it counts as incomplete until it is finished again."""
        (record.path / _RUN).unlink(missing_ok=True)
        writer = cls.__new__(cls)
        writer.directory, writer._kind, writer._started = record.path, record.kind, str(record.plan.get("started"))
        writer._streams = {}
        return writer

    @property
    def is_finished(self) -> bool:
        """Whether the last file is written."""
        return (self.directory / _RUN).exists()

    def stream(self, name: str) -> ColumnStream:
        """The growing stream ``requests``, ``seconds`` or ``urls``; opened at its first use."""
        if name not in self._streams:
            self._streams[name] = ColumnStream(self.directory / f"{name}.arrows", _STREAMS[name])
        return self._streams[name]

    def finish(self, ended_by: Literal["completed", "interrupted", "failed"], summary: Mapping[str, Any]) -> None:
        """Close the streams and write ``run.json``; after this the record counts as complete."""
        for stream in self._streams.values():
            stream.close()
        write_json(
            self.directory / _RUN,
            {
                "format": FORMAT,
                "kind": self._kind,
                "started": self._started,
                "ended": utc_now(),
                "ended_by": ended_by,
                "rows": {name: stream.rows for name, stream in self._streams.items()},
                **summary,
            },
        )


@dataclass(frozen=True, slots=True)
class Record:
    """A record as read: its two JSON files and, on demand, its columns.

    Attributes:
        plan: ``plan.json``.
        run: ``run.json``; ``None`` where the run was cut off or is still going.
    """

    path: Path
    kind: Kind
    plan: Mapping[str, Any]
    run: Mapping[str, Any] | None

    @property
    def name(self) -> str:
        """The directory's name, which is the record's id."""
        return self.path.name

    @property
    def asked(self) -> Mapping[str, Any]:
        """What was asked for: the traffic plan of a swarm (keys of ``SwarmPlan``), the whole plan of a trial."""
        asked: Mapping[str, Any] = self.plan.get("plan", {}) if self.kind == "swarm" else self.plan
        return asked

    @property
    def is_complete(self) -> bool:
        """Whether the run wrote its last file."""
        return self.run is not None

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(path.stat().st_size for path in self.path.rglob("*") if path.is_file())

    def launches(self) -> list[Record]:
        """The swarm records inside: this one, or a trial's launches in order."""
        if self.kind == "swarm":
            return [self]
        folder = self.path / _LAUNCHES
        paths = sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
        return [read_record(path, allow_incomplete=True) for path in paths if (path / _PLAN).exists()]

    def table(self, name: str) -> pa.Table:
        """All rows of ``requests``, ``seconds`` or ``urls``; of every launch, in order.

        A stream cut off in the middle of a batch yields the batches before it. Columns that an older format did not
        have are filled with ``results.columns.ABSENT``.
        """
        schema = _STREAMS[name]
        batches = [
            _in_present_form(batch, schema)
            for launch in self.launches()
            for batch in _batches(launch.path / f"{name}.arrows")
        ]
        return pa.Table.from_batches(batches, schema=schema).unify_dictionaries() if batches else schema.empty_table()


def ran_to_the_end(records: Iterable[Record]) -> bool:
    """Whether every one of these swarms came to the end of its plan."""
    return all(record.run is not None and record.run.get("ended_by") == "completed" for record in records)


def launch_directory(trial: Path, launch: int) -> Path:
    """Where the swarm record of launch number ``launch`` (from 0) of a trial lies."""
    return trial / _LAUNCHES / f"{launch + 1:02d}"


def read_record(path: Path, *, allow_incomplete: bool = False) -> Record:
    """Read the record at ``path``.

    Raises:
        NotARecord: Nothing of ours is there, or its JSON is broken.
        RecordTooNew: A newer version wrote it.
        RecordIncomplete: It has no ``run.json`` and ``allow_incomplete`` is false.
    """
    plan = _read_json(path, _PLAN)
    if plan is None:
        raise NotARecord(path, "the folder holds none (no plan.json)" if path.is_dir() else "there is no such folder")
    run = _read_json(path, _RUN)
    kind = plan.get("kind")
    if kind not in {"swarm", "trial"}:
        raise NotARecord(path, f"its plan.json says kind {kind!r}")
    if run is None and not allow_incomplete:
        raise RecordIncomplete(path)
    return Record(path, kind, plan, run)


def find_record(name: str, root: Path) -> Record:
    """The record a person means by ``name``: a path, the name of one below ``root``, or ``latest``.

    Raises:
        NotARecord: There is no such record, or the name is not a plain folder name.
        ResultsError: ``latest`` of none.
    """
    direct = Path(name)
    if (direct / _PLAN).exists():
        return read_record(direct, allow_incomplete=True)
    if name == "latest":
        records, _ = list_records(root)
        if not records:
            raise ResultsError(f"there are no records in {root} yet. Make one with: anp demo")
        return records[-1]
    is_word = re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name) is not None
    if is_word and ((root / name).exists() or not direct.is_dir()):
        return read_record(root / name, allow_incomplete=True)
    return read_record(direct, allow_incomplete=True)


def list_records(root: Path) -> tuple[list[Record], list[RecordError]]:
    """Every record below ``root``, oldest first, and why some that look like one cannot be read."""
    records: list[Record] = []
    unreadable: list[RecordError] = []
    for path in sorted(root.iterdir()) if root.is_dir() else []:
        if (path / _PLAN).is_file():
            try:
                records.append(read_record(path, allow_incomplete=True))
            except RecordError as error:
                unreadable.append(error)
    return records, unreadable


def remove_record(record: Record) -> None:
    """Delete a record with all its files; where that is broken off, what is left is none any more.

    Of a link to one the link is deleted.

    Raises:
        ResultsError: It cannot be deleted.
    """
    try:
        if record.path.is_symlink():
            record.path.unlink()
            return
        (record.path / _PLAN).unlink()
        shutil.rmtree(record.path)
    except OSError as error:
        raise ResultsError(f"cannot delete {record.path} ({error.strerror}): delete it by hand") from error


def _read_json(path: Path, name: str) -> dict[str, Any] | None:
    try:
        data = json.loads((path / name).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise NotARecord(path, f"its {name} cannot be read ({error})") from error
    if not isinstance(data, dict) or not isinstance(data.get("format"), int):
        raise NotARecord(path, f"its {name} has no integer format")
    if data["format"] > FORMAT:
        raise RecordTooNew(path, data["format"], FORMAT)
    return data


def _in_present_form(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    for field in schema:
        if field.name in ABSENT and field.name not in batch.schema.names:
            filled = pa.repeat(pa.scalar(ABSENT[field.name], field.type), batch.num_rows)
            batch = batch.append_column(field, filled)
    return batch.select(schema.names)


def _batches(path: Path) -> Iterator[pa.RecordBatch]:
    if not path.exists():
        return
    with pa.OSFile(str(path), "rb") as source:
        try:
            reader = pa.ipc.open_stream(source)
        except pa.ArrowInvalid:  # cut off before the schema was whole
            return
        while True:
            try:
                yield reader.read_next_batch()
            except (StopIteration, pa.ArrowInvalid, OSError):
                return
