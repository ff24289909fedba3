"""An article's details as nested lists: a scalar is text, a list or a map is a list of items, to any depth.

What is empty says so: nobody can see a list without items.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup, escape

_NONE = '<span class="none">none</span>'


def meta_box(meta: Mapping[str, Any]) -> Markup:
    """The whole box as a definition list, everything escaped."""
    rows = "".join(f"<div><dt>{escape(key)}</dt><dd>{_value(value)}</dd></div>" for key, value in meta.items())
    return Markup(f"<dl>{rows}</dl>")  # every part is escaped above and below


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        items = [f'<span class="key">{escape(key)}:</span> {_value(inner)}' for key, inner in value.items()]
    elif isinstance(value, list | tuple):
        items = [_value(inner) for inner in value]
    else:
        return str(escape(value)) or _NONE
    return f"<ul><li>{'</li><li>'.join(items)}</li></ul>" if items else _NONE
