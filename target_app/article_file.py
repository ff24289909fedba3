"""A file of articles, one canonical record a line: read in runs of lines, each of which is checked.

What comes in is what ``anp synth`` writes. A line that is, byte for byte, what the synthesizer gives for its place in
the file is known to be good; any other is looked at field by field.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date
from hashlib import blake2b
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import AwareDatetime, Field, StringConstraints, ValidationError

from synth import MAX_ID, Corpus
from synth.model import Article
from synth.packing import BROKEN, unpacked
from synth.record import canonical, digest
from target_app.database.rows import epoch, imported
from target_app.errors import ArticleFileError
from target_app.portions import Mark, Portion, links
from target_app.texts import PROFILE, ArticleText, Line, Prose, Slug, written

_LONGEST_LINE = 4 * 2**20
_SHOWN = 60
_Number = Annotated[int, Field(strict=True, ge=0, le=MAX_ID)]


class Run(NamedTuple):
    """Some neighbouring lines.

    Attributes:
        numbered: Those that are not blank, with their numbers.
        end: Where the file stands after them.
    """

    numbered: list[tuple[int, bytes]]
    end: Mark


class ArticleError(Exception):
    """What stands on a line is no article; the message says why, and what to do."""


class ArticleLine(ArticleText):
    """The canonical record of an article (see ``synth.record``); what anybody can do without may be left out."""

    id: _Number
    revision: _Number = 0
    profile: Line = PROFILE
    seed: _Number = 0
    slug: Slug
    intro: Prose = ""
    author: _Number = 0
    published: AwareDatetime
    modified: AwareDatetime | None = None
    last_reviewed: date | None = None
    digest: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{24}$")] | None = None


class ArticleFile:
    """A file that is read from its beginning, as often as asked; one that is compressed is known by its first bytes.

    Raises:
        ArticleFileError: From any method, where the file cannot be read, or a line is not what it should be.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def first(self) -> Corpus | None:
        """The corpus, without end, whose first article the first line names; None where it names none."""
        for run in self.runs(1):
            try:
                record = json.loads(run.numbered[0][1])
                return Corpus(record["id"], MAX_ID - record["id"] + 1, record["profile"], record["seed"])
            except (ValueError, TypeError, LookupError, RecursionError):
                return None
        return None

    def survey(self, mark: Mark) -> tuple[int, bool]:
        """How many articles there are, and whether the file begins with what was read up to a mark."""
        articles, digests, is_same = 0, blake2b(digest_size=16), not mark.lines
        for number, line in self._lines():
            articles += not line.isspace()
            if number <= mark.lines:
                digests.update(line)
            if number == mark.lines:
                is_same = digests.hexdigest() == mark.digest
        return articles, is_same

    def runs(self, size: int, begin: Mark | None = None) -> Iterator[Run]:
        """The lines, with so many articles at a time; what stands before ``begin`` is read and passed over."""
        passed = Mark() if begin is None else begin
        articles = number = 0
        digests = blake2b(digest_size=16)
        numbered: list[tuple[int, bytes]] = []
        for number, line in self._lines():
            digests.update(line)
            if not line.isspace():
                articles += 1
                if number > passed.lines:
                    numbered.append((number, line))
            if len(numbered) == size:
                yield Run(numbered, Mark(articles, number, digests.hexdigest()))
                numbered = []
        if numbered:
            yield Run(numbered, Mark(articles, number, digests.hexdigest()))

    def portion(self, run: Run, corpus: Corpus | None) -> Portion:
        """The articles that some lines say.

        Args:
            run: The lines.
            corpus: Whose articles the lines of the file may be, one after the other; None: they are not.
        """
        place = run.end.articles - len(run.numbered)
        articles: list[Article] = []
        for number, line in run.numbered:
            made = None if corpus is None else _article_that_is(line, corpus, place + len(articles))
            if made is None:
                corpus = None
                try:
                    made = read(line)
                except ArticleError as error:
                    raise self.refused(number, str(error)) from None
            articles.append(made)
        known = None if corpus is None else links(corpus.first_id, corpus.seed, corpus.dials.links)
        rows = imported(articles, similar=lambda article: known.similar(article.id) if known else ())
        return Portion(rows, corpus is not None, tuple(number for number, _ in run.numbered), run.end)

    def refused(self, number: int, problem: str) -> ArticleFileError:
        """The error of one line."""
        return ArticleFileError(f"{self.path}, line {number}: {problem}")

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        number = 0
        try:
            with unpacked(self.path) as stream:
                while line := stream.readline(_LONGEST_LINE + 1):
                    number += 1
                    if len(line) > _LONGEST_LINE:
                        raise self.refused(number, f"is longer than {_LONGEST_LINE:,} bytes; give each article a line")
                    yield number, line
        except BROKEN as error:
            place = f", line {number + 1}:" if number else ""
            raise ArticleFileError(
                f"{self.path}{place} cannot be read ({getattr(error, 'strerror', None) or error}); name a whole file"
            ) from None


def _article_that_is(line: bytes, corpus: Corpus, place: int) -> Article | None:
    """The article of a corpus that comes at a place, where that is what the line says."""
    if place >= corpus.count:
        return None
    article = corpus.article(corpus.first_id + place)
    return article if canonical(article) == line.rstrip(b"\r\n") else None


def read(line: bytes) -> Article:
    """The article that a line says.

    Raises:
        ArticleError: It says none, or is not what was sealed with its digest.
    """
    try:
        said = ArticleLine.model_validate_json(line.rstrip(b"\r\n"))
    except ValidationError as error:
        raise ArticleError(_fault(error)) from None
    modified = said.modified or said.published
    article = replace(
        written(
            said,
            said.id,
            revision=said.revision,
            author_id=said.author,
            slug=None,
            published=epoch(said.published),
            now=epoch(modified),
        ),
        profile=said.profile,
        seed=said.seed,
        published=said.published.astimezone(UTC),
        modified=modified.astimezone(UTC),
        last_reviewed=said.last_reviewed or modified.astimezone(UTC).date(),
        digest="",
    )
    blank = {key: "" for key in ("reference", "hash") if key in article.meta}
    seal = digest(replace(article, meta={**article.meta, **blank}))
    if said.digest not in {None, seal}:
        raise ArticleError(
            f"its digest is {said.digest}, but its text has {seal}; if it was changed on purpose, take the digest out"
        )
    return replace(article, digest=seal)


def _fault(error: ValidationError) -> str:
    """What is wrong first, in one line."""
    fault = error.errors(include_url=False)[0]
    where = " ".join(str(part) for part in fault["loc"])
    what = fault["msg"].removeprefix("Value error, ").replace(" at line 1 column ", " at column ")
    value: Any = fault["input"]
    if where and isinstance(value, str | int | float):
        shown = repr(value)
        what = f"{what}, not {shown if len(shown) <= _SHOWN else shown[:_SHOWN] + '…'}"
    return f"{where + ': ' if where else ''}{what}; mend it, or leave the line out"
