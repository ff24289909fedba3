"""Filling a database, again and again, and refusing what is something else."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from synth import Corpus, people
from target_app.errors import DatabaseFileError
from target_app.importer import import_corpus
from target_app.passwords import password_matches
from target_app.settings import Settings
from target_app.site import open_site
from tests.dumps import content, dump

SMALL = Corpus(first_id=7, count=30)


def execute(path: Path, *statements: str) -> list[tuple[object, ...]]:
    """Run statements on a file from outside the site; gives the rows of the last."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        return [connection.execute(statement).fetchall() for statement in statements][-1]


class _StoppedError(Exception):
    """The import was stopped by the test."""


def test_two_imports_of_a_corpus_are_equal(tmp_path: Path) -> None:
    """The content of the file follows from what was imported."""
    for name in ("a.db", "b.db"):
        import_corpus(tmp_path / name, SMALL, members=2)
    assert dump(tmp_path / "a.db") == dump(tmp_path / "b.db")


@pytest.mark.parametrize(("batch", "run", "processes"), [(7, 7, 0), (30, 10, 0), (1000, 100, 0), (20, 5, 2)])
def test_the_content_depends_on_the_corpus_alone(
    batch: int, run: int, processes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many articles are written at a time, and by however many processes they are made."""
    import_corpus(tmp_path / "a.db", SMALL, members=2, processes=0)
    monkeypatch.setattr("target_app.importer.BATCH", batch)
    monkeypatch.setattr("target_app.importer.RUN", run)
    import_corpus(tmp_path / "b.db", SMALL, members=2, processes=processes)
    assert content(tmp_path / "a.db") == content(tmp_path / "b.db")


def test_importing_again_changes_nothing(tmp_path: Path) -> None:
    """A finished import is left as it is."""
    path = tmp_path / "a.db"
    import_corpus(path, SMALL, members=2)
    before = dump(path)
    import_corpus(path, SMALL, members=2)
    assert dump(path) == before


def test_a_stopped_import_goes_on_and_ends_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped after any batch and run again, the file is the one an undisturbed import makes."""
    monkeypatch.setattr("target_app.importer.BATCH", 10)
    import_corpus(tmp_path / "whole.db", SMALL, members=2)
    for stop in (0, 10, 20, 30):

        def stopper(done: int, of: int, stop: int = stop) -> None:
            if done >= stop:
                raise _StoppedError

        path = tmp_path / f"{stop}.db"
        with pytest.raises(_StoppedError):
            import_corpus(path, SMALL, members=2, progress=stopper)
        with pytest.raises(DatabaseFileError, match="half imported"):
            open_site(path, Settings(), base_url="http://x")
        import_corpus(path, SMALL, members=2)
        assert dump(path) == dump(tmp_path / "whole.db")


def test_progress_counts_up_to_the_whole(tmp_path: Path) -> None:
    """The first call says what was there, the last that everything is."""
    calls: list[tuple[int, int]] = []
    import_corpus(tmp_path / "a.db", SMALL, members=0, progress=lambda done, of: calls.append((done, of)))
    assert calls == [(0, 30), (30, 30)]


@pytest.mark.parametrize(
    ("corpus", "members"),
    [
        (Corpus(first_id=8, count=30), 2),
        (Corpus(first_id=7, count=31), 2),
        (Corpus(first_id=7, count=30, seed=1), 2),
        (SMALL, 3),
    ],
)
def test_a_file_with_something_else_of_ours_is_refused(corpus: Corpus, members: int, tmp_path: Path) -> None:
    """Another corpus or another number of members is not mixed in, and nothing is changed."""
    path = tmp_path / "a.db"
    import_corpus(path, SMALL, members=2)
    before = dump(path)
    with pytest.raises(DatabaseFileError, match="choose another file"):
        import_corpus(path, corpus, members=members)
    assert dump(path) == before


def test_a_file_with_something_else_is_described_in_the_words_of_the_wish(tmp_path: Path) -> None:
    """What the file holds and what was asked for stand side by side."""
    path = tmp_path / "a.db"
    import_corpus(path, Corpus(first_id=7, count=1), members=2)
    with pytest.raises(DatabaseFileError) as caught:
        import_corpus(path, Corpus(first_id=8, count=3, seed=4), members=1)
    assert str(caught.value) == (
        f"{path} holds 1 article from id 7 (natural, seed 0) with 2 members, "
        "not 3 articles from id 8 (natural, seed 4) with 1 member; choose another file or ask for what it holds"
    )


@pytest.mark.parametrize(
    ("corpus", "words"),
    [
        (Corpus(count=30), "--articles 30 --members 2"),
        (Corpus(7, 30, "classic", 4), "--articles 30 --start 7 --profile classic --seed 4 --members 2"),
    ],
)
def test_a_half_imported_file_names_the_command_that_goes_on(
    corpus: Corpus, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It asks for exactly what the file was begun for."""
    monkeypatch.setattr("target_app.importer.BATCH", 10)
    path = tmp_path / "a.db"

    def stopper(done: int, of: int) -> None:
        if done:
            raise _StoppedError

    with pytest.raises(_StoppedError):
        import_corpus(path, corpus, members=2, progress=stopper)
    with pytest.raises(DatabaseFileError, match=f"to go on: anp serve {words} --db {path}$"):
        open_site(path, Settings(), base_url="http://x")


def test_a_folder_for_a_file_is_called_a_folder(tmp_path: Path) -> None:
    """Import and serve both say what is wrong with it."""
    with pytest.raises(DatabaseFileError, match="is a folder"):
        import_corpus(tmp_path, SMALL, members=0)
    with pytest.raises(DatabaseFileError, match="is a folder"):
        open_site(tmp_path, Settings(), base_url="http://x")


def test_a_file_that_is_not_there_is_made_by_a_command_that_is_named(tmp_path: Path) -> None:
    """The remedy is the command that people use."""
    path = tmp_path / "none.db"
    with pytest.raises(DatabaseFileError, match=f"anp serve --articles N --db {path}"):
        open_site(path, Settings(), base_url="http://x")


def test_a_database_of_another_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    """Neither import nor serve touches it."""
    path = tmp_path / "other.db"
    execute(path, "CREATE TABLE diary (day)")
    before = path.read_bytes()
    with pytest.raises(DatabaseFileError, match="of another program"):
        import_corpus(path, SMALL, members=1)
    with pytest.raises(DatabaseFileError, match="of another program"):
        open_site(path, Settings(), base_url="http://x")
    assert path.read_bytes() == before


def test_an_empty_file_and_an_empty_database_are_filled(tmp_path: Path) -> None:
    """What an import leaves when it is stopped at its very beginning is no obstacle."""
    (tmp_path / "touched.db").touch()
    execute(tmp_path / "empty.db", "PRAGMA journal_mode = WAL")
    for name in ("touched.db", "empty.db"):
        import_corpus(tmp_path / name, SMALL, members=0)
        assert len(dump(tmp_path / name)) > SMALL.count


def test_a_disk_that_refuses_is_reported_and_the_import_goes_on_later(tmp_path: Path) -> None:
    """A write that fails is one line that says why; once it can be made the import ends as ever."""
    path = tmp_path / "a.db"
    import_corpus(path, SMALL, members=0)
    before = dump(path)
    execute(
        path,
        "DELETE FROM site WHERE name = 'complete'",
        "CREATE TRIGGER full BEFORE INSERT ON site BEGIN SELECT RAISE(ABORT, 'no room'); END",
    )
    with pytest.raises(DatabaseFileError, match="no room"):
        import_corpus(path, SMALL, members=0)
    execute(path, "DROP TRIGGER full")
    import_corpus(path, SMALL, members=0)
    assert dump(path) == before


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    """A text file stays what it is."""
    path = tmp_path / "letter.txt"
    path.write_text("Dear reader, this is not a database at all.\n" * 50)
    before = path.read_bytes()
    with pytest.raises(DatabaseFileError, match="cannot be read as a database"):
        import_corpus(path, SMALL, members=1)
    assert path.read_bytes() == before


def damage(path: Path) -> None:
    """Write over all pages of a database but the first, which says what it is."""
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (path.stat().st_size - 4096))


def test_a_damaged_file_is_called_damaged_and_not_busy_or_full(tmp_path: Path) -> None:
    """By an import as by a site: the remedy is another file, not patience or room."""
    path = tmp_path / "a.db"
    import_corpus(path, SMALL, members=0)
    damage(path)
    for use in (
        lambda: import_corpus(path, SMALL, members=0),
        lambda: open_site(path, Settings(), base_url="http://x"),
    ):
        with pytest.raises(
            DatabaseFileError, match=r"is damaged \(.*\); restore it from a copy, or name another file$"
        ):
            use()


def test_another_format_is_refused(tmp_path: Path) -> None:
    """A file of a newer version is not guessed at."""
    path = tmp_path / "a.db"
    import_corpus(path, SMALL, members=0)
    execute(path, "PRAGMA user_version = 99")
    with pytest.raises(DatabaseFileError, match="format 99"):
        open_site(path, Settings(), base_url="http://x")


def test_several_processes_may_make_one_file_at_once(tmp_path: Path) -> None:
    """All find the tables of whoever came first."""
    path = tmp_path / "a.db"
    script = "import pathlib, sys; from target_app.database import prepare; prepare(pathlib.Path(sys.argv[1]))"
    words = [sys.executable, "-c", script, str(path)]
    processes = [subprocess.Popen(words, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    for process in processes:
        _, said = process.communicate()
        assert (process.returncode, said) == (0, "")
    import_corpus(path, SMALL, members=0)
    assert len(content(path)["article"]) == SMALL.count


def test_a_process_that_is_killed_is_told_of_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when memory runs out: what was stored stays, and the import goes on when it is run again."""
    monkeypatch.setattr("target_app.importer.BATCH", 10)
    path = tmp_path / "a.db"

    def killer(done: int, of: int) -> None:
        for child in psutil.Process().children() if done else []:
            if child.status() != psutil.STATUS_ZOMBIE and "spawn_main" in " ".join(child.cmdline()):
                child.kill()

    many = Corpus(SMALL.first_id, 3000)
    with pytest.raises(DatabaseFileError, match=r"was killed; .* run the same command again"):
        import_corpus(path, many, members=0, progress=killer, processes=2)
    assert 0 < len(content(path)["article"]) < many.count


@pytest.mark.parametrize("place", ["none/a.db", "."])
def test_a_place_that_cannot_hold_a_file_is_refused(place: str, tmp_path: Path) -> None:
    """A missing folder, or a folder itself, is named in the message."""
    with pytest.raises(DatabaseFileError, match=str(tmp_path)):
        import_corpus(tmp_path / place, SMALL, members=0)


def test_members_are_stored_with_a_hash_of_their_password_only(imported: Path) -> None:
    """The password fits its hash and stands nowhere in the file."""
    person = people.member(1, seed=0)
    ((encoded,),) = execute(imported, f"SELECT password_hash FROM member WHERE id = '{person.id}'")
    assert isinstance(encoded, str)
    assert encoded.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert password_matches(encoded, person.password)
    assert not password_matches(encoded, person.password + "x")
    assert not password_matches(None, person.password)
    assert person.password.encode() not in imported.read_bytes()
