"""The headings every page has beside its sections, and what counts as a title above them."""

from __future__ import annotations

from synth.model import Article

CHECKLIST = "implementation checklist"
FINAL_NOTES = "final notes"
META_BOX = "alphanode post meta"
SIMILAR = "Similar Posts"
"""Belongs to the theme and not to the article, so it has one case in both profiles."""


def cased(label: str, article: Article) -> str:
    """Return a label in the case of the article, which its brief has: that is the same sentence in all."""
    brief = article.meta.get("ai brief")
    is_lower = brief.islower() if isinstance(brief, str) else article.profile == "classic"
    return label if is_lower else label.capitalize()
