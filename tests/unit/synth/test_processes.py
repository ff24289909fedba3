"""Work side by side: its results in order, its errors in their place, and an end when a process is killed."""

from __future__ import annotations

import os
import signal
from functools import partial

import pytest

from synth.processes import ProcessLostError, in_order


def long(number: int) -> bytes:
    """More than a pipe holds."""
    return number.to_bytes(4, "big") * 100_000


def broken(number: int) -> bytes:
    """A task that fails."""
    raise ValueError(f"task {number} fails")


def killed(number: int) -> bytes:
    """A task whose process does not live to its end."""
    os.kill(os.getpid(), signal.SIGKILL)
    return long(number)


def unfit(number: int) -> object:
    """A result that cannot be handed over."""
    return lambda: number


def who() -> int:
    """The process that does it."""
    return os.getpid()


@pytest.mark.parametrize("processes", [0, 1, 3])
def test_results_come_in_the_order_of_tasks(processes: int) -> None:
    """However many do them, and however few are asked for ahead."""
    for ahead in (0, 5):
        made = list(in_order((partial(long, each) for each in range(12)), processes, ahead))
        assert made == [long(each) for each in range(12)]


def test_others_do_the_work() -> None:
    """Without others it is done here; with one or two of them it is done elsewhere."""
    assert set(in_order([who] * 4, 0, 4)) == {os.getpid()}
    assert os.getpid() not in set(in_order([who] * 4, 1, 4))
    doers = set(in_order([who] * 4, 2, 4))
    assert os.getpid() not in doers


@pytest.mark.parametrize("processes", [0, 2])
def test_an_error_comes_in_its_place(processes: int) -> None:
    """What was done before it is handed out first."""
    made = in_order([partial(long, 0), partial(long, 1), partial(broken, 2), partial(long, 3)], processes, 4)
    assert [next(made), next(made)] == [long(0), long(1)]
    with pytest.raises(ValueError, match="task 2 fails"):
        next(made)


def test_a_result_that_cannot_be_handed_over_is_told_of() -> None:
    """It is no death of the process, which goes on."""
    made = in_order([partial(unfit, 0), partial(long, 1)], 2, 4)
    with pytest.raises(TypeError, match="what a task gave cannot be handed over"):
        next(made)


def test_a_process_that_is_killed_is_told_of() -> None:
    """And nobody waits for it."""
    made = in_order([partial(long, 0), partial(killed, 1), *(partial(long, each) for each in range(6))], 2, 8)
    assert next(made) == long(0)
    with pytest.raises(ProcessLostError, match="was killed; see that there is memory"):
        list(made)


def test_tasks_are_taken_on_only_so_far_ahead() -> None:
    """The rest is asked for when there is room for its results."""
    asked = []

    def tasks() -> object:
        for each in range(50):
            asked.append(each)
            yield partial(long, each)

    made = in_order(tasks(), 2, 3)  # type: ignore[arg-type]
    assert next(made) == long(0)
    assert len(asked) == 4
    made.close()
    assert len(asked) == 4
