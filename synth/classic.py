"""The classic profile: the original synthesizer's shape, rule for rule, on newly written sentences in lower case.

* Five to seven section paragraphs, numbered straight through. Every third ends in one fixed sentence, every
  fourth that is not a third in another.
* Four sections in random order; each gives its whole quota of paragraphs, shuffled and never repeated, before
  the next begins.
* A section ends in the stack's snippet three times in ten.
* None to four images; the providers run in a fixed cycle.
* Scores, reading time, status and version are independent draws, as they were. Views follow popularity, which
  the original lacks.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import permutations
from typing import NamedTuple, TypeVar

from synth import dates, metabox, popularity, slugs
from synth.classic_prose import APPROACH, FINAL_NOTES, INTROS, OWNER, POOLS, SUMMARY, TITLES, Pool
from synth.draws import Draws
from synth.figures import figures
from synth.model import Article, Code, Section
from synth.subjects import CHECKLISTS, PROBLEMS, SCENARIOS, STACKS, Problem, Stack

_AUTHORS = 24
_DIFFICULTIES = ("beginner", "intermediate", "advanced")
_STATUSES = ("expanded", "expanded", "expanded", "reviewed", "drafted")


class _Fields(NamedTuple):
    """What an article is drawn as, in the order in which its stream says it, each from 0 to 2**16 - 1."""

    problem: int
    stack: int
    scenario: int
    title: int
    intro: int
    checklist: int
    images: int
    difficulty: int
    reading_time: int
    quality: int
    freshness: int
    depth: int
    clarity: int
    status: int
    minor: int
    patch: int
    author: int
    paragraphs: int
    sections: int


_FIELDS = struct.Struct("<19H")
_DATES = struct.Struct("<3I")
_DATES_AT = 64
"""Where the dates begin in the stream; new fields have room before them."""
_PLACES_AT = 96
"""Where the places of the paragraphs begin, one of two bytes for each, and then code or none for each section."""
_MOST_PARAGRAPHS = 7
_PLACES = struct.Struct(f"<{_MOST_PARAGRAPHS + len(POOLS)}H")


class _Words(NamedTuple):
    """All that a page is made of, in one case; snippets and image addresses have their own."""

    problems: tuple[Problem, ...]
    stacks: tuple[Stack, ...]
    scenarios: tuple[str, ...]
    titles: tuple[str, ...]
    intros: tuple[str, ...]
    summary: str
    checklists: tuple[tuple[str, ...], ...]
    owners: Mapping[str, str]
    final_notes: Mapping[str, str]
    codes: Mapping[str, Code]
    approach: str
    orders: tuple[tuple[Pool, ...], ...]
    prose: metabox.Prose
    capital: Callable[[str], str]


def _words(case: Callable[[str], str], prose: metabox.Prose, capital: Callable[[str], str]) -> _Words:
    stacks = tuple(
        replace(
            stack,
            name=case(stack.name),
            area=case(stack.area),
            language=case(stack.language),
            tools=tuple(map(case, stack.tools)),  # type: ignore[arg-type]  # four, as they were
        )
        for stack in STACKS
    )
    pools = (replace(pool, heading=case(pool.heading), paragraphs=tuple(map(case, pool.paragraphs))) for pool in POOLS)
    return _Words(
        problems=tuple(replace(problem, phrase=case(problem.phrase)) for problem in PROBLEMS),
        stacks=stacks,
        scenarios=tuple(map(case, SCENARIOS)),
        titles=tuple(map(case, TITLES)),
        intros=tuple(map(case, INTROS)),
        summary=case(SUMMARY),
        checklists=tuple(tuple(map(case, items)) for items in CHECKLISTS),
        owners={stack.name: " " + case(OWNER).format(stack=stack.name) for stack in stacks},
        final_notes={stack.name: case(FINAL_NOTES).format(stack=stack.name) for stack in stacks},
        codes={stack.name: Code(stack.language, stack.snippet) for stack in stacks},
        approach=" " + case(APPROACH),
        orders=tuple(permutations(pools)),
        prose=prose,
        capital=capital,
    )


_LOWER = _words(str.lower, metabox.LOWER, str)


@cache
def _natural() -> _Words:
    return _words(str, metabox.PROSE, lambda text: text[:1].upper() + text[1:])


_Item = TypeVar("_Item")


def _of(items: Sequence[_Item], drawn: int) -> _Item:
    return items[drawn * len(items) >> 16]


def slug(draws: Draws, id: int, seed: int) -> str:
    """Return the slug of an article without composing it."""
    fields = _Fields._make(_FIELDS.unpack(draws.stream("article", _FIELDS.size)))
    # It is in lower case, whatever the title is in.
    problem, stack = _of(_LOWER.problems, fields.problem), _of(_LOWER.stacks, fields.stack)
    _, stem = _titled(_of(_LOWER.titles, fields.title), problem.phrase, stack.name)
    return f"{stem}-{id}"


# Few enough to be kept: templates times problems times stacks.
@cache
def _titled(template: str, problem: str, stack: str) -> tuple[str, str]:
    title = template.format(problem=problem, stack=stack)
    return title, slugs.stem(title)


def compose(draws: Draws, id: int, revision: int, seed: int, *, is_lower: bool = True) -> Article:
    """Return an unsealed article: its digest, and the parts of the meta box that follow from it, are empty.

    In lower case, as the original's are, or in the case of sentences.
    """
    words = _LOWER if is_lower else _natural()
    raw = draws.stream("article", _PLACES_AT + _PLACES.size)
    fields = _Fields._make(_FIELDS.unpack_from(raw))
    problem, stack, scenario = (
        _of(words.problems, fields.problem),
        _of(words.stacks, fields.stack),
        _of(words.scenarios, fields.scenario),
    )
    slots = {"problem": problem.phrase, "stack": stack.name, "scenario": scenario}
    title, stem = _titled(_of(words.titles, fields.title), problem.phrase, stack.name)
    wanted = 5 + (fields.paragraphs * 3 >> 16)
    places = _PLACES.unpack_from(raw, _PLACES_AT)
    filled = _filled(draws, _of(words.orders, fields.sections), wanted, places, revision)
    checklist = _of(words.checklists, fields.checklist)
    images = figures(id, words.capital(f"{problem.phrase} with {stack.name}"), fields.images * 5 >> 16)
    reviewed, modified, published = _DATES.unpack_from(raw, _DATES_AT)
    when = dates.classic(reviewed, modified, published, revision)
    return Article(
        id=id,
        revision=revision,
        profile="classic",
        seed=seed,
        title=words.capital(title),
        slug=f"{stem}-{id}",
        intro=words.capital(_of(words.intros, fields.intro).format_map(slots)),
        sections=_sections(words, filled, stack, places[_MOST_PARAGRAPHS:]),
        checklist=checklist,
        images=images,
        final_notes=words.final_notes[stack.name],
        categories=slugs.categories(stack, problem),
        tags=slugs.tags(stack, problem),
        author=fields.author * _AUTHORS >> 16,
        published=when.published,
        modified=when.modified,
        last_reviewed=when.last_reviewed,
        meta=metabox.build(
            id=id,
            problem=problem,
            stack=stack,
            scenario=scenario,
            summary=words.summary.format_map(slots),
            difficulty=_of(_DIFFICULTIES, fields.difficulty),
            reading_minutes=4 + (fields.reading_time * 9 >> 16),
            views=popularity.views(popularity.score(id, seed)),
            quality=70 + (fields.quality * 29 >> 16),
            freshness=60 + (fields.freshness * 40 >> 16),
            depth=65 + (fields.depth * 31 >> 16),
            clarity=70 + (fields.clarity * 27 >> 16),
            status=_of(_STATUSES, fields.status),
            version=f"1.{fields.minor * 10 >> 16}.{(fields.patch * 10 >> 16) + revision}",
            dates=when,
            checklist=checklist,
            images=images,
            paragraphs=1 + wanted,
            prose=words.prose,
        ),
        digest="",
    )


_Filled = list[tuple[Pool, list[str], list[str]]]
"""Pools in the order of a page, with the paragraphs taken from each and those that were left."""


def _filled(draws: Draws, pools: Sequence[Pool], wanted: int, drawn: Sequence[int], revision: int) -> _Filled:
    """Fill ``wanted`` paragraphs greedily; each revision then swaps one of them for another of its pool."""
    filled: _Filled = []
    number = 0
    for pool in pools:
        room = min(wanted - number, pool.quota)
        if room == 0:
            break
        shuffled = list(pool.paragraphs)
        # Only as far as it is looked at.
        for place in range(room):
            other = place + ((len(shuffled) - place) * drawn[number] >> 16)
            shuffled[place], shuffled[other] = shuffled[other], shuffled[place]
            number += 1
        filled.append((pool, shuffled[:room], shuffled[room:]))
    for edit in range(1, revision + 1):
        _, taken, spare = filled[draws.below(f"edit {edit} section", len(filled))]
        one, other = draws.below(f"edit {edit} out", len(taken)), draws.below(f"edit {edit} in", len(spare))
        taken[one], spare[other] = spare[other], taken[one]
    return filled


def _sections(words: _Words, filled: _Filled, stack: Stack, drawn: Sequence[int]) -> tuple[Section, ...]:
    """Return sections of the paragraphs that were taken, with what some end in; ``drawn`` says which end in code."""
    sections: list[Section] = []
    number = 0
    for (pool, taken, _), code in zip(filled, drawn, strict=False):
        paragraphs = []
        for paragraph in taken:
            number += 1
            ending = words.owners[stack.name] if number % 3 == 0 else words.approach if number % 4 == 0 else ""
            paragraphs.append(paragraph + ending)
        sections.append(
            Section(pool.heading, tuple(paragraphs), words.codes[stack.name] if code * 10 >> 16 < 3 else None)
        )
    return tuple(sections)
