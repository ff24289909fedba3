"""The people of a site: authors who sign articles and members who log in.

Names come from Faker, seeded for each person, and may change with its version. Ids, logins, e-mail addresses
and passwords come from our own draws and never change. Nobody on the article path imports this module, so
articles need no Faker; exports that name their authors do.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING

from synth.draws import Draws
from synth.errors import ArticleError
from synth.model import MAX_ID

if TYPE_CHECKING:
    from faker import Faker

_ALPHABET = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_PASSWORD_LENGTH = 16
_ONE_NAMED = Lock()
"""There is one Faker; between its seed and what it says, no other thread may seed it."""
_CALLSIGNS = (
    "amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heron", "inlet", "jade", "kelp", "larch", "maple",
    "north", "otter", "pebble", "quartz", "river", "sable", "tundra", "umber", "vale", "willow", "yarrow", "zephyr",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who can log in.

    Attributes:
        id: ``m%06d`` of the index.
        login: Unique among members of one seed; ends in the index.
        password: In clear, for the site to hash and the swarm to type. It guards nothing but test data.
    """

    index: int
    id: str
    login: str
    name: str
    email: str
    password: str


@dataclass(frozen=True, slots=True)
class Author:
    """Somebody who signs articles; ``id`` is ``a%06d`` of the index."""

    index: int
    id: str
    login: str
    name: str
    email: str


def member(index: int, seed: int = 0) -> Member:
    """Return a member.

    Raises:
        ArticleError: The index or seed is out of range.
    """
    draws = _draws("member", index, seed)
    login = f"{draws.choice('login', _CALLSIGNS)}{index}"
    password = "".join(draws.choice(f"password {place}", _ALPHABET) for place in range(_PASSWORD_LENGTH))
    return Member(index, f"m{index:06d}", login, _name(draws), f"{login}@members.example", password)


def author(index: int, seed: int = 0) -> Author:
    """Return the author an article names by its index.

    Raises:
        ArticleError: The index or seed is out of range.
    """
    draws = _draws("author", index, seed)
    login = f"{draws.choice('login', _CALLSIGNS)}-{index}"
    return Author(index, f"a{index:06d}", login, _name(draws), f"{login}@authors.example")


def _draws(kind: str, index: int, seed: int) -> Draws:
    for name, value in (("index", index), ("seed", seed)):
        if not 0 <= value <= MAX_ID:
            raise ArticleError(f"the {kind}'s {name} {value} is out of range: use 0 to {MAX_ID}")
    return Draws(kind, 1, seed, index)


def _name(draws: Draws) -> str:
    with _ONE_NAMED:
        faker = _faker()
        faker.seed_instance(draws.u64("name"))
        return f"{faker.first_name()} {faker.last_name()}"


@cache
def _faker() -> Faker:
    from faker import Faker

    return Faker("en_US")
