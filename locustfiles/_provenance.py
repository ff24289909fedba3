"""Where a scenario comes from: one of our locustfiles, or a file of somebody's own, of which records then tell."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from locustfiles._errors import SwarmError
from locustfiles._scenario import Scenario

_OURS = Path(__file__).resolve().parent


def locustfile_of(file: str | None, scenario: Scenario) -> dict[str, Any] | None:
    """What a plan says of the locustfile of a scenario: name, SHA-256 and digest of its traffic; None for one of ours.

    Args:
        file: The file its class is in.
        scenario: As it stands there.

    Raises:
        SwarmError: The file cannot be read any more.
    """
    if file is None or Path(file).resolve().parent == _OURS:
        return None
    path = Path(file)
    try:
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise SwarmError(f"the locustfile {path} cannot be read ({error.strerror}); check the name") from None
    return {"name": path.name, "sha256": sha256, "digest": scenario.digest(sha256)}
