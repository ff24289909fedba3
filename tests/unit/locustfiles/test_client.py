"""The precise client against servers that break every promise a server can break."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from tests.unit.locustfiles.bad_server import (
    HASTY_CONNECT,
    HASTY_FIRST_BYTE,
    HASTY_TOTAL,
    OK,
    PATIENT,
    PROBE,
    Answer,
    Server,
    ask,
    ask_all,
    drips,
    floods,
    half_closes,
    hangs,
    has_ipv6,
    resets,
    says,
)

HEAD = b"HTTP/1.1 200 OK\r\n"
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
CHUNKS = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
CHUNKED = CHUNKS + b"3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nTrailer: t\r\n\r\n"
MEGABYTE = b"x" * 1_000_000

BROKEN: dict[str, tuple[Answer, str, str]] = {
    "/closes-at-once": (says(b"", keep=False), "closed", "before any answer"),
    "/half-closes": (half_closes(b""), "closed", "before any answer"),
    "/closes-mid-status": (says(b"HTTP/1.1 2", keep=False), "closed", "middle"),
    "/closes-mid-header": (says(HEAD + b"Conte", keep=False), "closed", "middle"),
    "/closes-mid-body": (says(HEAD + b"Content-Length: 100\r\n\r\nhalf", keep=False), "closed", "middle"),
    "/closes-mid-chunk": (says(CHUNKS + b"9\r\nhalf", keep=False), "closed", "middle"),
    "/closes-mid-trailer": (says(CHUNKS + b"0\r\nTrail", keep=False), "closed", "middle"),
    "/closes-after-hints": (says(HINTS, keep=False), "closed", "middle"),
    "/resets-at-once": (resets(b""), "closed", "before any answer"),
    "/resets-mid-body": (resets(HEAD + b"Content-Length: 100\r\n\r\nhalf"), "closed", "broke"),
    "/resets-a-body-without-length": (resets(HEAD + b"\r\nhalf"), "closed", "broke"),
    "/too-long": (says(HEAD + b"Content-Length: 2\r\n\r\nok and more"), "protocol", ""),
    "/twice": (says(OK + OK), "protocol", "more than one response"),
    "/garbage-after": (says(OK + b"\0\0\0"), "protocol", ""),
    "/more-after-no-content": (says(b"HTTP/1.1 204 No Content\r\n\r\n" + OK), "protocol", "more than one"),
    "/bad-status": (says(b"HTTP/1.1 abc OK\r\n\r\n"), "protocol", "status"),
    "/long-status": (says(b"HTTP/1.1 2000 OK\r\n\r\n"), "protocol", "status"),
    "/bad-header": (says(HEAD + b"Bad Header\x00: x\r\n\r\n"), "protocol", ""),
    "/no-colon": (says(HEAD + b"Nonsense\r\n\r\n"), "protocol", ""),
    "/folded-header": (says(HEAD + b"A: x\r\n folded\r\n\r\n"), "protocol", ""),
    "/two-framings": (says(HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), "protocol", ""),
    "/two-lengths": (says(HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nok"), "protocol", "content-length"),
    "/bad-length": (says(HEAD + b"Content-Length: two\r\n\r\nok"), "protocol", "content-length"),
    "/negative-length": (says(HEAD + b"Content-Length: -2\r\n\r\nok"), "protocol", "content-length"),
    "/huge-length": (says(HEAD + b"Content-Length: 99999999999999999999\r\n\r\n"), "protocol", "content-length"),
    "/bad-chunk-size": (says(CHUNKS + b"xyz\r\n"), "protocol", "chunk size"),
    "/huge-chunk-size": (says(CHUNKS + b"fffffffffffffffff\r\n"), "protocol", ""),
    "/chunk-without-end": (says(CHUNKS + b"2\r\nokok\r\n0\r\n\r\n"), "protocol", ""),
    "/not-http": (says(b"SSH-2.0-OpenSSH_9.9\r\n"), "protocol", ""),
    "/tls-alert": (says(b"\x15\x03\x03\x00\x02\x02\x28"), "protocol", ""),
    "/switches": (says(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"), "protocol", "switched"),
    "/endless-hints": (floods(b"", HINTS * 100), "protocol", "headers over 64 KB"),
    "/endless-headers": (floods(HEAD, b"A: b\r\n" * 1000), "protocol", "headers over 64 KB"),
    "/endless-header": (floods(HEAD + b"A: ", b"b" * 1000), "protocol", "headers over 64 KB"),
    "/big-headers": (says(HEAD + b"A: %b\r\nContent-Length: 0\r\n\r\n" % (b"b" * 70_000)), "protocol", "headers over"),
    "/big-cookies": (says(HEAD + b"Set-Cookie: %b\r\n\r\n" % (b"b" * 70_000)), "protocol", "headers over 64 KB"),
    "/big-body": (floods(HEAD + b"Content-Length: 70000000\r\n\r\n", MEGABYTE), "protocol", "over 64 MB"),
    "/endless-body": (floods(HEAD + b"\r\n", MEGABYTE), "protocol", "over 64 MB"),
    "/endless-chunks": (floods(CHUNKS, b"f4240\r\n" + MEGABYTE + b"\r\n"), "protocol", "over 64 MB"),
}

ENDLESS: dict[str, Answer] = {
    "/drips-headers": drips(HEAD + b"A: ", b"x"),
    "/drips-a-body": drips(HEAD + b"Content-Length: 100000\r\n\r\n", b"x"),
    "/drips-chunks": drips(CHUNKS, b"1\r\nx\r\n"),
    "/drips-hints": drips(b"", HINTS),
    "/hangs-after-hints": drips(HINTS, b""),
    "/hangs-mid-body": drips(HEAD + b"Content-Length: 100\r\n\r\nhalf", b""),
    "/hangs-without-length": drips(HEAD + b"\r\nhalf", b""),
}

WHOLE: dict[str, tuple[Answer, str]] = {
    "/ok": (says(OK), "ok"),
    "/empty": (says(HEAD + b"Content-Length: 0\r\n\r\n"), ""),
    "/chunked": (says(CHUNKED), "abcdefg"),
    "/no-chunks": (says(CHUNKS + b"0\r\n\r\n"), ""),
    "/until-close": (says(HEAD + b"\r\nall of it", keep=False), "all of it"),
    "/until-close-nothing": (says(HEAD + b"\r\n", keep=False), ""),
    "/until-half-close": (half_closes(HEAD + b"\r\nall of it"), "all of it"),
    "/until-close-coded": (says(HEAD + b"Transfer-Encoding: gzip\r\n\r\nall of it", keep=False), "all of it"),
    "/says-close": (says(HEAD + b"Connection: close\r\nContent-Length: 2\r\n\r\nok", keep=False), "ok"),
    "/http-1.0": (says(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", keep=False), "ok"),
    "/http-1.0-until-close": (says(b"HTTP/1.0 200 OK\r\n\r\nall of it", keep=False), "all of it"),
    "/http-1.0-kept": (says(b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok"), "ok"),
    "/continue": (says(b"HTTP/1.1 100 Continue\r\n\r\n" + OK), "ok"),
    "/hints": (says(HINTS + HINTS + b"HTTP/1.1 100 Continue\r\n\r\n" + OK), "ok"),
    "/no-content": (says(b"HTTP/1.1 204 No Content\r\n\r\n"), ""),
    "/not-modified": (says(b'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\nContent-Length: 5000\r\n\r\n'), ""),
    "/no-reason": (says(b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok"), "ok"),
    "/missing": (says(b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone"), "gone"),
}

OTHERS: dict[str, Answer] = {
    "/hangs": hangs,
    "/ok-and-close": says(OK, keep=False),
    "/head": says(HEAD + b"Content-Length: 5000\r\n\r\n"),
    "/head-chunked": says(CHUNKS),
    "/head-with-body": says(OK),
    "/head-without-length": says(HEAD + b"\r\n"),
    "/head-without-length-1.0": says(b"HTTP/1.0 200 OK\r\n\r\n", keep=False),
    "/head-without-length-close": says(HEAD + b"Connection: close\r\n\r\n", keep=False),
    "/redirect": says(b"HTTP/1.1 303 See Other\r\nLocation: ../ok#there\r\nContent-Length: 0\r\n\r\n"),
    "/set-cookie": says(
        HEAD + b"Set-Cookie: a=1; Path=/\r\nSet-Cookie: b=2; Path=/elsewhere\r\n"
        b"Set-Cookie: c=3; Secure\r\nSet-Cookie: d=4; Max-Age=0\r\nContent-Length: 0\r\n\r\n"
    ),
    "/repeats": says(HEAD + b"X-Cache: MISS\r\nx-cache: HIT\r\nContent-Length: 0\r\n\r\n"),
    "/big": says(HEAD + b"Content-Length: 3000000\r\n\r\n" + MEGABYTE * 3),
    "/many-headers": says(HEAD + b"A: b\r\n" * 5000 + b"Content-Length: 2\r\n\r\nok"),
}

ANSWERS = {path: case[0] for path, case in BROKEN.items()} | {path: case[0] for path, case in WHOLE.items()}
ANSWERS |= ENDLESS | OTHERS


@pytest.fixture
def server() -> Iterator[Server]:
    """A misbehaving server on a free port."""
    with Server(ANSWERS) as server:
        yield server


def test_every_way_to_fail_is_one_sample_with_its_class_and_spoils_nothing(server: Server) -> None:
    """Each broken answer is asked for once, ends as a sample of one class, and the visitor's next request succeeds."""
    replies = ask_all(server.url, ([("GET", path), ("GET", "/ok")] for path in BROKEN))
    found = {path: (first["error"], first["reason"]) for path, (first, _) in zip(BROKEN, replies, strict=True)}
    assert {path: error for path, (error, _) in found.items()} == {path: case[1] for path, case in BROKEN.items()}
    assert [path for path, case in BROKEN.items() if case[2] not in found[path][1] or not found[path][1]] == []
    assert [(then["error"], then["body"], then["new_connection"]) for _, then in replies] == [
        ("none", "ok", True)
    ] * len(BROKEN)
    assert all(first["in_order"] and not first["retried"] for first, _ in replies)
    asked = [head.split()[1].decode() for _, head in server.requests]
    assert sorted(path for path in asked if path != "/ok") == sorted(BROKEN)


def test_no_answer_is_ended_by_the_clock_of_the_first_byte(server: Server) -> None:
    """A server that never answers is a sample of its class, and the next request succeeds."""
    steps = [("GET", "/hangs"), ("TIMEOUTS", PATIENT), ("GET", "/ok")]
    replies = ask(server.url, *steps, timeouts=HASTY_FIRST_BYTE)
    assert [(reply["error"], reply["reason"]) for reply in replies] == [
        ("first_byte_timeout", "no answer within 1 s"),
        ("none", ""),
    ]


def test_an_answer_without_end_is_ended_by_the_clock_of_the_whole(server: Server) -> None:
    """Drops of headers, bodies, chunks or hints, or silence after a start, are samples of one class each."""
    visitors = [[("GET", path), ("TIMEOUTS", PATIENT), ("GET", "/ok")] for path in ENDLESS]
    replies = ask_all(server.url, visitors, timeouts=HASTY_TOTAL)
    found = {path: (first["error"], first["reason"]) for path, (first, _) in zip(ENDLESS, replies, strict=True)}
    assert found == dict.fromkeys(ENDLESS, ("total_timeout", "not whole within 2 s"))
    assert [(then["error"], then["new_connection"]) for _, then in replies] == [("none", True)] * len(ENDLESS)


def test_every_framing_yields_its_body(server: Server) -> None:
    """Lengths, chunks and ends of connections delimit bodies; informational answers announce the real one."""
    replies = ask(server.url, *(("GET", path) for path in WHOLE))
    found = {path: (reply["error"], reply["body"]) for path, reply in zip(WHOLE, replies, strict=True)}
    assert found == {path: ("none", case[1]) for path, case in WHOLE.items()}
    assert all(reply["has_first_byte"] and reply["in_order"] and reply["reason"] == "" for reply in replies)


def test_a_response_in_single_bytes_is_the_same() -> None:
    """However a response is cut into pieces, it is one response."""

    def piecemeal(data: bytes) -> Answer:
        def answer(connection: socket.socket, _head: bytes) -> bool:
            for byte in data:
                connection.sendall(bytes([byte]))
            return True

        return answer

    with Server({"/hints": piecemeal(HINTS + OK), "/chunked": piecemeal(CHUNKED)}) as server:
        replies = ask(server.url, ("GET", "/hints"), ("GET", "/chunked"), ("GET", "/hints"))
    assert [(r["error"], r["body"], r["new_connection"]) for r in replies] == [
        ("none", "ok", True),
        ("none", "abcdefg", False),
        ("none", "ok", False),
    ]


def test_a_head_response_ends_with_its_headers(server: Server) -> None:
    """The length a HEAD response states is not waited for, and the next request is not confused by it."""
    steps = [("HEAD", "/head"), ("GET", "/ok"), ("HEAD", "/head-chunked"), ("GET", "/not-modified"), ("GET", "/ok")]
    replies = ask(server.url, *steps)
    assert [(r["error"], r["status"], r["body"], r["new_connection"]) for r in replies] == [
        ("none", 200, "", True),
        ("none", 200, "ok", False),
        ("none", 200, "", False),
        ("none", 304, "", False),
        ("none", 200, "ok", False),
    ]


def test_a_head_response_without_a_length_does_not_end_the_connection(server: Server) -> None:
    """No body follows, so its length need not be known; only the server's word ends the connection."""
    paths = [
        "/head-without-length",
        "/head",
        "/head-without-length-1.0",
        "/head",
        "/head-without-length-close",
        "/head",
    ]
    replies = ask(server.url, *(("HEAD", path) for path in paths))
    assert [(r["error"], r["new_connection"], r["retried"]) for r in replies] == [
        ("none", new, False) for new in (True, False, False, True, False, True)
    ]


def test_a_head_response_with_a_body_is_a_protocol_error(server: Server) -> None:
    """The body would be read as the next response."""
    replies = ask(server.url, ("HEAD", "/head-with-body"), ("GET", "/ok"))
    assert [(r["error"], r["new_connection"]) for r in replies] == [("protocol", True), ("none", True)]


def test_a_connection_is_kept(server: Server) -> None:
    """Requests follow each other on one connection until somebody closes it."""
    paths = ["/ok", "/chunked", "/no-content", "/http-1.0-kept", "/missing", "/ok", "/says-close", "/ok", "/http-1.0"]
    replies = ask(server.url, *(("GET", path) for path in [*paths, "/ok"]))
    assert [reply["new_connection"] for reply in replies] == [True, *[False] * 6, True, False, True]
    assert [number for number, _ in server.requests] == [1] * 7 + [2] * 2 + [3]


@pytest.mark.parametrize("surplus", [b"", b"\0garbage", OK], ids=["end", "garbage", "response"])
def test_a_connection_that_spoke_while_idle_is_not_used_again(surplus: bytes) -> None:
    """Whatever comes between two requests, an end or bytes nobody asked for, the next one opens a new connection."""

    def speaks_on(connection: socket.socket, _head: bytes) -> bool:
        connection.sendall(OK)
        connection.sendall(surplus)
        return bool(surplus) and bool(connection.recv(1))

    with Server({"/": speaks_on, "/ok": says(OK)}) as server:
        replies = ask(server.url, ("GET", "/ok"), ("GET", "/"), ("UNTIL_CLOSED", None), ("GET", "/ok"))
    assert replies[1]["error"] in {"none", "protocol"}  # the latter where the surplus came in the same piece
    assert [(r["error"], r["new_connection"], r["retried"]) for r in replies[::2]] == [("none", True, False)] * 2


EMPTY = HEAD + b"Content-Length: 0\r\n\r\n"


class Trap(Server):
    """Closes the second request of a first connection without an answer, as a keep-alive race does."""

    def __init__(self) -> None:
        def second_time_unlucky(connection: socket.socket, _head: bytes) -> bool:
            number, _ = self.requests[-1]
            if number == 1 and sum(n == 1 for n, _ in self.requests) == 2:
                return False
            connection.sendall(EMPTY)
            return True

        super().__init__({"/": second_time_unlucky})


@pytest.mark.parametrize("word", ["GET", "HEAD"])
def test_a_request_lost_to_the_keep_alive_race_is_sent_once_more_and_says_so(word: str) -> None:
    """A kept connection closed without a byte: one sample, sent again on a new connection, marked as retried."""
    with Trap() as server:
        replies = ask(server.url, ("GET", "/"), (word, "/"))
    assert [(r["error"], r["new_connection"], r["retried"]) for r in replies] == [
        ("none", True, False),
        ("none", True, True),
    ]
    assert len(server.requests) == 3


def test_a_post_is_never_repeated() -> None:
    """A POST lost to the same race fails; the server saw it once."""
    with Trap() as server:
        replies = ask(server.url, ("GET", "/"), ("POST", "/"))
    assert [(r["error"], r["retried"]) for r in replies] == [("none", False), ("closed", False)]
    assert len(server.requests) == 2


def test_a_request_is_sent_again_only_once() -> None:
    """A server that closes every kept connection, and then the new one too, costs two requests and one sample."""

    def only_the_first(connection: socket.socket, _head: bytes) -> bool:
        if len(server.requests) > 1:
            return False
        connection.sendall(OK)
        return True

    with Server({"/": only_the_first}) as server:
        replies = ask(server.url, ("GET", "/"), ("GET", "/"))
    assert [(r["error"], r["retried"]) for r in replies] == [("none", False), ("closed", True)]
    assert len(server.requests) == 3


def test_a_server_that_closes_before_it_reads_is_a_sample() -> None:
    """A connection that is accepted and closed at once gives a sample of class closed, without a second try."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept_and_close() -> None:
            with contextlib.suppress(OSError):
                while True:
                    listener.accept()[0].close()

        thread = threading.Thread(target=accept_and_close, daemon=True)
        thread.start()
        replies = ask(f"http://127.0.0.1:{listener.getsockname()[1]}", ("GET", "/"), ("POST", "/"))
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)
    assert [(r["error"], r["retried"], r["new_connection"]) for r in replies] == [("closed", False, True)] * 2


def test_an_upload_arrives_whole(server: Server) -> None:
    """A body larger than any buffer is sent to the last byte, and the connection stays good."""
    replies = ask(server.url, ("UPLOAD", "/ok"), ("GET", "/ok"))
    assert [(r["error"], r["body"], r["new_connection"]) for r in replies] == [
        ("none", "ok", True),
        ("none", "ok", False),
    ]


def test_an_answer_that_comes_before_the_request_has_left_ends_the_connection() -> None:
    """The answer counts; the rest of the request is not taken for the next one."""

    def refuse(connection: socket.socket, _head: bytes) -> bool:
        connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        return not server.closing.wait(60)

    with Server({"/upload": refuse, "/ok": says(OK)}, unread=["/upload"]) as server:
        replies = ask(server.url, ("UPLOAD", "/upload"), ("GET", "/ok"))
    assert [(r["error"], r["status"], r["new_connection"]) for r in replies] == [
        ("none", 413, True),
        ("none", 200, True),
    ]


def refused_port() -> int:
    """A port nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@contextlib.contextmanager
def deaf_port() -> Iterator[int]:
    """A port whose queue is full: whoever connects is left hanging."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def test_nobody_listening_is_a_connect_error() -> None:
    """A refused connection is a sample of class connect, every time."""
    replies = ask(f"http://127.0.0.1:{refused_port()}", ("GET", "/"), ("GET", "/"))
    assert [(r["error"], r["reason"], r["status"]) for r in replies] == [("connect", "connection refused", 0)] * 2


def test_a_server_that_accepts_nobody_is_a_connect_timeout() -> None:
    """A full accept queue leaves the connection hanging, which ends by the clock."""
    with deaf_port() as port:
        [reply] = ask(f"http://127.0.0.1:{port}", ("GET", "/"), timeouts=HASTY_CONNECT)
    assert (reply["error"], reply["reason"]) == ("connect_timeout", "no connection within 1 s")


def test_no_descriptor_left_is_a_connect_error(server: Server) -> None:
    """A limit of the generator's own machine is a sample with its reason, not a crash."""
    replies = ask(server.url, ("GET", "/says-close"), ("STARVE", None), ("GET", "/ok"))
    assert [(r["error"], r["reason"]) for r in replies] == [("none", ""), ("connect", "too many open files")]


def test_the_next_address_is_tried_where_one_refuses_or_hangs(server: Server) -> None:
    """A host with several addresses is reached while one of them works; its answer is an ordinary sample."""
    good = ["127.0.0.1", server.port]
    with deaf_port() as deaf:
        addresses = [["127.0.0.1", refused_port()], ["127.0.0.1", deaf], good]
        steps = [("GET", "/says-close"), ("GET", "/ok")]
        replies = ask(server.url, *steps, addresses=addresses, timeouts=(3.0, 20.0, 40.0))
    assert [(r["error"], r["reason"], r["body"]) for r in replies] == [("none", "", "ok")] * 2


def test_where_no_address_works_the_last_one_says_why() -> None:
    """One sample, with the class and reason of the address tried last."""
    refused = ["127.0.0.1", refused_port()]
    with deaf_port() as deaf:
        for addresses, expected in (
            ([["127.0.0.1", deaf], refused], "connect"),
            ([refused, ["127.0.0.1", deaf]], "connect_timeout"),
        ):
            [reply] = ask("http://127.0.0.1:1", ("GET", "/"), addresses=addresses, timeouts=HASTY_CONNECT)
            assert reply["error"] == expected


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
def test_an_ipv6_address_is_reached_and_named() -> None:
    """The address stands in brackets in the URL and in the Host header."""
    with Server({"/": says(OK)}, host="::1") as server:
        [reply] = ask(server.url, ("GET", "/"))
    assert (reply["error"], reply["body"]) == ("none", "ok")
    assert f"Host: [::1]:{server.port}\r\n".encode() in server.requests[0][1]


def test_a_redirect_is_a_sample_and_is_not_followed(server: Server) -> None:
    """The client hands a redirect back, with where it leads; following it would hide one request inside another."""
    [reply] = ask(server.url, ("GET", "/redirect"))
    assert (reply["status"], reply["headers"]["location"], reply["leads_to"]) == (303, "../ok#there", "/ok")
    assert len(server.requests) == 1


def test_cookies_go_back_only_where_they_belong(server: Server) -> None:
    """A cookie is sent to its path, not elsewhere, not in clear when marked secure, not when it has expired."""
    ask(server.url, ("GET", "/set-cookie"), ("GET", "/ok"), ("POST", "/ok"), ("HEAD", "/head"))
    cookies = [
        [line for line in head.decode().split("\r\n") if line.startswith("Cookie:")] for _, head in server.requests
    ]
    assert cookies == [[], ["Cookie: a=1"], ["Cookie: a=1"], ["Cookie: a=1"]]


@pytest.mark.parametrize("word", ["GET", "HEAD", "POST"])
def test_cookies_are_kept_whatever_the_method(server: Server, word: str) -> None:
    """A cookie set by any response comes back."""
    ask(server.url, (word, "/set-cookie"), ("GET", "/ok"))
    assert b"Cookie: a=1\r\n" in server.requests[1][1]


def test_a_page_seen_before_is_asked_for_conditionally() -> None:
    """The first request is plain, the second carries the validators, and a 304 is a whole answer without a body."""

    def page(connection: socket.socket, head: bytes) -> bool:
        if b'If-None-Match: "v1"\r\n' in head and b"If-Modified-Since: Sat, 21 Nov 2026 10:00:00 GMT\r\n" in head:
            connection.sendall(b'HTTP/1.1 304 Not Modified\r\nETag: "v1"\r\n\r\n')
        else:
            connection.sendall(
                HEAD + b'ETag: "v1"\r\nLast-Modified: Sat, 21 Nov 2026 10:00:00 GMT\r\n'
                b"Set-Cookie: a=1; Path=/cookie\r\nContent-Length: 4\r\n\r\npage"
            )
        return True

    with Server({"/": page, "/cookie": page}) as server:
        replies = ask(server.url, *[("READ", "/")] * 3, *[("READ", "/cookie")] * 2)
    assert [(r["error"], r["status"], r["body"], r["new_connection"]) for r in replies] == [
        ("none", 200, "page", True),
        ("none", 304, "", False),
        ("none", 304, "", False),
        ("none", 200, "page", False),
        ("none", 304, "", False),
    ]
    assert [b"If-None-Match" in head for _, head in server.requests] == [False, True, True, False, True]
    assert b"Cookie: a=1\r\n" in server.requests[4][1]


def test_a_repeated_header_is_one_list(server: Server) -> None:
    """Two fields of one name, in any case, are joined as the standard says."""
    [reply] = ask(server.url, ("GET", "/repeats"))
    assert reply["headers"]["x-cache"] == "MISS, HIT"


def test_big_bodies_and_header_sections_within_the_limits_arrive_whole(server: Server) -> None:
    """Three megabytes are read piece by piece to the last byte; thousands of header fields are one section."""
    replies = ask(server.url, ("GET", "/big"), ("GET", "/many-headers"))
    assert [(reply["error"], reply["size"]) for reply in replies] == [("none", 3_000_000), ("none", 2)]


def test_an_abandoned_request_says_so(server: Server) -> None:
    """A request ended from outside is a sample of class abandoned, and the visitor can go on."""
    replies = ask(server.url, ("ABANDON", "/hangs"), ("GET", "/ok"))
    assert [r["error"] for r in replies] == ["abandoned", "none"]


def test_an_abandoned_connection_attempt_says_so() -> None:
    """The same where the connection is not there yet."""
    with deaf_port() as port:
        [reply] = ask(f"http://127.0.0.1:{port}", ("ABANDON", "/"))
    assert reply["error"] == "abandoned"


def test_a_socket_that_met_itself_found_nobody() -> None:
    """Where nobody listens at a port the kernel may choose for this end, TCP connects a socket with itself."""
    alone = 'ip link set lo up && echo "40000 40001" > /proc/sys/net/ipv4/ip_local_port_range && exec "$@"'
    unshare = ["unshare", "--net", "--map-root-user", "sh", "-c", alone, "sh"]
    if subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode:
        pytest.skip("a network of one's own is not allowed here")
    steps = json.dumps([[["GET", "/"]] * 20])
    words = [*unshare, sys.executable, "-W", "error", str(PROBE), "http://127.0.0.1:40000", steps, "{}"]
    result = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True)
    [replies] = json.loads(result.stdout)
    assert len(replies) == 20
    assert {(reply["error"], reply["reason"]) for reply in replies} == {("connect", "connection refused")}
