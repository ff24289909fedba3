"""Sitemaps of every kind become a table, and whatever is none is one clear line."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from locustfiles import _sitemap, _urls
from locustfiles._errors import SwarmError
from locustfiles._sitemap import MAX_DEPTH, read_sitemap

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "foreign"
TOP = "https://kitchen.example/sitemap.xml"
SPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'


def urlset(*locations: str) -> bytes:
    """A sitemap."""
    return f"<urlset {SPACE}>{''.join(f'<url><loc>{at}</loc></url>' for at in locations)}</urlset>".encode()


def index(*locations: str) -> bytes:
    """A sitemap index."""
    entries = "".join(f"<sitemap><loc>{at}</loc></sitemap>" for at in locations)
    return f"<sitemapindex {SPACE}>{entries}</sitemapindex>".encode()


def site(files: Mapping[str, bytes], asked: list[str] | None = None) -> Callable[[str], bytes]:
    """What fetches from a site that has these files and answers 404 to anything else."""

    def fetch(url: str) -> bytes:
        if asked is not None:
            asked.append(url)
        if url not in files:
            raise SwarmError(f"{url} answers with status 404; check the address")
        return files[url]

    return fetch


def read_one(data: bytes) -> tuple[str, ...]:
    """The paths of one sitemap at the top address."""
    return read_sitemap(TOP, site({TOP: data})).paths


def test_a_sitemap_gives_its_pages_in_order() -> None:
    """Only the pages' own addresses count, not those of images, with entities resolved and white space taken off."""
    table = read_sitemap(TOP, site({TOP: (FIXTURES / "sitemap.xml").read_bytes()}), zipf=1.0)
    assert table.paths == ("/", "/recipes/plum-cake/?lang=en&print=1")
    assert table.weights == (1.0, 0.5)
    assert table.routes == ("home", "recipes")
    assert table.source == f"sitemap {TOP}, 1 of other hosts left out"


def test_an_index_leads_to_all_its_sitemaps_on_this_site() -> None:
    """Sitemaps of other hosts are left out without being fetched; compressed text ones are read."""
    asked: list[str] = []
    files = {
        TOP: (FIXTURES / "sitemap.xml").read_bytes(),
        "https://kitchen.example/sitemap-2.txt.gz": gzip.compress(
            b"\xef\xbb\xbfhttps://kitchen.example/text/a\r\n\r\nhttps://kitchen.example/text/b\n"
        ),
    }
    path = FIXTURES / "sitemap-index.xml"
    table = read_sitemap(str(path), site(files, asked), ["kitchen.example"])
    assert table.paths == ("/", "/recipes/plum-cake/?lang=en&print=1", "/text/a", "/text/b")
    assert asked == list(files)
    assert table.source == "sitemap sitemap-index.xml and 2 it leads to, 2 of other hosts left out"


def test_an_index_is_followed_on_the_target_whatever_name_it_uses() -> None:
    """The public site that a copy's sitemap speaks of is never asked; neither is another port or scheme."""
    target = "http://127.0.0.1:8080"
    children = ("https://www.kitchen.example/a.xml?p=1", "https://127.0.0.1/b.xml", "http://127.0.0.1:9/c.xml")
    files = {
        f"{target}/sitemap.xml": index(*children, "https://shop.example/d.xml"),
        f"{target}/a.xml?p=1": urlset("https://www.kitchen.example/1"),
        f"{target}/b.xml": index("https://www.kitchen.example/c.xml"),
        f"{target}/c.xml": urlset("http://127.0.0.1/2"),
    }
    asked: list[str] = []
    hosts = ["127.0.0.1", "www.kitchen.example"]
    table = read_sitemap(f"{target}/sitemap.xml", site(files, asked), hosts, target=target)
    assert table.paths == ("/1", "/2")
    assert asked == list(files)
    assert table.source.endswith(" and 3 it leads to, 1 of other hosts left out")


def test_the_index_in_a_file_is_followed_on_the_target(tmp_path: Path) -> None:
    """A file has no origin, so what it refers to is the target's."""
    path = tmp_path / "sitemap.xml"
    path.write_bytes(index("https://www.kitchen.example/a.xml"))
    files = {"http://127.0.0.1:8080/a.xml": urlset("/1")}
    found = read_sitemap(str(path), site(files), ["www.kitchen.example"], target="http://127.0.0.1:8080")
    assert found.paths == ("/1",)


def test_the_index_of_another_server_is_followed_there_and_back() -> None:
    """Its own sitemaps are where it is, at its own port; those of the target's names are the target's."""
    where = "http://maps.example:81/sitemap.xml"
    files = {
        where: index("https://maps.example/a.xml", "https://www.kitchen.example/b.xml"),
        "http://maps.example:81/a.xml": urlset("https://www.kitchen.example/1"),
        "http://127.0.0.1:8080/b.xml": urlset("https://www.kitchen.example/2"),
    }
    found = read_sitemap(where, site(files), ["www.kitchen.example"], target="http://127.0.0.1:8080")
    assert found.paths == ("/1", "/2")


@pytest.mark.parametrize(
    "data",
    [
        urlset("https://kitchen.example/a"),
        b"\xef\xbb\xbf\n  " + urlset("https://kitchen.example/a"),
        b'\n<?xml version="1.0" encoding="UTF-8"?>\n<!-- made by a plug-in -->' + urlset("https://kitchen.example/a"),
        b'<?xml version="1.0"?><!DOCTYPE urlset>' + urlset("https://kitchen.example/a"),
        b"<urlset><url><loc>https://kitchen.example/a</loc></url></urlset>",
        b"<s:urlset xmlns:s='x'><s:url><s:loc><![CDATA[https://kitchen.example/a]]></s:loc></s:url></s:urlset>",
        b'<?xml version="1.0" encoding="ISO-8859-1"?>' + urlset("https://kitchen.example/a"),
        gzip.compress(urlset("https://kitchen.example/a"), mtime=0),
        urlset("/a"),
        urlset("", "https://kitchen.example/a", "  "),
        b"https://kitchen.example/a",
    ],
)
def test_sitemaps_come_in_many_forms(data: bytes) -> None:
    """Byte order marks, blank lines, comments, prefixes, a bare document type and compression do not matter."""
    assert read_one(data) == ("/a",)


BOMB = (
    b'<!DOCTYPE bomb [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    b"<urlset><url><loc>https://kitchen.example/&b;</loc></url></urlset>"
)
OUTSIDE = b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/hostname">]><urlset><url><loc>/&f;</loc></url></urlset>'


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "a sitemap with nothing in it"),
        (b" \n ", "a sitemap with nothing in it"),
        (gzip.compress(b"", mtime=0), "a sitemap with nothing in it"),
        (urlset(), "no address of the site in it"),
        (index(), "no address of the site in it"),
        (urlset("https://shop.example/"), "all 1 addresses are of other hosts such as shop.example"),
        (index("https://shop.example/sitemap.xml"), "such as shop.example"),
        (b"<!DOCTYPE html><html><p>Hello", "an HTML page, not a sitemap"),
        (b"<HTML><body></body></HTML>", "an HTML page, not a sitemap"),
        (b"<rss><channel></channel></rss>", "XML of another kind (its root is 'rss')"),
        (b"<urlset><url>", "not well-formed XML"),
        (b'<?xml version="1.0" encoding="no-such"?>' + urlset("/a"), "not well-formed XML"),
        (b'<?xml version="1.0" encoding="big5"?>' + urlset("/a"), "not well-formed XML"),
        (b'{"urls": []}', "neither XML nor one URL a line (line 1 is '{\"urls\": []}')"),
        (b"\xde\xad\xbe\xef", "neither XML nor one URL a line (line 1 is not text)"),
        (b"https://kitchen.example/a\nb", "neither XML nor one URL a line (line 2 is 'b')"),
        (urlset("mailto:ann"), "the address 'mailto:ann' is of no use"),
        (urlset("http://[bad/"), "the address 'http://[bad/' is of no use"),
        (index("http://[bad/"), "the address 'http://[bad/' is of no use"),
        (BOMB, "entities of its own (EntitiesForbidden), which is refused"),
        (OUTSIDE, "entities of its own (EntitiesForbidden), which is refused"),
        (gzip.compress(urlset("/a"), mtime=0)[:-9], "begins as gzip but cannot be unpacked"),
        (index("https://kitchen.example/missing.xml"), "missing.xml answers with status 404"),
    ],
)
def test_what_is_no_sitemap_is_one_line(data: bytes, says: str) -> None:
    """Each way to be wrong has its words, on one line."""
    with pytest.raises(SwarmError) as caught:
        read_one(data)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "data",
    [None, b"", b"<html>", b"<rss></rss>", BOMB, urlset("mailto:ann"), index("http://[bad/"), b"\x1f\x8b"],
    ids=["missing", "empty", "html", "rss", "entities", "address", "index", "gzip"],
)
def test_a_sitemap_of_no_use_among_good_ones_is_left_out(data: bytes | None) -> None:
    """However it is broken, the others of the index are read, and the words for the record count it."""
    good, bad = "https://kitchen.example/good.xml", "https://kitchen.example/bad.xml"
    files = {TOP: index(bad, good), good: urlset("/a")} | ({} if data is None else {bad: data})
    table = read_sitemap(TOP, site(files))
    assert table.paths == ("/a",)
    assert table.source == (
        f"sitemap {TOP} and 1 it leads to, 1 that cannot be used left out (the first: https://kitchen.example/bad.xml)"
    )


def test_what_a_broken_sitemap_holds_before_the_fault_counts() -> None:
    """One that was cut off gives the addresses that came."""
    cut, good = "https://kitchen.example/cut.xml", "https://kitchen.example/good.xml"
    table = read_sitemap(TOP, site({TOP: index(cut, good), cut: urlset("/a", "/b")[:-20], good: urlset("/c")}))
    assert table.paths == ("/a", "/c")


def test_an_index_of_sitemaps_that_are_all_broken_is_refused() -> None:
    """Where none of them gives an address, the line counts them and says what is wrong with the first."""
    names = [f"https://kitchen.example/{number}.xml" for number in range(3)]
    files = {TOP: index(*names), names[1]: b"<html>", names[2]: urlset()}
    with pytest.raises(SwarmError) as caught:
        read_sitemap(TOP, site(files))
    assert str(caught.value) == (
        f"{TOP}: of 3 sitemaps it leads to none gives an address of the site; the first: "
        f"{names[0]} answers with status 404; check the address"
    )


def test_an_empty_sitemap_file_is_named_with_its_path(tmp_path: Path) -> None:
    """A sitemap without an entry in some folder is told as it was given."""
    path = tmp_path / "sitemap.xml"
    path.write_bytes(urlset())
    with pytest.raises(SwarmError, match=rf"^{re.escape(str(path))}: no address of the site in it"):
        read_sitemap(str(path), site({}))


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_a_sitemap_larger_than_the_protocol_allows_is_refused(
    monkeypatch: pytest.MonkeyPatch, pack: Callable[[bytes], bytes]
) -> None:
    """The limit holds for what is unpacked."""
    monkeypatch.setattr(_sitemap, "MAX_BYTES", 1024 * 1024)
    assert read_one(pack(urlset("/a") + b" " * 1_000_000)) == ("/a",)
    with pytest.raises(SwarmError, match="more than 1 MB, which no sitemap may have"):
        read_one(pack(urlset("/a") + b" " * 1_048_576))


def test_indexes_that_refer_to_each_other_end() -> None:
    """No sitemap is fetched twice."""
    other = "https://kitchen.example/other.xml"
    asked: list[str] = []
    files = {TOP: index(other, TOP, other), other: index(TOP, "https://kitchen.example/pages.xml")}
    files["https://kitchen.example/pages.xml"] = urlset("/a")
    assert read_sitemap(TOP, site(files, asked)).paths == ("/a",)
    assert len(asked) == 3


def test_indexes_within_indexes_have_a_bottom() -> None:
    """As many levels as are stated are followed, one more is refused."""

    def tower(height: int) -> dict[str, bytes]:
        names = [TOP, *(f"https://kitchen.example/{level}.xml" for level in range(height))]
        return dict(zip(names, [*(index(name) for name in names[1:]), urlset("/a")], strict=True))

    assert read_sitemap(TOP, site(tower(MAX_DEPTH))).paths == ("/a",)
    with pytest.raises(SwarmError, match=f"more than {MAX_DEPTH} deep"):
        read_sitemap(TOP, site(tower(MAX_DEPTH + 1)))


def test_a_sitemap_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many sitemaps and too many addresses are both found on the way."""
    names = [f"https://kitchen.example/{number}.xml" for number in range(10)]
    files = {TOP: index(*names)} | {name: urlset(f"{name}/a", f"{name}/b") for name in names}
    monkeypatch.setattr(_sitemap, "MAX_FILES", 5)
    with pytest.raises(SwarmError, match="leads to more than 5 sitemaps"):
        read_sitemap(TOP, site(files))
    monkeypatch.setattr(_sitemap, "MAX_FILES", 50)
    monkeypatch.setattr(_urls, "MAX_URLS", 5)
    asked: list[str] = []
    with pytest.raises(SwarmError, match="more than 5 addresses"):
        read_sitemap(TOP, site(files, asked))
    assert len(asked) == 4


def test_a_password_in_the_address_is_not_recorded() -> None:
    """The words for the record name the sitemap without whoever fetches it."""
    where = "https://ann:secret@kitchen.example:8443/sitemap.xml"
    table = read_sitemap(where, site({where: urlset("/a")}))
    assert table.source == "sitemap https://kitchen.example:8443/sitemap.xml"


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    """The error names the file and the remedy."""
    with pytest.raises(SwarmError, match=r"nowhere cannot be read .*; give the URL or the file of a sitemap"):
        read_sitemap(str(tmp_path / "nowhere"), site({}))
    with pytest.raises(SwarmError, match="Invalid IPv6 URL"):
        read_sitemap("http://[bad/sitemap.xml", site({}))
