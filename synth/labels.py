"""The headings every page has beside its sections, and what counts as a title above them."""

from __future__ import annotations

from synth.model import Article

CHECKLIST = "implementation checklist"
FINAL_NOTES = "final notes"
META_BOX = "alphanode post meta"
SIMILAR = "Similar Posts"
"""Belongs to the theme and not to the article, so it has one case in both profiles."""


def cased(label: str, article: Article) -> str:
    """Return a label in the case of the article's profile: classic pages are all lower-case."""
    return label if article.profile == "classic" else label.capitalize()
