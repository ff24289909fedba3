"""The page as a standalone, semantic HTML fragment. Everything that comes from the article is escaped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape

from synth import labels
from synth.layout import Pages
from synth.model import Article, Image, Meta
from synth.record import timestamp
from synth.slugs import term


def render(article: Article) -> str:
    """Return one ``<article>`` element, with a newline at the end."""
    return "\n".join(_lines(article)) + "\n"


def content(article: Article) -> str:
    """Return what a reader reads below the title, from the intro to the final notes."""
    return "\n".join(_content(article))


def meta_box(article: Article) -> str:
    """Return the meta box, as the page shows it at its end."""
    return "\n".join(_meta_box(article))


def _lines(article: Article) -> Iterator[str]:
    yield (
        f'<article id="article-{article.id}" data-id="{article.id}" data-revision="{article.revision}" '
        f'data-profile="{escape(article.profile)}" data-seed="{article.seed}" data-slug="{escape(article.slug)}" '
        f'data-digest="{article.digest}">'
    )
    yield "<header>"
    yield f"<h1>{escape(article.title)}</h1>"
    yield (
        f'<p class="byline">Author <span class="author">{article.author}</span>, '
        f'published <time class="published">{timestamp(article.published)}</time>, '
        f'modified <time class="modified">{timestamp(article.modified)}</time>, '
        f'last reviewed <time class="reviewed">{article.last_reviewed.isoformat()}</time></p>'
    )
    yield from _terms("categories", article.categories)
    yield from _terms("tags", article.tags)
    yield "</header>"
    yield from _content(article)
    yield from _meta_box(article)
    yield "</article>"


def _content(article: Article) -> Iterator[str]:
    half = -(-len(article.images) // 2)
    checklist = labels.cased(labels.CHECKLIST, article)
    final_notes = labels.cased(labels.FINAL_NOTES, article)
    yield f'<p class="intro">{escape(article.intro)}</p>'
    yield from _figures(article.images[:half])
    for section in article.sections:
        yield "<section>"
        yield f"<h2>{escape(section.heading)}</h2>"
        for paragraph in section.paragraphs:
            yield f"<p>{escape(paragraph)}</p>"
        if section.code:
            language = escape(term(section.code.language))
            yield f'<pre><code class="language-{language}">{escape(section.code.text)}</code></pre>'
        yield "</section>"
    yield '<section class="checklist">'
    yield f"<h2>{escape(checklist)}</h2>"
    yield _nested(article.checklist)
    yield "</section>"
    yield from _figures(article.images[half:])
    yield '<section class="final-notes">'
    yield f"<h2>{escape(final_notes)}</h2>"
    yield f"<p>{escape(article.final_notes)}</p>"
    yield "</section>"


def _meta_box(article: Article) -> Iterator[str]:
    yield '<section class="meta-box">'
    yield f"<h2>{escape(labels.cased(labels.META_BOX, article))}</h2>"
    yield _nested(article.meta)
    yield "</section>"


def _terms(name: str, terms: tuple[str, ...]) -> Iterator[str]:
    items = "".join(f"<li>{escape(each)}</li>" for each in terms)
    yield f'<ul class="{name}">{items}</ul>'


def _figures(images: tuple[Image, ...]) -> Iterator[str]:
    for image in images:
        caption = escape(image.caption)
        yield (
            f'<figure><img src="{escape(image.url)}" alt="{caption}" width="1200" height="630" loading="lazy">'
            f"<figcaption>{caption}. image source: {escape(image.source)}</figcaption></figure>"
        )


def _nested(value: Meta) -> str:
    if isinstance(value, Mapping):
        rows = "".join(f"<dt>{escape(key)}</dt><dd>{_nested(item)}</dd>" for key, item in value.items())
        return f"<dl>{rows}</dl>"
    if isinstance(value, tuple):
        return "<ul>" + "".join(f"<li>{_nested(item)}</li>" for item in value) + "</ul>"
    return escape(str(value))


FORMAT = Pages(render)
