"""Password hashing: argon2id at the parameters OWASP names as the minimum (19 MiB, two passes, one lane)."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# Checked when nobody has the login that was typed, so that the answer takes as long as for a real member.
_NOBODY = _HASHER.hash("nobody's password", salt=b"0123456789abcdef")


def hash_password(password: str, *, salt: bytes) -> str:
    """The encoded hash of a password. ``salt`` is 16 bytes."""
    return _HASHER.hash(password, salt=salt)


def password_matches(encoded: str | None, password: str) -> bool:
    """Whether the password belongs to the hash; with None it takes as long and never does."""
    try:
        return _HASHER.verify(encoded or _NOBODY, password) and encoded is not None
    except VerificationError:
        return False
