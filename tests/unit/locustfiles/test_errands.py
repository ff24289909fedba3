"""What visitors do when their moment has come, and what is noted of it."""

from __future__ import annotations

import json
import socket
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests import warm
from tests.unit.locustfiles.bad_server import OK, Answer, Server, hangs, says

PROBE = Path(__file__).with_name("errands_probe.py")
SHOP = """
from locustfiles import PageKind, Persona, Request, Scenario

def order(visit, page):
    for step in page.text.split():
        address, _, kind = step.partition(">")
        method, _, address = address.rpartition("@")
        page = yield Request(address, method=method, kind=kind, headers={"X-Step": "1"})
    assert "good" in page.text, "not good"

SCENARIO = Scenario(
    "s", "s", (Persona("buyer", 1, {"order": 1}, headers={"Accept-Language": "de", "X-Who": "buyer"}),),
    kinds=(
        PageKind("order", pages=("/a", "/b"), then=order, writes=True),
        PageKind("plain", pages=("/a",)),
        PageKind("basket", shows="good"),
    ),
)
"""
ONCE, RETURNS, AGAIN = 0, 1, 2
NOT_MODIFIED = b"HTTP/1.1 304 Not Modified\r\n\r\n"


def carry_out(server: Server, site: dict[str, Any], *steps: tuple[Any, ...]) -> dict[str, Any]:
    """Carry arrivals out one after another; ``errands_probe`` says what steps there are."""
    found: dict[str, Any] = json.loads(warm.probe(PROBE, server.url, json.dumps(site), json.dumps(steps)))
    return found


def visit(path: str, visitor: int = 0, kind: int = ONCE, seat: int = 0) -> tuple[Any, ...]:
    """One visit of a page."""
    return ("VISIT", path, visitor, kind, seat)


def told(rows: list[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    """Some columns of the rows."""
    return [tuple(row[name] for name in names) for row in rows]


def moved(to: str, *headers: str, status: int = 302) -> Answer:
    """A redirect."""
    lines = "".join(f"{header}\r\n" for header in headers)
    return says(f"HTTP/1.1 {status} Elsewhere\r\nLocation: {to}\r\n{lines}Content-Length: 0\r\n\r\n".encode())


def edition(revision: int, etag: str = "") -> bytes:
    """Article 0 in an edition, or article 1 and so on where the caller says so."""
    mark = f'<meta name="anp-mark" content="page=article id=0 revision={revision} digest=d{revision} viewer=anonymous">'
    tag = f'ETag: "{etag}"\r\n' if etag else ""
    return f"HTTP/1.1 200 OK\r\n{tag}Content-Length: {len(mark)}\r\n\r\n{mark}".encode()


class Turns:
    """Answers each request for a page with the next of several answers, and keeps what was asked."""

    def __init__(self, *answers: bytes) -> None:
        self._answers = list(answers)

    def __call__(self, connection: socket.socket, _head: bytes) -> bool:
        """Send the next answer."""
        connection.sendall(self._answers.pop(0))
        return True


def asked(server: Server, field: str) -> list[str | None]:
    """The value of a header field in each request that came."""
    found: list[str | None] = []
    for _, head in server.requests:
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:] if ": " in line)
        found.append(fields.get(field))
    return found


def test_a_redirect_and_what_it_leads_to_are_rows_of_their_own() -> None:
    """Both have the planned request's number; the second is due when the first has ended."""
    with Server({"/a": moved("/b", status=301), "/b": moved("/c?x=1"), "/c?x=1": says(OK)}) as server:
        rows = carry_out(server, {"paths": ["/a"]}, visit("/a"))["rows"]
    assert told(rows, "request", "route", "status", "hop", "error") == [
        (0, "redirect", 301, 0, "none"),
        (0, "redirect", 302, 1, "none"),
        (0, "page", 200, 2, "none"),
    ]
    for one, other in pairwise(rows):
        assert other["scheduled"] == one["end"] <= other["sent"]


def test_endless_and_foreign_redirects_are_errors() -> None:
    """A circle is left after five hops, and no other host is asked for anything."""
    answers = {"/a": moved("/a"), "/b": moved("http://elsewhere.example/"), "/c": moved("")}
    with Server(answers) as server:
        rows = carry_out(server, {"paths": ["/a", "/b", "/c"]}, *map(visit, answers))["rows"]
    assert told(rows[:6], "request", "hop", "error") == [(0, hop, "status" if hop == 5 else "none") for hop in range(6)]
    assert told(rows[6:], "request", "route", "hop", "error") == [
        (1, "redirect", 0, "status"),
        (2, "redirect", 0, "status"),
    ]


def test_the_next_reader_at_a_seat_has_no_cookies_of_the_last() -> None:
    """Cookies of a page, of a redirect and of an answer to a purge go with the reader who was given them."""
    cookie = "Set-Cookie: visitor=1; Path=/"
    with_cookie = says(OK.replace(b"\r\n\r\n", f"\r\n{cookie}\r\n\r\n".encode()))
    with Server({"/page": with_cookie, "/moved": moved("/end", cookie), "/end": says(OK)}) as server:
        steps = (visit("/page"), visit("/end", 1), visit("/moved", 2), visit("/end", 3), ("PURGE", "/page"))
        carry_out(server, {"paths": ["/page", "/moved", "/end"]}, *steps, visit("/end", 5))
    came = [head.split()[1] for _, head in server.requests]
    assert came == [b"/page", b"/end", b"/moved", b"/end", b"/end", b"/page", b"/end"]
    assert asked(server, "Cookie") == [None, None, None, "visitor=1", None, None, None]


def test_who_returns_sends_the_validator_of_the_first_visit() -> None:
    """From whichever seat; other visitors, and those who will not return, send none. A 304 is a good answer."""
    page = OK.replace(b"\r\n\r\n", b'\r\nETag: "e1"\r\n\r\n')
    with Server({"/a": Turns(page, page, NOT_MODIFIED, page, page)}) as server:
        rows = carry_out(
            server,
            {"paths": ["/a"]},
            visit("/a", 1, RETURNS, seat=0),
            visit("/a", 2, ONCE, seat=0),
            visit("/a", 1, AGAIN, seat=1),
            visit("/a", 3, ONCE, seat=0),
            visit("/a", 2, AGAIN, seat=0),
        )["rows"]
    assert asked(server, "If-None-Match") == [None, None, '"e1"', None, None]
    assert told(rows, "status", "conditional", "error") == [
        (200, False, "none"),
        (200, False, "none"),
        (304, True, "none"),
        (200, False, "none"),
        (200, False, "none"),
    ]
    assert rows[2]["bytes"] == 0


def test_a_redirect_of_who_returns_was_asked_for_with_a_validator() -> None:
    """The row of the redirect says so, the row of what it leads to does not."""
    page = OK.replace(b"\r\n\r\n", b'\r\nETag: "e1"\r\n\r\n')
    away = b"HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n"
    with Server({"/a": Turns(page, away), "/b": says(OK)}) as server:
        rows = carry_out(server, {"paths": ["/a"]}, visit("/a", 1, RETURNS), visit("/a", 1, AGAIN))["rows"]
    assert told(rows, "status", "conditional") == [(200, False), (302, True), (200, False)]


def test_an_answer_that_was_not_asked_for_is_an_error() -> None:
    """A 304 to somebody who holds nothing, and every 4xx and 5xx, is of the class ``status``; locust hears why."""
    answers = {
        f"/{status}": says(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode())
        for status in (304, 404, 410, 500, 503)
    }
    with Server(answers) as server:
        found = carry_out(server, {"paths": list(answers)}, *map(visit, answers))
    assert set(told(found["rows"], "error", "check")) == {("status", "unchecked")}
    assert [status for (status,) in told(found["rows"], "status")] == [304, 404, 410, 500, 503]
    for row, (method, name, _, size, failure, *where) in zip(found["rows"], found["fired"], strict=True):
        assert (method, name, size, failure) == ("GET", "page", 0, f"status {row['status']}")
        assert where == ["target", "UNKNOWN"]


def test_a_purge_goes_to_the_page_by_its_own_method() -> None:
    """On a site that is not ours a page is purged by PURGE; a refusal is an error."""
    refusal = says(b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n")
    with Server({"/a": says(OK), "/b": refusal}) as server:
        found = carry_out(server, {"paths": ["/a", "/b"]}, ("PURGE", "/a"), ("PURGE", "/b"))
    assert [head.split()[:2] for _, head in server.requests] == [[b"PURGE", b"/a"], [b"PURGE", b"/b"]]
    assert told(found["rows"], "route", "status", "error") == [("purge", 200, "none"), ("purge", 405, "status")]
    assert [method for method, *_ in found["fired"]] == ["PURGE", "PURGE"]


def test_what_a_user_leaves_behind_is_noted_as_abandoned() -> None:
    """A user whom locust takes away in the middle of a request leaves a row, and the seat can be used again."""
    with Server({"/a": hangs, "/b": says(OK)}) as server:
        rows = carry_out(server, {"paths": ["/a", "/b"]}, ("LEAVE", "/a", 0), visit("/b"))["rows"]
    assert told(rows, "request", "route", "error") == [(0, "page", "abandoned"), (1, "page", "none")]


def test_every_page_is_checked_and_the_first_examples_are_kept() -> None:
    """A page without a mark, one of another article and one that is right: each row has its finding."""
    other = edition(0).replace(b"id=0", b"id=5")
    with Server({"/a": Turns(OK, other, edition(0))}) as server:
        found = carry_out(server, {"articles": ["/a"]}, visit("/a"), visit("/a"), visit("/a"))
    assert [check for (check,) in told(found["rows"], "check")] == ["no_mark", "wrong_article", "ok"]
    assert told(found["examples"], "check", "path", "viewer") == [
        ("no_mark", "/a", "anonymous"),
        ("wrong_article", "/a", "anonymous"),
    ]
    assert [failure for *_, failure, _, _ in found["fired"]] == ["no_mark", "wrong_article", None]


def test_a_stored_page_must_not_set_cookies() -> None:
    """Set-Cookie on a reused answer is a failed check wherever nothing graver is wrong with it, on any site."""
    said = ("hit", "fwd=stale; fwd-status=304; collapsed=?0", "fwd=uri-miss; stored", "fwd=bypass")

    def answer(body: bytes, said: str) -> bytes:
        return body.replace(b"\r\n\r\n", b"\r\nCache-Status: anp; %s\r\nSet-Cookie: a=1\r\n\r\n" % said.encode(), 1)

    page, other = edition(0), edition(0).replace(b"id=0", b"id=5")
    with Server({"/a": Turns(*(answer(page, each) for each in said), answer(other, "hit"))}) as server:
        ours = carry_out(server, {"articles": ["/a"]}, *[visit("/a")] * 5)
    with Server({"/a": Turns(*(answer(page, each) for each in said))}) as server:
        foreign = carry_out(server, {"paths": ["/a"]}, *[visit("/a")] * 4)
    assert told(ours["rows"], "cache", "check") == [
        ("HIT", "set_cookie_on_hit"),
        ("REVALIDATED", "set_cookie_on_hit"),
        ("MISS", "ok"),
        ("BYPASS", "ok"),
        ("HIT", "wrong_article"),
    ]
    assert [check for (check,) in told(foreign["rows"], "check")] == [
        *["set_cookie_on_hit"] * 2,
        *["unchecked"] * 2,
    ]
    assert ours["examples"][0]["got"] == "Set-Cookie on a HIT"


def test_an_edition_older_than_the_last_edit_is_stale() -> None:
    """From the moment the edit is known the new edition is expected, in a page and in a 304 alike."""
    page, old = edition(0, "e0"), edition(0)
    with Server({"/a": Turns(page, old, edition(1), NOT_MODIFIED)}) as server:
        rows = carry_out(
            server,
            {"articles": ["/a"]},
            visit("/a", 1, RETURNS),
            ("EDITED", 0, 1),
            visit("/a", 2),
            visit("/a", 3),
            visit("/a", 1, AGAIN),
        )["rows"]
    assert told(rows, "check", "status") == [("ok", 200), ("stale", 200), ("ok", 200), ("stale", 304)]


def test_a_page_that_outran_the_news_of_its_edit_may_be_revalidated() -> None:
    """Who was shown the new edition before it was known holds the new one, and a 304 is right for it."""
    with Server({"/a": Turns(edition(1, "e1"), NOT_MODIFIED)}) as server:
        rows = carry_out(
            server, {"articles": ["/a"]}, visit("/a", 1, RETURNS), ("EDITED", 0, 1), visit("/a", 1, AGAIN)
        )["rows"]
    assert asked(server, "If-None-Match") == [None, '"e1"']
    assert told(rows, "check", "status") == [("ok", 200), ("ok", 304)]


def test_what_failed_its_check_is_not_kept() -> None:
    """A visitor does not go on with a page that was wrong: the return asks for it anew."""
    wrong = edition(0, "e0").replace(b"id=0", b"id=5")
    with Server({"/a": Turns(wrong, edition(0))}) as server:
        carry_out(server, {"articles": ["/a"]}, visit("/a", 1, RETURNS), visit("/a", 1, AGAIN))
    assert asked(server, "If-None-Match") == [None, None]


def text(body: str, *headers: str) -> Answer:
    """A page."""
    lines = "".join(f"{header}\r\n" for header in headers)
    return says(f"HTTP/1.1 200 OK\r\n{lines}Content-Length: {len(body)}\r\n\r\n{body}".encode())


def order(answers: dict[str, Answer], *steps: tuple[Any, ...]) -> tuple[dict[str, Any], Server]:
    """Take the steps of an order that begins at ``/a``, which lists them."""
    with Server(answers) as server:
        return carry_out(server, {"scenario": SHOP}, *(steps or (visit("order:/a"),))), server


def test_steps_are_requests_of_one_visit() -> None:
    """Each is a row of the planned request, at the next hop and under its kind, due when the one before has ended."""
    found, server = order({"/a": text("shop/b>basket POST@/c"), "/shop/b": text("good"), "/c": text("good")})
    assert told(found["rows"], "request", "route", "hop", "status", "check") == [
        (0, "order", 0, 200, "unchecked"),
        (0, "basket", 1, 200, "ok"),
        (0, "order", 2, 200, "unchecked"),
    ]
    for one, other in pairwise(found["rows"]):
        assert one["end"] <= other["scheduled"] <= other["sent"]
    assert [head.split()[:2] for _, head in server.requests] == [
        [b"GET", b"/a"],
        [b"GET", b"/shop/b"],
        [b"POST", b"/c"],
    ]
    assert asked(server, "Content-Length") == [None, None, "0"]
    assert asked(server, "X-Step") == [None, "1", "1"]


def test_headers_of_a_persona_go_with_each_of_its_requests() -> None:
    """In the place of a browser's own, each once, on pages and steps alike."""
    _, server = order(
        {"/a": text("/c"), "/c": text("good", "Set-Cookie: a=1")}, visit("order:/a"), visit("plain:/a", 1)
    )
    assert asked(server, "Accept-Language") == ["de", "de", "de"]
    assert asked(server, "X-Who") == ["buyer"] * 3
    assert [head.count(b"Accept-Language") for _, head in server.requests] == [1, 1, 1]
    assert asked(server, "Cookie") == [None, None, None]  # the next reader is somebody else


def test_steps_follow_redirects_and_go_on_from_there() -> None:
    """A form is answered with a redirect, whose page is the step's; addresses count from where it was."""
    answers = {
        "/a": text("POST@/in/put>basket next>basket"),
        "/in/put": moved("/in/there/x", status=303),
        "/in/there/x": text("good", "Set-Cookie: b=2; Path=/"),
        "/in/there/next": text("good"),
    }
    found, server = order(answers)
    assert told(found["rows"], "route", "hop", "status", "check") == [
        ("order", 0, 200, "unchecked"),
        ("redirect", 1, 303, "unchecked"),
        ("basket", 2, 200, "ok"),
        ("basket", 3, 200, "ok"),
    ]
    assert [method for method, *_ in found["fired"]] == ["GET", "POST", "GET", "GET"]
    assert asked(server, "Cookie") == [None, None, None, "b=2"]
    assert asked(server, "X-Step") == [None, "1", "1", "1"]


def test_a_form_that_would_have_to_be_sent_again_is_an_error() -> None:
    """A 307 to a POST asks for the form once more, at another address: nobody is asked, and the visit ends."""
    found, server = order({"/a": text("POST@/put /b"), "/put": moved("/there", status=307), "/b": text("good")})
    assert told(found["rows"], "route", "status", "error") == [("order", 200, "none"), ("redirect", 307, "status")]
    assert len(server.requests) == 2


def test_a_visit_ends_with_the_first_answer_that_is_not_good() -> None:
    """An error status, or a mark that is missing: the steps are not asked for more."""
    missing = says(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
    found, server = order({"/a": text("/x /b"), "/x": missing, "/b": text("good")})
    assert told(found["rows"], "hop", "error", "check") == [(0, "none", "unchecked"), (1, "status", "unchecked")]
    assert len(server.requests) == 2
    found, server = order({"/a": text("/x>basket /b"), "/x": text("bad"), "/b": text("good")})
    assert told(found["rows"], "route", "check") == [("order", "unchecked"), ("basket", "wrong_page")]
    assert told(found["examples"], "path", "expected") == [("/x", "'good' on a page of kind basket")]
    assert len(server.requests) == 2


def test_what_steps_raise_is_a_failed_check_of_their_last_page() -> None:
    """With the line of the file; an address of another site, and an endless way, are the same."""
    found, _ = order({"/a": text("/c"), "/c": text("bad")})
    assert told(found["rows"], "check") == [("unchecked",), ("wrong_page",)]
    [example] = found["examples"]
    assert (example["path"], example["got"]) == ("/c", "mine.py line 9: AssertionError: not good")
    found, server = order({"/a": text("http://elsewhere.example/")})
    assert [example["got"] for example in found["examples"]] == [
        "asked for 'http://elsewhere.example/', which is not on this site"
    ]
    assert len(server.requests) == 1
    found, server = order({"/a": text("/b " * 30), "/b": text("good")})
    assert "asked for more than 20 pages" in found["examples"][0]["got"]
    assert len(server.requests) == 21


def test_steps_that_a_user_leaves_behind_are_noted_as_abandoned() -> None:
    """What came is kept, the step under way is abandoned at its hop, and the seat can be used again."""
    found, _ = order(
        {"/a": text("/x /b"), "/x": hangs, "/b": text("good")}, ("LEAVE", "order:/a", 1), visit("plain:/a", 1)
    )
    assert told(found["rows"], "request", "hop", "error") == [(0, 0, "none"), (0, 1, "abandoned"), (1, 0, "none")]
