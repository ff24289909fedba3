"""Steps: what can be asked for, how it is worded, and what becomes of steps that break off."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from locustfiles._errors import SwarmError
from locustfiles._reply import Reply
from locustfiles._steps import LONGEST, Course, Request, StepError, Steps, Visit, fields_of, merged

PAGE = Reply(status=200, body=b"page")


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"form": {"a": "b"}, "json": {}}, "both form and json"),
        ({"method": "get"}, "has the method 'get'"),
        ({"method": "GET X"}, "has the method 'GET X'"),
        ({"method": "GET", "json": {}}, "sends something with GET"),
        ({"headers": {"Cookie": "a=b"}}, "'Cookie', which the client writes itself"),
        ({"headers": {"content-length": "1"}}, "which the client writes itself"),
        ({"headers": {"A B": "c"}}, "'A B', which is no name"),
        ({"headers": {"A": "b\r\nC: d"}}, "a value that no header holds"),
        ({"headers": {"A": 1}}, "a value that no header holds"),
    ],
)
def test_a_request_that_cannot_be_sent_is_refused(values: dict[str, Any], says: str) -> None:
    """One line names the address and what is wrong."""
    with pytest.raises(SwarmError, match=says):
        Request("/a", **values)


def test_what_is_sent_decides_the_method_and_its_type() -> None:
    """Nothing is a GET; a form and JSON are a POST unless another method is given."""
    assert (Request("/a").method, Request("/a").body) == ("GET", None)
    form = Request("/a", form={"a b": "ü&", "c": ["1", "2"]})
    assert (form.method, form.body) == ("POST", (b"a+b=%C3%BC%26&c=1&c=2", "application/x-www-form-urlencoded"))
    sent = Request("/a", method="PUT", json={"a": [1]})
    assert sent.method == "PUT"
    assert sent.body is not None
    assert (json.loads(sent.body[0]), sent.body[1]) == ({"a": [1]}, "application/json")


def test_later_fields_take_the_place_of_earlier_ones() -> None:
    """Whatever the case of their names."""
    assert merged((("Accept", "a"), ("X", "1")), (("ACCEPT", "b"),)) == (("ACCEPT", "b"), ("X", "1"))
    assert fields_of({"Accept": "a"}, "who") == (("Accept", "a"),)


def test_a_reply_is_read_as_text_and_json() -> None:
    """The body is decompressed; what is not UTF-8 does not break it; headers go by any case."""
    reply = Reply(body=b'{"a": "\xc3\xbc\xff"}', headers={b"x-a": b"1"})
    assert reply.json() == {"a": "ü\ufffd"}
    assert (reply.header("X-A"), reply.header("X-B")) == ("1", "")
    broken = Reply(body=b"x", headers={b"content-encoding": b"gzip"})
    with pytest.raises(ValueError, match="content-encoding gzip"):
        _ = broken.text


def test_steps_are_given_what_came_of_their_requests() -> None:
    """The page before the first request is theirs already; what they return is kept."""
    seen = []

    def steps() -> Steps:
        seen.append((yield Request("/1")))
        seen.append((yield Request("2")))
        return {"a": "b"}

    course = Course(steps(), lambda at, address: f"{at}<{address}")
    first, second = Reply(status=201), Reply(status=202)
    assert course.next(PAGE) == Request("/1")
    assert course.path == "/</1"
    course.path = "/there"  # where a redirect led
    assert course.next(first) == Request("2")
    assert course.path == "/there<2"
    assert course.next(second) is None
    assert (seen, course.result) == ([first, second], {"a": "b"})


def fails() -> Steps:
    """Steps that break off at the first page."""
    assert PAGE.status == 404, "not the page"
    yield Request("/")


def odd() -> Steps:
    """Steps that yield no request."""
    yield "/a"  # type: ignore[misc]


def away() -> Steps:
    """Steps to another site."""
    yield Request("//elsewhere")


def posts() -> Steps:
    """Steps that send something."""
    yield Request("/", form={})


def wanders() -> Steps:
    """Steps to a kind that is not known."""
    yield Request("/", kind="nowhere")


def misreads() -> Steps:
    """Steps that take a page for JSON."""
    yield Request(PAGE.json()["path"])


def shouts() -> Steps:
    """Steps with a request that cannot be sent."""
    yield Request("/", method="shout")


@pytest.mark.parametrize(
    ("steps", "says"),
    [
        (fails, r"test_steps.py line \d+: AssertionError: not the page"),
        (odd, "yielded str instead of a Request"),
        (away, "asked for '//elsewhere', which is not on this site"),
        (posts, "sent POST, and the kind of page it began at does not say writes=True"),
        (wanders, "asked for a page of kind 'nowhere', which the scenario does not have"),
        (misreads, r"test_steps.py line \d+: JSONDecodeError: Expecting value"),
        (shouts, r"test_steps.py line \d+: the request of '/' has the method 'shout'"),
    ],
)
def test_steps_that_break_off_say_where_and_why(steps: Callable[[], Steps], says: str) -> None:
    """Whatever they raise, and whatever they may not ask for, is one line."""
    course = Course(steps(), lambda _, to: None if "//" in to else to, writes=False, kinds={"known"})
    with pytest.raises(StepError, match=says):
        course.next(PAGE)


def test_steps_that_do_not_end_are_ended() -> None:
    """A loop without an end is one visit of no more than so many requests."""

    def endless() -> Steps:
        while True:
            yield Request("/")

    course = Course(endless())
    for _ in range(LONGEST):
        assert course.next(PAGE) is not None
    with pytest.raises(StepError, match=f"more than {LONGEST} pages"):
        course.next(PAGE)


def test_chance_is_the_plans() -> None:
    """Visits of one seed draw the same, those of another something else."""
    draws = [Visit("/", None, seed).random.random() for seed in ("0 0 7", "0 0 7", "0 0 8")]
    assert draws[0] == draws[1] != draws[2]
