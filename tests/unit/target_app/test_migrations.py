"""Database files of older versions: what becomes of them, whoever stops it or does it twice."""

import hashlib
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from synth import Corpus, people
from target_app.app import build_app
from target_app.database import Desk, Library, migrate
from target_app.database.migrations import MIGRATIONS
from target_app.database.rows import COLUMNS
from target_app.database.schema import FORMAT
from target_app.drafting import from_fields, to_fields
from target_app.editing import Editing
from target_app.errors import DatabaseFileError
from target_app.importer import import_corpus
from target_app.passwords import password_matches
from target_app.records import Run
from target_app.settings import Settings
from target_app.site import open_site
from tests.dumps import content, dump

DATA = Path(__file__).parents[2] / "data"
CORPUS = Corpus(first_id=1968, count=10)
MEMBERS = 2
EDITED = 1970
EDITED_AT, EDITED_LAST_AT = 1785500000, 1785500600
SESSION = hashlib.sha256(b"a session of before").digest()


def of_format(version: int, path: Path) -> Path:
    """A file as a site of an older version left it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript((DATA / f"database-format-{version}" / "site.sql").read_text(encoding="utf-8"))
    return path


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A file of format 2, as its site left it."""
    return of_format(2, tmp_path / "old.db")


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """What an import of the same corpus, with the same edits, made when the synthesizer still made those articles."""
    path = of_format(3, tmp_path / "fresh.db")
    migrate(path)
    return path


def half(path: Path, articles: int, members: int) -> None:
    """Take from a file of format 2 what an import that was stopped there would not have stored."""
    last = CORPUS.first_id + articles
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript(f"""
            DELETE FROM site WHERE name = 'complete';
            DELETE FROM session;
            DELETE FROM reading_list WHERE member_id >= 'm{members:06}';
            DELETE FROM member WHERE id >= 'm{members:06}';
            INSERT INTO article_search (article_search, rowid, title, summary, body, topic)
                SELECT 'delete', id, title, summary, body, topic FROM article_text WHERE id >= {last};
            DELETE FROM similar_article WHERE article_id >= {last};
            DELETE FROM article_tag WHERE article_id >= {last};
            DELETE FROM article_meta WHERE article_id >= {last};
            DELETE FROM article WHERE id >= {last};
            DELETE FROM author WHERE id NOT IN (SELECT author_id FROM article);
        """)


def schema(path: Path) -> set[tuple[str, str, str | None]]:
    """All tables, indexes and views as they were declared."""
    with closing(sqlite3.connect(path)) as connection:
        return set(connection.execute("SELECT type, name, sql FROM sqlite_schema WHERE name NOT GLOB 'sqlite_stat*'"))


def test_every_old_version_leads_to_this_one() -> None:
    """There is a step for each version from the first that is known to the last but one."""
    assert sorted(MIGRATIONS) == list(range(min(MIGRATIONS), FORMAT))


def test_an_old_file_becomes_what_an_import_makes(old: Path, fresh: Path, tmp_path: Path) -> None:
    """All rows, and all words of the index, are those of a fresh import with the same edits; tables are of today."""
    migrate(old)
    import_corpus(tmp_path / "today.db", CORPUS, members=MEMBERS)
    assert schema(old) == schema(fresh) == schema(tmp_path / "today.db")
    got, expected = content(old), content(fresh)
    # A file of format 2 does not tell when it was that what a card shows last changed: any change may have been that.
    expected["article"] = [_with_card_of_edit(row) for row in expected["article"]]
    assert got == expected
    with closing(sqlite3.connect(old)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def test_a_file_of_format_3_gets_what_is_new(tmp_path: Path) -> None:
    """It loses nothing and gets the index of what was changed last, which the list of editors is read from."""
    path = of_format(3, tmp_path / "three.db")
    before = content(path)
    migrate(path)
    assert content(path) == {**before, "former_slug": []}
    with closing(Library(path)) as library:
        assert [one.id for one in library.changed_last(limit=50)] == [EDITED]
        plan = "\n".join(row[3] for row in library._connection.rows(f"EXPLAIN QUERY PLAN {_changed_last(library)}"))
    assert "USING INDEX article_changed" in plan
    assert "TEMP B-TREE" not in plan


def test_a_file_of_format_4_can_be_left_by_a_slug(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It loses nothing; no former slug is known at first, and one that is given up from now on leads on."""
    path = of_format(3, tmp_path / "four.db")
    with monkeypatch.context() as patched:
        patched.setattr("target_app.database.files.MIGRATIONS", {3: MIGRATIONS[3]})
        migrate(path)
    before = content(path)
    assert "former_slug" not in before
    migrate(path)
    assert content(path) == {**before, "former_slug": []}
    with closing(Library(path)) as library, closing(Desk(path)) as desk:
        article = library.article_by_id(1968)
        assert article is not None
        text = from_fields({**to_fields(article, library.meta(1968)), "slug": "another"})
        Editing(desk, None).rewrite(1968, text, None, etags=None)
        assert library.renamed(article.slug) == (1968, "another")


def _changed_last(library: Library) -> str:
    """The statement by which a library reads what was changed last."""
    said: list[str] = []
    library._connection._connection.exec_trace = lambda _cursor, sql, _bindings: said.append(sql) is None
    library.changed_last(limit=50)
    library._connection._connection.exec_trace = None
    (sql,) = said
    return sql.replace("?", "50")


def _with_card_of_edit(row: tuple[object, ...]) -> tuple[object, ...]:
    place = 1 + COLUMNS.index("card_changed")
    return (*row[:place], EDITED_LAST_AT, *row[place + 1 :]) if row[0] == EDITED else row


def test_a_file_that_is_up_to_date_is_left_alone(old: Path) -> None:
    """The second time nothing is written."""
    migrate(old)
    before = old.read_bytes()
    migrate(old)
    assert old.read_bytes() == before


@pytest.mark.anyio
async def test_the_site_serves_an_old_file(old: Path, fresh: Path) -> None:
    """Opened by the site it is brought up to date: its pages are those of the other, its members and sessions stay."""
    sites = [open_site(path, Settings(), base_url="http://site.example") for path in (old, fresh)]
    try:
        bodies: list[list[bytes]] = []
        for site in sites:
            transport = httpx.ASGITransport(app=build_app(site).app)
            async with httpx.AsyncClient(transport=transport, base_url="http://site.example") as client:
                paths = ["/", "/feed.xml", "/sitemap.xml", "/search?q=cache", "/authors/", "/categories/"]
                paths += [f"/articles/{CORPUS.article(each).slug}/" for each in CORPUS.ids]
                answers = [await client.get(path) for path in paths]
            bodies.append([answer.content for answer in answers])
            assert {answer.status_code for answer in answers} <= {200, 404}
        assert bodies[0] == bodies[1]
        member = sites[0].library.session_member(SESSION, 0)
        assert member is not None
        assert (member.id, member.role) == ("m000001", "reader")
        known = sites[0].library.credentials(people.member(0).login)
        assert known is not None
        assert known[0].role == "editor"
        assert password_matches(known[1], people.member(0).password)
    finally:
        for site in sites:
            site.close()


def test_an_old_file_can_be_searched_and_edited(old: Path) -> None:
    """The new index finds the words of the edited text and forgets them with the next edit."""
    migrate(old)
    with closing(sqlite3.connect(old)) as connection:
        ((title,),) = connection.execute("SELECT title FROM article WHERE id = ?", (EDITED,)).fetchall()
    heading = title.split()[0]
    with closing(Library(old)) as library, closing(Desk(old)) as desk:
        found = library.found(f'"{heading}"', limit=20, offset=0, countable=100)
        assert EDITED in {card.id for card in found.cards}
        with desk.transaction():
            desk.delete_article(EDITED)
        found = library.found(f'"{heading}"', limit=20, offset=0, countable=100)
        assert EDITED not in {card.id for card in found.cards}
        assert library.newest(Run(limit=20)).total == CORPUS.count - 1


@pytest.mark.parametrize(("articles", "members"), [(0, 0), (4, 0), (10, 1), (10, 2)])
def test_an_old_file_is_not_filled_up_by_another_synthesizer(articles: int, members: int, old: Path) -> None:
    """It would hold articles of two; it is brought up to date and says what can be done."""
    if members < MEMBERS:
        half(old, articles, members)
    migrate(old)
    before = content(old)
    with pytest.raises(DatabaseFileError) as caught:
        import_corpus(old, CORPUS, members=MEMBERS)
    assert str(caught.value) == (
        f"{old} holds articles of another version of the synthesizer; choose another file, or serve it as it is: "
        f"anp serve --db {old}"
    )
    assert content(old) == before


def test_nobody_computes_the_pages_of_another_synthesizer(old: Path) -> None:
    """The site serves them and names no corpus, so that a swarm does not take its own articles for theirs."""
    site = open_site(old, Settings(), base_url="http://site.example")
    try:
        assert site.about()["corpus"] is None
    finally:
        site.close()


def test_an_old_file_of_another_corpus_is_refused(old: Path) -> None:
    """That it is old makes no difference."""
    with pytest.raises(DatabaseFileError, match="holds 10 articles from id 1968"):
        import_corpus(old, Corpus(first_id=1968, count=11), members=MEMBERS)


@pytest.mark.parametrize("version", [1, FORMAT + 1])
def test_a_version_that_is_not_known_is_refused_in_one_line(version: int, old: Path) -> None:
    """Neither import nor site touch it."""
    with closing(sqlite3.connect(old, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA user_version = {version}")
    before = dump(old)
    actions: list[Callable[[], object]] = [
        lambda: import_corpus(old, CORPUS, members=MEMBERS),
        lambda: open_site(old, Settings(), base_url="http://site.example"),
    ]
    for act in actions:
        with pytest.raises(DatabaseFileError) as caught:
            act()
        assert str(caught.value) == f"{old} has format {version}, this version reads 2 to {FORMAT}; name a new file"
    assert dump(old) == before


def test_what_does_not_fit_together_stays_as_it_was(old: Path) -> None:
    """A reference that leads nowhere stops the step, and nothing of it is left."""
    with closing(sqlite3.connect(old, isolation_level=None)) as connection:
        connection.execute("UPDATE article SET author_id = 999 WHERE id = 1968")
    before = dump(old)
    with pytest.raises(DatabaseFileError, match=r"names one of author that is not there\); it is of a whole version"):
        migrate(old)
    assert dump(old) == before


_KILLED = """
import os, shutil, signal, sys
from pathlib import Path
from target_app.database import files, migrate

old, folder = Path(sys.argv[1]), Path(sys.argv[2])
step = files.MIGRATIONS[2]

def killed(at):
    def counting(connection):
        left = at
        def trace(cursor, sql, bindings):
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return True
        connection.exec_trace = trace
        step(connection)
    return counting

at = 0
while True:
    at += 1
    copy = folder / f"{at}.db"
    shutil.copyfile(old, copy)
    child = os.fork()
    if not child:
        files.MIGRATIONS[2] = killed(at)
        migrate(copy)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status):
        break
print(at)
"""


@pytest.mark.deep
def test_a_killed_migration_leaves_the_old_file(old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed before any of its statements, the file is of a whole version, and can be brought up to date."""
    whole = [dump(old)]
    for last in range(2, FORMAT - 1):
        between = Path(shutil.copyfile(old, tmp_path / f"{last}.db"))
        with monkeypatch.context() as patched:
            patched.setattr(
                "target_app.database.files.MIGRATIONS", {one: MIGRATIONS[one] for one in range(2, last + 1)}
            )
            migrate(between)
        whole.append(dump(between))
    folder = tmp_path / "killed"
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", _KILLED, str(old), str(folder)], capture_output=True, text=True, check=True
    )
    last = int(done.stdout)
    found = [dump(folder / f"{at}.db") for at in range(1, last)]
    stages = [whole.index(each) for each in found]
    assert stages == sorted(stages)
    assert set(stages) == set(range(len(whole)))
    assert stages.count(0) > 30
    for path in (folder / f"{at}.db" for at in range(1, last + 1, 10)):
        migrate(path)
        migrate(old)
        assert content(path) == content(old)


def test_several_processes_bring_a_file_up_to_date_at_once(old: Path, fresh: Path) -> None:
    """One does it, the others wait and find it done."""
    script = "import pathlib, sys; from target_app.database import migrate; migrate(pathlib.Path(sys.argv[1]))"
    words = [sys.executable, "-c", script, str(old)]
    processes = [subprocess.Popen(words, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    for process in processes:
        _, said = process.communicate()
        assert (process.returncode, said) == (0, "")
    expected = content(fresh)
    expected["article"] = [_with_card_of_edit(row) for row in expected["article"]]
    assert content(old) == expected
