"""Changes to what the site shows: each is one transaction, which also says which pages it has made stale."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import apsw

from synth import Corpus
from target_app import staleness
from target_app.database import Desk
from target_app.records import Face, MemberRecord, Status
from target_app.texts import ArticleText, written


class AbsentError(Exception):
    """There is no such article or comment."""


class ConflictError(Exception):
    """The article is not in the state that the change was meant for."""


class TakenError(Exception):
    """The slug belongs to another article."""


class UnwrittenError(apsw.Error):
    """The database failed before the change was whole: nothing of it has been written."""


@dataclass(frozen=True, slots=True)
class Change:
    """What came of a change.

    Attributes:
        article_id: The article it was about.
        face: As it is now; None when it is gone.
        tags: Of the pages it has made stale.
    """

    article_id: int
    face: Face | None
    tags: tuple[str, ...]


class Editing:
    """The desk at which articles and comments are changed; for one thread at a time.

    Raises:
        AbsentError: From any method that names an article or a comment which is not there.
        ConflictError: From any method that is given the entity tag of a state that has passed.
        UnwrittenError: From any method, where the database fails; one that fails while it commits raises an error of
            its own, as what became of the change is not known then.
    """

    def __init__(
        self, desk: Desk, corpus: Corpus | None, *, precise: bool = True, clock: Callable[[], float] = time.time
    ) -> None:
        """Sit down.

        Args:
            desk: What writes.
            corpus: Where revisions come from; None: from nowhere.
            precise: Off: every change makes every page stale.
            clock: Unix seconds.
        """
        self._desk = desk
        self._corpus = corpus
        self._precise = precise
        self._clock = clock

    def revise(self, article_id: int) -> tuple[Change, int]:
        """Put the corpus' next revision of an article in its place, and give its number.

        Raises:
            TakenError: The article was renamed, and another has the slug that it has in the corpus.
        """
        with self._whole():
            before, (revision, _) = self._stored(article_id)
            if self._corpus is None or article_id not in self._corpus.ids:
                raise AbsentError(article_id)
            after = self._corpus.article(article_id, revision=revision + 1)
            if after.slug != before.slug:
                self._refuse_taken(after.slug, article_id)
            robbed = self._desk.replace_article(
                after, status=before.status, author_id=after.author, written=False, now=self._now()
            )
            return self._settled(article_id, before, robbed), revision + 1

    def create(self, text: ArticleText, status: Status, *, author_slug: str, author_name: str) -> Change:
        """Store a new article.

        Raises:
            TakenError: Another article has the slug.
        """
        now = self._now()
        with self._whole():
            article_id = self._desk.new_id()
            author_id = self._desk.author_named(author_slug, author_name)
            article = written(text, article_id, revision=0, author_id=author_id, slug=None, published=now, now=now)
            self._refuse_taken(article.slug, article_id)
            robbed = self._desk.create_article(article, status, author_id=author_id, now=now)
            return self._settled(article_id, None, robbed)

    def rewrite(
        self, article_id: int, text: ArticleText, status: Status | None, *, etags: Collection[str] | None
    ) -> Change:
        """Put another text in the place of an article's.

        Args:
            article_id: Which.
            text: Its new text; it keeps its slug where this names none.
            status: From now on; None leaves it.
            etags: Of the states any of which may be replaced; None: of all.

        Raises:
            TakenError: Another article has the slug.
        """
        now = self._now()
        with self._whole():
            before, (revision, _) = self._stored(article_id, etags)
            new = status or before.status
            # What was never seen by anybody is published when it first is.
            appears = before.status == "draft" and new == "published" and revision == 0
            article = written(
                text,
                article_id,
                revision=revision + 1,
                author_id=0,
                slug=before.slug,
                published=now if appears else before.published,
                now=now,
            )
            self._refuse_taken(article.slug, article_id)
            robbed = self._desk.replace_article(article, status=new, author_id=None, written=True, now=now)
            return self._settled(article_id, before, robbed)

    def set_status(self, article_id: int, status: Status, *, etags: Collection[str] | None = None) -> Change:
        """Publish or unpublish an article; one that is so already stays as it is."""
        with self._whole():
            before, _ = self._stored(article_id, etags)
            if before.status != status:
                self._desk.set_status(article_id, status, now=self._now())
            return self._settled(article_id, before)

    def delete(self, article_id: int, *, etags: Collection[str] | None = None) -> Change:
        """Forget an article."""
        with self._whole():
            before, _ = self._stored(article_id, etags)
            self._desk.delete_article(article_id)
            return self._settled(article_id, before)

    def comment(self, article_id: int, member: MemberRecord, text: str) -> tuple[Change, int]:
        """Store what a member says about a published article, and give the comment's id."""
        with self._whole():
            face, _ = self._stored(article_id)
            if face.status != "published":
                raise AbsentError(article_id)
            comment_id = self._desk.add_comment(article_id, member.id, text, now=self._now())
            return self._outdated(article_id, face, {staleness.comments(article_id)}), comment_id

    def uncomment(self, comment_id: int, member: MemberRecord) -> Change:
        """Forget a comment.

        Raises:
            PermissionError: It is neither the member's own, nor is the member an editor.
        """
        with self._whole():
            comment = self._desk.comment(comment_id)
            if comment is None:
                raise AbsentError(comment_id)
            if comment.member_id != member.id and not member.is_editor:
                raise PermissionError(comment_id)
            self._desk.delete_comment(comment_id)
            face, _ = self._stored(comment.article_id)
            return self._outdated(comment.article_id, face, {staleness.comments(comment.article_id)})

    def outdate(self, tags: Iterable[str]) -> None:
        """Declare pages stale, though nothing has changed."""
        with self._whole():
            self._desk.outdate(tags, now=self._now())

    @contextmanager
    def _whole(self) -> Iterator[None]:
        """Everything written inside is written, or nothing is."""
        is_whole = False
        try:
            with self._desk.transaction():
                yield
                is_whole = True
        except apsw.Error as error:
            if is_whole:
                raise
            raise UnwrittenError(str(error)) from error

    def _now(self) -> int:
        return int(self._clock())

    def _stored(self, article_id: int, etags: Collection[str] | None = None) -> tuple[Face, tuple[int, int]]:
        face, numbers = self._desk.face(article_id), self._desk.revision(article_id)
        if face is None or numbers is None:
            raise AbsentError(article_id)
        if etags is not None and f'"{numbers[1]}-{face.digest}"' not in etags:
            raise ConflictError(article_id)
        return face, numbers

    def _refuse_taken(self, slug: str, article_id: int) -> None:
        if self._desk.id_of(slug) not in {None, article_id}:
            raise TakenError(slug)

    def _settled(self, article_id: int, before: Face | None, robbed: int | None = None) -> Change:
        """What came of a change; ``robbed`` is the article whose former slug the changed one has now."""
        after = self._desk.face(article_id)
        moves = staleness.moves(before, after)
        moved = zip(moves, self._desk.standings(article_id, moves), strict=True)
        stale = staleness.made_stale(before, after, moved)
        if robbed is not None:
            stale.add(staleness.moved(robbed))
        if before and after and (before.status, after.status) == ("draft", "published"):
            # They led nowhere, of which those who asked were not told the reason.
            stale |= {staleness.at(staleness.address(slug)) for slug in self._desk.former_slugs(article_id)}
        return self._outdated(article_id, after, stale)

    def _outdated(self, article_id: int, face: Face | None, tags: set[str]) -> Change:
        if tags and not self._precise:
            tags = {staleness.EVERYTHING}
        if tags:
            self._desk.outdate(tags, now=self._now())
        return Change(article_id, face, tuple(sorted(tags)))
