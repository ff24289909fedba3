"""Access logs become a table in which each path weighs as often as visitors asked for it."""

from __future__ import annotations

import gzip
import json
import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from string import printable
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from locustfiles._access_log import BOTS, AccessLog, is_bot, read_access_logs
from locustfiles._errors import SwarmError

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "foreign"
PERSON = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def line(
    request: str = "GET / HTTP/1.1",
    *,
    first: str = "198.51.100.7",
    user: str = "-",
    moment: str = "20/Nov/2026:10:00:00 +0000",
    status: str = "200",
    size: str = "5120",
    referer: str = "-",
    agent: str | None = PERSON,
    more: str = "",
) -> str:
    """A line in the combined format, or the common one where there is no agent."""
    common = f'{first} - {user} [{moment}] "{request}" {status} {size}'
    return (common if agent is None else f'{common} "{referer}" "{agent}"') + more


def read(folder: Path, *text: str, hosts: tuple[str, ...] = (), **options: bool) -> AccessLog:
    """What lines of a log give."""
    path = folder / "access.log"
    path.write_text("\n".join(text) + "\n", encoding="utf-8", errors="surrogateescape")
    return read_access_logs([path], hosts, **options)


def test_a_log_of_nginx() -> None:
    """Pages of people are kept with their counts; each other line has its reason."""
    found = read_access_logs([FIXTURES / "nginx.log"])
    assert dict(zip(found.table.paths, found.table.weights, strict=True)) == {
        "/": 1.0,
        "/recipes/plum-cake/": 2.0,
        "/recipes/plum-cake/?print=1": 1.0,
        "/theme/style.css": 1.0,
        "/recipes/m%C3%BCsli/": 1.0,
    }
    assert found.table.routes == ("home", "recipes", "recipes", "asset", "recipes")
    assert found.table.source == "access log nginx.log"
    assert (found.lines, found.kept) == (12, 6)
    assert found.left_out == {
        "no HTTP request": 2,
        "a bot": 1,
        "not a GET": 1,
        "another status": 1,
        "not in the log format": 1,
    }
    assert found.mean_rate == pytest.approx(6 / 90)
    assert found.peak_rate == pytest.approx(5 / 60, rel=0.05)
    assert found.words.startswith("12 lines, 50 % kept for 5 addresses (left out: 17 % no HTTP request, ")


def test_a_log_with_virtual_hosts_in_front() -> None:
    """With or without a port, the host in front decides; escaped quotes in a request are undone."""
    found = read_access_logs([FIXTURES / "apache-vhost.log"], ["kitchen.example"])
    assert found.table.paths == ("/", "/recipes/?q=%22plum%22")
    assert found.left_out == {"another host": 1}
    with pytest.raises(SwarmError, match=r"all 3 .* such as kitchen\.example, none of 127\.0\.0\.1; .*--alias kitchen"):
        read_access_logs([FIXTURES / "apache-vhost.log"], ["127.0.0.1"])


TEXT = st.text(st.sampled_from(printable[:95] + 'ä€"\\'), max_size=12)


def escaped(text: str) -> str:
    """A value within quotes, as nginx writes it."""
    return "".join(
        c if " " <= c <= "~" and c not in '"\\' else "".join(f"\\x{byte:02X}" for byte in c.encode()) for c in text
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=TEXT,
    agent=TEXT.filter(lambda text: not is_bot(text)),
    referer=TEXT,
    first=st.sampled_from(["198.51.100.7", "2001:db8::17", "unix:", "client.example", "fe80::1%eth0"]),
    user=st.sampled_from(["-", "ann", "ann lee"]),
    protocol=st.sampled_from(["HTTP/1.0", "HTTP/1.1", "HTTP/2.0", "HTTP/3.0"]),
    status=st.sampled_from(["200", "204", "206", "304"]),
    size=st.sampled_from(["0", "-", "123456"]),
    more=st.sampled_from(["", ' "203.0.113.9"', " 0.003 0.002", ' rt=0.003 "-" "a \\x22b"']),
    moment=st.datetimes(datetime(2000, 1, 1), datetime(2038, 1, 1)),
    offset=st.integers(-12, 12),
)
def test_lines_as_servers_write_them_are_read(
    tmp_path: Path,
    path: str,
    agent: str,
    referer: str,
    first: str,
    user: str,
    protocol: str,
    status: str,
    size: str,
    more: str,
    moment: datetime,
    offset: int,
) -> None:
    """Whatever is in the fields of a combined line, and behind it, the path that was asked for comes out."""
    path = path.replace("#", "").replace("%", "")
    stamp = moment.replace(tzinfo=timezone(timedelta(hours=offset))).strftime("%d/%b/%Y:%H:%M:%S %z")
    found = read(
        tmp_path,
        line(
            f"GET /{escaped(path)} {protocol}",
            first=first,
            user=user,
            moment=stamp,
            status=status,
            size=size,
            referer=escaped(referer),
            agent=escaped(agent),
            more=more,
        ),
    )
    assert found.table.paths == (quote("/" + path, safe="!$%&'()*+,/:;=?@[]|~"),)
    assert found.kept == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (line("POST / HTTP/1.1"), "not a GET"),
        (line("HEAD / HTTP/1.1"), "not a GET"),
        (line("PRI * HTTP/2.0", status="400"), "not a GET"),
        (line("OPTIONS * HTTP/1.0"), "not a GET"),
        (line("-", status="408"), "no HTTP request"),
        (line("", status="400"), "no HTTP request"),
        (line("GET /"), "no HTTP request"),
        (line("GET example HTTP/1.1"), "no HTTP request"),
        (line(r"\x16\x03\x01", status="400"), "no HTTP request"),
        (line(r"GET /a\x00b HTTP/1.1"), "no HTTP request"),
        (line(status="301"), "another status"),
        (line(status="404"), "another status"),
        (line(status="499"), "another status"),
        (line(status="000"), "another status"),
        (line(status="500"), "another status"),
        (line(agent="curl/8.1"), "a bot"),
        (line("GET https://elsewhere.example/ HTTP/1.1"), "another host"),
        (line(moment="31/Feb/2026:10:00:00 +0000"), "not in the log format"),
        (line(moment="2026-11-20 10:00:00"), "not in the log format"),
        (line(more="\n").replace(" 200 ", " abc "), "not in the log format"),
        (line(agent=None, more=" 0.003"), "not in the log format"),
        ("2026-11-20 10:00:00 198.51.100.7 GET / - 80 - 200", "not in the log format"),
    ],
)
def test_each_line_left_out_has_its_reason(tmp_path: Path, text: str, reason: str) -> None:
    """Next to lines that are kept, another one is counted under what is wrong with it."""
    found = read(tmp_path, line(), line(), text, hosts=("kitchen.example",))
    assert found.left_out == {reason: 1}
    assert (found.lines, found.kept) == (3, 2)


@pytest.mark.parametrize(
    "text",
    [
        line(agent=None),
        line(agent=None, size="-", status="304"),
        line(agent=""),
        line("GET //double HTTP/1.1").replace("//double", "/"),
        line("GET https://kitchen.example/ HTTP/1.1"),
        line(more=' "203.0.113.9, 198.51.100.7"'),
        line(first="kitchen.example 198.51.100.7"),
        line(first="kitchen.example:8443 2001:db8::17"),
        line(agent="Mozilla/5.0 (Linux; Android 14; CUBOT X70)"),
        line(user="ann lee"),
    ],
)
def test_lines_that_are_kept(tmp_path: Path, text: str) -> None:
    """The common format, empty agents, further fields, hosts of the site, and a telephone that is no bot."""
    assert read(tmp_path, text, hosts=("kitchen.example",)).table.paths == ("/",)


def test_two_slashes_do_not_begin_a_host(tmp_path: Path) -> None:
    """A path in a request line is a path, whatever it begins with."""
    assert read(tmp_path, line("GET //admin/x HTTP/1.1")).table.paths == ("//admin/x",)


def test_redirects_and_bots_are_kept_where_asked_for(tmp_path: Path) -> None:
    """Both are off by default."""
    text = [line(), line("GET /old HTTP/1.1", status="302"), line("GET /b HTTP/1.1", agent="Seekerbot")]
    assert read(tmp_path, *text).table.paths == ("/",)
    assert read(tmp_path, *text, redirects=True).table.paths == ("/", "/old")
    assert read(tmp_path, *text, bots=True).table.paths == ("/", "/b")


@pytest.mark.parametrize("word", BOTS)
def test_every_word_of_a_bot_counts_in_any_case(word: str) -> None:
    """The documented words are the ones looked for."""
    assert is_bot(f"Mozilla/5.0 (compatible; {word.upper()} 1.0)")
    assert not is_bot(PERSON)


def json_line(**fields: object) -> str:
    """A line as the reference site writes it; a field of None is left out."""
    said = {
        "time": "2026-11-20T10:00:00.250000Z",
        "request_id": "5e1f-1",
        "client": "198.51.100.7",
        "method": "GET",
        "host": "127.0.0.1:8000",
        "path": "/",
        "status": 200,
        "bytes": 5120,
        "cache": "HIT",
        "seconds": 0.000012,
        "user_agent": PERSON,
        "referer": "",
    } | fields
    return json.dumps({name: value for name, value in said.items() if value is not None})


def test_a_log_of_the_reference_site(tmp_path: Path) -> None:
    """Objects of JSON are read as the lines of servers are, with the same reasons to leave one out."""
    found = read(
        tmp_path,
        json_line(),
        json_line(path="/search?q=m%C3%BCsli", time="2026-11-20T10:00:04Z"),
        json_line(path="/search?q=m%C3%BCsli", status=304, time="2026-11-20T11:00:08+01:00", host=None),
        json_line(method="POST"),
        json_line(status=404),
        json_line(status=301),
        json_line(user_agent="Prometheus/2.42.0"),
        json_line(host="www.kitchen.example"),
        json_line(path="*"),
        json_line(path="/mint", user_agent=None, host="[::1]:8000"),
        hosts=("127.0.0.1", "::1"),
    )
    assert dict(zip(found.table.paths, found.table.weights, strict=True)) == {
        "/": 1.0,
        "/search?q=m%C3%BCsli": 2.0,
        "/mint": 1.0,
    }
    assert found.left_out == {
        "another status": 2,
        "not a GET": 1,
        "a bot": 1,
        "another host": 1,
        "no HTTP request": 1,
    }
    assert found.mean_rate == pytest.approx(4 / 7.75)


@pytest.mark.parametrize(
    "text",
    [
        json_line(time=None),
        json_line(time="yesterday"),
        json_line(time="2026-11-20T10:00:00"),
        json_line(time=5),
        json_line(method=None),
        json_line(path=None),
        json_line(path=["/"]),
        json_line(status="200"),
        json_line(status=None),
        json_line(user_agent=5),
        json_line()[:-1],
        json_line() + "}",
        '{"a":' * 10_000,
        "{}",
    ],
)
def test_an_object_that_is_no_line_of_a_log_is_counted(text: str, tmp_path: Path) -> None:
    """Half a line, or an object of another program, is left out as unreadable."""
    found = read(tmp_path, json_line(), text, json_line(), hosts=("127.0.0.1",))
    assert (found.kept, found.left_out) == (2, {"not in the log format": 1})


def test_several_files_in_any_order_are_one_log(tmp_path: Path) -> None:
    """Counts add up over files, compressed ones included, and rates span all of them."""
    early, late = tmp_path / "access.log.2.gz", tmp_path / "access.log"
    start = datetime(2026, 11, 20, 10, tzinfo=UTC)

    def moment(second: int) -> str:
        return (start + timedelta(seconds=second)).strftime("%d/%b/%Y:%H:%M:%S %z")

    early.write_bytes(gzip.compress("\n".join(line(moment=moment(second)) for second in range(120)).encode()))
    late.write_text("\n".join(line("GET /b HTTP/1.1", moment=moment(200)) for _ in range(300)))
    found = read_access_logs([late, early])
    assert dict(zip(found.table.paths, found.table.weights, strict=True)) == {"/b": 300.0, "/": 120.0}
    assert found.mean_rate == pytest.approx(420 / 200)
    assert found.peak_rate == pytest.approx(300 / 60)
    assert found.table.source == "access log access.log, access.log.2.gz"


def test_a_log_shorter_than_a_minute_has_no_peak_below_its_mean(tmp_path: Path) -> None:
    """The busiest minute is never slower than the whole."""
    found = read(tmp_path, *[line()] * 30)
    assert found.mean_rate == found.peak_rate == 30.0


JSON_LINE = '{"remote_ip":"198.51.100.7","request":{"method":"GET","uri":"/"},"status":200,"agent":"x"}'
W3C = "#Software: a server\n#Fields: date time c-ip cs-method cs-uri-stem sc-status\n2026-11-20 10:00:00 ::1 GET / 200"


@pytest.mark.parametrize("text", [JSON_LINE, W3C, "GET / 200"], ids=["json", "w3c", "other"])
def test_a_log_of_another_format_is_one_line(tmp_path: Path, text: str) -> None:
    """The error has the file, the line that does not fit, and one that would."""
    with pytest.raises(SwarmError, match=r"access\.log is no access log .*line 1 is '.*looks like 203\.0") as caught:
        read(tmp_path, *[text] * 5)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("data", [b"\x00\x01\x02", b"\xde\xad\xbe\xef"], ids=["control characters", "bytes"])
def test_a_log_that_is_no_text_is_called_so(tmp_path: Path, data: bytes) -> None:
    """Nothing of it is quoted."""
    path = tmp_path / "access.log"
    path.write_bytes(data)
    with pytest.raises(SwarmError, match=r"access\.log is no access log .*\(line 1 is not text\); .*looks like 203\.0"):
        read_access_logs([path])


def test_a_long_log_of_another_format_is_given_up_early(tmp_path: Path) -> None:
    """A thousand lines without one in the format are enough, even if one came later."""
    with pytest.raises(SwarmError, match="is no access log"):
        read(tmp_path, *[JSON_LINE] * 1000, *[line()] * 2000)


def test_a_log_that_is_mostly_something_else_is_refused(tmp_path: Path) -> None:
    """A few readable lines do not make a log; the first other one is named."""
    with pytest.raises(SwarmError, match=r"line 2 is '\{"):
        read(tmp_path, line(), *[JSON_LINE] * 2)


@pytest.mark.parametrize(
    ("text", "says"),
    [([], r"/access\.log is empty; give a log"), ([line(status="404")] * 3, r"none of 3 lines .*\(3 another status\)")],
)
def test_a_log_without_a_request_to_repeat_is_refused(tmp_path: Path, text: list[str], says: str) -> None:
    """The error says why every line was left out, with the log's path."""
    with pytest.raises(SwarmError, match=rf"^the access log {re.escape(str(tmp_path))}.*{says}"):
        read(tmp_path, *text)
