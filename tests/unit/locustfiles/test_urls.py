"""Addresses become one table: worded as they are sent, of this site only, each under a route."""

from __future__ import annotations

import gzip
import json
import re
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from locustfiles import _urls
from locustfiles._errors import SwarmError
from locustfiles._urls import Urls, UrlTable, read_urls, split_url, wire_path

PATHS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc",)), max_size=30).map(lambda text: "/" + text)
ROWS = st.lists(st.tuples(PATHS, st.floats(1e-6, 1e6), st.text(min_size=1)), min_size=1, max_size=20)


def table(rows: list[tuple[str, float, str]], source: str = "test") -> UrlTable:
    """A table of rows."""
    paths, weights, routes = zip(*rows, strict=True)
    return UrlTable(paths, weights, routes, source)


def url_file(folder: Path, text: str) -> Path:
    """A URL file."""
    path = folder / "urls.txt"
    path.write_text(text, encoding="utf-8")
    return path


@given(ROWS)
def test_a_table_survives_the_wire(rows: list[tuple[str, float, str]]) -> None:
    """Through JSON and back, a table is the same with the same digest."""
    before = table(rows)
    after = UrlTable.from_dict(json.loads(json.dumps(before.to_dict())))
    assert after == before
    assert after.digest == before.digest
    assert len(after) == len(rows)


@given(ROWS, st.data())
def test_the_digest_tells_any_change(rows: list[tuple[str, float, str]], data: st.DataObject) -> None:
    """Another path, weight, route, order or length is another digest; another source is not."""
    before = table(rows)
    number = data.draw(st.integers(0, len(rows) - 1))
    path, weight, route = rows[number]
    for row in ((path + "x", weight, route), (path, weight * 2, route), (path, weight, route + "x")):
        assert table([*rows[:number], row, *rows[number + 1 :]]).digest != before.digest
    assert table([*rows, ("/more", 1.0, "other")]).digest != before.digest
    if rows[::-1] != rows:
        assert table(rows[::-1]).digest != before.digest
    assert replace(before, source="elsewhere").digest == before.digest


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (((), (), ()), "no address of the site"),
        ((("/a",), (), ("a",)), "do not make one table"),
        ((("/a",), (0.0,), ("a",)), "positive"),
        ((("/a",), (float("nan"),), ("a",)), "positive"),
        ((("/a",), (float("inf"),), ("a",)), "positive"),
    ],
)
def test_a_table_that_no_swarm_can_use_is_refused(rows: tuple[tuple[str, ...], ...], says: str) -> None:
    """Nothing at all, columns of different length and useless weights are errors that name the source."""
    with pytest.raises(SwarmError, match=rf"^some source: .*{says}"):
        UrlTable(*rows, "some source")  # type: ignore[arg-type]


def test_too_many_addresses_are_refused_as_soon_as_they_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The limit holds for whoever collects and for a table that arrives whole; one address many times is one."""
    monkeypatch.setattr(_urls, "MAX_URLS", 3)
    assert len(read_urls(url_file(tmp_path, "/1\n/2\n/3\n/3\n/3\n"))) == 3
    with pytest.raises(SwarmError, match=r"more than 3 addresses; give a part of them"):
        read_urls(url_file(tmp_path, "/1\n/2\n/3\n/4\nnot even an address"))
    with pytest.raises(SwarmError, match="more than 3 addresses"):
        table([(f"/{number}", 1.0, "other") for number in range(4)])


@pytest.mark.parametrize(
    ("text", "host", "path"),
    [
        ("/", None, "/"),
        ("/a/b?c=d#e", None, "/a/b?c=d"),
        ("/a b", None, "/a%20b"),
        ("/caf%C3%A9/", None, "/caf%C3%A9/"),
        ("/café/?q=thé", None, "/caf%C3%A9/?q=th%C3%A9"),
        ("/100%/x%2", None, "/100%25/x%252"),
        ('/<"^`{}\\>', None, "/%3C%22%5E%60%7B%7D%5C%3E"),
        ("/a:b@c/[d]|~(e)*!$&'+,;=", None, "/a:b@c/[d]|~(e)*!$&'+,;="),
        ("https://Kitchen.Example:8443/a?b", "kitchen.example", "/a?b"),
        ("http://kitchen.example", "kitchen.example", "/"),
        ("http://kitchen.example?a=b#c", "kitchen.example", "/?a=b"),
        ("//kitchen.example/a", "kitchen.example", "/a"),
        ("http://[2001:db8::1]:80/a", "2001:db8::1", "/a"),
        ("HTTPS://kitchen.example/", "kitchen.example", "/"),
    ],
)
def test_an_address_becomes_host_and_path(text: str, host: str | None, path: str) -> None:
    """Paths are worded as browsers send them, hosts are in lower case and without a port."""
    assert split_url(text) == (host, path)


@pytest.mark.parametrize(
    "text",
    ["", "a", "a/b", "ftp://kitchen.example/", "mailto:ann@kitchen.example", "http://", "http://[bad/", "/a\x00b"],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    """Neither a path nor an http(s) URL is a ValueError."""
    with pytest.raises(ValueError, match=r"."):
        split_url(text)


@given(PATHS)
def test_a_path_as_it_is_sent_is_plain_and_stays_so(text: str) -> None:
    """Only printable ASCII is sent, without a space or fragment, and wording it once more changes nothing."""
    sent = wire_path(text)
    assert re.fullmatch(r"/[!-~]*", sent)
    assert "#" not in sent
    assert wire_path(sent) == sent


def test_a_file_of_addresses(tmp_path: Path) -> None:
    """Paths and URLs, with and without weights, comments and blank lines; the same address adds up."""
    path = url_file(
        tmp_path,
        "\ufeff# of the kitchen\n"
        "/\t10\n"
        "\n"
        "https://kitchen.example/recipes/plum-cake/#top 2.5\r\n"
        "/recipes/plum-cake/   0.5  # once more\n"
        "  /about  \n"
        "https://shop.example/aprons/\n",
    )
    found = read_urls(path, ["Kitchen.Example"])
    assert found.paths == ("/", "/recipes/plum-cake/", "/about")
    assert found.weights == (10.0, 3.0, 1.0)
    assert found.routes == ("home", "recipes", "about")
    assert found.source == "URL file urls.txt, 1 of other hosts left out"


def test_a_packed_file_of_addresses(tmp_path: Path) -> None:
    """Compressed, the same file gives the same table, whatever it is called."""
    plain = read_urls(url_file(tmp_path, "/a 2\n/b\n"))
    packed = tmp_path / "packed"
    packed.write_bytes(gzip.compress(b"/a 2\n/b\n"))
    assert read_urls(packed).digest == plain.digest


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("recipes", "neither a path that begins with / nor an http"),
        ("ftp://kitchen.example/", "neither a path"),
        ("http://[bad/", "Invalid IPv6 URL"),
        ("/a many", "the weight many is not a positive number"),
        ("/a -1", "the weight -1 is not"),
        ("/a nan", "the weight nan is not"),
        ("/a inf", "the weight inf is not"),
        ("/a caf\u00e9", "the weight caf\\xe9 is not"),
        ("http://[caf\u00e9/", "Invalid IPv6 URL"),
        ("/plum cake 2", "write a space within an address as %20"),
        ("<html>", "neither a path"),
    ],
)
def test_a_wrong_line_is_named_by_its_number(tmp_path: Path, line: str, says: str) -> None:
    """The error has file, line, what stands there and what is wrong, all on one line."""
    with pytest.raises(SwarmError, match=rf"urls\.txt line 3, {re.escape(ascii(line))}: .*{re.escape(says)}") as caught:
        read_urls(url_file(tmp_path, f"# two lines\n/fine\n{line}\n"))
    assert "\n" not in str(caught.value)


@given(
    st.one_of(
        st.binary(max_size=300),
        st.binary(max_size=60).map(lambda data: b"/a " + data),
        st.binary(max_size=2000).map(lambda data: b"http://" + data),
    )
)
def test_whatever_a_file_holds_the_error_can_be_shown(data: bytes) -> None:
    """Of any bytes at all an error quotes little, in letters of ASCII, on one line."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "urls.txt"
        path.write_bytes(data)
        try:
            read_urls(path, ["kitchen.example"])
        except SwarmError as error:
            said = str(error).replace(str(path), "FILE")
            assert said.isascii()
            assert said.isprintable()
            assert len(said) < 500


def test_a_file_that_is_no_text_is_called_so(tmp_path: Path) -> None:
    """A picture in place of a list is told by its first line that no text has, not by what is wrong with an address."""
    path = tmp_path / "plum.gif"
    path.write_bytes(b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xff")
    with pytest.raises(SwarmError, match=r"plum\.gif is not a text file \(see line 1\); give one path"):
        read_urls(path)


def test_bytes_that_are_no_text_are_not_quoted(tmp_path: Path) -> None:
    """A line without a control character that is no UTF-8 either is not shown as escapes of Python."""
    path = tmp_path / "urls.txt"
    path.write_bytes(b"/\n\xde\xff\n")
    with pytest.raises(SwarmError, match=r"urls\.txt line 2, not text: neither a path"):
        read_urls(path)


def test_a_source_without_an_address_is_named_in_full(tmp_path: Path) -> None:
    """An empty list is told with its path."""
    path = tmp_path / "urls.txt"
    path.write_text("# none yet\n")
    with pytest.raises(SwarmError, match=rf"^{re.escape(str(path))}: no address of the site"):
        read_urls(path)


@pytest.mark.parametrize("text", ["", "\n\n# only a comment\n"])
def test_a_file_with_nothing_in_it_is_refused(tmp_path: Path, text: str) -> None:
    """An empty file never makes a swarm without requests."""
    with pytest.raises(SwarmError, match=r"urls\.txt: no address of the site in it"):
        read_urls(url_file(tmp_path, text))


def test_addresses_of_other_hosts_alone_are_refused(tmp_path: Path) -> None:
    """The error names the host that was found, the site's own names and the option."""
    path = url_file(tmp_path, "https://shop.example/a\nhttps://shop.example/b\nhttps://b.example/\n")
    with pytest.raises(SwarmError, match=r"all 3 .* such as shop\.example, none of kitchen\.example; .*--alias shop"):
        read_urls(path, ["kitchen.example"])


def test_popularity_by_rank_follows_zipf() -> None:
    """With an exponent the first address weighs the most, whatever weights were collected."""
    urls = Urls("test", ())
    for path in ("/a", "/b", "/b", "/c"):
        urls.add(path)
    assert urls.table("test", zipf=1.0).weights == (1.0, 1 / 2, 1 / 3)
    assert urls.table("test").weights == (1.0, 2.0, 1.0)
