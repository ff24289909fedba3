"""Figures: which pictures an article shows, from which placeholder service, in the original's URL forms."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import quote_plus

from synth.model import Image


def figures(id: int, subject: str, count: int) -> tuple[Image, ...]:
    """Return ``count`` images of an article.

    Args:
        id: The article's id; it sets the first provider of the cycle and the picsum seeds.
        subject: ``{problem} with {stack}``, in the case it should be printed in.
        count: How many.
    """
    return tuple(_figure(id, subject, index) for index in range(count))


# Articles share their few subjects.
_quoted = lru_cache(maxsize=4096)(quote_plus)


def _figure(id: int, subject: str, index: int) -> Image:
    provider = (3 * id + index) % 4
    caption = f"{subject} visual reference {index + 1}"
    if provider == 0:
        return Image("picsum.photos", f"https://picsum.photos/seed/anp-{id + index:06d}/1200/630", caption)
    if provider == 1:
        photo = "https://images.unsplash.com/photo-1555949963-aa79dcee981c?auto=format&fit=crop&w=1200&q=80"
        return Image("unsplash", photo, caption)
    if provider == 2:
        text = _quoted(subject[:38])
        return Image("dummyimage.com", f"https://dummyimage.com/1200x630/111827/ffffff.png&text={text}", caption)
    return Image("placehold.co", f"https://placehold.co/1200x630/png?text={_quoted(subject[:42])}", caption)
