import math
from collections.abc import Callable

import pytest

from results.cells import _above_noise
from results.comparison import compare_trial
from results.design import Design
from results.noise import AGAIN
from results.record import Record
from results.samples import Cell
from results.verdict import settle

PAGES = [{"persona": "reader", "route": "article", "requests": 600}]


@pytest.mark.parametrize("method", ["duet", "rounds"])
def test_two_copies_of_a_version_are_not_told_apart(make_trial: Callable[..., Record], method: str) -> None:
    """The A/A' arm is analysed like the arm after a change, over the same launches and cells."""
    comparison = compare_trial(make_trial(pages=PAGES, again=True, method=method))

    assert comparison.noise is not None
    assert (comparison.noise.copy_of, comparison.noise.launches) == ("before", 8)
    assert [cell.label for cell in comparison.noise.cells] == [result.label for result in comparison.primary]
    assert comparison.noise.alarms == ()
    assert {gate.code: gate.ok for gate in comparison.gates}["noise"]


def test_without_a_second_copy_there_is_no_noise_floor(make_trial: Callable[..., Record]) -> None:
    """What nobody measured is not made up."""
    comparison = compare_trial(make_trial(pages=PAGES))

    assert comparison.noise is None
    assert "noise" not in {gate.code for gate in comparison.gates}


def test_copies_that_could_not_be_compared_are_no_passed_check(make_trial: Callable[..., Record]) -> None:
    """A gate that measured nothing does not stand, and says why it could not."""
    comparison = compare_trial(make_trial(pages=PAGES, again=True, launches=1))
    (gate,) = (gate for gate in comparison.gates if gate.code == "noise")

    assert (gate.measured, gate.ok, gate.effect) == (None, False, "note")
    assert gate.words == "Two copies of before could not be compared: one launch cannot say how launches differ."


def test_a_thin_control_is_named_as_what_kept_copies_from_being_compared(make_trial: Callable[..., Record]) -> None:
    """It is not the number of launches that is too small."""
    control = {"persona": "reader", "route": "about", "requests": 10}
    comparison = compare_trial(make_trial(pages=[*PAGES, control], again=True), Design(control=Cell("reader", "about")))

    assert comparison.noise is not None
    assert comparison.noise.why_not == "the control reader about has too few requests in a launch"


def test_copies_that_differ_make_the_run_invalid(make_trial: Callable[..., Record]) -> None:
    """A rig that calls one version two is not believed in anything else either."""
    comparison = compare_trial(make_trial(pages=PAGES, again=True, again_factor=1.3))

    assert comparison.overall.word == "invalid"
    assert "Two copies of before were called different" in comparison.overall.headline
    assert comparison.exit_code() == 4


def test_the_floor_is_the_farther_end_of_the_interval(make_trial: Callable[..., Record]) -> None:
    """A change smaller than what the rig makes of nothing does not matter; the margin says so."""
    comparison = compare_trial(make_trial(pages=PAGES, again=True, launch_sd=0.06))
    assert comparison.noise is not None

    for noise, result in zip(comparison.noise.cells, comparison.primary, strict=True):
        assert noise.floor_ms == max(abs(noise.change_ms.low), abs(noise.change_ms.high))
        fastest = min(result.latency_ms.before, result.latency_ms.after)
        margin = comparison.design.margins[result.quantile]
        assert result.margin == pytest.approx(max(margin, noise.floor_ms / fastest))
        assert result.margin > margin


def test_noise_is_no_evidence_that_nothing_changed(make_trial: Callable[..., Record]) -> None:
    """Whatever the copies differ by, *no difference* takes an interval inside the margin without a measured floor."""
    said: list[str] = []
    for seed in range(4):
        comparison = compare_trial(make_trial(pages=PAGES, again=True, launch_sd=0.06, seed=seed))
        if comparison.overall.word != "invalid":
            assert {result.verdict.word for result in comparison.primary} == {"not enough data"}
            said += [result.verdict.qualifier for result in comparison.primary]

    assert any("two copies of one version differ by up to" in each for each in said), said


def test_copies_that_cannot_be_compared_leave_the_noise_unknown() -> None:
    """A floor without end must not make everything *no difference*, however large the change."""
    certain = settle(math.log(1.9), math.log(2.1), 0.03)

    found = _above_noise(certain, math.log(1.9), math.log(2.1), math.inf, 0.03)

    assert (found.word, "could not be compared" in found.qualifier) == ("not enough data", True)


@pytest.mark.parametrize(
    ("low", "high", "relative", "word"),
    [
        (0.98, 1.02, 0.2, "no difference"),
        (0.9, 1.1, 0.2, "not enough data"),
        (1.3, 1.4, 0.2, "slower"),
        (0.98, 1.02, 0.01, "not enough data"),
    ],
)
def test_a_measured_floor_protects_in_one_direction(low: float, high: float, relative: float, word: str) -> None:
    """It takes words of change back that the usual margin would allow, and never grants *no difference*."""
    low, high = math.log(low), math.log(high)

    assert _above_noise(settle(low, high, relative), low, high, relative, 0.03).word == word


def test_a_floor_that_is_designed_is_not_measured(make_trial: Callable[..., Record]) -> None:
    """A plan that says what does not matter is taken at its word."""
    comparison = compare_trial(make_trial(pages=PAGES, again=True, launch_sd=0.06), Design(floor_ms=0.0))

    assert {result.margin for result in comparison.primary} == {
        comparison.design.margins[result.quantile] for result in comparison.primary
    }


def test_the_floor_does_not_depend_on_which_arm_is_called_after(make_trial: Callable[..., Record]) -> None:
    """Exchanging the arms exchanges the verdicts; what two copies of one version differ by stays."""
    record = make_trial(pages=PAGES, again=True, factor=1.5)
    one, other = (compare_trial(record, design) for design in (Design(), Design(before="after", after="before")))
    assert one.noise is not None

    assert one.noise == other.noise
    assert [result.margin for result in one.primary] == pytest.approx([result.margin for result in other.primary])
    assert [result.verdict.word for result in one.primary] == ["slower"] * 2
    assert [result.verdict.word for result in other.primary] == ["faster"] * 2


def test_the_second_copy_itself_can_be_compared(make_trial: Callable[..., Record]) -> None:
    """A design that names the copy as its after arm is an A/A comparison."""
    comparison = compare_trial(make_trial(pages=PAGES, again=True), Design(after=AGAIN))

    assert comparison.noise is None
    assert "slower" not in {result.verdict.word for result in comparison.primary}
