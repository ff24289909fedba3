"""Trials whose arms are a site of the user's own: commands, addresses, one switched slot, revisions of a repository."""

from __future__ import annotations

import contextlib
import json
import os
import re
import resource
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from results.record import Record, read_record
from tests.trials import alive, descendants, loading, record_of, start, until

LITTLE = Path(__file__).parents[1] / "little_site.py"
COMMAND = f"{shlex.quote(sys.executable)} {shlex.quote(str(LITTLE))} {{port}}"
QUICK = "launches = {launches}\nseconds = 0.5\nrate = 20\nwarmup = 0.1\nsettle = 0\nkeep_awake = false\n"
CALM = ("--fail-on", "slower")  # the machine of a test is not a quiet one
SITE = '[site]\nsitemap = "/sitemap.xml"\naliases = ["little.example"]\n'


def arms(before: str, after: str | None = None) -> str:
    """Two sections of a plan, with the same lines if only one is given."""
    return f"[before]\n{before}\n[after]\n{before if after is None else after}\n"


def command(words: str = "", more: str = "") -> str:
    """The lines of an arm that is started by a command."""
    return f"command = {json.dumps(f'{COMMAND} {words}'.strip())}\n{more}"


def plan(*parts: str, launches: int = 1, top: str = "") -> str:
    """A plan that takes a few seconds."""
    return QUICK.format(launches=launches) + top + "".join(part + "\n" for part in parts)


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Wait for a trial to end: its exit code and what it said."""
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def running_children(folder: Path) -> list[psutil.Process]:
    """What servers of a trial have started and left, and still runs."""
    found = []
    for pid in (folder / "children").read_text().split():
        with contextlib.suppress(psutil.NoSuchProcess):
            found.append(psutil.Process(int(pid)))
    return alive(found)


def servers_of(folder: Path) -> list[psutil.Process]:
    """Servers of a trial in a folder that still run."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if str(LITTLE) in process.cmdline() and Path(process.cwd()) == folder:
                found.append(process)
    return alive(found)


def fastest_s(record: Record, arm: str) -> float:
    """The shortest service time of an arm, seconds."""
    return float(min(row["end"] - row["sent"] for row in record.table("requests").to_pylist() if row["arm"] == arm))


def last_line(err: str) -> str:
    """The error, which is one line, the last or before the record's place."""
    assert "Traceback" not in err
    return next(line for line in reversed(err.splitlines()) if line.startswith("error: "))


@contextlib.contextmanager
def running(*words: str, **environment: str) -> Iterator[str]:
    """The little site, run by the test; gives its origin."""
    process = subprocess.Popen(
        [sys.executable, str(LITTLE), "0", *words],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | environment,
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.communicate()


def test_servers_are_started_from_their_commands_and_stopped(tmp_path: Path) -> None:
    """Each launch has both servers afresh, hooks run before each of them and once at the end, nothing stays behind."""
    hooks = '[hooks]\nprepare = "echo $ANP_ARM $LITTLE_DELAY >> hooks"\nrollback = "echo rolled back >> hooks"'
    slow = command("child", "env = { LITTLE_DELAY = 0.01 }")
    process = start(tmp_path, "--json", *CALM, plan=plan(SITE, arms(command("child"), slow), hooks, launches=2))
    code, out, err = finish(process)

    record = read_record(record_of(tmp_path))
    assert record.run is not None, err
    assert (code, record.run["ended_by"]) == (0, "completed"), err
    settings = {arm["name"]: arm["settings"] for arm in record.plan["arms"]}
    assert settings["before"].keys() == {"command"}
    assert settings["after"]["LITTLE_DELAY"] == "0.01"
    assert json.loads(out)["kind"] == "trial"
    assert fastest_s(record, "after") >= 0.01
    said = (tmp_path / "hooks").read_text().splitlines()
    assert said[-1] == "rolled back"
    assert sorted(said[:2]) == ["after 0.01", "before"]
    assert len(said) == 1 + 2 * 3, "the pilot and two launches"
    ports = {arm["url"] for launch in record.launches() for arm in launch.asked["arms"]}
    assert len(ports) == 4
    assert len((tmp_path / "children").read_text().split()) == 6
    until(lambda: not running_children(tmp_path), "a server's own child was left")
    assert (record.path / "logs" / "launch-01-before.log").exists()
    assert not (record.path / "progress.json").exists()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            plan(SITE, arms(command("crash"))),
            r"command of \w+ ended with exit code 1 before it answered \(no such table: posts\); correct it: ",
        ),
        (
            plan(SITE + "ready_seconds = 0.3", arms(command("deaf"))),
            r"arm \w+ did not get ready within 0\.3 s: http://127\.0\.0\.1:\d+/ gave no answer \(connection refused\);",
        ),
        (
            plan(SITE + 'ready = "/health"\nready_seconds = 1.5', arms(command())),
            r"did not get ready within 1\.5 s: http://127\.0\.0\.1:\d+/health answered with status 404; is this the",
        ),
        (
            plan(SITE, arms('command = "no-such-server {port}"')),
            r"command of (before|after) cannot be started \(No such file or directory: no-such-server\); correct it: ",
        ),
        (
            plan(SITE, arms(command()), '[hooks]\nprepare = "echo error: disk is full; exit 3"'),
            r"prepare of (before|after) ended with exit code 3 \(disk is full\); correct the command: ",
        ),
        (
            plan(SITE, arms(command()), '[hooks]\nprepare = "exec sleep 60"\nseconds = 0.2'),
            r"prepare of (before|after) did not end within 0\.2 s \(exec sleep 60\); see .*\.log$",
        ),
        (
            plan(SITE, arms(command(), command("other"))),
            r"the arms are not one site: before answers /posts/\d+ with status 200, after with 404, and 100 % of the",
        ),
        (
            plan('[site]\nsitemap = "/map.xml"', arms(command())),
            r"http://127\.0\.0\.1:\d+/map\.xml cannot be fetched \(status 404\); check the address",
        ),
        (
            plan(
                SITE,
                arms(command()),
                '[hooks]\npurge = "echo no cache here >&2; exit 4"',
                top='prepare = "cold"\n',
            ),
            r"purge of before ended with exit code 4; correct the command: echo no cache here >&2; exit 4$",
        ),
        (
            plan(SITE, arms(command(), command("", "env = { LITTLE_BYTES = 900 }"))),
            r"the arms serve different pages: /posts/\d+ has 2,0\d\d bytes in before, 9\d\d in after, and 100 % of",
        ),
        (
            plan(SITE, arms(command("daemon"))),
            # in brackets the server's last word, if it had said it by then
            r"command of \w+ ended with exit code 0 before it answered(?: \(.*\))?; it must stay in the foreground: ",
        ),
        (
            plan(SITE + "ready_seconds = 3", arms(command().replace("{port}", "0 {port}"))),
            r"gave no answer \(connection refused\), and it listens on port \d+ \(does it heed \{port\}\?\); is",
        ),
    ],
    ids=[
        *(
            "exits",
            "deaf",
            "not-ready",
            "no-program",
            "prepare-fails",
            "prepare-hangs",
            "unlike",
            "no-sitemap",
            "purge",
        ),
        *("longer", "daemon", "elsewhere"),
    ],
)
def test_an_arm_that_cannot_be_used_is_one_line(tmp_path: Path, text: str, says: str) -> None:
    """What is wrong, the value and the remedy; exit code 2; whatever was started is stopped and rolled back."""
    if "[hooks]" not in text:
        text += "[hooks]\n"
    code, out, err = finish(start(tmp_path, plan=text + 'rollback = "touch rolled-back"\n'))

    assert (code, out) == (2, ""), err
    assert re.search(says, last_line(err)), last_line(err)
    assert (tmp_path / "rolled-back").exists()
    run = read_record(record_of(tmp_path)).run
    assert run is not None
    assert run["ended_by"] == "failed"
    assert run["reason"] == last_line(err).removeprefix("error: ")
    is_through = "requests a second" in err  # the pilot; what fails before would fail again
    assert err.splitlines()[-2].startswith("to go on with it: anp trial --resume " if is_through else "record: ")
    until(lambda: not servers_of(tmp_path), "a server runs on")


@pytest.mark.deep
def test_a_server_whose_port_was_taken_is_started_on_another(tmp_path: Path) -> None:
    """The first start ends as if somebody else had its port; the second is used."""
    code, _, err = finish(start(tmp_path, *CALM, plan=plan(SITE, arms(command("taken"), command()))))

    assert code == 0, err
    assert (tmp_path / "taken").exists()


@pytest.mark.deep
def test_servers_that_run_already_are_loaded_and_left_running(tmp_path: Path) -> None:
    """Two addresses are loaded side by side, in blocks; the claim is about these two deployments."""
    with running() as one, running(LITTLE_DELAY="0.01") as other:
        text = plan(SITE, arms(f'url = "{one}"', f'url = "{other}/"'))
        code, out, err = finish(start(tmp_path, "--json", *CALM, plan=text))

        assert code == 0, err
        with running():  # both still answer, or this one would be the only one
            assert all(subprocess.run(["curl", "-sf", url], check=False).returncode == 0 for url in (one, other))
    comparison = json.loads(out)
    assert (comparison["method"], comparison["grade"]) == ("duet", "A")
    assert comparison["caveats"][0].startswith("The claim is about these two deployments")


OWN = """
from locustfiles import PageKind, Persona, Scenario, SwarmUser

class Visitor(SwarmUser):
    scenario = Scenario(
        name="little_readers",
        summary="readers of the little site",
        personas=(Persona("fan", share=1.0, routes={"entry": 1}),),
        kinds=(PageKind("entry", pages=tuple(f"/posts/{n}" for n in range(5)), shows="<h1>/posts/"),),
    )
"""


def test_a_locustfile_of_ones_own_says_who_comes_and_what_for(tmp_path: Path) -> None:
    """Its personas and page kinds are those of the trial; no other source of addresses is needed."""
    (tmp_path / "little_readers.py").write_text(OWN)
    primary = '[[primary]]\npersona = "fan"\nroute = "entry"'
    top = 'locustfile = "little_readers.py"\nmethod = "rounds"\n'
    code, out, err = finish(start(tmp_path, "--json", *CALM, plan=plan(arms(command()), primary, top=top)))

    assert code == 0, err
    record = read_record(record_of(tmp_path))
    rows = record.table("requests").to_pylist()
    assert {(row["persona"], row["route"], row["check"]) for row in rows} == {("fan", "entry", "ok")}
    assert record.plan["scenario"] == "little_readers"
    assert next(gate for gate in json.loads(out)["gates"] if gate["code"] == "traffic")["ok"]


@pytest.mark.deep
def test_one_slot_is_switched_to_and_fro(tmp_path: Path) -> None:
    """The switch runs before every round, as before, after, after, before; the slot is rolled back at the end."""
    state = tmp_path / "state"
    state.write_text("0")
    slot = 'switch = "echo {} > state; echo $ANP_ARM $ANP_URL >> switched"'
    with running(LITTLE_STATE=str(state)) as url:
        text = plan(
            SITE + f'url = "{url}"',
            arms(slot.format("0"), slot.format("0.01")),
            '[hooks]\nrollback = "echo 0.5 > state"',
            launches=4,
        )
        code, out, err = finish(start(tmp_path, "--json", *CALM, plan=text))

    assert code == 0, err
    assert state.read_text().strip() == "0.5"
    assert "  rolled back: echo 0.5 > state" in err
    order = [line.split()[0] for line in (tmp_path / "switched").read_text().splitlines()]
    assert order == ["before", "after"] + ["before", "after", "after", "before"] * 2, "the pilot, then the rounds"
    assert {line.split()[1] for line in (tmp_path / "switched").read_text().splitlines()} == {url}
    comparison = json.loads(out)
    assert (comparison["method"], comparison["grade"]) == ("reversal", "B")


def test_a_switch_that_fails_half_way_is_rolled_back_and_said(tmp_path: Path) -> None:
    """Launches before it are kept, the slot is put back, and the line says what failed; load had begun, so it is 4."""
    with running() as url:
        counts = 'switch = "echo x >> count; test $(wc -l < count) -lt 5"'
        text = plan(SITE + f'url = "{url}"', arms(counts), '[hooks]\nrollback = "touch back"', launches=4)
        code, _, err = finish(start(tmp_path, plan=text))

    assert code == 4, err
    assert err.splitlines()[-2].startswith("to go on with it: anp trial --resume ")
    assert re.search(r"switch of after ended with exit code 1; correct the command: ", last_line(err))
    assert "  rolled back: touch back" in err
    assert (tmp_path / "back").exists()
    record = read_record(record_of(tmp_path))
    assert [launch.name for launch in record.launches()] == ["01.1-before", "01.2-after"]


@pytest.mark.deep
def test_a_rollback_that_fails_is_told_though_all_else_went_well(tmp_path: Path) -> None:
    """The trial came to its end and its record is complete, and yet the command fails."""
    hooks = '[hooks]\nrollback = "echo error: no connection; exit 7"'
    code, out, err = finish(start(tmp_path, plan=plan(SITE, arms(command()), hooks)))

    assert code == 4, err
    assert "error: not rolled back: rollback ended with exit code 7 (no connection)" in last_line(err)
    assert last_line(err).endswith("The verdict above stands")
    assert "further cells are in the report" in out
    run = read_record(record_of(tmp_path)).run
    assert run is not None
    assert run["ended_by"] == "completed"


@pytest.mark.deep
def test_caches_are_prepared_by_the_plans_commands(tmp_path: Path) -> None:
    """Cold: purged before each load, of either arm alike; warm: purged, then warmed, then every page asked for."""
    hooks = '[hooks]\npurge = "echo purge $ANP_ARM $WHO >> ../hooks"\nwarm = "echo warm $ANP_ARM $PWD >> ../hooks"'
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    both = [command("", f'folder = "{name}"\nenv = {{ WHO = "number {name}" }}') for name in ("one", "two")]
    code, out, err = finish(start(tmp_path, "--json", *CALM, plan=plan(SITE, arms(*both), hooks)))

    assert code == 0, err
    lines = (tmp_path / "hooks").read_text().splitlines()
    assert {line for line in lines if line.startswith("purge")} == {"purge before number one", "purge after number two"}
    assert {line for line in lines if line.startswith("warm")} == {
        f"warm before {tmp_path / 'one'}",
        f"warm after {tmp_path / 'two'}",
    }
    said = [" ".join(line.split()[:2]) for line in lines]
    alone = [word for arm in ("before", "after") for word in (f"purge {arm}", f"warm {arm}")]
    assert said[:4] == alone
    assert said[-4:] == ["purge before", "purge after", "warm before", "warm after"]
    (gate,) = [gate for gate in json.loads(out)["gates"] if gate["code"] == "preparation"]
    assert gate["measured"] is None
    assert "cannot be told: no reply came out of one" in gate["words"]


@pytest.fixture(scope="module")
def killed_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A trial of commands whose harness was killed in its second launch: its folder and its plan."""
    folder = tmp_path_factory.mktemp("killed")
    hooks = '[hooks]\nprepare = "echo $ANP_ARM >> prepared"\nrollback = "echo rolled back >> prepared"'
    text = plan(SITE, arms(command("child")), hooks, launches=3, top='method = "rounds"\n').replace("0.5", "3", 1)
    process = start(folder, plan=text)
    until(loading(folder, "launches/02.1-*"), "the second launch never began")
    everything = descendants(process)
    process.kill()
    process.communicate()
    until(lambda: not alive(everything), "a process outlived the harness")
    until(lambda: not running_children(folder), "a server's own child outlived it")
    until(lambda: "rolled back" in (folder / "prepared").read_text(), "nobody rolled back")
    return folder, text


@pytest.fixture
def killed(tmp_path: Path, killed_once: tuple[Path, str]) -> tuple[Path, str]:
    """A copy of its record, and its plan, which works in the folder it was begun in."""
    folder, text = killed_once
    return Path(shutil.copytree(record_of(folder), tmp_path / "record")), text


def test_a_killed_trial_goes_on_where_it_was(tmp_path: Path, killed: tuple[Path, str]) -> None:
    """Launches that ended are kept, the one under way is put aside and made again, and the record is complete."""
    directory, _ = killed
    first = {path: path.stat().st_mtime_ns for path in directory.glob("launches/01.*/requests.arrows")}
    assert len(first) == 2
    assert read_record(directory, allow_incomplete=True).run is None

    words = [sys.executable, "-m", "harness", "trial", "--resume", str(directory), "--json", *CALM]
    still_set = os.environ | {"ANP_TRIAL_LAUNCHES": "3"}  # a variable that says what the plan says is no other plan
    done = subprocess.run(
        words, cwd=tmp_path.parent, env=still_set, capture_output=True, text=True, check=False, timeout=120
    )

    assert done.returncode == 0, done.stderr
    record = read_record(directory)
    assert record.run is not None
    assert record.run["ended_by"] == "completed"
    assert [each["after"] for each in record.run["resumed"]] == ["killed"]
    assert {path: path.stat().st_mtime_ns for path in first} == first
    assert [launch.name[:4] for launch in record.launches()] == ["01.1", "01.2", "02.1", "02.2", "03.1", "03.2"]
    assert [path.name[:4] for path in sorted((directory / "cut-off" / "1" / "launches").iterdir())] == ["02.1"]
    assert len(json.loads(done.stdout)["launches"]) == 3
    again = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (again.returncode, again.stdout) == (2, "")
    assert f"{directory} is complete; to judge it once more: anp compare" in again.stderr


def test_a_trial_goes_on_with_no_other_plan(tmp_path: Path, killed: tuple[Path, str]) -> None:
    """Another plan file, a record whose plan was changed, and a flag that changes it are refused by the hash."""
    directory, text = killed
    base = [sys.executable, "-m", "harness", "trial"]

    def refused(*words: str) -> str:
        done = subprocess.run([*base, *words], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (2, "")
        return done.stderr

    (tmp_path / "plan.toml").write_text(text.replace("rate = 20", "rate = 25"))
    assert re.search(
        r"the plan has hash \w{16}, the record .* was begun with \w{16};",
        refused("plan.toml", "--resume", str(directory)),
    )
    assert "the plan has hash" in refused("--resume", str(directory), "--launches", "9")
    told = json.loads((directory / "plan.json").read_text())
    told["resolved"]["rate"] = 21
    (directory / "plan.json").write_text(json.dumps(told))
    assert re.search(
        r"plan\.json was changed: its plan has hash \w{16}, and says \w{16}; run", refused("--resume", str(directory))
    )


def go_on(directory: Path) -> subprocess.CompletedProcess[str]:
    """Resume a trial to its end."""
    words = [sys.executable, "-m", "harness", "trial", "--resume", str(directory), *CALM]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.deep
@pytest.mark.parametrize(
    ("seconds", "rate", "says", "aside"),
    [
        ("3", "150", "File too large", 1),
        ("0.5", "20", "all launches are kept, but cannot write the report", 0),
    ],
    ids=["rows", "report"],
)
def test_a_full_disk_ends_a_trial_in_one_line_and_it_goes_on_when_there_is_room(
    tmp_path: Path, seconds: str, rate: str, says: str, aside: int
) -> None:
    """Rolled back, with exit code 4 and the command that goes on; what was recorded is kept."""
    hooks = '[hooks]\nrollback = "touch rolled-back"'
    text = plan(SITE, arms(command()), hooks, top='method = "rounds"\n')
    text = text.replace("0.5", seconds, 1).replace("20", rate, 1)
    (tmp_path / "plan.toml").write_text(text)
    full = subprocess.run(
        [sys.executable, "-m", "harness", "trial", "plan.toml", "--out", "runs"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000)),
    )

    assert full.returncode == 4, full.stderr
    assert says in last_line(full.stderr)
    assert (tmp_path / "rolled-back").exists()
    directory = record_of(tmp_path)
    assert read_record(directory, allow_incomplete=True).table("requests").num_rows > 0
    done = go_on(directory)
    assert done.returncode == 0, done.stderr
    record = read_record(directory)
    assert record.run is not None
    assert record.run["ended_by"] == "completed"
    assert len(record.launches()) == 2
    assert len(list(directory.glob("cut-off/1/*/*"))) == aside


@pytest.mark.deep
@pytest.mark.parametrize("which", ["locust", "little_site", "watchdog"])
def test_whichever_process_is_killed_nothing_is_left_and_the_trial_goes_on(tmp_path: Path, which: str) -> None:
    """A swarm or a server that is killed ends the trial with one line that says so; the watchdog is not missed."""
    text = plan(SITE, arms(command("child")), top='method = "rounds"\n', launches=2).replace("0.5", "3", 1)
    process = start(tmp_path, *CALM, plan=text)
    until(loading(tmp_path, "launches/01.2-*"), "the second round never began")
    everything = descendants(process)
    named = [one for one in everything if any(which in word for word in one.cmdline())]
    named[-1].kill()
    code, _, err = finish(process)

    assert not alive(everything)
    until(lambda: not running_children(tmp_path), "a server's own child was left")
    if which == "watchdog":
        assert code == 0, err
        return
    assert code == 4, err
    assert re.search(r"(?:the swarm|site '\w+') was killed by SIGKILL", last_line(err))
    done = go_on(record_of(tmp_path))
    assert done.returncode == 0, done.stderr
    record = read_record(record_of(tmp_path))
    assert [launch.name[:4] for launch in record.launches()] == ["01.1", "01.2", "02.1", "02.2"]
    assert list(record.path.glob("cut-off/1/launches/01.2-*/requests.arrows"))


# -- revisions of a repository ---------------------------------------------------------------------------------------


def git(folder: Path, *words: str) -> str:
    """What git says."""
    who = ["-c", "user.name=Nobody", "-c", "user.email=nobody@example.org"]
    return subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """The little site in two commits, of which the second is slower, and a work tree with a change."""
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    text = LITTLE.read_text().replace("little.example", "127.0.0.1")
    (folder / "app.py").write_text(text)
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message=A site")
    (folder / "app.py").write_text(text.replace('"LITTLE_DELAY", "0"', '"LITTLE_DELAY", "0.01"'))
    git(folder, "commit", "--quiet", "--all", "--message=A slower site")
    (folder / "app.py").write_text("raise SystemExit('the work tree was run')")
    return folder


def trial_of(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a trial of two revisions."""
    argv = [sys.executable, "-m", "harness", "trial", "--out", str(folder.parent / "runs"), *words]
    return subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False, timeout=120)


SMALL = (*CALM, "--launches", "1", "--seconds", "0.5", "--rate", "20")
SERVE = ("--", sys.executable, "app.py", "{port}")


def test_two_revisions_are_compared_beside_a_changed_work_tree(repository: Path) -> None:
    """Each runs from a work tree of its own, set up there; the repository is left as it was."""
    before = git(repository, "status", "--porcelain", "--branch")
    setup = 'mkdir -p .venv/bin && cp "$(command -v env)" .venv/bin/own-program && own-program true'
    done = trial_of(repository, "--git", "HEAD~1..main", "--setup", setup, "--json", *SMALL, *SERVE)

    assert done.returncode == 0, done.stderr
    record = read_record(record_of(repository.parent))
    settings = [arm["settings"]["revision"] for arm in record.plan["arms"]]
    assert [text.partition(" ")[2] for text in settings] == ["A site", "A slower site"]
    assert fastest_s(record, "after") >= 0.01
    assert "not committed, and so in neither arm: app.py" in done.stderr
    assert git(repository, "status", "--porcelain", "--branch") == before
    assert len(git(repository, "worktree", "list").splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--git", "HEAD~1..main", "--setup", "echo error: no compiler; exit 2", *SERVE),
         r"setup of before \(\w{10}\) ended with exit code 2 \(no compiler\); correct the command: echo error"),
        (("--git", "v9..main", *SERVE), r"has no revision 'v9'; name a branch, a tag or a commit \(git log\)"),
        (("--git", "HEAD..main", *SERVE), r"HEAD and main are one commit, \w{10}; name two that differ"),
        (("--git", "main", *SERVE), r"--git 'main' is not a range of two revisions; write BEFORE\.\.AFTER"),
        (("--git", "HEAD~1..main"), r"--git starts either revision by one command; give it after --"),
        (("--git", "HEAD~1..main", "--", "python", "app.py"), r"does not say which port to listen on; write \{port\}"),
        (("--setup", "make", "--preset", "same"), r"--setup 'make' has no effect: it sets up the revisions of --git"),
        (("--git", "HEAD~1..main", "--bisect", "reader posts", *SERVE), r"--bisect 'reader posts' is no cell; name"),
        (("--git", "HEAD~1..main", "--bisect", "reader posts p42", *SERVE), r"unknown quantile 'p42'"),
        (("--git", "main..HEAD~1", "--bisect", "reader posts p50", *SERVE), r"is no ancestor of \w+ along its first"),
    ],
    ids=["setup", "unknown", "same", "no-range", "no-command", "no-port", "idle-setup", "no-cell", "quantile", "order"],
)  # fmt: skip
def test_revisions_that_cannot_be_compared_are_one_line(repository: Path, words: tuple[str, ...], says: str) -> None:
    """With exit code 2, and no work tree left."""
    done = trial_of(repository, *words)

    assert (done.returncode, done.stdout) == (2, "")
    assert re.search(says, last_line(done.stderr)), done.stderr
    assert len(git(repository, "worktree", "list").splitlines()) == 1


def test_a_shallow_clone_and_no_clone_are_told(repository: Path, tmp_path: Path) -> None:
    """With what helps: it is the usual mistake where a build server fetches one commit."""
    git(tmp_path, "clone", "--quiet", "--depth=1", repository.as_uri(), "shallow")
    words = ("--git", "HEAD^1..HEAD", *SERVE)

    shallow = trial_of(tmp_path / "shallow", *words)
    none = trial_of(tmp_path, *words)

    assert (shallow.returncode, none.returncode) == (2, 2)
    assert "has no revision 'HEAD^1'; the clone is shallow, so fetch more of it" in last_line(shallow.stderr)
    assert f"{tmp_path} is in no git repository; run the trial in one, or name it in the plan" in last_line(none.stderr)


def test_work_trees_of_a_killed_trial_are_removed(repository: Path) -> None:
    """Whoever kills the harness leaves no work tree behind, and no entry of one in the repository."""
    argv = [sys.executable, "-m", "harness", "trial", "--git", "HEAD~1..main", "--out", str(repository.parent / "runs")]
    process = subprocess.Popen(
        [*argv, "--setup", "touch ../ready; exec sleep 600", *SERVE],
        cwd=repository,
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    until(lambda: len(git(repository, "worktree", "list").splitlines()) == 2, "no work tree came")
    everything = psutil.Process(process.pid).children(recursive=True)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()

    until(lambda: len(git(repository, "worktree", "list").splitlines()) == 1, "a work tree stayed")
    until(lambda: not alive(everything), "a process stayed")
