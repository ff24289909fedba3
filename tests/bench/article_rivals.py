"""The same number of words and fields from Faker, and what a process makes of articles, each in a process of its own.

``python article_rivals.py KIND COUNT START`` makes articles and says on one line of JSON what that took.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from typing import Any


def faked(seed: int, words: int) -> dict[str, Any]:
    """One article as somebody would have Faker make it: prose of so many words, and the fields of ours."""
    from faker import Faker

    fake = _FAKER.setdefault("fake", Faker("en_US", use_weighting=False))
    fake.seed_instance(seed)
    sentences = max(words // 12, 6)
    paragraphs = [" ".join(fake.sentence(12) for _ in range(4)) for _ in range(sentences // 4)]
    return {
        "id": seed,
        "title": fake.sentence(9),
        "slug": fake.slug(),
        "intro": paragraphs[0],
        "sections": [{"heading": fake.sentence(4), "paragraphs": paragraphs[1:]}],
        "checklist": [fake.sentence(5) for _ in range(5)],
        "images": [{"source": fake.domain_name(), "url": fake.image_url(), "caption": fake.sentence(6)}],
        "final_notes": fake.sentence(12),
        "categories": [fake.word(), fake.word()],
        "tags": [fake.word() for _ in range(4)],
        "author": fake.random_int(0, 47),
        "published": fake.date_time_between("-8y").isoformat(),
        "modified": fake.date_time_between("-4y").isoformat(),
        "last_reviewed": fake.date_between("-2y").isoformat(),
        "meta": {
            "topic": fake.sentence(5),
            "summary": fake.sentence(20),
            "outline": {"context": fake.sentence(4), "problem": fake.sentence(3), "action": fake.sentence(8)},
            "stack": [fake.word() for _ in range(3)],
            "tools": [fake.word() for _ in range(6)],
            "difficulty": fake.random_element(("beginner", "intermediate", "advanced")),
            "reading time": fake.random_int(1, 20),
            "view count": fake.random_int(180, 300_000),
            "score": {name: fake.random_int(20, 99) for name in ("quality", "freshness", "depth", "clarity")},
            "revision": {"status": fake.word(), "version": fake.numerify("1.#.#"), "reviewed": fake.date()},
            "reference": fake.bothify("anp-ref-######-####"),
            "hash": fake.hexify("^" * 24),
            "flags": {name: fake.random_int(0, 1) for name in ("style", "images", "heavy", "review")},
            "entities": [{"name": fake.word(), "type": fake.word()} for _ in range(3)],
            "payload": {"source": fake.uuid4(), "paragraphs": fake.random_int(5, 9), "seed": seed},
        },
    }


_FAKER: dict[str, Any] = {}


def _makers(words: int) -> dict[str, Callable[[int], object]]:
    from synth import article
    from synth.record import canonical

    return {
        "natural": article,
        "classic": lambda number: article(number, profile="classic"),
        "natural as JSON": lambda number: canonical(article(number)),
        "faker": lambda number: faked(number, words),
    }


def main() -> None:
    """Make them; the time of the first few, which compile and fill caches, is not counted."""
    kind, count, start, words = sys.argv[1], *map(int, sys.argv[2:])
    make = _makers(words)[kind]
    for number in range(20):
        make(start + number)
    began, cpu = time.perf_counter(), time.process_time()
    for number in range(start, start + count):
        make(number)
    print(
        json.dumps(
            {
                "seconds": time.perf_counter() - began,
                "cpu": time.process_time() - cpu,
                "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            }
        )
    )


if __name__ == "__main__":
    main()
