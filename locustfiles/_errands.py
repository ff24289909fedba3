"""What a visitor does when its moment has come: asks for a page, follows where it leads, logs in, edits, purges.

Every exchange is noted as a request of its own, a redirect and what it leads to as two.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from time import monotonic

from gevent import GreenletExit
from gevent.lock import BoundedSemaphore

from locustfiles._client import Client
from locustfiles._journal import Journal, Work
from locustfiles._kinds import PageKind
from locustfiles._oracle import ANONYMOUS, Finding, Judge
from locustfiles._origin import Origin, follow
from locustfiles._pages import REDIRECT, WRITES
from locustfiles._plan import AGAIN, ONCE, Traffic
from locustfiles._reading import cache_code
from locustfiles._reply import Reply
from locustfiles._site import Accounts, Editing, Purging
from locustfiles._steps import Course, Fields, Request, StepError, Visit, fields_of, merged
from locustfiles._validators import Validators
from results.columns import CACHE_CLASSES

_HOPS = 5
_REUSED = frozenset(("HIT", "STALE", "REVALIDATED"))
_UNKNOWN = CACHE_CLASSES.index("UNKNOWN")
_HELD = 20_000  # pages whose validators one arm's returning readers hold
_EXPECTED = 100_000  # marks kept ready: of each page once for readers, and once more for every member who asks for it


@dataclass(slots=True, eq=False)
class Visitor:
    """Somebody with a connection: a seat, from which readers come one after another, or a member."""

    client: Client
    name: str
    turn: BoundedSemaphore | None = None  # members only: one request at a time
    fields: Fields = ()  # that a log-in gave them


@dataclass(slots=True, eq=False)
class Side:
    """One arm as this worker sees it."""

    name: str
    origin: Origin
    judge: Judge
    members: dict[int, Visitor] = field(default_factory=dict)
    validators: Validators = field(default_factory=lambda: Validators(_HELD))
    expected: dict[tuple[int, str], str] = field(default_factory=dict)

    def edited(self, article: int, revision: int, since: float) -> None:
        """Expect the new edition from now on."""
        self.judge.edited(article, revision, since)
        self.expected.clear()


@dataclass(slots=True, eq=False)
class _Where:
    """How far a visit of several requests has come.

    Attributes:
        path: Of the request under way.
        scheduled, released: When it was due, and when it was let go, seconds of the plan.
        hop: Its number.
    """

    path: str
    scheduled: float
    released: float
    hop: int = 0

    def go(self, path: str, moment: float) -> None:
        """Another request, due now."""
        self.path, self.scheduled, self.released, self.hop = path, moment, moment, self.hop + 1


class Errands:
    """Carries arrivals out.

    Args:
        traffic: Whose arrivals they are.
        sides: The arms.
        journal: Where every exchange is noted.
        accounts, editing, purging: How members log in, and how the site is changed; None where it cannot be.
    """

    def __init__(
        self,
        traffic: Traffic,
        sides: list[Side],
        journal: Journal,
        accounts: Accounts | None,
        editing: Editing | None,
        purging: Purging | None,
    ) -> None:
        self._traffic = traffic
        self._sides = sides
        self._journal = journal
        self._accounts = accounts
        self._editing = editing
        self._purging = purging
        self._pages: dict[int, tuple[str, str, int]] = {}  # path, route and its code
        self._code = {route: code for code, route in enumerate(traffic.routes)}
        self._redirect = self._code[REDIRECT]
        scenario = traffic.scenario
        self._kinds = {kind.name: kind for kind in scenario.kinds if kind.then is not None}
        self._beyond_reading = WRITES | set(self._kinds)
        fields = [fields_of(persona.headers, f"persona {persona.name!r}") for persona in scenario.personas]
        self._fields = fields if any(fields) else None

    def page(self, url: int) -> tuple[str, str, int]:
        """Path, route and route code of a row of the URL table."""
        page = self._pages.get(url)
        if page is None:
            pages = self._traffic.pages
            code = pages.code(url)
            page = self._pages[url] = (pages.path(url), pages.routes[code], code)
        return page

    def do(self, side: Side, visitor: Visitor, work: Work, released: float) -> None:
        """Carry out one arrival to its end and note all of it.

        Raises:
            gevent.GreenletExit: Locust took the user away; what was under way is noted as abandoned.
        """
        path, route, code = self.page(work[4])
        client = visitor.client
        if self._fields is not None:
            fields = self._fields[work[3]]
            client.fields = merged(fields, visitor.fields) if visitor.fields else fields
        if route in self._beyond_reading:
            if route in WRITES:
                self._write(side, visitor, work, released, path, route, code)
            else:
                self._run_errand(side, visitor, work, released, self._kinds[route])
            return
        visit = work[7]
        validator = side.validators.get(work[6]) if visit == AGAIN else None
        self._journal.sent += 1
        try:
            reply = client.get(path) if validator is None else client.get(path, validator)
        except GreenletExit:
            self.abandon(work, released)
            raise
        if reply.status > 300 and follow(reply.status, "GET") is not None:
            self._land(side, visitor, work, _Where(path, work[0], released), reply, conditional=validator is not None)
            self._leave(visitor)
            return
        cache = cache_code(reply.headers)
        check, failure = "unchecked", None
        if reply.error == "none":
            if reply.status == 200:
                check = self._check(side, visitor, work, cache, reply)
                if visit != ONCE and check in {"ok", "unchecked"}:
                    side.validators.keep(work[6], reply, self._shown(side, visitor, work, reply))
            elif reply.status == 304 and validator is not None:
                check = self._check_held(side, visitor, work, validator.mark, reply)
            else:
                failure = f"status {reply.status}"
        self._journal.note(work, work[0], released, reply, code, cache, check, failure, 0, validator is not None, "GET")
        self._leave(visitor)

    def abandon(self, work: Work, released: float, hop: int = 0) -> None:
        """Note an arrival that came to nothing, or what was left of it after ``hop`` redirects."""
        _, route, code = self.page(work[4])
        method = "POST" if route in WRITES else "GET"
        reply = Reply(error="abandoned")
        self._journal.note(work, work[0], released, reply, code, _UNKNOWN, "unchecked", None, hop, False, method)

    def _check(self, side: Side, visitor: Visitor, work: Work, cache: int, reply: Reply) -> str:
        """The oracle's word on a whole page."""
        get = reply.headers.get
        finding = side.judge.check(
            self._expected(side, visitor, work[4]),
            reply.body,
            get(b"content-encoding", b""),
            get(b"content-type", b""),
            reply.sent - self._journal.origin,
        )
        if reply.set_cookies and (finding is None or finding.check == "unchecked"):
            finding = _check_cookies(cache) or finding
        return "ok" if finding is None else self._keep(work, visitor.name, finding)

    def _check_held(self, side: Side, visitor: Visitor, work: Work, held: str, reply: Reply) -> str:
        """The oracle's word on a 304."""
        sent = reply.sent - self._journal.origin
        finding = side.judge.check_held(self._expected(side, visitor, work[4]), held, sent)
        return "ok" if finding is None else self._keep(work, visitor.name, finding)

    def _shown(self, side: Side, visitor: Visitor, work: Work, reply: Reply) -> str:
        """What a page that was found right says of itself."""
        expected = self._expected(side, visitor, work[4])
        return side.judge.shown(expected, reply.body, reply.headers.get(b"content-encoding", b""))

    def _expected(self, side: Side, visitor: Visitor, url: int) -> str:
        key = (url, visitor.name)
        expected = side.expected.get(key)
        if expected is None:
            path, route, _ = self.page(url)
            expected = side.judge.expect(route, visitor.name, self._traffic.pages.article(url), path)
            if len(side.expected) >= _EXPECTED:
                side.expected.clear()
            side.expected[key] = expected
        return expected

    def _keep(self, work: Work, viewer: str, finding: Finding, path: str = "") -> str:
        if finding.check != "unchecked":
            self._journal.keep_example(work[1], path or self.page(work[4])[0], viewer, finding)
        return finding.check

    @staticmethod
    def _leave(visitor: Visitor) -> None:
        """Forget a reader's cookies: the next reader at this seat is somebody else."""
        if visitor.turn is None and not visitor.client.jar.is_empty:
            visitor.client.jar.clear()

    def _follow(
        self,
        side: Side,
        visitor: Visitor,
        work: Work,
        where: _Where,
        reply: Reply,
        *,
        request: Request | None = None,
        conditional: bool = False,
    ) -> Reply | None:
        """Note a redirect, go where it leads, and so on until a page comes; None where none does.

        ``where`` follows. ``request`` is what steps asked for, if it was they; its headers go with it to the end.
        """
        hops, method = 0, "GET" if request is None else request.method
        while reply.error == "none" and follow(reply.status, method) is not None:
            target = side.origin.resolve(where.path, reply.location)
            failure = None
            if target is None:
                failure = f"status {reply.status} to {reply.location[:200] or 'nowhere'}"
            elif follow(reply.status, method) != "GET":
                failure = f"status {reply.status} to a {method}"
            elif hops == _HOPS:
                failure = f"{_HOPS} redirects in a row"
            self._note(work, where, reply, self._redirect, "unchecked", failure, method, conditional=conditional)
            conditional = False
            if failure is not None or target is None:
                return None
            hops, method = hops + 1, "GET"
            where.go(target, reply.end - self._journal.origin)
            if request is None:
                reply = visitor.client.get(target)
            else:
                reply = visitor.client.send(Request(target, headers=request.headers), target)
        return reply

    def _land(
        self, side: Side, visitor: Visitor, work: Work, where: _Where, reply: Reply, *, conditional: bool
    ) -> None:
        """Follow a redirect, and note the page that it leads to."""
        try:
            landed = self._follow(side, visitor, work, where, reply, conditional=conditional)
        except GreenletExit:
            self.abandon(work, where.released, where.hop)
            raise
        if landed is None:
            return
        check, failure = "unchecked", None
        if landed.error == "none":
            if landed.status == 200:
                check = self._check(side, visitor, work, cache_code(landed.headers), landed)
            else:
                failure = f"status {landed.status}"
        self._note(work, where, landed, self.page(work[4])[2], check, failure, "GET")

    def _note(
        self,
        work: Work,
        where: _Where,
        reply: Reply,
        code: int,
        check: str,
        failure: str | None,
        method: str,
        *,
        conditional: bool = False,
    ) -> None:
        cache = cache_code(reply.headers)
        self._journal.note(
            work, where.scheduled, where.released, reply, code, cache, check, failure, where.hop, conditional, method
        )

    # -- what a scenario of one's own does -----------------------------------------------------------------------

    def _run_errand(self, side: Side, visitor: Visitor, work: Work, released: float, kind: PageKind) -> None:
        """Ask for a page and go on from there as the scenario's steps say; every exchange is a request.

        It ends with the first answer that is no good page: what it would have led to is not known.
        """
        where, client, origin = _Where(self.page(work[4])[0], work[0], released), visitor.client, self._journal.origin
        request: Request | None = None
        course: Course | None = None
        self._journal.sent += 1
        try:
            reply = client.get(where.path)
            while True:
                landed = self._follow(side, visitor, work, where, reply, request=request)
                if landed is None:
                    break
                method = request.method if request is not None and landed is reply else "GET"
                route = kind.name if request is None else request.kind or kind.name
                check, failure = self._judge_step(side, visitor, work, where, route, landed)
                request = None
                if landed.error == "none" and failure is None and check in {"ok", "unchecked"}:
                    course = course or self._begin(side, visitor, work, kind, landed)
                    course.path = where.path
                    try:
                        request = course.next(landed)
                    except StepError as error:
                        finding = Finding("wrong_page", f"steps from a page of kind {kind.name}", str(error))
                        check = self._keep(work, visitor.name, finding, where.path)
                self._note(work, where, landed, self._code[route], check, failure, method)
                if request is None or course is None:
                    break
                where.go(course.path, monotonic() - origin)  # what the steps took is not the site's
                reply = client.send(request, course.path)
        except GreenletExit:
            self.abandon(work, where.released, where.hop)
            raise
        self._leave(visitor)

    def _begin(self, side: Side, visitor: Visitor, work: Work, kind: PageKind, reply: Reply) -> Course:
        assert kind.then is not None
        plan = self._traffic.plan
        login = None if visitor.name == ANONYMOUS or self._accounts is None else self._accounts.login(work[5])
        visit = Visit(self.page(work[4])[0], login, f"{plan.seed} {plan.launch} {work[2]}")
        return Course(kind.then(visit, reply), side.origin.resolve, writes=kind.writes, kinds=self._code)

    def _judge_step(
        self, side: Side, visitor: Visitor, work: Work, where: _Where, route: str, reply: Reply
    ) -> tuple[str, str | None]:
        """The judge's word on one page of an errand, and what is wrong with it as an answer."""
        if reply.error != "none":
            return "unchecked", None
        if not 200 <= reply.status < 300:
            return "unchecked", f"status {reply.status}"
        get = reply.headers.get
        expected = side.judge.expect(route, visitor.name, None, where.path)
        sent = reply.sent - self._journal.origin
        coding, media = get(b"content-encoding", b""), get(b"content-type", b"")
        finding = side.judge.check(expected, reply.body, coding, media, sent)
        if reply.set_cookies and (finding is None or finding.check == "unchecked"):
            finding = _check_cookies(cache_code(reply.headers)) or finding
        return ("ok" if finding is None else self._keep(work, visitor.name, finding, where.path)), None

    # -- what changes the site -----------------------------------------------------------------------------------

    def _write(
        self, side: Side, visitor: Visitor, work: Work, released: float, path: str, route: str, code: int
    ) -> None:
        self._journal.sent += 1
        if route == "login":
            self._log_in(side, visitor, work, released)
            return
        try:
            reply, check = self._change(side, visitor, work, path, route)
        except GreenletExit:
            self.abandon(work, released)
            raise
        self._leave(visitor)
        failure = None
        if reply.error == "none" and not 200 <= reply.status < 300:
            failure = f"status {reply.status}"
        method = self._purging.method if route == "purge" and self._purging is not None else "POST"
        self._journal.note(
            work, work[0], released, reply, code, cache_code(reply.headers), check, failure, 0, False, method
        )

    def _change(self, side: Side, visitor: Visitor, work: Work, path: str, route: str) -> tuple[Reply, str]:
        """Edit an article or purge; gives the answer and what was found of it."""
        if route == "purge":
            assert self._purging is not None
            return self._purging.purge(visitor.client, path), "unchecked"
        assert self._editing is not None
        article = self._traffic.pages.article(work[4])
        assert article is not None
        reply, revision, finding = self._editing.edit(visitor.client, article)
        if finding is not None:
            return reply, self._keep(work, visitor.name, finding)
        if revision is None:
            return reply, "unchecked"
        side.edited(article, revision, reply.end - self._journal.origin)
        self._journal.edited(work[1], article, revision)
        return reply, "ok"

    def _log_in(self, side: Side, visitor: Visitor, work: Work, released: float) -> None:
        """A new browser logs in and is shown what only members see; every exchange is a request."""
        assert self._accounts is not None
        own, client = visitor.client, Client(side.origin)  # a new browser: no connection, no cookies
        client.fields = () if self._fields is None else self._fields[work[3]]
        visitor.client = client  # which whoever ends the run must find
        scheduled, hop = work[0], 0
        try:
            for hop, exchange in enumerate(self._accounts.enter(client, work[5])):
                reply = exchange.reply
                code = self._code[exchange.route]
                check = "unchecked" if exchange.finding is None else exchange.finding.check
                if exchange.is_checked and exchange.finding is None:
                    check = "ok"
                elif exchange.finding is not None:
                    self._keep(work, self._accounts.name(work[5]), exchange.finding)
                failure = f"status {reply.status}" if reply.error == "none" and reply.status >= 400 else None
                cache = cache_code(reply.headers)
                self._journal.note(
                    work, scheduled, released, reply, code, cache, check, failure, hop, False, exchange.method
                )
                scheduled = released = reply.end - self._journal.origin
        except GreenletExit:
            self.abandon(work, released, hop)
            raise
        finally:
            visitor.client = own
            client.close()


def _check_cookies(cache: int) -> Finding | None:
    """What is wrong with a page that sets cookies: a stored one hands one visitor's cookie to all."""
    name = CACHE_CLASSES[cache]
    if name not in _REUSED:
        return None
    return Finding("set_cookie_on_hit", "no Set-Cookie on a stored response", f"Set-Cookie on a {name}")
