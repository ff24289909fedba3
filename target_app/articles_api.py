"""``/api/v1``: articles for programs, to list, read, create, change and delete; search; purge."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import Annotated, Any, Literal, TypeVar

from fastapi import FastAPI, Header, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

from synth.model import MAX_ID
from target_app import staleness
from target_app.access import Gate
from target_app.editing import AbsentError, Change, ConflictError, TakenError
from target_app.page_cache import EXCHANGE, PageCache
from target_app.pages import iso
from target_app.problems import BODY, JSON, LIVE, MERGE_PATCH, MisfitError, ProblemError, responses
from target_app.records import FOUND_BEGINS, FOUND_ENDS, PAGE_SIZE, ArticleRecord, Listing, Summary
from target_app.responses import Responses, invalidation
from target_app.search import LAST_PAGE, LONGEST, MOST_LIMIT, USUAL_LIMIT, expression, normalised, read_words
from target_app.site import Site
from target_app.texts import ArticleText
from target_app.validation import misfits

T = TypeVar("T")

Id = Annotated[int, Path(ge=0, le=MAX_ID, description="Number of the article.")]
Tag = Annotated[str, Field(pattern=r"^[!-~]{1,64}$")]
IfMatch = Annotated[
    str | None,
    Header(description="The ETag of the state that is to be changed, or * for any.", examples=['"1-0123456789ab"']),
]


Written = tuple[Change, "ArticleOut", str]
"""What was changed, what came of it, and the entity tag of that."""


class NewArticle(ArticleText):
    """An article to be created."""

    status: Literal["published", "draft"] = "published"


class ChangedArticle(ArticleText):
    """What an article is to be from now on; left out, the status stays."""

    status: Literal["published", "draft"] | None = None


class AuthorOut(BaseModel):
    """Who signs an article."""

    slug: str
    name: str


class SummaryOut(BaseModel):
    """An article in a list; times in UTC."""

    id: int
    slug: str
    status: Literal["published", "draft"]
    title: str
    author: str = Field(description="Slug of the author.")
    published: str
    changed: str
    etag: str
    url: str


class ArticleOut(BaseModel):
    """A whole article; times in UTC."""

    id: int
    slug: str
    status: Literal["published", "draft"]
    version: int
    revision: int
    digest: str
    url: str
    title: str
    intro: str
    sections: list[dict[str, Any]]
    checklist: list[str]
    images: list[dict[str, str]]
    final_notes: str
    categories: list[str]
    tags: list[str]
    author: AuthorOut
    published: str
    modified: str
    changed: str
    meta: dict[str, Any]


class ListOut(BaseModel):
    """A run of articles by number; ``next`` is the address of the following one."""

    articles: list[SummaryOut]
    total: int | None
    next: str | None


class PassageOut(BaseModel):
    """An article that a search found, with the passage that fits."""

    id: int
    slug: str
    title: str
    passage: str
    published: str
    url: str


class FoundOut(BaseModel):
    """A page of what a search found, best first."""

    query: str
    page: int
    total: int = Field(description=f"Counted up to {LAST_PAGE * PAGE_SIZE}.")
    articles: list[PassageOut]


class Purge(BaseModel):
    """Which pages to drop: exactly one of these."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"minProperties": 1, "maxProperties": 1})
    article: Annotated[int, Field(strict=True, ge=0, le=MAX_ID)] | SkipJsonSchema[None] = None
    path: Annotated[str, Field(pattern=r"^/[!->@-~]*$", max_length=2048)] | SkipJsonSchema[None] = None
    tags: Annotated[list[Tag], Field(min_length=1, max_length=100)] | SkipJsonSchema[None] = None
    all: Literal[True] | SkipJsonSchema[None] = None

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, data: Any) -> Any:
        if isinstance(data, dict) and None in data.values():
            raise PydanticCustomError("null", "null names nothing; leave the field out")
        return data

    def named(self) -> set[str]:
        """The tags of the pages.

        Raises:
            ProblemError: It does not name exactly one thing.
        """
        ways = [self.article is not None, self.path is not None, self.tags is not None, self.all is not None]
        if sum(ways) != 1:
            raise ProblemError(
                422, f"the purge names {sum(ways)} things", expected="exactly one of article, path, tags and all"
            )
        if self.article is not None:
            return staleness.whole(self.article) | {staleness.card(self.article), staleness.comments(self.article)}
        if self.path is not None:
            return {staleness.at(self.path.encode())}
        return set(self.tags) if self.tags is not None else {staleness.EVERYTHING}


class Purged(BaseModel):
    """How many pages this process has dropped; others that serve the same file drop theirs before their next answer."""

    purged: int


class ArticlesApi:
    """The handlers of ``/api/v1``."""

    def __init__(self, site: Site, cache: PageCache) -> None:
        self._site = site
        self._cache = cache
        self._responses = Responses(site)

    def install(self, api: FastAPI, gate: Gate) -> None:
        """Add the routes; what changes anything is behind the gate."""
        behind, refused = gate.guards, gate.statuses
        root, one, changed = "/api/v1/articles", "/api/v1/articles/{id}", (*BODY, *refused, 404, 409, 412, 428, 503)
        article: dict[str, Any] = {"response_model": ArticleOut}
        add = partial(api.add_api_route, tags=["articles"])
        add(root, self.list_articles, methods=["GET"], response_model=ListOut, responses=responses(422, 503))
        add(
            root,
            self.create_article,
            methods=["POST"],
            status_code=201,
            responses=responses(*BODY, *refused, 409, 503),
            dependencies=behind,
            **article,
        )
        add(one, self.read_article, methods=["GET"], responses=responses(404, 422, 503), **article)
        add(one, self.change_article, methods=["PUT"], responses=responses(*changed), dependencies=behind, **article)
        merge: dict[str, Any] = {"requestBody": {"content": {MERGE_PATCH: {"schema": {"type": "object"}}}}}
        add(
            one,
            self.patch_article,
            methods=["PATCH"],
            responses=responses(*changed),
            dependencies=behind,
            openapi_extra=merge,
            **article,
        )
        add(
            one,
            self.delete_article,
            methods=["DELETE"],
            status_code=204,
            response_class=Response,
            responses=responses(*refused, 404, 412, 422, 428, 503),
            dependencies=behind,
        )
        add(
            "/api/v1/drafts",
            self.list_drafts,
            methods=["GET"],
            response_model=ListOut,
            responses=responses(*refused, 503),
            dependencies=behind,
        )
        add(
            "/api/v1/drafts/{id}",
            self.read_draft,
            methods=["GET"],
            responses=responses(*refused, 404, 422, 503),
            dependencies=behind,
            **article,
        )
        add("/api/v1/search", self.search, methods=["GET"], response_model=FoundOut, responses=responses(422, 503))
        add(
            "/api/v1/purge",
            self.purge,
            methods=["POST"],
            response_model=Purged,
            responses=responses(*BODY, *refused, 503),
            dependencies=behind,
        )

    async def list_articles(
        self,
        request: Request,
        after: Annotated[int | None, Query(ge=0, le=MAX_ID, description="Begin after this number.")] = None,
        limit: Annotated[int, Query(ge=1, le=MOST_LIMIT)] = USUAL_LIMIT,
    ) -> Response:
        """The published articles, a run at a time, by number."""
        _tell(request, "api")

        def read() -> tuple[list[Summary], int]:
            library = self._site.library
            with library.snapshot():
                found = library.summaries(after=-1 if after is None else after, limit=limit + 1, drafts=False)
                return found, library.count()

        found, total = await self._site.worker.run(read)
        shown = found[:limit]
        following = None
        if len(found) > limit:
            asked = f"&limit={limit}" if limit != USUAL_LIMIT else ""
            following = f"/api/v1/articles?after={shown[-1].id}{asked}"
        content = ListOut(articles=[self._summary(each) for each in shown], total=total, next=following)
        tags = [staleness.ARTICLES, *staleness.posts([each.id for each in shown])]
        response = self._document("api", content, tags=tags)
        if following:
            response.headers["link"] = f'<{following}>; rel="next"'
        return response

    async def create_article(self, request: Request, text: NewArticle) -> Response:
        """Store a new article."""
        _tell(request, "api")

        def write() -> Written:
            editing = self._site.editing
            return self._written(editing.create(text, text.status, author_slug="editors", author_name="The editors"))

        change, content, etag = await self._changing(write)
        kind = "articles" if text.status == "published" else "drafts"
        return _told(change, 201, content, {"etag": etag, "location": f"/api/v1/{kind}/{change.article_id}"})

    async def read_article(self, request: Request, id: Id) -> Response:
        """A published article."""
        _tell(request, "api")

        def read() -> Response:
            with self._site.library.snapshot():
                article = self._stored(id, "published")
                content = self._whole(article)
            tags = [staleness.post(id)]
            return self._document("api", content, tags=tags, etag=article.etag, changed=article.changed)

        return await self._site.worker.run(read)

    async def change_article(
        self, request: Request, id: Id, text: ChangedArticle, if_match: IfMatch = None
    ) -> Response:
        """Put another text, or another status, in the place of an article's; what is left out becomes empty."""
        _tell(request, "api")
        state = _expected(if_match)

        def write() -> Written:
            return self._written(self._site.editing.rewrite(id, text, text.status, etags=state))

        change, content, etag = await self._changing(write)
        return _told(change, 200, content, {"etag": etag})

    async def patch_article(
        self, request: Request, id: Id, patch: dict[str, Any], if_match: IfMatch = None
    ) -> Response:
        """Change some fields of an article, as a merge patch (RFC 7396): null takes a field away."""
        _tell(request, "api")
        state = _expected(if_match)

        def write() -> Written:
            before = self._stored(id)
            if state is not None and before.etag not in state:
                raise ConflictError(id)
            text = _patched(before, self._site.library.meta(id), patch)
            return self._written(self._site.editing.rewrite(id, text, text.status, etags=[before.etag]))

        change, content, etag = await self._changing(write)
        return _told(change, 200, content, {"etag": etag})

    async def delete_article(self, request: Request, id: Id, if_match: IfMatch = None) -> Response:
        """Forget an article with its comments; its number is never used again."""
        _tell(request, "api")
        state = _expected(if_match)
        change = await self._changing(lambda: self._site.editing.delete(id, etags=state))
        return _told(change, 204, None, {})

    async def list_drafts(self, request: Request) -> Response:
        """The articles that are not published, last changed first; at most a hundred."""
        _tell(request, "drafts")
        found = await self._site.worker.run(lambda: self._site.library.drafts(limit=MOST_LIMIT))
        content = ListOut(articles=[self._summary(each) for each in found], total=None, next=None)
        return self._document("drafts", content)

    async def read_draft(self, request: Request, id: Id) -> Response:
        """An article that is not published."""
        _tell(request, "drafts")

        def read() -> Response:
            with self._site.library.snapshot():
                article = self._stored(id, "draft")
                return self._document("drafts", self._whole(article), etag=article.etag)

        return await self._site.worker.run(read)

    async def search(
        self,
        request: Request,
        q: Annotated[str, Query(max_length=1_000)] = "",
        page: Annotated[int, Query(ge=1, le=LAST_PAGE)] = 1,
    ) -> Response:
        """The articles that hold all the words of a search, best first."""
        _tell(request, "api_search")
        words = read_words(q)
        if words is None:
            length = len(normalised(q))
            raise ProblemError(422, f"the search is {length} characters long", expected=f"at most {LONGEST} characters")

        def read() -> Listing:
            if not words:
                return Listing([], 0, None)
            offset, most = (page - 1) * PAGE_SIZE, LAST_PAGE * PAGE_SIZE
            return self._site.library.found(expression(words), limit=PAGE_SIZE, offset=offset, countable=most)

        listing = await self._site.searcher.run(read)
        found = [
            PassageOut(
                id=card.id,
                slug=card.slug,
                title=card.title,
                passage=card.intro.replace(FOUND_BEGINS, "").replace(FOUND_ENDS, ""),
                published=iso(card.published),
                url=self._address(card.slug),
            )
            for card in listing.cards
        ]
        content = FoundOut(query=words, page=page, total=listing.total, articles=found)
        return self._document("api_search", content, tags=[staleness.SEARCH])

    async def purge(self, request: Request, what: Purge) -> Response:
        """Drop pages from the cache, here and wherever the same file is served."""
        _tell(request, "purge")
        return _live(Purged(purged=await self.drop(what)), invalidation(what.named()))

    async def drop(self, what: Purge) -> int:
        """Declare pages stale, and say how many of them stood in this process' cache."""
        tags, before = what.named(), self._cache.store.dropped
        await self._site.writer.run(self._site.editing.outdate, tags)
        self._cache.catch_up()
        return self._cache.store.dropped - before

    def _document(
        self,
        route: str,
        content: BaseModel,
        *,
        tags: Iterable[str] = (),
        etag: str | None = None,
        changed: int | None = None,
    ) -> Response:
        body = content.model_dump_json().encode()
        response = self._responses.document(route, body, JSON, tags=tags, changed=changed)
        if etag is not None:
            response.headers["etag"] = etag
        return response

    async def _changing(self, change: Callable[[], T]) -> T:
        """What a change gives, made in the thread that writes; its refusals as problems."""
        try:
            return await self._site.writer.run(change)
        except AbsentError as error:
            raise _absent(error.args[0]) from None
        except ConflictError as error:
            raise ProblemError(
                412,
                f"article {error.args[0]} has changed since the state that If-Match names",
                expected="the ETag of its present state: read it again",
            ) from None
        except TakenError as error:
            raise ProblemError(
                409, f"the slug {error.args[0]} belongs to another article", expected="a slug that no article has"
            ) from None

    def _stored(self, id: int, status: str | None = None) -> ArticleRecord:
        article = self._site.library.article_by_id(id)
        if article is None or status not in {None, article.status}:
            raise _absent(id)
        return article

    def _written(self, change: Change) -> Written:
        article = self._stored(change.article_id)
        return change, self._whole(article), article.etag

    def _summary(self, each: Summary) -> SummaryOut:
        return SummaryOut(
            id=each.id,
            slug=each.slug,
            status=each.status,
            title=each.title,
            author=each.author,
            published=iso(each.published),
            changed=iso(each.changed),
            etag=each.etag,
            url=self._address(each.slug),
        )

    def _whole(self, article: ArticleRecord) -> ArticleOut:
        return ArticleOut(
            id=article.id,
            slug=article.slug,
            status=article.status,
            version=article.version,
            revision=article.revision,
            digest=article.digest,
            url=self._address(article.slug),
            title=article.title,
            intro=article.intro,
            sections=article.sections,
            checklist=article.checklist,
            images=article.images,
            final_notes=article.final_notes,
            categories=article.categories,
            tags=article.tags,
            author=AuthorOut(slug=article.author_slug, name=article.author),
            published=iso(article.published),
            modified=iso(article.modified),
            changed=iso(article.changed),
            meta=self._site.library.meta(article.id),
        )

    def _address(self, slug: str) -> str:
        return f"{self._site.base_url}/articles/{slug}/"


_ENTITY_TAG = re.compile(r'(?:W/)?"[^"]*"')


def _absent(id: int) -> ProblemError:
    return ProblemError(404, f"no article {id}", expected="the number of an article that /api/v1/articles lists")


def _expected(if_match: str | None) -> frozenset[str] | None:
    """The states that a change is meant for; None for all. Weak tags are of none (RFC 9110, section 13.1.1).

    Raises:
        ProblemError: 428 where none is named.
    """
    if if_match is None:
        raise ProblemError(428, "the change names no state", expected="If-Match with the ETag of the article, or *")
    if if_match.strip() == "*":
        return None
    # The compressed form of an answer has a tag of its own, and is of the same state.
    return frozenset(tag.replace('-gz"', '"') for tag in _ENTITY_TAG.findall(if_match))


def _patched(article: ArticleRecord, meta: dict[str, Any], patch: dict[str, Any]) -> ChangedArticle:
    """The text that an article has after a merge patch.

    Raises:
        MisfitError: It is no article any more.
    """
    names = ("title", "slug", "intro", "sections", "checklist", "images", "final_notes", "categories", "tags", "status")
    before = {name: getattr(article, name) for name in names} | {"meta": meta}
    merged = _merged(before, patch)
    try:
        return ChangedArticle.model_validate(merged)
    except ValidationError as error:
        errors = [{**each, "loc": ("body", *each["loc"])} for each in error.errors()]
        raise MisfitError(misfits(errors, merged)) from None


def _merged(target: Any, patch: Any) -> Any:
    """RFC 7396, section 2."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = _merged(merged.get(name), value)
    return merged


def _live(content: BaseModel, headers: dict[str, str] | None = None) -> Response:
    return Response(content.model_dump_json(), headers={**LIVE, **(headers or {})}, media_type=JSON)


def _told(change: Change, status: int, content: BaseModel | None, headers: dict[str, str]) -> Response:
    """The answer to a change."""
    response = Response(status_code=status) if content is None else _live(content)
    response.status_code = status
    response.headers.update({**LIVE, **headers, **invalidation(change.tags)})
    return response


def _tell(request: Request, route: str) -> None:
    request.scope[EXCHANGE].route = route
