import dataclasses
import json
import math
from collections.abc import Callable, Iterator
from typing import Any, get_args

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from results.cells import CellResult
from results.comparison import Comparison, compare_archived, compare_trial
from results.design import Design
from results.errors import ComparisonError
from results.gate import Effect
from results.record import Record, read_record
from results.report.json import schema
from results.samples import Cell

OPPOSITE = {"faster": "slower", "slower": "faster"}
NO_FLOOR = Design(floor_ms=0.0)
PAGES = [{"persona": "reader", "route": "home", "requests": 220}, {"persona": "member", "route": "me", "requests": 60}]
FEW = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SEEDS = st.integers(0, 10_000)
EFFECTS = st.sampled_from([0.5, 0.9, 0.97, 1.0, 1.04, 1.1, 1.8])


def cells(comparison: Comparison) -> dict[str, CellResult]:
    """Results by their label."""
    return {result.label: result for result in comparison.cells}


def both(one: Comparison, other: Comparison) -> Iterator[tuple[CellResult, CellResult]]:
    """The results that two comparisons share."""
    left, right = cells(one), cells(other)
    assert left.keys() == right.keys()
    for label in left:
        yield left[label], right[label]


def pages(effect: float) -> list[dict[str, Any]]:
    """Two pages whose after arm differs by a factor."""
    return [page | {"after_ms": 4.0 * effect} for page in PAGES]


@given(SEEDS, EFFECTS)
@FEW
def test_exchanging_the_arms_exchanges_the_verdicts(
    make_trial: Callable[..., Record], seed: int, effect: float
) -> None:
    """With before and after exchanged every faster is a slower, and every ratio its inverse."""
    record = make_trial(pages=pages(effect), seed=seed)
    there = compare_trial(record)
    back = compare_trial(record, Design(before="after", after="before"))

    for one, other in both(there, back):
        assert other.verdict.word == OPPOSITE.get(one.verdict.word, one.verdict.word)
        if one.launches:
            assert other.ratio.estimate == pytest.approx(1 / one.ratio.estimate)


@given(SEEDS, EFFECTS, st.sampled_from([0.01, 0.3, 7.0, 1000.0]))
@FEW
def test_the_unit_of_time_does_not_matter(
    make_trial: Callable[..., Record], seed: int, effect: float, scale: float
) -> None:
    """Times in another unit give the same ratios and verdicts, where no absolute floor is set."""
    one = compare_trial(make_trial(pages=pages(effect), seed=seed), NO_FLOOR)
    other = compare_trial(make_trial(pages=pages(effect), seed=seed, scale=scale), NO_FLOOR)

    for here, there in both(one, other):
        assert here.verdict.word == there.verdict.word
        assert here.ratio.low == pytest.approx(there.ratio.low, rel=1e-6)


@given(SEEDS)
@FEW
def test_an_arm_is_no_faster_than_itself(make_trial: Callable[..., Record], seed: int) -> None:
    """Where both arms have the very same times, no verdict is given (one is a copy), and every ratio is one."""
    comparison = compare_trial(make_trial(pages=PAGES, seed=seed, identical=True))

    assert {result.verdict.word for result in comparison.primary} == {"invalid"}
    assert "copies" in {gate.code for gate in comparison.gates if not gate.ok}
    assert all(result.ratio.estimate == pytest.approx(1) for result in comparison.primary)


@given(SEEDS, st.floats(0.2, 5))
@FEW
def test_a_known_factor_is_found_exactly(make_trial: Callable[..., Record], seed: int, factor: float) -> None:
    """An after arm that takes a constant multiple of the before arm has exactly that ratio in every cell.

    But no verdict: launches that agree to the last digit do not show how far launches differ.
    """
    comparison = compare_trial(make_trial(pages=PAGES, seed=seed, identical=True, factor=factor))

    for result in comparison.primary:
        assert result.ratio.estimate == pytest.approx(factor, rel=1e-6)
        assert result.ratio.low == pytest.approx(factor, rel=1e-6)
        assert result.verdict.word in {"not enough data", "invalid"}


@given(SEEDS, EFFECTS, st.permutations(range(7)))
@FEW
def test_the_order_of_launches_does_not_matter(
    make_trial: Callable[..., Record], seed: int, effect: float, order: list[int]
) -> None:
    """The same launches in another order give the same verdicts and intervals."""
    one = compare_trial(make_trial(pages=pages(effect), seed=seed, launches=7))
    other = compare_trial(make_trial(pages=pages(effect), seed=seed, launches=7, order=order))

    for here, there in both(one, other):
        assert here.verdict.word == there.verdict.word
        assert here.ratio.high == pytest.approx(there.ratio.high)


@given(SEEDS, EFFECTS, st.floats(1, 4))
@FEW
def test_a_wider_margin_never_creates_a_change(
    make_trial: Callable[..., Record], seed: int, effect: float, factor: float
) -> None:
    """No cell becomes faster or slower because the margin grew."""
    record = make_trial(pages=pages(effect), seed=seed)
    narrow = compare_trial(record)
    wide = compare_trial(record, Design(margins={name: m * factor for name, m in Design().margins.items()}))

    for before, after in both(narrow, wide):
        assert after.verdict.word not in OPPOSITE or after.verdict.word == before.verdict.word


@given(SEEDS, st.floats(0.0005, 0.9), st.sampled_from([0.97, 1.0, 1.1]))
@FEW
def test_failing_fast_is_never_faster(
    make_trial: Callable[..., Record], seed: int, failures: float, effect: float
) -> None:
    """However many requests of the after arm fail at once, no cell of it is called faster."""
    comparison = compare_trial(make_trial(pages=pages(effect), seed=seed, failures=(0.0, failures)))

    assert "faster" not in {result.verdict.word for result in comparison.primary}


@given(SEEDS, EFFECTS)
@FEW
def test_one_launch_never_gives_a_verdict(make_trial: Callable[..., Record], seed: int, effect: float) -> None:
    """From a single launch every cell is undecided, whatever the difference."""
    comparison = compare_trial(make_trial(pages=pages(effect), seed=seed, launches=1))

    assert comparison.overall.word == "not enough data"
    assert {result.verdict.word for result in comparison.cells} == {"not enough data"}


def test_the_demo_reads_as_it_should(demo_comparison: Comparison) -> None:
    """Readers' pages from the cache are faster, the headline names the hit ratio, and members are told to bypass."""
    overall = demo_comparison.overall
    by_label = cells(demo_comparison)

    assert overall.word == "faster"
    assert "hit ratio of reader replies rose from 0 % to 100 %" in overall.headline
    assert by_label["reader article p50"].verdict.word == "faster"
    assert by_label["member article p50"].verdict.word in {"no difference", "not enough data"}
    assert any("Member pages bypass the page cache" in sentence for sentence in overall.sentences)
    assert demo_comparison.exit_code() == 0


def test_nothing_is_said_of_a_page_cache_that_nobody_was_served_by(make_trial: Callable[..., Record]) -> None:
    """Where all pages are made in both arms, a page cache is no part of the story."""
    made = [PAGES[0] | {"before_cache": "BYPASS", "after_cache": "BYPASS", "after_ms": 1.0}]
    overall = compare_trial(make_trial(pages=made)).overall

    assert overall.word == "faster"
    assert not any("page cache" in sentence for sentence in (overall.headline, *overall.sentences))


def test_a_slower_page_outweighs_a_faster_one(make_trial: Callable[..., Record]) -> None:
    """One slower primary cell makes the whole slower, with exit code 1."""
    mixed = [PAGES[0] | {"after_ms": 1.0}, PAGES[0] | {"route": "tag", "after_ms": 8.0}]
    comparison = compare_trial(make_trial(pages=mixed))

    assert comparison.overall.word == "slower"
    assert "reader tag" in comparison.overall.headline
    assert comparison.exit_code() == 1
    assert comparison.exit_code(["invalid"]) == 0


def test_what_the_site_reports_is_kept_apart_by_arm(demo_comparison: Comparison) -> None:
    """Median database calls and the share served from the cache stand beside each cell."""
    result = cells(demo_comparison)["reader article p50"]

    assert (result.db_calls.before, result.db_calls.after) == (5, 0)
    assert (result.served_from_cache.before, result.served_from_cache.after) == (0, 1)
    assert result.server_ms.before == pytest.approx(3.2, rel=0.1)


def test_requests_are_matched_between_the_arms(demo_comparison: Comparison) -> None:
    """The transitions count every request once, by its class before and after."""
    found = {(t.persona, t.before, t.after): t.requests for t in demo_comparison.transitions}

    assert found == {("reader", "BYPASS", "HIT"): 8 * 1800, ("member", "BYPASS", "BYPASS"): 8 * 300}


def test_an_unmoved_hit_ratio_is_not_spoken_of(make_trial: Callable[..., Record]) -> None:
    """Where no hit ratio moved, no sentence says one did."""
    comparison = compare_trial(make_trial(pages=PAGES))

    assert not any(hit.moved for hit in comparison.hit_ratios)
    assert "hit ratio" not in comparison.overall.headline + " ".join(comparison.overall.sentences)


def test_a_wild_launch_makes_a_verdict_fragile(make_trial: Callable[..., Record]) -> None:
    """A word that hangs on one launch is tagged."""
    tagged = 0
    for seed in range(6):
        result = compare_trial(make_trial(pages=pages(1.0), seed=seed, launch_sd=0.004, launches=6))
        tagged += sum("fragile" in cell.tags for cell in result.primary)
        for cell in result.primary:
            assert not cell.tags or cell.verdict.word != "not enough data"

    assert tagged > 0


def test_too_few_requests_are_named(make_trial: Callable[..., Record]) -> None:
    """A cell below the sample floor says how many requests it had and how many it needs."""
    result = cells(compare_trial(make_trial(pages=PAGES)))["member me p95"]

    assert result.verdict.qualifier == "60 requests in the smallest launch, 200 needed"
    assert not result.primary


def test_a_closed_workload_is_judged_by_service_time(make_trial: Callable[..., Record]) -> None:
    """Without a schedule the service time decides, and the report says what that hides."""
    comparison = compare_trial(make_trial(pages=pages(0.5), rates=[None] * 8))

    assert comparison.workload == "closed"
    assert all(result.latency_ms == result.service_ms for result in comparison.primary)
    assert any("Closed workload" in caveat for caveat in comparison.caveats)


def test_archived_sessions_are_never_plainly_faster(make_trial: Callable[..., Record]) -> None:
    """Two sessions show their difference as a session difference, of grade C, without a verdict."""
    comparison = compare_archived(make_trial(), make_trial())

    assert (comparison.grade, comparison.overall.word) == ("C", "not enough data")
    assert {result.verdict.word for result in comparison.cells} == {"not enough data"}
    assert "session difference −90 %" in cells(comparison)["reader article p50"].verdict.qualifier
    assert comparison.exit_code() == 0


def test_a_record_is_not_compared_with_itself(make_trial: Callable[..., Record]) -> None:
    """The same record named twice is a mistake, and told as one."""
    record = make_trial(launches=1)

    with pytest.raises(ComparisonError, match=f"^both are the record {record.name}; name two$"):
        compare_archived(record, read_record(record.path))


def test_archived_sessions_of_other_traffic_are_not_comparable(make_trial: Callable[..., Record]) -> None:
    """Sessions that were asked something else are not put side by side."""
    comparison = compare_archived(make_trial(), make_trial(rates=[70.0] * 8))

    assert comparison.overall.word == "not comparable"


def test_single_runs_can_be_put_side_by_side(make_trial: Callable[..., Record]) -> None:
    """Two swarm records compare like two sessions, of one launch each."""
    one, other = make_trial(launches=1).launches()[0], make_trial(launches=1, seed=2).launches()[0]
    comparison = compare_archived(one, other)

    assert comparison.overall.word == "not enough data"
    assert cells(comparison)["reader article p50"].ratio.estimate == pytest.approx(0.1, rel=0.1)


def test_settings_come_from_the_site_where_the_plan_has_none(make_trial: Callable[..., Record]) -> None:
    """Of a run without settings in its plan, the report tells those that the site told the swarm."""
    run, other = (make_trial(launches=1).launches()[0] for _ in range(2))
    about = {"settings": {"page_cache": "off"}}
    told = dataclasses.replace(run, run={**(run.run or {}), "sites": {"before": {"about": about}}})

    assert compare_archived(told, other).changed_settings == (("page_cache", "off", None),)


def test_an_arm_that_is_not_there_is_an_error(make_trial: Callable[..., Record]) -> None:
    """A design that names an unknown arm is refused with the arms there are."""
    with pytest.raises(ComparisonError, match="before, after"):
        compare_trial(make_trial(launches=1), Design(after="later"))


def test_open_and_closed_workloads_do_not_mix(make_trial: Callable[..., Record]) -> None:
    """Records of different workloads cannot be compared at all."""
    with pytest.raises(ComparisonError, match="open"):
        compare_archived(make_trial(launches=1), make_trial(launches=1, rates=[None]))


@pytest.mark.parametrize(
    "case",
    [
        {},
        {"launches": 1},
        {"cpu": 0.95},
        {"failures": (0.0, 0.5)},
        {"cut_off": range(8)},
        {"pages": PAGES, "launches": 2},
    ],
)
def test_every_comparison_fulfils_the_schema(make_trial: Callable[..., Record], case: dict[str, Any]) -> None:
    """Whatever became of a trial, its comparison is JSON of the published schema."""
    record, other = make_trial(**case), make_trial(**case)
    validator = jsonschema.Draft202012Validator(schema())

    for comparison in (compare_trial(record), compare_archived(record, other)):
        validator.validate(json.loads(json.dumps(comparison.to_dict(), allow_nan=False)))


def test_the_design_of_the_plan_is_used(make_trial: Callable[..., Record]) -> None:
    """A trial is compared by the design written down before it ran, unless another is given."""
    record = make_trial(plan={"design": Design(alpha=0.01).to_dict()})

    assert compare_trial(record).design.alpha == 0.01
    assert compare_trial(read_record(record.path), Design()).design.alpha == 0.05


@pytest.mark.parametrize(
    ("method", "grade", "claim"),
    [("duet", "A", "loaded at once"), ("rounds", "A", "one after the other"), ("reversal", "B", "switched")],
)
def test_the_grade_is_that_of_the_design(
    make_trial: Callable[..., Record], method: str, grade: str, claim: str
) -> None:
    """Side by side and in random order is grade A, one slot switched to and fro grade B; each says what it claims."""
    comparison = compare_trial(make_trial(method=method, pages=pages(0.5)))

    assert (comparison.method, comparison.grade) == (method, grade)
    assert claim in " ".join(comparison.caveats)
    assert comparison.overall.word == "faster"


def test_a_duet_that_was_given_up_says_why(make_trial: Callable[..., Record]) -> None:
    """A trial that asked for a duet and holds rounds tells that it fell back."""
    fallen = compare_trial(make_trial(method="rounds", plan={"method": "auto"}))

    assert fallen.fallback is not None
    assert "hold each other up" in fallen.fallback
    assert compare_trial(make_trial(method="rounds")).fallback is None


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"after_cache": "HIT"}, "the page cache served 0 % of its replies before, 100 % after"),
        ({"before_cache": "STALE"}, "the page cache served 100 % of its replies before, 0 % after"),
        ({"after_calls": 7}, "its median reply cost 5 database calls before, 7 after"),
    ],
)
def test_a_control_that_was_touched_is_no_control(
    make_trial: Callable[..., Record], answers: dict[str, Any], said: str
) -> None:
    """What the site says of its replies shows that the change reached them; then nothing is taken off by it."""
    control = {"persona": "reader", "route": "about", "requests": 400}
    page = {"persona": "reader", "route": "home", "requests": 400}
    design = Design(control=Cell("reader", "about"))
    sound, touched = (compare_trial(make_trial(pages=[page, control | more]), design) for more in ({}, answers))

    assert {gate.code: gate.ok for gate in sound.gates}["control"]
    assert sound.overall.word != "not comparable"
    assert touched.overall.word == "not comparable"
    assert said in touched.overall.headline


def test_a_control_of_a_silent_site_is_the_plans_word_only(make_trial: Callable[..., Record]) -> None:
    """Where neither cache class nor database calls are told, nothing was looked at, and no verdict is withheld."""
    pages = [{"persona": "reader", "route": route, "requests": 400} for route in ("home", "about")]
    silent = [page | {"before_calls": math.nan, "after_calls": math.nan} for page in pages]
    comparison = compare_trial(make_trial(pages=silent, unknown=1.0), Design(control=Cell("reader", "about")))
    (gate,) = (gate for gate in comparison.gates if gate.code == "control")

    assert (gate.measured, gate.ok, gate.effect) == (None, False, "note")
    assert comparison.overall.word != "not comparable"


def test_a_control_takes_off_what_the_change_cannot_have_done(make_trial: Callable[..., Record]) -> None:
    """Where a page that nobody touched is slower too, only what goes beyond it is the change's."""
    control = {"persona": "reader", "route": "about", "requests": 400, "after_ms": 4.0 * 1.2}
    page = {"persona": "reader", "route": "home", "requests": 400, "after_ms": 4.0 * 1.2 * 1.5}
    record = make_trial(pages=[page, control])
    plain, controlled = (compare_trial(record, Design(control=given)) for given in (None, Cell("reader", "about")))

    assert cells(plain)["reader home p50"].ratio.estimate == pytest.approx(1.8, rel=0.05)
    assert cells(controlled)["reader home p50"].ratio.estimate == pytest.approx(1.5, rel=0.05)
    assert {result.cell.route for result in controlled.primary} == {"home"}


def test_a_quantile_between_hits_and_misses_is_not_judged(make_trial: Callable[..., Record]) -> None:
    """Where a twentieth misses, the 95th percentile jumps between hits and misses, and is told so instead of judged."""
    hits = {"persona": "reader", "route": "home", "requests": 760, "before_cache": "HIT", "after_cache": "HIT"}
    misses = {"persona": "reader", "route": "home", "requests": 40, "before_ms": 80.0, "after_ms": 80.0}
    results = cells(compare_trial(make_trial(pages=[hits, misses])))

    assert "gap" in results["reader home p95"].tags
    assert results["reader home p95"].verdict.word == "not enough data"
    assert "jumps" in results["reader home p95"].verdict.qualifier
    assert results["reader home p50"].tags == ()


def test_what_the_hit_ratio_did_is_in_the_headlines_company(make_trial: Callable[..., Record]) -> None:
    """Where more hits make a page faster and nothing else did, the sentence after the tally says so."""
    page = {"persona": "reader", "route": "home"}
    hits = page | {"requests": 400, "before_ms": 1.0, "after_ms": 1.0, "before_cache": "HIT", "after_cache": "HIT"}
    misses = page | {"requests": 200, "before_ms": 40.0, "after_ms": 40.0}
    moved = page | {"requests": 200, "before_ms": 40.0, "after_ms": 1.0, "after_cache": "HIT"}
    comparison = compare_trial(make_trial(pages=[hits, misses, moved]))

    assert any("hit ratio" in sentence for sentence in comparison.overall.sentences)
    mean = comparison.mix.part("reader", "mean")
    assert mean is not None
    assert mean.mix.estimate == pytest.approx(mean.total.estimate, rel=0.1)
    assert mean.mix.estimate + mean.within.estimate == pytest.approx(mean.total.estimate)
    words = {result.cell.cache: result.verdict.word for result in comparison.cells if result.quantile == "p50"}
    assert not {words["HIT"], words["MISS"]} & {"faster", "slower"}


def test_every_gate_stands_in_the_order_of_its_weight(demo_comparison: Comparison) -> None:
    """Gates that make a run invalid come first, notes last; each has a code, a limit and what it measured."""
    order = [get_args(Effect).index(gate.effect) for gate in demo_comparison.gates]

    assert order == sorted(order)
    assert len({gate.code for gate in demo_comparison.gates}) == len(order)
