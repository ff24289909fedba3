"""Two arms put side by side: from records to a comparison that every report is made of.

A ``Comparison`` is plain data and holds all that a reader is told, so that a report can be made again from its JSON.
The unit of replication is the launch: both arms started afresh, loaded side by side or in turn, one log ratio per cell.
Two sessions at different times have no such unit; they are weighed with the spread of earlier sessions, if at all.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

import numpy as np

from results import (
    baselines,
    caching,
    distribution,
    evidence,
    gates,
    heatmap,
    interference,
    mix,
    sameness,
    statistics,
    steadiness,
    timeline,
)
from results.baselines import History, Session
from results.caching import ClassShare, HitRatio, OneSided, Transition
from results.cells import STOPS, CellResult, judge_cells, withhold
from results.design import Design, Family, Question, choose
from results.distribution import Curve, Shift, Tail
from results.errors import ComparisonError
from results.gate import Effect, Gate
from results.gates import LaunchReport
from results.headline import Overall, caveats, conclude
from results.heatmap import Heat
from results.interference import Interference
from results.mix import MixReport
from results.noise import AGAIN, NoiseFloor, measure
from results.record import Record
from results.samples import AFTER, BEFORE, Samples, read_archived, read_trial
from results.timeline import LeftOut, Moment, Served
from results.units import milliseconds
from results.verdict import exit_code

FORMAT: Final = 2
"""Of ``compare.json``. History: 1 (2026-11) first. 2 (2026-11) method, mix, noise floor, interference, history."""

Grade = Literal["A", "B", "C"]
Method = Literal["duet", "rounds", "reversal", "sessions"]

_WEIGHT: Final = get_args(Effect)


@dataclass(frozen=True, slots=True)
class ArmReport:
    """One arm as a whole."""

    name: str
    settings: Mapping[str, Any]
    requests: int
    failed: int
    error_rate: float
    server_ms: float


@dataclass(frozen=True, slots=True)
class FamilyReport:
    """How the simultaneous intervals were made.

    Attributes:
        primary: Cells that decide.
        launches: Those that all figures are over: the ones that count or, where none does, all of them.
    """

    primary: int
    launches: int
    alpha: float
    method: str
    critical: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything a report says, as plain data.

    Attributes:
        kind: A trial, or two records made at different times.
        grade: Of the evidence: A both arms in every launch, in an order left to chance; B one slot, switched to and
            fro; C one session after the other.
        method: How the arms of a launch were loaded: side by side, in turn in random order, in turn as A-B-B-A; or two
            sessions.
        fallback: Why the arms were loaded in turn though a duet was asked for; ``None`` where that is not so.
        workload: Open: response time decides. Closed: service time.
        gates: The weightiest first.
        left_out: Launches that do not count, for drawing.
        loaded_first: Of every launch: before or after, whichever was loaded first; ``None`` where both were at once.
        mix: How much of each change is the hit ratio's and how much the classes' own.
        noise: What the A/A' arm showed, where there was one.
        interference: Each arm alone against beside the other, where that was looked at.
        history: The sessions that two sessions were weighed with.
        changed: What else than settings differs between two sessions: host and versions, with both values.
        plan_hash: Digest of what was asked for; the same plan carried out elsewhere or again has the same.
    """

    format: int
    kind: Literal["trial", "archived"]
    grade: Grade
    method: Method
    fallback: str | None
    name: str
    reason: str
    workload: Literal["open", "closed"]
    overall: Overall
    design: Design
    family: FamilyReport
    arms: tuple[ArmReport, ArmReport]
    gates: tuple[Gate, ...]
    launches: tuple[LaunchReport, ...]
    cells: tuple[CellResult, ...]
    one_sided: tuple[OneSided, ...]
    hit_ratios: tuple[HitRatio, ...]
    classes: tuple[ClassShare, ...]
    transitions: tuple[Transition, ...]
    mix: MixReport
    noise: NoiseFloor | None
    interference: tuple[Interference, ...]
    history: History | None
    changed: tuple[str, ...]
    curves: tuple[Curve, ...]
    shifts: tuple[Shift, ...]
    tails: tuple[Tail, ...]
    heat: Heat | None
    left_out: tuple[LeftOut, ...]
    loaded_first: tuple[str | None, ...]
    served: tuple[Served, ...]
    timeline: tuple[Moment, ...]
    caveats: tuple[str, ...]
    plan: Mapping[str, Any]
    plan_hash: str

    @property
    def primary(self) -> tuple[CellResult, ...]:
        """The cells that decide."""
        return tuple(result for result in self.cells if result.primary)

    @property
    def is_judged(self) -> bool:
        """Whether cells could get verdicts at all: no gate withheld them."""
        return all(gate.ok or gate.effect not in STOPS for gate in self.gates)

    @property
    def changed_settings(self) -> tuple[tuple[str, Any, Any], ...]:
        """Name, value before and value after of every setting in which the arms differ; ``None`` is its default."""
        before, after = (arm.settings for arm in self.arms)
        return tuple(
            (name, before.get(name), after.get(name))
            for name in sorted(before.keys() | after.keys())
            if before.get(name) != after.get(name)
        )

    def exit_code(self, fail_on: Collection[str] = ("slower", "invalid")) -> int:
        """The exit code this comparison asks for; see ``verdict.exit_code``."""
        return exit_code([result.verdict for result in self.primary], self.overall.word, fail_on)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data; a figure that is not finite is ``null``."""
        data: dict[str, Any] = _plain({field.name: getattr(self, field.name) for field in dataclasses.fields(self)})
        data["design"] = self.design.to_dict()
        data["exit_code"] = self.exit_code()
        return data


def compare_trial(record: Record, design: Design | None = None) -> Comparison:
    """Compare the two arms of a trial.

    Args:
        record: Of kind trial, or a swarm record of two arms (then one launch, which is never enough for a verdict).
        design: ``None`` takes the one of the trial's plan.

    Raises:
        ComparisonError: The record cannot be read as two arms at all.
    """
    if design is None:
        design = Design.from_dict(record.plan.get("design") or {})
    arms = _arms(record)
    for name in (design.before, design.after):
        if name not in arms:
            raise ComparisonError(
                f"record {record.name} has no arm {name!r}; its arms are {', '.join(arms) or 'none'}. "
                "Name two of them in the design"
            )
    samples = read_trial(record, design.before, design.after)
    method = _method(record, samples)
    sides = Sides(
        (design.before, design.after),
        (arms[design.before], arms[design.after]),
        method=method,
        again=record if AGAIN in arms and AGAIN not in (design.before, design.after) else None,
        copy_of=next(iter(arms)),
        interference=interference.read(record, design.margins.get("p50", 0.03)),
    )
    return _compare(samples, design, record.plan, sides, record.name)


def _method(record: Record, samples: Samples) -> Method:
    """How the launches were made, by what they hold; what was asked for may have been given up."""
    if all(launch.first is None for launch in samples.launches):
        return "duet"
    return "reversal" if record.plan.get("method") == "reversal" else "rounds"


def compare_archived(
    before: Record, after: Record, design: Design | None = None, history: Sequence[Session] = ()
) -> Comparison:
    """Put two sessions side by side, each giving its only arm (or, of two, the one that the design names).

    Two sessions differ by what the machine did in between, too. Only the spread of several sessions before the change
    tells the one from the other; without them figures are shown and the verdict is *not enough data*.

    Args:
        before: The session before the change.
        after: The session after it.
        design: ``None`` takes the defaults.
        history: Further sessions before the change.

    Raises:
        ComparisonError: Both are the same record, the records are not one workload, or an arm is missing.
    """
    if before.path.resolve() == after.path.resolve():
        raise ComparisonError(f"both are the record {before.name}; name two")
    design = design or Design()
    names, settings = [], []
    for record, wanted in ((before, design.before), (after, design.after)):
        arms = _arms(record)
        name = next(iter(arms)) if len(arms) == 1 else wanted
        if name not in arms:
            raise ComparisonError(
                f"record {record.name} has the arms {', '.join(arms) or 'none'}; name one of them in the design"
            )
        names.append(name)
        settings.append(arms[name])
    samples = read_archived(before, names[0], after, names[1])
    plan = {
        **after.plan,
        "sessions": {"before": before.name, "after": after.name},
        "sources": {"before": before.plan.get("source"), "after": after.plan.get("source")},
    }
    sides = Sides(
        (before.name, after.name),
        (settings[0], settings[1]),
        method="sessions",
        sessions=((before, names[0]), (after, names[1])),
        baselines=tuple(history),
    )
    return _compare(samples, design, plan, sides, f"{before.name} and {after.name}")


@dataclass(frozen=True, slots=True)
class Sides:
    """Where the two arms of a comparison come from.

    Attributes:
        names, settings: Of the arms.
        again: The record that holds the A/A' arm, and ``copy_of`` which arm that is a copy of.
        sessions: Record and arm of both sessions, where the arms are sessions.
        baselines: Earlier sessions.
    """

    names: tuple[str, str]
    settings: tuple[Mapping[str, Any], Mapping[str, Any]]
    method: Method
    again: Record | None = None
    copy_of: str = ""
    interference: tuple[Interference, ...] = ()
    sessions: tuple[tuple[Record, str], tuple[Record, str]] | None = None
    baselines: tuple[Session, ...] = ()


def _arms(record: Record) -> dict[str, Mapping[str, Any]]:
    """The arms of a record with their settings: those of the plan, else those the site told the swarm."""
    run = next((launch.run for launch in record.launches() if launch.run is not None), {})
    arms: dict[str, Mapping[str, Any]] = {}
    for arm in record.asked.get("arms", []):
        about = ((run.get("sites") or {}).get(arm["name"]) or {}).get("about") or {}
        arms[str(arm["name"])] = dict(arm.get("settings") or about.get("settings") or {})
    return arms


def _compare(samples: Samples, design: Design, plan: Mapping[str, Any], sides: Sides, title: str) -> Comparison:
    paired = sides.sessions is None
    reports = tuple(gates.inspect(samples, launch) for launch in samples.launches)
    planned = int(plan.get("launches") or 0) or len(reports)
    # Launches that do not count are looked at only where no other is left; a failed gate then withholds every verdict.
    used = tuple(launch for launch, report in zip(samples.launches, reports, strict=True) if report.used)
    shown = used or samples.launches
    counting = {launch.number for launch in shown}
    unused = tuple(launch for launch in samples.launches if launch.number not in counting)
    family = choose(samples, shown, design)
    noise, floors = _noise(sides, design, family, counting)
    checked = gates.check(samples, reports, design, planned, paired=paired)
    cells, critical = judge_cells(samples, shown, design, family, paired=paired, floors=floors)
    history: History | None = None
    changed: tuple[str, ...] = ()
    if sides.sessions is not None:
        one, other = (
            baselines.session_in(samples, shown, code, record, arm)
            for code, (record, arm) in zip((BEFORE, AFTER), sides.sessions, strict=True)
        )
        earlier, history = baselines.gather(one, other, sides.baselines)
        cells = baselines.weigh(cells, earlier, other, design)
        changed = one.environment.changed(other.environment)
        checked += [
            gates.ended([record for record, _ in sides.sessions]),
            sameness.environment(one.environment, other.environment),
            evidence.history(history),
            *steadiness.check_session(samples, shown, design),
        ]
    else:
        checked += steadiness.check_trial(samples, shown, design)
        in_turn = sides.method != "duet"
        checked += [evidence.interference(sides.interference, design, in_turn=in_turn)] if sides.interference else []
        checked += [evidence.noise(noise)] if noise is not None else []
        checked += steadiness.check_return(samples, shown, design) if sides.method == "reversal" else []
    hit_ratios = caching.hit_ratios(samples, shown, design, paired=paired)
    checked.append(evidence.hit_ratio(hit_ratios))
    checked += [sameness.control(samples, shown, design.control)] if design.control is not None else []
    checked.sort(key=lambda gate: _WEIGHT.index(gate.effect))
    cells = withhold(cells, checked)
    pages = distribution.pages(result.cell for result in cells if result.primary)
    classes = caching.class_shares(samples, shown)
    parts = mix.decompose(samples, shown, design, paired=paired)
    overall = conclude(cells, checked, hit_ratios, classes, _mixture(parts, hit_ratios), history)
    arms = [
        ArmReport(
            name,
            chosen,
            requests := sum(launch.arm_rows(arm).size for launch in shown),
            failed := sum(int(launch.failed[launch.arm_rows(arm)].sum()) for launch in shown),
            failed / requests if requests else math.nan,
            statistics.finite_median(np.concatenate([launch.server_ms[launch.arm_rows(arm)] for launch in shown])),
        )
        for arm, name, chosen in zip((BEFORE, AFTER), sides.names, sides.settings, strict=True)
    ]
    return Comparison(
        format=FORMAT,
        kind="trial" if paired else "archived",
        grade=_GRADES[sides.method],
        method=sides.method,
        fallback=_fallback(plan, sides),
        name=str(plan.get("name") or title),
        reason=str(plan.get("reason") or ""),
        workload=samples.workload,
        overall=overall,
        design=design,
        family=FamilyReport(
            len(family.primary),
            len(shown),
            design.alpha,
            _family_method(family, len(shown), history),
            critical,
        ),
        arms=(arms[0], arms[1]),
        gates=tuple(checked),
        launches=reports,
        cells=cells,
        one_sided=tuple(caching.one_sided(samples, shown, cell) for cell in family.one_sided),
        hit_ratios=hit_ratios,
        classes=classes,
        transitions=caching.transitions(samples, shown) if paired else (),
        mix=parts,
        noise=noise,
        interference=sides.interference,
        history=history,
        changed=changed,
        curves=distribution.curves(samples, shown, pages, design.alpha),
        shifts=distribution.shifts(samples, shown, pages, design.alpha) if paired else (),
        tails=distribution.tails(samples, shown, pages),
        heat=heatmap.heat(samples, samples.launches),
        left_out=timeline.left_out(samples, unused, cells),
        loaded_first=timeline.loaded_first(samples.launches) if paired else (None,) * len(samples.launches),
        served=timeline.served(samples, samples.launches, [report.used for report in reports]),
        timeline=timeline.moments(samples.launches),
        caveats=caveats(samples, cells, plan, method=sides.method),
        plan=plan,
        plan_hash=_plan_hash(plan),
    )


_NOT_ASKED: Final = frozenset(
    {"format", "kind", "started", "machine", "cores", "versions", "source", "sources", "commands", "sessions"}
)
"""Keys of a plan file that tell of the circumstances."""


def _plan_hash(plan: Mapping[str, Any]) -> str:
    asked = json.dumps({key: plan[key] for key in sorted(plan.keys() - _NOT_ASKED)}, sort_keys=True, default=str)
    return hashlib.blake2b(asked.encode(), digest_size=8).hexdigest()


_GRADES: Final[Mapping[Method, Grade]] = {"duet": "A", "rounds": "A", "reversal": "B", "sessions": "C"}


def _noise(
    sides: Sides, design: Design, family: Family, counting: Collection[int]
) -> tuple[NoiseFloor | None, Mapping[Question, float]]:
    if sides.again is None:
        return None, {}
    return measure(sides.again, sides.copy_of, design, family.primary, counting)


def _mixture(parts: MixReport, hit_ratios: tuple[HitRatio, ...]) -> list[str]:
    """What of a change is the hit ratio's, and what must not be read into it, as sentences."""
    clause = mix.sentence(parts, hit_ratios)
    if clause is None:
        return []
    start = clause[0].upper() if clause.startswith("the ") else clause[0]
    return [f"{start}{clause[1:]}.", *parts.warnings]


def _fallback(plan: Mapping[str, Any], sides: Sides) -> str | None:
    """Why the arms were loaded in turn though the plan would have had them side by side."""
    if sides.method != "rounds" or plan.get("method") == "rounds":
        return None
    held_up = [each for each in sides.interference if each.is_confirmed]
    if not held_up:
        return "The arms were loaded in turn: side by side they hold each other up."
    worst = max(held_up, key=lambda each: each.ratio.estimate)
    return (
        f"The arms were loaded in turn: side by side {worst.arm} answered {worst.cell} pages in "
        f"{milliseconds(worst.duet_ms)}, alone in {milliseconds(worst.alone_ms)}."
    )


def _family_method(family: Family, launches: int, history: History | None) -> str:
    if history is not None:
        return "Student's t over sessions, Bonferroni"
    if len(family.primary) < 2:
        return "Student's t over launches"
    if launches < statistics.ENOUGH_TO_FLIP:
        return "Student's t over launches, Bonferroni"
    return "largest t over joint sign flips of launches"


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
