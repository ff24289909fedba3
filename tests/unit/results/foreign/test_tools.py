"""The trap of each tool's format, and that its reader does not fall into it."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from pathlib import Path

import numpy as np
import pytest

from results import hdr as own
from results.foreign.errors import BadFigure, CutOff, EmptyFile, ForeignError, UnknownFormat
from results.foreign.model import ALL, Series, Session
from results.foreign.sniff import read, read_source
from results.foreign.source import Source


def of(text: str | bytes) -> Session:
    """The session of a text."""
    return read_source(Source("result", text.encode() if isinstance(text, str) else text))


def edited(path: Path, old: str, new: str) -> Session:
    """The session of a file with a part exchanged."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    return of(text.replace(old, new))


def value(series: Series | None, p: float = 0.5) -> float:
    """The quantile of a series."""
    assert series is not None
    figure = series.figure(p)
    assert figure is not None
    return figure.value


# --- locust ---------------------------------------------------------------------------------------------------------


def test_locust_csv_is_what_the_file_says(fixtures: Path) -> None:
    """Routes by method and name, the aggregate last, and ranges of two significant digits."""
    session = read(fixtures / "locust_stats.csv")

    assert [series.name for series in session.series] == [
        "GET /articles",
        "GET /slow",
        "POST /articles",
        "GET /broken",
        ALL,
    ]
    slow = session.find("GET /slow")
    assert slow is not None
    figure = slow.figure(0.5)
    assert figure is not None
    assert (figure.low, figure.value, figure.high) == (95.0, 100.0, 105.0)
    assert session.find("GET /broken").failed == 7  # type: ignore[union-attr]


def test_locust_percentile_columns_may_be_others(fixtures: Path) -> None:
    """The columns are read from the header: without 95% there is no p95, and the rest stands."""
    session = edited(fixtures / "locust_stats.csv", "90%,95%,98%", "90%,94%,98%")

    assert session.total.figure(0.95) is None
    assert value(session.total) == 29


def test_locust_writes_na_where_nothing_was_requested(fixtures: Path) -> None:
    """A route without a request is told and left out."""
    row = "GET,/never,0,0,0,0.0,0,0,0,0.0,0.0," + ",".join(["N/A"] * 11)
    text = (fixtures / "locust_stats.csv").read_text().replace("GET,/slow", f"{row}\r\nGET,/slow", 1)

    session = of(text)

    assert session.find("GET /never") is None
    assert "GET /never was never requested." in session.warnings


def test_locust_statistics_without_their_last_row_are_cut_off(fixtures: Path) -> None:
    """Whole rows alone do not make a whole file: the aggregate comes last."""
    lines = (fixtures / "locust_stats.csv").read_text().splitlines(keepends=True)

    with pytest.raises(CutOff, match="Aggregated, its last, is missing"):
        of("".join(lines[:-1]))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            ",Aggregated,290,7,",
            ",Aggregated,10,7,",
            "its row Aggregated has 10 requests and the rows of its routes 290",
        ),
        ("GET,/slow,48,0,", "GET,/slow,480,0,", "its row Aggregated has 290 requests and the rows of its routes 722"),
        ("GET,/broken,34,7,", "GET,/broken,34,0,", "its row Aggregated has 7 failures and the rows of its routes 0"),
    ],
)
def test_locust_rows_that_do_not_add_up_are_refused(fixtures: Path, old: str, new: str, said: str) -> None:
    """The last row counts each request and each failure of the others once."""
    with pytest.raises(BadFigure, match=said):
        edited(fixtures / "locust_stats.csv", old, new)


def test_locust_failures_without_a_request_add_up_too(fixtures: Path) -> None:
    """A route may have failures alone, where a script reports an error of its own; it is left out and still counted."""
    row = "GET,/never,0,3,0,0.0,0,0,0,0.0,0.0," + ",".join(["N/A"] * 11)
    text = (fixtures / "locust_stats.csv").read_text().replace("GET,/slow", f"{row}\r\nGET,/slow", 1)

    assert of(text.replace(",Aggregated,290,7,", ",Aggregated,290,10,")).total.failed == 10


def test_locust_full_history_is_rolling(fixtures: Path) -> None:
    """Under the same header the percentiles are over ten seconds; only the median of the whole is used."""
    session = read(fixtures / "locust_full_history.csv")

    assert {p for series in session.series for p in series.quantiles} == {0.5}
    assert any("last ten seconds" in warning for warning in session.warnings)


def test_locust_short_history_is_of_the_whole_run(fixtures: Path) -> None:
    """Without --csv-full-history the last row is the whole run's and equals the statistics written with it."""
    history, statistics = (read(fixtures / f"locust_{kind}.csv") for kind in ("stats_history", "stats"))

    assert [history.total.figure(p) for p in (0.5, 0.95, 0.99)] == [
        statistics.total.figure(p) for p in (0.5, 0.95, 0.99)
    ]


def test_locust_json_is_a_whole_histogram(fixtures: Path) -> None:
    """Its series over all requests is the sum of its routes, and holds more than the CSV written beside it."""
    session = read(fixtures / "locust.json")

    assert session.total.requests == sum(each.requests or 0 for each in session.series[:-1]) == 333
    assert session.total.requests > (read(fixtures / "locust_stats.csv").total.requests or 0)


def test_locust_json_that_contradicts_itself_is_refused(fixtures: Path) -> None:
    """As many response times as requests, or the file is damaged."""
    with pytest.raises(BadFigure, match="201 requests and 200 response times"):
        edited(fixtures / "locust.json", '"num_requests": 200', '"num_requests": 201')


@pytest.mark.parametrize("name", ["locust_failures.csv", "locust_exceptions.csv"])
def test_locust_lists_of_failures_name_the_file_to_give(fixtures: Path, name: str) -> None:
    """They hold no latency."""
    with pytest.raises(UnknownFormat, match=r"_stats\.csv"):
        read(fixtures / name)


def test_locust_log_of_single_requests_is_finer() -> None:
    """Two decimals of a millisecond; an exception is a failure whatever the status, and so is a missing time."""
    head = "timestamp,request_type,name,response_time_ms,response_length,status_code,exception\r\n"
    good = "".join(f"1795873200.5,GET,/a,{1.25 + n / 100:.2f},413,200,\r\n" for n in range(30))
    bad = '1795873201.5,GET,/a,0.01,0,200,"the page, without its title"\r\n1795873202.5,GET,/a,,0,0,\r\n'

    series = of(head + good + bad).total

    assert (series.name, series.requests, series.failed_beyond) == ("GET /a", 32, 2)
    assert series.values_ms[0] == 1.25
    assert series.high_ms[0] - series.low_ms[0] == pytest.approx(0.01)


# --- k6 -------------------------------------------------------------------------------------------------------------


def test_k6_threshold_true_means_failed(fixtures: Path) -> None:
    """In the summary of --summary-export, true is a failed threshold; with handleSummary, ok false is."""
    old, handled = (read(fixtures / f"k6_{name}.json") for name in ("summary_export", "handle_summary"))

    assert "k6's own threshold http_req_duration p(95)<20 failed." in old.warnings
    assert "k6's own threshold http_req_duration p(95)<20 failed." in handled.warnings
    assert not any("p(90)<500" in warning or "rate<0.01" in warning for warning in old.warnings)


@pytest.mark.parametrize("name", ["summary_export", "handle_summary", "machine_readable"])
def test_k6_passes_are_failures(fixtures: Path, name: str) -> None:
    """http_req_failed counts failed requests as passes (or matches): 2 of 400."""
    session = read(fixtures / f"k6_{name}.json")

    assert (session.total.requests, session.total.failed, session.failures_known) == (400, 2, True)


def test_k6_passes_that_contradict_the_rate_are_refused(fixtures: Path) -> None:
    """Were passes the successes, the rate would be another."""
    document = json.loads((fixtures / "k6_summary_export.json").read_text())
    document["metrics"]["http_req_failed"] |= {"passes": 398, "fails": 2}
    with pytest.raises(BadFigure, match=r"398 of 400 and a rate of 0\.005"):
        of(json.dumps(document))


def test_k6_summary_without_failures_supports_no_verdict(fixtures: Path) -> None:
    """A summary that lost http_req_failed is shown only."""
    session = edited(fixtures / "k6_summary_export.json", "http_req_failed", "other")

    assert session.withheld == "the file does not say how many requests failed"


def test_k6_rows_of_csv_and_ndjson_say_the_same(fixtures: Path) -> None:
    """Both have the requests by method and path, their failures apart."""
    first, second = read(fixtures / "k6.csv"), read(fixtures / "k6.ndjson")

    assert [(s.name, s.requests, s.failed) for s in first.series] == [
        ("GET /articles", 60, 2),
        ("GET /search", 30, 0),
        (ALL, 90, 2),
    ]
    assert [value(s) for s in first.series] == pytest.approx([value(s) for s in second.series])


# --- JMeter ---------------------------------------------------------------------------------------------------------


def test_jmeter_counts_every_request_once(fixtures: Path) -> None:
    """Rows of Transaction Controllers and of redirects within a sample are left out and told."""
    session = read(fixtures / "jmeter.jtl")

    assert [(s.name, s.requests) for s in session.series] == [("Article", 60), ("Log in", 10), (ALL, 70)]
    assert [warning.split(" left out")[0] for warning in session.warnings] == [
        "10 rows of Transaction Controllers",
        "20 rows of parts of a sample (a redirect, an embedded file)",
    ]


def test_jmeter_label_with_a_number_of_its_own_is_a_route() -> None:
    """Article-1 beside Article is left out only where it lies within it."""
    rows = ["timeStamp,elapsed,label,responseCode,threadName,success"]
    for n in range(30):
        rows.append(f"{1795773600000 + 100 * n},10,Article,200,T 1,true")
        rows.append(f"{1795773600050 + 100 * n},20,Article-1,200,T 1,true")

    session = of("\n".join(rows) + "\n")

    assert [(s.name, s.requests) for s in session.series] == [("Article", 30), ("Article-1", 30), (ALL, 60)]


def test_jmeter_reads_elapsed_and_not_latency(fixtures: Path) -> None:
    """The time to the last byte, within a millisecond either way."""
    text = (fixtures / "jmeter.jtl").read_text()
    rows = [row for row in csv.DictReader(io.StringIO(text)) if row["label"] == "Article" and row["success"] == "true"]
    article = read(fixtures / "jmeter.jtl").find("Article")
    assert article is not None

    assert article.values_ms.max() == max(int(row["elapsed"]) for row in rows)
    assert (article.high_ms - article.values_ms).max() == 1.0


def test_jmeter_without_a_header_and_with_another_separator(fixtures: Path) -> None:
    """The default columns are assumed and the separator is found."""
    session = read(fixtures / "jmeter_semicolon_no_header.jtl")

    assert [(s.name, s.requests) for s in session.series] == [("Article", 1), ("Log in", 1), (ALL, 2)]


def test_jmeter_xml_names_the_remedy() -> None:
    """The XML variant is refused with the setting that writes CSV."""
    with pytest.raises(UnknownFormat, match="output_format=csv"):
        of('<?xml version="1.0"?>\n<testResults version="1.2">\n<httpSample t="9" lt="8" ts="1" s="true"/>\n')


def test_jmeter_text_over_several_lines_is_one_row() -> None:
    """A failure message may hold line ends and separators."""
    head = "timeStamp,elapsed,label,responseCode,threadName,success,failureMessage\n"
    rows = '1795773600000,10,A,200,T,true,\n1795773600010,11,A,500,T,false,"expected: x,\ngot: ""y"""\n'

    assert of(head + rows).total.requests == 2


# --- vegeta ---------------------------------------------------------------------------------------------------------


def test_vegeta_counts_nanoseconds_and_its_csv_has_no_header(fixtures: Path) -> None:
    """CSV and NDJSON of the same attack are the same session: the first row is a request too."""
    first, second = read(fixtures / "vegeta.csv"), read(fixtures / "vegeta.ndjson")

    assert first.total.requests == second.total.requests == 80
    assert first.total.failed == second.total.failed == 1  # code 0 is no answer
    assert value(first.total) == value(second.total)
    assert 5 < value(first.total) < 30


def test_vegeta_report_is_an_estimate(fixtures: Path) -> None:
    """Quantiles of a t-digest have no bound on their error, so no verdict rests on them."""
    assert "vegeta encode has every request" in read(fixtures / "vegeta_report.json").withheld


def test_vegeta_binary_names_the_remedy() -> None:
    """Vegeta's own form is turned into text by vegeta."""
    with pytest.raises(UnknownFormat, match="vegeta encode"):
        of(b"\x7f\xff\x81\x03\x01\x01\x06Result\x01\xff\x82\x00\x01\x0c\x01\x06Attack\x01\x0c\x00" + bytes(40))


# --- oha, hey, wrk --------------------------------------------------------------------------------------------------


def test_oha_has_two_units_in_one_file(fixtures: Path) -> None:
    """Seconds are read as seconds; a file whose milliseconds say something else is refused."""
    document = json.loads((fixtures / "oha.json").read_text())
    assert value(of(json.dumps(document)).total) == document["metrics"]["latency_ms"]["p50"]

    document["metrics"]["latency_ms"]["p50"] /= 1000
    with pytest.raises(BadFigure, match="units are mixed"):
        of(json.dumps(document))


def test_oha_counts_answers_with_a_bad_status_as_failed(fixtures: Path) -> None:
    """Its success is any answer; here 2 of status 404 and 1 lost, and 4 that the end cut off."""
    session = read(fixtures / "oha.json")

    assert (session.total.failed_within, session.total.failed_beyond, session.total.requests) == (2, 1, 1201)
    assert any(warning.startswith("4 requests were under way") for warning in session.warnings)


def test_oha_csv_hides_what_was_not_answered(fixtures: Path) -> None:
    """The CSV is shown and not judged."""
    assert "its JSON counts them" in read(fixtures / "oha.csv").withheld


def test_hey_counts_tenths_of_milliseconds(fixtures: Path) -> None:
    """Four decimals of a second: half a tenth either way, in CSV and in the summary."""
    for name in ("hey.csv", "hey.txt"):
        figure = read(fixtures / name).total.figure(0.5)
        assert figure is not None
        assert figure.high - figure.low == pytest.approx(0.1)


def test_hey_csv_hides_what_was_not_answered_and_the_summary_counts_it(fixtures: Path) -> None:
    """The CSV is shown and not judged; the summary of the same tool tells of 40 refused connections."""
    assert "its summary counts them" in read(fixtures / "hey.csv").withheld
    refused = read(fixtures / "hey_refused.txt")
    assert (refused.withheld, refused.total.requests, refused.total.failed) == ("", 40, 40)


def test_wrk_units_are_its_suffixes(fixtures: Path) -> None:
    """Microseconds, milliseconds and seconds in one table are one scale, each within half of its last digit."""
    text = (fixtures / "wrk.txt").read_text()
    text = re.sub(r"50% .*", "50%  811.00us", text)
    text = re.sub(r"99% .*", "99%    1.25s", text)

    series = of(text).total

    p50, p99 = series.figure(0.5), series.figure(0.99)
    assert p50 is not None
    assert p99 is not None
    assert (p50.value, p99.value) == (pytest.approx(0.811), pytest.approx(1250))
    assert (p50.high - p50.low, p99.high - p99.low) == (pytest.approx(0.00001), pytest.approx(10))


def test_wrk_bad_answers_are_among_its_latencies(fixtures: Path) -> None:
    """81 of 407 answers were bad, so the median may lie as high as the 75th percentile."""
    series = read(fixtures / "wrk_errors.txt").total

    assert (series.failed_within, series.requests) == (81, 407)
    assert series.figure(0.5).high == pytest.approx(12.955)  # type: ignore[union-attr]


def test_wrk_socket_errors_are_requests_too(fixtures: Path) -> None:
    """Time-outs have no latency and count as failed."""
    session = edited(
        fixtures / "wrk.txt", "Requests/sec", "  Socket errors: connect 0, read 3, write 0, timeout 7\nRequests/sec"
    )

    assert (session.total.failed_beyond, session.total.requests) == (10, 700)


def test_two_runs_of_wrk_are_two_sessions(fixtures: Path) -> None:
    """One file is one session."""
    with pytest.raises(ForeignError, match="holds 2 runs of wrk"):
        of((fixtures / "wrk.txt").read_text() * 2)


def test_wrk2_spectrum_is_told_by_its_banner(fixtures: Path) -> None:
    """The recorded spectrum is read, and the uncorrected one after it, a fifth lower, is left out."""
    session = read(fixtures / "wrk2.txt")
    text = (fixtures / "wrk2.txt").read_text()
    recorded_only = of(text.split("  Latency Distribution (HdrHistogram - Unc")[0] + "  4000 requests in 20s, 2MB read")

    assert session.tool == "wrk2"
    assert (value(session.total), session.total.failed_within) == (value(recorded_only.total), 3)
    assert value(session.total) == pytest.approx(float(re.findall(r"50\.000%\s+([\d.]+)ms", text)[0]), abs=0.01)
    assert "due to last byte" in session.clock


# --- HdrHistogram ---------------------------------------------------------------------------------------------------


def test_hgrm_percentile_is_a_fraction(fixtures: Path) -> None:
    """Percentiles from 0 to 100 are another unit and refused."""
    with pytest.raises(BadFigure, match="fractions from 0 to 1"):
        edited(fixtures / "distribution.hgrm", "0.500000", "50.00000")


def test_hgrm_values_are_upper_edges(fixtures: Path) -> None:
    """A quantile between two rows lies between their values."""
    series = read(fixtures / "distribution.hgrm").total
    rows = [line.split() for line in (fixtures / "distribution.hgrm").read_text().splitlines()]
    edges = [(float(row[0]), float(row[1])) for row in rows if len(row) == 4 and row[0][0].isdigit()]
    below = max(v for v, p in edges if p < 0.99)
    above = min(v for v, p in edges if p >= 0.99)

    figure = series.figure(0.99)

    assert figure is not None
    assert below - 0.001 <= figure.low <= figure.value <= figure.high <= above + 0.001


def test_hgrm_and_its_csv_say_the_same(fixtures: Path) -> None:
    """The quoted variant has the same rows, and says that its last is infinite in another word."""
    first, second = read(fixtures / "distribution.hgrm").total, read(fixtures / "distribution.csv").total

    assert [value(first, p) for p in (0.5, 0.95, 0.99)] == [value(second, p) for p in (0.5, 0.95, 0.99)]


def test_hgrm_whose_footer_counts_otherwise_is_refused(fixtures: Path) -> None:
    """Rows and footer count the same values."""
    with pytest.raises(BadFigure, match="count 3,000 values and its last lines 2,999"):
        edited(fixtures / "distribution.hgrm", "Total count    =         3000", "Total count    =         2999")


def test_interval_log_takes_its_unit_from_the_largest_values(fixtures: Path) -> None:
    """Nanoseconds with largest values in milliseconds, by tag, merged exactly over intervals."""
    session = read(fixtures / "interval_log.hlog")

    assert [(s.name, s.requests) for s in session.series] == [("anonymous", 600), ("member", 600), (ALL, 1200)]
    assert value(session.find("anonymous")) == pytest.approx(2, rel=0.1)
    assert value(session.find("member")) == pytest.approx(9, rel=0.1)


def test_interval_log_of_this_product_is_read_back() -> None:
    """What anp exports, microseconds with tags, comes back within a thousandth."""
    from datetime import UTC, datetime

    values = np.arange(1000, 3000, 5, dtype=np.int64)
    base = datetime(2026, 11, 20, tzinfo=UTC)
    zeros = np.zeros(values.size, np.int64)
    lines = own.lines(["before/GET"], zeros, np.linspace(0, 3, values.size), values, 1.0)

    session = of(own.head(base, []) + "\n".join(line.rstrip() for _, line in lines) + "\n")

    assert session.started == base
    assert session.total.requests == values.size
    assert value(session.total) == pytest.approx(float(np.median(values)) / 1000, rel=0.002)


def test_interval_log_in_two_units_is_refused(fixtures: Path) -> None:
    """Lines whose largest values are scaled differently are two units in one file."""
    lines = (fixtures / "interval_log.hlog").read_text().splitlines()
    fields = lines[-1].split(",")
    fields[3] = str(float(fields[3]) * 1000)
    with pytest.raises(BadFigure, match="different units"):
        of("\n".join([*lines[:-1], ",".join(fields)]) + "\n")


def test_interval_log_with_a_broken_histogram_is_cut_off(fixtures: Path) -> None:
    """A histogram that cannot be unpacked is named by its line."""
    lines = (fixtures / "interval_log.hlog").read_text().splitlines()
    with pytest.raises(CutOff, match=f"line {len(lines)} cannot be unpacked"):
        of("\n".join([*lines[:-1], lines[-1][:-60]]) + "\n")


# --- Goose, Artillery, Fortio, autocannon, Nighthawk, Siege ---------------------------------------------------------


def test_goose_leaves_out_made_up_requests(fixtures: Path) -> None:
    """Neither the report's own data of mitigation nor the log's synthetic rows are requests."""
    report, log = read(fixtures / "goose_report.json"), read(fixtures / "goose_requests.log")

    assert (report.total.requests, log.total.requests) == (360, 50)
    assert log.total.values_ms.max() < 900
    assert any("made up" in warning for warning in report.warnings)
    assert any("1 row made up" in warning for warning in log.warnings)


def test_goose_update_corrects_an_earlier_row(fixtures: Path) -> None:
    """A request that its test called a failure afterwards is a failure, and no second request."""
    assert read(fixtures / "goose_requests.log").total.failed == 1


def test_artillery_sketch_is_right_to_one_percent(fixtures: Path) -> None:
    """A quantile may be off by a millisecond and a hundredth; bad answers are counted by endpoint."""
    session = read(fixtures / "artillery.json")
    figure = session.total.figure(0.5)

    assert figure is not None
    assert figure.value - figure.low == pytest.approx(1 + 0.01 * figure.value)
    assert [(s.name, s.requests, s.failed) for s in session.series] == [
        ("/articles", 80, 0),
        ("/broken", 80, 14),
        (ALL, 160, 14),
    ]


def test_fortio_subtracts_failures_from_its_histogram(fixtures: Path) -> None:
    """Four fast failures are in the histogram of all and are no latencies."""
    session = read(fixtures / "fortio.json")

    assert (session.total.requests, session.total.failed_beyond, int(session.total.counts.sum())) == (2000, 4, 1996)
    assert session.total.low_ms.min() >= 1.0


def test_fortio_histograms_that_contradict_each_other_are_refused(fixtures: Path) -> None:
    """More failed requests at a duration than requests cannot be."""
    document = json.loads((fixtures / "fortio.json").read_text())
    errors = document["ErrorsDurationHistogram"]
    errors["Data"][0]["Count"] = errors["Count"] = 50
    with pytest.raises(BadFigure, match="more failed requests"):
        of(json.dumps(document))


def test_autocannon_tells_whether_bad_answers_are_among_its_latencies(fixtures: Path) -> None:
    """As many latencies as answers of any status: the bad ones are among them. As many as good ones: they are not."""
    path = fixtures / "autocannon_errors.json"
    document = json.loads(path.read_text())
    bad = document["non2xx"]
    with_bad = read(path)
    document["latency"]["totalCount"] -= bad
    without = of(json.dumps(document))

    assert bad > 0
    assert (with_bad.total.failed_within, with_bad.total.failed_beyond) == (bad, 0)
    assert (without.total.failed_within, without.total.failed_beyond) == (0, bad)


def test_autocannon_cuts_milliseconds_off(fixtures: Path) -> None:
    """11 ms is anything from 11 to 12."""
    figure = read(fixtures / "autocannon.json").total.figure(0.5)

    assert figure is not None
    assert (figure.low, figure.high) == (figure.value, figure.value + 1)


def test_nighthawk_durations_are_seconds_in_words(fixtures: Path) -> None:
    """Strings of seconds and strings of counts; bad answers are among the latencies."""
    session = read(fixtures / "nighthawk.json")

    assert value(session.total) == pytest.approx(0.4, abs=0.05)
    assert (session.total.requests, session.total.failed_within) == (1000, 2)
    with pytest.raises(BadFigure, match="no time in seconds"):
        edited(fixtures / "nighthawk.json", '"duration": "0.0', '"duration": "0.0ms')


def test_siege_counts_seconds_and_has_no_quantile(fixtures: Path) -> None:
    """A mean in hundredths of a second is shown in milliseconds."""
    series = read(fixtures / "siege.json").total

    assert (series.mean_ms, dict(series.quantiles), series.requests) == (10.0, {}, 240)


# --- bad figures, whatever the tool ---------------------------------------------------------------------------------

HEY = "response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset\n"
JTL = "timeStamp,elapsed,label,responseCode,threadName,success,Latency\n"
K6 = "metric_name,timestamp,metric_value,method,name,status,expected_response\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{HEY}NaN,0,0,0,0.01,0,200,0.1\n", "row 1: response-time is nan"),
        (f"{HEY}0.01,0,0,0,0.009,0,200,0.1\n-0.02,0,0,0,0.01,0,200,0.1\n", "row 2: response-time is -0.02"),
        (
            f"{HEY}12ms,0,0,0,0.01,0,200,0.1\n",
            "row 1: response-time is '12ms', not a number of seconds; units are mixed",
        ),
        (f"{HEY}0.012,0,0,0,11.9,0,200,0.1\n", "row 1: its delay is longer than the whole, so units are mixed"),
        (f"{HEY}inf,0,0,0,0.01,0,200,0.1\n", "row 1: response-time is inf"),
        (f"{HEY},0,0,0,0.01,0,200,0.1\n", "row 1: response-time is ''"),
        (f"{JTL}1795773600000,0.012,A,200,T,true,0\n", "not a whole number of milliseconds; units are mixed"),
        (f"{JTL}1795773600000,12,A,200,T,true,11000\n", "Latency is longer than elapsed, so units are mixed"),
        (f"{JTL}1795773600000,12,A,200,T,maybe,11\n", "success is 'maybe', not true or false"),
        (f"{K6}http_req_duration,1795773600,1.5s,GET,/,200,true\n", "metric_value is '1.5s'"),
        (f"{HEY}0.01,0,0,0,0.009,0,200\n", "rows do not fit its header"),
        ("1795773600000000000,200,1.5e6,0,4,,,a,0,GET,http://127.0.0.1/,\n", "latency is '1.5e6', not a whole number"),
    ],
)
def test_a_figure_that_cannot_be_is_refused_with_its_row(text: str, said: str) -> None:
    """Not a number, negative, infinite, missing or in another unit: one line names the row and the value."""
    with pytest.raises(BadFigure) as caught:
        of(text)

    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", [HEY, JTL, K6, f"{K6}http_reqs,1795773600,1,GET,/,200,true\n"])
def test_a_file_without_a_request_is_said_to_hold_none(text: str) -> None:
    """A header alone, or metrics of something else, are no session."""
    with pytest.raises(EmptyFile, match="holds no request"):
        of(text)


def test_json_with_nan_is_refused(fixtures: Path) -> None:
    """Python's reader would let NaN pass; no measurement is one."""
    with pytest.raises(BadFigure, match="NaN"):
        edited(fixtures / "k6_summary_export.json", '"value": 0.005', '"value": NaN')


@pytest.mark.parametrize(
    ("name", "pattern", "instead"),
    [
        ("k6_summary_export.json", r'"p\(95\)": [\d.]+', '"p(95)": 0.0238'),
        ("autocannon.json", r'"p99":\d+', '"p99":0.042'),
        ("artillery.json", r'"p99": [\d.]+', '"p99": 0.039'),
        ("hey.txt", r"95% in [\d.]+", "95% in 0.0002"),
        ("wrk.txt", r"90% +[\d.]+ms", "90%   17.79us"),
        ("vegeta_report.json", r'"95th": \d+', '"95th": 24'),
        ("oha.json", r'"p95": 0\.\d+', '"p95": 0.000023'),
    ],
)
def test_quantiles_that_fall_are_mixed_units(fixtures: Path, name: str, pattern: str, instead: str) -> None:
    """A p95 below the median is a p95 in another unit, or damage."""
    text, times = re.subn(pattern, instead, (fixtures / name).read_text())
    assert times

    with pytest.raises(BadFigure, match="below a p"):
        of(text)


def test_a_row_cut_off_is_left_out_and_told(fixtures: Path) -> None:
    """Whole rows are kept and shown, and nothing is judged by them."""
    session = of((fixtures / "hey.csv").read_text()[:-9])

    assert session.total.requests == 299
    assert session.withheld == "the file is cut off"
    assert any("ends in the middle of a row" in warning for warning in session.warnings)


def test_no_time_at_all_is_no_measurement() -> None:
    """An answered request that took zero nanoseconds is told, and nothing is judged."""
    row = "1795773600000000000,200,{},0,4,,,a,0,GET,http://127.0.0.1/,\n"
    session = of(row.format(0) + row.format(1_500_000) * 30)

    assert session.withheld == "1 answered request took no time at all, which none does"


def test_zero_whole_milliseconds_are_below_the_resolution() -> None:
    """A tool of whole milliseconds may read zero; the ratio is then not known, and no verdict is drawn from it."""
    from results.foreign.compare import compare

    rows = [f"1795773600{n:03d},{{}},A,200,T,true,0\n" for n in range(40)]
    before = of(JTL + "".join(row.format(2) for row in rows))
    after = read_source(Source("after", (JTL + "".join(row.format(0) for row in rows)).encode()))

    found = compare([before], [after])

    assert found.primary[0].verdict.qualifier == "instrument resolution: a session reads zero"
    assert math.isinf(found.primary[0].ratio.high)


def test_addresses_without_number_are_read_as_one_series() -> None:
    """Hundreds of names are addresses and no routes."""
    row = "1795773600000000000,200,1500000,0,4,,,a,{0},GET,http://127.0.0.1/a/{0},\n"
    session = of("".join(row.format(n) for n in range(100)))

    assert [series.name for series in session.series] == [ALL]
    assert "100 addresses" in session.warnings[0]


def test_a_byte_order_mark_is_no_content(fixtures: Path) -> None:
    """A file saved by a spreadsheet is read as the file."""
    assert of(b"\xef\xbb\xbf" + (fixtures / "locust_stats.csv").read_bytes()).total.requests == 290
