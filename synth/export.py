"""Write a whole corpus to a file or a stream, in any format, with memory that does not grow with the corpus.

A file is written beside its final name and renamed at the end, so an interrupted export leaves nothing under
that name. The bytes depend on the corpus and the format alone, not on the number of workers or the time of
day.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from tempfile import NamedTemporaryFile
from types import MappingProxyType
from typing import BinaryIO

from synth.corpus import Corpus
from synth.errors import ExportError
from synth.formats import html, json, jsonl, markdown, text
from synth.model import Article
from synth.processes import in_order

Progress = Callable[[int], None]
"""Called with the number of articles written so far."""

_CHUNK = 64


@dataclass(frozen=True, slots=True)
class Format:
    """How articles of one format are put together in a file."""

    render: Callable[[Article], str]
    head: str = ""
    between: str = ""
    tail: str = ""


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "html": Format(html.render),
        "json": Format(json.render, head="[\n", between=",\n", tail="]\n"),
        "jsonl": Format(jsonl.render),
        # A form feed is how plain text says that a new page begins.
        "markdown": Format(markdown.render, between="\f\n"),
        "text": Format(text.render, between="\f\n"),
    }
)


def export(
    corpus: Corpus,
    format: str,
    out: str | os.PathLike[str] | BinaryIO,
    progress: Progress | None = None,
    workers: int = 1,
) -> int:
    """Write every article of a corpus, in order of id.

    Args:
        corpus: What to write.
        format: A key of ``FORMATS``.
        out: A path, compressed when it ends in ``.gz``, or a binary stream, which is left open.
        progress: Told how many articles are written, every few dozen and at the end.
        workers: Processes that render; the bytes are the same for any number.

    Returns:
        The number of bytes written, before compression.

    Raises:
        ExportError: The format is unknown, there are no workers, or the path's folder does not exist.
        OSError: Writing failed; nothing is left under the final name.
    """
    if format not in FORMATS:
        near = get_close_matches(str(format), FORMATS, n=1)
        remedy = f"did you mean {near[0]!r}?" if near else f"choose one of {', '.join(FORMATS)}"
        raise ExportError(f"unknown format {format!r}: {remedy}")
    if workers < 1:
        raise ExportError(f"cannot export with {workers} workers: use at least 1")
    if isinstance(out, str | os.PathLike):
        with _appearing(Path(out)) as stream:
            return _write(corpus, format, stream, progress, workers)
    return _write(corpus, format, out, progress, workers)


def _write(corpus: Corpus, format: str, stream: BinaryIO, progress: Progress | None, workers: int) -> int:
    layout = FORMATS[format]
    size = stream.write(layout.head.encode())
    written = 0
    for chunk, ids in _chunks(corpus, format, workers):
        size += stream.write(layout.between.encode() + chunk if written else chunk)
        written += len(ids)
        if progress:
            progress(written)
    return size + stream.write(layout.tail.encode())


def _chunks(corpus: Corpus, format: str, workers: int) -> Iterator[tuple[bytes, range]]:
    parts = [corpus.ids[start : start + _CHUNK] for start in range(0, corpus.count, _CHUNK)]
    with closing(in_order((partial(_rendered, corpus, format, ids) for ids in parts), workers, 4 * workers)) as made:
        yield from zip(made, parts, strict=True)


def _rendered(corpus: Corpus, format: str, ids: range) -> bytes:
    layout = FORMATS[format]
    return layout.between.join(layout.render(corpus.article(each)) for each in ids).encode()


@contextmanager
def _appearing(path: Path) -> Iterator[BinaryIO]:
    """Open a file that takes its final name only when the block ends well."""
    if not path.parent.is_dir():
        raise ExportError(f"cannot write {path}: the folder {path.parent} does not exist, so create it first")
    if path.is_dir():
        raise ExportError(f"cannot write {path}: it is a folder, so name a file inside it")
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", suffix=".part", delete=False) as file:
        part = Path(file.name)
        try:
            if path.suffix == ".gz":
                # No name and no time in the header, so that equal corpora give equal bytes.
                with gzip.GzipFile("", "wb", 6, file, mtime=0) as compressed:
                    yield compressed  # type: ignore[misc]
            else:
                yield file  # type: ignore[misc]
            file.flush()
            os.fsync(file.fileno())
            part.chmod(0o666 & ~_umask())
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
