"""What leaves a record for other programs is what is in it: every request once, under its name."""

from __future__ import annotations

import csv
import io
import json
import math
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader

from results import series
from results.errors import ResultsError
from results.export import FORMATS, export
from results.record import Record, RecordWriter, launch_directory, read_record

GOLDEN = Path(__file__).parents[2] / "data" / "record-format-1"


def requests(record: Record, phase: str = "measured") -> list[dict[str, Any]]:
    """The rows of one phase, as plain dictionaries."""
    return [row for row in record.table("requests").to_pylist() if row["phase"] == phase]


def read_log(path: Path) -> dict[str, HdrHistogram]:
    """Tag to the histogram of all its intervals, by the library's reader."""
    reader = HistogramLogReader(str(path), HdrHistogram(1, 3_600_000_000, 3))
    found: dict[str, HdrHistogram] = {}
    while (histogram := reader.get_next_interval_histogram()) is not None:
        found.setdefault(histogram.get_tag(), HdrHistogram(1, 3_600_000_000, 3)).add(histogram)
    reader.close()
    return found


def read_csv(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file by the names of their columns."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, strict=True))


def tag(row: dict[str, Any]) -> str:
    """The tag of a request."""
    name = "/".join(row[key] for key in ("arm", "persona", "route", "cache"))
    return name if row["error"] == "none" else f"{name}/error"


def cut(record: Record) -> None:
    """Cut the last launch's requests off in the middle of a batch, as a kill does."""
    path = record.launches()[-1].path / "requests.arrows"
    path.write_bytes(path.read_bytes()[:-600])


def test_the_log_holds_every_measured_request_under_its_tag(make_trial: Callable[..., Record], tmp_path: Path) -> None:
    """Counts by tag are those of the rows, failures apart, over all launches."""
    record = make_trial(launches=2, failures=(0.02, 0.1), warmup=50, unknown=0.1)

    written = export(record, "hlog", tmp_path / "a.hlog")

    rows = requests(record)
    counts = {name: histogram.get_total_count() for name, histogram in read_log(tmp_path / "a.hlog").items()}
    assert counts == Counter(tag(row) for row in rows)
    assert written == len(rows)


def test_the_logs_percentiles_are_those_of_the_rows(make_trial: Callable[..., Record], tmp_path: Path) -> None:
    """Merged over its intervals, a tag has the response times of its rows, to a thousandth and half a microsecond."""
    record = make_trial(launches=2)
    rows = requests(record)

    export(record, "hlog", tmp_path / "a.hlog", interval_s=2.0)

    log = read_log(tmp_path / "a.hlog")
    for name, histogram in log.items():
        exact = sorted((row["end"] - row["scheduled"]) * 1e6 for row in rows if tag(row) == name)
        for percent in (50, 90, 95, 99, 100):
            rank = histogram.get_target_count_at_percentile(percent) - 1
            assert histogram.get_value_at_percentile(percent) == pytest.approx(exact[rank], rel=0.001, abs=0.5)
    assert len(log) >= 4


def test_the_log_of_a_closed_workload_holds_service_times(tmp_path: Path, make_trial: Callable[..., Record]) -> None:
    """Where nothing is scheduled the time counts from the sending, and the log says so."""
    record = make_trial(launches=1, lag_ms=2.0, pages=[{"persona": "reader", "route": "home", "requests": 50}])
    plan = record.launches()[0].path / "plan.json"
    text = json.loads(plan.read_text())
    text["plan"]["rate"] = None
    plan.write_text(json.dumps(text))

    export(record, "hlog", tmp_path / "a.hlog")

    longest = max((row["end"] - row["sent"]) * 1e6 for row in requests(record))
    found = max(histogram.get_max_value() for histogram in read_log(tmp_path / "a.hlog").values())
    assert found == pytest.approx(longest, rel=0.001, abs=0.5)
    assert "service time" in (tmp_path / "a.hlog").read_text().splitlines()[0]


def test_an_interval_holds_what_ended_in_it(make_trial: Callable[..., Record], tmp_path: Path) -> None:
    """Each line starts at a multiple of the interval, in order of time, and counts the requests that ended there."""
    record = make_trial(launches=1)

    export(record, "hlog", tmp_path / "a.hlog", arm="after", interval_s=0.5)

    expected = Counter(math.floor(row["end"] / 0.5) * 0.5 for row in requests(record) if row["arm"] == "after")
    found: Counter[float] = Counter()
    starts = []
    for line in (tmp_path / "a.hlog").read_text().splitlines():
        if line.startswith("Tag="):
            name, start, length, _, payload = line.split(",")
            assert name.startswith("Tag=after/")
            assert float(length) == 0.5
            starts.append(float(start))
            found[float(start)] += HdrHistogram.decode(payload).get_total_count()
    assert found == expected
    assert starts == sorted(starts)


def test_parquet_holds_every_column_of_every_row(make_trial: Callable[..., Record], tmp_path: Path) -> None:
    """The file is the record's rows, warm-up and all launches included, with words still as dictionaries."""
    record = make_trial(launches=2, failures=(0.0, 0.1), warmup=30)

    written = export(record, "parquet", tmp_path / "a.parquet")

    table, rows = pq.read_table(tmp_path / "a.parquet"), record.table("requests")
    assert written == table.num_rows == rows.num_rows
    for name in rows.column_names:
        assert table.column(name).to_pylist() == pytest.approx(rows.column(name).to_pylist(), nan_ok=True), name
        assert table.schema.field(name).type == rows.schema.field(name).type, name
    assert pq.ParquetFile(tmp_path / "a.parquet").metadata.row_group(0).column(0).compression == "ZSTD"


def test_parquet_says_where_and_how_long(make_trial: Callable[..., Record], tmp_path: Path) -> None:
    """Path, response time and service time are what the URL table and the moments of the row give."""
    record = make_trial(launches=1)

    export(record, "parquet", tmp_path / "a.parquet")

    paths = {row["url"]: row["path"] for row in record.launches()[0].table("urls").to_pylist()}
    for row in pq.read_table(tmp_path / "a.parquet").to_pylist():
        assert row["path"] == paths[row["url"]]
        assert row["response_ms"] == pytest.approx((row["end"] - row["scheduled"]) * 1000)
        assert row["service_ms"] == pytest.approx((row["end"] - row["sent"]) * 1000)


def test_parquet_carries_the_plan(make_trial: Callable[..., Record], tmp_path: Path) -> None:
    """Plans and endings of the trial and of its launches are in the file's metadata."""
    record = make_trial(launches=2, cut_off=[1])

    export(record, "parquet", tmp_path / "a.parquet")

    about = {key.decode(): value for key, value in pq.read_schema(tmp_path / "a.parquet").metadata.items()}
    assert json.loads(about["anp.record"]) == record.name
    assert json.loads(about["anp.plan"]) == record.plan
    assert json.loads(about["anp.run"]) == record.run
    launches = json.loads(about["anp.launches"])
    assert [launch["plan"]["kind"] for launch in launches] == ["swarm", "swarm"]
    assert [launch["run"] is None for launch in launches] == [False, True]


def test_an_address_that_was_cut_off_is_none(make_trial: Callable[..., Record], tmp_path: Path) -> None:
    """Rows whose URL is not in the table that was kept have no path, and the others have theirs."""
    record = make_trial(launches=1, other_url=300)
    numbers = {row["url"] for row in record.launches()[0].table("urls").to_pylist()}

    export(record, "parquet", tmp_path / "a.parquet")

    rows = pq.read_table(tmp_path / "a.parquet", columns=["url", "path"]).to_pylist()
    assert any(row["url"] not in numbers for row in rows)
    assert all((row["path"] is None) == (row["url"] not in numbers) for row in rows)


def test_the_series_counts_and_times_every_request(make_trial: Callable[..., Record], tmp_path: Path) -> None:
    """Each second of an arm and class has the counts and times of a plain filter over the rows."""
    record = make_trial(launches=2, failures=(0.05, 0.1), unknown=0.2, warmup=20)

    written = export(record, "csv", tmp_path / "a.csv")

    rows, lines = requests(record), read_csv(tmp_path / "a.csv")
    for line in lines:
        key = (int(line["launch"]), line["arm"])
        second = int(line["second"])
        mine = [row for row in rows if (row["launch"], row["arm"]) == key]
        replies = [row for row in mine if math.floor(row["end"]) == second and row["error"] == "none"]
        hits = [row for row in replies if row["cache"] in {"HIT", "STALE"}]
        assert line["hit_ratio"] == ("" if not replies else f"{len(hits) / len(replies):.4f}")
        if line["cache"] != "all":
            mine = [row for row in mine if row["cache"] == line["cache"]]
        done = [row for row in mine if math.floor(row["end"]) == second]
        failed = [row for row in done if row["error"] != "none"]
        times = [(row["end"] - row["scheduled"]) * 1000 for row in done if row["error"] == "none"]
        assert int(line["offered"]) == sum(math.floor(row["scheduled"]) == second for row in mine)
        assert (int(line["completed"]), int(line["errors"])) == (len(done), len(failed))
        said = [line[name] for name in ("p50_ms", "p95_ms", "p99_ms", "max_ms")]
        if times:
            expected = np.quantile(times, (0.5, 0.95, 0.99, 1.0))
            assert [float(value) for value in said] == pytest.approx(expected.tolist(), abs=0.0001)
        else:
            assert said == ["", "", "", ""]
    assert written == len(rows) == sum(int(line["completed"]) for line in lines if line["cache"] == "all")
    assert len(rows) == sum(int(line["offered"]) for line in lines if line["cache"] != "all")


def test_a_second_without_a_reply_is_in_the_series(make_trial: Callable[..., Record], tmp_path: Path) -> None:
    """A site that stalls leaves rows of nothing, not a gap: every second of each arm has a row."""
    record = make_trial(launches=1, pages=[{"persona": "reader", "route": "home", "requests": 4}], seed=3)

    export(record, "csv", tmp_path / "a.csv")

    lines = [line for line in read_csv(tmp_path / "a.csv") if line["cache"] == "all"]
    seconds = [int(line["second"]) for line in lines if line["arm"] == "before"]
    assert seconds == list(range(seconds[0], seconds[-1] + 1))
    assert [int(line["second"]) for line in lines if line["arm"] == "after"] == seconds
    assert any((line["offered"], line["completed"], line["p50_ms"]) == ("0", "0", "") for line in lines)


def test_the_series_is_plain_csv(make_trial: Callable[..., Record], tmp_path: Path) -> None:
    """A header, one line end for all lines, moments in UTC, and names with commas and quotes in quotes."""
    record = make_trial(launches=1, arm_names=('a "quoted"', "b, c"), plan={"design": {}})

    export(record, "csv", tmp_path / "a.csv")

    raw = (tmp_path / "a.csv").read_bytes()
    assert raw.count(b"\n") == raw.count(b"\r\n") == len(raw.splitlines())
    assert raw.split(b"\r\n")[0].decode() == ",".join(series.COLUMNS)
    lines = read_csv(tmp_path / "a.csv")
    assert {line["arm"] for line in lines} == {'a "quoted"', "b, c"}
    started = datetime.fromisoformat(record.launches()[0].plan["started"])
    for line in lines:
        assert line["time"].endswith("Z")
        assert datetime.fromisoformat(line["time"]) == started + timedelta(seconds=int(line["second"]))


def test_the_series_says_how_the_generator_fared(make_trial: Callable[..., Record], tmp_path: Path) -> None:
    """Load and lateness of a second stand beside every arm and class of it; what was not recorded is empty."""
    export(make_trial(launches=1, cpu=0.37, lag_ms=0.21), "csv", tmp_path / "a.csv")
    export(read_record(GOLDEN), "csv", tmp_path / "old.csv")

    lines = [line for line in read_csv(tmp_path / "a.csv") if int(line["second"]) < 9]
    assert {(line["generator_cpu"], line["lag_p99_ms"]) for line in lines} == {("0.3700", "0.2100")}
    old = read_csv(tmp_path / "old.csv")
    assert {(line["loop_lag_ms"], line["start_lag_p99_ms"]) for line in old} == {("", "")}
    assert all(float(line["generator_cpu"]) > 0 for line in old)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("arm", [None, "before"])
def test_a_record_of_a_killed_run_is_exported_as_far_as_it_goes(
    format: str, arm: str | None, make_trial: Callable[..., Record], tmp_path: Path
) -> None:
    """A launch without its last file, and a stream cut off in a batch, give what they kept."""
    record = make_trial(launches=2, cut_off=[1])
    cut(record)

    written = export(record, format, tmp_path / "out", arm=arm)

    kept = [row for row in requests(record) if arm in {None, row["arm"]}]
    whole = sum(row["launch"] == 0 for row in kept)
    assert written == len(kept)
    assert whole < written < 2 * whole


@pytest.mark.parametrize("format", FORMATS)
def test_a_record_of_format_1_is_exported(format: str, tmp_path: Path) -> None:
    """The record of format 1 that was kept goes into every format in full."""
    assert export(read_record(GOLDEN), format, tmp_path / "out") == 48


@pytest.mark.parametrize(("phase", "requests"), [("measured", 700), ("warmup", 60), ("all", 760)])
@pytest.mark.parametrize("format", FORMATS)
def test_a_phase_is_what_was_asked_for(
    format: str, phase: str, requests: int, make_trial: Callable[..., Record], tmp_path: Path
) -> None:
    """Every format holds the phase that was asked for and no other."""
    assert export(make_trial(launches=1, warmup=60), format, tmp_path / "out", arm="after", phase=phase) == requests


@pytest.mark.parametrize("format", ["hlog", "csv"])
def test_text_goes_to_a_stream(format: str, make_trial: Callable[..., Record], tmp_path: Path) -> None:
    """A stream gets the bytes that a file gets, and stays open."""
    record = make_trial(launches=2)
    stream = io.BytesIO()

    export(record, format, stream)
    export(record, format, tmp_path / "out")

    assert stream.getvalue() == (tmp_path / "out").read_bytes()


def test_progress_ends_at_the_number_of_launches(make_trial: Callable[..., Record], tmp_path: Path) -> None:
    """Progress only grows, and ends with every launch written."""
    record = make_trial(launches=3)
    for name in FORMATS:
        said: list[float] = []

        export(record, name, tmp_path / name, progress=said.append)

        assert said == sorted(said)
        assert said[-1] == 3


@pytest.mark.parametrize("format", FORMATS)
def test_an_interrupted_export_leaves_nothing(format: str, make_trial: Callable[..., Record], tmp_path: Path) -> None:
    """Stopped in the middle, an export leaves neither a file nor half of one, nor touches the one it was to replace."""
    (tmp_path / "old").write_text("as it was")

    def stop(done: float) -> None:
        raise KeyboardInterrupt

    for name in ("new", "old"):
        with pytest.raises(KeyboardInterrupt):
            export(make_trial(launches=2), format, tmp_path / name, overwrite=True, progress=stop)

    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("old", "as it was")]


REFUSED = [
    ({"format": "hlgo"}, "did you mean 'hlog'"),
    ({"format": "hdr"}, "'hdr'"),
    ({"phase": "mesured"}, "did you mean 'measured'"),
    ({"arm": "later"}, "its arms are before, after"),
    ({"interval_s": 0.0}, "the interval is 0 s"),
    ({"interval_s": math.nan}, "the interval is nan s"),
    ({"format": "csv", "interval_s": 2.0}, "intervals are for hlog alone"),
    ({"phase": "warmup"}, "holds no request of phase warmup"),
    ({"name": "there"}, "--force"),
    ({"name": "."}, "is a folder"),
    ({"name": "nowhere/a.hlog"}, "there is no folder"),
    ({"name": "there/a.hlog"}, "there is no folder"),
    ({"format": "parquet", "stream": True}, "standard output"),
]


@pytest.mark.parametrize(("words", "says"), REFUSED)
def test_what_cannot_be_exported_is_one_line(
    words: dict[str, Any], says: str, make_trial: Callable[..., Record], tmp_path: Path
) -> None:
    """Each refusal is a line with the value and the remedy, and nothing is written."""
    (tmp_path / "there").write_text("as it was")
    words = {"format": "hlog", "name": "out"} | words
    name, stream = words.pop("name"), words.pop("stream", False)

    with pytest.raises(ResultsError) as caught:
        export(make_trial(launches=1), words.pop("format"), io.BytesIO() if stream else tmp_path / name, **words)

    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("there", "as it was")]


def test_an_empty_record_is_refused(tmp_path: Path) -> None:
    """A run killed before its first row, and a trial before its first launch, have nothing to export."""
    RecordWriter(tmp_path / "swarm", "swarm", {})
    RecordWriter(tmp_path / "trial", "trial", {})
    RecordWriter(launch_directory(tmp_path / "trial", 0), "swarm", {})

    for kind in ("swarm", "trial"):
        for name in FORMATS:
            with pytest.raises(ResultsError, match="holds no request"):
                export(read_record(tmp_path / kind, allow_incomplete=True), name, tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["swarm", "trial"]


def test_a_link_is_written_through(make_trial: Callable[..., Record], tmp_path: Path) -> None:
    """It stays one; what it leads to holds the rows."""
    (tmp_path / "latest.parquet").symlink_to(tmp_path / "kept.parquet")

    rows = export(make_trial(launches=1), "parquet", tmp_path / "latest.parquet")

    assert (tmp_path / "latest.parquet").is_symlink()
    assert pq.read_table(tmp_path / "kept.parquet").num_rows == rows
