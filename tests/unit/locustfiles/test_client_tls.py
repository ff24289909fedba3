"""The precise client over TLS: whom it believes, how it resumes, and what becomes of every broken connection."""

from __future__ import annotations

import datetime
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.unit.locustfiles.bad_server import (
    HASTY_CONNECT,
    HASTY_FIRST_BYTE,
    OK,
    Answer,
    Server,
    ask,
    ask_all,
    beneath,
    drips,
    hangs,
    resets,
    says,
)

HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"
CA = trustme.CA()
LONG_AGO = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)


def context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    """What a server with this certificate speaks."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.set_alpn_protocols(["h2", "http/1.1"])
    certificate.configure_cert(made)
    return made


@pytest.fixture(scope="module")
def ca_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The authority to trust."""
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    CA.cert_pem.write_to_path(str(path))
    return str(path)


def ends(data: bytes, *, announced: bool) -> Answer:
    """Send ``data`` and end, with TLS's own announcement that this is the end, or without."""

    def answer(connection: socket.socket, _head: bytes) -> bool:
        assert isinstance(connection, ssl.SSLSocket)
        connection.sendall(data)
        if announced:
            connection.unwrap()
        else:
            with beneath(connection) as raw:
                raw.shutdown(socket.SHUT_RDWR)
        return False

    return answer


def spoils(data: bytes, dirt: bytes) -> Answer:
    """Send ``data``, then bytes beneath TLS that are no record of this connection."""

    def answer(connection: socket.socket, _head: bytes) -> bool:
        connection.sendall(data)
        with beneath(connection) as raw:
            raw.sendall(dirt)
        return bool(connection.recv(1))

    return answer


def in_records(data: bytes) -> Answer:
    """Send every byte in a record of its own."""

    def answer(connection: socket.socket, _head: bytes) -> bool:
        for byte in data:
            connection.sendall(bytes([byte]))
        return True

    return answer


HALF = HEAD + b"Content-Length: 100\r\n\r\nhalf"
CASES: dict[str, tuple[Answer, str, str]] = {
    "/ok": (says(OK), "none", "ok"),
    "/chunked": (says(CHUNKED), "none", "abcdefg"),
    "/records": (in_records(OK), "none", "ok"),
    "/announced-end": (ends(HEAD + b"\r\nall of it", announced=True), "none", "all of it"),
    "/announced-end-of-nothing": (ends(HEAD + b"\r\n", announced=True), "none", ""),
    "/whole-then-unannounced-end": (ends(OK, announced=False), "none", "ok"),
    "/unannounced-end": (ends(HEAD + b"\r\nhalf", announced=False), "closed", "half"),
    "/announced-mid-body": (ends(HALF, announced=True), "closed", "half"),
    "/unannounced-mid-body": (ends(HALF, announced=False), "closed", "half"),
    "/unannounced-at-once": (ends(b"", announced=False), "closed", ""),
    "/resets-mid-body": (resets(HALF), "closed", "half"),
    "/dirt-at-once": (spoils(b"", b"HTTP/1.1 200 OK\r\n\r\n"), "tls", ""),
    "/dirt-mid-body": (spoils(HALF, b"\x17\x03\x03\x00\x20" + b"x" * 32), "tls", "half"),
    "/two-responses": (says(OK + OK), "protocol", "ok"),
    "/not-http": (says(b"SSH-2.0\r\n"), "protocol", ""),
}


@pytest.fixture
def server() -> Iterator[Server]:
    """A misbehaving server that speaks TLS."""
    certificate = CA.issue_cert("127.0.0.1", "localhost")
    with Server({path: case[0] for path, case in CASES.items()}, tls=context(certificate)) as server:
        yield server


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_every_end_over_tls_is_one_sample_with_its_class(ca_file: str, version: str) -> None:
    """Announced ends, unannounced ones, resets and broken records differ; the visitor's next request succeeds."""
    made = context(CA.issue_cert("127.0.0.1"))
    made.minimum_version = made.maximum_version = ssl.TLSVersion[version]
    with Server({path: case[0] for path, case in CASES.items()}, tls=made) as server:
        visitors = [[("GET", path), ("GET", "/ok")] for path in CASES]
        replies = ask_all(server.url, visitors, origin={"ca_file": ca_file})
        asked = [head.split()[1].decode() for _, head in server.requests]
    found = {path: (first["error"], first["body"]) for path, (first, _) in zip(CASES, replies, strict=True)}
    assert found == {path: case[1:] for path, case in CASES.items()}
    assert [(then["error"], then["body"]) for _, then in replies] == [("none", "ok")] * len(CASES)
    assert all((first["reason"] == "") == (first["error"] == "none") for first, _ in replies)
    assert sorted(path for path in asked if path != "/ok") == sorted(path for path in CASES if path != "/ok")


@pytest.mark.parametrize("locust", [False, True])
def test_a_connection_over_tls_is_kept_and_its_session_resumed(ca_file: str, *, locust: bool) -> None:
    """Requests share a connection; a new one after its end resumes the session; in a process locust has patched too."""
    answers = {"/ok": says(OK), "/big": says(HEAD + b"Content-Length: 3000000\r\n\r\n" + b"x" * 3_000_000)}
    answers["/last"] = ends(HEAD + b"Connection: close\r\nContent-Length: 2\r\n\r\nok", announced=True)
    steps = [("GET", "/ok"), ("GET", "/big"), ("UPLOAD", "/ok"), ("GET", "/last"), ("POST", "/ok"), ("GET", "/ok")]
    with Server(answers, tls=context(CA.issue_cert("127.0.0.1"))) as server:
        replies = ask(server.url, *steps, origin={"ca_file": ca_file}, locust=locust)
        resumed, alpn = server.resumed, server.alpn
    assert [(r["error"], r["size"], r["new_connection"]) for r in replies] == [
        ("none", 2, True),
        ("none", 3_000_000, False),
        ("none", 2, False),
        ("none", 2, False),
        ("none", 2, True),
        ("none", 2, False),
    ]
    assert resumed == [False, True]
    assert alpn == ["http/1.1"] * 2


def test_visitors_do_not_share_sessions(ca_file: str) -> None:
    """Every visitor shakes hands as a stranger, as browsers of different people do."""
    with Server({"/ok": says(OK)}, tls=context(CA.issue_cert("127.0.0.1"))) as server:
        ask_all(server.url, [[("GET", "/ok")]] * 3, origin={"ca_file": ca_file})
        assert server.resumed == [False] * 3


def test_the_host_is_named_in_the_handshake(ca_file: str) -> None:
    """Servers of many sites choose the certificate by the name."""
    made = context(CA.issue_cert("localhost"))
    names: list[str | None] = []
    made.sni_callback = lambda _socket, name, _context: names.append(name)
    with Server({"/ok": says(OK)}, tls=made) as server:
        url = f"https://localhost:{server.port}"
        [reply] = ask(url, ("GET", "/ok"), origin={"ca_file": ca_file})
    assert (reply["error"], names) == ("none", ["localhost"])


CERTIFICATES = {
    "wrong host": (CA.issue_cert("example.org"), "127.0.0.1"),
    "expired": (CA.issue_cert("127.0.0.1", not_before=LONG_AGO, not_after=LONG_AGO.replace(year=2021)), "expired"),
    "unknown authority": (trustme.CA().issue_cert("127.0.0.1"), "certificate"),
}


@pytest.mark.parametrize("name", CERTIFICATES)
def test_a_wrong_certificate_is_an_error_of_class_tls_that_says_what_is_wrong(ca_file: str, name: str) -> None:
    """No request is sent, and the reason is the verification's own; the check can be switched off."""
    certificate, words = CERTIFICATES[name]
    with Server({"/ok": says(OK)}, tls=context(certificate)) as server:
        replies = ask(server.url, ("GET", "/ok"), ("GET", "/ok"), origin={"ca_file": ca_file})
        assert [(r["error"], r["status"]) for r in replies] == [("tls", 0)] * 2
        assert words in replies[0]["reason"]
        assert "\n" not in replies[0]["reason"]
        assert server.requests == []
        [reply] = ask(server.url, ("GET", "/ok"), origin={"insecure": True})
        assert (reply["error"], reply["body"]) == ("none", "ok")


def test_the_authorities_of_the_system_do_not_know_a_private_one() -> None:
    """Without a file of authorities a private certificate is refused."""
    with Server({"/ok": says(OK)}, tls=context(CA.issue_cert("127.0.0.1"))) as server:
        [reply] = ask(server.url, ("GET", "/ok"))
    assert reply["error"] == "tls"
    assert "certificate" in reply["reason"]


def test_a_server_that_wants_a_certificate_of_ours_is_an_error_of_class_tls(ca_file: str, tmp_path: Path) -> None:
    """It refuses during the handshake, or with TLS 1.3 just after."""
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        made = context(CA.issue_cert("127.0.0.1"))
        made.minimum_version = made.maximum_version = version
        made.verify_mode = ssl.CERT_REQUIRED
        CA.configure_trust(made)
        with Server({"/ok": says(OK)}, tls=made) as server:
            [reply] = ask(server.url, ("GET", "/ok"), origin={"ca_file": ca_file})
        assert (reply["error"], reply["status"]) == ("tls", 0)
        assert "alert" in reply["reason"]


def test_plain_http_on_the_port_is_an_error_of_class_tls() -> None:
    """A server that does not speak TLS, whatever it says instead."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        said = [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x15\x03\x03\x00\x02\x02\x28", b"", b"\0" * 100]

        def answer() -> None:
            for words in said:
                with listener.accept()[0] as connection:
                    connection.recv(65_536)
                    connection.sendall(words)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        replies = ask(f"https://127.0.0.1:{listener.getsockname()[1]}", *[("GET", "/")] * len(said))
        thread.join(20)
    assert [reply["error"] for reply in replies] == ["tls"] * len(said)
    assert [reply["reason"] for reply in replies[1:3]] == [
        "sslv3 alert handshake failure",
        "the server ended the connection",
    ]


def test_a_handshake_nobody_answers_is_a_connect_timeout() -> None:
    """The handshake is part of the connection, and so of its time."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        [reply] = ask(f"https://127.0.0.1:{listener.getsockname()[1]}", ("GET", "/"), timeouts=HASTY_CONNECT)
    assert (reply["error"], reply["reason"]) == ("connect_timeout", "no connection within 1 s")


def test_what_never_ends_over_tls_is_ended_by_the_clock_of_its_phase(ca_file: str) -> None:
    """The time-outs after the handshake are those of plain connections."""
    answers = {"/hangs": hangs, "/drips": drips(HEAD + b"Content-Length: 9999\r\n\r\n", b"x")}
    found = []
    with Server(answers, tls=context(CA.issue_cert("127.0.0.1"))) as server:
        for path, timeouts in (("/hangs", HASTY_FIRST_BYTE), ("/drips", (20.0, 20.0, 5.0))):
            [reply] = ask(server.url, ("GET", path), origin={"ca_file": ca_file}, timeouts=timeouts)
            found.append(reply["error"])
    assert found == ["first_byte_timeout", "total_timeout"]


def test_a_get_over_tls_lost_to_the_keep_alive_race_is_sent_once_more_and_a_post_is_not(ca_file: str) -> None:
    """The rule of plain connections holds: once more, marked, and only where that is harmless."""

    def odd_ones(connection: socket.socket, _head: bytes) -> bool:
        if len(server.requests) % 2 == 0:
            return False
        connection.sendall(OK)
        return True

    for word, expected in (("GET", [("none", False), ("none", True)]), ("POST", [("none", False), ("closed", False)])):
        with Server({"/": odd_ones}, tls=context(CA.issue_cert("127.0.0.1"))) as server:
            replies = ask(server.url, ("GET", "/"), (word, "/"), origin={"ca_file": ca_file})
        assert [(r["error"], r["retried"]) for r in replies] == expected


def test_secure_cookies_go_back_over_tls(ca_file: str) -> None:
    """They are what sessions of real sites are made of."""
    answers = {"/": says(HEAD + b"Set-Cookie: s=1; Secure; HttpOnly; Path=/\r\nContent-Length: 0\r\n\r\n")}
    with Server(answers, tls=context(CA.issue_cert("127.0.0.1"))) as server:
        ask(server.url, ("GET", "/"), ("GET", "/"), origin={"ca_file": ca_file})
        assert b"Cookie: s=1\r\n" in server.requests[1][1]
