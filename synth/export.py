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
from synth.layout import Pages
from synth.packing import PACKED, packed
from synth.processes import in_order
from synth.unfinished import Unfinished, umask

Progress = Callable[[int], None]
"""Called with the number of articles written so far."""

_LEAST_CHUNK, _MOST_CHUNK, _CHUNKS = 16, 256, 32


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
        ExportError: The format is unknown, is always one file or cannot be resumed, there are no workers, or the path's
            folder does not exist.
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
    if resume:
        return _resumed(corpus, format, out, progress, workers)
    if shard_size is None:
        shard_size = SHARDED.get(format, 0)
    with closing(_parts(corpus, corpus.ids, format, workers, progress)) as parts:
        if isinstance(out, str | os.PathLike) and _is_special(Path(out)):
            with Path(out).open("wb", buffering=0) as stream:
                files = _Files(lambda: nullcontext(cast(BinaryIO, stream)))
                load(format).write(parts, corpus, files)
        elif isinstance(out, str | os.PathLike):
            with _appearing(Path(out), sharded=shard_size > 0) as begin:
                files = _Files(begin, shard_size, str(Path(out).parent))
                load(format).write(parts, corpus, files)
        else:
            files = _Files(lambda: nullcontext(out))
            load(format).write(parts, corpus, files)
    return files.size


def _resumed(
    corpus: Corpus, format: str, out: str | os.PathLike[str] | BinaryIO, progress: Progress | None, workers: int
) -> int:
    layout = load(format)
    if not isinstance(layout, Pages):
        raise ExportError(f"cannot resume {format}: it is written as a whole; leave resume out")
    if not isinstance(out, str | os.PathLike):
        raise ExportError("cannot resume on a stream: name a file")
    path = Path(out)
    _check(path)
    if _is_special(path):
        raise ExportError(f"cannot resume on {path}, which is no file: name one")
    with Unfinished(path, {"corpus": corpus.digest, "format": format}) as unfinished:
        if unfinished.articles and progress:
            progress(unfinished.articles)
        ids = corpus.ids[unfinished.articles :]
        before = layout.between if unfinished.articles else layout.head
        with closing(_parts(corpus, ids, format, workers, progress)) as parts:
            articles = unfinished.articles
            for part in parts:
                articles = min(articles + _chunk(corpus), corpus.count)
                unfinished.write(before.encode() + part, articles)
                before = layout.between
        unfinished.write(layout.tail.encode(), corpus.count)
        return unfinished.size


def _parts(
    corpus: Corpus, wanted: range, format: str, workers: int, progress: Progress | None
) -> Generator[Any, None, None]:
    size = _chunk(corpus)
    chunks = [wanted[start : start + size] for start in range(0, len(wanted), size)]
    others = workers if workers > 1 else 0
    with closing(in_order((partial(_made, corpus, format, ids) for ids in chunks), others, 4 * workers)) as made:
        for part, ids in zip(made, chunks, strict=True):
            yield part
            if progress:
                progress(ids[-1] + 1 - corpus.first_id)


def _chunk(corpus: Corpus) -> int:
    """How many articles a process makes at a time: many, as handing them over takes a moment, but of few a few."""
    return max(_LEAST_CHUNK, min(_MOST_CHUNK, corpus.count // _CHUNKS))


def _made(corpus: Corpus, format: str, ids: range) -> Any:
    if format == "jsonl":  # the article is sealed by its line, which so costs hardly more than the article
        return b"".join([corpus.line(each) + b"\n" for each in ids])
    return load(format).make(map(corpus.article, ids))


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
        yield cast(BinaryIO, stream)
        stream.flush()
        file.flush()
        os.fsync(file.fileno())
        parts[-1].chmod(0o666 & ~umask())


def _shards(path: Path) -> Iterator[Path]:
    """The names of the files that one is split into, for ever."""
    end = "".join(path.suffixes[-2:] if path.suffix in PACKED else path.suffixes[-1:])
    stem = path.name.removesuffix(end)
    return (path.with_name(f"{stem}.{number:03d}{end}") for number in count())
