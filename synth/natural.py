"""The natural profile: articles from a small grammar, each about something of its own.

An article fixes a fact sheet (`factsheet`) and tells a story about it: sections of a few kinds, in order;
paragraphs as plans of moves; each move one sentence frame whose slots are drawn from Zipf-weighted lexicons.
Within an article a move does not repeat a frame before it has used all of them. Lengths follow a lognormal
distribution with a median of about 600 words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import cycle, islice
from math import gcd
from operator import getitem

from synth import dates, metabox, popularity, slugs
from synth.draws import CELLS, Draws
from synth.factsheet import facts, name, subject
from synth.figures import figures
from synth.model import Article, Code, Section
from synth.natural_frames import FINAL_NOTES, INTROS, KINDS, MOVES, SUMMARIES, TITLES, Kind
from synth.natural_lexicon import LEADS, TABLES, weighted
from synth.subjects import CHECKLISTS, SNIPPET_NOUN, Stack

_WORDS_A_MINUTE = 220
_AUTHORS = weighted(range(48))
_DIFFICULTIES = weighted(("intermediate", "beginner", "advanced"))
_IMAGES = weighted((1, 0, 2, 3, 4))
# Words at 65 evenly spaced quantiles of a lognormal distribution, median 600 and sigma 0.8, its ends cut off.
_LENGTHS = (
    72, 107, 135, 157, 176, 193, 209, 224, 239, 253, 267, 281, 295, 309, 322, 336, 350, 364, 378, 392, 406, 420,
    435, 450, 465, 480, 496, 512, 529, 546, 564, 581, 600, 619, 639, 659, 680, 702, 725, 749, 774, 800, 828, 857,
    887, 919, 954, 990, 1029, 1071, 1117, 1166, 1220, 1280, 1346, 1421, 1506, 1605, 1722, 1865, 2047, 2293, 2663,
    3361, 5007,
)  # fmt: skip
_FRAMING_WORDS = 51
"""What the intro and the final notes take of an article's words, on average."""
_PARAGRAPH_WORDS = 68
_SLOTS = 7
"""The most slots a frame may have."""
_PARAGRAPH_CELLS = (_SLOTS + 1) * max(len(plan) for kind in KINDS for plan in kind.plans)


@dataclass(frozen=True, slots=True)
class _Frame:
    """A sentence ready to fill: slots are ``%s``, one table each; facts are still names in braces.

    It stands alone with its capital letter, or follows a lead in lower case.
    """

    alone: str
    alone_tables: tuple[tuple[str, ...], ...]
    led: str
    led_tables: tuple[tuple[str, ...], ...]


def _compiled(text: str) -> _Frame:
    slots = [slot for slot in _NAME.findall(text) if slot in TABLES]
    if len(slots) > _SLOTS:
        raise ValueError(f"Frame {text!r} has {len(slots)} slots: at most {_SLOTS} are drawn.")
    led = _NAME.sub(lambda match: "%s" if match[1] in TABLES else match[0], text.replace("%", "%%")) + "."
    tables = tuple(TABLES[slot] for slot in slots)
    if led.startswith("%s"):
        return _Frame(led, (_capitals(slots[0]), *tables[1:]), led, tables)
    return _Frame(led[0].upper() + led[1:], tables, led, tables)


@cache
def _capitals(slot: str) -> tuple[str, ...]:
    return tuple(entry[0].upper() + entry[1:] for entry in TABLES[slot])


_NAME = re.compile(r"{(\w+)}")
_FRAMES = {move: tuple(map(_compiled, texts)) for move, texts in MOVES.items()}
_STRIDES = {
    move: tuple(stride for stride in range(1, len(frames)) if gcd(stride, len(frames)) == 1)
    for move, frames in _FRAMES.items()
}


def _in_turn(draws: Draws) -> dict[str, Iterator[_Frame]]:
    """Return the frames of each move in the order one article uses them: a start and a stride that reach them all."""
    cells = iter(draws.cells("frames", 2 * len(_FRAMES)))
    turns: dict[str, Iterator[_Frame]] = {}
    for move, frames in _FRAMES.items():
        start, stride = next(cells) * len(frames) // CELLS, next(cells) * len(_STRIDES[move]) // CELLS
        turns[move] = islice(cycle(frames), start, None, _STRIDES[move][stride])
    return turns


def slug(draws: Draws, id: int, seed: int) -> str:
    """Return the slug of an article without composing it."""
    problem, stack, scenario = subject(draws)
    template, service = name(id, seed)
    return slugs.of_title(_title(template, problem.phrase, stack.name, scenario, service), id)


def compose(draws: Draws, id: int, revision: int, seed: int) -> Article:
    """Return an unsealed article: its digest, and the parts of the meta box that follow from it, are empty."""
    problem, stack, scenario = subject(draws)
    template, service = name(id, seed)
    title = _title(template, problem.phrase, stack.name, scenario, service)
    sheet = facts(draws, problem, stack, scenario, service)
    intro, final_notes, summary, author, difficulty, images = draws.cells("choices", 6)
    opening = (_of(INTROS, intro), _of(FINAL_NOTES, final_notes), _of(SUMMARIES, summary))
    (intro_text, final_text, summary_text), sections = _told(draws, revision, opening, sheet, stack)
    words = sum(
        paragraph.count(" ") + 1
        for paragraph in (intro_text, final_text, *(each for section in sections for each in section.paragraphs))
    )
    edits = _edits(draws)
    when = dates.natural(draws, edits, revision)
    checklist = draws.choice("checklist", CHECKLISTS)
    pictures = figures(id, f"{sheet['Problem']} with {stack.name}", _IMAGES[images])
    age = (dates.AS_OF.date() - when.modified.date()).days
    return Article(
        id=id,
        revision=revision,
        profile="natural",
        seed=seed,
        title=title,
        slug=slugs.of_title(title, id),
        intro=intro_text,
        sections=sections,
        checklist=checklist,
        images=pictures,
        final_notes=final_text,
        categories=slugs.categories(stack, problem),
        tags=slugs.tags(stack, problem),
        author=_AUTHORS[author],
        published=when.published,
        modified=when.modified,
        last_reviewed=when.last_reviewed,
        meta=metabox.build(
            metabox.Facts(
                id=id,
                problem=problem,
                stack=stack,
                scenario=scenario,
                summary=summary_text,
                difficulty=_DIFFICULTIES[difficulty],
                reading_minutes=-(-words // _WORDS_A_MINUTE),
                views=popularity.views(popularity.score(id, seed)),
                quality=draws.between("quality", 70, 98),
                freshness=max(20, 99 - age // 30),
                depth=min(99, 45 + words // 30),
                clarity=draws.between("clarity", 70, 96),
                status=_status(edits + revision),
                version=f"1.{(edits + revision) // 10}.{(edits + revision) % 10}",
                dates=when,
                checklist=checklist,
                images=pictures,
                paragraphs=1 + sum(len(section.paragraphs) for section in sections),
            )
        ),
        digest="",
    )


def _of(texts: tuple[str, ...], cell: int) -> str:
    return texts[cell * len(texts) // CELLS]


def _title(template: int, problem: str, stack: str, scenario: str, service: str) -> str:
    return TITLES[template].format(
        problem=problem, Problem=problem[0].upper() + problem[1:], stack=stack, scenario=scenario, service=service
    )


def _edits(draws: Draws) -> int:
    # A product of uniform draws has a long tail: most articles are edited a few times, some dozens of times.
    one, other = draws.cells("edits", 2)
    return one * one * other // (CELLS * CELLS * CELLS // 40)


def _status(edits: int) -> str:
    return "drafted" if edits == 0 else "reviewed" if edits < 3 else "updated" if edits < 8 else "expanded"


def _told(
    draws: Draws, revision: int, opening: tuple[str, ...], sheet: dict[str, str], stack: Stack
) -> tuple[list[str], tuple[Section, ...]]:
    """Return the opening texts and the sections, with every fact in its place."""
    outline = _outline(draws)
    paragraphs = sum(len(plans) for _, plans, _ in outline)
    edited = _edited(draws, revision, paragraphs)
    body = draws.cells("body", paragraphs * _PARAGRAPH_CELLS)
    turns = _in_turn(draws)
    lines = list(opening)
    number = 0
    for heading, plans, _ in outline:
        lines.append(heading)
        for plan in plans:
            cells = body[number * _PARAGRAPH_CELLS : (number + 1) * _PARAGRAPH_CELLS]
            if edit := edited.get(number):
                cells = draws.cells(f"body edit {edit}", _PARAGRAPH_CELLS)
            lines.append(_paragraph(cells, plan, turns))
            number += 1
    # One pass puts the facts into everything; no line holds a line break.
    told = "\n".join(lines).format_map(sheet).split("\n")
    service = sheet["service"]
    sections = []
    position = len(opening)
    for _, plans, has_code in outline:
        end = position + 1 + len(plans)
        code = _code(stack, sheet["noun"]) if has_code else None
        sections.append(Section(_capital(told[position], service), tuple(told[position + 1 : end]), code))
        position = end
    return [_capital(text, service) for text in told[: len(opening)]], tuple(sections)


def _code(stack: Stack, noun: str) -> Code:
    """Return the stack's snippet, about a noun of the article's own."""
    text = stack.snippet.replace(SNIPPET_NOUN, noun).replace(SNIPPET_NOUN.capitalize(), noun.capitalize())
    return Code(stack.language, text)


def _capital(text: str, service: str) -> str:
    """Return a line with a capital first letter, unless it begins with the service's name, which has none."""
    return text if text.startswith(service) else text[0].upper() + text[1:]


def _outline(draws: Draws) -> list[tuple[str, list[tuple[str, ...]], bool]]:
    """Return the heading, the plans of the paragraphs, and whether code follows, for each section."""
    wanted = max(
        2, (_length(draws.below("length", 1 << 20)) - _FRAMING_WORDS + _PARAGRAPH_WORDS // 2) // _PARAGRAPH_WORDS
    )
    kept = min(len(KINDS), 2 + wanted // 5)
    chosen = sorted(draws.shuffled("kinds", range(len(KINDS)))[:kept])
    cells = iter(draws.cells("outline", 2 * kept + wanted))
    outline = []
    for place, kind in enumerate(KINDS[index] for index in chosen):
        share = wanted * (place + 1) // kept - wanted * place // kept
        heading, has_code = _of(kind.headings, next(cells)), next(cells) * 10 < 3 * CELLS
        outline.append((heading, [_plan(kind, next(cells)) for _ in range(share)], has_code))
    return outline


def _plan(kind: Kind, cell: int) -> tuple[str, ...]:
    return kind.plans[cell * len(kind.plans) // CELLS]


def _length(uniform: int) -> int:
    step, rest = divmod(uniform * (len(_LENGTHS) - 1), 1 << 20)
    return _LENGTHS[step] + ((_LENGTHS[step + 1] - _LENGTHS[step]) * rest >> 20)


def _edited(draws: Draws, revision: int, paragraphs: int) -> dict[int, int]:
    """Return the last revision that rewrote each paragraph; every revision rewrites one."""
    return {draws.below(f"edit {edit}", paragraphs): edit for edit in range(1, revision + 1)}


def _paragraph(cells: tuple[int, ...], plan: tuple[str, ...], turns: dict[str, Iterator[_Frame]]) -> str:
    sentences: list[str] = []
    start = 0
    for move in plan:
        frame = next(turns[move])
        slots = cells[start + 1 : start + 1 + _SLOTS]
        # A paragraph never opens with a lead: there would be nothing to lead over from.
        if sentences and (lead := LEADS[cells[start]]):
            sentences.append(lead + frame.led % tuple(map(getitem, frame.led_tables, slots)))
        else:
            sentences.append(frame.alone % tuple(map(getitem, frame.alone_tables, slots)))
        start += _SLOTS + 1
    return " ".join(sentences)
