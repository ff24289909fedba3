"""An article as its editor types it: the light markup of its body, and the fields of the form it is typed into.

The body is lines. ``## `` begins a section, an empty line ends a paragraph, three backquotes begin and end the code
that closes a section. A line that would be taken for one of these, or that begins with a backslash, has a backslash
before it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from target_app.records import ArticleRecord
from target_app.texts import ArticleText

_MARKED = re.compile(r"## |```|\\|$")
FIELDS = ("title", "slug", "intro", "body", "checklist", "images", "final_notes", "categories", "tags", "meta")
"""Names of the form's fields."""


class DraftError(Exception):
    """What was typed is no article; ``args`` are the sentences that say why."""


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
            raise DraftError(f"the body begins with {line[:40]!r}; begin it with a heading, such as: ## First steps")
        elif sections[-1]["code"]:
            raise DraftError(f"after code comes {line[:40]!r}; code ends a section, so begin another with ##")
        elif line.startswith("```"):
            close()
            sections[-1]["code"] = {"language": line[3:].strip(), "text": _code(lines, line)}
        else:
            paragraph.append(line.removeprefix("\\"))
    close()
    return sections


def _code(lines: Iterator[str], opening: str) -> str:
    text: list[str] = []
    for line in lines:
        if line == "```":
            return "\n".join(text)
        text.append(line.removeprefix("\\") if line.startswith(("\\```", "\\\\")) else line)
    raise DraftError(f"the code that begins with {opening[:40]!r} does not end; end it with a line of ```")


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
        DraftError: They are no article.
    """
    try:
        meta = json.loads(fields.get("meta", "").strip() or "{}")
    except (ValueError, RecursionError) as error:
        raise DraftError(f"the meta box is no JSON ({error}); write it as {{}} to leave it empty") from None
    if not isinstance(meta, dict):
        raise DraftError("the meta box is no map; write it in braces")
    text = {
        "title": fields.get("title", "").strip(),
        "slug": fields.get("slug", "").strip() or None,
        "intro": fields.get("intro", "").strip(),
        "sections": from_body(fields.get("body", "")),
        "checklist": _lines(fields.get("checklist", "")),
        "images": [_image(line) for line in _lines(fields.get("images", ""))],
        "final_notes": fields.get("final_notes", "").strip(),
        "categories": _words(fields.get("categories", "")),
        "tags": _words(fields.get("tags", "")),
        "meta": meta,
    }
    try:
        return ArticleText.model_validate(text)
    except ValidationError as error:
        raise DraftError(
            *(f"{' '.join(str(part) for part in fault['loc'])}: {fault['msg']}" for fault in error.errors())
        ) from None


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if line.strip()]


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _image(line: str) -> dict[str, str]:
    parts = [part.strip() for part in line.split("|", 2)]
    if len(parts) < 3:
        raise DraftError(f"the image {line[:60]!r} is not three parts; write: source | https://address | caption")
    return dict(zip(("source", "url", "caption"), parts, strict=True))
