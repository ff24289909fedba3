"""The page as Markdown with YAML front matter.

Front matter values are written as JSON, which YAML reads as flow values: nothing is left for a reader to guess
(``no``, dates, leading zeros). What JSON lets stand in a text and YAML does not, or folds as it does line breaks, is
escaped. Prose is escaped where Markdown would otherwise give a character a meaning.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from synth import labels
from synth.layout import Pages
from synth.model import Article, Image
from synth.record import record

_BODY = ("intro", "sections", "checklist", "images", "final_notes")
_UNREADABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_FENCES = re.compile("`+")
_MEANINGFUL = re.compile(r"([\\`*_\[\]<>#|~])")


def render(article: Article) -> str:
    """Return front matter and body, with a newline at the end."""
    front = [f"{name}: {_json(value)}" for name, value in record(article).items() if name not in _BODY]
    return "\n".join(("---", *front, "---", "")) + "\n" + "\n\n".join(_blocks(article)) + "\n"


def _blocks(article: Article) -> Iterator[str]:
    half = -(-len(article.images) // 2)
    yield f"# {_escaped(article.title)}"
    yield _escaped(article.intro)
    yield from _figures(article.images[:half])
    for section in article.sections:
        yield f"## {_escaped(section.heading)}"
        for paragraph in section.paragraphs:
            yield _escaped(paragraph)
        if section.code:
            # Longer than any fence in the code itself.
            fence = "`" * max(3, 1 + max(map(len, _FENCES.findall(section.code.text)), default=0))
            yield f"{fence}{section.code.language.lower()}\n{section.code.text}\n{fence}"
    yield f"## {labels.cased(labels.CHECKLIST, article)}"
    yield "\n".join(f"- {_escaped(item)}" for item in article.checklist)
    yield from _figures(article.images[half:])
    yield f"## {labels.cased(labels.FINAL_NOTES, article)}"
    yield _escaped(article.final_notes)


def _figures(images: tuple[Image, ...]) -> Iterator[str]:
    for image in images:
        yield f"![{_escaped(image.caption)}](<{image.url}>)\n*{_escaped(image.caption)}. image source: {image.source}*"


def _escaped(text: str) -> str:
    return _MEANINGFUL.sub(r"\\\1", text)


def _json(value: object) -> str:
    return _UNREADABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False))


# A form feed is how plain text says that a page ends.
FORMAT = Pages(render, end="\f\n")
