"""What editors do: write articles, change, publish, unpublish and delete them. None of it is ever kept."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from target_app.drafting import FIELDS, DraftError, from_fields, to_fields
from target_app.editing import AbsentError, ConflictError, TakenError
from target_app.forms import LARGE, csrf_token
from target_app.membership import Act, Fields, member_form
from target_app.records import MemberRecord, Status
from target_app.responses import Handler, Responses
from target_app.site import Site

_SHOWN = 50
_EMPTY = dict.fromkeys(FIELDS, "")
_NOTHING: Mapping[str, Sequence[str]] = MappingProxyType({})


class EditorRoutes:
    """Handlers of the editors' pages."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._responses = Responses(site)

    def routes(self) -> list[Route]:
        """The routing table."""
        route = self._responses.route
        return [
            route("admin", "/admin/", {"GET": self.desk}),
            route("admin", "/admin/new", {"GET": self.blank, "POST": self._handled(self.create)}),
            route("admin", "/admin/articles/{id}", {"GET": self.open, "POST": self._handled(self.change)}),
        ]

    def _handled(self, act: Act) -> Handler:
        return member_form(self._site, self._responses, act, limit=LARGE, editors=True)

    def desk(self, request: Request) -> Response:
        """Drafts, and what was changed last."""
        viewer = self._viewer(request)
        if isinstance(viewer, Response):
            return viewer
        library = self._site.library
        with library.snapshot():
            drafts, changed = library.drafts(limit=_SHOWN), library.changed_last(limit=_SHOWN)
        return self._responses.private(self._site.pages.desk(drafts, changed, viewer))

    def blank(self, request: Request) -> Response:
        """The form for a new article."""
        viewer = self._viewer(request)
        if isinstance(viewer, Response):
            return viewer
        return self._form(request, viewer, _EMPTY)

    def open(self, request: Request) -> Response:
        """The form for a stored article."""
        viewer = self._viewer(request)
        if isinstance(viewer, Response):
            return viewer
        library = self._site.library
        with library.snapshot():
            article = library.article_by_id(_id(request))
            if article is None:
                raise HTTPException(404)
            fields = to_fields(article, library.meta(article.id))
        return self._form(request, viewer, {**fields, "etag": article.etag, "status": article.status})

    def create(self, request: Request, fields: Fields, editor: MemberRecord) -> Response:
        """Store a new article, as a draft or for everybody."""
        status: Status = "published" if fields.get("action") == "publish" else "draft"
        try:
            change = self._site.editing.create(
                from_fields(fields), status, author_slug=editor.slug, author_name=editor.name
            )
        except DraftError as error:
            return self._form(request, editor, fields, faults=error.faults)
        except TakenError as error:
            return self._form(request, editor, fields, faults=_taken(error))
        return self._responses.see_other(f"/admin/articles/{change.article_id}", change.tags)

    def change(self, request: Request, fields: Fields, editor: MemberRecord) -> Response:
        """Do with a stored article what the button says."""
        article_id, etags, action = _id(request), [fields.get("etag", "")], fields.get("action", "save")
        editing = self._site.editing
        try:
            if action == "delete":
                change = editing.delete(article_id, etags=etags)
                return self._responses.see_other("/admin/", change.tags)
            if action == "unpublish":
                change = editing.set_status(article_id, "draft", etags=etags)
            elif action in {"save", "publish"}:
                change = editing.rewrite(
                    article_id, from_fields(fields), "published" if action == "publish" else None, etags=etags
                )
            else:
                raise HTTPException(400)
        except (AbsentError, ConflictError):
            return self._passed(request, article_id, editor, fields)
        except DraftError as error:
            return self._form(request, editor, fields, faults=error.faults)
        except TakenError as error:
            return self._form(request, editor, fields, faults=_taken(error))
        return self._responses.see_other(f"/admin/articles/{article_id}", change.tags)

    def _passed(self, request: Request, article_id: int, editor: MemberRecord, fields: Fields) -> Response:
        """What was typed into the form of a state that has passed, in the form of the present one."""
        article = self._site.library.article_by_id(article_id)
        if article is None:
            return self._form(request, editor, {**fields, "etag": "", "status": ""}, passed="gone", status=404)
        present = {"etag": article.etag, "status": article.status}
        return self._form(request, editor, {**fields, **present}, passed="changed", status=409)

    def _form(
        self,
        request: Request,
        editor: MemberRecord,
        fields: Fields,
        *,
        faults: Mapping[str, Sequence[str]] = _NOTHING,
        passed: str = "",
        status: int = 200,
    ) -> Response:
        body = self._site.pages.editor(
            {**_EMPTY, "etag": "", "status": "", **fields},
            editor,
            place="/admin/new" if passed == "gone" else request.url.path,
            csrf=csrf_token(request, self._site.sessions.cookie),
            faults=faults,
            passed=passed,
        )
        return self._responses.private(body, status=422 if faults else status)

    def _viewer(self, request: Request) -> MemberRecord | Response:
        """The editor who asks; where nobody has signed in, the way to do so."""
        viewer = self._responses.viewer(request)
        if viewer is None:
            return self._responses.see_other(f"/login?next={request.url.path}")
        if not viewer.is_editor:
            raise HTTPException(403)
        return viewer


def _id(request: Request) -> int:
    word = request.path_params["id"]
    if not re.fullmatch(r"0|[1-9][0-9]{0,15}", word):
        raise HTTPException(404)
    return int(word)


def _taken(error: TakenError) -> dict[str, list[str]]:
    return {"slug": [f"{error.args[0]} belongs to another article; choose another."]}
