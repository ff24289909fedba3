"""Exports: in order, the same from any number of workers, and never half there."""

from __future__ import annotations

import gzip
import io
import json
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from types import ModuleType

import pytest

from synth import Corpus, ExportError
from synth.export import export
from synth.formats import FORMATS, PAGES, jsonl, markdown, text
from synth.model import MAX_ID

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

CORPUS = Corpus(first_id=11_730, count=150)


def written(corpus: Corpus, format: str, workers: int = 1) -> bytes:
    """Return what an export to a stream writes."""
    stream = io.BytesIO()
    assert export(corpus, format, stream, workers=workers) == stream.tell()
    return stream.getvalue()


def test_jsonl_lines_are_the_articles() -> None:
    """A JSONL export is the rendering of each article, in order of id."""
    assert written(CORPUS, "jsonl").decode() == "".join(map(jsonl.render, CORPUS))


@pytest.mark.parametrize("format", ["jsonl", "text", "html", "markdown"])
def test_shards_concatenate(format: str) -> None:
    """Two exports of neighbouring ranges, one after the other, are the export of the whole range."""
    parts = [Corpus(11_730, 70), Corpus(11_800, 80)]
    assert b"".join(written(part, format) for part in parts) == written(CORPUS, format)


def test_shards_of_tables_concatenate_but_for_their_names() -> None:
    """The first row of the second holds the names once more."""
    first, second = written(Corpus(11_730, 70), "csv"), written(Corpus(11_800, 80), "csv")
    assert first + second.partition(b"\r\n")[2] == written(CORPUS, "csv")


def test_json_is_one_array() -> None:
    """A JSON export is one array of all the records."""
    assert [each["id"] for each in json.loads(written(CORPUS, "json"))] == list(CORPUS.ids)


@pytest.mark.parametrize("module", [text, markdown], ids=["text", "markdown"])
def test_pages_are_apart(module: ModuleType) -> None:
    """Pages of text and Markdown end with form feeds, and only they do."""
    pages = written(CORPUS, module.__name__.rpartition(".")[2]).decode().split("\f\n")
    assert pages == [*(module.render(article) for article in CORPUS), ""]


@pytest.mark.parametrize(
    "format",
    [each if each in {"jsonl", "sqlite", "wxr"} else pytest.param(each, marks=pytest.mark.deep) for each in FORMATS],
)
def test_workers_do_not_matter(format: str) -> None:
    """Two processes write the same bytes as one."""
    assert written(CORPUS, format, workers=2) == written(CORPUS, format)


@pytest.mark.parametrize("workers", [2, 7])
@pytest.mark.parametrize("end", ["jsonl", "jsonl.zst"])
def test_workers_do_not_matter_where_they_write_themselves(workers: int, end: str, tmp_path: Path) -> None:
    """Into a file, packed or not: the bytes are those of one worker."""
    corpus = Corpus(first_id=11_730, count=600)
    alone, together = tmp_path / f"alone.{end}", tmp_path / f"together.{end}"
    assert export(corpus, "jsonl", alone) == export(corpus, "jsonl", together, workers=workers)
    assert together.read_bytes() == alone.read_bytes()


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


def shards(folder: Path, name: str = "corpus.xml", count: int = 150, shard_size: int | None = 300_000) -> list[str]:
    """Return the names in a folder after an export in shards."""
    export(Corpus(11_730, count), "wxr", folder / name, shard_size=shard_size)
    return sorted(path.name for path in folder.iterdir())


def numbered(pattern: str, count: int) -> list[str]:
    """Return the names of shards."""
    return [pattern.format(f"{number:03d}") for number in range(count)]


def test_shards_are_numbered(tmp_path: Path) -> None:
    """What does not go into one file goes into numbered ones, in order of id."""
    assert shards(tmp_path, "a.b.xml") == numbered("a.b.{}.xml", 8)
    found = b"".join(path.read_bytes() for path in sorted(tmp_path.iterdir()))
    places = [found.index(b"<wp:post_id>%d<" % each) for each in CORPUS.ids]
    assert places == sorted(places)


def test_shards_are_compressed_each(tmp_path: Path) -> None:
    """The number stands before both ends of a compressed file's name; lengths are those before compression."""
    assert shards(tmp_path, "a.xml.gz") == numbered("a.{}.xml.gz", 8)
    assert all(gzip.decompress(path.read_bytes()).endswith(b"</rss>\n") for path in tmp_path.iterdir())


@pytest.mark.parametrize(("count", "shard_size"), [(20, 300_000), (150, 0), (150, None)])
def test_what_goes_into_one_file_has_the_name_itself(tmp_path: Path, count: int, shard_size: int | None) -> None:
    """A small export is not numbered, nor is one that is to be one file or shorter than the usual shard."""
    assert shards(tmp_path, count=count, shard_size=shard_size) == ["corpus.xml"]


def test_an_export_in_shards_replaces_all_of_an_earlier_one(tmp_path: Path) -> None:
    """No shard of a longer or shorter export under the same name is left; files that were none of it are."""
    for name in ("corpus.2024.xml", "corpus.xml.txt", "other.000.xml"):
        (tmp_path / name).touch()
    others = sorted(path.name for path in tmp_path.iterdir())
    for count, names in (
        (150, numbered("corpus.{}.xml", 8)),
        (60, numbered("corpus.{}.xml", 3)),
        (20, ["corpus.xml"]),
        (60, numbered("corpus.{}.xml", 3)),
    ):
        assert shards(tmp_path, count=count) == sorted([*names, *others])


def test_a_format_without_shards_leaves_numbered_files_alone(tmp_path: Path) -> None:
    """Files that look like shards are somebody's own beside an export that has none."""
    (tmp_path / "corpus.000.jsonl").touch()
    export(CORPUS, "jsonl", tmp_path / "corpus.jsonl")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["corpus.000.jsonl", "corpus.jsonl"]


def test_an_interrupted_export_in_shards_leaves_the_earlier_one(tmp_path: Path) -> None:
    """No shard appears before the last is written: what was there is there as it was."""

    def stop(count: int) -> None:
        if count >= 100:
            raise KeyboardInterrupt

    names = shards(tmp_path)
    before = [(tmp_path / name).read_bytes() for name in names]
    with pytest.raises(KeyboardInterrupt):
        export(Corpus(1, 150), "wxr", tmp_path / "corpus.xml", progress=stop, shard_size=100_000)
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    assert [(tmp_path / name).read_bytes() for name in names] == before


def test_a_stream_gets_one_file() -> None:
    """On a stream there is nothing to number: it gets one whole file, however long."""
    stream = io.BytesIO()
    assert export(CORPUS, "wxr", stream, shard_size=1000) == stream.tell()
    assert stream.getvalue().count(b"</rss>") == 1


def test_sharding_another_format_is_refused(tmp_path: Path) -> None:
    """A format that is always one file says so; that it is to be one file is no contradiction."""
    with pytest.raises(ExportError) as refusal:
        export(CORPUS, "jsonl", tmp_path / "a.jsonl", shard_size=1000)
    assert str(refusal.value) == "cannot shard jsonl: it is always one file; only wxr goes on in another"
    assert list(tmp_path.iterdir()) == []
    assert export(CORPUS, "jsonl", tmp_path / "a.jsonl", shard_size=0)


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


class _StoppedError(Exception):
    pass


def stopped_at(least: int) -> Callable[[int], None]:
    """A progress that stops an export once so many articles are written."""

    def stop(count: int) -> None:
        if count >= least:
            raise _StoppedError

    return stop


@pytest.mark.parametrize(("format", "end"), [*((name, "") for name in PAGES), ("jsonl", ".gz"), ("jsonl", ".zst")])
def test_a_stopped_export_goes_on_and_ends_with_the_same_bytes(
    format: str, end: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped twice, with another number of workers each time; nothing has the name until it is whole."""
    monkeypatch.setattr("synth.packing._MEMBER", 100_000)
    corpus = Corpus(first_id=11_730, count=300)
    path, whole = tmp_path / f"some.{format}{end}", tmp_path / f"whole.{format}{end}"
    export(corpus, format, whole)
    seen: list[int] = []
    for least, workers in ((100, 1), (200, 2)):
        with pytest.raises(_StoppedError):
            export(corpus, format, path, stopped_at(least), workers, resume=True)
        assert not path.exists()
        assert (tmp_path / f"{path.name}.part").stat().st_size
    export(corpus, format, path, seen.append, resume=True)

    assert path.read_bytes() == whole.read_bytes()
    assert seen[0] >= 100
    assert seen[-1] == 300
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted([path.name, whole.name])


def test_what_was_torn_off_behind_the_note_is_written_again(tmp_path: Path) -> None:
    """Bytes that the note does not vouch for are cut off, as a killed process may leave half of a piece."""
    path = tmp_path / "some.jsonl"
    with pytest.raises(_StoppedError):
        export(CORPUS, "jsonl", path, stopped_at(64), resume=True)
    part = tmp_path / "some.jsonl.part"
    part.write_bytes(part.read_bytes() + b'{"id": half of an arti')
    export(CORPUS, "jsonl", path, resume=True)

    assert path.read_bytes() == written(CORPUS, "jsonl")


def test_two_do_not_go_on_with_the_same_file(tmp_path: Path) -> None:
    """The second is refused while the first is at it, and the first is not disturbed."""
    path = tmp_path / "some.jsonl"
    refused: list[str] = []

    def meanwhile(_: int) -> None:
        with pytest.raises(ExportError) as refusal:
            export(Corpus(seed=5), "jsonl", path, resume=True)
        refused.append(str(refusal.value))

    export(CORPUS, "jsonl", path, meanwhile, resume=True)
    remedy = "let it end, or name another file"
    assert set(refused) == {f"cannot write {path}: another process is writing {path}.part, so {remedy}"}
    assert path.read_bytes() == written(CORPUS, "jsonl")
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_in_the_place_of_the_part_is_not_followed(tmp_path: Path) -> None:
    """It leads to what was never meant."""
    other = tmp_path / "other"
    other.write_text("somebody's own")
    (tmp_path / "some.jsonl.part").symlink_to(other)
    with pytest.raises(OSError, match="symbolic links"):
        export(CORPUS, "jsonl", tmp_path / "some.jsonl", resume=True)
    assert other.read_text() == "somebody's own"


@pytest.mark.parametrize("said", [{"articles": -5}, {"articles": 151}, {"articles": 1e999}, {"bytes": -1}])
def test_a_note_that_cannot_be_is_none(said: dict[str, float], tmp_path: Path) -> None:
    """What it is beside is begun anew."""
    path = tmp_path / "some.jsonl"
    with pytest.raises(_StoppedError):
        export(CORPUS, "jsonl", path, stopped_at(64), resume=True)
    note = tmp_path / "some.jsonl.part.json"
    note.write_text(json.dumps({**json.loads(note.read_text()), **said}))
    export(CORPUS, "jsonl", path, resume=True)
    assert path.read_bytes() == written(CORPUS, "jsonl")


@pytest.mark.parametrize("workers", [1, 2])
def test_a_corpus_of_all_ids_is_begun_as_any_other(workers: int, tmp_path: Path) -> None:
    """Nothing is made ready for each of its articles; on a stream and in a file."""
    everything = Corpus(0, MAX_ID)
    for out in (io.BytesIO(), tmp_path / "all.jsonl"):
        with pytest.raises(_StoppedError):
            export(everything, "jsonl", out, stopped_at(1), workers)


@pytest.mark.parametrize("other", ["corpus", "format", "note", "shorter"])
def test_what_is_of_something_else_is_begun_anew(other: str, tmp_path: Path) -> None:
    """Another corpus or format under the same name, a note that is none, a file that is shorter than its note says."""
    path = tmp_path / "some.jsonl"
    with pytest.raises(_StoppedError):
        export(CORPUS, "jsonl", path, stopped_at(64), resume=True)
    corpus = Corpus(first_id=11_730, count=151) if other == "corpus" else CORPUS
    wanted = "text" if other == "format" else "jsonl"
    if other == "note":
        (tmp_path / "some.jsonl.part.json").write_text("[")
    elif other == "shorter":
        (tmp_path / "some.jsonl.part").write_bytes(b"x")
    export(corpus, wanted, path, resume=True)

    assert path.read_bytes() == written(corpus, wanted)


@pytest.mark.parametrize("format", ["ghost", "parquet", "sqlite", "wxr"])
def test_formats_that_are_written_as_a_whole_cannot_be_resumed(format: str, tmp_path: Path) -> None:
    """And say so before anything is made."""
    with pytest.raises(ExportError, match=f"cannot resume {format}: it is written as a whole"):
        export(CORPUS, format, tmp_path / "x", resume=True)
    with pytest.raises(ExportError, match="name a file"):
        export(CORPUS, "jsonl", io.BytesIO(), resume=True)
    assert list(tmp_path.iterdir()) == []


def test_zstd_is_read_by_others(tmp_path: Path) -> None:
    """As one file, whatever it is made of."""
    export(CORPUS, "jsonl", tmp_path / "a.jsonl.zst")

    assert zstd.decompress((tmp_path / "a.jsonl.zst").read_bytes()) == written(CORPUS, "jsonl")


def test_a_device_takes_what_it_is_given_and_stays_what_it_is(tmp_path: Path) -> None:
    """A pipe with a name, for one: nothing is put in its place."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    export(Corpus(count=5), "jsonl", pipe)
    reader.join()

    assert read == [written(Corpus(count=5), "jsonl")]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert list(tmp_path.iterdir()) == [pipe]
