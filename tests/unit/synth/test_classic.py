"""The rules of the classic profile, checked on several hundred articles."""

from __future__ import annotations

from datetime import date
from urllib.parse import parse_qs, unquote_plus, urlsplit

import pytest

import synth
from synth.classic_prose import APPROACH, OWNER, POOLS
from synth.subjects import CHECKLISTS, PROBLEMS, SCENARIOS, STACKS

ARTICLES = [synth.article(each, profile="classic") for each in range(11_500, 11_900)]
META_KEYS = (
    "topic", "summary", "ai outline", "ai brief", "stack", "tools", "code language", "difficulty", "reading time",
    "view count", "score", "revision", "reference", "hash", "flags", "checklist", "entities", "image sources",
    "payload", "notes",
)  # fmt: skip
PROVIDERS = ("picsum.photos", "unsplash", "dummyimage.com", "placehold.co")
QUOTAS = {pool.heading.lower(): pool.quota for pool in POOLS}
PARAGRAPHS = {pool.heading.lower(): [text.lower() for text in pool.paragraphs] for pool in POOLS}


def numbered(article: synth.Article) -> list[tuple[int, str, str]]:
    """Return (number, heading, paragraph), numbered straight through the sections."""
    pairs = [(section.heading, each) for section in article.sections for each in section.paragraphs]
    return [(number, heading, each) for number, (heading, each) in enumerate(pairs, 1)]


def scalars(value: synth.Meta) -> int:
    """Count the values of a meta box, however nested."""
    if isinstance(value, str | int):
        return 1
    return sum(map(scalars, value.values() if isinstance(value, dict) else value))


def lower_case(value: synth.Meta) -> bool:
    """Say whether no string in a value has a capital."""
    if isinstance(value, str):
        return value == value.lower()
    if isinstance(value, int):
        return True
    return all(map(lower_case, value.values() if isinstance(value, dict) else value))


def test_paragraph_count() -> None:
    """A page has five, six or seven section paragraphs, and the payload says one more."""
    counts = {len(numbered(article)) for article in ARTICLES}
    assert counts == {5, 6, 7}
    assert all(article.meta["payload"]["paragraphs"] == len(numbered(article)) + 1 for article in ARTICLES)


def test_appended_sentences() -> None:
    """Every third paragraph ends in the owner sentence, every other fourth in the approach, and no other in either."""
    for article in ARTICLES:
        owner = OWNER.format(stack=article.meta["stack"][0]).lower()
        for number, _, paragraph in numbered(article):
            assert paragraph.endswith(owner) == (number % 3 == 0)
            assert paragraph.endswith(APPROACH.lower()) == (number % 4 == 0 and number % 3 != 0)


def test_greedy_fill() -> None:
    """Each section but the last gives its whole quota, none gives more, and no heading or paragraph comes twice."""
    for article in ARTICLES:
        headings = [section.heading for section in article.sections]
        paragraphs = [paragraph for _, _, paragraph in numbered(article)]
        assert len(set(headings)) == len(headings) == 2
        assert len(set(paragraphs)) == len(paragraphs)
        assert all(len(section.paragraphs) == QUOTAS[section.heading] for section in article.sections[:-1])
        assert 1 <= len(article.sections[-1].paragraphs) <= QUOTAS[headings[-1]]


def test_paragraphs_belong_to_their_section() -> None:
    """Every paragraph begins with a text from the pool of its heading."""
    for article in ARTICLES:
        for _, heading, paragraph in numbered(article):
            assert paragraph.startswith(tuple(PARAGRAPHS[heading]))


def test_every_section_order_occurs() -> None:
    """Any of the four sections can come first and any other second."""
    pairs = {tuple(section.heading for section in article.sections) for article in ARTICLES}
    assert len(pairs) == 12


def test_code_is_the_snippet_of_the_stack() -> None:
    """About three section ends in ten carry code, always the stack's own snippet with its case kept."""
    snippets = {stack.name.lower(): stack.snippet for stack in STACKS}
    codes = [(article, section.code) for article in ARTICLES for section in article.sections]
    assert 0.2 < sum(code is not None for _, code in codes) / len(codes) < 0.4
    assert all(code.text == snippets[article.meta["stack"][0]] for article, code in codes if code)


def test_images() -> None:
    """There are none to four images, and flags and sources in the meta box say the same."""
    assert {len(article.images) for article in ARTICLES} == {0, 1, 2, 3, 4}
    for article in ARTICLES:
        count = len(article.images)
        assert article.meta["flags"]["has images"] == int(count > 0)
        assert article.meta["flags"]["image heavy"] == int(count >= 3)
        assert ("image sources" in article.meta) == (count > 0)
        listed = [(each["source"], each["url"], each["caption"]) for each in article.meta.get("image sources", ())]
        assert listed == [(image.source, image.url, image.caption) for image in article.images]


def test_image_providers_follow_a_cycle() -> None:
    """Image k of article S comes from provider (3 S + k) mod 4 of the cycle."""
    for article in ARTICLES:
        for index, image in enumerate(article.images):
            assert image.source == PROVIDERS[(3 * article.id + index) % 4]


def test_image_urls_and_captions() -> None:
    """Captions name problem, stack and number; the URLs have each provider's form."""
    for article in ARTICLES:
        problem, stack = article.meta["ai outline"]["problem"], article.meta["stack"][0]
        subject = f"{problem} with {stack}"
        for index, image in enumerate(article.images):
            parts = urlsplit(image.url)
            assert image.caption == f"{subject} visual reference {index + 1}"
            if image.source == "picsum.photos":
                assert image.url == f"https://picsum.photos/seed/anp-{article.id + index:06d}/1200/630"
            elif image.source == "unsplash":
                assert parse_qs(parts.query) == {"auto": ["format"], "fit": ["crop"], "w": ["1200"], "q": ["80"]}
            elif image.source == "dummyimage.com":
                assert parts.path.startswith("/1200x630/")
                assert unquote_plus(image.url.partition("&text=")[2]) == subject[:38]
            else:
                assert parts.path == "/1200x630/png"
                assert unquote_plus(image.url.partition("?text=")[2]) == subject[:42]


def test_meta_keys() -> None:
    """The meta box has the twenty keys in order, without the image sources when there are no images."""
    for article in ARTICLES:
        expected = [key for key in META_KEYS if key != "image sources" or article.images]
        assert list(article.meta) == expected


def test_meta_size() -> None:
    """The meta box holds 52 values and three more for each image."""
    for article in ARTICLES:
        assert scalars(article.meta) == 52 + 3 * len(article.images)


def test_meta_identity() -> None:
    """Payload, reference and hash follow from the id and the digest."""
    for article in ARTICLES:
        assert article.meta["payload"]["seed"] == article.id
        assert article.meta["payload"]["source id"] == f"alphanode-{article.id:06d}"
        suffix = 1000 + int(article.digest, 16) % 9000
        assert article.meta["reference"] == f"anp-ref-{article.id:06d}-{suffix}"
        assert article.meta["hash"] == article.digest


def test_meta_values_repeat_the_choices() -> None:
    """Topic, outline, stack, tools, entities, checklist and scenario all name the article's own choices."""
    stacks = {stack.name.lower(): stack for stack in STACKS}
    for article in ARTICLES:
        meta, outline = article.meta, article.meta["ai outline"]
        stack = stacks[meta["stack"][0]]
        assert outline["problem"] in {problem.phrase.lower() for problem in PROBLEMS}
        assert outline["context"] == meta["payload"]["scenario"]
        assert outline["context"] in {scenario.lower() for scenario in SCENARIOS}
        assert meta["topic"] == f"{outline['problem']} / {stack.name.lower()}"
        assert meta["stack"] == (stack.name.lower(), stack.area, stack.language.lower())
        assert meta["tools"] == (*(tool.lower() for tool in stack.tools), "git", "logs")
        assert meta["code language"] == stack.language.lower()
        assert [(entity["name"], entity["type"]) for entity in meta["entities"]] == [
            (stack.name.lower(), "stack"),
            (stack.area, "area"),
            (outline["problem"], "problem"),
        ]
        assert meta["checklist"] == article.checklist


def test_checklists() -> None:
    """The checklist is one of the twelve, five items long, and each of the twelve is used."""
    known = {tuple(item.lower() for item in checklist) for checklist in CHECKLISTS}
    used = {article.checklist for article in ARTICLES}
    assert used == known
    assert {len(checklist) for checklist in used} == {5}


@pytest.mark.parametrize(
    ("low", "high", "path"),
    [
        (4, 12, ("reading time",)),
        (70, 98, ("score", "quality")),
        (60, 99, ("score", "freshness")),
        (65, 95, ("score", "depth")),
        (70, 96, ("score", "clarity")),
    ],
)
def test_ranges(low: int, high: int, path: tuple[str, ...]) -> None:
    """Reading time and scores spread over the whole of their range and never leave it."""
    values = set()
    for article in ARTICLES:
        value = article.meta
        for key in path:
            value = value[key]
        values.add(value)
    assert values <= set(range(low, high + 1))
    assert len(values) > 0.9 * (high - low)


def test_review_flag() -> None:
    """Exactly the articles of low quality ask for a human review."""
    for article in ARTICLES:
        assert article.meta["flags"]["needs human review"] == int(article.meta["score"]["quality"] < 85)


def test_revision_values() -> None:
    """The version is 1.M.P, the status is known, and the review date is the article's."""
    for article in ARTICLES:
        revision = article.meta["revision"]
        major, minor, patch = map(int, revision["version"].split("."))
        assert (major, minor in range(10), patch in range(10)) == (1, True, True)
        assert revision["status"] in {"expanded", "reviewed", "drafted"}
        assert date.fromisoformat(revision["last reviewed"]) == article.last_reviewed


def test_prose_is_lower_case() -> None:
    """All prose is lower-case; only code and URLs keep their case."""
    for article in ARTICLES:
        prose = [article.title, article.intro, article.final_notes, *article.checklist]
        prose += [section.heading for section in article.sections]
        prose += [paragraph for _, _, paragraph in numbered(article)]
        assert all(map(lower_case, prose))
        assert all(lower_case(value) for key, value in article.meta.items() if key != "image sources")


def test_titles_may_repeat() -> None:
    """Titles are drawn from a small space, as in the original, so two articles of thousands share one."""
    titles = [synth.article(each, profile="classic").title for each in range(2000)]
    assert len(set(titles)) < len(titles)


def test_a_revision_keeps_the_shape() -> None:
    """A revision swaps one paragraph for another of its pool and leaves count, headings and code alone."""
    for article in ARTICLES[:60]:
        revised = synth.article(article.id, revision=1, profile="classic")
        before, after = numbered(article), numbered(revised)
        assert sum(one != other for one, other in zip(before, after, strict=True)) == 1
        assert [section.heading for section in revised.sections] == [section.heading for section in article.sections]
        assert [section.code for section in revised.sections] == [section.code for section in article.sections]
