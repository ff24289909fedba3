"""How often something may fail before nothing more is tried for a while, be it right or wrong.

Only failures count, so that whoever knows the password may sign in as often as they like.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections import deque
from collections.abc import Callable

from cachetools import TTLCache

WINDOW = 900
"""Seconds for which a failure counts."""
PER_LOGIN = 10
"""Failed sign-ins with one login name, from wherever they come."""
PER_NETWORK = 100
"""Failed sign-ins from one network, with whatever login names. More than one person may sit behind an address."""
PER_TOKEN = 10
"""Wrong purge tokens from one network."""
_REMEMBERED = 10_000


class Throttle:
    """A moving window of failures for each of many keys. It is used by one thread, that of the event loop."""

    def __init__(
        self,
        limit: int,
        *,
        window: float = WINDOW,
        remembered: int = _REMEMBERED,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin without failures.

        Args:
            limit: Failures within the window from which on nothing is tried.
            window: Seconds.
            remembered: Most keys that are known; beyond, those least recently used are forgotten.
            clock: Seconds, monotonic.
        """
        self._limit = limit
        self._window = window
        self._clock = clock
        self._failures: TTLCache[bytes, deque[float]] = TTLCache(remembered, window, timer=clock)

    def __len__(self) -> int:
        """How many keys are remembered."""
        return len(self._failures)

    def wait(self, key: str) -> int:
        """Whole seconds until the next try; 0: it may be made now."""
        failures = self._failures.get(_digest(key))
        if failures is None or len(failures) < self._limit:
            return 0
        return max(0, math.ceil(failures[0] + self._window - self._clock()))

    def fail(self, key: str) -> None:
        """Count a failure."""
        digest = _digest(key)
        failures = self._failures.pop(digest, None) or deque(maxlen=self._limit)
        failures.append(self._clock())
        self._failures[digest] = failures  # stored anew, so that it is forgotten a window after its last failure

    def forget(self, key: str) -> None:
        """Count from nothing again."""
        self._failures.pop(_digest(key), None)


class SignIns:
    """The throttles of signing in: by login name and by network."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._logins = Throttle(PER_LOGIN, clock=clock)
        self._networks = Throttle(PER_NETWORK, clock=clock)

    def wait(self, login: str, network: str) -> int:
        """Whole seconds until this login may be tried from this network; 0: now."""
        return max(self._logins.wait(login), self._networks.wait(network))

    def failed(self, login: str, network: str) -> None:
        """Count a sign-in that was refused."""
        self._logins.fail(login)
        self._networks.fail(network)

    def succeeded(self, login: str) -> None:
        """Forget the failures of a login; not those of the network, from which its owner could go on guessing."""
        self._logins.forget(login)


def _digest(key: str) -> bytes:
    # Of one size, however much was typed; and what was typed, at times a password, is not kept.
    return hashlib.blake2b(key.encode(), digest_size=16).digest()
