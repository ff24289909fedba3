"""Exports: in order, the same from any number of workers, and never half there."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from types import ModuleType

import pytest

from synth import Corpus, ExportError
from synth.export import export
from synth.formats import FORMATS, jsonl, markdown, text

CORPUS = Corpus(first_id=11_730, count=150)


def written(corpus: Corpus, format: str, workers: int = 1) -> bytes:
    """Return what an export to a stream writes."""
    stream = io.BytesIO()
    assert export(corpus, format, stream, workers=workers) == stream.tell()
    return stream.getvalue()


def test_jsonl_lines_are_the_articles() -> None:
    """A JSONL export is the rendering of each article, in order of id."""
    assert written(CORPUS, "jsonl").decode() == "".join(map(jsonl.render, CORPUS))


def test_shards_concatenate() -> None:
    """Two exports of neighbouring ranges, one after the other, are the export of the whole range."""
    parts = [Corpus(11_730, 70), Corpus(11_800, 80)]
    assert b"".join(written(part, "jsonl") for part in parts) == written(CORPUS, "jsonl")


def test_json_is_one_array() -> None:
    """A JSON export is one array of all the records."""
    assert [each["id"] for each in json.loads(written(CORPUS, "json"))] == list(CORPUS.ids)


@pytest.mark.parametrize("module", [text, markdown], ids=["text", "markdown"])
def test_pages_are_apart(module: ModuleType) -> None:
    """Pages of text and Markdown are separated by form feeds, and only by them."""
    pages = written(CORPUS, module.__name__.rpartition(".")[2]).decode().split("\f\n")
    assert pages == [module.render(article) for article in CORPUS]


@pytest.mark.parametrize("format", FORMATS)
def test_workers_do_not_matter(format: str) -> None:
    """Two processes write the same bytes as one."""
    assert written(CORPUS, format, workers=2) == written(CORPUS, format)


def test_gzip_is_reproducible(tmp_path: Path) -> None:
    """A .gz export holds the plain bytes, and a second one under another name is identical."""
    for name in ("a.jsonl.gz", "b.jsonl.gz"):
        export(CORPUS, "jsonl", tmp_path / name)
    first, second = ((tmp_path / name).read_bytes() for name in ("a.jsonl.gz", "b.jsonl.gz"))
    assert gzip.decompress(first) == written(CORPUS, "jsonl")
    assert first == second
    assert first[4:8] == bytes(4)


def test_an_export_replaces_a_file_at_once(tmp_path: Path) -> None:
    """A finished export stands under its name, over an older one, with nothing beside it."""
    path = tmp_path / "corpus.jsonl"
    path.write_text("older")
    size = export(CORPUS, "jsonl", str(path))
    assert path.stat().st_size == size
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("workers", [1, 2])
def test_an_interrupted_export_leaves_nothing(tmp_path: Path, workers: int) -> None:
    """Stopped half-way, an export leaves no file; started again, it completes."""

    def stop(count: int) -> None:
        if count >= 100:
            raise KeyboardInterrupt

    path = tmp_path / "corpus.jsonl.gz"
    with pytest.raises(KeyboardInterrupt):
        export(CORPUS, "jsonl", path, progress=stop, workers=workers)
    assert list(tmp_path.iterdir()) == []
    export(CORPUS, "jsonl", path, workers=workers)
    assert gzip.decompress(path.read_bytes()) == written(CORPUS, "jsonl")


def test_progress() -> None:
    """Progress rises and ends at the number of articles."""
    seen: list[int] = []
    export(CORPUS, "text", io.BytesIO(), progress=seen.append)
    assert seen == sorted(set(seen))
    assert seen[-1] == CORPUS.count


def test_the_stream_stays_open() -> None:
    """A stream that was handed in is not closed."""
    stream = io.BytesIO()
    export(CORPUS, "html", stream)
    assert not stream.closed


def test_refusals(tmp_path: Path) -> None:
    """An unknown format, no workers, a missing folder and a folder for a file are refused, and nothing is written."""
    missing = tmp_path / "no"
    cases = [
        ("jsnol", io.BytesIO(), 1, "unknown format 'jsnol': did you mean 'jsonl'?"),
        ("zzz", io.BytesIO(), 1, f"unknown format 'zzz': choose one of {', '.join(FORMATS)}"),
        ("json", io.BytesIO(), 0, "cannot export with 0 workers: use at least 1"),
        (
            "json",
            missing / "a.json",
            1,
            f"cannot write {missing / 'a.json'}: the folder {missing} does not exist, so create it first",
        ),
        ("json", tmp_path, 1, f"cannot write {tmp_path}: it is a folder, so name a file inside it"),
    ]
    for kind, out, workers, message in cases:
        with pytest.raises(ExportError) as refusal:
            export(CORPUS, kind, out, workers=workers)
        assert str(refusal.value) == message
    assert list(tmp_path.iterdir()) == []
