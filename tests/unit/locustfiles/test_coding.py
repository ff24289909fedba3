"""Content codings are undone, within bounds, and broken data is never taken for a page."""

from __future__ import annotations

import gzip
import random
import tracemalloc
import zlib
from collections.abc import Callable

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from locustfiles._coding import decode, is_gzip, zstd


def bare_deflate(page: bytes) -> bytes:
    """Deflate data without the zlib format around it."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(page) + packer.flush()


CODINGS: list[tuple[bytes, Callable[[bytes], bytes]]] = [
    (b"gzip", gzip.compress),
    (b"x-gzip", gzip.compress),
    (b"deflate", zlib.compress),
    (b"deflate", bare_deflate),
    (b"br", brotli.compress),
    (b"zstd", zstd.compress),
]
EACH = pytest.mark.parametrize(("coding", "encode"), CODINGS, ids=["gzip", "x-gzip", "deflate", "bare", "br", "zstd"])


@EACH
@given(page=st.binary(max_size=2000), times=st.integers(0, 200))
def test_decoding_undoes_encoding(coding: bytes, encode: Callable[[bytes], bytes], page: bytes, times: int) -> None:
    """What was encoded comes back, whatever it was and however well it packs."""
    assert decode(encode(page * times), coding) == page * times


@EACH
@given(page=st.binary(min_size=1, max_size=2000), times=st.integers(1, 100), limit=st.integers(0, 100_000))
def test_no_more_is_decoded_than_the_limit(
    coding: bytes, encode: Callable[[bytes], bytes], page: bytes, times: int, limit: int
) -> None:
    """With a limit come exactly the first bytes."""
    assert decode(encode(page * times), coding, limit) == (page * times)[:limit]


@EACH
def test_a_body_that_ends_too_early_is_broken(coding: bytes, encode: Callable[[bytes], bytes]) -> None:
    """A body cut off is None as a whole, while a prefix that is there can still be read."""
    page = random.Random(7).randbytes(200_000).hex().encode()
    short = encode(page)[:-1]
    assert decode(short, coding) is None
    assert decode(short, coding, 1024) == page[:1024]


@EACH
def test_a_small_body_that_unpacks_to_a_giant_costs_the_limit(coding: bytes, encode: Callable[[bytes], bytes]) -> None:
    """The memory used follows the limit, not what is packed."""
    bomb = encode(bytes(30_000_000))
    tracemalloc.start()
    try:
        assert decode(bomb, coding, 1_000_000) == bytes(1_000_000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20_000_000


@pytest.mark.parametrize("coding", [b"gzip", b"deflate", b"br", b"zstd"])
def test_what_is_not_in_the_coding_is_broken(coding: bytes) -> None:
    """Plain text and nothing at all are None in every coding."""
    assert decode(b"<!doctype html> no coding at all", coding) is None
    assert decode(b"", coding) is None


@given(body=st.binary(max_size=300), coding=st.sampled_from([b"gzip", b"deflate", b"br", b"zstd"]))
def test_arbitrary_bytes_never_raise(body: bytes, coding: bytes) -> None:
    """Whatever a server sends is either decoded or None."""
    found = decode(body, coding)
    assert found is None or isinstance(found, bytes)


def test_no_coding_leaves_the_body_as_it_is() -> None:
    """Neither an empty coding nor identity changes anything."""
    assert decode(b"page", b"") == decode(b"page", b"identity") == b"page"
    assert decode(b"page", b"", 2) == b"pa"


def test_the_name_of_a_coding_is_read_as_http_has_it() -> None:
    """Case and white space around it do not matter; an unknown one is None."""
    assert decode(gzip.compress(b"page"), b" GZip ") == b"page"
    assert decode(b"page", b"compress") is None
    assert decode(b"page", b"gzip, br") is None


@pytest.mark.parametrize(("coding", "encode"), [(b"gzip", gzip.compress), (b"zstd", zstd.compress)])
def test_several_members_are_one_body(coding: bytes, encode: Callable[[bytes], bytes]) -> None:
    """Gzip members and zstd frames that follow each other are joined."""
    assert decode(encode(b"one ") + encode(b"") + encode(b"two"), coding) == b"one two"


def test_gzip_is_known_by_its_first_bytes() -> None:
    """The content says whether it is gzip, not a name."""
    assert is_gzip(gzip.compress(b""))
    assert not is_gzip(b"GET")
