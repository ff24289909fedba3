"""Plans of one's own site: what contradicts itself is refused before anything starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.own_site import check_files
from harness.trial_plan import TrialPlan, load

SITE = '[site]\nsitemap = "/sitemap.xml"\n'
COMMAND = 'command = "serve {port}"\n'
URL = '[before]\nurl = "http://127.0.0.1:8001"\n[after]\nurl = "http://127.0.0.1:8002"\n'
SWITCH = '[before]\nswitch = "deploy old"\n[after]\nswitch = "deploy new"\n'
SLOT = SITE + 'url = "http://127.0.0.1:8000"\n'


def read(folder: Path, text: str) -> TrialPlan:
    """The plan in a text."""
    (folder / "plan.toml").write_text(text, encoding="utf-8")
    return load(folder / "plan.toml", None, {})


def both(line: str) -> str:
    """Two arms of the same line."""
    return f"[before]\n{line}[after]\n{line}"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (SITE + "[before]\n" + COMMAND, r"\[before\] has a command and \[after\] settings of the reference site;"),
        (SITE + '[before]\nurl = "http://a"\nswitch = "x"\n', r"an arm has both url and switch; it is reached"),
        (SITE + both('command = "serve"\n'), r"command 'serve' does not say which port to listen on; write \{port\}"),
        (SITE + both('command = "serve {prot}"\n'), r"unknown placeholder 'prot'; did you mean 'port'\?"),
        (SITE + both('command = "serve {port"\n'), r"command word '\{port': .*; a brace of its own is written twice"),
        (SITE + both("command = \"serve '{port}\"\n"), r"cannot be split into words \(No closing quotation\); close"),
        (SITE + both('command = ""\n'), r"command is empty; give what starts the server"),
        (both(COMMAND), r"\[site\] does not say which pages to ask for; give sitemap, urls or access_log"),
        (SITE + 'urls = "u.txt"\n' + both(COMMAND), r"\[site\] has both urls and sitemap; addresses come from one"),
        (SITE + 'ready = "health"\n' + both(COMMAND), r"ready is 'health'; give a path that begins with /"),
        (SITE + "ready_second = 3\n" + both(COMMAND), r"unknown key of \[site\] 'ready_second'; did you mean 'ready"),
        (SITE + "[hooks]\npurg = 'x'\n" + both(COMMAND), r"unknown key of \[hooks\] 'purg'; did you mean 'purge'\?"),
        (SITE + both(COMMAND + "comand = 3\n"), r"unknown key of \[before\] 'comand'; did you mean 'command'\?"),
        (SITE, r"\[site\] is for a site of your own, and neither \[before\] nor \[after\] says where"),
        ('[hooks]\npurge = "x"\n', r"\[hooks\] is for a site of your own"),
        ('scenario = "crawl"\nlocustfile = "mine.py"\n', r"scenario 'crawl' and locustfile mine\.py exclude"),
        ("[corpus]\ncount = 9\n" + SITE + both(COMMAND), r"\[corpus\] is of the reference site, and"),
        (SITE + URL.replace("8002", "8001"), r"both arms are http://127\.0\.0\.1:8001; give two addresses, or one"),
        ("again = true\n" + SITE + URL, r"again needs a second copy of before, and a url cannot be copied; leave it"),
        ("again = true\nlaunches = 4\n" + SLOT + SWITCH, r"again needs .*, and a switch cannot be copied"),
        ('method = "duet"\n' + SLOT + SWITCH, r"method duet needs both arms at once, and a switched slot holds one"),
        ('method = "reversal"\n' + SITE + URL, r"a reversal has one slot, and the arms have an address each;"),
        ("launches = 7\n" + SLOT + SWITCH, r"a reversal goes before, after, after, before over two launches: launches"),
        (SITE + SWITCH, r"\[site\] does not say where the switched slot is; give its address, such as url ="),
        (SLOT + both(COMMAND), r"\[site\] url is the address of a switched slot, and the arms have their own; leave"),
        ('prepare = "cold"\n' + SITE + both(COMMAND), r"prepare = cold empties the caches, and nothing says how"),
        (SITE + URL.replace("127.0.0.1:8002", "shop.example"), r'shop\.example is not this machine; .* i_may_load'),
        (SITE + both('url = "127.0.0.1:8001"\n'), r"url '127\.0\.0\.1:8001' is no origin; give one such as http://"),
        (SITE + both('url = "http://127.0.0.1:8001/blog"\n'), r"url .* is no origin"),
        (SITE + both('url = "http://127.0.0.1:8001"\nenv = { A = "1" }\n'), r"env is for the arm's own command,"),
        (SITE + both(COMMAND + 'env = { "A=B" = "x" }\n'), r"env: 'A=B' is no name of a variable; give one without ="),
        (SITE + both(COMMAND + 'env = { "" = "x" }\n'), r"env: '' is no name of a variable"),
        (SITE + both(COMMAND + 'env = { A = "a\\u0000b" }\n'), r"a null byte is in (?:before|env); leave it out"),
        ('[git]\nbefore = "main"\n' + SITE + URL, r"\[git\] takes a command that starts a revision,"),
        (SITE + both(COMMAND) + '[git]\nafter = "main"\n', r"\[git\] lacks its before"),
    ],
)  # fmt: skip
def test_a_plan_that_contradicts_itself_is_refused_in_one_line(tmp_path: Path, text: str, says: str) -> None:
    """Saying what, the value and the remedy, and in which file."""
    with pytest.raises(UsageError, match=says) as refusal:
        read(tmp_path, text)

    assert "\n" not in str(refusal.value)
    assert str(refusal.value).startswith(f"plan file {tmp_path / 'plan.toml'}: ")


def test_files_are_seen_from_the_plan(tmp_path: Path) -> None:
    """Addresses, recipe, locustfile and folders are where the plan file is, whoever reads it from where."""
    text = 'locustfile = "mine.py"\n[site]\naccess_log = ["a.log"]\nlogin = "login.toml"\n' + both(COMMAND)
    plan = read(tmp_path, text + 'folder = "app"\n')

    assert (plan.locustfile, plan.site.login) == (tmp_path / "mine.py", tmp_path / "login.toml")
    assert plan.site.access_log == (tmp_path / "a.log",)
    assert (plan.before.folder, plan.after.folder) == (tmp_path / ".", tmp_path / "app")


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("/sitemap.xml", "/sitemap.xml"),
        ("http://a/s.xml", "http://a/s.xml"),
        ("maps/a b.xml", "file://{}/maps/a%20b.xml"),
    ],
)
def test_a_sitemap_is_a_path_on_the_arm_a_url_or_a_file(tmp_path: Path, word: str, meant: str) -> None:
    """By its beginning."""
    assert read(tmp_path, f'[site]\nsitemap = "{word}"\n' + both(COMMAND)).site.sitemap == meant.format(tmp_path)


def test_defaults_fit_how_the_arms_are_reached(tmp_path: Path) -> None:
    """Readers alone where nobody can log in; a reversal where there is one slot; and what is said is kept."""
    login = SITE + 'login = "login.toml"\n'
    assert read(tmp_path, SITE + both(COMMAND)).scenario == "cache_hit"
    assert read(tmp_path, login + both(COMMAND)).scenario == "readers_and_members"
    assert read(tmp_path, 'scenario = "crawl"\n' + login + both(COMMAND)).scenario == "crawl"
    assert [read(tmp_path, text).method for text in (SITE + both(COMMAND), SITE + URL, SLOT + SWITCH)] == [
        "auto",
        "auto",
        "reversal",
    ]
    assert read(tmp_path, "").scenario == "readers_and_members"
    assert read(tmp_path, 'locustfile = "mine.py"\n').scenario == "mine"


def test_an_arm_is_told_by_what_makes_it(tmp_path: Path) -> None:
    """Its command, address or switch, and its variables; a label stands for the command."""
    plan = read(tmp_path, SITE + both(COMMAND + "env = { CACHE = true, SIZE = 3 }\n"))
    assert plan.before.settings() == {"command": "serve {port}", "CACHE": "true", "SIZE": "3"}
    assert plan.before.argv({"port": "81", "url": "u", "arm": "before"}) == ["serve", "81"]
    words = read(tmp_path, SITE + both('command = ["a b", "{port}", "{{}}"]\n')).before
    assert words.settings() == {"command": "'a b' '{port}' '{{}}'"}
    assert words.argv({"port": "81", "url": "u", "arm": "before"}) == ["a b", "81", "{}"]
    assert read(tmp_path, SITE + URL).after.settings() == {"url": "http://127.0.0.1:8002"}
    assert read(tmp_path, SLOT + SWITCH).after.settings() == {"switch": "deploy new"}


def test_the_hash_is_of_what_is_asked_for(tmp_path: Path) -> None:
    """Equal plans have equal hashes, whether a default is said or not; another value has another hash."""
    one = read(tmp_path, SITE + both(COMMAND))
    same = read(tmp_path, "launches = 8\n" + SITE + both(COMMAND))
    other = read(tmp_path, "launches = 9\n" + SITE + both(COMMAND))

    assert one.hash == same.hash
    assert one.hash != other.hash
    assert TrialPlan.model_validate(one.model_dump(mode="json", exclude_unset=True)).hash == one.hash


def test_authorities_that_are_none_are_refused_before_anything_starts(tmp_path: Path) -> None:
    """A file that holds no certificate is no reason to wait for a site."""
    (tmp_path / "a.pem").write_text("no certificate")
    plan = read(tmp_path, SITE + 'ca_file = "a.pem"\n' + both(COMMAND))

    with pytest.raises(UsageError, match=r"\[site\] ca_file: .*a\.pem holds no certificate; give authorities as PEM"):
        check_files(plan)
