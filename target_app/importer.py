"""Filling the database from a corpus, a transaction per batch: a killed import goes on where it was."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from pathlib import Path

import apsw

from synth import Corpus, people
from target_app import database
from target_app.database import Desk, StoredMember
from target_app.database.schema import EDITORS
from target_app.errors import DatabaseFileError
from target_app.passwords import hash_password

BATCH = 100
READING_LIST = 5


def import_corpus(
    path: Path, corpus: Corpus, *, members: int, progress: Callable[[int, int], None] = lambda done, of: None
) -> None:
    """Bring the database at ``path`` to hold the corpus and its members, from whatever part of them it holds.

    Args:
        path: Created when absent or empty.
        corpus: What to import.
        members: How many members may sign in.
        progress: Called with (articles stored, articles in all) after every batch.

    Raises:
        DatabaseFileError: The file is not ours, or holds another corpus or another number of members.
    """
    database.prepare(path)
    desk = Desk(path)
    try:
        _claim(desk, path, corpus, members)
        stored_articles, stored_members = desk.progress()
        # Hashing is most of the work of a small import and leaves the interpreter lock alone: it runs beside the rest.
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            hashed = pool.map(partial(_stored_member, corpus), range(stored_members, members))
            try:
                _import_articles(desk, corpus, stored_articles, progress)
                _import_members(desk, hashed)
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        if desk.site("complete") is None:
            desk.complete()
    except apsw.Error as error:
        raise DatabaseFileError(
            f"{path} could not be written ({error}); let no other import run, and see that the disk has room"
        ) from None
    finally:
        desk.close()


def _claim(desk: Desk, path: Path, corpus: Corpus, members: int) -> None:
    """Write down what the file is for, or make sure that it is for this."""
    with desk.transaction():
        described = desk.site("corpus")
        if described is None:
            desk.record_site("corpus", corpus.to_dict())
            desk.record_site("members", members)
            return
    held, held_members = Corpus.from_dict(described), desk.site("members")
    if (held, held_members) != (corpus, members):
        raise DatabaseFileError(
            f"{path} holds {_described(held, held_members)}, not {_described(corpus, members)}; "
            "choose another file or ask for what it holds"
        )


def _described(corpus: Corpus, members: int) -> str:
    articles = f"{corpus.count} article{'s' if corpus.count != 1 else ''} from id {corpus.first_id}"
    return f"{articles} ({corpus.profile}, seed {corpus.seed}) with {members} member{'s' if members != 1 else ''}"


def _import_articles(desk: Desk, corpus: Corpus, stored: int, progress: Callable[[int, int], None]) -> None:
    author = cache(partial(people.author, seed=corpus.seed))
    progress(stored, corpus.count)
    for start in range(stored, corpus.count, BATCH):
        ids = corpus.ids[start : start + BATCH]
        articles = [corpus.article(article_id) for article_id in ids]
        with desk.transaction():
            desk.add_articles(articles, author=author, similar=corpus.similar)
        progress(start + len(ids), corpus.count)


def _import_members(desk: Desk, hashed: Iterator[StoredMember]) -> None:
    batch: list[StoredMember] = []
    for member in hashed:
        batch.append(member)
        if len(batch) == BATCH:
            with desk.transaction():
                desk.add_members(batch)
            batch = []
    with desk.transaction():
        desk.add_members(batch)


def _stored_member(corpus: Corpus, index: int) -> StoredMember:
    member = people.member(index, seed=corpus.seed)
    # A salt that follows from the member makes two imports equal byte for byte. It keeps no secret: whoever knows the
    # seed knows these made-up passwords anyway.
    salt = hashlib.blake2b(f"{corpus.seed} {member.id}".encode(), digest_size=16).digest()
    return StoredMember(
        member.id,
        member.login,
        member.name,
        member.email,
        "reader" if index % EDITORS else "editor",
        hash_password(member.password, salt=salt),
        _reading_list(corpus, member.id),
    )


def _reading_list(corpus: Corpus, member_id: str) -> tuple[int, ...]:
    """Some articles of the corpus, the same ones whenever this member of this corpus is imported."""
    chosen: dict[int, None] = {}
    draw = 0
    while len(chosen) < min(READING_LIST, corpus.count):
        digest = hashlib.blake2b(f"{corpus.seed} {member_id} {draw}".encode(), digest_size=8).digest()
        chosen[corpus.first_id + int.from_bytes(digest, "big") % corpus.count] = None
        draw += 1
    return tuple(chosen)
