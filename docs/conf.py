"""How Sphinx makes a site of the pages of this folder: ``make docs``.

The pages are plain Markdown, to be read anywhere. So no page holds a table of contents in a syntax of Sphinx: what a
*door* lists, each at the beginning of a list item or a table's row, is what is below it in the navigation.
"""

from __future__ import annotations

import posixpath
import re
from typing import Any

from harness import __version__

DOORS = (
    "index",
    "tutorials/README",
    "how-to/README",
    "reference",
    "explanation",
    "decisions/README",
    "experiments/README",
)
_LISTED = re.compile(r"^(?:-|\|) \[[^]]+\]\(([\w./-]+)\.md\)", re.MULTILINE)
_MARKDOWN = re.compile(r"\]\((\.\./[\w./-]+\.md)(?:#[\w-]+)?\)")
"""Links that may lead to a document outside this folder, which is then no page but a file."""
_CALLED_AS_FILE = re.compile(r"(?<!!)\[[\w./-]+\.md\](?=\((?!\.\./)[\w./-]+\.md[)#])")
"""The words of a link that calls a page by its file; on the site they are the page's title."""

project = "anp"
project_copyright = "the authors of anp"
version = release = __version__
extensions = ["myst_parser"]
highlight_language = "text"
suppress_warnings = ["misc.highlighting_failure"]  # excerpts have … where lines are left out
myst_heading_anchors = 4
html_theme = "furo"
html_title = "anp"
html_static_path = ["_static"]
html_css_files = ["anp.css"]
html_copy_source = False
# A page that only a person may fetch, or that is an example in a text, is not looked for.
linkcheck_ignore = [r"https?://(127\.0\.0\.1|localhost|[\w.-]*\.example)\b"]


def below(door: str, text: str) -> list[str]:
    """Names of the pages that a door lists.

    Args:
        door: Its own name.
        text: Its source.
    """
    return [posixpath.normpath(posixpath.join(posixpath.dirname(door), page)) for page in _LISTED.findall(text)]


def _read(_app: Any, page: str, source: list[str]) -> None:
    def mark(link: re.Match[str]) -> str:
        leads_out = posixpath.normpath(posixpath.join(posixpath.dirname(page), link[1])).startswith("../")
        return f"](path:{link[1]})" if leads_out else link[0]

    source[0] = _CALLED_AS_FILE.sub("[]", _MARKDOWN.sub(mark, source[0]))
    if page in DOORS:
        entries = "".join(f"/{each}\n" for each in below(page, source[0]))
        source[0] += f"\n```{{toctree}}\n:hidden:\n\n{entries}```\n"


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.connect("source-read", _read)
