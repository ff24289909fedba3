"""Write a whole corpus to a file or a stream, in any format, with memory that does not grow with the corpus.

Files are written beside their final names and renamed at the end, so an interrupted export leaves nothing under
those names. What is written depends on the corpus and the format alone, not on the number of workers or the time
of day.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from difflib import get_close_matches
from functools import partial
from itertools import count, islice, takewhile
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, BinaryIO, cast

from synth.corpus import Corpus
from synth.errors import ExportError
from synth.formats import FORMATS, SHARDED, load
from synth.layout import Format, Pages
from synth.packing import PACKED, packed
from synth.processes import Held, in_order, put_in_order
from synth.unfinished import Unfinished, umask

Progress = Callable[[int], None]
"""Called with the number of articles written so far."""

_CHUNKS = 32
_HANDED_BACK, _PUT, _PACKED = (16, 256), (16, 512), (128, 256)
"""How many articles a process makes at a time, at least and at most.

What is handed back waits in the memory of this process. What is put where it belongs does not, and the fewer times
others are interrupted, the more they do. What is packed is read as a whole, and packs better the more it is.
"""


def export(
    corpus: Corpus,
    format: str,
    out: str | os.PathLike[str] | BinaryIO,
    progress: Progress | None = None,
    workers: int = 1,
    shard_size: int | None = None,
    *,
    resume: bool = False,
) -> int:
    """Write every article of a corpus, in order of id.

    Args:
        corpus: What to write.
        format: A key of ``FORMATS``.
        out: A path, compressed when it ends in ``.gz`` or ``.zst``, or a binary stream, which is left open.
        progress: Told how many articles are written, every few dozen and at the end.
        workers: Processes that render; the bytes are the same for any number.
        shard_size: How many bytes a file has at most, before compression and unless one article is longer. What is
            more than one file ``b.xml`` goes into ``b.000.xml``, ``b.001.xml`` and so on. None is what the readers of
            the format take well, 0 is one file of any length, as a stream always is.
        resume: Whether to go on where an export of the same corpus and format to the same path was stopped, and to keep
            what there is, beside the final name, when this one is stopped; of text in a single file.

    Returns:
        The number of bytes written, before compression.

    Raises:
        ExportError: The format is unknown, is always one file or cannot be resumed, there are no workers, the path's
            folder does not exist, or another process goes on with the same file.
        OSError: Writing failed; nothing is left under the final names.
    """
    if format not in FORMATS:
        near = get_close_matches(str(format), FORMATS, n=1)
        remedy = f"did you mean {near[0]!r}?" if near else f"choose one of {', '.join(FORMATS)}"
        raise ExportError(f"unknown format {format!r}: {remedy}")
    if workers < 1:
        raise ExportError(f"cannot export with {workers} workers: use at least 1")
    if shard_size and format not in SHARDED:
        raise ExportError(f"cannot shard {format}: it is always one file; only {', '.join(SHARDED)} goes on in another")
    layout = load(format)
    path = Path(out) if isinstance(out, str | os.PathLike) else None
    if path:
        _check(path)
    is_file = path is not None and not _is_special(path)
    if resume:
        if not isinstance(layout, Pages):
            raise ExportError(f"cannot resume {format}: it is written as a whole; leave resume out")
        if not is_file:
            raise ExportError(f"cannot resume on {path or 'a stream'}, which is no file: name a file")
    if path and is_file:
        if isinstance(layout, Pages):
            return _put_together(corpus, format, path, progress, workers, resume=resume)
        size = SHARDED.get(format, 0) if shard_size is None else shard_size
        with _appearing(path, sharded=size > 0) as begin:
            return _written(layout, corpus, format, _Files(begin, size, str(path.parent)), progress, workers)
    with nullcontext(cast(BinaryIO, out)) if path is None else path.open("wb", buffering=0) as stream:
        if isinstance(layout, Pages):
            return _streamed(corpus, format, stream, progress, workers)
        return _written(layout, corpus, format, _Files(lambda: nullcontext(stream)), progress, workers)


def _put_together(
    corpus: Corpus, format: str, path: Path, progress: Progress | None, workers: int, *, resume: bool
) -> int:
    """Write one file, to which every process adds what it makes; only where that goes is decided here."""
    size = 0
    end = path.suffix
    identity = {"corpus": corpus.digest, "format": format} if resume else None
    with Unfinished(path, identity, corpus.count) as unfinished:
        if unfinished.articles and progress:
            progress(unfinished.articles)
        ids = corpus.ids[unfinished.articles :]
        sizes = _PACKED if end in PACKED else _PUT
        tasks = (partial(_held, corpus, format, each, unfinished.part, end) for each in _chunks(corpus, ids, *sizes))
        with closing(put_in_order(tasks, _others(workers), unfinished.length)) as done:
            for (length, more), each in zip(done, _chunks(corpus, ids, *sizes), strict=True):
                size += more
                unfinished.reached(each[-1] + 1 - corpus.first_id, length)
                if progress:
                    progress(each[-1] + 1 - corpus.first_id)
    return size


def _held(corpus: Corpus, format: str, ids: range, part: Path, end: str) -> Held[int]:
    piece = _piece(corpus, format, ids)
    data = PACKED[end](piece) if end in PACKED else piece
    return Held(len(data), partial(_put, data, part, len(piece)))


def _put(data: bytes, part: Path, size: int, place: int) -> int:
    with part.open("r+b") as file:
        file.seek(place)
        file.write(data)
    return size


def _streamed(corpus: Corpus, format: str, stream: BinaryIO, progress: Progress | None, workers: int) -> int:
    size = 0
    with closing(_made_in_order(_piece, corpus, format, progress, workers)) as pieces:
        for piece in pieces:
            stream.write(piece)
            size += len(piece)
    return size


def _written(
    layout: Format, corpus: Corpus, format: str, files: _Files, progress: Progress | None, workers: int
) -> int:
    with closing(_made_in_order(_part, corpus, format, progress, workers)) as parts:
        layout.write(parts, corpus, files)
    return files.size


def _made_in_order(
    make: Callable[[Corpus, str, range], Any], corpus: Corpus, format: str, progress: Progress | None, workers: int
) -> Generator[Any, None, None]:
    tasks = (partial(make, corpus, format, ids) for ids in _chunks(corpus, corpus.ids, *_HANDED_BACK))
    with closing(in_order(tasks, _others(workers), 4 * workers)) as made:
        for part, ids in zip(made, _chunks(corpus, corpus.ids, *_HANDED_BACK), strict=True):
            yield part
            if progress:
                progress(ids[-1] + 1 - corpus.first_id)


def _others(workers: int) -> int:
    """How many other processes work: one worker is this one."""
    return workers if workers > 1 else 0


def _chunks(corpus: Corpus, ids: range, least: int, most: int) -> Iterator[range]:
    """What a process makes at a time: many articles, as handing them over takes a moment, but of few a few."""
    size = max(least, min(most, corpus.count // _CHUNKS))
    return (ids[start : start + size] for start in range(0, len(ids), size))


def _piece(corpus: Corpus, format: str, ids: range) -> bytes:
    """Return a piece of a file of pages."""
    layout = cast(Pages, load(format))
    if format == "jsonl":  # the article is sealed by its line, which so costs hardly more than the article
        made = b"".join([corpus.line(each) + b"\n" for each in ids])
    else:
        made = layout.make(map(corpus.article, ids))
    return layout.around(made, is_first=ids[0] == corpus.ids[0], is_last=ids[-1] == corpus.ids[-1])


def _part(corpus: Corpus, format: str, ids: range) -> Any:
    """Return what another format makes of some articles."""
    return cast(Format, load(format)).make(map(corpus.article, ids))


class _Counted(io.RawIOBase):
    """A stream that knows how much was written to it, and leaves the one below open."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._stream.write(data)
        self.size += len(data)
        return len(data)

    def tell(self) -> int:
        return self.size


class _Files:
    """The files of one export, wherever they begin."""

    def __init__(
        self, begin: Callable[[], AbstractContextManager[BinaryIO]], shard_size: int = 0, folder: str | None = None
    ) -> None:
        self.shard_size = shard_size
        self.folder = folder
        self.size = 0
        self._begin = begin

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        with self._begin() as stream:
            counted = _Counted(stream)
            yield cast(BinaryIO, counted)
            self.size += counted.size


@contextmanager
def _appearing(path: Path, *, sharded: bool) -> Iterator[Callable[[], AbstractContextManager[BinaryIO]]]:
    """Begin files that take their final names only when the block ends well."""
    _check(path)
    parts: list[Path] = []
    try:
        yield partial(_begun, path, parts)
        names = [path] if len(parts) == 1 else list(islice(_shards(path), len(parts)))
        for part, name in zip(parts, names, strict=True):
            part.replace(name)
    except BaseException:
        for part in parts:
            part.unlink(missing_ok=True)
        raise
    if sharded:
        _clear_away(path, len(parts))


def _is_special(path: Path) -> bool:
    """Whether what has this name is a device or a pipe: it takes what it is given, and stays what it is."""
    return path.exists() and not path.is_file() and not path.is_dir()


def _check(path: Path) -> None:
    if not path.parent.is_dir():
        raise ExportError(f"cannot write {path}: the folder {path.parent} does not exist, so create it first")
    if path.is_dir():
        raise ExportError(f"cannot write {path}: it is a folder, so name a file inside it")


def _clear_away(path: Path, written: int) -> None:
    """Delete what an earlier export of another length left: it would be taken for a part of this one."""
    if written > 1:
        path.unlink(missing_ok=True)
    for shard in takewhile(Path.is_file, islice(_shards(path), written if written > 1 else 0, None)):
        shard.unlink()


@contextmanager
def _begun(path: Path, parts: list[Path]) -> Iterator[BinaryIO]:
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", suffix=".part", delete=False) as file:
        parts.append(Path(file.name))
        stream = packed(path, cast(BinaryIO, file))
        yield stream
        stream.flush()
        file.flush()
        os.fsync(file.fileno())
        parts[-1].chmod(0o666 & ~umask())


def _shards(path: Path) -> Iterator[Path]:
    """The names of the files that one is split into, for ever."""
    end = "".join(path.suffixes[-2:] if path.suffix in PACKED else path.suffixes[-1:])
    stem = path.name.removesuffix(end)
    return (path.with_name(f"{stem}.{number:03d}{end}") for number in count())
