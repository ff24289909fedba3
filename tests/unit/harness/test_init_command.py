"""``anp init``: what is refused before anything is started."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cli import app
from harness.errors import ExitCode, UsageError

ONE = ["--before-command", "./serve {port}"]
TWO = [*ONE, "--after-env", "A=1"]
URLS = ["--before-url", "http://127.0.0.1:1", "--after-url", "http://127.0.0.1:2"]

REFUSED = [
    ([], "nothing says what before is; give one: --before-command COMMAND, --before-url URL, or --before-switch"),
    (ONE, "before and after are the same; say in what they differ"),
    (
        [*ONE, "--before-url", "http://127.0.0.1:1"],
        "--before-command and --before-url exclude each other; give one: --before-command",
    ),
    (URLS[:2], "nothing says what after is; give one: --after-command COMMAND"),
    ([*URLS, "--after-env", "A=1"], "after: env is for the arm's own command, and it has none; leave it out"),
    ([*ONE, "--after-env", "A"], "--after-env 'A' is not NAME=VALUE; for instance --after-env PAGE_CACHE=on"),
    (
        ["--before-command", "./serve 80"],
        "before: command './serve 80' does not say which port to listen on; write {port}",
    ),
    (["--before-command", "./serve '{port}"], "cannot be split into words (No closing quotation)"),
    (
        ["--before-switch", "./v1", "--after-switch", "./v2"],
        "takes all three: --url, --before-switch and --after-switch",
    ),
    ([*TWO, "--url", "nowhere"], "--url 'nowhere' is no origin; give one such as http://127.0.0.1:8000"),
    ([*TWO, "--url", "http://127.0.0.1:1"], "takes all three: --url, --before-switch and --after-switch"),
    ([*TWO, "--login", "a.toml", "--accounts", "b.csv"], "--login a.toml and --accounts b.csv exclude each other"),
    ([*TWO, "--ready", "healthz"], "--ready 'healthz' is not a path; it begins with /"),
    ([*TWO, "--sitemap", "https://www.example/map.xml"], "www.example is not this machine. If you are allowed to load"),
    ([*URLS[:2], "--after-url", "http://b.example"], "so: --i-may-load b.example"),
    ([*URLS[:2], "--after-url", "b.example"], "after: url 'b.example' is no origin; give one such as http"),
    ([*URLS[:2], "--after-url", "http://127.0.0.1:2/shop"], "after: url 'http://127.0.0.1:2/shop' is no origin"),
    ([*URLS[:2], "--after-url", f"{URLS[1]}/"], "before and after are the same; say in what they differ"),
    ([*TWO, "--login", "nowhere.toml"], "there is no recipe nowhere.toml; with --accounts FILE, anp init writes one"),
    ([*URLS[:2], "--after-url", "http://[b"], "after: url 'http://[b' is no origin"),
    (["nowhere/plan.toml", *TWO], "there is no folder nowhere for plan.toml; make it, or name another"),
]


@pytest.mark.parametrize(("words", "says"), REFUSED)
def test_a_refusal_is_one_line_and_writes_nothing(
    words: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be carried out is told with its value and the remedy, exit code 2."""
    monkeypatch.chdir(tmp_path)

    with pytest.raises(UsageError) as refusal:
        app(["init", *words], standalone_mode=False)

    assert says in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert refusal.value.exit_code == ExitCode.USAGE
    assert list(tmp_path.iterdir()) == []


def test_a_plan_that_is_there_is_refused_before_anything_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command is not even looked for."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plan.toml").write_text("mine")

    with pytest.raises(UsageError, match=r"^plan\.toml is there already; name another plan, or write over it with"):
        app(["init", *TWO], standalone_mode=False)
