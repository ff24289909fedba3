"""The meta box: twenty keys in the original's order, nineteen when there are no images.

The profiles decide what the values are; this module decides where they stand. ``reference`` and ``hash`` are
left empty here, because they follow from a digest over everything else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from synth.dates import Dates
from synth.model import Image, Meta
from synth.subjects import Problem, Stack

GENERATOR = "anp content synthesizer"
REVIEW_BELOW = 85
"""An article whose quality is below this needs a human review."""

_RECOMMENDED = "Take a baseline, move one thing, keep the evidence"
_BRIEF = (
    "Written in the manner of a patient engineering draft: it gives reasons before commands, names what to "
    "check, and does not claim that any one setting suits every site."
)
_NOTES = (
    "Lists and maps in this box are real nested values, so a theme has to walk them",
    "Views, scores and dates are invented; they exist to give the database something to carry",
    "The whole page is test content and belongs behind a noindex rule",
)


@dataclass(frozen=True, slots=True)
class Facts:
    """The values of the box that a profile decides.

    Attributes:
        reading_minutes: Whole minutes.
        views: From `synth.popularity.views`.
        quality, freshness, depth, clarity: Scores from 0 to 100.
        paragraphs: Section paragraphs plus one.
    """

    id: int
    problem: Problem
    stack: Stack
    scenario: str
    summary: str
    difficulty: str
    reading_minutes: int
    views: int
    quality: int
    freshness: int
    depth: int
    clarity: int
    status: str
    version: str
    dates: Dates
    checklist: tuple[str, ...]
    images: tuple[Image, ...]
    paragraphs: int


def build(facts: Facts) -> dict[str, Meta]:
    """Return the box in natural case, with ``reference`` and ``hash`` still empty."""
    problem, stack, images = facts.problem.phrase, facts.stack, facts.images
    box: dict[str, Meta] = {
        "topic": f"{problem} / {stack.name}",
        "summary": facts.summary,
        "ai outline": {
            "context": facts.scenario,
            "problem": problem,
            "stack": stack.name,
            "recommended action": _RECOMMENDED,
        },
        "ai brief": _BRIEF,
        "stack": (stack.name, stack.area, stack.language),
        "tools": (*stack.tools, "git", "logs"),
        "code language": stack.language,
        "difficulty": facts.difficulty,
        "reading time": facts.reading_minutes,
        "view count": facts.views,
        "score": {
            "quality": facts.quality,
            "freshness": facts.freshness,
            "depth": facts.depth,
            "clarity": facts.clarity,
        },
        "revision": {
            "status": facts.status,
            "version": facts.version,
            "last reviewed": facts.dates.last_reviewed.isoformat(),
        },
        "reference": "",
        "hash": "",
        "flags": {
            "ai generated style": 1,
            "has images": int(bool(images)),
            "image heavy": int(len(images) >= 3),
            "needs human review": int(facts.quality < REVIEW_BELOW),
        },
        "checklist": facts.checklist,
        "entities": (
            {"name": stack.name, "type": "stack"},
            {"name": stack.area, "type": "area"},
            {"name": problem, "type": "problem"},
        ),
        "payload": {
            "source id": f"alphanode-{facts.id:06d}",
            "generator": GENERATOR,
            "paragraphs": facts.paragraphs,
            "scenario": facts.scenario,
            "seed": facts.id,
        },
        "notes": _NOTES,
    }
    if images:
        tail = {key: box.pop(key) for key in ("payload", "notes")}
        box["image sources"] = tuple(
            {"source": image.source, "url": image.url, "caption": image.caption} for image in images
        )
        box.update(tail)
    return box


def lowered(box: Mapping[str, Meta]) -> dict[str, Meta]:
    """Return the box with its prose in lower case; image URLs, whose case matters, are left alone."""
    return {key: value if key == "image sources" else _lowered(value) for key, value in box.items()}


def _lowered(value: Meta) -> Meta:
    if isinstance(value, str):
        return value.lower()
    if isinstance(value, tuple):
        return tuple(_lowered(item) for item in value)
    if isinstance(value, Mapping):
        return {key: _lowered(item) for key, item in value.items()}
    return value


def reference(id: int, digest: str) -> str:
    """Return ``anp-ref-%06d-NNNN`` with a four-digit suffix from the article's digest."""
    return f"anp-ref-{id:06d}-{1000 + int(digest, 16) % 9000}"
