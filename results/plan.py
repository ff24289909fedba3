"""What one swarm is asked to do: the part of a record written before any load.

A plan says everything that fixes the traffic; the swarm turns it into arrivals. Two swarms with the same
``traffic_key`` send the same requests at the same scheduled moments, whatever their arms are called or where they are.
"""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from results.errors import PlanError

SHAPES: Final[Mapping[str, tuple[float, float]]] = {
    "steady": (0, 0),
    "ramp": (0.001, 1),
    "steps": (1, 100),
    "spike": (1, 1000),
    "soak": (0, 0),
    "breakpoint": (1.01, 10),
}
"""Shapes and the range of the number each takes: the part of the rate a ramp begins with, how many steps, how many
times the rate a spike is, and by how much each step towards the breaking point exceeds the last. Equal ends: none."""

_WITHOUT_NUMBER: Final = {"ramp": 0.1, "steps": 4.0, "spike": 5.0, "breakpoint": 1.2}


MOST_ARMS: Final = 3
"""Arms that one swarm can drive side by side: before, after, and a second copy of one."""


def parse_shape(shape: str) -> tuple[str, float]:
    """Name and number of a shape such as ``spike:8``, which a plan has checked; 1.0 where the shape takes none."""
    name, _, number = shape.partition(":")
    return name, float(number) if number else _WITHOUT_NUMBER.get(name, 1.0)


@dataclass(frozen=True, slots=True)
class Arm:
    """One side of a duet: its name (``before``, ``after``, ``again``; ``target`` alone) and the URL of its origin."""

    name: str
    url: str

    def __post_init__(self) -> None:
        """Refuse what is not an http(s) origin."""
        try:
            parts = urlsplit(self.url)
            _ = parts.port
        except ValueError as error:
            raise PlanError(f"{self.url!r} is no origin ({error}); give one such as http://127.0.0.1:8000") from None
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path not in {"", "/"}:
            raise PlanError(f"{self.url!r} is no origin; give one such as http://127.0.0.1:8000")


@dataclass(frozen=True, slots=True)
class SwarmPlan:
    """Everything that fixes a swarm's traffic.

    Attributes:
        scenario: Name of the public locustfile.
        arms: One target, or two that receive the same requests side by side (a duet); a third is another copy of
            one of them, which shows what two copies of one version differ by.
        seed: Root of every draw.
        launch: Which launch of a trial this is, from 0; another launch is other traffic.
        rate: Requests a second *and arm* of the open workload; ``None`` for the closed one.
        visitors: Open workload: connections kept ready per arm. Closed workload: visitors in a loop.
        warmup_s, duration_s: Discarded and measured part, seconds. ``duration_s`` may be infinite (until stopped).
        members: How many member accounts of the site the swarm may use.
        member_share: Share of requests that members make, where the scenario has members; ``None`` is its default.
        zipf: Exponent of article popularity.
        prepare: State of the page cache before the first arrival: ``warm`` asks for every page of the plan once on each
            arm, ``cold`` purges, ``natural`` leaves it as it is.
        corpus: The synthesizer's parameters of what the site serves; ``None`` asks the site.
        shape: How the rate goes over the measured time, as in ``ramp`` or ``spike:8``; see ``SHAPES``.
        event_s: Seconds from one event to the next of personas with a clock of their own (editors, purges, log-ins);
            ``None`` is the scenario's.
        urls: What is known of the addresses of a site that is not the reference site: their source, number and digest.
        locustfile: What is known of a locustfile that is not one of ours: its name, its SHA-256, and the digest of all
            in it that makes traffic.
        stale_s: How long after a finished edit an older edition may still be shown, seconds.
        ca_file: PEM file of the authorities that an https target's certificate may come from; ``None``: the system's.
        insecure: Accept any certificate.
    """

    scenario: str
    arms: tuple[Arm, ...]
    seed: int = 0
    launch: int = 0
    rate: float | None = 50.0
    visitors: int = 64
    warmup_s: float = 0.0
    duration_s: float = 30.0
    members: int = 20
    member_share: float | None = None
    zipf: float = 0.8
    prepare: Literal["natural", "warm", "cold"] = "natural"
    corpus: Mapping[str, Any] | None = None
    shape: str = "steady"
    event_s: float | None = None
    urls: Mapping[str, Any] | None = None
    stale_s: float = 0.0
    ca_file: str | None = None
    insecure: bool = False
    locustfile: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        """Refuse numbers that no swarm can carry out."""
        if not 1 <= len(self.arms) <= MOST_ARMS:
            raise PlanError(f"a swarm drives one target, or two or three arms side by side, not {len(self.arms)}")
        names = [arm.name for arm in self.arms]
        if double := [name for name in names if names.count(name) > 1]:
            which = "both" if len(names) == 2 else "several"
            raise PlanError(f"{which} arms are named {double[0]!r}; give them different names")
        for name, (called, option, low, high) in _NUMBERS.items():
            value = getattr(self, name)
            if value is None and name in {"rate", "member_share", "event_s"}:
                continue
            if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
                key = "" if called == name else f", in a plan {name}"
                what = "number of seconds" if name.endswith("_s") else "number"
                end = "up" if math.isinf(high) else f"to {high}"
                raise PlanError(
                    f"{called} is {value!r}{option and f' ({option}{key})'}; it must be a {what} from {low} {end}"
                )

        for name, kind in (("scenario", str), ("shape", str), ("ca_file", str | None), ("insecure", bool)):
            if not isinstance(getattr(self, name), kind):
                raise PlanError(f"{name} is {getattr(self, name)!r}; it must be {_KINDS[name]}")
        for name in ("corpus", "urls", "locustfile"):
            if not isinstance(getattr(self, name), Mapping | None):
                raise PlanError(f"{name} is {getattr(self, name)!r}; it must be an object or null")
        if self.prepare not in ("natural", "warm", "cold"):
            raise PlanError(f"prepare is {self.prepare!r}; it must be natural, warm or cold")
        self._check_shape()

    def _check_shape(self) -> None:
        name, colon, number = self.shape.partition(":")
        if name not in SHAPES:
            near = difflib.get_close_matches(name, SHAPES, n=1)
            raise PlanError(
                f"shape is {self.shape!r}; it must be one of {', '.join(SHAPES)}"
                + (f". Did you mean {near[0]!r}?" if near else "")
            )
        low, high = SHAPES[name]
        try:
            factor = float(number) if colon else low
        except ValueError:
            factor = math.nan
        if (colon and low == high) or not low <= factor <= high or (name == "steps" and factor != int(factor)):
            takes = "no number" if low == high else f"a number from {low:g} to {high:g}, as in {name}:{high / 2:g}"
            raise PlanError(f"shape is {self.shape!r}; {name} takes {takes}")
        if self.rate is None and name not in {"steady", "soak"}:
            raise PlanError(f"shape {name!r} is of a rate, which visitors in a loop do not have; give a rate (--rate)")
        if math.isinf(self.duration_s) and name in {"ramp", "steps", "spike"}:
            raise PlanError(f"shape {name!r} needs an end to aim at; give a duration (--duration)")

    @property
    def workload(self) -> Literal["open", "closed"]:
        """Whether arrivals are fixed in advance or visitors wait for replies."""
        return "closed" if self.rate is None else "open"

    @property
    def traffic_key(self) -> str:
        """32 hex digits over all that fixes the requests, and nothing else (not the arms' names or addresses)."""
        traffic = self.to_dict()
        traffic["arms"] = len(self.arms)
        for name in ("ca_file", "insecure", "stale_s"):  # how the target is reached and judged, not what it is asked
            del traffic[name]
        if self.urls is not None:  # what the addresses are, not the file they were read from
            traffic["urls"] = {name: self.urls[name] for name in ("digest", "login") if name in self.urls}
        del traffic["locustfile"]  # a plan of ours has the key that it had before there were others
        if self.locustfile is not None:  # what it asks for, not how it is called
            traffic["locustfile"] = self.locustfile.get("digest")
        canonical = json.dumps(traffic, sort_keys=True, separators=(",", ":"))
        return hashlib.blake2b(canonical.encode(), digest_size=16).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data; an infinite duration is ``null``."""
        data = dataclasses.asdict(self)
        data["arms"] = [dataclasses.asdict(arm) for arm in self.arms]
        data["corpus"] = None if self.corpus is None else dict(self.corpus)
        data["urls"] = None if self.urls is None else dict(self.urls)
        data["locustfile"] = None if self.locustfile is None else dict(self.locustfile)
        data["duration_s"] = None if math.isinf(self.duration_s) else self.duration_s
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> SwarmPlan:
        """The inverse of ``to_dict``.

        Raises:
            PlanError: For an unknown key (with the nearest known one), a missing one, or a value out of range.
        """
        known = {field.name for field in dataclasses.fields(cls)}
        for key in data:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1)
                raise PlanError(f"unknown plan key {key!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
        for key in ("scenario", "arms"):
            if key not in data:
                raise PlanError(f"the plan has no {key!r}")
        values = dict(data)
        values["arms"] = _arms(data["arms"])
        if values.get("duration_s", 0) is None:
            values["duration_s"] = math.inf
        return cls(**values)


_NUMBERS: Final[Mapping[str, tuple[str, str, float, float]]] = {
    "rate": ("rate", "--rate", 0.01, 1_000_000),
    "visitors": ("visitors", "--visitors or --users", 1, 100_000),
    "warmup_s": ("warm-up", "--warmup", 0, 86_400),
    "duration_s": ("duration", "--duration", 0.1, math.inf),
    "members": ("members", "--members", 0, 1_000_000),
    "member_share": ("member share", "--member-share", 0, 1),
    "zipf": ("zipf", "--zipf", 0, 3),
    "launch": ("launch", "", 0, 30_000),
    "seed": ("seed", "--seed", 0, 2**63 - 1),
    "event_s": ("time between events", "--event-every", 0.001, 86_400),
    "stale_s": ("stale allowance", "--stale-allowance", 0, 86_400),
}
"""Numbers of a plan: what each is called, the option that gives it on a command line, and its range."""

_KINDS: Final = {"scenario": "a name", "shape": "a word", "ca_file": "a file name or null", "insecure": "true or false"}


def _arms(data: object) -> tuple[Arm, ...]:
    """The arms of a plan file.

    Raises:
        PlanError: They are not objects of a name and a URL.
    """
    arms = []
    for arm in data if isinstance(data, list | tuple) else (data,):
        if (
            not isinstance(arm, Mapping)
            or set(arm) != {"name", "url"}
            or not all(isinstance(v, str) for v in arm.values())
        ):
            raise PlanError(f'an arm is {arm!r}; write it as {{"name": "before", "url": "http://127.0.0.1:8001"}}')
        arms.append(Arm(**arm))
    return tuple(arms)
