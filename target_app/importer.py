"""Filling the database with articles, a transaction for each batch: a killed import goes on where it was.

Articles are made by several processes, or here where they are few, and written by this one in their order. What the
file holds in the end depends on neither, nor on how often the import was stopped.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, replace
from functools import cache, partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import apsw

from synth import Corpus, people
from synth.processes import ProcessLostError, cores, in_order
from target_app import database
from target_app.database import Loader, StoredMember
from target_app.database.schema import EDITORS
from target_app.errors import ArticleFileError, DatabaseFileError
from target_app.passwords import hash_password
from target_app.portions import Mark, Portion, synthesized

if TYPE_CHECKING:
    from target_app.article_file import ArticleFile

BATCH = 1000
"""Articles in a transaction."""
RUN = 100
"""Articles that one process makes at a time."""
AHEAD = 2 * BATCH
"""Articles that wait in memory while others are written."""
SIDE_BY_SIDE_FROM = 1500
"""For fewer articles than these it does not pay to start processes."""
MOST_PROCESSES = 4
"""More would make articles faster than they can be written."""
READING_LIST = 5
_MEMBERS = 100

Progress = Callable[[int, int], None]
"""Called with (articles stored, articles in all) at the beginning and after every batch."""


def import_corpus(
    path: Path,
    corpus: Corpus,
    *,
    members: int,
    progress: Progress = lambda done, of: None,
    processes: int | None = None,
) -> None:
    """Bring the database at ``path`` to hold the corpus and its members, from whatever part of them it holds.

    Args:
        path: Created when absent or empty.
        corpus: What to import.
        members: How many members may sign in.
        progress: Told of every batch.
        processes: How many make articles for this one, 0: none; None: one less than there are processors, if there is
            enough to do.

    Raises:
        DatabaseFileError: The file is not ours, or holds something else or another number of members.
    """
    _Import(path, _Synthesized(corpus), members, progress, processes).run()


def import_file(
    path: Path,
    file: Path,
    *,
    members: int,
    progress: Progress = lambda done, of: None,
    processes: int | None = None,
) -> None:
    """The same with the articles of a file, one canonical record a line.

    A file that is the export of a corpus makes the database of that corpus. Of any other, similar posts are those that
    share tags; its members are those of the seed that its first line names.

    Raises:
        ArticleFileError: The file cannot be read, or a line of it is no article or repeats an id or a slug. What stands
            in the batches before is stored: once the line is mended, the import goes on from there.
        DatabaseFileError: As of ``import_corpus``.
    """
    from target_app.article_file import ArticleFile

    _Import(path, _Filed(ArticleFile(file)), members, progress, processes).run()


class _Source(Protocol):
    """Where articles come from.

    Attributes:
        seed: Of their authors, and of the members.
    """

    seed: int

    def begin(self, loader: Loader, path: Path, members: int) -> tuple[int, int]:
        """Write down what the database is for, or make sure that it is for this; gives (articles stored, in all)."""

    def tasks(self, size: int) -> Iterator[Callable[[], Portion]]:
        """What makes those that are not stored, in their order and so many at a time."""

    def note(self, loader: Loader, batch: Sequence[Portion]) -> None:
        """Write down, in its transaction, that a batch is stored."""

    def repeated(self, loader: Loader, batch: Sequence[Portion]) -> Exception | None:
        """What a batch repeats, where that is why it cannot be stored."""

    def conclude(self, loader: Loader) -> None:
        """Write what can be known only when all articles are stored."""

    def id_at(self, loader: Loader, place: int) -> int:
        """The id of the article at a place in the order of ids, from 0."""


class _Import:
    """One run of an import."""

    def __init__(self, path: Path, source: _Source, members: int, progress: Progress, processes: int | None) -> None:
        self._path = path
        self._source = source
        self._members = members
        self._progress = progress
        self._processes = processes

    def run(self) -> None:
        """Do what is left to do."""
        database.prepare(self._path)
        loader = Loader(self._path)
        try:
            with database.undamaged(self._path):
                self._fill(loader)
        except apsw.Error as error:
            raise DatabaseFileError(
                f"{self._path} could not be written ({error}); let no other import run, and see that the disk has room"
            ) from None
        except ProcessLostError:
            raise DatabaseFileError(
                f"a process that made articles for {self._path} was killed; see that there is memory, and run the same "
                "command again to go on"
            ) from None
        finally:
            loader.close()

    def _fill(self, loader: Loader) -> None:
        stored, count = self._source.begin(loader, self._path, self._members)
        # Hashing is most of the work of a small import and leaves the interpreter lock alone: it runs beside it.
        with ThreadPoolExecutor(max_workers=cores()) as pool:
            hashed = pool.map(partial(_hashed, self._source.seed), range(loader.progress()[1], self._members))
            try:
                self._store_articles(loader, stored, count)
                self._store_members(loader, hashed, count)
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        if loader.site("complete") is None:
            with loader.transaction():
                self._source.conclude(loader)
                loader.complete()

    def _store_articles(self, loader: Loader, stored: int, count: int) -> None:
        self._progress(stored, count)
        size = min(RUN, BATCH)
        author = cache(partial(people.author, seed=self._source.seed))
        processes = _processes(count - stored) if self._processes is None else self._processes
        made = in_order(self._source.tasks(size), processes, AHEAD // size)
        with closing(made):
            while batch := list(islice(made, BATCH // size)):
                rows = [portion.rows for portion in batch]
                try:
                    with loader.transaction():
                        loader.add_articles(rows, author=author)
                        self._source.note(loader, batch)
                except apsw.ConstraintError:
                    if (problem := self._source.repeated(loader, batch)) is not None:
                        raise problem from None
                    raise
                stored += sum(len(each.articles) for each in rows)
                self._progress(stored, count)

    def _store_members(self, loader: Loader, hashed: Iterator[tuple[people.Member, str]], count: int) -> None:
        while some := list(islice(hashed, _MEMBERS)):
            with loader.transaction():
                loader.add_members([self._member(loader, member, encoded, count) for member, encoded in some])

    def _member(self, loader: Loader, member: people.Member, encoded: str, count: int) -> StoredMember:
        return StoredMember(
            member.id,
            member.login,
            member.name,
            member.email,
            "reader" if member.index % EDITORS else "editor",
            encoded,
            tuple(self._source.id_at(loader, place) for place in _reading_list(self._source.seed, member.id, count)),
        )


def _processes(articles: int) -> int:
    """How many processes are worth their start; this one, which writes and is slowest, has a processor to itself."""
    return 0 if articles < SIDE_BY_SIDE_FROM else min(cores() - 1, MOST_PROCESSES)


def _hashed(seed: int, index: int) -> tuple[people.Member, str]:
    """A member and the hash of their password."""
    member = people.member(index, seed=seed)
    # A salt that follows from the member makes two imports equal byte for byte. It keeps no secret: whoever knows the
    # seed knows these made-up passwords anyway.
    salt = hashlib.blake2b(f"{seed} {member.id}".encode(), digest_size=16).digest()
    return member, hash_password(member.password, salt=salt)


def _reading_list(seed: int, member_id: str, count: int) -> tuple[int, ...]:
    """The places of some of ``count`` articles, the same ones whenever this member is imported with as many."""
    chosen: dict[int, None] = {}
    draw = 0
    while len(chosen) < min(READING_LIST, count):
        digest = hashlib.blake2b(f"{seed} {member_id} {draw}".encode(), digest_size=8).digest()
        chosen[int.from_bytes(digest, "big") % count] = None
        draw += 1
    return tuple(chosen)


class _Synthesized:
    """The articles of a corpus."""

    def __init__(self, corpus: Corpus) -> None:
        self.seed = corpus.seed
        self._corpus = corpus
        self._stored = 0

    def begin(self, loader: Loader, path: Path, members: int) -> tuple[int, int]:
        """See ``_Source``."""
        with loader.transaction():
            if loader.site("members") is None:
                loader.record_corpus(self._corpus)
                loader.record_site("members", members)
                loader.collect_words()
            self._stored, _ = loader.progress()
            held = loader.site("corpus")
            if held != self._corpus.to_dict() or loader.site("members") != members:
                raise _other(path, loader, _of_corpus(self._corpus), members)
            if loader.site("digest") != self._corpus.digest:
                raise DatabaseFileError(
                    f"{path} holds articles of another version of the synthesizer; choose another file, or serve it as "
                    f"it is: anp serve --db {path}"
                )
        return self._stored, self._corpus.count

    def tasks(self, size: int) -> Iterator[Callable[[], Portion]]:
        """See ``_Source``."""
        for start in range(self._stored, self._corpus.count, size):
            yield partial(synthesized, self._corpus, self._corpus.ids[start : start + size])

    def note(self, loader: Loader, batch: Sequence[Portion]) -> None:
        """See ``_Source``; how many there are says it."""

    def repeated(self, loader: Loader, batch: Sequence[Portion]) -> Exception | None:
        """See ``_Source``; a corpus repeats nothing."""
        return None

    def conclude(self, loader: Loader) -> None:
        """See ``_Source``; all is known from the beginning."""

    def id_at(self, loader: Loader, place: int) -> int:
        """See ``_Source``."""
        return self._corpus.ids[place]


class _Filed:
    """The articles of a file. What was read of it is in the database under ``source``."""

    def __init__(self, file: ArticleFile) -> None:
        first = file.first()
        self.seed = 0 if first is None else first.seed
        self._file = file
        self._corpus = first
        self._mark = Mark()

    def begin(self, loader: Loader, path: Path, members: int) -> tuple[int, int]:
        """See ``_Source``."""
        with loader.transaction():
            if loader.site("members") is None:
                self._record(loader)
                loader.record_site("members", members)
                loader.collect_words()
            source = loader.site("source")
            if source is None or loader.site("members") != members:
                raise _other(path, loader, f"the articles of {self._file.path}", members)
        is_corpus = source.pop("is_corpus")
        self._mark = Mark(**source)
        if not is_corpus:
            self._corpus = None
        count, is_same = self._file.survey(self._mark)
        if not is_same:
            raise DatabaseFileError(
                f"{path} was filled with the first {self._mark.lines} lines of a file, and {self._file.path} does not "
                "begin with them; name that file or another database"
            )
        if not count:
            raise ArticleFileError(f"{self._file.path} holds no article; write one with: anp synth --out FILE")
        if loader.site("complete") is not None and count > self._mark.articles:
            raise DatabaseFileError(
                f"{path} is complete with {self._mark.articles} articles, and {self._file.path} goes on to {count}; "
                "name another database"
            )
        return self._mark.articles, count

    def tasks(self, size: int) -> Iterator[Callable[[], Portion]]:
        """See ``_Source``."""
        for run in self._file.runs(size, self._mark):
            yield partial(self._file.portion, run, self._corpus)

    def note(self, loader: Loader, batch: Sequence[Portion]) -> None:
        """See ``_Source``."""
        self._mark = batch[-1].end
        if not all(portion.is_corpus for portion in batch):
            self._corpus = None
        self._record(loader)

    def repeated(self, loader: Loader, batch: Sequence[Portion]) -> Exception | None:
        """See ``_Source``."""
        ids: set[int] = set()
        slugs: set[str] = set()
        for portion in batch:
            for number, (article_id, slug, *_) in zip(portion.numbers, portion.rows.articles, strict=True):
                for what, is_taken in (
                    (f"id {article_id}", article_id in ids or loader.revision(article_id) is not None),
                    (f"slug {slug!r}", slug in slugs or loader.id_of(slug) is not None),
                ):
                    if is_taken:
                        return self._file.refused(number, f"{what} is that of an article before it; leave one out")
                ids.add(article_id)
                slugs.add(slug)
        return None

    def conclude(self, loader: Loader) -> None:
        """See ``_Source``."""
        if self._corpus is None:
            loader.relate()
        else:
            loader.record_corpus(replace(self._corpus, count=self._mark.articles))

    def id_at(self, loader: Loader, place: int) -> int:
        """See ``_Source``."""
        return loader.id_at(place)

    def _record(self, loader: Loader) -> None:
        loader.record_site("source", {**asdict(self._mark), "is_corpus": self._corpus is not None})


def _other(path: Path, loader: Loader, wanted: str, members: int) -> DatabaseFileError:
    """What to say where a database is for something else."""
    corpus, source, held = loader.site("corpus"), loader.site("source"), loader.site("members")
    what = _of_corpus(Corpus.from_dict(corpus)) if corpus else f"{_articles(source['articles'])} of a file"
    return DatabaseFileError(
        f"{path} holds {what} with {_members(held)}, not {wanted} with {_members(members)}; "
        "choose another file or ask for what it holds"
    )


def _of_corpus(corpus: Corpus) -> str:
    return f"{_articles(corpus.count)} from id {corpus.first_id} ({corpus.profile}, seed {corpus.seed})"


def _articles(count: int) -> str:
    return f"{count} article{'s' if count != 1 else ''}"


def _members(count: int) -> str:
    return f"{count} member{'s' if count != 1 else ''}"
