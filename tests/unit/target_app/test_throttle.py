"""Throttles by themselves, and at the site's sign-in and purge."""

import asyncio
from collections import Counter
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth import people
from target_app.app import build_app
from target_app.throttle import PER_LOGIN, PER_NETWORK, PER_TOKEN, WINDOW, SignIns, Throttle
from tests.unit.target_app.conftest import CORPUS, Opened
from tests.unit.target_app.wire import FORM, JSON, Answer, Wire, as_json

Opener = Callable[..., Opened]
ANN, BEN = people.member(0, seed=CORPUS.seed), people.member(1, seed=CORPUS.seed)


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now


def test_after_so_many_failures_nothing_is_tried_for_the_rest_of_the_window() -> None:
    """The wait is counted from the first of those failures, and another key does not wait."""
    clock = Clock()
    throttle = Throttle(3, window=60, clock=clock)
    waits = []
    for _ in range(3):
        waits.append(throttle.wait("a"))
        throttle.fail("a")
        clock.now += 10
    assert waits == [0, 0, 0]
    assert (throttle.wait("a"), throttle.wait("b")) == (30, 0)
    clock.now += 29.5
    assert throttle.wait("a") == 1
    clock.now += 0.5
    assert throttle.wait("a") == 0


def test_failures_leave_the_window_one_by_one() -> None:
    """When the oldest is gone there is one try; if that fails, it is the next one's turn to leave."""
    clock = Clock()
    throttle = Throttle(2, window=60, clock=clock)
    throttle.fail("a")
    clock.now += 40
    throttle.fail("a")
    clock.now += 20
    assert throttle.wait("a") == 0
    throttle.fail("a")
    assert throttle.wait("a") == 40


def test_a_key_can_be_forgotten() -> None:
    """It then begins from nothing."""
    throttle = Throttle(1, clock=Clock())
    throttle.fail("a")
    throttle.forget("a")
    throttle.forget("never seen")
    assert throttle.wait("a") == 0


def test_memory_is_bounded_in_number_size_and_time() -> None:
    """No more keys than were asked for are remembered, and none longer than a window after its last failure."""
    clock = Clock()
    throttle = Throttle(3, window=60, remembered=50, clock=clock)
    for number in range(1_000):
        throttle.fail(f"{number}" * 1_000)
    assert len(throttle) == 50
    assert all(len(key) == 16 for key in throttle._failures)
    throttle.fail("a")
    clock.now += 30
    throttle.fail("a")
    clock.now += 59
    assert len(throttle) == 1
    clock.now += 1
    assert len(throttle) == 0


@given(st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 30)), max_size=60))
def test_no_window_holds_more_failures_than_allowed(tries: list[tuple[str, float]]) -> None:
    """Whoever waits as long as told fails at most so many times in any stretch of a window's length."""
    clock = Clock()
    throttle = Throttle(3, window=60, clock=clock)
    failed: dict[str, list[float]] = {"a": [], "b": []}
    for key, pause in tries:
        clock.now += pause
        if throttle.wait(key) == 0:
            throttle.fail(key)
            failed[key].append(clock.now)
    for moments in failed.values():
        assert all(later - first >= 60 for first, later in zip(moments, moments[3:], strict=False))


def test_signing_in_forgets_failures_of_the_login_but_not_of_the_network() -> None:
    """Else whoever has one password could try any number of others' in between."""
    clock = Clock()
    sign_ins = SignIns(clock)
    for number in range(PER_NETWORK):
        assert sign_ins.wait(f"login {number // (PER_LOGIN - 1)}", "net") == 0
        sign_ins.failed(f"login {number // (PER_LOGIN - 1)}", "net")
        sign_ins.succeeded("mine")
    assert sign_ins.wait("mine", "net") == WINDOW
    assert sign_ins.wait("mine", "another net") == 0


async def _try(site: Wire, login: str, password: str) -> Answer:
    form = urlencode({"login": login, "password": password}).encode()
    return await site.ask(b"/login", FORM, method=b"POST", body=form)


def _with_clock(opened: Opened) -> Clock:
    clock = Clock()
    object.__setattr__(opened.site, "sign_ins", SignIns(clock))
    object.__setattr__(opened.site, "wrong_tokens", Throttle(PER_TOKEN, clock=clock))
    opened.layers = build_app(opened.site)
    return clock


@pytest.mark.anyio
async def test_too_many_wrong_passwords_close_a_login_for_a_while(open_copy: Opener) -> None:
    """Then not even the right one is taken, from anywhere; the answer says so, and when it is over it is over."""
    opened = open_copy()
    clock = _with_clock(opened)
    site, elsewhere = Wire.of(opened), Wire(opened.layers.app, ("192.0.2.9", 1))
    wrong = [(await _try(site, ANN.login, f"guess {number}")).status for number in range(PER_LOGIN)]
    assert wrong == [403] * PER_LOGIN
    clock.now += 100
    statements = opened.site.statistics.statements
    closed = [await _try(where, ANN.login, ANN.password) for where in (site, elsewhere)]
    assert opened.site.statistics.statements == statements  # nobody was looked up, so nothing was hashed
    for answer in closed:
        assert answer.status == 429
        assert answer.field(b"retry-after") == b"%d" % (WINDOW - 100)
        assert answer.field(b"set-cookie") == b""
        assert answer.field(b"cache-control") == b"private, no-store"
        assert b"not even with the right password. Try again in 14 minutes." in answer.body
    assert (await _try(site, BEN.login, BEN.password)).status == 303
    clock.now += WINDOW - 100
    assert (await _try(site, ANN.login, ANN.password)).status == 303
    assert (await site.ask(b"/anp/stats")).body.count(b'"accepted":2,"refused":10,"throttled":2') == 1


@pytest.mark.anyio
async def test_guesses_sent_all_at_once_are_no_more_guesses(open_copy: Opener) -> None:
    """Each is judged by those that failed before it: only one that is being hashed beside the last can come on top."""
    site = Wire.of(open_copy())
    answers = await asyncio.gather(*(_try(site, ANN.login, f"guess {number}") for number in range(4 * PER_LOGIN)))
    counted = Counter(answer.status for answer in answers)
    assert counted.keys() == {403, 429}
    assert PER_LOGIN <= counted[403] <= PER_LOGIN + 1


@pytest.mark.anyio
async def test_a_login_that_nobody_has_is_closed_like_any_other(open_copy: Opener) -> None:
    """Whether a member is called so cannot be told from when it closes, nor from the page."""
    site = Wire.of(open_copy())
    answers = {
        login: [await _try(site, login, "guess") for _ in range(PER_LOGIN + 1)] for login in (ANN.login, "nobody")
    }
    pages = {
        login: [(answer.status, answer.body.replace(login.encode(), b"LOGIN")) for answer in given]
        for login, given in answers.items()
    }
    assert pages[ANN.login] == pages["nobody"]
    assert pages["nobody"][-1][0] == 429


@pytest.mark.anyio
async def test_too_many_logins_from_one_network_close_it(open_copy: Opener) -> None:
    """Guessing one password for many members ends too; an IPv6 customer is one network, whatever the address."""
    opened = open_copy()
    _with_clock(opened)
    for number in range(PER_NETWORK):
        opened.site.sign_ins.failed(f"login {number}", "2001:db8:0:1::/64")
    near, far = (Wire(opened.layers.app, (host, 1)) for host in ("2001:db8:0:1:ffff::9", "2001:db8:0:2::9"))
    assert (await _try(near, ANN.login, ANN.password)).status == 429
    assert (await _try(far, ANN.login, ANN.password)).status == 303


@pytest.mark.anyio
async def test_right_passwords_are_never_too_many(open_copy: Opener) -> None:
    """Members who sign in again and again, as under a load test, are let in each time."""
    site = Wire.of(open_copy())
    answers = [(await _try(site, who.login, who.password)).status for _ in range(PER_LOGIN * 2) for who in (ANN, BEN)]
    assert answers == [303] * len(answers)
    mixed = [await _try(site, ANN.login, word) for _ in range(3) for word in ("wrong", "wrong", ANN.password)]
    assert [answer.status for answer in mixed] == [403, 403, 303] * 3


@pytest.mark.anyio
@pytest.mark.parametrize("token", ["guess", ""])
async def test_too_many_wrong_tokens_close_the_purge(token: str, open_copy: Opener) -> None:
    """The right token is not read either; a request without any is refused, but is no guess."""
    opened = open_copy(purge_token="secret")
    clock = _with_clock(opened)
    site = Wire.of(opened)

    async def purge(*fields: tuple[bytes, bytes]) -> Answer:
        return await site.ask(b"/anp/purge", JSON, *fields, method=b"POST", body=as_json({"all": True}))

    assert [(await purge()).status for _ in range(2 * PER_TOKEN)] == [403] * 2 * PER_TOKEN
    guesses = [(await purge((b"x-anp-token", token.encode()))).status for _ in range(PER_TOKEN + 1)]
    assert guesses == [403] * PER_TOKEN + [429]
    closed = await purge((b"x-anp-token", b"secret"))
    assert (closed.status, closed.field(b"retry-after")) == (429, b"%d" % WINDOW)
    assert b"not even the right one" in closed.body
    clock.now += WINDOW
    assert (await purge((b"x-anp-token", b"secret"))).status == 200
