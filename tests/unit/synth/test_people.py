"""People: stable where it matters, named by Faker where it does not."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

import synth
from synth import people


def test_a_pinned_member() -> None:
    """Id, login, e-mail and password of a member never change, whatever Faker's version."""
    member = people.member(17)
    assert (member.index, member.id, member.login) == (17, "m000017", "river17")
    assert (member.email, member.password) == ("river17@members.example", "SrFk5PbkwVisvi9u")


def test_passwords_do_not_need_faker() -> None:
    """With Faker's names taken away, everything but the name is the same."""
    program = (
        "import sys, types\n"
        "class Faker:\n"
        "    def __init__(self, locale): pass\n"
        "    def seed_instance(self, seed): pass\n"
        "    def first_name(self): return 'A'\n"
        "    def last_name(self): return 'B'\n"
        "sys.modules['faker'] = types.SimpleNamespace(Faker=Faker)\n"
        "from synth import people\n"
        "m = people.member(17)\n"
        "print(m.id, m.login, m.name, m.email, m.password)"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)
    member = people.member(17)
    assert run.stdout.split() == [member.id, member.login, "A", "B", member.email, member.password]


def test_names_are_the_same_whoever_else_asks() -> None:
    """Several threads may ask for people at once."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            together = list(pool.map(people.member, range(400)))
    finally:
        sys.setswitchinterval(before)
    assert together == [people.member(index) for index in range(400)]


def test_articles_do_not_import_faker() -> None:
    """Making an article imports neither Faker nor the module that uses it."""
    program = "import sys, synth; synth.article(1); print('faker' in sys.modules, 'synth.people' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)
    assert run.stdout.split() == ["False", "False"]


def test_logins_are_unique() -> None:
    """No two of a thousand members share a login, an e-mail address or a password."""
    members = [people.member(index) for index in range(1000)]
    for field in ("id", "login", "email", "password"):
        assert len({getattr(member, field) for member in members}) == 1000


def test_members_do_not_depend_on_order() -> None:
    """A member met after others is the member met first."""
    forwards = [people.member(index, seed=4) for index in range(5)]
    backwards = [people.member(index, seed=4) for index in reversed(range(5))]
    assert forwards == backwards[::-1]


def test_seeds_change_people() -> None:
    """Another seed is another crowd."""
    assert people.member(3, seed=1).password != people.member(3, seed=2).password


def test_authors() -> None:
    """Authors are stable, and their logins are unique and never a member's."""
    authors = [people.author(index) for index in range(100)]
    assert authors == [people.author(index) for index in range(100)]
    assert len({author.login for author in authors}) == 100
    assert not {author.login for author in authors} & {people.member(index).login for index in range(100)}


@pytest.mark.parametrize(("index", "seed", "named"), [(-1, 0, "index -1"), (1, -1, "seed -1"), (2**53, 0, "index 9")])
def test_refusals(index: int, seed: int, named: str) -> None:
    """An index or a seed out of range is refused."""
    with pytest.raises(synth.ArticleError, match=named):
        people.member(index, seed)
