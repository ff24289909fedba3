"""Every known file is read by what is in it, whatever it is called."""

from __future__ import annotations

import gzip
import re
import shutil
from pathlib import Path

import pytest

from results.foreign import sniff
from results.foreign.errors import BadFigure, CutOff, EmptyFile, ForeignError, UnknownFormat
from results.foreign.model import Series, Session
from results.foreign.source import Source

KNOWN = {
    "artillery.json": ("Artillery", "JSON"),
    "autocannon.json": ("autocannon", "JSON"),
    "autocannon_errors.json": ("autocannon", "JSON"),
    "distribution.csv": ("HdrHistogram", "percentile distribution"),
    "distribution.hgrm": ("HdrHistogram", "percentile distribution"),
    "fortio.json": ("Fortio", "JSON"),
    "goose_report.json": ("Goose", "report"),
    "goose_requests.log": ("Goose", "request log"),
    "hey.csv": ("hey", "CSV"),
    "hey.txt": ("hey", "summary"),
    "hey_errors.csv": ("hey", "CSV"),
    "hey_refused.txt": ("hey", "summary"),
    "interval_log.hlog": ("HdrHistogram", "interval log"),
    "jmeter.jtl": ("JMeter", "JTL"),
    "jmeter_semicolon_no_header.jtl": ("JMeter", "JTL"),
    "k6.csv": ("k6", "CSV"),
    "k6.ndjson": ("k6", "NDJSON"),
    "k6_handle_summary.json": ("k6", "summary"),
    "k6_machine_readable.json": ("k6", "summary"),
    "k6_summary_export.json": ("k6", "summary"),
    "locust.json": ("locust", "JSON"),
    "locust_full_history.csv": ("locust", "history CSV"),
    "locust_requests.csv": ("locust", "request log"),
    "locust_stats.csv": ("locust", "statistics CSV"),
    "locust_stats_history.csv": ("locust", "history CSV"),
    "nighthawk.json": ("Nighthawk", "JSON"),
    "oha.csv": ("oha", "CSV"),
    "oha.json": ("oha", "JSON"),
    "siege.json": ("Siege", "JSON"),
    "vegeta.csv": ("vegeta", "CSV"),
    "vegeta.ndjson": ("vegeta", "NDJSON"),
    "vegeta_report.json": ("vegeta", "report"),
    "wrk.txt": ("wrk", "printed output"),
    "wrk2.txt": ("wrk2", "printed output"),
    "wrk_errors.txt": ("wrk", "printed output"),
    "wrk_no_latency.txt": ("wrk", "printed output"),
}
COMPANIONS = {"locust_failures.csv", "locust_exceptions.csv"}


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_a_file_is_read_by_its_content(fixtures: Path, name: str) -> None:
    """Each fixture is read by the reader of its tool."""
    session = sniff.read(fixtures / name)

    assert (session.tool, session.format) == KNOWN[name]
    assert session.series


def test_every_fixture_is_read_and_explained(fixtures: Path) -> None:
    """No fixture is without a test, and the folder's README tells where each came from."""
    files = {path.name for path in fixtures.iterdir()} - {"README.md"}
    readme = (fixtures / "README.md").read_text(encoding="utf-8")

    assert files == set(KNOWN) | COMPANIONS
    assert set(re.findall(r"`([\w.]+\.(?:csv|json|txt|hgrm|hlog|jtl|ndjson|log))`", readme)) >= files


def test_fixtures_know_one_host(fixtures: Path) -> None:
    """Every address in the fixtures is of this machine's own loopback."""
    hosts = {host for path in fixtures.iterdir() for host in re.findall(rb"https?://([\w.-]+)", path.read_bytes())}

    assert hosts == {b"127.0.0.1"}


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_a_name_means_nothing(fixtures: Path, tmp_path: Path, name: str) -> None:
    """A renamed file gives the same session, but for its name."""
    renamed = tmp_path / "result.dat"
    shutil.copyfile(fixtures / name, renamed)

    first, second = sniff.read(fixtures / name), sniff.read(renamed)

    assert {**second.to_dict(), "file": name} == first.to_dict()
    assert second.digest == first.digest
    assert [[each.figure(p) for p in (0.5, 0.95, 0.99)] for each in second.series] == [
        [each.figure(p) for p in (0.5, 0.95, 0.99)] for each in first.series
    ]


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_a_packed_file_is_unpacked(fixtures: Path, tmp_path: Path, name: str) -> None:
    """A file packed with gzip is the same session as the file itself, also by its digest."""
    packed = tmp_path / "result"
    packed.write_bytes(gzip.compress((fixtures / name).read_bytes()))

    assert sniff.read(packed).digest == sniff.read(fixtures / name).digest


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_at_most_one_reader_knows_a_file(fixtures: Path, name: str) -> None:
    """Which reader comes first decides nothing."""
    source = Source.open(fixtures / name)

    assert len([reader for reader in sniff.READERS if reader.matches(source)]) == 1


@pytest.mark.parametrize("name", sorted(KNOWN))
@pytest.mark.parametrize("part", [0.2, 0.5, 0.9, 0.98])
def test_a_file_cut_short_is_refused_or_supports_no_verdict(
    fixtures: Path, tmp_path: Path, name: str, part: float
) -> None:
    """Whatever is lost at the end, there is a one-line reason or nothing is judged; never another error."""
    data = (fixtures / name).read_bytes()
    cut = tmp_path / name
    at = int(len(data) * part)
    cut.write_bytes(data[: at - 1] if data[at - 1 : at] == b"\n" else data[:at])

    found = _read(cut)

    if isinstance(found, ForeignError):
        assert "\n" not in str(found)
    else:
        whole = sniff.read(fixtures / name)
        assert (
            found.withheld
            or not any(each.quantiles or each.counts.size for each in whole.series)
            or _same(found, whole)
        )


def _read(path: Path) -> Session | ForeignError:
    try:
        return sniff.read(path)
    except ForeignError as error:
        return error


def _same(session: Session, whole: Session) -> bool:
    """Whether what was lost held no figure."""
    return [_said(each) for each in session.series] == [_said(each) for each in whole.series]


def _said(series: Series) -> tuple[object, ...]:
    return (series.name, series.requests, series.failed, *(series.figure(p) for p in (0.5, 0.95, 0.99)))


def test_packed_data_that_ends_early_is_no_whole_session(fixtures: Path, tmp_path: Path) -> None:
    """Rows that could be unpacked are shown, and nothing is judged by them; a summary is refused."""
    rows, document = tmp_path / "rows.gz", tmp_path / "document.gz"
    rows.write_bytes(gzip.compress((fixtures / "vegeta.ndjson").read_bytes())[:-400])
    document.write_bytes(gzip.compress((fixtures / "wrk.txt").read_bytes())[:-12])

    assert sniff.read(rows).withheld == "the file is cut off"
    with pytest.raises(CutOff, match="gzip data ends early"):
        sniff.read(document)


def test_damaged_packed_data_is_refused(tmp_path: Path) -> None:
    """Gzip data that cannot be unpacked is a reason in words."""
    path = tmp_path / "x"
    path.write_bytes(b"\x1f\x8b\x08\x00nonsense that is no deflate stream")

    with pytest.raises(CutOff, match="cannot be unpacked"):
        sniff.read(path)


@pytest.mark.parametrize("content", [b"", b"\n\n", b"  \r\n", b"\xef\xbb\xbf", gzip.compress(b"", mtime=0)])
def test_an_empty_file_is_named_as_such(tmp_path: Path, content: bytes) -> None:
    """Nothing in a file, or white space only, is said in these words."""
    path = tmp_path / "stats.csv"
    path.write_bytes(content)

    with pytest.raises(EmptyFile, match=r"stats\.csv is empty"):
        sniff.read(path)


@pytest.mark.parametrize(
    "content", ["a,b,c\n1,2,3\n", '{"some": "other document"}', "[1, 2, 3]", "Hello.\n", "<html></html>"]
)
def test_an_unknown_format_is_named_with_the_known_ones(tmp_path: Path, content: str) -> None:
    """What no reader knows is refused, and the message lists what is read."""
    path = tmp_path / "x.json"
    path.write_text(content)

    with pytest.raises(UnknownFormat, match="locust, k6, JMeter"):
        sniff.read(path)


def test_bytes_that_are_no_text_are_unknown(tmp_path: Path) -> None:
    """A picture is not a result file."""
    path = tmp_path / "x.csv"
    path.write_bytes(bytes(range(256)) * 40)

    with pytest.raises(UnknownFormat):
        sniff.read(path)


def test_a_file_that_is_not_there_is_said_to_be(tmp_path: Path) -> None:
    """The message names the path and what to do."""
    with pytest.raises(ForeignError, match=r"cannot read .*nothing\.csv: No such file"):
        sniff.read(tmp_path / "nothing.csv")


def test_a_folder_gives_a_session_a_file(fixtures: Path, tmp_path: Path) -> None:
    """What locust writes beside its statistics, and hidden files, are no sessions of their own."""
    for run in ("a", "b"):
        for kind in ("stats", "stats_history", "failures", "exceptions"):
            shutil.copyfile(fixtures / f"locust_{kind}.csv", tmp_path / f"{run}_{kind}.csv")
    (tmp_path / ".notes").write_text("no result")

    sessions = sniff.read_side(tmp_path)

    assert [session.file for session in sessions] == [f"{tmp_path.name}/a_stats.csv", f"{tmp_path.name}/b_stats.csv"]


def test_a_folder_of_histories_gives_these(fixtures: Path, tmp_path: Path) -> None:
    """Without statistics beside it, a history is a session."""
    shutil.copyfile(fixtures / "locust_stats_history.csv", tmp_path / "a_stats_history.csv")

    assert [session.format for session in sniff.read_side(tmp_path)] == ["history CSV"]


def test_a_folder_without_results_is_refused(tmp_path: Path) -> None:
    """An empty folder is no side of a comparison."""
    with pytest.raises(ForeignError, match="holds no result file"):
        sniff.read_side(tmp_path)


@pytest.mark.parametrize("content", ["[" * 100_000, '{"a":' * 100_000, f'{{"requests": {"9" * 5001}}}'])
def test_json_that_no_parser_takes_is_cut_off_or_damaged(tmp_path: Path, content: str) -> None:
    """Brackets in brackets without end and a figure of thousands of digits are damage like any other."""
    path = tmp_path / "deep.json"
    path.write_text(content)

    with pytest.raises(CutOff, match=r"^deep\.json is cut off or damaged: it begins as JSON"):
        sniff.read(path)


@pytest.mark.parametrize(("name", "digits"), [("hey.txt", 5001), ("hey.csv", 400), ("fortio.json", 400)])
def test_a_figure_beyond_all_bounds_is_damage(fixtures: Path, tmp_path: Path, name: str, digits: int) -> None:
    """Text and rows with such a figure are refused as JSON is."""
    path = tmp_path / name
    path.write_text(re.sub(r"\b[1-9]\d+\b", "9" * digits, (fixtures / name).read_text()))

    with pytest.raises(CutOff, match=r"far beyond any that a tool writes"):
        sniff.read(path)


def test_more_requests_than_can_be_sent_are_refused(fixtures: Path, tmp_path: Path) -> None:
    """A count beyond 2 to the 53rd is no count."""
    path = tmp_path / "wrk.txt"
    path.write_text(re.sub(r"\d+ requests in", f"{'9' * 25} requests in", (fixtures / "wrk.txt").read_text()))

    with pytest.raises(BadFigure, match="more requests than any tool can send"):
        sniff.read(path)
