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

from synth import dates, metabox, popularity, slugs
from synth.classic_prose import APPROACH, FINAL_NOTES, INTROS, OWNER, POOLS, SUMMARY, TITLES
from synth.draws import Draws
from synth.figures import figures
from synth.model import Article, Code, Section
from synth.subjects import CHECKLISTS, PROBLEMS, SCENARIOS, STACKS, Problem, Stack

_AUTHORS = 24
_DIFFICULTIES = ("beginner", "intermediate", "advanced")
_STATUSES = ("expanded", "expanded", "expanded", "reviewed", "drafted")


def slug(draws: Draws, id: int, seed: int) -> str:
    """Return the slug of an article without composing it."""
    return slugs.of_title(_title(draws, _problem(draws), _stack(draws)), id)


def compose(draws: Draws, id: int, revision: int, seed: int) -> Article:
    """Return an unsealed article: its digest, and the parts of the meta box that follow from it, are empty."""
    problem, stack = _problem(draws), _stack(draws)
    scenario = draws.choice("scenario", SCENARIOS)
    slots = {"problem": problem.phrase, "stack": stack.name, "scenario": scenario}
    title = _title(draws, problem, stack)
    sections = _sections(draws, revision, stack)
    checklist = tuple(item.lower() for item in draws.choice("checklist", CHECKLISTS))
    images = figures(id, f"{problem.phrase} with {stack.name}".lower(), draws.below("images", 5))
    when = dates.classic(draws, revision)
    views = popularity.views(popularity.score(id, seed))
    box = metabox.build(
        id=id,
        problem=problem,
        stack=stack,
        scenario=scenario,
        summary=SUMMARY.format_map(slots),
        difficulty=draws.choice("difficulty", _DIFFICULTIES),
        reading_minutes=draws.between("reading time", 4, 12),
        views=views,
        quality=draws.between("quality", 70, 98),
        freshness=draws.between("freshness", 60, 99),
        depth=draws.between("depth", 65, 95),
        clarity=draws.between("clarity", 70, 96),
        status=draws.choice("status", _STATUSES),
        version=f"1.{draws.below('minor', 10)}.{draws.below('patch', 10) + revision}",
        dates=when,
        checklist=checklist,
        images=images,
        paragraphs=1 + sum(len(section.paragraphs) for section in sections),
    )
    return Article(
        id=id,
        revision=revision,
        profile="classic",
        seed=seed,
        title=title,
        slug=slugs.of_title(title, id),
        intro=draws.choice("intro", INTROS).format_map(slots).lower(),
        sections=sections,
        checklist=checklist,
        images=images,
        final_notes=FINAL_NOTES.format_map(slots).lower(),
        categories=slugs.categories(stack, problem),
        tags=slugs.tags(stack, problem),
        author=draws.below("author", _AUTHORS),
        published=when.published,
        modified=when.modified,
        last_reviewed=when.last_reviewed,
        meta=metabox.lowered(box),
        digest="",
    )


def _problem(draws: Draws) -> Problem:
    return draws.choice("problem", PROBLEMS)


def _stack(draws: Draws) -> Stack:
    return draws.choice("stack", STACKS)


def _title(draws: Draws, problem: Problem, stack: Stack) -> str:
    return draws.choice("title", TITLES).format(problem=problem.phrase, stack=stack.name).lower()


def _sections(draws: Draws, revision: int, stack: Stack) -> tuple[Section, ...]:
    wanted = draws.between("paragraphs", 5, 7)
    owner = OWNER.format(stack=stack.name).lower()
    sections: list[Section] = []
    number = 0
    for position, (heading, chosen) in enumerate(_chosen(draws, wanted, revision)):
        paragraphs = []
        for paragraph in chosen:
            number += 1
            ending = f" {owner}" if number % 3 == 0 else f" {APPROACH.lower()}" if number % 4 == 0 else ""
            paragraphs.append(paragraph.lower() + ending)
        has_code = draws.below(f"code {position}", 10) < 3
        code = Code(stack.language.lower(), stack.snippet) if has_code else None
        sections.append(Section(heading.lower(), tuple(paragraphs), code))
    return tuple(sections)


def _chosen(draws: Draws, wanted: int, revision: int) -> list[tuple[str, list[str]]]:
    """Fill ``wanted`` paragraphs greedily; each revision then swaps one of them for another of its pool."""
    filled: list[tuple[str, list[str], list[str]]] = []
    for pool in draws.shuffled("sections", POOLS):
        room = min(wanted - sum(len(taken) for _, taken, _ in filled), pool.quota)
        if room == 0:
            break
        shuffled = draws.shuffled(f"pool {pool.heading}", pool.paragraphs)
        filled.append((pool.heading, shuffled[:room], shuffled[room:]))
    for edit in range(1, revision + 1):
        _, taken, spare = filled[draws.below(f"edit {edit} section", len(filled))]
        one, other = draws.below(f"edit {edit} out", len(taken)), draws.below(f"edit {edit} in", len(spare))
        taken[one], spare[other] = spare[other], taken[one]
    return [(heading, taken) for heading, taken, _ in filled]
