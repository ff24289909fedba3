"""A site that is not ours, as its visitors deal with it: what its pages give away of whom they are for, and log-ins.

Which article a page shows cannot be checked there. What can be: that a member's page is the member's, and that a
reader's page is nobody's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from locustfiles._client import Client
from locustfiles._coding import decode
from locustfiles._errors import LoginError, SwarmError
from locustfiles._kinds import PageKind
from locustfiles._login_form import Form, fill, form_of, shows
from locustfiles._members import Members
from locustfiles._oracle import ANONYMOUS, Finding
from locustfiles._origin import follow
from locustfiles._recipe import Account, Recipe
from locustfiles._reply import Reply
from locustfiles._site import Exchange, Site, log_in
from locustfiles._steps import Course, Request, StepError, fields_of, merged
from locustfiles._viewers import Viewers

_KNOWN = 65_536
_HOPS = 5


class Outsider:
    """Judges the answers of one arm of such a site.

    Args:
        recipe: How members log in, which also says how their pages look; None where nobody does.
        kinds: Of pages, with what must be on them.
    """

    def __init__(self, recipe: Recipe | Members | None, kinds: Sequence[PageKind] = ()) -> None:
        self._viewers = None if recipe is None else Viewers(recipe)
        self._accounts = {} if recipe is None else {_name(i): account for i, account in enumerate(recipe.accounts)}
        self._kinds = {kind.name: kind for kind in kinds if kind.is_marked}
        self._right: set[tuple[str, int]] = set()

    def edited(self, article: int, revision: int, since: float) -> None:
        """Nobody edits such a site."""

    def expect(self, route: str, viewer: str, article: int | None, path: str) -> str:
        """See ``Judge``: what is known is for whom, and of which kind it is where kinds have marks."""
        kind = self._kinds.get(route)
        if kind is None:
            return f"viewer={viewer}"
        return f"viewer={viewer} page={route}" + (f" path={path}" if kind.check else "")

    def check(
        self, expected: str, body: bytes, coding: bytes = b"", media: bytes = b"", sent: float = 0.0
    ) -> Finding | None:
        """See ``Judge``; ``unchecked`` is every page where no recipe tells members' pages from others."""
        viewer, _, rest = expected.removeprefix("viewer=").partition(" page=")
        route, _, path = rest.partition(" path=")
        kind = self._kinds.get(route)
        if self._viewers is None and kind is None:
            return Finding("unchecked", expected, "a site without content marks")
        key = (expected, hash(body))
        if key in self._right:
            return None
        page = decode(body, coding)
        if page is None:
            return Finding("unchecked", expected, f"content-encoding {coding.decode('latin-1')}")
        finding = self._judge_viewer(page, viewer)
        if finding is None and kind is not None:
            finding = kind.judge(page, path, None if viewer == ANONYMOUS else self._accounts[viewer].login)
        if finding is not None:
            return finding
        if len(self._right) >= _KNOWN:
            self._right.clear()
        self._right.add(key)
        return None

    def _judge_viewer(self, page: bytes, viewer: str) -> Finding | None:
        if self._viewers is None:
            return None
        if viewer == ANONYMOUS:
            verdict = self._viewers.judge_anonymous(page)
        else:
            verdict = self._viewers.judge(page, self._accounts[viewer], required=False)
        if verdict == "ok":
            return None
        got = "the page of another viewer" if verdict != "not_logged_in" else "nobody"
        return Finding(verdict, f"viewer={viewer}", got)

    def shown(self, expected: str, body: bytes, coding: bytes) -> str:
        """See ``Judge``: nothing more than was expected is known."""
        return expected

    def check_held(self, expected: str, held: str, sent: float) -> Finding | None:
        """See ``Judge``: whether a page has changed is the site's word alone."""
        return Finding("unchecked", expected, "a site without content marks")


class RecipeAccounts:
    """The members that a login recipe names.

    Args:
        recipe: How they log in.
        hosts: Names of the site.
    """

    def __init__(self, recipe: Recipe, hosts: Collection[str]) -> None:
        self._recipe = recipe
        self._hosts = hosts
        self._viewers = Viewers(recipe)

    def name(self, index: int) -> str:
        """The account by its place in the recipe: logins are often addresses of people, and stay out of records."""
        return _name(index)

    def login(self, index: int) -> str:
        """See ``Accounts``."""
        return self._recipe.accounts[index].login

    def enter(self, client: Client, index: int) -> Iterator[Exchange]:
        """See ``Accounts``: fetch the form, send it filled in, follow redirects, ask for the check page."""
        recipe, account = self._recipe, self._recipe.accounts[index]
        reply = client.get(recipe.page)
        page = _text(reply)
        wrong, problem = _failed(reply) if page is None else None, ""
        form, fields = Form("", {}), {}
        if page is not None:
            try:
                form = form_of(_html(page), recipe, self._hosts)
                fields = fill(form, recipe, account)
            except LoginError as error:
                problem = str(error)
                wrong = Finding("not_logged_in", "a form to fill in", problem)
        yield Exchange("login", "GET", recipe.page, reply, False, wrong, problem)
        if wrong is not None:
            return
        method, path = "POST", form.action
        reply = client.post_form(path, fields)
        yield Exchange("login", method, path, reply, False, None if 200 <= reply.status < 400 else _failed(reply))
        for _ in range(_HOPS):
            target = client.origin.resolve(path, reply.location)
            if follow(reply.status, method) is None or target is None:
                break
            method, path = "GET", target
            reply = client.get(path)
            yield Exchange("login", method, path, reply, False, None if 200 <= reply.status < 400 else _failed(reply))
        if reply.error != "none" or reply.status >= 400:
            return
        reply = client.get(recipe.check)
        page = _text(reply)
        verdict, problem = ("not_logged_in", "") if page is None else self._check(page, form, account)
        wrong = None if verdict == "ok" else Finding(verdict, f"a page of {_name(index)}", f"status {reply.status}")
        yield Exchange("login", "GET", recipe.check, reply, True, wrong, problem)

    def _check(self, page: bytes, form: Form, account: Account) -> tuple[str, str]:
        """The verdict on the check page, and in words what is wrong with it."""
        recipe = self._recipe
        verdict = self._viewers.judge(page, account, required=True)
        if verdict == "wrong_viewer":
            return verdict, f"{recipe.check} shows check.logged_in of another account; see the log of the site"
        if self._viewers.shows_nobody(page):
            shown = f"shows check.logged_out {recipe.logged_out!r}"
        elif verdict != "ok":
            shown = f"does not show check.logged_in {recipe.logged_in!r}"
        elif shows(_html(page), recipe.check, form):
            shown = "is the login form"
        else:
            return "ok", ""
        what = f"after the log-in {recipe.check} {shown}"
        return "not_logged_in", f"{what}; check the account's password, and [check] in {recipe.name}"


class MemberAccounts:
    """Members who log in by steps of their own."""

    def __init__(self, members: Members) -> None:
        self._members = members
        self._viewers = Viewers(members)

    def name(self, index: int) -> str:
        """See ``RecipeAccounts``."""
        return _name(index)

    def login(self, index: int) -> str:
        """See ``Accounts``."""
        return self._members.accounts[index].login

    def enter(self, client: Client, index: int) -> Iterator[Exchange]:
        """See ``Accounts``: whatever the steps ask for, redirects followed; the last page must show who has come in."""
        account = self._members.accounts[index]
        course = Course(self._members.log_in(account), client.origin.resolve)
        try:
            request = course.next()
        except StepError as error:
            yield Exchange("login", "GET", "/", Reply(error="abandoned", reason=str(error)), False, None)
            return
        while request is not None:
            method = request.method
            reply = client.send(request, course.path)
            for _ in range(_HOPS):
                target = client.origin.resolve(course.path, reply.location)
                if follow(reply.status, method) != "GET" or target is None:
                    break
                yield Exchange("login", method, course.path, reply, False, None)
                method, course.path = "GET", target
                reply = client.send(Request(target, headers=request.headers), target)
            path, request, wrong, problem = course.path, None, None, ""
            if reply.error != "none" or not 200 <= reply.status < 300:
                wrong = _failed(reply)
            else:
                try:
                    request = course.next(reply)
                except StepError as error:
                    problem = f"its steps broke off: {error}"
            is_last = wrong is None and not problem and request is None
            verdict = "not_logged_in"
            if is_last:
                verdict, problem = self._arrive(client, reply, account, course.result, path)
            if problem:
                wrong = Finding(verdict, f"a page of {_name(index)}", problem)
            yield Exchange("login", method, path, reply, is_last, wrong, problem)

    def _arrive(self, client: Client, reply: Reply, account: Account, result: Any, path: str) -> tuple[str, str]:
        """Keep what the steps returned; the verdict on their last page, and in words what is wrong with it."""
        try:
            client.fields = merged(client.fields, fields_of({} if result is None else result, "the log-in's result"))
        except (SwarmError, AttributeError) as error:
            return "not_logged_in", f"its steps returned no header fields: {error}"
        page = _text(reply) or b""
        verdict = self._viewers.judge(page, account, required=True)
        if verdict == "ok":
            return verdict, ""
        if verdict == "wrong_viewer":
            return verdict, f"{path} shows logged_in of another account; see the log of the site"
        shown = "shows logged_out" if self._viewers.shows_nobody(page) else "does not show logged_in"
        text = self._members.logged_out if self._viewers.shows_nobody(page) else self._members.logged_in
        return (
            verdict,
            f"after the log-in {path} {shown} {text!r}; check the account's password, and the members' texts",
        )


def require_members(members: Members, site: Site) -> None:
    """Refuse members by whose marker nobody could tell a log-in that worked from one that did not.

    The first of them logs in; then the last page of that is asked for by somebody who did not.

    Raises:
        SwarmError: The log-in does not work, or the marker is there for anybody.
    """
    accounts, client, stranger = MemberAccounts(members), Client(site.origin), Client(site.origin)
    last: list[Exchange] = []
    try:
        log_in(accounts, client, 0, last.append)
        page = _text(stranger.get(last[-1].path)) if last[-1].method == "GET" else None
    finally:
        client.close()
        stranger.close()
    if page is not None and Viewers(members).judge_anonymous(page) != "ok":
        raise SwarmError(
            f"the members' logged_in {members.logged_in!r} is on {last[-1].path} of {site.arm.url} for somebody who is "
            "not logged in; name a text that only members see"
        )


def require_proof(recipe: Recipe, site: Site) -> None:
    """Refuse a recipe by whose markers nobody could tell a log-in that worked from one that did not.

    The check page is asked for by somebody who is not logged in. Where it is shown to them, the marker must not be on
    it, and a marker with the login in it is not enough: sites put the name last typed into a field. Then the page has
    to show something else that a log-in takes away, the logged-out marker or the login form.

    Args:
        recipe: As it was read.
        site: As surveyed.

    Raises:
        SwarmError: With what to change in the recipe.
    """
    client = Client(site.origin)
    try:
        page = _text(client.get(recipe.check))
        if page is None:
            return
        viewers = Viewers(recipe)
        if viewers.judge_anonymous(page) != "ok":
            raise SwarmError(
                f"the recipe {recipe.name}: check.logged_in {recipe.logged_in!r} is on {recipe.check} of "
                f"{site.arm.url} for somebody who is not logged in; name a text that only members see"
            )
        if not recipe.knows_viewers or viewers.shows_nobody(page) or _shows_form(client, recipe, page):
            return
    finally:
        client.close()
    raise SwarmError(
        f"the recipe {recipe.name}: {recipe.check} of {site.arm.url} is shown to whoever is not logged in, and could "
        f"show check.logged_in {recipe.logged_in!r} for any login typed; name as check.page one that only members see, "
        "or as check.logged_out a text that only the others see on it"
    )


def _shows_form(client: Client, recipe: Recipe, page: bytes) -> bool:
    """Whether the check page is the login form."""
    login = _text(client.get(recipe.page))
    if login is None:
        return False
    try:
        return shows(_html(page), recipe.check, form_of(_html(login), recipe))
    except LoginError:
        return False


def _name(index: int) -> str:
    return f"account-{index + 1}"


def _text(reply: Reply) -> bytes | None:
    """The body of a whole page, decoded."""
    if reply.error != "none" or reply.status != 200:
        return None
    return decode(reply.body, reply.headers.get(b"content-encoding", b""))


def _html(page: bytes) -> str:
    return page.decode("utf-8", "replace")


def _failed(reply: Reply) -> Finding:
    return Finding("not_logged_in", "a page", f"status {reply.status}")
