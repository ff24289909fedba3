"""The meta box as nested lists."""

from html.parser import HTMLParser
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from target_app.meta_box import meta_box

SCALARS = st.text(st.characters(codec="utf-8", exclude_characters="\r\x00")) | st.integers()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=4)
)


class _Reader(HTMLParser):
    """Collects text, counts list items, and insists on balance."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.items = 0
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.items += tag == "li"

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def _read(html: str) -> _Reader:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert not reader.open
    return reader


def _scalars(value: Any) -> list[str]:
    if value in ([], {}, ""):
        return ["none"]
    if isinstance(value, dict):
        return [text for key, inner in value.items() for text in (f"{key}:", *_scalars(inner))]
    if isinstance(value, list):
        return [text for inner in value for text in _scalars(inner)]
    return [str(value)]


def _items(value: Any) -> int:
    if isinstance(value, dict):
        return len(value) + sum(_items(inner) for inner in value.values())
    if isinstance(value, list):
        return len(value) + sum(_items(inner) for inner in value)
    return 0


def test_the_four_shapes_nest_as_lists() -> None:
    """A scalar is text; a list, a map and a list of maps are lists, one inside the other."""
    meta = {
        "topic": "a",
        "tools": ["git", "ruff"],
        "flags": {"review": 0},
        "entities": [{"name": "n", "deep": {"x": [1]}}],
    }
    assert str(meta_box(meta)) == (
        "<dl><div><dt>topic</dt><dd>a</dd></div>"
        "<div><dt>tools</dt><dd><ul><li>git</li><li>ruff</li></ul></dd></div>"
        '<div><dt>flags</dt><dd><ul><li><span class="key">review:</span> 0</li></ul></dd></div>'
        '<div><dt>entities</dt><dd><ul><li><ul><li><span class="key">name:</span> n</li>'
        '<li><span class="key">deep:</span> <ul><li><span class="key">x:</span> <ul><li>1</li></ul></li></ul></li>'
        "</ul></li></ul></dd></div></dl>"
    )


def test_what_is_empty_says_so() -> None:
    """A list, a map and a text without anything in them, at any depth; a zero is not nothing."""
    none = '<span class="none">none</span>'
    box = str(meta_box({"a": [], "b": {}, "c": "", "d": [[], {"e": {}}], "f": 0}))
    assert box == (
        f"<dl><div><dt>a</dt><dd>{none}</dd></div><div><dt>b</dt><dd>{none}</dd></div>"
        f"<div><dt>c</dt><dd>{none}</dd></div>"
        f"<div><dt>d</dt><dd><ul><li>{none}</li>"
        f'<li><ul><li><span class="key">e:</span> {none}</li></ul></li></ul></dd></div>'
        "<div><dt>f</dt><dd>0</dd></div></dl>"
    )


def test_markup_in_values_and_keys_is_text() -> None:
    """Angle brackets and ampersands never become markup."""
    reader = _read(str(meta_box({"<b>": "<script>&amp;"})))
    assert "".join(reader.text) == "<b><script>&amp;"


@given(st.dictionaries(st.text("xyz", min_size=1), VALUES, max_size=5))
def test_any_nesting_is_balanced_and_complete(meta: dict[str, Any]) -> None:
    """Whatever the nesting, there is one list item per member, and every scalar is there in order."""
    reader = _read(str(meta_box(meta)))
    assert reader.items == sum(_items(value) for value in meta.values())
    squeezed = "".join("".join(reader.text).split())
    expected = "".join("".join(key + "".join(_scalars(value)) for key, value in meta.items()).split())
    assert squeezed == expected
