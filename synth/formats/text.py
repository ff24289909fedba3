"""The page as text, laid out as a published page reads when it is copied out of a browser.

Blocks stand one blank line apart. A figure is two lines, its alternative text and its caption; figures of one
group follow each other without a blank line, those after the checklist follow its last item so, and so do the rows of
the meta box, where a key runs straight into its value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from synth import labels
from synth.layout import Pages
from synth.model import Article, Image, Meta


def render(article: Article) -> str:
    """Return the page as text, with a newline at the end."""
    return "\n\n".join(_blocks(article)) + "\n"


def _blocks(article: Article) -> Iterator[str]:
    half = -(-len(article.images) // 2)
    yield article.title
    yield article.intro
    yield from _figures(article.images[:half])
    for section in article.sections:
        yield section.heading
        yield from section.paragraphs
        if section.code:
            yield section.code.text
    yield labels.cased(labels.CHECKLIST, article)
    yield "\n".join([*(f"  • {item}" for item in article.checklist), *_figures(article.images[half:])])
    yield labels.cased(labels.FINAL_NOTES, article)
    yield article.final_notes
    yield labels.cased(labels.META_BOX, article)
    yield "\n".join(line for key, value in article.meta.items() for line in _row(key, value))
    yield labels.SIMILAR


def _figures(images: tuple[Image, ...]) -> Iterator[str]:
    if images:
        yield "\n".join(f"{image.caption}\n{image.caption}. image source: {image.source}" for image in images)


def _row(key: str, value: Meta) -> Iterator[str]:
    if isinstance(value, str | int):
        yield f"{key}{value}"
    else:
        yield key
        yield from _bullets(value, "  ")


def _bullets(value: tuple[Meta, ...] | Mapping[str, Meta], indent: str) -> Iterator[str]:
    named = value.items() if isinstance(value, Mapping) else ((None, item) for item in value)
    for key, item in named:
        name = "" if key is None else f"{key}: "
        if isinstance(item, str | int):
            yield f"{indent}• {name}{item}"
        else:
            if name:
                yield f"{indent}• {name.rstrip()}"
            yield from _bullets(item, indent + "  ")


# A form feed is how plain text says that a page ends.
FORMAT = Pages(render, end="\f\n")
