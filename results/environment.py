"""Where and of what a record was made: what two sessions must have in common before their figures may be compared."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from results.record import Record

_MACHINE: Final = ("cpu", "cores", "usable_cores", "memory_bytes", "system", "kernel")
GENERATOR: Final = ("python", "locust", "gevent", "httptools")
"""Packages that make and time requests: another version of them is another instrument."""


@dataclass(frozen=True, slots=True)
class Environment:
    """What a session was made on.

    Attributes:
        machine: As ``machine.describe`` tells it.
        versions: Of Python and packages; those of the generator must agree, others may be the change.
        corpus: Parameters of what the site serves.
        settings: Of the site, which are what usually changes.
        address: Scheme and host of the site; over TLS or not must agree, another host may be the change.
        traffic: Digest over all that fixes the requests; empty where the plan cannot be read.
    """

    machine: Mapping[str, Any]
    versions: Mapping[str, Any]
    corpus: Mapping[str, Any]
    settings: Mapping[str, Any]
    traffic: str
    address: Mapping[str, Any] = field(default_factory=dict)

    def unlike(self, other: Environment) -> tuple[str, ...]:
        """Every field that must agree and does not, with both values: ``cpu "A" and "B"``."""
        return (
            *_differing(self.machine, other.machine, _MACHINE, "machine "),
            *_differing(self.versions, other.versions, GENERATOR, "version of "),
            *_differing(self.address, other.address, ("scheme",), ""),
            *_differing(self.corpus, other.corpus, sorted(self.corpus.keys() | other.corpus.keys()), "articles' "),
        )

    def settings_unlike(self, other: Environment) -> tuple[str, ...]:
        """Settings of the site that differ, with both values."""
        return _differing(self.settings, other.settings, sorted(self.settings.keys() | other.settings.keys()), "")

    def changed(self, other: Environment) -> tuple[str, ...]:
        """What may differ beside the settings, and does: the host, and versions of the site's own packages."""
        others = sorted((self.versions.keys() | other.versions.keys()) - set(GENERATOR))
        return (
            *_differing(self.address, other.address, ("host",), ""),
            *_differing(self.versions, other.versions, others, "version of "),
        )


def environment(record: Record, arm: str) -> Environment:
    """Of one arm of a record; what a record does not tell is empty."""
    launches = record.launches()
    runs = [launch.run for launch in launches if launch.run is not None]
    run: Mapping[str, Any] = runs[0] if runs else {}
    about = ((run.get("sites") or {}).get(arm) or {}).get("about") or {}
    planned: Mapping[str, Any] = next((each for each in record.asked.get("arms", ()) if each.get("name") == arm), {})
    return Environment(
        machine=dict(record.plan.get("machine") or run.get("machine") or {}),
        versions=dict(record.plan.get("versions") or run.get("versions") or {}),
        corpus=dict(record.asked.get("corpus") or about.get("corpus") or {}),
        settings=dict(planned.get("settings") or about.get("settings") or {}),
        traffic=traffic_of(record),
        address=_address(str(planned.get("url") or "")),
    )


def of_arms(launch: Record) -> dict[str, Environment]:
    """Of the arms of one swarm record, by what its generator and the sites themselves told while it ran."""
    run: Mapping[str, Any] = launch.run or {}
    arms = {str(arm.get("name")): str(arm.get("url") or "") for arm in launch.asked.get("arms", ())}
    abouts = {name: ((run.get("sites") or {}).get(name) or {}).get("about") or {} for name in arms}
    return {
        name: Environment(
            machine=dict(run.get("machine") or {}),
            versions=dict(run.get("versions") or {}),
            corpus=dict(abouts[name].get("corpus") or {}),
            settings=dict(abouts[name].get("settings") or {}),
            traffic=str(run.get("traffic_key") or ""),
            address=_address(url),
        )
        for name, url in arms.items()
    }


def _address(url: str) -> dict[str, str]:
    parts = urlsplit(url)
    return {"scheme": parts.scheme, "host": parts.hostname} if parts.scheme and parts.hostname else {}


def traffic_of(record: Record) -> str:
    """Digest over what fixes the requests of all launches; equal digests are equal traffic."""
    keys = [str((launch.run or {}).get("traffic_key") or "") for launch in record.launches()]
    return ",".join(keys) if all(keys) else ""


def _differing(one: Mapping[str, Any], other: Mapping[str, Any], keys: Any, kind: str) -> tuple[str, ...]:
    """Fields that both know and that differ; what one of them does not know is no difference."""
    return tuple(
        f"{kind}{key} {_short(one[key])} and {_short(other[key])}"
        for key in keys
        if key in one and key in other and one[key] != other[key]
    )


def _short(value: object) -> str:
    return json.dumps(value, default=str, ensure_ascii=False)[:60]
