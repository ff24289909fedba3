"""The meta box: twenty keys in the original's order, nineteen when there are no images.

The profiles decide what the values are; this module decides where they stand. ``reference`` and ``hash`` are
left empty here, because they follow from a digest over everything else.
"""

from __future__ import annotations

from dataclasses import dataclass

from synth.dates import Dates
from synth.model import Image, Meta
from synth.subjects import Problem, Stack

GENERATOR = "anp content synthesizer"
REVIEW_BELOW = 85
"""An article whose quality is below this needs a human review."""


@dataclass(frozen=True, slots=True)
class Prose:
    """What every box says."""

    recommended: str
    brief: str
    notes: tuple[str, ...]


PROSE = Prose(
    "Take a baseline, move one thing, keep the evidence",
    "Written in the manner of a patient engineering draft: it gives reasons before commands, names what to "
    "check, and does not claim that any one setting suits every site.",
    (
        "Lists and maps in this box are real nested values, so a theme has to walk them",
        "Views, scores and dates are invented; they exist to give the database something to carry",
        "The whole page is test content and belongs behind a noindex rule",
    ),
)
LOWER = Prose(PROSE.recommended.lower(), PROSE.brief.lower(), tuple(map(str.lower, PROSE.notes)))


def build(
    *,
    id: int,
    problem: Problem,
    stack: Stack,
    scenario: str,
    summary: str,
    difficulty: str,
    reading_minutes: int,
    views: int,
    quality: int,
    freshness: int,
    depth: int,
    clarity: int,
    status: str,
    version: str,
    dates: Dates,
    checklist: tuple[str, ...],
    images: tuple[Image, ...],
    paragraphs: int,
    prose: Prose = PROSE,
) -> dict[str, Meta]:
    """Return the box, with ``reference`` and ``hash`` still empty.

    Scores are from 0 to 100, reading time is whole minutes, views are from `synth.popularity.views`, and paragraphs are
    those of the sections plus one.
    """
    phrase = problem.phrase
    box: dict[str, Meta] = {
        "topic": f"{phrase} / {stack.name}",
        "summary": summary,
        "ai outline": {
            "context": scenario,
            "problem": phrase,
            "stack": stack.name,
            "recommended action": prose.recommended,
        },
        "ai brief": prose.brief,
        "stack": (stack.name, stack.area, stack.language),
        "tools": (*stack.tools, "git", "logs"),
        "code language": stack.language,
        "difficulty": difficulty,
        "reading time": reading_minutes,
        "view count": views,
        "score": {
            "quality": quality,
            "freshness": freshness,
            "depth": depth,
            "clarity": clarity,
        },
        "revision": {
            "status": status,
            "version": version,
            "last reviewed": dates.last_reviewed.isoformat(),
        },
        "reference": "",
        "hash": "",
        "flags": {
            "ai generated style": 1,
            "has images": int(bool(images)),
            "image heavy": int(len(images) >= 3),
            "needs human review": int(quality < REVIEW_BELOW),
        },
        "checklist": checklist,
        "entities": (
            {"name": stack.name, "type": "stack"},
            {"name": stack.area, "type": "area"},
            {"name": phrase, "type": "problem"},
        ),
    }
    if images:
        box["image sources"] = tuple(
            {"source": image.source, "url": image.url, "caption": image.caption} for image in images
        )
    box["payload"] = {
        "source id": f"alphanode-{id:06d}",
        "generator": GENERATOR,
        "paragraphs": paragraphs,
        "scenario": scenario,
        "seed": id,
    }
    box["notes"] = prose.notes
    return box


def reference(id: int, digest: str) -> str:
    """Return ``anp-ref-%06d-NNNN`` with a four-digit suffix from the article's digest."""
    return f"anp-ref-{id:06d}-{1000 + int(digest, 16) % 9000}"
