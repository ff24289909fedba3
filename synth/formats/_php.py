"""Values as PHP's ``serialize`` writes them, and as WordPress keeps them in its database."""

from __future__ import annotations

import re
from collections.abc import Mapping

from synth.formats._xml import legal
from synth.model import Meta

_LEAST, _MOST = -(2**63), 2**63 - 1
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,18}")
"""What PHP makes an integer of where it is a key, if it is not too large."""
_LOOKS_SERIALIZED = re.compile(r"\s*(?:N;|[a-z]:.*[;}])\s*", re.DOTALL | re.IGNORECASE)


def stored(value: Meta) -> str:
    """Return a value as WordPress stores it: a list or a map serialized, a scalar as it is.

    A text that looks serialized is serialized as well, as WordPress does, so that it comes back as that text.
    """
    if isinstance(value, str):
        text = legal(value)
        return serialized(text) if _LOOKS_SERIALIZED.fullmatch(text) else text
    return str(int(value)) if isinstance(value, int) else serialized(value)


def serialized(value: Meta) -> str:
    """Return a value serialized. The lengths in it are those of UTF-8 after `legal`.

    PHP has one type for lists and maps. An integer of more than 64 bits, which it does not have, becomes a string.
    """
    if isinstance(value, str):
        text = legal(value)
        return f's:{len(text.encode())}:"{text}";'
    if isinstance(value, int):
        return f"i:{int(value)};" if _LEAST <= value <= _MOST else serialized(str(value))
    if isinstance(value, Mapping):
        items = [_key(key) + serialized(item) for key, item in value.items()]
    else:
        items = [f"i:{place};{serialized(item)}" for place, item in enumerate(value)]
    return f"a:{len(items)}:{{{''.join(items)}}}"


def _key(key: str) -> str:
    return serialized(int(key) if _INTEGER.fullmatch(key) and _LEAST <= int(key) <= _MOST else key)
