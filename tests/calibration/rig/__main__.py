"""``python -m tests.calibration.rig``: run trials, see how far they are, write the page."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from tests.calibration.rig import ledger, report
from tests.calibration.rig.campaign import Campaign, remaining
from tests.calibration.rig.cases import CASES, find
from tests.calibration.rig.ledger import Tally
from tests.calibration.rig.trial import TrialError


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 0 is done, 1 is not all done, 2 a usage error, 130 interrupted."""
    parser = _parser()
    options = parser.parse_args(argv)
    try:
        return int(options.do(options))
    except (KeyError, TrialError, ValueError) as error:
        parser.exit(2, f"error: {error.args[0] if isinstance(error, KeyError) else error}\n")
    except KeyboardInterrupt:
        parser.exit(130, "interrupted; finished trials are kept\n")


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _run(options: argparse.Namespace) -> int:
    overrides = {
        name: value for name in ("launches", "seconds", "rate") if (value := getattr(options, name)) is not None
    }
    data = options.out or ledger.DATA
    if overrides and data.resolve() == ledger.DATA.resolve():
        raise ValueError("trials by another plan are not for the committed data; name another file with --out")
    campaign = Campaign(data, options.minutes, overrides, options.noisy, options.keep)
    if options.case == "all":
        if options.trials is not None:
            raise ValueError("--trials is for one case; all runs each case until it has its number")
        complete = campaign.complete(CASES)
    elif options.trials is not None:
        complete = campaign.some(find(options.case), options.trials)
    else:
        complete = campaign.complete([find(options.case)])
    if data.resolve() == ledger.DATA.resolve():
        report.write(ledger.read(data), CASES, data.parent)
    return 0 if complete else 1


def _status(options: argparse.Namespace) -> int:
    lines = ledger.read(options.data or ledger.DATA)
    print(f"{'case':20}{'trials':>10}{'passed':>8}{'failed':>8}{'may fail':>10}{'refused':>9}{'seconds':>9}")
    left = {work.case.name: work for work in remaining(CASES, lines)}
    for case in CASES:
        tally = Tally.of(lines, case)
        seconds = (
            left[case.name].seconds if case.name in left else max((line.seconds for line in tally.lines), default=0)
        )
        print(
            f"{case.name:20}{f'{tally.finished} of {case.wanted}':>10}{tally.count('passed'):>8}"
            f"{tally.count('failed'):>8}{case.failures:>10}{tally.count('refused'):>9}{seconds:>9.0f}"
        )
    print(f"about {sum(work.cost for work in left.values()) / 60:.0f} minutes left")
    return 0 if not left else 1


def _report(options: argparse.Namespace) -> int:
    data = options.data or ledger.DATA
    for path in report.write(ledger.read(data), CASES, data.parent):
        print(path)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.calibration.rig", description=__doc__)
    commands = parser.add_subparsers(required=True)

    one = commands.add_parser("run", help="run trials, until the case (or every case) has its number")
    one.add_argument("case", help=f"all, or one of {', '.join(case.name for case in CASES)}")
    one.add_argument("--trials", type=int, help="run so many now, refused ones not counted")
    one.add_argument("--minutes", type=float, help="begin no trial that would not end within so many minutes")
    one.add_argument("--out", type=Path, help="add lines to this file (default: docs/calibration/rig.jsonl)")
    one.add_argument("--keep", type=Path, help="keep the records of trials that did not pass in this folder")
    one.add_argument("--noisy", action="store_true", help="do not wait until the machine is quiet")
    one.add_argument("--launches", type=int, help="instead of the plan's; wants --out")
    one.add_argument("--seconds", type=float, help="instead of the plan's; wants --out")
    one.add_argument("--rate", type=float, help="instead of the plan's; wants --out")
    one.set_defaults(do=_run)

    for name, do, text in (
        ("status", _status, "how many trials there are of each case, and how they came out"),
        ("report", _report, "write real-trials.md and its figure beside the data"),
    ):
        one = commands.add_parser(name, help=text)
        one.add_argument("--data", type=Path, help="read this file (default: docs/calibration/rig.jsonl)")
        one.set_defaults(do=do)
    return parser


if __name__ == "__main__":
    for ending in (signal.SIGINT, signal.SIGTERM):  # in the background the one is ignored, the other would leave things
        signal.signal(ending, _interrupt)
    sys.exit(main())
