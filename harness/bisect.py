"""Which commit made a cell slower: trials of the good commit against ever fewer others, as ``git bisect`` goes.

Each step is a whole trial with its own record, and what it said of the cell is kept. The last commit has to be *slower*
by the verdict. Of those before it only one thing is asked: are they like the good end, or like the bad one? What
divides the two is half of the certain slowdown, on the scale of ratios; so a step need not settle a margin that is a
fraction of what is looked for. A step that could not tell is repeated once with twice the launches; a commit that could
not be told, or built, is passed over for its neighbours.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from harness import git_arms, trial
from harness.errors import ExitCode, HarnessError, UsageError
from harness.progress import Steps
from harness.trial_plan import AFTER, PrimaryPlan, TrialPlan
from results import units
from results.columns import CACHE_CLASSES
from results.record import write_json
from results.samples import ALL

FILE: Final = "bisection.json"

Word = Literal["slower", "not slower", "unknown"]
"""What a step said of its commit."""


@dataclass(frozen=True, slots=True)
class Step:
    """One trial.

    Attributes:
        commit: What was compared with the good commit.
        label: The same in words, and against: the good one.
        verdict: Of the cell, in the words of the comparison, or why there is none.
        interval: Ratio and its interval, as text; empty without a comparison.
        ends: Of the interval, where it can be relied on.
        record: Name of the trial's record; empty without one.
        word: What follows for the commit.
    """

    commit: str
    label: str
    against: str
    verdict: str
    interval: str
    ends: tuple[float, float] | None
    record: str
    word: Word


@dataclass(frozen=True, slots=True)
class Bisection:
    """What a search came to.

    Attributes:
        cell: Whose slowdown was looked for.
        steps: In the order they were made.
        halfway: Ratio to the good commit above which one counts as slower; ``None`` where the last one is not.
        suspects: The commits of which one is the first slower one; one where it was found, none where nothing is.
        words: The outcome in a sentence.
        directory: The record of the first step, in which it is kept; those of the others lie beside it.
        exit_code: 1 found, 0 nothing to find, 3 where the ends could not be told apart; ``None`` while it goes on.
    """

    cell: str
    steps: tuple[Step, ...]
    halfway: float | None
    suspects: tuple[str, ...]
    words: str
    directory: Path
    exit_code: ExitCode | None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data."""
        return {**dataclasses.asdict(self), "directory": str(self.directory), "exit_code": self.exit_code}


def about(plan: TrialPlan, cell: str) -> TrialPlan:
    """A plan whose only primary cell is this one.

    Args:
        plan: Of two revisions.
        cell: Persona, route, a cache class if one is meant, and a quantile: ``reader article HIT p95``.

    Raises:
        UsageError: It is no such cell.
    """
    words = cell.split()
    cache = words.pop(2) if len(words) == 4 and words[2] in {ALL, *CACHE_CLASSES} else ALL
    if len(words) != 3:
        raise UsageError(
            f"--bisect {cell!r} is no cell; name persona, route and quantile, such as 'reader article p50', with a "
            "cache class before the quantile if one is meant"
        )
    try:
        primary = PrimaryPlan(persona=words[0], route=words[1], cache=cache, quantile=words[2])
    except ValueError as error:
        said = str(error).splitlines()[2].strip().removeprefix("Value error, ").partition(" [")[0]
        raise UsageError(f"--bisect {cell!r}: {said}") from None
    return plan.model_copy(update={"primary": (primary,)})


def search(commits: Sequence[str], look: Callable[[str], Word]) -> list[str]:
    """The commits of which one is the first slower one.

    Args:
        commits: The oldest first; the last is known to be slower, and what comes before the first is not.
        look: What a trial says of a commit; never asked twice of one.

    Returns:
        One commit, or several where those between could not be told; in their order.
    """
    low, high = -1, len(commits) - 1  # good and slower
    unknown: set[int] = set()
    while left := [place for place in range(low + 1, high) if place not in unknown]:
        middle = (low + high) / 2
        place = min(left, key=lambda each: (abs(each - middle), each))
        match look(commits[place]):
            case "slower":
                high = place
            case "not slower":
                low = place
            case "unknown":
                unknown.add(place)
    return list(commits[low + 1 : high + 1])


def side(ends: tuple[float, float] | None, halfway: float) -> Word:
    """Whether a commit is like the bad end or like the good one.

    Args:
        ends: Of the interval of its ratio to the good commit; ``None`` where that cannot be relied on.
        halfway: What divides the two.
    """
    if ends is None:
        return "unknown"
    low, high = ends
    return "slower" if low > halfway else "not slower" if high < halfway else "unknown"


def run(plan: TrialPlan, *, out: Path | None, commands: list[str], steps: Steps) -> Bisection:
    """Find the commit that made the plan's primary cell slower.

    Args:
        plan: Of two revisions, as ``about`` and ``git_arms.resolved`` leave it.
        out: Where run records go; ``None`` for the usual place.
        commands: What a person would type to do the same again.
        steps: Shows what is going on.

    Raises:
        UsageError: The good revision is no ancestor of the bad one.
        HarnessError: As of ``trial.run``, of the bad revision.
        KeyboardInterrupt: After the steps so far were told.
    """
    git = plan.git
    assert git is not None
    assert git.repository is not None
    repository, bad = git.repository, git.after
    commits = git_arms.between(repository, git.before, bad)
    cell = str(plan.primary[0].question())
    made: list[Step] = []
    directory = Path()
    halfway: float | None = None

    def keep(suspects: Sequence[str] = (), words: str = "", code: ExitCode | None = None) -> Bisection:
        found = Bisection(cell, tuple(made), halfway, tuple(suspects), words, directory, code)
        write_json(directory / FILE, found.to_dict())
        return found

    def look(commit: str) -> Word:
        nonlocal directory
        for launches in (plan.launches, 2 * plan.launches):
            step, record = _step(plan, commit, halfway, launches, out, commands, steps)
            if not made:
                assert record is not None
                directory = record
            made.append(step)
            keep()
            taken = f" ({step.interval}), taken for {step.word}" if halfway is not None and step.ends else ""
            steps.say(f"{step.label}: {step.verdict}{taken}")
            if step.word != "unknown" or record is None or step.verdict.startswith("not comparable"):
                break
        return made[-1].word

    steps.say(f"bisection of {units.counted(len(commits), 'commit')} by {cell}")
    try:
        match look(bad):
            case "not slower":
                words = f"{made[-1].label} is not slower than {plan.before.label}: there is nothing to find."
                return keep(words=words, code=ExitCode.FINE)
            case "unknown":
                return keep(
                    words=f"Whether {made[-1].label} is slower than {plan.before.label} cannot be told: "
                    f"{made[-1].verdict.rstrip('.')}. Use a quieter machine, more launches, or a wider range.",
                    code=ExitCode.NOT_ENOUGH_DATA,
                )
        ends = made[-1].ends
        assert ends is not None
        halfway = math.sqrt(ends[0])
        steps.say(f"half of that is a ratio of {units.ratio(halfway)}: what lies above is slower, what below is not")
        suspects = search(commits, look)
    except BaseException:
        if made:
            steps.say(f"the steps so far are in {directory / FILE}; to go on: --git {_narrowed(plan, made)}")
        raise
    names = [git_arms.describe(repository, commit) for commit in suspects]
    words = f"The first slower commit is {names[0]}."
    if len(names) > 1:
        words = f"The first slower commit is one of these, which could not be told apart: {'; '.join(names)}."
    return keep(suspects, words, ExitCode.SLOWER)


def _narrowed(plan: TrialPlan, made: Sequence[Step]) -> str:
    """The range that is left by the steps so far: after the last commit that is not slower, up to the first that is."""
    assert plan.git is not None
    good = [step.commit for step in made if step.word == "not slower"]
    slower = [step.commit for step in made if step.word == "slower"]
    return f"{(good or [plan.git.before])[-1][:10]}..{(slower or [plan.git.after])[-1][:10]}"


def _step(
    plan: TrialPlan,
    commit: str,
    halfway: float | None,
    launches: int,
    out: Path | None,
    commands: list[str],
    steps: Steps,
) -> tuple[Step, Path | None]:
    """A trial of the good commit against another, and its record; without ``halfway`` its verdict says what follows.

    A commit between the ends that cannot be built, started or asked is passed over; of an end that is told at once.
    """
    git = plan.git
    assert git is not None
    assert git.repository is not None
    label = git_arms.describe(git.repository, commit)
    changed = {
        "name": f"{plan.name}-{commit[:10]}",
        "launches": launches,
        "git": git.model_copy(update={"after": commit}),
        AFTER: plan.after.model_copy(update={"label": label}),
    }
    steps.say(f"\n{label}, against {plan.before.label}")
    against = plan.before.label
    try:
        outcome = trial.run(plan.model_copy(update=changed), out=out, commands=commands, steps=steps, is_whole=False)
    except HarnessError as error:
        if halfway is None:
            raise
        return Step(commit, label, against, str(error), "", None, "", "unknown"), None
    result = outcome.comparison.primary[0] if outcome.comparison.primary else None
    record = outcome.record.path
    overall = outcome.comparison.overall
    if result is None or overall.word in {"invalid", "not comparable"}:
        said = f"{overall.word}: {overall.headline}"
        return Step(commit, label, against, said, "", None, record.name, "unknown"), record
    verdict, ratio = result.verdict, result.ratio
    interval = f"{units.ratio(ratio.estimate)} {units.interval(ratio.low, ratio.high)}"
    ends = (ratio.low, ratio.high) if verdict.follows_from_interval else None
    words: dict[str, Word] = {"slower": "slower", "faster": "not slower", "no difference": "not slower"}
    word = words.get(verdict.word, "unknown") if halfway is None else side(ends, halfway)
    said = f"{verdict.word}{verdict.tail}"
    return Step(commit, label, against, said, interval, ends, record.name, word), record
