"""An article as its editor types it: the light markup of its body, and the fields of the form it is typed into.

The body is lines. ``## `` begins a section, an empty line ends a paragraph, three backquotes begin and end the code
that closes a section. A line that would be taken for one of these, or that begins with a backslash, has a backslash
before it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from target_app.records import ArticleRecord
from target_app.texts import ArticleText

T = TypeVar("T")
_MARKED = re.compile(r"## |```|\\|$")
FIELDS = {
    "title": "Title",
    "slug": "Address",
    "intro": "Introduction",
    "body": "Body",
    "checklist": "Checklist",
    "images": "Figures",
    "final_notes": "Final notes",
    "categories": "Categories",
    "tags": "Tags",
    "meta": "Article details",
}
"""The form's fields: name to what an editor reads above it."""
_ONE_OF = {
    "sections": "section",
    "paragraphs": "paragraph",
    "checklist": "line",
    "images": "figure",
    "categories": "category",
    "tags": "tag",
    "url": "address",
}
_WRONG = {
    "string_too_short": "it is empty; write something.",
    "blank": "it holds no visible character; write something.",
    "string_too_long": "it is longer than {max_length:,} characters; shorten it.",
    "too_long": "these are {actual_length}, and {max_length} are the most; leave some out.",
    "named_twice": "this names one of them twice; name each once.",
    "nested": "this is nested more than {most} deep; flatten it.",
    "long": "this is longer than {most:,} characters as JSON; shorten it.",
}
_UNLIKE_A_SLUG = "{input!r:.60} cannot be in an address; write lower-case letters, digits, and single hyphens between."
_UNLIKE_AN_ADDRESS = "{input!r:.60} leads nowhere; begin it with https:// and leave no space in it."
_UNPRINTABLE = "it holds a control character, which no page can show; delete it."
_NO_META = "What {!r:.60} stands for holds something else than texts, whole numbers, lists and maps, or is too long."

Faults = dict[str, list[str]]
"""Field to the sentences that say what is wrong in it."""


class DraftError(Exception):
    """What was typed is no article.

    Attributes:
        faults: All that is wrong.
    """

    def __init__(self, faults: Faults) -> None:
        super().__init__(" ".join(f"{FIELDS[field]}: {' '.join(faults[field])}" for field in faults))
        self.faults = faults


def to_body(sections: list[dict[str, Any]]) -> str:
    """The sections of an article (heading, paragraphs, code) as lines."""
    lines: list[str] = []
    for section in sections:
        lines += [f"## {section['heading']}", ""]
        for paragraph in section["paragraphs"]:
            lines += [*map(_escaped, paragraph.split("\n")), ""]
        if code := section.get("code"):
            lines += [f"```{code['language']}", *map(_escaped_code, code["text"].split("\n")), "```", ""]
    return "\n".join(lines).rstrip("\n") + "\n" if lines else ""


def from_body(body: str) -> list[dict[str, Any]]:
    """The sections that lines stand for.

    Raises:
        DraftError: Text stands before the first heading or after a section's code, or code does not end.
    """
    sections: list[dict[str, Any]] = []
    paragraph: list[str] = []
    faults: list[str] = []
    lines = iter(body.split("\n"))

    def close() -> None:
        if paragraph:
            sections[-1]["paragraphs"].append("\n".join(paragraph))
            paragraph.clear()

    for line in lines:
        if line.startswith("## "):
            close()
            sections.append({"heading": line[3:], "paragraphs": [], "code": None})
        elif not line:
            close()
        elif not sections:
            faults.append(f"It begins with {line[:40]!r}; begin it with a heading, such as: ## First steps.")
            sections.append({"heading": "", "paragraphs": [], "code": None})
        elif sections[-1]["code"]:
            faults.append(f"After code comes {line[:40]!r}; code ends a section, so begin another with ##.")
            sections.append({"heading": "", "paragraphs": [], "code": None})
        elif line.startswith("```"):
            close()
            text = _code(lines)
            if text is None:
                faults.append(f"The code that begins with {line[:40]!r} does not end; end it with a line of ```.")
            sections[-1]["code"] = {"language": line[3:].strip(), "text": text}
        else:
            paragraph.append(line.removeprefix("\\"))
    close()
    if faults:
        raise DraftError({"body": faults})
    return sections


def _code(lines: Iterator[str]) -> str | None:
    """The code that lines begin with; None where it does not end."""
    text: list[str] = []
    for line in lines:
        if line == "```":
            return "\n".join(text)
        text.append(line.removeprefix("\\") if line.startswith(("\\```", "\\\\")) else line)
    return None


def _escaped(line: str) -> str:
    return "\\" + line if _MARKED.match(line) else line


def _escaped_code(line: str) -> str:
    return "\\" + line if line.startswith(("```", "\\```", "\\\\")) else line


def to_fields(article: ArticleRecord, meta: Mapping[str, Any]) -> dict[str, str]:
    """The form's fields for a stored article."""
    return {
        "title": article.title,
        "slug": article.slug,
        "intro": article.intro,
        "body": to_body(article.sections),
        "checklist": "\n".join(article.checklist),
        "images": "\n".join(" | ".join((each["source"], each["url"], each["caption"])) for each in article.images),
        "final_notes": article.final_notes,
        "categories": ", ".join(article.categories),
        "tags": ", ".join(article.tags),
        "meta": json.dumps(meta, ensure_ascii=False, indent=2),
    }


def from_fields(fields: Mapping[str, str]) -> ArticleText:
    """The text that the form's fields stand for.

    Raises:
        DraftError: They are no article; it has the faults of all fields.
    """
    faults: Faults = {}

    def read(field: str, reader: Callable[[str], T]) -> T | None:
        try:
            return reader(fields.get(field, ""))
        except DraftError as error:
            faults.update(error.faults)
            return None

    text = {
        "title": read("title", str.strip),
        "slug": read("slug", str.strip) or None,
        "intro": read("intro", str.strip),
        "sections": read("body", from_body),
        "checklist": read("checklist", _lines),
        "images": read("images", _images),
        "final_notes": read("final_notes", str.strip),
        "categories": read("categories", _words),
        "tags": read("tags", _words),
        "meta": read("meta", _meta),
    }
    try:
        read_whole = ArticleText.model_validate(
            {name: value for name, value in text.items() if value is not None or name == "slug"}
        )
    except ValidationError as error:
        for fault in error.errors():
            field = {"sections": "body"}.get(str(fault["loc"][0]), str(fault["loc"][0]))
            sentence = _sentence(fault)
            if sentence not in faults.setdefault(field, []):
                faults[field].append(sentence)
    if faults:
        raise DraftError({field: faults[field] for field in FIELDS if field in faults})
    return read_whole


def _sentence(fault: ErrorDetails) -> str:
    """What is wrong in a field, in words for its editor."""
    field, *rest = fault["loc"]
    if field == "meta" and rest:
        # A value may be of several kinds, and is told to be none of each: one sentence for all.
        return _NO_META.format(rest[0])
    place = ""
    for part in fault["loc"] if rest else ():
        place += f" {part + 1}" if isinstance(part, int) else f", {_ONE_OF.get(part, part)}"
    said = f"{place.removeprefix(', ')}: {_words_for(fault)}" if place else _words_for(fault)
    return said[0].upper() + said[1:]


def _words_for(fault: ErrorDetails) -> str:
    words = _WRONG.get(fault["type"], "{msg}")
    if fault["type"] == "string_pattern_mismatch":
        of_a_slug = fault["loc"][0] in {"slug", "categories", "tags"}
        words = _UNLIKE_AN_ADDRESS if fault["loc"][-1] == "url" else _UNLIKE_A_SLUG if of_a_slug else _UNPRINTABLE
    return words.format(**fault.get("ctx", {}), input=fault["input"], msg=fault["msg"])


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if line.strip()]


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _images(text: str) -> list[dict[str, str]]:
    parts = [[part.strip() for part in line.split("|", 2)] for line in _lines(text)]
    wrong = [" | ".join(each) for each in parts if len(each) < 3]
    if wrong:
        advice = "is not three parts; write: source | https://address | caption."
        raise DraftError({"images": [f"{line[:60]!r} {advice}" for line in wrong]})
    return [dict(zip(("source", "url", "caption"), each, strict=True)) for each in parts]


def _meta(text: str) -> dict[str, Any]:
    try:
        meta = json.loads(text.strip() or "{}")
    except (ValueError, RecursionError) as error:
        raise DraftError({"meta": [f"This is no JSON ({error}); write {{}} to leave it empty."]}) from None
    if not isinstance(meta, dict):
        raise DraftError({"meta": ["This is no map; write it in braces."]})
    return meta
