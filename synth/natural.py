"""The natural profile: articles from a small grammar, each about something of its own.

An article fixes a fact sheet (`factsheet`) and tells a story about it: sections of a few kinds, in order; paragraphs as
plans of moves; each move one sentence frame whose slots are drawn from Zipf-weighted lexicons. Within an article a move
does not repeat a frame before it has used all of them. Lengths follow a lognormal distribution with a median of about
600 words.

All that can be decided beforehand is decided when this module is imported. A sentence is a row of tables, from each of
which one byte picks a piece of text, with what stands around a slot already in the piece: to write a paragraph is to
look up and to join.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from itertools import chain, combinations, cycle, islice
from math import gcd
from operator import getitem
from typing import NamedTuple, TypeVar

from synth import dates, factsheet, metabox, popularity, slugs
from synth import dials as dial_box
from synth.dials import MOST_PARTS, STANDARD, Dials
from synth.draws import CELLS, Draws
from synth.figures import figures
from synth.model import Article, Code, Section
from synth.natural_frames import EDITS, FINAL_NOTES, INTROS, KINDS, MOVES, SUMMARIES, TITLES
from synth.natural_lexicon import FIRST_WORDS, LEADS, SLOTS, Table, halved, weighted
from synth.profile import PROFILE_VERSIONS
from synth.subjects import CHECKLISTS, PROBLEMS, SCENARIOS, SNIPPET_NOUN, STACKS, Stack

_WORDS_A_MINUTE = 220
_PROBLEMS = weighted(PROBLEMS)
_STACKS = weighted(STACKS)
_SCENARIOS = weighted(SCENARIOS)
_AUTHORS = weighted(range(48))
_DIFFICULTIES = weighted(("intermediate", "beginner", "advanced"))
_IMAGES = weighted((1, 0, 2, 3, 4))
_MORE_TAGS = weighted(FIRST_WORDS[:48])
"""What articles are tagged with that have more tags than their subjects."""
_FRAMING_WORDS = 60
"""What the title, the intro and the final notes take of an article's words, on average."""
_PARAGRAPH_WORDS = 68
"""With its share of a heading."""


class _Fields(NamedTuple):
    """What an article is drawn as, in the order in which its first stream says it."""

    length: int
    edited: int
    day_one: int
    day_two: int
    second: int
    reviewed: int
    edits_one: int
    edits_two: int
    quality: int
    clarity: int
    problem: int
    stack: int
    scenario: int
    intro: int
    final_notes: int
    summary: int
    author: int
    difficulty: int
    images: int
    checklist: int
    kinds: int
    weekend: int
    hour: int
    way: int


_FIELDS = struct.Struct("<II8H14B")
_FACTS_AT = 64
"""Where the fact sheet begins in the stream; new fields have room before it."""
_STREAM = _FACTS_AT + factsheet.SIZE

_Item = TypeVar("_Item")
_Row = tuple[tuple[str, ...], tuple[Table, ...]]
"""A text ready to be filled: literals, and as many tables; behind each literal stands what a byte picks from its table.

Facts are conversions of ``%``, which puts them into a whole article twice as fast as ``str.format`` does.
"""

_FACT = re.compile(r"{(\w+)}")
_SLOT = re.compile("{(" + "|".join(SLOTS) + ")}")
_NOTHING: Table = ("",) * CELLS


def _template(text: str) -> str:
    """Return a text without slots for ``%``, with its facts as conversions.

    Raises:
        ValueError: The text has a per cent sign, which would be taken for one.
    """
    if "%" in text:
        raise ValueError(f"{text!r} has a per cent sign: write 'percent'")
    return _FACT.sub(r"%(\1)s", text)


def _begun(text: str) -> str:
    """Return a text as the beginning of a sentence: names keep their case, a metric or a problem does not."""
    return re.sub(r"^{(problem|metric)}", lambda match: f"{{{match[1].capitalize()}}}", _capital(text))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _row(text: str) -> _Row:
    """Return a row of a text, which ends in an empty table behind the last literal."""
    literals: list[str] = []
    tables: list[Table] = []
    parts = _SLOT.split(text)
    slots = parts[1::2]
    for place, (literal, slot) in enumerate(zip(parts[::2], slots, strict=False)):
        # Where a slot takes two bytes, nothing stands between its tables.
        literals += [_template(literal), *("" for _ in SLOTS[slot][1:])]
        is_twice = len(SLOTS[slot]) == 1 and slots.count(slot) == 2
        tables += [halved(*SLOTS[slot])[slot in slots[:place]]] if is_twice else SLOTS[slot]
    return (*literals, _template(parts[-1])), (*tables, _NOTHING)


# Kept, so that paragraphs share what they have in common, which then stays in the processor's own cache.
@cache
def _sentence(text: str, lead: str) -> _Row:
    """Return the row of a frame as a sentence; one that is led over to begins in lower case."""
    if lead or not text.startswith("{"):
        return _row(f"{lead} {text}." if lead else _begun(text) + ".")
    literals, (table, *tables) = _row(_begun(text) + ".")
    return literals, (table if literals[0] else tuple(map(_capital, table)), *tables)


def _joined(rows: Iterable[_Row]) -> _Row:
    """Return rows as one, with a space between them; what stands side by side then is one literal."""
    literals: list[str] = []
    tables: list[Table] = []
    for index, (some_literals, some_tables) in enumerate(rows):
        if index:
            tables.pop()
            literals.append(literals.pop() + " " + some_literals[0])
            literals += some_literals[1:]
        else:
            literals += some_literals
        tables += some_tables
    return tuple(literals), tuple(tables)


_MOVES = tuple(MOVES.values())
_PLANS = tuple(tuple(list(MOVES).index(move) for move in plan) for kind in KINDS for plan in kind.plans)
"""The plans of all kinds, one after the other; moves by their place in ``MOVES``."""
_DECKS, _TURNS = 4, 14
"""The frames of a move are shuffled in so many ways, and paragraph after paragraph turns up the next two of them."""


class _Kind(NamedTuple):
    """A kind of section.

    Attributes:
        headings: As lines, a table.
        plans: The codes of its plans (see ``_paragraph``), a table.
    """

    headings: Table
    plans: tuple[int, ...]


def _spread(items: Sequence[_Item]) -> tuple[_Item, ...]:
    """Return a table in which all items are equally likely."""
    return tuple(items[cell * len(items) // CELLS] for cell in range(CELLS))


def _kinds() -> Iterator[_Kind]:
    start = 0
    for kind in KINDS:
        end = start + len(kind.plans)
        headings = ["\n" + _template(_begun(each)) for each in kind.headings]
        yield _Kind(_spread(headings), _spread([plan * _DECKS * _TURNS for plan in range(start, end)]))
        start = end


_KINDS = tuple(_kinds())
_CHOSEN = {kept: _spread(tuple(combinations(_KINDS, kept))) for kept in range(1, len(_KINDS) + 1)}
_TITLES = tuple(_template(_begun(text)) for text in TITLES)
_INTROS, _FINAL_NOTES, _SUMMARIES = (
    _spread([_template(_begun(text)) for text in texts]) for texts in (INTROS, FINAL_NOTES, SUMMARIES)
)
_CHECKLISTS = _spread(CHECKLISTS)


@cache
def _deck(number: int, move: int) -> tuple[str, ...]:
    """Return the frames of a move in one of their orders: a start and a stride that reaches them all."""
    frames = _MOVES[move]
    count = len(frames)
    strides = [stride for stride in range(1, count) if gcd(stride, count) == 1]
    stride = strides[(number * 5 + move * 3) % len(strides)]
    return tuple(frames[(number * 11 + move * 7 + turn * stride) % count] for turn in range(count))


@cache
def _paragraph(code: int) -> _Row:
    """Return the row of a paragraph, which begins a line.

    Args:
        code: The number of its plan, times the number of ways to tell each, plus the way: a deck, and how far it has
            been turned.
    """
    plan, way = divmod(code, _DECKS * _TURNS)
    deck, turn = divmod(way, _TURNS)
    seen = [2 * turn] * len(_MOVES)
    rows = []
    for place, move in enumerate(_PLANS[plan]):
        frames = _deck(deck, move)
        # Two in nine sentences that can be are led over to from the one before.
        has_lead = place > 0 and (way * 7 + plan + place * 5) % 9 < 2
        rows.append(
            _sentence(
                frames[seen[move] % len(frames)], LEADS[(way * 31 + place * 17 + plan) % CELLS] if has_lead else ""
            )
        )
        seen[move] += 1
    (first, *literals), tables = _joined(rows)
    return ("\n" + first, *literals), tables


_EDITS = _spread([_row(" " + _begun(text) + ".") for text in EDITS])
_FRAMING_BYTES = 2 * len(KINDS)
"""A heading and a decision about code for as many sections as an article can have."""
_OPENING_LINES = 3
_FULL_STOP = ". "
"""What stands between two sentences; within one, a full stop is followed by no space."""
_PARAGRAPH_BYTES = 48
"""More tables than any paragraph has, which the tests see to."""


class _Tables(NamedTuple):
    """What follows from the dials alone.

    Attributes:
        lengths: See `dials.lengths`.
        images: How many, a table.
        code: Cells of a table that stand for code at the end of a section.
        tags: How many, a table; None leaves it to the subject.
        near_duplicates: Of 2**32.
    """

    lengths: tuple[int, ...]
    images: tuple[int, ...]
    code: int
    tags: tuple[int, ...] | None
    near_duplicates: int


@lru_cache(maxsize=256)
def _tables(dials: Dials) -> _Tables:
    return _Tables(
        dial_box.lengths(dials),
        dial_box.cells(dials.images) if dials.images else _IMAGES,
        round(dials.code * CELLS),
        dial_box.cells(dials.tags) if dials.tags else None,
        round(dials.near_duplicates * (1 << 32)),
    )


_STANDARD = _tables(STANDARD)
_LONGEST_CHAIN = 8
"""So often at most is the article that another one copies taken to be a copy itself."""
_COPIED_FROM = 200
"""So many ids at most lie between a copy and what it is a copy of."""


def draws_of(id: int, seed: int) -> Draws:
    """Return the draws of an article."""
    return Draws("natural", PROFILE_VERSIONS["natural"], seed, id)


def origin(draws: Draws, id: int, seed: int, dials: Dials) -> int:
    """Return the id of the article whose text an article has: its own, unless it is a near-duplicate."""
    share = _tables(dials).near_duplicates
    source = id
    for _ in range(_LONGEST_CHAIN):
        if not source or draws.below("copied", 1 << 32) >= share:
            break
        source -= 1 + draws.below("copied from", min(source, _COPIED_FROM))
        draws = draws_of(source, seed)
    return source


def slug(draws: Draws, id: int, seed: int, dials: Dials = STANDARD) -> str:
    """Return the slug of an article without composing it."""
    source = id if dials is STANDARD else origin(draws, id, seed, dials)
    if source != id:
        draws = draws_of(source, seed)
    fields = _Fields._make(_FIELDS.unpack_from(draws.stream("article", _FIELDS.size)))
    template, service = factsheet.name(source, seed)
    problem = _PROBLEMS[fields.problem].phrase
    named = {
        "problem": problem,
        "Problem": _capital(problem),
        "stack": _STACKS[fields.stack].name,
        "scenario": _SCENARIOS[fields.scenario],
        "service": service,
    }
    return slugs.of_title(_TITLES[template] % named, id)


def compose(draws: Draws, id: int, revision: int, seed: int, dials: Dials = STANDARD) -> Article:
    """Return an unsealed article: its digest, and the parts of the meta box that follow from it, are empty."""
    tables = _STANDARD if dials is STANDARD else _tables(dials)
    raw = draws.stream("article", _STREAM)
    own = fields = _Fields._make(_FIELDS.unpack_from(raw))
    source = origin(draws, id, seed, dials) if tables.near_duplicates else id
    writer = draws
    if source != id:
        # What was copied is about what the other is about; when, and by whom, is its own.
        writer = draws_of(source, seed)
        raw = writer.stream("article", _STREAM)
        fields = _Fields._make(_FIELDS.unpack_from(raw))
    problem, stack, scenario = _PROBLEMS[fields.problem], _STACKS[fields.stack], _SCENARIOS[fields.scenario]
    template, service = factsheet.name(source, seed)
    sheet = factsheet.facts(raw[_FACTS_AT:], problem, stack, scenario, service)
    outline = _outline(fields.length, fields.kinds, tables.lengths)
    opening = f"{_TITLES[template]}\n{_INTROS[fields.intro]}\n{_FINAL_NOTES[fields.final_notes]}"
    told, coded = _told(writer, revision, fields.way, outline, opening, tables.code)
    if source != id:
        told = _changed(draws, told, _told(draws, 0, own.way, outline, opening, tables.code)[0])
    # One pass puts the facts into everything.
    told %= sheet
    title, intro, final_notes, *lines = told.split("\n")
    sections, start, codes = [], 0, cycle(_CODES)
    for (_, count), has_code in zip(outline, coded, strict=True):
        end = start + 1 + count
        paragraphs = tuple(lines[start + 1 : end])
        if dials.paragraph:
            paragraphs = _broken(paragraphs, dials.paragraph)
        sections.append(Section(lines[start], paragraphs, next(codes)(stack, sheet) if has_code else None))
        start = end
    words = told.count(" ") + 3 + len(lines)
    edits = own.edits_one * own.edits_one * own.edits_two * dials.edits >> 48
    when = dates.natural(
        (own.day_one, own.day_two),
        own.weekend,
        own.hour,
        own.second,
        own.edited,
        own.reviewed,
        edits,
        revision,
        dials.published,
    )
    edits += revision
    checklist = _CHECKLISTS[fields.checklist]
    pictures = figures(id, f"{sheet['Problem']} with {stack.name}", tables.images[fields.images])
    tags = slugs.tags(stack, problem)
    return Article(
        id=id,
        revision=revision,
        profile="natural",
        seed=seed,
        title=title,
        slug=slugs.of_title(title, id),
        intro=intro,
        sections=tuple(sections),
        checklist=checklist,
        images=pictures,
        final_notes=final_notes,
        categories=slugs.categories(stack, problem),
        tags=tags if tables.tags is None else _tagged(draws, tags, tables.tags),
        author=_AUTHORS[own.author],
        published=when.published,
        modified=when.modified,
        last_reviewed=when.last_reviewed,
        meta=metabox.build(
            id=id,
            problem=problem,
            stack=stack,
            scenario=scenario,
            summary=_SUMMARIES[fields.summary] % sheet,
            difficulty=_DIFFICULTIES[fields.difficulty],
            reading_minutes=-(-words // _WORDS_A_MINUTE),
            views=popularity.views(popularity.score(id, seed), dials.popularity),
            quality=70 + (fields.quality * 29 >> 16),
            freshness=max(20, 99 - (dates.AS_OF - when.modified).days // 30),
            depth=min(99, 45 + words // 30),
            clarity=70 + (fields.clarity * 27 >> 16),
            status=_status(edits),
            version=f"1.{edits // 10}.{edits % 10}",
            dates=when,
            checklist=checklist,
            images=pictures,
            paragraphs=1 + sum([len(section.paragraphs) for section in sections]),
        ),
        digest="",
    )


def _changed(draws: Draws, told: str, other: str) -> str:
    """Return lines of an article with a few sentences, 5 to 15 of a hundred, from another way to tell the same."""
    lines, others = told.split("\n"), other.split("\n")
    places = [
        (number, place)
        for number in range(_OPENING_LINES, len(lines))
        for place in range(lines[number].count(_FULL_STOP) + 1)
        if lines[number].endswith(".")  # a heading is no sentence
    ]
    stream = draws.stream("changes", 1 + len(places))
    most = (13 + stream[0] % 26) * len(places) // CELLS or 1
    order = sorted(range(len(places)), key=lambda place: (stream[1 + place], place))
    texts = {number: lines[number][:-1].split(_FULL_STOP) for number, _ in places}
    for number, place in map(places.__getitem__, order[:most]):
        sentences = others[number][:-1].split(_FULL_STOP)
        texts[number][place] = sentences[place % len(sentences)]
    for number, sentences in texts.items():
        lines[number] = _FULL_STOP.join(sentences) + "."
    return "\n".join(lines)


def _broken(paragraphs: Sequence[str], words: int) -> tuple[str, ...]:
    """Return the text of paragraphs in others, each ending with the sentence that brings it nearest to ``words``."""
    broken: list[str] = []
    kept: list[str] = []
    length = 0
    for sentence in _FULL_STOP.join([paragraph[:-1] for paragraph in paragraphs]).split(_FULL_STOP):
        more = sentence.count(" ") + 1
        if kept and 2 * (words - length) < more:
            broken.append(_FULL_STOP.join(kept) + ".")
            kept, length = [], 0
        kept.append(sentence)
        length += more
    return (*broken, _FULL_STOP.join(kept) + ".")


def _tagged(draws: Draws, tags: tuple[str, ...], counts: tuple[int, ...]) -> tuple[str, ...]:
    """Return as many tags as were drawn: those of the subject, and then others."""
    stream = draws.stream("tags", 1 + 4 * MOST_PARTS)
    count = counts[stream[0]]
    more = (_MORE_TAGS[byte] for byte in stream[1:])
    return tuple(islice(dict.fromkeys(chain(tags, more)), count))


def _status(edits: int) -> str:
    return "drafted" if edits == 0 else "reviewed" if edits < 3 else "updated" if edits < 8 else "expanded"


_Outline = list[tuple[_Kind, int]]
"""The kinds of an article's sections, in order, each with its number of paragraphs."""


def _outline(length: int, kinds: int, lengths: tuple[int, ...]) -> _Outline:
    step, rest = divmod(length * (len(lengths) - 1), 1 << 32)
    length = lengths[step] + ((lengths[step + 1] - lengths[step]) * rest >> 32)
    wanted = max(1, (length - _FRAMING_WORDS + _PARAGRAPH_WORDS // 2) // _PARAGRAPH_WORDS)
    kept = min(len(_KINDS), wanted, 2 + wanted // 5)
    chosen = _CHOSEN[kept][kinds]
    return [(kind, wanted * (place + 1) // kept - wanted * place // kept) for place, kind in enumerate(chosen)]


def _told(
    draws: Draws, revision: int, way: int, outline: _Outline, opening: str, code_cells: int
) -> tuple[str, list[bool]]:
    """Return all lines of an article after its opening ones, facts still open, and whether code ends each section."""
    paragraphs = sum([count for _, count in outline])
    edited = _edited(draws, revision, paragraphs) if revision else {}
    stream = draws.stream("text", _FRAMING_BYTES + paragraphs * (1 + _PARAGRAPH_BYTES))
    literals: list[str] = [opening]
    tables: list[Table] = [_NOTHING]
    coded = []
    deck, turn = divmod(way % (_DECKS * _TURNS), _TURNS)
    first = 0
    for place, (kind, count) in enumerate(outline):
        literals.append(kind.headings[stream[place]])
        tables.append(_NOTHING)
        coded.append(stream[len(_KINDS) + place] < code_cells)
        for number in range(first, first + count):
            code = kind.plans[stream[_FRAMING_BYTES + number]] + deck * _TURNS + (turn + number) % _TURNS
            more_literals, more_tables = _paragraph(code)
            if number in edited:
                more_literals = _rewritten(draws, kind, edited[number], len(more_tables))
                more_tables = (_NOTHING,) * len(more_tables)
            literals += more_literals
            tables += more_tables
        first += count
    return _filled(literals, tables, stream[_FRAMING_BYTES + paragraphs :]), coded


def _filled(literals: Sequence[str], tables: Sequence[Table], cells: bytes) -> str:
    pieces = [""] * (2 * len(literals))
    pieces[::2] = literals
    pieces[1::2] = map(getitem, tables, cells)
    return "".join(pieces)


def _edited(draws: Draws, revision: int, paragraphs: int) -> dict[int, int]:
    """Return the last revision that rewrote each paragraph; every revision rewrites one."""
    return {draws.below(f"edit {edit}", paragraphs): edit for edit in range(1, revision + 1)}


def _rewritten(draws: Draws, kind: _Kind, edit: int, size: int) -> tuple[str, ...]:
    """Return the paragraph that a revision puts in the place of another, with a sentence that says so.

    It takes as many literals as the other did, so that no other paragraph is drawn differently.
    """
    stream = draws.stream(f"text of edit {edit}", 3 + 2 * _PARAGRAPH_BYTES)
    text = _filled(*_paragraph(kind.plans[stream[0]] + stream[1] % (_DECKS * _TURNS)), stream[3:])
    notice = _filled(*_EDITS[stream[2]], stream[3 + _PARAGRAPH_BYTES :])
    return (text + notice.replace("%(edit)s", str(edit)), *("" for _ in range(size - 1)))


@lru_cache(maxsize=4096)
def _snippet(stack: Stack, noun: str) -> Code:
    """Return the stack's snippet, about a noun of the article's own."""
    text = stack.snippet.replace(SNIPPET_NOUN, noun).replace(SNIPPET_NOUN.capitalize(), noun.capitalize())
    return Code(stack.language, text)


def _setting(sheet: Mapping[str, str]) -> Code:
    table, key = sheet["key"].split(".")
    return Code("TOML", f"# {sheet['config']}\n[{table}]\n{key} = {sheet['new'].replace(',', '')}")


def _request(sheet: Mapping[str, str]) -> Code:
    return Code(
        "Bash",
        "for turn in 1 2; do\n"
        f'  curl -sS -o /dev/null -D - "http://{sheet["host"]}{sheet["path"]}" | grep -i "^age:"\n'
        "done",
    )


def _query(sheet: Mapping[str, str]) -> Code:
    return Code(
        "SQL",
        f"SELECT count(*) AS changed\nFROM {sheet['table']}\n"
        f"WHERE updated_at > current_date - interval '{sheet['days']} days';",
    )


_CODES: tuple[Callable[[Stack, Mapping[str, str]], Code], ...] = (
    lambda stack, sheet: _snippet(stack, sheet["noun"]),
    lambda _, sheet: _setting(sheet),
    lambda _, sheet: _request(sheet),
    lambda _, sheet: _query(sheet),
    lambda stack, sheet: _snippet(stack, sheet["table"].partition("_")[2]),
)
"""What the code of an article's sections shows, one after the other: no two alike, unless there are many."""
