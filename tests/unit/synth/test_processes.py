"""Work side by side: its results in order, its errors in their place, and an end when a process is killed."""

from __future__ import annotations

import os
import signal
from functools import partial
from pathlib import Path

import pytest

from synth.processes import Held, ProcessLostError, in_order, put_in_order


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


def mask() -> set[int]:
    """The signals that are kept from this process, from its first moment on."""
    return set(signal.pthread_sigmask(signal.SIG_BLOCK, []))


def test_others_do_not_hear_of_ctrl_c_but_this_process_does() -> None:
    """Not even while they start: it is here that is said what becomes of the work."""
    assert all(signal.SIGINT in theirs for theirs in in_order([mask] * 4, 2, 4))
    assert signal.SIGINT not in mask()


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


def piece(number: int) -> bytes:
    """Another length each."""
    return str(number).encode() * (1 + number * 7919 % 5000)


def held(path: Path, number: int) -> Held[int]:
    """A piece of a file, which hands back the process that writes it."""
    data = piece(number)
    return Held(len(data), partial(put, path, data))


def put(path: Path, data: bytes, place: int) -> int:
    """Write a piece where it belongs."""
    with path.open("r+b") as file:
        file.seek(place)
        file.write(data)
    return os.getpid()


def not_put(number: int) -> Held[int]:
    """A piece that cannot be written, which is found out only then."""
    return Held(7, partial(broken_put, number))


def broken_put(number: int, place: int) -> int:
    """Fail."""
    raise OSError(28, f"no room for {number} at {place}")


@pytest.mark.parametrize("processes", [0, 1, 3])
def test_pieces_are_put_one_behind_the_other(processes: int, tmp_path: Path) -> None:
    """Each by the process that made it, whichever is made first, behind what is there already."""
    path = tmp_path / "file"
    path.write_bytes(b"begun")
    done = list(put_in_order((partial(held, path, each) for each in range(40)), processes, 5))

    whole = b"begun"
    for (end, _), number in zip(done, range(40), strict=True):
        whole += piece(number)
        assert end == len(whole)
    assert path.read_bytes() == whole
    assert (os.getpid() in {who for _, who in done}) == (processes == 0)


@pytest.mark.parametrize("processes", [0, 2])
@pytest.mark.parametrize(("fails", "message"), [(broken, "task 2 fails"), (not_put, "no room for 2 at")])
def test_a_piece_that_fails_is_told_of_in_its_place(
    processes: int, fails: object, message: str, tmp_path: Path
) -> None:
    """Made or put: those before it are there, and nobody waits for ever behind it."""
    path = tmp_path / "file"
    path.touch()
    tasks = [partial(held, path, 0), partial(held, path, 1), partial(fails, 2)]  # type: ignore[arg-type]
    done = put_in_order([*tasks, *(partial(held, path, each) for each in range(3, 12))], processes, 0)
    next(done)
    end, _ = next(done)
    assert path.read_bytes()[:end] == piece(0) + piece(1)
    with pytest.raises((ValueError, OSError), match=message):
        next(done)


def test_a_process_that_is_killed_before_its_piece_is_put_is_told_of(tmp_path: Path) -> None:
    """And those who wait for its place are let go."""
    path = tmp_path / "file"
    path.touch()
    tasks = [partial(held, path, 0), partial(killed, 1), *(partial(held, path, each) for each in range(2, 12))]
    done = put_in_order(tasks, 2, 0)  # type: ignore[arg-type]
    next(done)
    with pytest.raises(ProcessLostError, match="was killed; see that there is memory"):
        list(done)
