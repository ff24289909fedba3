import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from results.columns import SECONDS
from results.errors import NotARecord, RecordIncomplete, RecordTooNew, ResultsError
from results.record import (
    FORMAT,
    Record,
    RecordWriter,
    find_record,
    launch_directory,
    list_records,
    new_directory,
    read_record,
    runs_root,
    write_json,
)

GOLDEN = Path(__file__).parents[2] / "data" / "record-format-1"


def seconds(first: int, rows: int) -> pa.RecordBatch:
    """A batch of that many rows."""
    values = [dict.fromkeys(SECONDS.names, first + row) for row in range(rows)]
    return pa.RecordBatch.from_pylist(values, schema=SECONDS)


def test_a_record_has_a_plan_before_anything_else(tmp_path: Path) -> None:
    """A run killed at once leaves a record that names its plan and counts as incomplete."""
    RecordWriter(tmp_path / "r", "swarm", {"scenario": "x"})

    record = read_record(tmp_path / "r", allow_incomplete=True)
    assert record.plan["scenario"] == "x"
    assert not record.is_complete


def test_a_finished_record_is_complete(tmp_path: Path) -> None:
    """After ``finish`` a record is complete and says how many rows it holds."""
    writer = RecordWriter(tmp_path / "r", "swarm", {})
    writer.stream("seconds").write(seconds(0, 3))
    writer.finish("completed", {"note": 1})

    run = read_record(tmp_path / "r").run
    assert run is not None
    assert (run["rows"], run["ended_by"], run["note"]) == ({"seconds": 3}, "completed", 1)


def test_an_incomplete_record_is_refused_unless_asked_for(tmp_path: Path) -> None:
    """A record without its last file is not read as a whole one."""
    RecordWriter(tmp_path / "r", "swarm", {})

    with pytest.raises(RecordIncomplete, match="incomplete"):
        read_record(tmp_path / "r")


def test_rows_are_on_disk_as_they_are_written(tmp_path: Path) -> None:
    """What was written can be read while the stream is still open, as after a kill."""
    writer = RecordWriter(tmp_path / "r", "swarm", {})
    writer.stream("seconds").write(seconds(0, 2))
    writer.stream("seconds").write(seconds(2, 2))

    rows = read_record(tmp_path / "r", allow_incomplete=True).table("seconds").num_rows
    writer.stream("seconds").close()

    assert rows == 4


def test_a_stream_cut_off_anywhere_keeps_its_whole_batches(tmp_path: Path) -> None:
    """However many bytes a kill left of a stream, the batches before the cut are read and nothing else."""
    writer = RecordWriter(tmp_path / "r", "swarm", {})
    path = tmp_path / "r" / "seconds.arrows"
    sizes = []
    for batch in range(3):
        writer.stream("seconds").write(seconds(10 * batch, 5))
        sizes.append(path.stat().st_size)
    whole = path.read_bytes()
    writer.stream("seconds").close()

    for cut in [*range(0, len(whole), 97), *sizes, *(size - 1 for size in sizes)]:
        path.write_bytes(whole[:cut])
        rows = read_record(tmp_path / "r", allow_incomplete=True).table("seconds").num_rows
        assert rows == 5 * sum(cut >= size for size in sizes)


def test_a_missing_stream_is_an_empty_table(tmp_path: Path) -> None:
    """A record without a stream has the right columns and no rows."""
    RecordWriter(tmp_path / "r", "swarm", {})

    table = read_record(tmp_path / "r", allow_incomplete=True).table("seconds")
    assert (table.num_rows, table.schema) == (0, SECONDS)


def test_a_record_is_never_written_over(tmp_path: Path) -> None:
    """A folder that holds a record refuses a second one."""
    RecordWriter(tmp_path / "r", "swarm", {})

    with pytest.raises(ResultsError, match="--out"):
        RecordWriter(tmp_path / "r", "swarm", {})


def test_runs_of_one_second_get_their_own_folders(tmp_path: Path) -> None:
    """Runs of the same name that start together never share a folder."""
    with ThreadPoolExecutor(8) as pool:
        paths = list(pool.map(lambda _: new_directory(tmp_path, "demo"), range(24)))

    assert len(set(paths)) == 24


def test_a_new_root_keeps_itself_out_of_version_control(tmp_path: Path) -> None:
    """A runs folder made by the program ignores its content; one that was there is left alone."""
    (tmp_path / "mine").mkdir()
    new_directory(tmp_path / "new", "a")
    new_directory(tmp_path / "mine", "a")

    assert (tmp_path / "new" / ".gitignore").read_text().endswith("*\n")
    assert not (tmp_path / "mine" / ".gitignore").exists()


def test_a_name_cannot_leave_the_root(tmp_path: Path) -> None:
    """Whatever a run is called, its folder lies directly in the root."""
    assert new_directory(tmp_path, "../../etc/x y").parent == tmp_path


def test_a_root_that_is_a_file_is_one_clear_error(tmp_path: Path) -> None:
    """A root that cannot hold folders is refused with the way out."""
    (tmp_path / "file").write_text("")

    with pytest.raises(ResultsError, match="--out"):
        new_directory(tmp_path / "file", "a")


def test_json_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    """A value that JSON cannot hold leaves the old file and no other."""
    write_json(tmp_path / "a.json", {"x": 1})

    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(tmp_path / "a.json", {"x": float("nan")})
    assert json.loads((tmp_path / "a.json").read_text()) == {"x": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


@pytest.mark.parametrize(
    "plan",
    [None, "", "[]", "{}", '{"format": "1", "kind": "swarm"}', '{"format": 1, "kind": "photo"}', "{", '{"format": 1}'],
)
def test_what_is_not_a_record_is_named_so(tmp_path: Path, plan: str | None) -> None:
    """A folder with anything but a plan of ours is not a record."""
    if plan is not None:
        (tmp_path / "plan.json").write_text(plan)

    with pytest.raises(NotARecord, match="not a run record"):
        read_record(tmp_path)


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    """A record of a format to come asks for an upgrade instead of being misread."""
    (tmp_path / "plan.json").write_text(json.dumps({"format": FORMAT + 1, "kind": "swarm"}))

    with pytest.raises(RecordTooNew, match="Upgrade"):
        read_record(tmp_path)


def test_a_trial_holds_its_launches_in_order(make_trial: Callable[..., Record]) -> None:
    """The launches of a trial come in the order they ran, and its tables hold the rows of all."""
    record = make_trial(launches=11, pages=[{"persona": "reader", "route": "home", "requests": 5}])

    assert [launch.name for launch in record.launches()] == [f"{number:02d}" for number in range(1, 12)]
    assert record.table("requests").num_rows == 11 * 2 * 5
    assert launch_directory(record.path, 0) == record.launches()[0].path


def test_records_are_found_by_path_name_and_latest(tmp_path: Path) -> None:
    """A record is found by its path, by its name in the root, and as the latest."""
    for name in ("20260101T000000Z-a", "20260102T000000Z-b"):
        RecordWriter(tmp_path / name, "swarm", {})
    (tmp_path / "stranger").mkdir()

    records, _ = list_records(tmp_path)

    assert [record.name for record in records] == ["20260101T000000Z-a", "20260102T000000Z-b"]
    assert find_record("latest", tmp_path).name == "20260102T000000Z-b"
    assert find_record("20260101T000000Z-a", tmp_path).name == "20260101T000000Z-a"
    assert find_record(str(tmp_path / "20260101T000000Z-a"), tmp_path / "else").name == "20260101T000000Z-a"


def test_records_that_cannot_be_read_are_listed_with_the_reason(tmp_path: Path) -> None:
    """A listing leaves out a broken record and one of a newer format, and says why."""
    RecordWriter(tmp_path / "good", "swarm", {})
    for name, text in (("broken", "{"), ("newer", '{"format": 999, "kind": "swarm"}')):
        (tmp_path / name).mkdir()
        (tmp_path / name / "plan.json").write_text(text)

    records, unreadable = list_records(tmp_path)

    assert [record.name for record in records] == ["good"]
    assert [type(error).__name__ for error in unreadable] == ["NotARecord", "RecordTooNew"]


@pytest.mark.parametrize("name", ["latest", "../escape", "nothing-here", ""])
def test_an_unknown_name_is_one_clear_error(tmp_path: Path, name: str) -> None:
    """A name that means no record says so."""
    with pytest.raises(ResultsError):
        find_record(name, tmp_path)


def test_the_root_follows_option_then_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Records go where the option says, else the environment, else ``results/runs``."""
    monkeypatch.delenv("ANP_RUNS_DIR", raising=False)
    default = runs_root()
    monkeypatch.setenv("ANP_RUNS_DIR", str(tmp_path))

    assert (default, runs_root(), runs_root(Path("x"))) == (Path("results/runs"), tmp_path, Path("x"))


def test_format_1_stays_readable() -> None:
    """The record of format 1 that was kept is read in full by this version."""
    record = read_record(GOLDEN)
    run: Any = record.run

    assert record.plan["format"] == 1
    assert record.table("requests").num_rows == run["rows"]["requests"] == 48
    assert set(record.table("requests").column("cache").to_pylist()) == {"BYPASS", "HIT"}
    assert record.table("urls").column("path").to_pylist() == ["/article/", "/home/"]
