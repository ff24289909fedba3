import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from numpy.testing import assert_array_equal

from results.caching import transitions
from results.columns import REQUESTS, URLS
from results.errors import ComparisonError
from results.record import Record, RecordWriter, read_record
from results.samples import AFTER, BEFORE, Cell, health, read_archived, read_trial

GOLDEN = Path(__file__).parents[2] / "data" / "record-format-1"


def test_cells_hold_what_the_file_says(make_trial: Callable[..., Record]) -> None:
    """Counts and latencies of a cell are those of a plain filter over the file."""
    record = make_trial(launches=2)
    samples = read_trial(record, "before", "after")
    launch = samples.launches[1]
    frame = record.launches()[1].table("requests").to_pylist()
    expected = sorted(
        (row["end"] - row["scheduled"]) * 1000
        for row in frame
        if (row["arm"], row["persona"], row["route"], row["cache"]) == ("after", "reader", "home", "HIT")
    )

    rows = samples.rows(launch, AFTER, Cell("reader", "home", "HIT"))
    assert np.sort(launch.response_ms[rows]) == pytest.approx(expected)
    assert samples.count(launch, AFTER, Cell("reader", "home", "HIT")) == len(expected) > 0


def test_classes_add_up_to_the_page(make_trial: Callable[..., Record]) -> None:
    """The cell of all classes holds exactly the rows of its single classes."""
    samples = read_trial(make_trial(launches=1, unknown=0.3), "before", "after")
    launch = samples.launches[0]

    whole = samples.count(launch, AFTER, Cell("reader", "article"))
    parts = [samples.count(launch, AFTER, Cell("reader", "article", cache)) for cache in ("HIT", "UNKNOWN", "BYPASS")]
    assert whole == sum(parts) == 400


def test_warm_up_is_left_out(make_trial: Callable[..., Record]) -> None:
    """Rows of the warm-up are counted as rows of the record and used for nothing else."""
    launch = read_trial(make_trial(launches=1, warmup=60), "before", "after").launches[0]

    assert launch.rows == 2 * 760
    assert launch.arm_rows(BEFORE).size == launch.arm_rows(AFTER).size == 700
    assert launch.measured_from >= 1.0


def test_failures_are_infinitely_slow(make_trial: Callable[..., Record]) -> None:
    """A failed request has no finite latency, however fast it failed."""
    launch = read_trial(make_trial(launches=1, failures=(0.0, 0.2)), "before", "after").launches[0]

    assert launch.failed.any()
    assert np.isinf(launch.response_ms[launch.failed]).all()
    assert np.isfinite(launch.response_ms[~launch.failed]).all()


def test_each_arm_has_its_own_rows(make_trial: Callable[..., Record]) -> None:
    """Every measured row belongs to exactly one arm."""
    launch = read_trial(make_trial(launches=1), "before", "after").launches[0]
    rows = np.concatenate([launch.arm_rows(BEFORE), launch.arm_rows(AFTER)])

    assert sorted(rows) == list(range(launch.arm.size))
    assert (launch.arm[launch.arm_rows(AFTER)] == AFTER).all()


def test_lost_rows_leave_a_gap_in_the_sequence(make_trial: Callable[..., Record]) -> None:
    """A row missing in the middle of a worker's sequence is noticed."""
    record = make_trial(launches=1)
    launch = record.launches()[0]
    table = launch.table("requests")
    path = launch.path / "requests.arrows"
    path.unlink()
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(pa.concat_tables([table.slice(0, 100), table.slice(107)]))

    assert read_trial(record, "before", "after").launches[0].sequence_gaps == 7


def test_archived_sessions_give_an_arm_each(make_trial: Callable[..., Record]) -> None:
    """Of two sessions one fills the before arm and the other the after arm."""
    one, other = make_trial(launches=2), make_trial(launches=3, seed=9)
    samples = read_archived(one, "before", other, "after")

    assert [launch.arm_rows(BEFORE).size for launch in samples.launches] == [700, 700, 0]
    assert [launch.arm_rows(AFTER).size for launch in samples.launches] == [700, 700, 700]


def test_a_trial_without_launches_is_an_error(tmp_path: Path) -> None:
    """A trial that never launched anything cannot be compared."""
    RecordWriter(tmp_path / "r", "trial", {}).finish("completed", {})

    with pytest.raises(ComparisonError, match="no launch"):
        read_trial(read_record(tmp_path / "r"), "before", "after")


def test_health_adds_up_over_workers(make_trial: Callable[..., Record]) -> None:
    """The per-second series counts every request due and keeps the busiest load."""
    launch = read_trial(make_trial(launches=1, cpu=0.6), "before", "after").launches[0]

    assert launch.health.offered.sum() == launch.rows
    assert launch.health.cpu[:-1] == pytest.approx(0.6)


def test_a_moment_is_not_a_second(make_trial: Callable[..., Record]) -> None:
    """Full load in the last hundredth of a second hardly raises the load of its second."""
    launch = read_trial(make_trial(launches=1, cpu=0.6), "before", "after").launches[0]

    assert launch.health.cpu[-1] == pytest.approx((0.6 + 0.01) / 1.01)


def rewrite(launch: Record, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> None:
    """Replace the rows of a launch."""
    table = launch.table("requests")
    rows = pa.Table.from_pylist(change(table.to_pylist()), schema=REQUESTS)
    path = launch.path / "requests.arrows"
    path.unlink()
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, REQUESTS) as writer:
        writer.write_table(rows)


def redirected(rows: list[dict[str, Any]], requests: int, arms: tuple[str, ...]) -> list[dict[str, Any]]:
    """The same rows, the first requests of these arms led to their page by a redirect."""
    out: list[dict[str, Any]] = []
    for row in rows:
        if row["request"] < requests and row["arm"] in arms:
            out += [row | {"route": "redirect", "status": 301}, row | {"hop": 1}]
        else:
            out.append(row)
    return [row | {"seq": seq} for seq, row in enumerate(out)]


def test_redirects_are_paired_hop_by_hop(make_trial: Callable[..., Record]) -> None:
    """A request that both arms redirect is the same in both, its page too, and is one request of the plan."""
    record = make_trial(launches=1)
    rewrite(record.launches()[0], lambda rows: redirected(rows, 40, ("before", "after")))

    samples = read_trial(record, "before", "after")
    launch = samples.launches[0]

    assert (launch.unlike, launch.alone, launch.sequence_gaps) == (0, 0, 0)
    assert (launch.rows, launch.ended) == (2 * 740, 2 * 700)
    assert sum(samples.count(launch, AFTER, Cell(*page)) for page in samples.pages() if page[1] == "redirect") == 40
    pairs = transitions(samples, samples.launches)
    assert sum(each.requests for each in pairs) == 740
    assert {(each.before, each.after) for each in pairs} == {("BYPASS", "HIT"), ("BYPASS", "BYPASS")}


def test_a_redirect_of_one_arm_leaves_no_planned_request_alone(make_trial: Callable[..., Record]) -> None:
    """Where one arm alone redirects, both were still asked the same: what came after is the site's doing."""
    record = make_trial(launches=1)
    rewrite(record.launches()[0], lambda rows: redirected(rows, 40, ("after",)))

    launch = read_trial(record, "before", "after").launches[0]

    assert (launch.unlike, launch.alone) == (0, 0)
    assert launch.rows == 2 * 700 + 40


def test_a_request_abandoned_after_a_redirect_did_not_end(make_trial: Callable[..., Record]) -> None:
    """Of a redirected request it is the last row that says whether it came to an end."""
    record = make_trial(launches=1)
    rewrite(
        record.launches()[0],
        lambda rows: [
            row | {"error": "abandoned", "status": 0} if row["hop"] else row
            for row in redirected(rows, 5, ("before", "after"))
        ],
    )

    assert read_trial(record, "before", "after").launches[0].ended == 2 * 695


def test_a_304_is_a_good_response(make_trial: Callable[..., Record]) -> None:
    """A reply that says that nothing changed has a latency like any other."""
    record = make_trial(launches=1)
    rewrite(
        record.launches()[0],
        lambda rows: [row | {"status": 304, "bytes": 0, "conditional": True, "check": "unchecked"} for row in rows],
    )

    launch = read_trial(record, "before", "after").launches[0]

    assert not launch.failed.any()
    assert np.isfinite(launch.response_ms).all()
    assert launch.failed_checks() == {}


def test_health_of_format_1_is_unknown_where_it_was_not_kept() -> None:
    """A record of format 1 has the load and lateness that it kept, and NaN for what came later."""
    state = health([read_record(GOLDEN)])

    assert np.isfinite(state.cpu).all()
    assert np.isfinite(state.lag_p99_ms).all()
    assert np.isnan(state.loop_lag_ms).all()
    assert np.isnan(state.start_lag_p99_ms).all()


@pytest.mark.parametrize("method", ["rounds", "reversal"])
def test_rounds_of_a_launch_are_one_launch(make_trial: Callable[..., Record], method: str) -> None:
    """Arms that were loaded in turn are matched request by request, as if they had been loaded side by side."""
    beside = read_trial(make_trial(launches=4), "before", "after")
    in_turn = read_trial(make_trial(launches=4, method=method), "before", "after")

    assert [launch.number for launch in in_turn.launches] == [1, 2, 3, 4]
    for one, other in zip(beside.launches, in_turn.launches, strict=True):
        assert (other.unlike, other.alone) == (0, 0)
        for arm in (0, 1):
            assert_array_equal(
                np.sort(one.response_ms[one.arm_rows(arm)]), np.sort(other.response_ms[other.arm_rows(arm)])
            )


def test_who_came_first_is_known(make_trial: Callable[..., Record]) -> None:
    """A reversal goes A-B-B-A; a duet has no first arm."""
    reversal = read_trial(make_trial(launches=4, method="reversal"), "before", "after")
    duet = read_trial(make_trial(launches=4), "before", "after")

    assert [launch.first for launch in reversal.launches] == [BEFORE, AFTER, BEFORE, AFTER]
    assert [launch.first for launch in duet.launches] == [None] * 4


def test_a_round_that_is_missing_leaves_its_launch_with_one_arm(make_trial: Callable[..., Record]) -> None:
    """A launch of which one round was never made is not mixed up with its neighbours."""
    record = make_trial(launches=4, method="reversal")
    shutil.rmtree(record.path / "launches" / "02.2-before")
    launches = read_trial(record, "before", "after").launches

    assert [launch.number for launch in launches] == [1, 2, 3, 4]
    assert [bool(launch.arm_rows(BEFORE).size) for launch in launches] == [True, False, True, True]


def test_an_address_has_one_number_in_every_round(make_trial: Callable[..., Record]) -> None:
    """Where the rounds number their addresses otherwise, the paths say which are the same."""
    record = make_trial(launches=1, method="reversal")
    (folder,) = (record.path / "launches").glob("*-after")
    _renumber(folder)
    launch = read_trial(record, "before", "after").launches[0]

    assert launch.unlike == 0
    assert set(launch.url[launch.arm_rows(BEFORE)]) == set(launch.url[launch.arm_rows(AFTER)])


def _renumber(folder: Path) -> None:
    """Number the addresses of a swarm record from 100 on, backwards."""
    for name, schema in (("requests", REQUESTS), ("urls", URLS)):
        path = folder / f"{name}.arrows"
        with pa.OSFile(str(path), "rb") as source:
            table = pa.ipc.open_stream(source).read_all()
        url = pc.subtract(pa.scalar(100, pa.int32()), table.column("url").cast(pa.int32()))
        table = table.set_column(table.schema.get_field_index("url"), "url", url.cast(pa.int32()))
        with pa.OSFile(str(path), "wb") as target, pa.ipc.new_stream(target, schema) as writer:
            writer.write_table(table.cast(schema))
