"""Bounds, purges and the race between a render and a purge."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from target_app.page_cache.policy import Key, Vary
from target_app.page_cache.representation import represent
from target_app.page_cache.store import EVERYTHING, Entry, Store, weight

LIMIT = 12_000
TAGS = st.frozensets(st.sampled_from(["a", "b", "c"]))
VARY = st.sampled_from([(), ((b"accept", b"text/html"),), ((b"accept", b"text/css"),)])
KEYS = st.integers(0, 8).map(lambda number: ("http", b"host", b"/%d" % number, b""))


def _entry(tags: frozenset[str], size: int = 10, vary: Vary = ()) -> Entry:
    page = represent(200, [], b"x" * size, validators=True, compression=False)
    return Entry(page, 0.0, 300.0, 300.0, 300.0, True, 0.0, "article", tuple(tags | {EVERYTHING}), vary)


class StoreRules(RuleBasedStateMachine):
    """Renders begin, end and are overtaken by purges in any order."""

    renders = Bundle("renders")

    def __init__(self) -> None:
        super().__init__()
        self.store = Store(LIMIT)
        self.purges: list[frozenset[str]] = []

    @rule(target=renders)
    def begin(self) -> tuple[int, int]:
        """A render takes its ticket."""
        return self.store.take_ticket(), len(self.purges)

    @rule(render=consumes(renders), key=KEYS, tags=TAGS, size=st.sampled_from([10, 3_000, 20_000]), vary=VARY)
    def finish(self, render: tuple[int, int], key: Key, tags: frozenset[str], size: int, vary: Vary) -> None:
        """A render ends; what a purge overtook, or what is too large, is refused."""
        ticket, begun = render
        entry = _entry(tags, size, vary)
        overtaken = any(purge & set(entry.tags) for purge in self.purges[begun:])
        stored = self.store.put(key, entry, ticket)
        assert stored == (not overtaken and weight(key, [entry]) <= LIMIT)
        if stored:
            assert self.store.get(key)[0] is entry
        self.store.return_ticket(ticket)

    @rule(tags=st.frozensets(st.sampled_from(["a", "b", "c", EVERYTHING]), min_size=1))
    def purge(self, tags: frozenset[str]) -> None:
        """Exactly the pages with a purged tag go."""
        held = {key: self.store.get(key) for key in [("http", b"host", b"/%d" % n, b"") for n in range(9)]}
        dropped = self.store.purge(tags)
        self.purges.append(tags)
        spared = {key: tuple(entry for entry in entries if not tags & set(entry.tags)) for key, entries in held.items()}
        assert dropped == sum(map(len, held.values())) - sum(map(len, spared.values()))
        assert all(self.store.get(key) == entries for key, entries in spared.items())

    @invariant()
    def within_bounds(self) -> None:
        """The store never holds more than it may."""
        held = {key: self.store._by_key[key] for key in self.store._order}
        assert self.store._by_key == held
        assert self.store.bytes == sum(weight(key, entries) for key, entries in held.items()) <= LIMIT

    @invariant()
    def index_holds_what_is_stored(self) -> None:
        """No page is missing from the index, none is left behind in it."""
        stored = {(tag, key) for key, entries in self.store._by_key.items() for one in entries for tag in one.tags}
        indexed = {
            (tag, key)
            for tag, held in self.store._keys_by_tag.items()
            for key in (held if isinstance(held, set) else [held])
        }
        assert indexed == stored

    @rule(key=KEYS, which=st.integers(0, 2))
    def drop(self, key: Key, which: int) -> None:
        """One page goes; the others under its key stay."""
        entries = self.store.get(key)
        if which < len(entries):
            self.store.drop(key, entries[which])
            self.store.drop(key, entries[which])
            assert self.store.get(key) == entries[:which] + entries[which + 1 :]


StoreRules.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestStore = StoreRules.TestCase


def test_endless_addresses_do_not_fill_memory() -> None:
    """However many pages come, the store and its index stay within the bound."""
    store = Store(LIMIT)
    for number in range(20_000):
        ticket = store.take_ticket()
        store.put(("http", b"host", b"/%d" % number, b""), _entry(frozenset({f"tag {number}"})), ticket)
        store.return_ticket(ticket)
    assert store.bytes <= LIMIT
    assert len(store._keys_by_tag) <= len(store) + 1
    assert store.evictions == 20_000 - len(store)


def test_endless_purges_behind_a_slow_render_do_not_fill_memory() -> None:
    """What is remembered for its sake is bounded; beyond, it is refused whatever it shows, and no later one is."""
    store = Store(LIMIT)
    slow = store.take_ticket()
    for number in range(30_000):
        store.purge([f"tag {number}"])
    later = store.take_ticket()
    assert len(store._purged_at) <= 10_000
    assert not store.put(("http", b"", b"/purged", b""), _entry(frozenset({"tag 0"})), slow)
    assert not store.put(("http", b"", b"/slow", b""), _entry(frozenset({"other"})), slow)
    assert store.put(("http", b"", b"/later", b""), _entry(frozenset({"tag 0"})), later)


def test_purges_are_forgotten_with_the_last_render_that_is_older() -> None:
    """On a busy site some render is always under way."""
    store = Store(LIMIT)
    older = store.take_ticket()
    for number in range(100):
        store.purge([f"tag {number}", "always"])
        younger = store.take_ticket()
        store.return_ticket(older)
        assert not store._purged_at
        older = younger
    store.purge(["a"])
    store.take_ticket()
    store.purge(["b", "always"])
    store.return_ticket(older)
    assert store._purged_at.keys() == {"b", "always"}


def test_the_least_recently_read_page_goes_first() -> None:
    """Reading a page keeps it."""
    store = Store(weight(("http", b"", b"/1", b""), [_entry(frozenset())]) * 3)
    for name in (b"/1", b"/2", b"/3"):
        store.put(("http", b"", name, b""), _entry(frozenset()), store.take_ticket())
    store.get(("http", b"", b"/1", b""))
    store.put(("http", b"", b"/4", b""), _entry(frozenset()), store.take_ticket())
    assert store.get(("http", b"", b"/1", b""))
    assert not store.get(("http", b"", b"/2", b""))


def test_variants_of_a_page_stand_side_by_side() -> None:
    """A page for other requests is kept beside, a newer one for the same in its place; the number is bounded."""
    store, key = Store(10**6), ("http", b"", b"/", b"")
    one, other, newer = (
        _entry(frozenset({name}), vary=((b"accept", value),))
        for name, value in (("a", b"text/html"), ("b", b"text/css"), ("c", b"text/html"))
    )
    for entry in (one, other, newer):
        store.put(key, entry, store.take_ticket())
    assert store.get(key) == (newer, other)
    assert store.purge(["b"]) == 1
    assert store.get(key) == (newer,)
    for number in range(100):
        store.put(key, _entry(frozenset(), vary=((b"accept", b"%d" % number),)), store.take_ticket())
    assert 2 <= len(store.get(key)) <= 20
