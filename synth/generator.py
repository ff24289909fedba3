"""The front of the synthesizer: one integer in, one article out, and the fingerprint of a whole profile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from hashlib import sha256
from types import ModuleType
from typing import Any, cast

from synth import classic, edge_cases, meta_volume, metabox, natural
from synth.dates import MAX_REVISION
from synth.dials import CATALOGUE, STANDARD, Dials
from synth.draws import Draws
from synth.errors import ArticleError, DialError
from synth.model import MAX_ID, Article, Code, Meta, Section
from synth.profile import PROFILE_VERSIONS, unknown
from synth.record import canonical, digest, seal

_COMPOSERS: dict[str, ModuleType] = {"natural": natural, "classic": classic}


def article(id: int, *, revision: int = 0, profile: str = "natural", seed: int = 0, dials: Dials = STANDARD) -> Article:
    """Return an article, the same one on every machine and for ever.

    Args:
        id: 0 to ``MAX_ID``; ids a billion apart cost the same.
        revision: 0 to 1000; each changes some sentences, the modified date, the version and the digest.
        profile: ``natural`` or ``classic``.
        seed: 0 to ``MAX_ID``; another seed is another corpus.
        dials: What is to be otherwise; ``natural`` alone has dials.

    Raises:
        ArticleError: A value is out of range or the profile is unknown.
        DialError: A dial is turned that the profile does not have.
    """
    made = _unsealed(id, revision, profile, seed, dials)
    sealed = digest(made)
    # Nobody else has seen the article yet: it is sealed in place, as a copy would cost a tenth of what it took to make.
    meta = cast(dict[str, Meta], made.meta)
    meta["reference"] = metabox.reference(id, sealed)
    meta["hash"] = sealed
    object.__setattr__(made, "digest", sealed)
    return made


def line(id: int, *, revision: int = 0, profile: str = "natural", seed: int = 0, dials: Dials = STANDARD) -> bytes:
    """Return the canonical record of an article, for less than it takes to make the article and to write it down.

    What the digest is taken over is the record but for three values, which are put in.

    Raises:
        ArticleError: As of `article`.
        DialError: As of `article`.
    """
    record = canonical(_unsealed(id, revision, profile, seed, dials))
    sealed = seal(record)
    before, found, after = record.rpartition(_UNSEALED_META)
    if not found or (dials is not STANDARD and _UNSEALED_META in before):  # a key of somebody's own has the same name
        return canonical(article(id, revision=revision, profile=profile, seed=seed, dials=dials))
    meta = f'"reference":"{metabox.reference(id, sealed)}","hash":"{sealed}"'
    return b"".join((before, meta.encode(), after[: -len(_UNSEALED_END)], sealed.encode(), _UNSEALED_END))


_UNSEALED_META = b'"reference":"","hash":""'
_UNSEALED_END = b'"}'


def _unsealed(id: int, revision: int, profile: str, seed: int, dials: Dials) -> Article:
    draws = _draws(id, profile, seed)
    if not 0 <= revision <= MAX_REVISION:
        raise ArticleError(f"revision {revision} is out of range: use 0 to {MAX_REVISION}")
    if dials is not STANDARD:
        return _dialled(draws, id, revision, profile, seed, dials)
    made: Article = _COMPOSERS[profile].compose(draws, id, revision, seed)
    return made


def slug(id: int, *, profile: str = "natural", seed: int = 0, dials: Dials = STANDARD) -> str:
    """Return the slug an article has at every revision, without making the article.

    Raises:
        ArticleError: A value is out of range or the profile is unknown.
    """
    draws = _draws(id, profile, seed)
    if dials is not STANDARD:
        check(profile, dials)
        if edge_cases.kind(id, dials.edge_every) is not None:
            return _dialled(draws, id, 0, profile, seed, dials).slug
        if profile == "natural":
            return natural.slug(draws, id, seed, dials)
    made: str = _COMPOSERS[profile].slug(draws, id, seed)
    return made


@lru_cache(maxsize=len(_COMPOSERS))
def fingerprint(profile: str) -> str:
    """Return the SHA-256, in hex, of the canonical JSONL of articles 0 to 999 of a profile at seed 0.

    Raises:
        ArticleError: The profile is unknown.
    """
    lines = sha256()
    for each in range(1000):
        lines.update(line(each, profile=profile) + b"\n")
    return lines.hexdigest()


def check(profile: str, dials: Dials) -> None:
    """Refuse dials that a profile does not have.

    Raises:
        DialError: One of them is turned.
    """
    if profile != "natural" and (turned := dials.changed().keys() - {"case"}):
        listed = ", ".join(name for name in CATALOGUE if name in turned)
        raise DialError(f"the profile {profile} has no dial but case: leave out {listed}, or use natural")


def _dialled(draws: Draws, id: int, revision: int, profile: str, seed: int, dials: Dials) -> Article:
    """Return an unsealed article with what the dials add to it."""
    check(profile, dials)
    if profile == "classic":
        return classic.compose(draws, id, revision, seed, is_lower=dials.case != "natural")
    made = natural.compose(draws, id, revision, seed, dials)
    if dials.case == "lower":
        made = _lower(made)
    if dials.meta_scale > 1:
        more = meta_volume.further(draws, dials.meta_scale, dials.meta_shape)
        made = replace(made, meta={**made.meta, **more})
    if dials.meta_keys:
        made = replace(made, meta={**meta_volume.learned(draws, dials.meta_keys), **made.meta})
    if (kind := edge_cases.kind(id, dials.edge_every)) is not None:
        made = edge_cases.changed(made, kind)
    return made


def _lower(made: Article) -> Article:
    """Return an article in lower case, but for code and addresses."""
    sections = (
        Section(
            each.heading.lower(),
            tuple(map(str.lower, each.paragraphs)),
            each.code and Code(each.code.language.lower(), each.code.text),
        )
        for each in made.sections
    )
    return replace(
        made,
        title=made.title.lower(),
        intro=made.intro.lower(),
        sections=tuple(sections),
        checklist=tuple(map(str.lower, made.checklist)),
        images=tuple(replace(each, caption=each.caption.lower()) for each in made.images),
        final_notes=made.final_notes.lower(),
        meta=_lower_meta(made.meta),
    )


def _lower_meta(value: Any) -> Any:
    if isinstance(value, str):
        return value.lower()
    if isinstance(value, Mapping):
        return {key: each if key == "url" else _lower_meta(each) for key, each in value.items()}
    return tuple(map(_lower_meta, value)) if isinstance(value, tuple | list) else value


def _draws(id: int, profile: str, seed: int) -> Draws:
    if profile not in _COMPOSERS:
        raise ArticleError(unknown(profile))
    for name, value in (("article id", id), ("seed", seed)):
        if not 0 <= value <= MAX_ID:
            raise ArticleError(f"{name} {value} is out of range: use 0 to {MAX_ID}")
    return Draws(profile, PROFILE_VERSIONS[profile], seed, id)
