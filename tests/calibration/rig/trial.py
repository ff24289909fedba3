"""One trial of a case: plan, disturbance, the real command, and what its comparison comes to."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from harness import __version__
from results.record import read_record
from tests.calibration.rig import quiet, swap
from tests.calibration.rig.case import Case, Outcome
from tests.calibration.rig.ledger import Line, Result
from tests.calibration.rig.reading import Comparison, failed_gates, primary, refusal

ROOT: Final = Path(__file__).resolve().parents[3]
_LONGEST: Final = 4.0
"""Times its expected length after which a trial is given up."""

_GRACE_S: Final = 60.0


class TrialError(Exception):
    """The command did not get as far as a comparison."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A trial's record and comparison; the folder goes when the block ends that asked for it."""

    record: Path
    comparison: Comparison
    swapped: Comparison
    seconds: float


def seed_of(case: str, number: int) -> int:
    """A seed for this trial and no other; below 2**53, so that any reader of JSON keeps it."""
    return int.from_bytes(hashlib.blake2b(f"{case}/{number}".encode(), digest_size=6).digest())


def plan_text(case: Case, number: int) -> str:
    """The whole plan file of a trial."""
    return f'name = "rig-{case.name}"\nreason = "{case.truth}"\nseed = {seed_of(case.name, number)}\n{case.plan}'


def run(
    case: Case,
    number: int,
    *,
    overrides: dict[str, Any] | None = None,
    load: float | None = None,
    keep: Path | None = None,
) -> Line:
    """Carry out one trial of a case.

    Args:
        case: What.
        number: Which of its trials.
        overrides: ``launches``, ``seconds`` or ``rate`` instead of the plan's.
        load: How busy the machine was just before.
        keep: Where the record of a trial goes that did not pass; None drops it.

    Raises:
        TrialError: The command ended without a comparison.
    """
    overrides = overrides or {}
    begun, watch = datetime.now(UTC), quiet.Watch.begin()
    with _carried_out(case, number, overrides) as finished:
        comparison = finished.comparison
        result, outcome = judge(case, comparison)
        unlike = tuple(swap.differences(comparison, finished.swapped))
        if keep is not None and result != "passed":
            keep.mkdir(parents=True, exist_ok=True)
            shutil.copytree(finished.record, keep / f"{case.name}-{number:03d}")
    return Line(
        case=case.name,
        number=number,
        plan=case.key,
        seed=seed_of(case.name, number),
        date=begun.strftime("%Y-%m-%dT%H:%M:%SZ"),
        anp=__version__,
        commit=_commit(),
        machine=_machine(comparison),
        seconds=finished.seconds,
        load=(load, watch.others()),
        overrides=overrides,
        launches=case.settings(overrides)["launches"],
        word=comparison["overall"]["word"],
        gates=tuple(failed_gates(comparison)),
        cells=tuple(primary(comparison)),
        swap=unlike,
        result=result,
        why=outcome.why,
        facts=outcome.facts,
    )


def judge(case: Case, comparison: Comparison) -> tuple[Result, Outcome]:
    """What a comparison comes to; one that gates withheld is refused, unless that is what the case is about."""
    word = comparison["overall"]["word"]
    stopped = refusal(comparison)
    if stopped and word != case.verdict:
        return "refused", Outcome(False, f"{word}, by {', '.join(stopped)}")
    outcome = case.expect(comparison)
    return ("passed" if outcome.passed else "failed"), outcome


@contextlib.contextmanager
def _carried_out(case: Case, number: int, overrides: dict[str, Any]) -> Iterator[Finished]:
    with tempfile.TemporaryDirectory(prefix="anp-rig-") as work:
        plan, out = Path(work) / "plan.toml", Path(work) / "runs"
        plan.write_text(plan_text(case, number), encoding="utf-8")
        longest = _LONGEST * case.seconds(overrides) + _GRACE_S
        words = [sys.executable, "-m", "harness", "trial", str(plan), "--json", "--out", str(out)]
        for name, value in overrides.items():
            words += [f"--{name}", str(value)]
        launches = case.settings(overrides)["launches"]
        beside = case.disturb(out, launches, longest) if case.disturb is not None else contextlib.nullcontext()
        begun = time.monotonic()
        with beside:
            comparison = _command(words, longest)
        seconds = time.monotonic() - begun
        (record,) = [path for path in out.iterdir() if path.is_dir()]
        yield Finished(record, comparison, swap.compare_swapped(read_record(record)), seconds)


def _command(words: list[str], longest: float) -> dict[str, Any]:
    """The comparison that a command prints; it is interrupted, so that it stops what it started, when it takes long."""
    child = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        out, err = child.communicate(timeout=longest)
    except BaseException as error:
        child.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.communicate(timeout=_GRACE_S)
        child.kill()
        child.wait()
        if isinstance(error, subprocess.TimeoutExpired):
            raise TrialError(f"not finished after {longest:.0f} s") from error
        raise
    try:
        comparison: dict[str, Any] = json.loads(out)
    except ValueError:
        said = err.strip().splitlines()
        raise TrialError(f"exit code {child.returncode}: {said[-1] if said else 'it said nothing'}") from None
    return comparison


def _machine(comparison: Comparison) -> dict[str, Any]:
    """Of what the plan says of the machine, what two trials have to share to be of one series."""
    machine = comparison["plan"].get("machine") or {}
    return {name: machine.get(name) for name in ("cpu", "cores", "system", "kernel")}


def _commit() -> str:
    """Short hash of the checkout, with a plus where the code of the product differs from it; empty without git."""
    rooms = ["synth", "target_app", "locustfiles", "results", "harness", "tests/calibration"]
    commands = (["git", "rev-parse", "--short", "HEAD"], ["git", "status", "--porcelain", "--", *rooms])
    try:
        head, dirty = (
            subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout for words in commands
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return head.strip() + ("+" if dirty.strip() else "")
