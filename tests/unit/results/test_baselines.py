import dataclasses
import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from results.baselines import _control, gather, promote, read_baselines, session
from results.comparison import Comparison, compare_archived
from results.design import Design, Question
from results.errors import ResultsError
from results.record import Record, read_record
from results.samples import Cell
from results.sessions import session_interval

MAIN = Question(Cell("reader", "article"), "p50")
PAGE = {"persona": "reader", "route": "article", "requests": 300}
STATIC = {"persona": "reader", "route": "about", "requests": 200, "before_ms": 1.0, "after_ms": 1.0}


@pytest.fixture(scope="module")
def make_session(make_trial: Callable[..., Record]) -> Callable[..., Record]:
    """One session of a name of its own; both of its arms are the same version."""

    def make(seed: int, factor: float = 1.0, **settings: object) -> Record:
        page = PAGE | {"before_ms": 4.0 * factor, "after_ms": 4.0 * factor}
        record = make_trial(launches=1, seed=seed, pages=[page, STATIC], **settings)
        return read_record(record.path.rename(record.path.with_name(f"session-{seed}-{factor}")))

    return make


@pytest.fixture(scope="module")
def history(make_session: Callable[..., Record]) -> list[Record]:
    """Six sessions of one version that differ by a few percent."""
    return [make_session(seed, 1 + 0.02 * (seed % 3)) for seed in range(1, 7)]


def sessions(history: list[Record], after: Record, design: Design | None = None) -> Comparison:
    """The last of a history against a session after it, weighed with the rest."""
    earlier = [session(record, "before") for record in history[:-1]]
    return compare_archived(history[-1], after, design, earlier)


def word(comparison: Comparison) -> str:
    """Of the main page's median."""
    return next(
        result.verdict.word for result in comparison.cells if (result.cell, result.quantile) == (MAIN.cell, "p50")
    )


def test_a_session_survives_its_file(history: list[Record], tmp_path: Path) -> None:
    """A promoted session read back is the session."""
    promote(history[0], "before", "main", tmp_path)

    assert read_baselines("main", tmp_path) == (session(history[0], "before"),)


def test_a_level_is_the_geometric_mean_of_its_launches(make_trial: Callable[..., Record]) -> None:
    """Of two launches a level is the square root of the product of their quantiles."""
    record = make_trial(launches=2, pages=[PAGE])
    one, other = (session(launch, "before").level(MAIN) for launch in record.launches())

    assert session(record, "before").level(MAIN) == pytest.approx(math.sqrt(one * other))


def test_baselines_come_oldest_first(history: list[Record], tmp_path: Path) -> None:
    """However their files are called, baselines are in the order of their sessions."""
    for record in reversed(history):
        path = promote(record, "before", "main", tmp_path)
        path.rename(path.with_name(f"{record.plan['started'].replace(':', '')[::-1]}.json"))
    started = [one.started for one in read_baselines("main", tmp_path)]

    assert started == sorted(started)


@pytest.mark.parametrize("name", ["", "../x", "a b", ".hidden"])
def test_a_name_that_is_no_word_is_refused(history: list[Record], tmp_path: Path, name: str) -> None:
    """A baseline cannot be promoted out of its folder."""
    with pytest.raises(ResultsError, match="cannot name a baseline"):
        promote(history[0], "before", name, tmp_path)


def test_a_session_is_promoted_once(history: list[Record], tmp_path: Path) -> None:
    """The same session twice would count as two that agree."""
    promote(history[0], "before", "main", tmp_path)

    with pytest.raises(ResultsError, match="already"):
        promote(history[0], "before", "main", tmp_path)


def test_a_session_with_too_few_requests_is_no_baseline(make_trial: Callable[..., Record], tmp_path: Path) -> None:
    """A session none of whose cells can speak is not kept."""
    record = make_trial(launches=1, pages=[PAGE | {"requests": 5}])

    with pytest.raises(ResultsError, match="run longer"):
        promote(record, "before", "main", tmp_path)
    assert list(tmp_path.iterdir()) == []


def cut_off(record: Record) -> Record:
    """The same, ended by Ctrl-C."""
    for path in record.path.glob("launches/*/run.json"):
        path.write_text(json.dumps(json.loads(path.read_text()) | {"ended_by": "interrupted"}))
    return read_record(record.path)


def test_a_session_that_was_cut_off_is_no_baseline_and_settles_nothing(
    history: list[Record], make_session: Callable[..., Record], tmp_path: Path
) -> None:
    """Not even a change that a whole session would settle; the gate names the session."""
    after = cut_off(make_session(41, 2.0))
    comparison = sessions(history, after)

    assert {result.verdict.word for result in comparison.primary} == {"not enough data"}
    gate = next(gate for gate in comparison.gates if gate.code == "ended")
    assert (gate.ok, gate.measured, after.name in gate.words) == (False, 1, True)
    with pytest.raises(ResultsError, match="did not run to its end"):
        promote(after, "before", "main", tmp_path)


def test_a_control_is_taken_at_one_quantile_in_all_sessions(history: list[Record]) -> None:
    """Where one session lacks the control's p95, all give its median: quantiles of two kinds are no difference."""
    question = Question(Cell("reader", "article"), "p95")
    design = Design(control=Cell("reader", "about"))
    whole = [session(record, "before") for record in history]
    lacking = dataclasses.replace(
        whole[0], levels=tuple(each for each in whole[0].levels if each.question.quantile == "p50")
    )

    assert _control(question, whole, design) == Question(Cell("reader", "about"), "p95")
    assert _control(question, [lacking, *whole[1:]], design) == Question(Cell("reader", "about"), "p50")
    assert _control(question, whole, Design()) is None


def test_an_unknown_history_names_those_there_are(history: list[Record], tmp_path: Path) -> None:
    """A wrong name is answered with the right ones."""
    promote(history[0], "before", "main", tmp_path)

    with pytest.raises(ResultsError, match="there are: main"):
        read_baselines("mian", tmp_path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": 99}, "format 99"),
        (
            {"levels": [{"persona": "reader", "route": "r", "cache": "all", "quantile": "p50", "ms": "x"}]},
            "no baseline",
        ),
        ({"levels": [{**dataclasses.asdict(MAIN.cell), "quantile": "p50", "ms": 0, "requests": 9}]}, "latency of 0"),
        ({"levels": [{**dataclasses.asdict(MAIN.cell), "quantile": "p50", "ms": "nan", "requests": 9}]}, "nan"),
        ({"environment": {}}, "no baseline"),
    ],
)
def test_a_broken_file_is_one_line(history: list[Record], tmp_path: Path, change: dict[str, object], said: str) -> None:
    """A file that is no baseline, or of a later version, is named with what is wrong."""
    path = promote(history[0], "before", "main", tmp_path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))

    with pytest.raises(ResultsError, match=said) as raised:
        read_baselines("main", tmp_path)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"format": 1,', "it is cut off or is not JSON"),
        ("[" * 100_000, "it is cut off or is not JSON"),
        ("{}", "it lacks its format"),
        ("[]", "a value in it is not of the kind that anp writes"),
        ('{"format": 1, "levels": 3}', "a value in it is not of the kind that anp writes"),
    ],
)
def test_what_is_wrong_with_a_file_is_told_in_plain_words(tmp_path: Path, text: str, why: str) -> None:
    """Cut off, of another shape, or no JSON at all: no name of Python's stands in the reason."""
    (tmp_path / "main").mkdir()
    path = tmp_path / "main" / "session.json"
    path.write_text(text)

    with pytest.raises(ResultsError) as raised:
        read_baselines("main", tmp_path)

    assert str(raised.value) == f"{path} is no baseline: {why}. Delete it, and promote the record anew"


def test_two_sessions_alone_settle_nothing(history: list[Record], make_session: Callable[..., Record]) -> None:
    """However far two sessions are apart, without a history the verdict is not enough data."""
    comparison = compare_archived(history[0], make_session(53, 3.0))

    assert comparison.overall.word == "not enough data"
    assert {result.verdict.word for result in comparison.cells} == {"not enough data"}


def test_a_history_settles_a_large_change(history: list[Record], make_session: Callable[..., Record]) -> None:
    """Beyond what six sessions differ by, a slower session is called slower, and said to be a session."""
    slower = make_session(50, 1.5)
    comparison = sessions(history, slower)

    assert comparison.grade == "C"
    assert comparison.overall.word == "slower"
    assert "than sessions before it" in comparison.overall.headline
    assert word(comparison) == "slower"


def test_a_history_does_not_settle_what_sessions_differ_by(
    history: list[Record], make_session: Callable[..., Record]
) -> None:
    """A session as far from the others as they are from each other is neither faster nor slower."""
    assert word(sessions(history, make_session(51, 1.02))) not in {"faster", "slower"}


def test_four_sessions_are_no_history(history: list[Record], make_session: Callable[..., Record]) -> None:
    """One session fewer than five, and the large change is not enough data again."""
    after = make_session(50, 1.5)

    assert word(sessions(history[:5], after)) == "slower"
    assert word(sessions(history[:4], after)) == "not enough data"


def test_a_control_takes_off_what_happened_to_the_machine(
    history: list[Record], make_session: Callable[..., Record]
) -> None:
    """Where a page that nobody touched is slower by as much, the change is not called slower."""
    after = make_session(52, 1.0, scale=1.5)

    assert word(sessions(history, after)) == "slower"
    controlled = sessions(history, after, Design(control=Cell("reader", "about")))
    assert word(controlled) not in {"faster", "slower"}
    assert all(result.cell.route != "about" for result in controlled.primary)


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"machine": {"cpu": "other", "cores": 2, "system": "Linux"}}, 'cpu "test" and "other"'),
        ({"versions": {"python": "3.99"}}, "version of python"),
        ({"settings": {"page_cache": "on"}}, "setting page_cache"),
        ({"traffic": "another"}, "other traffic"),
    ],
)
def test_a_baseline_made_of_something_else_does_not_count(
    history: list[Record], environment: dict[str, object], said: str
) -> None:
    """Machine, instrument, settings and traffic of a baseline must be those of the session before the change."""
    one, before, after = (session(record, "before") for record in history[:3])
    made_on = dataclasses.replace(before.environment, settings={"page_cache": "off"})
    before = dataclasses.replace(before, environment=made_on)
    other = dataclasses.replace(one, environment=dataclasses.replace(made_on, **environment))
    used, found = gather(before, after, [other])

    assert used == (before,)
    assert [left.name for left in found.left_out] == [one.name]
    assert said in found.left_out[0].why


def test_a_session_does_not_vouch_for_itself(history: list[Record]) -> None:
    """A baseline that is the session compared is counted once, and one that is judged not at all."""
    one, before, after = (session(record, "before") for record in history[:3])
    used, found = gather(before, after, [one, before, after])

    assert [each.name for each in used] == [one.name, before.name]
    assert [left.name for left in found.left_out] == [after.name]


def test_a_session_under_other_names_counts_once(history: list[Record]) -> None:
    """Copies of a baseline, or of the session compared, are no further sessions."""
    one, before, after = (session(record, "before") for record in history[:3])
    used, found = gather(before, after, [one, *(dataclasses.replace(each, name="copy") for each in (one, before))])

    assert [each.name for each in used] == [one.name, before.name]
    assert [left.why for left in found.left_out] == [
        f"it is the session {each.name} once more" for each in (one, before)
    ]


def test_sessions_after_the_change_do_not_count(history: list[Record]) -> None:
    """What was made later than the session that is judged is no session before it."""
    one, before, after = (session(record, "before") for record in history[:3])
    used, found = gather(before, after, [dataclasses.replace(one, started="2999-01-01T00:00:00Z")])

    assert used == (before,)
    assert found.left_out[0].why == "it was made after the session that is judged"


def test_sessions_that_agree_to_the_last_digit_settle_nothing() -> None:
    """A spread of zero is none that was measured."""
    estimate, low, high = session_interval(np.full(6, 1.5), np.array([2.0]), 0.05)

    assert (estimate, low, high) == (0.5, -math.inf, math.inf)


def test_a_change_that_sessions_would_catch_is_caught(
    history: list[Record], make_session: Callable[..., Record]
) -> None:
    """At the slowdown that a history promises to catch, a new session is called slower 19 times in 20."""
    comparison = sessions(history, make_session(51, 1.02))
    result = next(each for each in comparison.cells if (each.cell, each.quantile) == (MAIN.cell, "p50"))
    n, m, sd = len(history), len(comparison.primary), 0.02
    draw = np.random.default_rng(1)
    promised = math.log(result.convincing) - math.log1p(result.margin)  # with the spread found, beyond the margin

    caught = 0
    for _ in range(2000):
        before = sd * draw.normal(size=n)
        after = sd * draw.normal(size=1) + promised * sd / result.spread
        caught += session_interval(before, after, comparison.design.alpha, m)[1] > 0
    assert caught / 2000 == pytest.approx(0.95, abs=0.02)
