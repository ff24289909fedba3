"""What members do: sign in and out, read their own page, keep articles, and say something about them."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from anyio import CapacityLimiter, to_thread
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from target_app.callers import network
from target_app.editing import AbsentError
from target_app.forms import SMALL, csrf_token, read_form, refuse_cross_site, require_own_form, safe_next
from target_app.passwords import password_matches
from target_app.records import ArticleRecord, MemberRecord
from target_app.responses import Responses
from target_app.site import Site
from target_app.texts import is_visible

LONGEST_COMMENT = 4_000
"""Characters."""
_LARGEST_COMMENT = 12 * LONGEST_COMMENT + SMALL
"""Bytes of its form: a character is four bytes at most, each written as three."""
_MAX_LOGIN_THREADS = 2
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

Fields = dict[str, str]
Act = Callable[[Request, Fields, MemberRecord], Response]
"""What a member's form does."""


class MemberRoutes:
    """Handlers of everything that is for members. None of it is ever kept."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._responses = Responses(site)
        self._login_threads = CapacityLimiter(_MAX_LOGIN_THREADS)

    def routes(self) -> list[Route]:
        """The routing table."""
        route = self._responses.route
        return [
            route("login", "/login", {"GET": self.sign_in_form, "POST": self.sign_in}),
            route("logout", "/logout", {"POST": self.sign_out}),
            route("me", "/me", {"GET": self.me}),
            route("bookmark", "/articles/{slug}/bookmark", {"POST": self._form(self.keep)}),
            route("comment", "/articles/{slug}/comments", {"POST": self._form(self.comment, limit=_LARGEST_COMMENT)}),
            route("comment", "/comments/{comment}/delete", {"POST": self._form(self.uncomment)}),
        ]

    def sign_in_form(self, request: Request) -> Response:
        """The sign-in form."""
        next_path = safe_next(request.query_params.get("next", ""))
        return self._responses.private(self._site.pages.login(self._responses.viewer(request), next_path=next_path))

    async def sign_in(self, request: Request) -> Response:
        """Check the credentials; a good pair begins a new session and ends the one that was there."""
        refuse_cross_site(request, self._site.base_url)
        form = await read_form(request)
        login, next_path = form.get("login", ""), safe_next(form.get("next", ""))
        throttle, caller = self._site.sign_ins, network(request)
        if wait := throttle.wait(login, caller):
            return self._not_now(login, next_path, wait)
        known = await self._site.worker.run(self._site.library.credentials, login)
        async with self._login_threads:
            # Those who were before it in the queue may have failed meanwhile.
            if wait := throttle.wait(login, caller):
                return self._not_now(login, next_path, wait)
            # Tens of milliseconds of hashing go elsewhere: in the thread of the pages every page would wait for them.
            matches = await to_thread.run_sync(password_matches, known[1] if known else None, form.get("password", ""))
            if known is None or not matches:
                throttle.failed(login, caller)
                self._site.statistics.refused_logins += 1
                page = self._site.pages.login(None, next_path=next_path, login=login, refused=True)
                # Not 401, which would have to name a scheme of HTTP's own (RFC 9110, section 15.5.2); a form is none.
                return self._responses.private(page, status=403)
        throttle.succeeded(login)
        self._site.statistics.logins += 1
        return await self._site.writer.run(self._begin_session, known[0], next_path or "/me", request)

    def _not_now(self, login: str, next_path: str, wait: int) -> Response:
        self._site.statistics.throttled_logins += 1
        page = self._site.pages.login(None, next_path=next_path, login=login, wait=wait)
        return self._responses.private(page, status=429, headers={"retry-after": str(wait)})

    def _begin_session(self, member: MemberRecord, path: str, request: Request) -> Response:
        sessions = self._site.sessions
        sessions.close(sessions.cookie.read(request))
        response = self._responses.see_other(path)
        sessions.cookie.give(response, sessions.open(member))
        return response

    def sign_out(self, request: Request) -> Response:
        """End the session."""
        refuse_cross_site(request, self._site.base_url)
        sessions = self._site.sessions
        sessions.close(sessions.cookie.read(request))
        response = self._responses.see_other("/")
        sessions.cookie.take_back(response)
        return response

    def me(self, request: Request) -> Response:
        """A member's own page."""
        viewer = self._responses.viewer(request)
        if viewer is None:
            return self._responses.see_other("/login?next=/me")
        return self._responses.private(self._site.pages.me(viewer, self._site.library.reading_list(viewer.id)))

    def keep(self, request: Request, fields: Fields, member: MemberRecord) -> Response:
        """Put an article into the reading list, or take it out."""
        article = self._article(request)
        with self._site.desk.transaction():
            if fields.get("keep") == "0":
                self._site.desk.drop(member.id, article.id)
            else:
                self._site.desk.keep(member.id, article.id)
        return self._responses.see_other(f"/articles/{article.slug}/")

    def comment(self, request: Request, fields: Fields, member: MemberRecord) -> Response:
        """Say something about an article."""
        article = self._article(request)
        text = fields.get("text", "").strip()
        if fault := _fault(text):
            csrf = csrf_token(request, self._site.sessions.cookie)
            return self._responses.private(
                self._site.pages.comment(article, text, fault, member, csrf=csrf), status=422
            )
        change, comment_id = self._site.editing.comment(article.id, member, text)
        return self._responses.see_other(f"/articles/{article.slug}/#comment-{comment_id}", change.tags)

    def uncomment(self, request: Request, fields: Fields, member: MemberRecord) -> Response:
        """Take a comment back; editors may take anybody's."""
        word = request.path_params["comment"]
        if not re.fullmatch(r"[1-9][0-9]{0,15}", word):
            raise HTTPException(404)
        try:
            change = self._site.editing.uncomment(int(word), member)
        except AbsentError:
            raise HTTPException(404) from None
        except PermissionError:
            raise HTTPException(403) from None
        assert change.face is not None
        return self._responses.see_other(f"/articles/{change.face.slug}/#comments", change.tags)

    def _article(self, request: Request) -> ArticleRecord:
        article = self._site.library.article(request.path_params["slug"])
        if article is None or article.status != "published":
            raise HTTPException(404)
        return article

    def _form(self, act: Act, limit: int = SMALL) -> Callable[[Request], Awaitable[Response]]:
        """The handler of a form that only members of this site may send, from one of its pages."""
        return member_form(self._site, self._responses, act, limit=limit)


def _fault(text: str) -> str:
    """Why a text is no comment; empty where it is one."""
    if not is_visible(text):
        return "It is blank; write something."
    if len(text) > LONGEST_COMMENT:
        return f"It has {len(text):,} characters, and {LONGEST_COMMENT:,} are the most; shorten it."
    return "It holds a control character, which no page can show; delete it." if _CONTROL.search(text) else ""


def member_form(
    site: Site, responses: Responses, act: Act, *, limit: int, editors: bool = False
) -> Callable[[Request], Awaitable[Response]]:
    """The handler of a form that only members may send, from a page that was made for their session.

    Args:
        site: Whose.
        responses: Makes its answers.
        act: What the form does, in the thread that writes.
        limit: Most bytes of the form.
        editors: Whether only editors may.
    """

    def checked(request: Request, fields: Fields) -> Response:
        member = responses.viewer(request)
        if member is None:
            return responses.see_other("/login")
        require_own_form(request, fields, site.base_url, site.sessions.cookie)
        if editors and not member.is_editor:
            raise HTTPException(403)
        return act(request, fields, member)

    async def handler(request: Request) -> Response:
        refuse_cross_site(request, site.base_url)
        fields = await read_form(request, limit)
        return await site.writer.run(checked, request, fields)

    return handler
