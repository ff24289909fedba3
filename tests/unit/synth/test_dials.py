"""Dials: turning one changes what it says, and nothing else."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from datetime import date
from pathlib import Path
from statistics import mean, median
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth import Article, Corpus, article, edge_cases, meta_volume, slug
from synth.corpus import Links
from synth.dials import CATALOGUE, SHAPES, STANDARD, Dials, cells, lengths, read, read_assignments, read_file
from synth.errors import DialError
from synth.formats import text
from synth.model import Meta
from synth.record import canonical, digest
from synth.subjects import STACKS

FEW = range(40_000, 40_300)


def words(one: Article) -> int:
    """Of the prose of an article."""
    text = [one.title, one.intro, one.final_notes, *(p for s in one.sections for p in (s.heading, *s.paragraphs))]
    return sum(len(each.split()) for each in text)


def values(meta: Meta) -> int:
    """How many scalars a value has in it."""
    if isinstance(meta, Mapping):
        return sum(map(values, meta.values()))
    return sum(map(values, meta)) if isinstance(meta, tuple) else 1


def depth(meta: Meta) -> int:
    """How many lists and maps lie within each other."""
    below = list(meta.values()) if isinstance(meta, Mapping) else list(meta) if isinstance(meta, tuple) else None
    return 0 if below is None else 1 + max(map(depth, below), default=0)


def sentences(one: Article) -> list[str]:
    """Of all paragraphs."""
    return [each for s in one.sections for p in s.paragraphs for each in p.removesuffix(".").split(". ")]


def unsealed(one: Article) -> Article:
    """An article without what follows from the rest of it."""
    return replace(one, digest="", meta={**one.meta, "reference": "", "hash": ""})


def dialled(ids: range = FEW, **said: object) -> list[Article]:
    """Some articles with dials turned."""
    dials = read(said)
    return [article(each, dials=dials) for each in ids]


@given(st.integers(0, 10**12), st.integers(0, 3), st.integers(0, 5))
def test_no_dial_turned_is_the_profile(id: int, revision: int, seed: int) -> None:
    """Equal dials that are another object make the same article."""
    one = article(id, revision=revision, seed=seed)

    assert article(id, revision=revision, seed=seed, dials=Dials()) == one
    assert article(id, revision=revision, seed=seed, dials=replace(STANDARD, links=7)) == one


TURNED: dict[str, tuple[object, set[str]]] = {
    "words": (900, {"sections", "meta"}),
    "spread": (0.2, {"sections", "meta"}),
    "lengths": ([500, 1000], {"sections", "meta"}),
    "paragraph": (20, {"sections", "meta"}),
    "images": ([0, 0, 0, 1], {"images", "meta"}),
    "code": (1, {"sections"}),
    "tags": ([0, 0, 0, 0, 0, 0, 1], {"tags"}),
    "links": (9, set()),
    "popularity": (1.1, {"meta"}),
    "near_duplicates": (1, {"title", "slug", "intro", "sections", "checklist", "images", "final_notes", "categories",
                            "tags", "meta"}),
    "edits": (300, {"modified", "last_reviewed", "meta"}),
    "published": (["2020-01-01", "2020-12-31"], {"published", "modified", "last_reviewed", "meta"}),
    "meta_scale": (3, {"meta"}),
    "meta_shape": ("deep", set()),
    "meta_keys": ([{"name": "price", "share": 0.5, "kind": "number", "size": 3}], {"meta"}),
    "case": ("lower", {"title", "intro", "sections", "checklist", "images", "final_notes", "meta"}),
    "edge_every": (1, {"title", "slug", "intro", "sections", "checklist", "images", "final_notes", "tags", "meta"}),
}  # fmt: skip


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_dial_changes_what_it_is_about_and_nothing_else(name: str) -> None:
    """Field by field, over some hundred articles; the seal follows from the rest."""
    value, changes = TURNED[name]
    changed: set[str] = set()
    for one, other in zip(map(unsealed, dialled()), map(unsealed, dialled(**{name: value})), strict=True):
        changed |= {each.name for each in fields(one) if getattr(one, each.name) != getattr(other, each.name)}

    assert changed == changes


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_turned_article_is_sealed_and_known_alone(name: str) -> None:
    """Its digest is over its own record, its slug is given without it, and it is the same in a corpus."""
    dials = read({name: TURNED[name][0], **({"meta_scale": 2} if name == "meta_shape" else {})})
    corpus = Corpus(first_id=39_000, count=2_000, dials=dials)
    for one in map(corpus.article, range(40_000, 40_030)):
        assert digest(unsealed(one)) == one.digest == one.meta["hash"]
        assert slug(one.id, dials=dials) == one.slug
        assert one.slug.endswith(f"-{one.id}")
        assert one.published <= one.modified
        assert one.modified.date() <= one.last_reviewed


def test_lengths_have_the_median_and_the_spread_that_were_asked_for() -> None:
    """Logarithms of what came out: their median, and their standard deviation."""
    few, many = dialled(words=300, spread=0.4), dialled(words=3_000, spread=0.4)

    assert median(map(words, few)) == pytest.approx(300, rel=0.1)
    assert median(map(words, many)) == pytest.approx(3_000, rel=0.1)
    logarithms = [math.log(words(each)) for each in many]
    assert math.sqrt(mean((each - mean(logarithms)) ** 2 for each in logarithms)) == pytest.approx(0.4, abs=0.06)
    assert lengths(read({"words": 1000, "spread": 0})) == (1000,) * 65


def test_quantiles_said_are_the_quantiles_that_come_out() -> None:
    """A quarter of the articles between each two of them."""
    said = [200, 400, 600, 900, 4_000]
    counts = sorted(map(words, dialled(lengths=said)))

    for place, wanted in enumerate(said[1:-1], 1):
        assert counts[len(counts) * place // 4] == pytest.approx(wanted, rel=0.25)


@pytest.mark.parametrize("wanted", [15, 30, 150])
def test_paragraphs_have_about_as_many_words_and_nothing_is_lost(wanted: int) -> None:
    """Sentences stay, in their order; they are put together otherwise."""
    plain, broken = dialled(words=2_000), dialled(words=2_000, paragraph=wanted)

    assert list(map(sentences, broken)) == list(map(sentences, plain))
    sizes = [len(p.split()) for one in broken for s in one.sections for p in s.paragraphs]
    assert mean(sizes) == pytest.approx(max(wanted, 19), rel=0.3)


@pytest.mark.parametrize("name", ["images", "tags"])
def test_shares_are_the_shares_that_come_out(name: str) -> None:
    """Of articles with none, one, two and so on; tags are never twice the same."""
    shares = [1, 0, 3, 0, 0, 0, 0, 0, 0, 4]
    counts = Counter(len(getattr(one, name)) for one in dialled(**{name: shares}))

    assert set(counts) == {0, 2, 9}
    assert [counts[each] / len(FEW) for each in (0, 2, 9)] == pytest.approx([1 / 8, 3 / 8, 4 / 8], abs=0.09)
    assert all(len(set(one.tags)) == len(one.tags) for one in dialled(tags=shares))


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=101).filter(sum))
def test_a_table_of_shares_has_as_many_cells_as_they_ask_for(shares: list[float]) -> None:
    """To one cell; and no cell for a share of none."""
    table = Counter(cells(tuple(shares)))

    assert sum(table.values()) == 256
    for number, share in enumerate(shares):
        assert abs(table[number] - share / sum(shares) * 256) <= 1 + 1e-6
        assert share or not table[number]


def test_links_are_as_many_as_were_asked_for_and_lead_back() -> None:
    """Fewer where two of them lead to the same article."""
    for most in (0, 1, 12):
        corpus = Corpus(first_id=100, count=500, dials=read({"links": most}))
        linked = [corpus.similar(each) for each in corpus.ids]
        assert max(map(len, linked)) == most
        assert all(100 <= target < each for each, targets in zip(corpus.ids, linked, strict=True) for target in targets)
        assert Links(100, 0, most).similar(400) == corpus.similar(400)


@pytest.mark.parametrize("exponent", [0.0, 0.5, 0.8, 1.1])
def test_views_fall_along_the_curve_that_was_asked_for(exponent: float) -> None:
    """Sorted, the views of rank r are those of rank 1 times r to the minus exponent."""
    counts = sorted((one.meta["view count"] for one in dialled(range(3_000), popularity=exponent)), reverse=True)
    high, low = counts[29], counts[1499]

    assert isinstance(high, int)
    assert isinstance(low, int)
    assert math.log(high / low) / math.log(1500 / 30) == pytest.approx(exponent, abs=0.1)


def test_near_duplicates_are_as_many_and_as_near_as_was_said() -> None:
    """Of a copy's sentences, 5 to 15 of a hundred are others, and at least one; it is about what the other is about."""
    dials = read({"near_duplicates": 0.3})
    copies = 0
    for each in range(50_000, 50_600):
        one = article(each, dials=dials)
        plain = article(each)
        if one == plain:
            continue
        copies += 1
        other = next(
            (near for back in range(1, 10_001) if (near := article(each - back)).title == one.title), None
        ) if copies <= 3 else None  # fmt: skip
        if other is not None:
            assert one.slug.removesuffix(str(one.id)) == other.slug.removesuffix(str(other.id))
            ours, theirs = sentences(one), sentences(other)
            assert len(ours) == len(theirs)
            changes = sum(mine != its for mine, its in zip(ours, theirs, strict=True)) / len(ours)
            assert 0 < changes <= max(0.16, 1.5 / len(ours))
            assert (one.published, one.author) == (plain.published, plain.author)
    assert copies / 600 == pytest.approx(0.3, abs=0.06)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("scale", [2, 10])
def test_a_larger_meta_box_is_larger_in_the_shape_that_was_asked_for(shape: str, scale: int) -> None:
    """So many times the values; wide has more keys, deep more levels, fat longer texts; the box's own stay."""
    for plain, one in zip(dialled(), dialled(meta_scale=scale, meta_shape=shape), strict=True):
        assert list(one.meta)[: len(plain.meta)] == list(plain.meta)
        more: dict[str, Any] = {key: value for key, value in one.meta.items() if key not in plain.meta}
        if shape == "wide":
            assert len(more) == (scale - 1) * meta_volume.KEYS
        if shape == "deep":
            assert max(map(depth, more.values())) == 20
        if shape == "fat":
            assert sum(map(len, more.values())) == pytest.approx((scale - 1) * 1800, rel=0.1)
        else:
            assert values(more) == pytest.approx((scale - 1) * meta_volume.VALUES, rel=0.2)


def test_edge_cases_are_where_they_can_be_told_beforehand() -> None:
    """Every tenth id, the kinds in turn; the articles between are those of the profile."""
    dials = read({"edge_every": 10})
    kinds = [edge_cases.kind(each, 10) for each in range(300)]
    for each, kind in enumerate(kinds):
        assert (kind is not None) == (each % 10 == 0)
        assert (article(each, dials=dials) != article(each)) == (kind is not None)
    assert kinds[::10] == [edge_cases.KINDS[place % len(edge_cases.KINDS)] for place in range(30)]


def edge(kind: str) -> Article:
    """An article that is an edge case of a kind."""
    return article(edge_cases.KINDS.index(kind), dials=read({"edge_every": 1}))


def test_edge_cases_are_what_they_are_called() -> None:
    """One by one."""
    assert "\u200d" in edge("emoji").title
    assert "\u05e9" in edge("right to left").intro
    assert "]]>" in edge("end of cdata").final_notes
    assert edge("numeric text").checklist[0] == "011730"
    bare = edge("empty parts")
    assert (bare.intro, bare.checklist, bare.images, bare.tags, bare.final_notes) == ("", (), (), (), "")
    assert "image sources" not in bare.meta
    assert edge("no sections").sections == ()
    assert len(canonical(edge("large body"))) > edge_cases.LARGE
    code = edge("large table").sections[0].code
    assert code is not None
    assert code.text.count("\n") >= 2000
    assert len(edge("long slug").slug) in range(195, 201)
    assert edge("same title").title == article(18 + len(edge_cases.KINDS), dials=read({"edge_every": 1})).title
    assert len(edge("many images").images) == len(edge("many tags").tags) == 60
    notes = edge("wide meta").meta["notes"]
    assert isinstance(notes, tuple)
    assert len(notes) == 5000
    assert depth(edge("deep meta").meta["notes"]) >= 20


@pytest.mark.parametrize("kind", edge_cases.KINDS)
def test_the_meta_box_of_an_edge_case_agrees_with_its_article(kind: str) -> None:
    """Checklist, images, flags and the number of paragraphs."""
    one: Any = edge(kind)

    assert one.meta["checklist"] == one.checklist
    assert one.meta.get("image sources", ()) == tuple(asdict(image) for image in one.images)
    assert one.meta["flags"]["has images"] == int(bool(one.images))
    assert one.meta["payload"]["paragraphs"] == 1 + sum(len(section.paragraphs) for section in one.sections)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"wrods": 3}, "unknown dial 'wrods': did you mean 'words'?"),
        ({"xyzzy": 3}, "there are words, spread"),
        ({"words": 10}, "dial words is 10: it takes 100 to 200000"),
        ({"words": 600.5}, "dial words is 600.5"),
        ({"words": True}, "dial words is True"),
        ({"words": "many"}, "dial words is many"),
        ({"spread": "nan"}, "dial spread is nan: it takes 0 to 2"),
        ({"popularity": -0.1}, "dial popularity is -0.1"),
        ({"images": [0, 0]}, "dial images is [0, 0]"),
        ({"images": [-1, 2]}, "dial images is [-1, 2]"),
        ({"images": [1] * 102}, "dial images is [1, 1"),
        ({"lengths": [5, 4]}, "dial lengths is [5, 4]"),
        ({"lengths": [5]}, "dial lengths is [5]"),
        ({"published": ["2020-01-01", "2019-01-01"]}, "dial published is"),
        ({"published": "2020-13-01,2021-01-01"}, "dial published is 2020-13-01,2021-01-01"),
        ({"meta_shape": "round"}, "dial meta_shape is round: it takes wide | deep | fat"),
        ({"near_duplicates": 1.01}, "dial near_duplicates is 1.01: it takes 0 to 1"),
        ({"edge_every": "1e400"}, "dial edge_every is 1e400"),
    ],
)
def test_what_is_no_dial_is_refused_with_its_value(said: dict[str, object], message: str) -> None:
    """In one line, with what it takes."""
    with pytest.raises(DialError) as refused:
        read(said)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_words_of_a_person_say_the_same_as_a_file(tmp_path: Path) -> None:
    """And win over it."""
    path = tmp_path / "site.toml"
    path.write_text(
        'words = 900\nimages = [1, 2.5]\npublished = [2020-01-01, "2021-01-01"]\nmeta_shape = "fat"\nspread = 1\n'
    )
    typed = read_assignments(
        ["words=900", "images=1,2.5", "published=2020-01-01, 2021-01-01", "meta_shape=fat", "spread=1"]
    )

    assert read(read_file(path)) == typed
    assert typed.published == (date(2020, 1, 1), date(2021, 1, 1))
    assert read_assignments(["words=100"], read_file(path)) == replace(typed, words=100)
    with pytest.raises(DialError, match="has no value"):
        read_assignments(["words"])
    path.write_text("words = = 3")
    with pytest.raises(DialError, match="no TOML file"):
        read_file(path)
    with pytest.raises(DialError, match="cannot read the profile file"):
        read_file(tmp_path / "nowhere.toml")


def test_a_corpus_with_dials_is_another_one_and_says_so() -> None:
    """Through JSON and back; the digest names it, and that of a corpus without dials is what it was."""
    plain, turned = Corpus(), Corpus(dials=read({"images": [1, 1], "published": "2020-01-01,2021-01-01"}))

    assert "dials" not in plain.to_dict()
    assert Corpus.from_dict(plain.to_dict()) == plain
    assert turned.to_dict()["dials"] == {"images": [1.0, 1.0], "published": ["2020-01-01", "2021-01-01"]}
    assert Corpus.from_dict(turned.to_dict()) == turned
    assert turned.digest != plain.digest
    with pytest.raises(DialError, match="the profile classic has no dial but case: leave out words"):
        Corpus(profile="classic", dials=read({"words": 700}))


def test_every_dial_and_every_edge_case_is_documented() -> None:
    """In docs/synthesizer.md, in the words of the command, in the order in which they come."""
    text = (Path(__file__).parents[3] / "docs" / "synthesizer.md").read_text(encoding="utf-8")

    for name, dial in CATALOGUE.items():
        shown = dial.takes.replace("|", "\\|")
        assert f"| `{name}` | " in text
        assert f" | {dial.does} | {shown} | {dial.effect} |\n" in text
    rows = [line.split(" | ")[0].removeprefix("| ") for line in text.splitlines() if line.startswith("| ")]
    assert [row for row in rows if row in edge_cases.KINDS] == list(edge_cases.KINDS)


@given(st.integers(0, 10**12), st.integers(0, 3))
def test_one_case_is_the_other_but_for_its_capitals(id: int, revision: int) -> None:
    """Of both profiles: code, addresses and the seal keep theirs; slugs are the same."""
    for profile, turned in (("classic", "natural"), ("natural", "lower")):
        dials = read({"case": turned})
        one, other = (article(id, revision=revision, profile=profile, dials=each) for each in (STANDARD, dials))
        natural, lower = (one, other) if turned == "lower" else (other, one)
        assert natural.slug == lower.slug == slug(id, profile=profile, dials=dials)
        assert [image.url.lower() for image in natural.images] == [image.url.lower() for image in lower.images]
        codes = [[each.code and each.code.text for each in which.sections] for which in (natural, lower)]
        assert codes[0] == codes[1]
        unsealed_ones = (
            replace(which, digest="", meta={**which.meta, "reference": "", "hash": ""}) for which in (natural, lower)
        )
        assert len({canonical(each).lower() for each in unsealed_ones}) == 1
        paragraphs = [paragraph for section in lower.sections for paragraph in (section.heading, *section.paragraphs)]
        for said in (lower.title, lower.intro, *paragraphs, *lower.checklist, lower.final_notes):
            assert said == said.lower()


@given(st.integers(0, 10**12))
def test_classic_pages_in_natural_case_begin_sentences_with_capitals(id: int) -> None:
    """And keep the names of things as they are written."""
    page = article(id, profile="classic", dials=read({"case": "natural"}))
    paragraphs = [paragraph for section in page.sections for paragraph in section.paragraphs]
    captions = [image.caption for image in page.images]
    for said in (page.title, page.intro, *paragraphs, page.final_notes, *page.checklist, *captions):
        assert not re.search(r"(^|[.?!] )[a-z]", said), said
    stack = page.meta["stack"]
    assert isinstance(stack, tuple)
    assert stack[0] in {each.name for each in STACKS}


def test_labels_have_the_case_of_the_page() -> None:
    """In classic pages of either case, and in natural ones that are lower."""
    for profile, turned, label in (
        ("classic", {}, "final notes"),
        ("classic", {"case": "natural"}, "Final notes"),
        ("natural", {}, "Final notes"),
        ("natural", {"case": "lower"}, "final notes"),
    ):
        page = text.render(article(7, profile=profile, dials=read(turned)))
        assert f"\n{label}\n" in page
