"""Locustfiles of one's own: the examples of their document, run by ``anp`` and by locust against a small shop."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import tests.shop_site
from results.record import Record, read_record
from tests import warm
from tests.commands import example
from tests.servers import site_program
from tests.shop_site import ACCOUNTS, PRODUCTS
from tests.swarms import columns, finished, free_port, refused, start

GENERATOR = {"lag", "cpu", "achieved"}
"""Doubts that a busy machine raises."""


@pytest.fixture(scope="module")
def shop() -> Iterator[str]:
    """The shop as it should be."""
    with site_program(tests.shop_site.__file__) as url:
        yield url


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the document's files and the shop's addresses."""
    for name in ("shop_readers.py", "shop_members.py"):
        (tmp_path / name).write_text(example(name), encoding="utf-8")
    pages = [*(f"/p/{number}" for number in range(1, PRODUCTS + 1)), *(f"/c/{number}" for number in range(3))]
    (tmp_path / "urls.txt").write_text("\n".join(pages))
    return tmp_path


def swarm(folder: Path, url: str, file: str, *words: str) -> tuple[dict[str, Any], Record, int]:
    """Swarm for a second with a file; gives the JSON, the record and the exit code."""
    common = ("--duration", "1s", "--warmup", "0s", "--rate", "80", "--out", "runs", "--json")
    done = warm.anp("swarm", "--host", url, "--locustfile", file, *common, *words, folder=folder)
    assert done.stdout, done.stderr
    data = json.loads(done.stdout)
    return data, read_record(folder / data["record"]), done.returncode


def assert_valid(data: dict[str, Any]) -> None:
    """Nothing but the machine was at fault."""
    assert {doubt["code"] for doubt in data["doubts"] if doubt["invalid"]} <= GENERATOR, data["doubts"]


def refusal(folder: Path, url: str, file: str, *words: str) -> str:
    """The one line by which a file is refused."""
    done = warm.anp("swarm", "--host", url, "--locustfile", file, "--out", "runs", *words, folder=folder)
    assert (done.returncode, done.stdout) == (2, ""), done
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    return done.stderr


def test_the_shop_of_the_document_is_read_and_bought_in(shop: str, folder: Path) -> None:
    """Every persona asks for what it names, in its language; an order is requests of their own, each in order."""
    before = httpx.get(f"{shop}/seen").json()

    words = ("--urls", "urls.txt", "--allow-writes", "--prepare", "warm")
    data, record, _ = swarm(folder, shop, "shop_readers.py", *words)

    assert_valid(data)
    rows = columns(record)
    asked: dict[str, Counter[str]] = {}
    for persona, route in zip(rows["persona"], rows["route"], strict=True):
        asked.setdefault(persona, Counter())[route] += 1
    assert {name: set(counts) for name, counts in asked.items()} == {
        "reader": {"product", "c", "front"},
        "german": {"product", "c"},
        "buyer": {"order", "redirect", "basket", "front"},
    }
    assert len(set(asked["buyer"].values())) == 1  # every order came to its end
    assert asked["reader"]["product"] > asked["reader"]["c"]
    steps = {
        (route, hop)
        for route, hop, who in zip(rows["route"], rows["hop"], rows["persona"], strict=True)
        if who == "buyer"
    }
    assert steps == {("order", 0), ("redirect", 1), ("basket", 2), ("front", 3)}
    assert set(rows["error"]) == {"none"}
    marked = {
        check for check, route in zip(rows["check"], rows["route"], strict=True) if route in {"product", "basket"}
    }
    assert marked == {"ok"}
    seen = httpx.get(f"{shop}/seen").json()
    warmed = data["run"]["prepared"]["requests"] // 2  # each page once in either language
    assert 10 < warmed <= PRODUCTS + 4
    assert seen["de"] - before.get("de", 0) == asked["german"].total() + warmed


def test_a_record_names_the_file_and_holds_the_scenario(shop: str, folder: Path) -> None:
    """Name, SHA-256 and digest of the file, kinds with their marks, and nothing of the accounts."""
    file = folder / "shop_members.py"

    data, record, _ = swarm(folder, shop, str(file), "--prepare", "warm")

    assert_valid(data)
    kept = record.asked["locustfile"]
    assert kept["name"] == "shop_members.py"
    assert kept["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert record.asked["scenario"] == "shop_members"
    assert [kind["name"] for kind in record.plan["scenario"]["kinds"]] == ["product", "account"]
    assert record.asked["urls"]["login"]["accounts"] == len(ACCOUNTS)
    everything = b"".join(path.read_bytes() for path in record.path.iterdir())
    assert not [password for password in ACCOUNTS.values() if password.encode() in everything]
    assert b"Bearer" not in everything
    assert {(row["persona"], row["route"], row["cache"]) for row in data["rows"]} == {
        ("reader", "product", "MISS"),
        ("member", "product", "BYPASS"),
        ("member", "account", "BYPASS"),
    }
    assert data["run"]["logins"]["count"] == len(ACCOUNTS)


def test_locust_itself_runs_the_file_with_two_workers(shop: str, folder: Path) -> None:
    """``locust -f FILE`` with workers leaves the same record: all members are logged in, all pages are checked."""
    words = ("--host", shop, "--headless", "--rate", "80", "--duration", "1", "--out", "record", "--processes", "2")
    process = start(folder, folder / "shop_members.py", *words)

    rows = columns(finished(folder, process))

    assert set(rows["worker"]) == {0, 1}
    assert set(rows["check"]) == {"ok"}
    assert set(rows["error"]) == {"none"}
    assert {"product", "account"} == set(rows["route"])


def test_a_mark_that_is_missing_makes_the_figures_invalid(folder: Path) -> None:
    """One product without its headline is found, with the text, the kind and the address; the exit code is 4."""
    with site_program(tests.shop_site.__file__, "bare") as url:
        data, record, code = swarm(folder, url, "shop_readers.py", "--urls", "urls.txt", "--allow-writes")

    assert code == 4
    assert "checks" in {doubt["code"] for doubt in data["doubts"] if doubt["invalid"]}
    assert record.run is not None
    found = record.run["failed_checks"]
    assert {(each["check"], each["path"], each["expected"]) for each in found} == {
        ("wrong_page", "/p/7", "'<h1>Product' on a page of kind product")
    }


def test_what_steps_find_wrong_makes_the_figures_invalid(folder: Path) -> None:
    """A basket that loses what is put into it fails the assertion of the steps, which is quoted with its line."""
    with site_program(tests.shop_site.__file__, "forgetful") as url:
        data, record, code = swarm(folder, url, "shop_readers.py", "--urls", "urls.txt", "--allow-writes")

    assert code == 4
    assert "checks" in {doubt["code"] for doubt in data["doubts"] if doubt["invalid"]}
    assert record.run is not None
    (found,) = {(each["path"], each["got"]) for each in record.run["failed_checks"]}
    line = (
        example("shop_readers.py")
        .splitlines()
        .index('    assert f"{pieces} pieces" in basket.text, "the basket lost what was put into it"')
    )
    assert found == (
        "/basket",
        f"shop_readers.py line {line + 1}: AssertionError: the basket lost what was put into it",
    )
    assert "front" not in {row["route"] for row in data["rows"] if row["persona"] == "buyer"}


def test_members_of_ones_own_log_in_under_load(shop: str, folder: Path) -> None:
    """A persona that logs in by its clock takes the steps of the members, each a row."""
    storm = (
        example("shop_members.py")
        .replace("shop_members", "storm")
        .replace(
            '"member", share=0.5, routes={"product": 2, "account": 1}, logged_in=True',
            '"arrival", routes={"login": 1}, every_s=0.2',
        )
    )
    (folder / "storm.py").write_text(storm)

    data, record, _ = swarm(folder, shop, "storm.py", "--allow-writes", "--processes", "2")

    assert_valid(data)
    rows = columns(record)
    steps = Counter(
        (hop, check, status)
        for route, hop, check, status in zip(rows["route"], rows["hop"], rows["check"], rows["status"], strict=True)
        if route == "login"
    )
    assert steps == {(0, "unchecked", 200): 5, (1, "ok", 200): 5}


def test_members_who_cannot_be_believed_are_refused(shop: str, folder: Path) -> None:
    """A wrong password, and a mark that strangers see as well, are one line before any load."""
    wrong = example("shop_members.py").replace("shop_members", "wrong").replace("her password", "none of hers")
    (folder / "wrong.py").write_text(wrong)

    said = refusal(folder, shop, "wrong.py")

    assert "member account-1 could not log in" in said
    assert "POST /api/login gave status 401" in said
    assert "none of hers" not in said
    with site_program(tests.shop_site.__file__, "open") as url:
        assert "'Hello, {login}!' is on /account" in refusal(folder, url, "shop_members.py")


REFUSALS = [
    pytest.param("x = (", "mine.py line 1: '(' was never closed", id="syntax"),
    pytest.param(
        "import locustfiles\n\ny = locustfiles.Persona('a', share=1)",
        "mine.py line 3: persona 'a' asks for",
        id="value",
    ),
    pytest.param("def f():\n    return lost\n\nf()", "mine.py line 2: NameError: name 'lost' is not", id="exception"),
    pytest.param("from locustfiles import Marker", "mine.py line 1: ImportError: cannot import name", id="import"),
    pytest.param("x = 1", "mine.py defines no class derived from SwarmUser", id="nothing"),
    pytest.param(
        "from locustfiles import SwarmUser\nclass V(SwarmUser):\n    pass", "class V has no scenario", id="no-scenario"
    ),
    pytest.param(
        "import locust, locustfiles\n\nclass V(locustfiles.SwarmUser):\n    @locust.task\n    def more(self): ...\n\n"
        "    scenario = locustfiles.Scenario('mine', '', (locustfiles.Persona('a', 1, {'b': 1}),))",
        "mine.py line 3: class V has tasks of its own",
        id="tasks",
    ),
]
OFTEN = {"syntax", "exception", "nothing"}


@pytest.mark.parametrize(
    ("code", "says"),
    [p if p.id in OFTEN else pytest.param(*p.values, id=p.id, marks=pytest.mark.deep) for p in REFUSALS],
)
def test_a_file_that_is_no_swarm_is_one_line(code: str, says: str, folder: Path) -> None:
    """The line names the file, its line where there is one, and what is wrong; nothing is asked of any site."""
    (folder / "mine.py").write_text(code)

    assert says in refusal(folder, "http://127.0.0.1:1", "mine.py")


def test_a_scenario_is_called_as_its_file(folder: Path) -> None:
    """Another name is refused with both remedies."""
    (folder / "shop_buyers.py").write_text(example("shop_readers.py"))

    said = refusal(folder, "http://127.0.0.1:1", "shop_buyers.py")

    assert "defines scenario 'shop_readers'" in said
    assert "Scenario('shop_buyers', …), or call the file shop_readers.py" in said


def test_what_writes_needs_leave_to(shop: str, folder: Path) -> None:
    """Steps that send a form are refused on a site that may not be changed."""
    assert "does more than read (order)" in refusal(folder, shop, "shop_readers.py", "--urls", "urls.txt")


@pytest.mark.deep
def test_patterns_need_addresses(shop: str, folder: Path) -> None:
    """Kinds that a pattern knows, and no source of addresses, are refused with what to give."""
    said = refusal(folder, shop, "shop_readers.py", "--allow-writes")

    assert "knows pages of kind product by a pattern" in said
    assert "--urls, --sitemap or --access-log" in said


@pytest.mark.deep
def test_a_recipe_beside_members_of_ones_own_is_refused(shop: str, folder: Path) -> None:
    """There is one way to log in."""
    (folder / "login.toml").write_text(
        '[login]\npage = "/in"\nfields = { p = "{password}" }\n[accounts]\nlist = [["a", "b"]]\n'
        '[check]\npage = "/me"\nlogged_in = "Hi {login}"\n'
    )
    assert "a second way to log in" in refusal(folder, shop, "shop_members.py", "--login", "login.toml")


@pytest.mark.deep
def test_members_are_not_for_the_reference_site(cached: Any, folder: Path) -> None:
    """Whoever has members of their own and no addresses is told that the reference site has its own."""
    text = example("shop_members.py")
    kinds = text[text.index("    kinds=(") : text.index("    members=Members(")]
    text = text.replace(kinds, "").replace("product", "article").replace('account": 1', 'me": 1')
    (folder / "ours.py").write_text(text.replace("shop_members", "ours"))

    assert "are not the reference site's" in refusal(folder, cached.url, "ours.py")


def test_a_file_of_ones_own_runs_on_the_reference_site(cached: Any, folder: Path) -> None:
    """Without kinds, routes are the reference site's, and its pages are checked by their marks."""
    (folder / "feeds.py").write_text(
        "from locustfiles import Persona, Scenario, SwarmUser\n"
        "class Reader(SwarmUser):\n"
        "    scenario = Scenario('feeds', 'feeds', (Persona('reader', 1, {'feed': 1, 'article': 1}),))\n"
    )
    data, record, _ = swarm(folder, cached.url, "feeds.py")

    assert_valid(data)
    assert {row["route"] for row in data["rows"]} == {"feed", "article"}
    assert set(columns(record)["check"]) == {"ok"}


@pytest.mark.deep
def test_a_worker_with_another_file_is_refused(shop: str, folder: Path) -> None:
    """Master and worker must have the same scenario; the line names both digests."""
    port = str(free_port())
    other = folder / "other"
    other.mkdir()
    (other / "shop_members.py").write_text(example("shop_members.py") + "# a comment\n")
    network = ("--master-bind-host", "127.0.0.1", "--master-bind-port", port)
    words = ("--host", shop, "--headless", "--duration", "1", "--out", "record", "--expect-workers", "1")
    master = start(folder, folder / "shop_members.py", "--master", *network, *words)
    start(other, other / "shop_members.py", "--worker", "--master-port", port)

    assert "has a locustfile of its own, with digest" in refused(folder, master)
