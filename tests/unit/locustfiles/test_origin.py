"""Where an origin listens, how requests to it are worded, and where its redirects lead."""

from __future__ import annotations

import string
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from locustfiles._errors import SwarmError
from locustfiles._origin import Origin, follow

ORIGIN = Origin("http://127.0.0.1:8000")


def host_line(origin: Origin) -> str:
    """The Host header of a request."""
    [line] = [line for line in origin.get("/").decode().split("\r\n") if line.startswith("Host:")]
    return line


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8000", "127.0.0.1:8000"),
        ("http://127.0.0.1:8000/some/page?x", "127.0.0.1:8000"),
        ("http://127.0.0.1", "127.0.0.1"),
        ("http://127.0.0.1:80/", "127.0.0.1"),
        ("https://127.0.0.1:443", "127.0.0.1"),
        ("https://127.0.0.1:80", "127.0.0.1:80"),
        ("HTTP://LOCALHOST:8000", "localhost:8000"),
        ("http://[::1]:8000", "[::1]:8000"),
        ("http://[::1]/", "[::1]"),
    ],
)
def test_the_host_is_named_as_browsers_name_it(url: str, expected: str) -> None:
    """The port is left out where it is the scheme's own; IPv6 addresses stand in brackets."""
    origin = Origin(url)
    assert host_line(origin) == f"Host: {expected}"
    assert origin.url == f"{url[: url.index(':')].lower()}://{expected}"
    assert (origin.tls is not None) == url.startswith("https")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("ftp://127.0.0.1", "give an origin such as"),
        ("127.0.0.1:8000", "give an origin such as"),
        ("http://", "give an origin such as"),
        ("http://127.0.0.1:x", "give an origin"),
        ("http://127.0.0.1:99999", "give an origin"),
        ("http://[::1", "give an origin"),
        ("http://anp:secret@127.0.0.1", "user and password, which"),
        ("http://no-such-host.invalid", "'no-such-host.invalid' has no address"),
        (f"http://{'x' * 70}.invalid", "has no address"),
    ],
)
def test_a_url_that_is_of_no_use_is_refused_in_one_line(url: str, words: str) -> None:
    """The message names what was given, except a password, and the remedy."""
    with pytest.raises(SwarmError, match=words) as caught:
        Origin(url)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_file_without_certificates_is_refused_in_one_line(tmp_path: Path) -> None:
    """Missing, empty, a folder, or not PEM: all end the same way."""
    (tmp_path / "empty.pem").touch()
    (tmp_path / "words.pem").write_text("no certificate")
    for name in ("missing.pem", "empty.pem", "words.pem", "."):
        with pytest.raises(SwarmError, match="give a PEM file") as caught:
            Origin("https://127.0.0.1", ca_file=str(tmp_path / name))
        assert "\n" not in str(caught.value)
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    assert Origin("https://127.0.0.1", ca_file=str(tmp_path / "ca.pem")).tls is not None


def test_the_address_that_answered_is_tried_first_from_then_on() -> None:
    """The others keep their order."""
    origin = Origin("http://127.0.0.1:8000")
    first, second, third = ((2, ("127.0.0.1", port)) for port in (1, 2, 3))
    origin.addresses = (first, second, third)
    origin.prefer(third)
    assert origin.addresses == (third, first, second)
    origin.prefer(third)
    assert origin.addresses == (third, first, second)


def test_the_lines_of_a_validator_are_part_of_the_header_section() -> None:
    """They come before the empty line, and a request without them is not confused with one that has them."""
    lines = b'If-None-Match: "a"\r\n'
    plain, conditional = ORIGIN.get("/a"), ORIGIN.get("/a", lines)
    assert conditional == plain[:-2] + lines + b"\r\n"
    assert ORIGIN.get("/a") == plain


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("/b", "/b"),
        ("b", "/dir/b"),
        ("../b", "/b"),
        ("../../../b", "/b"),
        ("./", "/dir/"),
        ("/x/./y/../z/", "/x/z/"),
        ("?page=2", "/dir/a?page=2"),
        ("/b?x=1&y=%20#part", "/b?x=1&y=%20"),
        ("#part", "/dir/a?q=1"),
        ("http://127.0.0.1:8000/b", "/b"),
        ("http://127.0.0.1:8000", "/"),
        ("http://127.0.0.1:8000?x", "/?x"),
        ("http://127.0.0.1:8000/x/../b", "/b"),
        ("http://127.0.0.1:8000//x/../b", "//b"),
        ("HTTP://127.0.0.1:8000/b", "/b"),
        ("//127.0.0.1:8000/b", "/b"),
        ("/b c", "/b%20c"),
        ("/Läufer?q=ä", "/L%C3%A4ufer?q=%C3%A4"),
        ("/b%2Fc;v=1", "/b%2Fc;v=1"),
        ("/b\r\nX-Injected: 1", "/bX-Injected:%201"),
        ("http://127.0.0.1:8001/b", None),
        ("http://127.0.0.1/b", None),
        ("https://127.0.0.1:8000/b", None),
        ("http://example.org/b", None),
        ("//example.org/b", None),
        ("http://[::1/b", None),
        ("http://127.0.0.1:port/b", None),
        ("mailto:a@example.org", None),
        ("javascript:void(0)", None),
        ("", None),
    ],
)
def test_a_location_leads_to_a_path_here_or_nowhere(location: str, expected: str | None) -> None:
    """Relative, absolute and scheme-relative forms are joined as browsers join them."""
    assert ORIGIN.resolve("/dir/a?q=1", location) == expected


def test_a_location_may_name_the_default_port_or_not() -> None:
    """Both are the same origin."""
    assert Origin("http://127.0.0.1").resolve("/", "http://127.0.0.1:80/b") == "/b"
    assert Origin("https://127.0.0.1:443").resolve("/", "https://127.0.0.1/b") == "/b"
    assert Origin("http://[::1]:8000").resolve("/a", "//[::1]:8000/b") == "/b"


@given(st.text(), st.text(string.ascii_letters + "/.?=%"))
def test_wherever_a_location_leads_it_can_be_requested(location: str, rest: str) -> None:
    """No text a server could send raises, or yields anything but an absolute path fit for a request line."""
    for text in (location, f"/{rest}", f"{ORIGIN.url}/{rest}{location}"):
        path = ORIGIN.resolve("/dir/a", text)
        if path is not None:
            assert path.startswith("/")
            assert path.isascii()
            assert not set(path) & set(" \r\n\t#")
            assert ORIGIN.resolve("/elsewhere", ORIGIN.url + path) == path
            assert urlsplit(ORIGIN.url + path).netloc == "127.0.0.1:8000"


@pytest.mark.parametrize(
    ("status", "method", "expected"),
    [
        (301, "GET", "GET"),
        (302, "GET", "GET"),
        (301, "POST", "GET"),
        (302, "POST", "GET"),
        (303, "POST", "GET"),
        (303, "GET", "GET"),
        (303, "HEAD", "HEAD"),
        (302, "HEAD", "HEAD"),
        (307, "POST", "POST"),
        (308, "POST", "POST"),
        (307, "GET", "GET"),
        (200, "GET", None),
        (300, "GET", None),
        (304, "GET", None),
        (404, "GET", None),
    ],
)
def test_the_method_that_follows_a_redirect(status: int, method: str, expected: str | None) -> None:
    """A POST becomes a GET except where the status says that it stays."""
    assert follow(status, method) == expected
