"""What stops a swarm before or while it runs; every message is one line: what happened, the value, the remedy."""

from __future__ import annotations


class SwarmError(Exception):
    """The swarm cannot start or go on; the process says so in one line and exits with 2."""


class LoginError(SwarmError):
    """A member did not get in, or the page behind the login belongs to somebody else."""
