"""Doubts of a single swarm: every fault is found and named, and a sound record raises none."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from results import gates
from results.columns import REQUESTS, SECONDS
from results.record import Record, RecordWriter, read_record
from results.samples import read_trial
from results.validity import Doubt, doubts, is_valid, judge, judged, to_dicts

GOLDEN = Path(__file__).parents[2] / "data" / "record-format-1"


def launch(make_trial: Callable[..., Record], **faults: Any) -> Record:
    """The swarm record of a trial's only launch."""
    return make_trial(launches=1, **faults).launches()[0]


def codes(record: Record, *, invalid: bool = True) -> set[str]:
    """Codes of the doubts that make the figures invalid, or of the notes."""
    return {doubt.code for doubt in doubts(record) if doubt.invalid is invalid}


def rewritten(
    record: Record, change: Callable[[dict[str, Any]], dict[str, Any]], name: str = "requests", **plan: Any
) -> Record:
    """The record with every row of a stream changed, and with other values in its plan."""
    rows = [change(row) for row in record.table(name).to_pylist()]
    schema = {"requests": REQUESTS, "seconds": SECONDS}[name]
    path = record.path / f"{name}.arrows"
    path.unlink()
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, schema) as writer:
        writer.write_table(pa.Table.from_pylist(rows, schema=schema))
    data = json.loads((record.path / "plan.json").read_text())
    data["plan"] |= plan
    (record.path / "plan.json").write_text(json.dumps(data))
    return read_record(record.path, allow_incomplete=True)


def alone(record: Record, **plan: Any) -> Record:
    """The record as a swarm of its first arm."""
    before = rewritten(record, lambda row: row, arms=record.asked["arms"][:1], **plan)
    table = before.table("requests")
    rows = [row | {"seq": seq} for seq, row in enumerate(r for r in table.to_pylist() if r["arm"] == "before")]
    (before.path / "requests.arrows").unlink()
    with pa.OSFile(str(before.path / "requests.arrows"), "wb") as sink, pa.ipc.new_stream(sink, REQUESTS) as writer:
        writer.write_table(pa.Table.from_pylist(rows, schema=REQUESTS))
    run = json.loads((before.path / "run.json").read_text())
    run["rows"]["requests"] = len(rows)
    (before.path / "run.json").write_text(json.dumps(run))
    return rewritten(
        read_record(before.path),
        lambda row: row | {"offered": row["offered"] // 2, "sent": row["sent"] // 2},
        "seconds",
    )


def test_a_sound_swarm_raises_no_doubt(make_trial: Callable[..., Record]) -> None:
    """A record without fault has none, of two arms as of one."""
    assert doubts(launch(make_trial)) == ()
    assert doubts(alone(launch(make_trial))) == ()


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"wrong_pages": 3}, "checks"),
        ({"ledger": {"complete": False}}, "ledger"),
        ({"ledger": {"complete": True, "site": {"before": {"agrees": False}}}}, "ledger"),
        ({"lag_ms": 3.0}, "lag"),
        ({"cpu": 0.95}, "cpu"),
        ({"achieved": 0.98}, "achieved"),
        ({"failures": (0.0, 0.05)}, "errors"),
        ({"failures": (0.05, 0.0)}, "errors"),
        ({"unknown": 0.05}, "cache_class"),
        ({"other_url": 3}, "traffic"),
        ({"cut_off": [0]}, "cut_off"),
    ],
)
def test_a_fault_makes_the_figures_invalid(make_trial: Callable[..., Record], fault: dict[str, Any], code: str) -> None:
    """Each fault is named by its own code, with what was measured beyond the limit, and what to do."""
    found = [doubt for doubt in doubts(launch(make_trial, **fault)) if doubt.invalid]

    assert code in {doubt.code for doubt in found}
    for doubt in found:
        assert doubt.words.endswith(".")
        assert "\n" not in doubt.words
        assert str(doubt) == f"INVALID: {doubt.words}"
        if doubt.measured is not None and doubt.limit is not None:
            assert doubt.measured != doubt.limit


def test_rows_that_cannot_be_read_are_missing(make_trial: Callable[..., Record]) -> None:
    """A record that holds fewer requests than its run says it wrote has gaps."""
    record = launch(make_trial)
    run = json.loads((record.path / "run.json").read_text())
    run["rows"]["requests"] += 5
    (record.path / "run.json").write_text(json.dumps(run))

    (found,) = doubts(read_record(record.path))

    assert (found.code, found.measured) == ("ledger", 5)


def test_a_lone_arm_is_judged_as_one_of_two(make_trial: Callable[..., Record]) -> None:
    """The generator's limits, wrong pages and errors hold for a swarm of one site as well."""
    record = alone(launch(make_trial, cpu=0.95, lag_ms=3.0, wrong_pages=1, failures=(0.05, 0.0)))

    assert {"checks", "lag", "cpu", "errors"} <= codes(record)
    assert "traffic" not in codes(record)


def test_the_words_name_what_was_found(make_trial: Callable[..., Record]) -> None:
    """Failed checks are counted by kind with an example; errors by class, with the arm they are of."""
    wrong, failing = (
        {doubt.code: doubt for doubt in doubts(launch(make_trial, **fault))}
        for fault in ({"wrong_pages": 3}, {"failures": (0.0, 0.05)})
    )

    assert "(wrong_article 3)" in wrong["checks"].words
    assert "before /a/1 for anonymous: expected 7, got 8" in wrong["checks"].words
    assert "of the requests of after failed (status " in failing["errors"].words


def test_errors_are_named_by_their_status(make_trial: Callable[..., Record]) -> None:
    """Which statuses and error classes there were, the most frequent first, with an address of that one."""

    def spoil(row: dict[str, Any]) -> dict[str, Any]:
        if row["route"] != "article" or row["request"] % 4:
            return row
        word = {0: 503, 4: 404, 8: 503}.get(row["request"] % 12)
        return row | ({"error": "closed"} if row["request"] % 20 == 0 else {"error": "status", "status": word})

    record = rewritten(alone(launch(make_trial)), spoil)
    failed = [row for row in record.table("requests").to_pylist() if row["error"] != "none"]
    count = Counter(str(row["status"]) if row["error"] == "status" else row["error"] for row in failed)
    assert count["503"] > count["404"] > count["closed"] > 0

    (found,) = (doubt for doubt in doubts(record) if doubt.code == "errors")

    kinds = f"status 503: {count['503']}, status 404: {count['404']}, closed: {count['closed']}; at most 1.0 %"
    assert f"failed ({kinds}), for one status 503 at /article/: replies" in found.words


@pytest.mark.parametrize("share", [0.009, 0.011])
def test_requests_sent_again_count_like_errors(make_trial: Callable[..., Record], share: float) -> None:
    """Beyond the limit of errors the figures are invalid, and the arm that closed its connections is named."""
    record = launch(make_trial, pages=[{"persona": "reader", "route": "home", "requests": 4000}])
    most = round(share * record.table("requests").filter(pc.field("arm") == "after").num_rows)
    left = iter(range(most))
    record = rewritten(record, lambda row: row | {"retried": row["arm"] == "after" and next(left, None) is not None})

    found = [doubt for doubt in doubts(record) if doubt.code == "retried"]

    assert bool(found) == (share > gates.ERROR_LIMIT)
    for doubt in found:
        assert doubt.measured == pytest.approx(share, rel=0.01)
        assert f"1.1 % of the requests of after were sent again ({most} of " in doubt.words
        assert "keep-alive" in doubt.words


def test_a_search_for_the_breaking_point_may_end_in_closed_connections(make_trial: Callable[..., Record]) -> None:
    """A server that closes connections under too much load is what such a search looks for."""
    record = rewritten(launch(make_trial), lambda row: row | {"retried": True}, shape="breakpoint:2")

    assert codes(record) == set()


def test_many_kinds_of_errors_are_summed_up(make_trial: Callable[..., Record]) -> None:
    """Beyond five kinds the rest is one number, so that the line stays one."""
    record = rewritten(
        alone(launch(make_trial)), lambda row: row | {"error": "status", "status": 500 + row["request"] % 7}
    )
    total = record.table("requests").num_rows

    (found,) = (doubt for doubt in doubts(record) if doubt.code == "errors")

    named = [int(text) for text in re.findall(r"status \d+: (\d+)", found.words)]
    assert len(named) == 5
    assert f"others: {total - sum(named)};" in found.words


def test_errors_of_a_record_without_addresses_have_no_example(make_trial: Callable[..., Record]) -> None:
    """A run that was cut off before its addresses were written is told all the same."""
    record = launch(make_trial, failures=(0.05, 0.05))
    (record.path / "urls.arrows").unlink()

    (found,) = (doubt for doubt in doubts(record) if doubt.code == "errors")

    assert "at most 1.0 %): replies" in found.words


@pytest.mark.parametrize(
    ("change", "kind"),
    [({"error": "status", "status": 405}, "status 405: "), ({"check": "wrong_article"}, "wrong_article: ")],
)
def test_events_that_fail_are_named_by_what_was_wrong(
    make_trial: Callable[..., Record], change: dict[str, Any], kind: str
) -> None:
    """Refused edits have their status in the line; edits of something else, the check that failed."""
    record = launch(make_trial, pages=[{"persona": "editor", "route": "edit", "requests": 4}])
    record = rewritten(record, lambda row: row | (change if row["request"] == 0 else {}))

    (found,) = (doubt for doubt in doubts(record) if doubt.code == "edits")

    assert found.words.startswith(f"25 % of the edits failed (2 of 8; {kind}2), for one {kind[:-2]} at /edit/: ")


@pytest.mark.parametrize(
    ("counted", "unanswered", "says"),
    [
        (
            {"home": 1000, "article": 37},
            3,
            (
                "The record holds 1,000 answers of before and 3 requests without, the site counted 1,037 requests: "
                "somebody else used the site during the run, or requests are missing from the record."
            ),
        ),
        (
            {"home": 900},
            0,
            (
                "The record holds 1,000 answers of before, the site counted 900 requests: something before the site "
                "answered in its stead, or it was restarted and counted anew."
            ),
        ),
    ],
)
def test_another_count_of_the_site_is_told_in_numbers(
    make_trial: Callable[..., Record], counted: dict[str, int], unanswered: int, says: str
) -> None:
    """What the record holds and what the site counted stand side by side, with what may have led to it."""
    site = {"answered": {"home": 1000}, "unanswered": unanswered, "counted_by_site": counted, "agrees": False}
    ledger = {"complete": True, "site": {"before": site, "after": site | {"agrees": True}}}

    (found,) = doubts(launch(make_trial, ledger=ledger))

    assert found.words == f"{says} Let nobody else use the site, nor restart it, during a run, and run again."
    assert (found.code, found.measured, found.invalid) == ("ledger", 1, True)


def test_other_gaps_are_told_beside_the_count_of_the_site(make_trial: Callable[..., Record]) -> None:
    """Where the swarm's own count is wrong too, both are said."""
    site = {"answered": {"home": 10}, "unanswered": 0, "counted_by_site": {"home": 12}, "agrees": False}

    (found,) = doubts(launch(make_trial, ledger={"complete": False, "site": {"before": site}}))

    assert found.words.startswith("The record has gaps: the swarm's own count of its rows does not add up")
    assert "the site counted 12 requests" in found.words


def test_wrong_pages_of_the_warm_up_count(make_trial: Callable[..., Record]) -> None:
    """A page that reached the wrong person before the measured time makes the run invalid too."""
    record = rewritten(
        launch(make_trial, warmup=40), lambda row: row | {"check": "leak" if row["phase"] == "warmup" else "ok"}
    )

    assert codes(record) == {"checks"}


def test_an_unknown_cache_class_is_a_note_on_another_site(make_trial: Callable[..., Record]) -> None:
    """Other sites seldom say what their caches did; their times stand all the same."""
    record = rewritten(launch(make_trial, unknown=0.5), lambda row: row, urls={"source": "URL file", "digest": "0"})

    assert codes(record) == set()
    assert codes(record, invalid=False) == {"cache_class"}


def test_what_is_no_page_need_not_tell_its_cache_class(make_trial: Callable[..., Record]) -> None:
    """Replies to edits, purges and log-ins, and redirects, are left out of the share that is unknown."""
    pages = [{"persona": "reader", "route": "home", "requests": 400}]
    record = launch(make_trial, pages=pages)
    record = rewritten(
        record, lambda row: row | ({"route": "edit", "cache": "UNKNOWN"} if row["request"] % 10 == 0 else {})
    )

    assert "cache_class" not in codes(record)


def test_a_failed_run_says_why(make_trial: Callable[..., Record]) -> None:
    """A lost worker makes the figures invalid, and the reason in the record is in the words."""
    record = launch(make_trial)
    run = json.loads((record.path / "run.json").read_text())
    (record.path / "run.json").write_text(json.dumps(run | {"ended_by": "failed", "reason": "worker 1 is gone"}))

    (found,) = doubts(read_record(record.path))

    assert (found.code, found.invalid) == ("failed", True)
    assert "worker 1 is gone" in found.words


def test_an_interruption_is_a_note(make_trial: Callable[..., Record]) -> None:
    """What was measured before somebody stopped the run stands, and requests not sent are not held against it."""
    record = launch(make_trial, interrupted=[0], achieved=0.5)

    assert codes(record) == set()
    assert codes(record, invalid=False) == {"interrupted"}


def test_requests_sent_after_the_plan_was_over_were_not_sent_at_its_rate(make_trial: Callable[..., Record]) -> None:
    """A rate that was only caught up with in the end was not held, though every request was answered."""
    record = rewritten(
        launch(make_trial), lambda row: row | ({"sent": 12.0, "end": 12.1} if row["scheduled"] > 6 else {})
    )

    assert "achieved" in codes(record)
    assert "waiting" in codes(record, invalid=False)


@pytest.mark.parametrize(("warmup_s", "due"), [(5.0, "due, those of the warm-up included, were"), (0.0, "due were")])
def test_the_requests_of_the_warm_up_count_as_due(make_trial: Callable[..., Record], warmup_s: float, due: str) -> None:
    """Errors are of the measured time alone, so the line on the rate says what else it holds, where there was any."""
    record = rewritten(launch(make_trial, achieved=0.9), lambda row: row, warmup_s=warmup_s)

    (found,) = (doubt for doubt in doubts(record) if doubt.code == "achieved")

    assert f"% of the requests {due} carried out in their time" in found.words


def test_a_search_for_the_breaking_point_may_fail(make_trial: Callable[..., Record]) -> None:
    """Errors and requests left behind end such a search and do not spoil it; a busy generator does."""
    faults = {"failures": (0.3, 0.3), "achieved": 0.5}
    fit, busy = (
        rewritten(launch(make_trial, cpu=cpu, **faults), lambda row: row, shape="breakpoint:2") for cpu in (0.4, 0.95)
    )

    assert codes(fit) == set()
    assert codes(busy) == {"cpu"}
    assert "may be what broke" in next(doubt.words for doubt in doubts(busy) if doubt.invalid)


def test_the_worst_second_is_noted(make_trial: Callable[..., Record]) -> None:
    """Loop held up, garbage collected and time stolen are notes from their limits on."""
    record = launch(make_trial)
    assert codes(record, invalid=False) == set()

    bad = {"loop_lag_ms": 40.0, "gc_ms": 80.0, "steal": 0.2}
    record = rewritten(record, lambda row: row | (bad if 4 < row["second"] < 5.5 else {}), "seconds")

    assert codes(record, invalid=False) == {"loop", "gc", "steal"}
    assert codes(record) == set()


def test_without_health_nothing_shows_that_the_generator_was_fit(make_trial: Callable[..., Record]) -> None:
    """A record whose per-second series is missing does not count as fine."""
    record = launch(make_trial)
    (record.path / "seconds.arrows").unlink()

    found = {doubt.code: doubt for doubt in doubts(record)}

    assert found["cpu"].measured is None
    assert "was not recorded" in found["cpu"].words


def test_a_run_without_measured_requests_is_invalid(tmp_path: Path) -> None:
    """A run that was killed at once has no figures to believe."""
    RecordWriter(tmp_path / "r", "swarm", {"plan": {"arms": [{"name": "target", "url": "http://127.0.0.1:1"}]}})

    assert codes(read_record(tmp_path / "r", allow_incomplete=True)) == {"cut_off", "nothing"}


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (
            {"rate": 0.1, "duration_s": 1.0},
            (
                "at 0.1 requests/s none was planned in the 1 s of measured time. "
                "Measure for longer (--duration), or at a higher --rate."
            ),
        ),
        (
            {"rate": None, "duration_s": 0.5},
            "no visitor asked for anything in the 0.5 s of measured time. Measure for longer (--duration).",
        ),
        (
            {"rate": 0.1, "duration_s": None},
            (
                "at 0.1 requests/s none was planned in the measured time. "
                "Measure for longer (--duration), or at a higher --rate."
            ),
        ),
    ],
)
def test_a_plan_without_a_request_is_told_from_an_early_end(tmp_path: Path, asked: dict[str, Any], says: str) -> None:
    """A run that came to its end had nothing to measure; one that was stopped did not come to it."""
    for ended_by, words in (
        ("completed", says),
        ("interrupted", "the run ended before the first request of its measured time."),
    ):
        plan = {"arms": [{"name": "target", "url": "http://127.0.0.1:1"}], **asked}
        writer = RecordWriter(tmp_path / ended_by, "swarm", {"plan": plan})
        writer.finish(ended_by, {})  # type: ignore[arg-type]

        (found,) = (doubt for doubt in doubts(read_record(tmp_path / ended_by)) if doubt.invalid)

        assert (found.code, found.words) == ("nothing", f"Nothing was measured: {words}")


def test_a_trial_is_left_to_its_comparison(make_trial: Callable[..., Record]) -> None:
    """Nothing is said of a trial as a whole."""
    assert doubts(make_trial(launches=1, cpu=0.95)) == ()


@pytest.mark.parametrize(("fault", "valid"), [({}, True), ({"cpu": 0.95}, False)])
def test_what_was_found_is_kept_beside_a_complete_record(
    make_trial: Callable[..., Record], fault: dict[str, Any], valid: bool
) -> None:
    """Once judged, a record says whether its figures are valid without its rows being read again."""
    record = launch(make_trial, **fault)
    assert judged(record) is None

    found = judge(record)

    assert found == doubts(record)
    assert judged(record) is is_valid(found) is valid
    kept = json.loads((record.path / "doubts.json").read_text())
    assert kept == {"format": record.plan["format"], "valid": valid, "doubts": to_dicts(found)}
    (record.path / "requests.arrows").unlink()
    assert judged(record) is valid


def test_nothing_is_kept_of_what_may_still_change(make_trial: Callable[..., Record]) -> None:
    """A run that is still going is judged as it stands, and a trial has its comparison: neither gets a further file."""
    trial = make_trial(launches=1, cut_off=[0])
    for record in (trial, trial.launches()[0]):
        before = sorted(record.path.iterdir())

        judge(record)

        assert (sorted(record.path.iterdir()), judged(record)) == (before, None)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"valid": "yes"}', "\x00"])
def test_a_broken_file_of_doubts_says_nothing(make_trial: Callable[..., Record], text: str) -> None:
    """What cannot be read counts as not judged, and the next judgement replaces it."""
    record = launch(make_trial)
    (record.path / "doubts.json").write_text(text)
    assert judged(record) is None

    judge(record)

    assert judged(record) is True


def test_a_record_of_format_1_can_be_judged() -> None:
    """What an older record does not hold is no reason for doubt."""
    assert not {doubt.code for doubt in doubts(read_record(GOLDEN))} - {"lag", "cpu", "achieved", "steal"}


def test_doubts_are_plain_data(make_trial: Callable[..., Record]) -> None:
    """As JSON they are what they were."""
    found = doubts(launch(make_trial, cpu=0.95, lag_ms=3.0))

    assert tuple(Doubt(**data) for data in json.loads(json.dumps(to_dicts(found)))) == found


@settings(max_examples=20, deadline=None)
@given(cpu=st.floats(0, 1), lag_ms=st.floats(0, 3), achieved=st.floats(0.9, 1))
def test_limits_are_those_of_comparisons(
    make_trial: Callable[..., Record], cpu: float, lag_ms: float, achieved: float
) -> None:
    """Whatever the generator did, a swarm is invalid exactly where a launch of a trial is left out."""
    record = launch(make_trial, cpu=cpu, lag_ms=lag_ms, achieved=achieved, launch_sd=0.0)
    samples = read_trial(record, "before", "after")

    found = codes(record)

    assert bool(found) == (not gates.inspect(samples, samples.launches[0]).used)
    assert found <= {"cpu", "lag", "achieved"}
