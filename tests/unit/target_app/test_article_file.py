"""Importing a file of articles: what it may hold, what is said of one that is wrong, and how it goes on."""

import gzip
import json
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from synth import Corpus
from synth.export import export
from synth.packing import PACKED
from synth.record import canonical
from target_app.app import build_app
from target_app.article_file import ArticleError, read
from target_app.database import Library
from target_app.errors import ArticleFileError, DatabaseFileError
from target_app.importer import import_corpus, import_file
from target_app.settings import parse_settings
from target_app.site import Site, open_site
from tests.dumps import content, dump

CORPUS = Corpus(first_id=40, count=30, seed=5)
MEMBERS = 2
FOREIGN = {
    "id": 3,
    "slug": "a-first-one",
    "title": "A first one",
    "intro": "Hello.",
    "published": "2026-01-02T03:04:05Z",
}


class _StoppedError(Exception):
    """The import was stopped by the test."""


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    """The corpus as ``anp synth`` writes it."""
    path = tmp_path / "articles.jsonl"
    export(CORPUS, "jsonl", path)
    return path


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("target_app.importer.BATCH", 10)
    monkeypatch.setattr("target_app.importer.RUN", 5)


def lines(path: Path) -> list[str]:
    """The lines of a file."""
    return path.read_text(encoding="utf-8").splitlines()


def write(path: Path, records: list[Any]) -> Path:
    """Write a file of articles; what is no string is JSON."""
    words = [each if isinstance(each, str) else json.dumps(each) for each in records]
    path.write_text("".join(f"{word}\n" for word in words), encoding="utf-8")
    return path


def changed(line: str, **fields: Any) -> dict[str, Any]:
    """A record with other fields, and without its digest; a field that is None is left out."""
    record = {**json.loads(line), "digest": None, **fields}
    return {name: value for name, value in record.items() if value is not None}


def without_source(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """What a database holds but for what it says of the file that it came from."""
    found = content(path)
    found["site"] = [row for row in found["site"] if row[0] != "source"]
    return found


def opened(path: Path, *settings: str) -> Site:
    """The site over a database."""
    return open_site(path, parse_settings(settings), base_url="http://site.example")


def _as_it_is(exported: Path) -> None:
    pass


def _compressed(exported: Path) -> None:
    exported.write_bytes(gzip.compress(exported.read_bytes()))


def _packed_otherwise(exported: Path) -> None:
    exported.write_bytes(PACKED[".zst"](exported.read_bytes()))


def _spaced(exported: Path) -> None:
    exported.write_text("\n" + "\r\n\n".join(lines(exported)), encoding="utf-8", newline="")


@pytest.mark.parametrize("prepare", [_as_it_is, _compressed, _packed_otherwise, _spaced])
@pytest.mark.parametrize("processes", [0, 2])
def test_the_export_of_a_corpus_makes_its_database(
    prepare: Callable[[Path], None], processes: int, exported: Path, tmp_path: Path
) -> None:
    """Row for row what an import of the corpus makes: compressed, or with empty lines and other line ends."""
    prepare(exported)
    import_corpus(tmp_path / "a.db", CORPUS, members=MEMBERS)
    import_file(tmp_path / "b.db", exported, members=MEMBERS, processes=processes)
    assert content(tmp_path / "a.db") == without_source(tmp_path / "b.db")
    with closing(opened(tmp_path / "b.db")) as site:
        assert site.corpus == CORPUS
        assert site.about()["corpus"] == CORPUS.to_dict()


def test_the_database_of_a_file_is_that_of_its_corpus_from_then_on(exported: Path, tmp_path: Path) -> None:
    """Asking for the file or for the corpus again changes nothing; another one is refused."""
    path = tmp_path / "a.db"
    import_file(path, exported, members=MEMBERS)
    before = dump(path)
    import_file(path, exported, members=MEMBERS)
    import_corpus(path, CORPUS, members=MEMBERS)
    assert dump(path) == before
    with pytest.raises(DatabaseFileError, match="choose another file"):
        import_corpus(path, Corpus(first_id=40, count=31, seed=5), members=MEMBERS)
    with pytest.raises(DatabaseFileError, match=r"with 2 members, not the articles of .* with 3 members"):
        import_file(path, exported, members=3)


def test_the_database_of_a_corpus_takes_no_file(exported: Path, tmp_path: Path) -> None:
    """Not even its own: nobody looked whether it is."""
    path = tmp_path / "a.db"
    import_corpus(path, CORPUS, members=MEMBERS)
    with pytest.raises(DatabaseFileError, match=r"holds 30 articles from id 40 .* not the articles of .*jsonl"):
        import_file(path, exported, members=MEMBERS)


@pytest.mark.parametrize("is_corpus", [True, False])
def test_a_stopped_import_goes_on_and_ends_the_same(is_corpus: bool, exported: Path, tmp_path: Path) -> None:
    """After any batch; and meanwhile no site is opened over it, and it is not taken for a corpus."""
    if not is_corpus:
        write(exported, [*lines(exported)[:13], changed(lines(exported)[13], title="Another"), *lines(exported)[14:]])
    import_file(tmp_path / "whole.db", exported, members=MEMBERS)
    for stop in (0, 10, 20, 30):

        def stopper(done: int, of: int, stop: int = stop) -> None:
            assert of == CORPUS.count
            if done >= stop:
                raise _StoppedError

        path = tmp_path / f"{stop}.db"
        with pytest.raises(_StoppedError):
            import_file(path, exported, members=MEMBERS, progress=stopper)
        command = f"anp serve --articles-from FILE --members 2 --db {path}"
        with pytest.raises(DatabaseFileError, match=f"half imported; to go on: {command}$"):
            opened(path)
        with pytest.raises(DatabaseFileError, match=f"holds {stop} articles of a file"):
            import_corpus(path, CORPUS, members=MEMBERS)
        import_file(path, exported, members=MEMBERS)
        assert dump(path) == dump(tmp_path / "whole.db")


def test_a_file_that_does_not_begin_with_what_was_stored_is_refused(exported: Path, tmp_path: Path) -> None:
    """Neither while the import is under way, nor when it is done; nor one that is longer then."""
    path = tmp_path / "a.db"

    def stopper(done: int, of: int) -> None:
        if done == 20:
            raise _StoppedError

    with pytest.raises(_StoppedError):
        import_file(path, exported, members=0, progress=stopper)
    before = dump(path)
    other = write(tmp_path / "other.jsonl", lines(exported)[1:])
    short = write(tmp_path / "short.jsonl", lines(exported)[:5])
    for wrong in (other, short):
        with pytest.raises(DatabaseFileError, match=r"first 20 lines of a file, and .*jsonl does not begin with them"):
            import_file(path, wrong, members=0)
    assert dump(path) == before
    import_file(path, exported, members=0)
    longer = write(tmp_path / "longer.jsonl", [*lines(exported), {**FOREIGN}])
    with pytest.raises(DatabaseFileError, match=r"complete with 30 articles, and .*longer.jsonl goes on to 31"):
        import_file(path, longer, members=0)


def test_a_line_that_is_wrong_stops_the_import_until_it_is_mended(exported: Path, tmp_path: Path) -> None:
    """It is named; what was stored before stays, and the mended file goes on from there."""
    path, good = tmp_path / "a.db", lines(exported)
    write(exported, [*good[:17], good[17][:-9], *good[18:]])
    with pytest.raises(ArticleFileError) as caught:
        import_file(path, exported, members=0)
    column = len(good[17].encode()) - 9
    assert str(caught.value) == (
        f"{exported}, line 18: Invalid JSON: EOF while parsing a string at column {column}; "
        "mend it, or leave the line out"
    )
    assert len(content(path)["article"]) == 10
    write(exported, [*good[:17], changed(good[17], intro="Mended."), *good[18:]])
    import_file(path, exported, members=0)
    import_file(tmp_path / "b.db", exported, members=0)
    assert dump(path) == dump(tmp_path / "b.db")


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"id": 40}, "id 40 is that of an article before it; leave one out"),
        ({"id": 60}, "id 60 is that of an article before it; leave one out"),
        ({"slug": 0}, "slug 'SLUG' is that of an article before it; leave one out"),
        ({"slug": 20}, "slug 'SLUG' is that of an article before it; leave one out"),
    ],
)
def test_no_id_and_no_slug_comes_twice(fields: dict[str, Any], problem: str, exported: Path, tmp_path: Path) -> None:
    """Neither among the lines of one batch nor among those stored before; the second one is named."""
    good = lines(exported)
    if "slug" in fields:
        fields = {"slug": json.loads(good[fields["slug"]])["slug"]}
        problem = problem.replace("SLUG", fields["slug"])
    write(exported, [*good[:24], changed(good[24], **fields), *good[25:]])
    with pytest.raises(ArticleFileError) as caught:
        import_file(tmp_path / "a.db", exported, members=0)
    assert str(caught.value) == f"{exported}, line 25: {problem}"
    assert len(content(tmp_path / "a.db")["article"]) == 20


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"id": None}, "id: Field required; mend it, or leave the line out"),
        ({"id": "3"}, "id: Input should be a valid integer, not '3'; mend it, or leave the line out"),
        ({"id": 2**53}, "id: Input should be less than or equal to 9007199254740991, not 9007199254740992"),
        ({"slug": "Not A Slug"}, r"slug: String should match pattern '^[a-z0-9]+(-[a-z0-9]+)*$', not 'Not A Slug'"),
        ({"published": "yesterday"}, "published: Input should be a valid datetime"),
        ({"published": "2026-01-02T03:04:05"}, "published: Input should have timezone info, not '2026-01-02T03:04:05'"),
        (
            {"title": "\u2060 "},
            r"title: should hold a visible character, not '\u2060 '; mend it, or leave the line out",
        ),
        ({"checklist": ["\u00a0"]}, r"checklist 0: should hold a visible character, not '\xa0'"),
        ({"title": "one\ntwo"}, "title: String should match pattern "),
        ({"colour": "red"}, "colour: Extra inputs are not permitted, not 'red'; mend it, or leave the line out"),
        ({"sections": [{"paragraphs": []}]}, "sections 0 heading: Field required; mend it, or leave the line out"),
        ({"tags": ["a", "a"]}, "tags: names one of them twice; name each once; mend it, or leave the line out"),
        ({"meta": {"summary": 1.5}}, "meta summary"),
        ({"digest": "0" * 24}, "its digest is 000000000000000000000000, but its text has "),
    ],
)
def test_what_is_wrong_with_a_line_is_said(fields: dict[str, Any], problem: str) -> None:
    """Which field, what about it, its value, and what to do."""
    record = {name: value for name, value in {**FOREIGN, **fields}.items() if value is not None}
    with pytest.raises(ArticleError) as caught:
        read(json.dumps(record).encode())
    assert str(caught.value).startswith(problem)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("line", [b"", b"[]", b"null", b"\xff\xfe", b"{" * 9000, b'{"id":3,"title":"\\ud800"}', b"\0"])
def test_a_line_that_is_no_record_is_refused(line: bytes) -> None:
    """Whatever stands there, it is one line that says so."""
    with pytest.raises(ArticleError) as caught:
        read(line)
    assert str(caught.value).endswith("; mend it, or leave the line out")


def test_what_can_be_left_out() -> None:
    """Number, title, slug, intro and date make an article; a digest is made where there is none, and checked else."""
    article = read(json.dumps(FOREIGN).encode())
    assert (article.revision, article.author, article.sections, article.tags, article.meta) == (0, 0, (), (), {})
    assert article.modified == article.published
    assert article.last_reviewed == article.published.date()
    assert read(json.dumps({**FOREIGN, "digest": article.digest}).encode()) == article
    for one in (CORPUS.article(44), Corpus(profile="classic").article(11740)):
        assert read(canonical(one)) == one


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda path: None, "cannot be read (No such file or directory); name a whole file"),
        (lambda path: path.mkdir(), "cannot be read (Is a directory); name a whole file"),
        (lambda path: path.write_bytes(b"\n \n"), "holds no article; write one with: anp synth --out FILE"),
        (lambda path: path.write_bytes(b""), "holds no article; write one with: anp synth --out FILE"),
        (
            lambda path: path.write_bytes(b"x" * 5_000_000),
            "line 1: is longer than 4,194,304 bytes; give each article a",
        ),
        (lambda path: path.write_bytes(gzip.compress(b"{}\n" * 9)[:-4]), "line 10: cannot be read (Compressed file"),
        (lambda path: path.write_bytes(PACKED[".zst"](b"{}\n" * 9)[:-4]), "cannot be read (Compressed file"),
        (lambda path: path.write_bytes(PACKED[".zst"](b"{}")[:4] + b"no frame at all"), "cannot be read (Unable to"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(make: Callable[[Path], None], problem: str, tmp_path: Path) -> None:
    """In one line that names it."""
    path = tmp_path / "articles.jsonl"
    make(path)
    with pytest.raises(ArticleFileError) as caught:
        import_file(tmp_path / "a.db", path, members=0)
    assert str(path) in str(caught.value)
    assert problem in str(caught.value)


def test_similar_posts_share_tags(exported: Path, tmp_path: Path) -> None:
    """Of articles that are no corpus': those with most tags in common, the newest first among equals."""
    import_file(tmp_path / "a.db", write(exported, lines(exported)[3:][::-1]), members=0)
    articles = {each: CORPUS.article(each) for each in CORPUS.ids[3:]}
    with closing(Library(tmp_path / "a.db")) as library:
        for own in articles.values():
            shared = {
                other.id: len(set(own.tags) & set(other.tags)) for other in articles.values() if other.id != own.id
            }
            expected = sorted(
                (each for each, count in shared.items() if count),
                key=lambda each: (-shared[each], -articles[each].published.timestamp(), -each),
            )
            assert library.similar(own.id).ids == tuple(expected[:4])


def test_of_a_tag_that_very_many_carry_only_the_newest_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else twice as many articles would take four times as long."""
    monkeypatch.setattr("target_app.database.loader.WINDOW", 3)
    dates = [f"2026-01-{day:02}T00:00:00Z" for day in range(1, 21)]
    tags = [["every", "rare"] if day in {1, 2} else ["every"] for day in range(1, 21)]
    records = [
        {**FOREIGN, "id": day, "slug": f"day-{day}", "published": dates[day - 1], "tags": tags[day - 1]}
        for day in range(1, 21)
    ]
    import_file(tmp_path / "a.db", write(tmp_path / "a.jsonl", records), members=0)
    with closing(Library(tmp_path / "a.db")) as library:
        assert library.similar(1).ids == (2, 20, 19, 18)
        assert library.similar(9).ids == (20, 19, 18)
        assert library.similar(20).ids == (19, 18)


@pytest.mark.anyio
async def test_articles_of_a_file_are_served(exported: Path, tmp_path: Path) -> None:
    """As any others; but the site says that they are no corpus', and has no other editions of them."""
    record = {**FOREIGN, "sections": [{"heading": "Zeppelins", "paragraphs": ["About <airships>."]}], "tags": ["air"]}
    path = tmp_path / "a.db"
    import_file(path, write(exported, [record, *lines(exported)]), members=MEMBERS)
    shutil.copy(path, tmp_path / "b.db")
    with closing(opened(path, "similar=computed")) as site:
        transport = httpx.ASGITransport(app=build_app(site).app)
        async with httpx.AsyncClient(transport=transport, base_url="http://site.example") as client:
            page = await client.get("/articles/a-first-one/")
            assert page.status_code == 200
            assert "About &lt;airships&gt;." in page.text
            assert "page=article id=3 revision=0 digest=" in page.text
            assert (await client.get(f"/articles/{CORPUS.article(50).slug}/")).status_code == 200
            assert "A first one" in (await client.get("/search?q=zeppelin")).text
            assert "A first one" in (await client.get("/tags/air/")).text
            about = (await client.get("/anp/about")).json()
            assert (about["corpus"], about["members"]) == (None, MEMBERS)
            refused = await client.post("/anp/edit", json={"article": 3})
            assert refused.status_code == 404
            assert "no other edition of article 3: no corpus has it" in refused.text
    with closing(Library(tmp_path / "b.db")) as library:
        assert library.count() == CORPUS.count + 1
