"""A trial that was cut off: what is kept, what is put aside, and who may go on."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness import resuming
from harness.errors import UsageError
from harness.progress import Steps
from harness.resuming import State
from harness.rig import Rig
from harness.trial_plan import TrialPlan
from results.record import launch_directory, read_record
from tests.trials import until

PLAN = TrialPlan.model_validate({"launches": 4, "method": "rounds", "keep_awake": False})


def begun(folder: Path, *, done: list[int], ended: bool = False) -> Path:
    """The record of a trial that was cut off after these launches, with one under way."""
    with contextlib.suppress(RuntimeError), Rig.open(PLAN, folder, [], Steps()) as rig:
        rig.facts["method"] = "rounds"
        rig.keep(rate=20.0, seconds=3.0, done=done)
        for number in (*done, len(done)):
            for place in ("1-before", "2-after"):
                launch = launch_directory(rig.directory, number)
                launch.with_name(f"{launch.name}.{place}").mkdir(parents=True)
        raise RuntimeError("the disk is full")
    (directory,) = [path for path in folder.iterdir() if path.is_dir()]
    if not ended:
        (directory / "run.json").unlink()
    return directory


@pytest.mark.parametrize("ended", [True, False])
def test_launches_that_ended_are_kept_and_the_rest_put_aside(tmp_path: Path, *, ended: bool) -> None:
    """Whether the trial said why it ended or was killed, which is told at the end."""
    directory = begun(tmp_path, done=[0, 1], ended=ended)

    writer, state = resuming.take_up(PLAN, directory)

    assert (state.done, state.rate, state.seconds, state.facts["method"]) == ([0, 1], 20.0, 3.0, "rounds")
    assert sorted(path.name[:2] for path in (directory / "launches").iterdir()) == ["01", "01", "02", "02"]
    aside = directory / "cut-off" / "1" / "launches"
    assert sorted(path.name for path in aside.iterdir()) == ["03.1-before", "03.2-after"]
    assert not writer.is_finished
    assert not read_record(directory, allow_incomplete=True).is_complete
    assert state.resumed[0]["after"] == ("the disk is full" if ended else "killed")


def test_without_a_finished_launch_all_is_made_again(tmp_path: Path) -> None:
    """A trial that was cut off before its pilot was over has no state, and begins anew in its record."""
    directory = begun(tmp_path, done=[])
    (directory / "progress.json").unlink()
    (directory / "pilot" / "before").mkdir(parents=True)

    _, state = resuming.take_up(PLAN, directory)

    assert (state.done, state.rate, state.facts) == ([], 0.0, {})
    assert list((directory / "launches").iterdir()) == []
    assert [path.name for path in (directory / "cut-off" / "1" / "pilot").iterdir()] == ["before"]


def test_the_plan_is_read_back_as_it_was_resolved(tmp_path: Path) -> None:
    """Equal in every key; what was not said is not taken for said."""
    plan = resuming.plan_of(begun(tmp_path, done=[0]))

    assert plan == PLAN
    assert "members" not in plan.model_fields_set


def test_another_plan_is_refused(tmp_path: Path) -> None:
    """By its hash, before anything is put aside."""
    directory = begun(tmp_path, done=[0])

    with pytest.raises(
        UsageError, match=r"the plan has hash \w{16}, the record .* was begun with \w{16}; give the plan"
    ):
        resuming.take_up(PLAN.model_copy(update={"launches": 6}), directory)
    assert not (directory / "cut-off").exists()


def test_a_plan_that_was_changed_in_the_record_is_refused(tmp_path: Path) -> None:
    """Nobody turns a trial into another one while it rests."""
    directory = begun(tmp_path, done=[0])
    told = json.loads((directory / "plan.json").read_text())
    told["resolved"]["launches"] = 2
    (directory / "plan.json").write_text(json.dumps(told))

    with pytest.raises(UsageError, match=r"plan\.json was changed: its plan has hash"):
        resuming.plan_of(directory)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for another process."""
    monkeypatch.setattr(resuming, "PATIENCE_S", 0.0)


@pytest.mark.usefixtures("impatient")
def test_one_process_at_a_time_carries_out_a_record(tmp_path: Path) -> None:
    """A second one is told to wait, and has touched nothing of the launch under way."""
    directory = begun(tmp_path, done=[0])
    before = sorted(directory.rglob("*"))

    with resuming.alone(directory):
        with (
            pytest.raises(UsageError, match="another process is carrying out"),
            Rig.open(PLAN, None, [], Steps(), resume=directory),
        ):
            pass
        assert sorted(directory.rglob("*")) == before
    with resuming.alone(directory):
        pass


@pytest.mark.usefixtures("impatient")
def test_a_record_is_not_gone_on_with_while_somebody_cleans_up_after_a_killed_harness(tmp_path: Path) -> None:
    """The watchdog holds on to it until the last command that undoes has ended."""
    directory = begun(tmp_path, done=[0])
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    script = (
        "import os, pathlib\n"
        "from harness import resuming\n"
        "from harness.watchdog import Watchdog\n"
        f"with resuming.alone(pathlib.Path({str(directory)!r})) as lock:\n"
        f"    with Watchdog.on_guard(pathlib.Path({str(tmp_path / 'log')!r}), lock) as dog:\n"
        f"        dog.undo_later('wait', ['/bin/sh', '-c', 'read line < {gate}'])\n"
        "        os.kill(os.getpid(), 9)\n"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -signal.SIGKILL

    with pytest.raises(UsageError, match="or cleaning up after one that was killed"), resuming.alone(directory):
        pass
    gate.write_text("go on\n")
    until(lambda: _is_free(directory), "the watchdog never let go")


def _is_free(directory: Path) -> bool:
    with contextlib.suppress(UsageError), resuming.alone(directory):
        return True
    return False


def test_a_complete_record_and_a_swarm_are_not_gone_on_with(tmp_path: Path) -> None:
    """Each with what to do instead."""
    with Rig.open(PLAN, tmp_path, [], Steps()) as rig:
        rig.keep(rate=1.0)
        rig.finish({})
    assert not (rig.directory / "progress.json").exists()
    with pytest.raises(UsageError, match="is complete; to judge it once more: anp compare"):
        resuming.plan_of(rig.directory)
    swarm = tmp_path / "swarm"
    swarm.mkdir()
    (swarm / "plan.json").write_text(json.dumps({"format": 1, "kind": "swarm"}))
    with pytest.raises(UsageError, match="is the record of a swarm; trials can be gone on with"):
        resuming.plan_of(swarm)


def test_the_state_comes_back_as_it_was_kept(tmp_path: Path) -> None:
    """Every field of it."""
    state = State(12.0, 9.0, {"method": "duet"}, [3.0], [0, 2], [{"at": "now", "after": "killed"}])
    resuming.write(tmp_path, state)

    assert State(**json.loads((tmp_path / "progress.json").read_text())) == state
    assert state.history() == {"resumed": [{"at": "now", "after": "killed"}]}
    assert State().history() == {}
