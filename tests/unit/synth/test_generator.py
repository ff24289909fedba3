"""The promises every profile keeps."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import synth
from synth.dates import AS_OF
from synth.dials import read
from synth.formats import jsonl
from synth.generator import line
from synth.popularity import score, views
from synth.record import canonical, digest, encoded, record

VERSIONS = {"natural": 4, "classic": 2}
FINGERPRINTS = {
    "natural": "a5f010b720efeb91916e051f9b0450729086f5fc5cfc008b2e6388a6521e6528",
    "classic": "83352dc1ac835ac4766d0cc0611b4a383ba258ea4ba3f3295e4dea9be5cb339a",
}
DIALLED: list[dict[str, object]] = [
    {},
    {"meta_scale": 2},
    {"edge_every": 1},
    {"meta_keys": [{"name": "hash", "share": 1, "kind": "text", "size": 1}]},
    {"meta_keys": [{"name": '"reference":"","hash":""', "share": 1, "kind": "text", "size": 1}]},
]
profiles = st.sampled_from(synth.PROFILES)
ids = st.integers(0, synth.MAX_ID)


@pytest.mark.parametrize("profile", synth.PROFILES)
def test_fingerprint(profile: str) -> None:
    """Articles 0 to 999 are, byte for byte, those of this profile version; a change must raise the version."""
    assert synth.PROFILE_VERSIONS[profile] == VERSIONS[profile]
    assert synth.fingerprint(profile) == FINGERPRINTS[profile]


SURROUNDINGS = [
    {"PYTHONHASHSEED": "0"},
    {"PYTHONHASHSEED": "1", "TZ": "Asia/Kathmandu", "LC_ALL": "C"},
    {"PYTHONHASHSEED": "4242", "TZ": "America/St_Johns", "LC_ALL": "de_DE.UTF-8", "PYTHONUTF8": "0"},
]


@pytest.mark.parametrize("surroundings", SURROUNDINGS, ids=lambda each: each["PYTHONHASHSEED"])
def test_no_hash_seed_no_zone_no_clock_no_order(surroundings: dict[str, str]) -> None:
    """Another process with another hash seed, time zone, locale and clock, going backwards, makes the same bytes."""
    program = (
        "import sys, time; time.time = time.time_ns = time.localtime = None\n"
        "import synth; from synth.formats import jsonl\n"
        "order = [(p, each) for p in synth.PROFILES for each in range(1, 41)]\n"
        "made = {(p, each): jsonl.render(synth.article(each, profile=p)) for p, each in reversed(order)}\n"
        "sys.stdout.buffer.write(''.join(made[key] for key in order).encode())"
    )
    run = subprocess.run([sys.executable, "-c", program], env=surroundings, capture_output=True, check=True)
    forwards = [jsonl.render(synth.article(each, profile=p)) for p in synth.PROFILES for each in range(1, 41)]
    assert run.stdout.decode() == "".join(forwards)


@given(id=ids, profile=profiles, seed=ids, revision=st.integers(0, 1000))
@settings(max_examples=60, deadline=None)
def test_an_article_is_a_function_of_its_arguments(id: int, profile: str, seed: int, revision: int) -> None:
    """The same arguments give the same article."""
    assert synth.article(id, profile=profile, seed=seed, revision=revision) == synth.article(
        id, profile=profile, seed=seed, revision=revision
    )


@given(id=ids, profile=profiles, seed=ids, revision=st.integers(0, 1000))
@settings(max_examples=60, deadline=None)
def test_slug_is_cheap_and_the_same(id: int, profile: str, seed: int, revision: int) -> None:
    """The slug made alone is the slug of the article at every revision, and it ends in the id."""
    slug = synth.slug(id, profile=profile, seed=seed)
    assert slug == synth.article(id, revision=revision, profile=profile, seed=seed).slug
    assert slug.endswith(f"-{id}")
    assert set(slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


@pytest.mark.parametrize("profile", synth.PROFILES)
def test_slugs_are_unique(profile: str) -> None:
    """Twenty thousand articles have as many slugs."""
    assert len({synth.slug(each, profile=profile) for each in range(20_000)}) == 20_000


@given(id=ids, profile=profiles, revision=st.integers(1, 1000))
@settings(max_examples=60, deadline=None)
def test_a_revision_changes_the_text_and_keeps_the_identity(id: int, profile: str, revision: int) -> None:
    """Each revision changes sentences, modified, version and digest; id, slug, title and published stay."""
    before = synth.article(id, revision=revision - 1, profile=profile)
    after = synth.article(id, revision=revision, profile=profile)
    assert (after.id, after.slug, after.title) == (before.id, before.slug, before.title)
    assert after.published == before.published
    assert after.modified > before.modified
    assert after.sections != before.sections
    assert after.meta["revision"]["version"] != before.meta["revision"]["version"]
    assert after.digest != before.digest


@given(id=ids, profile=profiles, revision=st.integers(0, 1000), seed=ids)
@settings(max_examples=100, deadline=None)
def test_dates_are_in_order(id: int, profile: str, revision: int, seed: int) -> None:
    """Published, modified, last reviewed and the as-of date never run backwards."""
    article = synth.article(id, revision=revision, profile=profile, seed=seed)
    assert article.published <= article.modified
    assert article.modified.date() <= article.last_reviewed <= AS_OF.date()
    assert article.published.tzinfo is UTC


@given(id=ids, profile=profiles)
@settings(max_examples=40, deadline=None)
def test_the_digest_can_be_checked(id: int, profile: str) -> None:
    """Whoever empties the three fields that follow from the digest can compute it again."""
    article = synth.article(id, profile=profile)
    emptied = replace(article, digest="", meta={**article.meta, "reference": "", "hash": ""})
    assert digest(emptied) == article.digest == article.meta["hash"]


@given(id=ids, profile=profiles, seed=ids, revision=st.integers(0, 1000))
@settings(max_examples=60, deadline=None)
def test_the_canonical_record_is_plain_json(id: int, profile: str, seed: int, revision: int) -> None:
    """It is, byte for byte, what the standard library says of the record, so that no library decides a digest."""
    article = synth.article(id, profile=profile, seed=seed, revision=revision)
    plain = json.dumps(record(article), ensure_ascii=False, separators=(",", ":"))
    assert canonical(article) == plain.encode()


values = st.recursive(
    st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


@given(values)
def test_anybodys_meta_box_is_plain_json(value: object) -> None:
    """A value of any text, nesting and size of integer is said as the standard library says it."""
    assert encoded(value) == json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def test_an_article_with_a_huge_number_has_a_digest() -> None:
    """An integer of more than 64 bits in somebody's meta box is kept to the last digit."""
    article = replace(synth.article(1), meta={"stars": 10**30})
    assert f'"meta":{{"stars":{10**30}}},' in canonical(article).decode()


@given(profile=profiles, id=ids)
@settings(max_examples=40, deadline=None)
def test_neighbours_and_seeds_differ(profile: str, id: int) -> None:
    """Another id, seed or profile gives another text."""
    article = synth.article(id, profile=profile)
    assert canonical(synth.article(id, profile=profile, seed=1)) != canonical(article)
    assert article.sections != synth.article(id ^ 1, profile=profile).sections


def test_identifiers_widen() -> None:
    """Past 999,999 the ids in source id and reference take the digits they need."""
    article = synth.article(12_345_678)
    assert article.meta["payload"]["source id"] == "alphanode-12345678"
    assert article.meta["reference"].startswith("anp-ref-12345678-")


def test_views_come_from_popularity() -> None:
    """Views are those of the popularity score, in both profiles and at every revision."""
    for each in range(50):
        expected = views(score(each, 3))
        for profile in synth.PROFILES:
            assert synth.article(each, profile=profile, seed=3, revision=each).meta["view count"] == expected


@given(st.lists(st.integers(0, 2**64 - 1), min_size=2))
def test_views_rise_with_popularity(scores: list[int]) -> None:
    """A higher score never has fewer views."""
    counts = [views(score) for score in sorted(scores)]
    assert counts == sorted(counts)


def test_views_have_a_heavy_tail() -> None:
    """The most viewed of every million has some 63,000 times the views of the least viewed."""
    assert views(0) == 180
    assert 10_000_000 < views((2**64 - 1) - 2**64 // 1_000_000) < 12_500_000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"id": -1}, "article id -1 is out of range: use 0 to 9007199254740991"),
        ({"id": 2**53}, "article id 9007199254740992 is out of range: use 0 to 9007199254740991"),
        ({"id": 1, "seed": -4}, "seed -4 is out of range: use 0 to 9007199254740991"),
        ({"id": 1, "revision": 1001}, "revision 1001 is out of range: use 0 to 1000"),
        ({"id": 1, "profile": "clasic"}, "unknown profile 'clasic': did you mean 'classic'?"),
        ({"id": 1, "profile": "zzz"}, "unknown profile 'zzz': choose one of natural, classic"),
    ],
)
def test_refusals(arguments: dict[str, int], message: str) -> None:
    """An argument that names no article is refused in one line with the remedy."""
    with pytest.raises(synth.ArticleError) as refusal:
        synth.article(**arguments)
    assert str(refusal.value) == message


def test_exports_are_sorted_and_real() -> None:
    """Every public name exists, and the list of them is sorted."""
    assert sorted(synth.__all__, key=lambda name: (not name.isupper(), not name[0].isupper(), name)) == synth.__all__
    assert all(hasattr(synth, name) for name in synth.__all__)


@given(ids, st.integers(0, 3), profiles, st.integers(0, 9), st.sampled_from(DIALLED))
def test_the_line_is_the_record_of_the_article(
    id: int, revision: int, profile: str, seed: int, said: dict[str, object]
) -> None:
    """Made sooner, and byte for byte the same, whatever somebody calls a key of their own."""
    dials = read(said if profile == "natural" else {})

    article = synth.article(id, revision=revision, profile=profile, seed=seed, dials=dials)
    assert line(id, revision=revision, profile=profile, seed=seed, dials=dials) == canonical(article)
