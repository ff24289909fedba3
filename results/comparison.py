"""Two arms put side by side: from records to a comparison that every report is made of.

A ``Comparison`` is plain data and holds all that a reader is told, so that a report can be made again from its JSON.
The unit of replication is the launch: both arms started afresh, loaded side by side, one log ratio per cell.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np

from results import caching, gates, statistics
from results.caching import ClassShare, HitRatio, OneSided, Transition
from results.cells import STOPS, CellResult, judge_cells, withhold
from results.design import Design, choose
from results.errors import ComparisonError
from results.gates import Gate, LaunchReport
from results.headline import Overall, caveats, conclude
from results.record import Record
from results.samples import AFTER, BEFORE, Cell, Launch, Samples, read_archived, read_trial
from results.verdict import exit_code

FORMAT: Final = 1
"""Of ``compare.json``. History: 1 (2026-11) first."""
_TIMELINE_POINTS: Final = 600
_CURVES: Final = 4


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
class Curve:
    """Latency over percentile of one cell, all launches together, for drawing."""

    cell: Cell
    before_p: tuple[float, ...]
    before_ms: tuple[float, ...]
    after_p: tuple[float, ...]
    after_ms: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Moment:
    """The generator in a stretch of time of one launch; rates a second, both arms."""

    launch: int
    second: float
    offered: float
    completed: float
    errors: float
    cpu: float
    lag_p99_ms: float


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
    """Everything a report says, as plain data."""

    format: int
    kind: Literal["trial", "archived"]
    grade: Literal["A", "C"]
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
    curves: tuple[Curve, ...]
    timeline: tuple[Moment, ...]
    caveats: tuple[str, ...]
    plan: Mapping[str, Any]

    @property
    def primary(self) -> tuple[CellResult, ...]:
        """The cells that decide."""
        return tuple(result for result in self.cells if result.primary)

    @property
    def is_judged(self) -> bool:
        """Whether cells could get verdicts at all: side by side, and no gate withheld them."""
        return self.grade == "A" and all(gate.ok or gate.effect not in STOPS for gate in self.gates)

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
        return exit_code([result.verdict.word for result in self.primary], self.overall.word, fail_on)

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
    settings = (arms[design.before], arms[design.after])
    return _compare(samples, design, record.plan, (design.before, design.after), settings, record.name, kind="trial")


def compare_archived(before: Record, after: Record, design: Design | None = None) -> Comparison:
    """Put two sessions side by side, each giving its only arm (or, of two, the one that the design names).

    Two sessions differ by what the machine did in between, too. Without the spread of many baseline sessions nothing
    can tell the one from the other, so figures are shown and the verdict is *not enough data*.

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
    plan = {**after.plan, "sessions": {"before": before.name, "after": after.name}}
    title = f"{before.name} and {after.name}"
    return _compare(
        samples, design, plan, (before.name, after.name), (settings[0], settings[1]), title, kind="archived"
    )


def _arms(record: Record) -> dict[str, Mapping[str, Any]]:
    """The arms of a record with their settings: those of the plan, else those the site told the swarm."""
    run = next((launch.run for launch in record.launches() if launch.run is not None), {})
    arms: dict[str, Mapping[str, Any]] = {}
    for arm in record.asked.get("arms", []):
        about = ((run.get("sites") or {}).get(arm["name"]) or {}).get("about") or {}
        arms[str(arm["name"])] = dict(arm.get("settings") or about.get("settings") or {})
    return arms


def _compare(
    samples: Samples,
    design: Design,
    plan: Mapping[str, Any],
    names: tuple[str, str],
    settings: tuple[Mapping[str, Any], Mapping[str, Any]],
    title: str,
    *,
    kind: Literal["trial", "archived"],
) -> Comparison:
    paired = kind == "trial"
    reports = tuple(gates.inspect(samples, launch) for launch in samples.launches)
    planned = max(int(plan.get("launches") or 0), len(reports))
    checked = gates.check(samples, reports, design, planned, paired=paired)
    # Launches that do not count are looked at only where no other is left; a failed gate then withholds every verdict.
    used = tuple(launch for launch, report in zip(samples.launches, reports, strict=True) if report.used)
    shown = used or samples.launches
    family = choose(samples, shown, design)
    cells, critical = judge_cells(samples, shown, design, family, paired=paired)
    cells = withhold(cells, checked, paired=paired)
    hit_ratios = caching.hit_ratios(samples, shown, design, paired=paired)
    classes = caching.class_shares(samples, shown)
    overall = conclude(cells, checked, hit_ratios, classes, paired=paired)
    arms = [
        ArmReport(
            name,
            chosen,
            requests := sum(launch.arm_rows(arm).size for launch in shown),
            failed := sum(int(launch.failed[launch.arm_rows(arm)].sum()) for launch in shown),
            failed / requests if requests else math.nan,
            statistics.finite_median(np.concatenate([launch.server_ms[launch.arm_rows(arm)] for launch in shown])),
        )
        for arm, name, chosen in zip((BEFORE, AFTER), names, settings, strict=True)
    ]
    return Comparison(
        format=FORMAT,
        kind=kind,
        grade="A" if paired else "C",
        name=str(plan.get("name") or title),
        reason=str(plan.get("reason") or ""),
        workload=samples.workload,
        overall=overall,
        design=design,
        family=FamilyReport(
            len(family.primary),
            len(shown),
            design.alpha,
            "largest t over joint sign flips of launches" if len(family.primary) > 1 else "Student's t over launches",
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
        curves=_curves(samples, shown, cells),
        timeline=_timeline(samples.launches),
        caveats=caveats(samples, cells, plan, paired=paired),
        plan=plan,
    )


def _curves(samples: Samples, launches: tuple[Launch, ...], cells: tuple[CellResult, ...]) -> tuple[Curve, ...]:
    chosen = list(dict.fromkeys(result.cell for result in cells if result.primary))[:_CURVES]
    out = []
    for cell in chosen:
        sides: list[tuple[float, ...]] = []
        for arm in (BEFORE, AFTER):
            values = [samples.deciding_ms(launch)[samples.rows(launch, arm, cell)] for launch in launches]
            p, latency = statistics.percentile_curve(np.sort(np.concatenate(values)))
            finite = np.isfinite(latency)
            sides += [tuple(map(float, p[finite])), tuple(map(float, latency[finite]))]
        out.append(Curve(cell, *sides))
    return tuple(out)


def _timeline(launches: tuple[Launch, ...]) -> tuple[Moment, ...]:
    """The per-second series of all launches, thinned to a few hundred stretches."""
    seconds = sum(launch.health.second.size for launch in launches)
    width = max(1, math.ceil(seconds / _TIMELINE_POINTS))
    out = []
    for launch in launches:
        health = launch.health
        for start in range(0, health.second.size, width):
            part = slice(start, start + width)
            length = health.second[part].size
            out.append(
                Moment(
                    launch.number,
                    float(health.second[part][-1]),
                    float(health.offered[part].sum()) / length,
                    float(health.completed[part].sum()) / length,
                    float(health.errors[part].sum()) / length,
                    float(health.cpu[part].max()),
                    float(health.lag_p99_ms[part].max()),
                )
            )
    return tuple(out)


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
