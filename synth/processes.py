"""Work that several processes do side by side: handed back, or put in its place, in the order it was asked for."""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import signal
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection
from queue import SimpleQueue
from threading import Condition
from typing import Any, Generic, TypeVar

from synth.errors import SynthError

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Held(Generic[_Result]):
    """A result that stays with the process that made it, until the sizes of all before it are known.

    Attributes:
        size: How much room it takes.
        put: Puts it at its place, which is where the one before ends, and returns what is to be handed back.
    """

    size: int
    put: Callable[[int], _Result]


class ProcessLostError(SynthError):
    """A process that worked for this one is gone, as when memory runs out."""


def cores() -> int:
    """How many processors this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def in_order(tasks: Iterable[Callable[[], _Result]], processes: int, ahead: int) -> Generator[_Result, None, None]:
    """What tasks give, one after the other; a few of the next ones are under way meanwhile.

    Args:
        tasks: Functions of a module, with ``partial`` for their arguments, as other processes are to call them.
        processes: How many do them; 0: they are called here, each when it is asked for.
        ahead: How many are taken on before the first of them is asked for; their results wait in memory.

    Raises:
        Exception: Whatever a task raised, in its place.
        ProcessLostError: A process was killed.
    """
    if not processes:
        return (task() for task in tasks)
    return _handed_back(tasks, processes, ahead)


def put_in_order(
    tasks: Iterable[Callable[[], Held[_Result]]], processes: int, place: int
) -> Generator[tuple[int, _Result], None, None]:
    """Where each result that a task holds ends, and what putting it there gave, one after the other.

    What is large so stays out of this process, which only tells the others where it goes.

    Args:
        tasks: As of `in_order`.
        processes: As of `in_order`.
        place: Of the first.

    Raises:
        Exception: Whatever a task, or putting its result, raised, in its place.
        ProcessLostError: A process was killed.
    """
    if not processes:
        for task in tasks:
            held = task()
            result = held.put(place)
            place += held.size
            yield place, result
        return
    places = _Places(place)
    jobs = (partial(_put, task, partial(places.take, number)) for number, task in enumerate(tasks))
    with contextlib.closing(_side_by_side(jobs, processes, 2 * processes, places.close)) as done:
        yield from done


def _handed_back(tasks: Iterable[Callable[[], Any]], processes: int, ahead: int) -> Generator[Any, None, None]:
    jobs = (partial(_done, task) for task in tasks)
    with contextlib.closing(_side_by_side(jobs, processes, ahead)) as done:
        yield from map(_result, done)


class _Places:
    """Hands out places one behind the other, in the order of their numbers."""

    def __init__(self, first: int) -> None:
        self._place = first
        self._number = 0
        self._is_closed = False
        self._changed = Condition()

    def take(self, number: int, size: int) -> int:
        """Return the place of the result with this number, once those before it have theirs.

        Raises:
            CancelledError: They will never have them.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._number == number or self._is_closed)
            if self._is_closed:
                raise CancelledError
            place = self._place
            self._place += size
            self._number += 1
            self._changed.notify_all()
            return place

    def close(self) -> None:
        """Let nobody wait any longer."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()


_Idle = SimpleQueue[Connection]
"""Pipes to the processes that have nothing to do."""


def _side_by_side(
    jobs: Iterable[Callable[[_Idle], Any]], processes: int, ahead: int, close: Callable[[], None] = lambda: None
) -> Generator[Any, None, None]:
    # Each process has a pipe of its own, and a thread that waits for it: the end of a pipe says that its process is
    # gone, wherever that was. (The results of a ProcessPoolExecutor share one pipe, and when a process is killed while
    # it writes into that, the reader waits for ever for the rest.)
    with _started(processes) as idle, ThreadPoolExecutor(processes) as threads:
        under_way: deque[Future[Any]] = deque()
        try:
            for job in jobs:
                under_way.append(threads.submit(job, idle))
                if len(under_way) > ahead:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        finally:
            close()
            threads.shutdown(cancel_futures=True)


@contextlib.contextmanager
def _started(processes: int) -> Iterator[_Idle]:
    """Processes that are there while the context lasts, by the pipes to those that have nothing to do."""
    # Ctrl-C reaches all of them, but it is this one who says what becomes of the work.
    # Fresh interpreters: a forked copy would inherit the threads and locks of whoever calls us.
    context = get_context("spawn")
    idle: _Idle = SimpleQueue()
    with contextlib.ExitStack() as stack:
        for _ in range(processes):
            ours, theirs = context.Pipe()
            child = context.Process(target=_work, args=(theirs,), daemon=True)
            with _undisturbed():
                child.start()
            theirs.close()
            stack.callback(child.join)
            stack.callback(ours.close)
            idle.put(ours)
        yield idle


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Let Ctrl-C wait for a moment; a process that is started meanwhile does not hear of it, and so dies of none."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _done(task: Callable[[], object], idle: _Idle) -> bytes:
    """Have a process that is idle do a task, and return what it says."""
    pipe = idle.get()
    try:
        return _answer(pipe, task)
    finally:
        idle.put(pipe)


def _put(task: Callable[[], Held[Any]], take: Callable[[int], int], idle: _Idle) -> tuple[int, Any]:
    """Have a process that is idle do a task and put the result, as soon as it is known where."""
    pipe = idle.get()
    try:
        size = _result(_answer(pipe, partial(_hold, task)))
        place = take(size)
        return place + size, _result(_answer(pipe, partial(_let_go, place)))
    finally:
        idle.put(pipe)


def _answer(pipe: Connection, task: Callable[[], object]) -> bytes:
    try:
        pipe.send(task)
        return pipe.recv_bytes()
    except (EOFError, OSError):
        raise ProcessLostError("a process that worked for this one was killed; see that there is memory") from None


def _result(said: bytes) -> Any:
    result, error = pickle.loads(said)
    if error is not None:
        raise error
    return result


_held: list[Held[Any]] = []
"""What this process has made and not yet put anywhere, at most one."""


def _hold(task: Callable[[], Held[Any]]) -> int:
    _held[:] = [task()]
    return _held[0].size


def _let_go(place: int) -> Any:
    return _held.pop().put(place)


def _work(pipe: Connection) -> None:
    """Do one task after the other, until whoever gave them is gone."""
    gc.freeze()  # what was imported stays
    with contextlib.suppress(EOFError, OSError):
        while True:
            task = pipe.recv()
            answer: tuple[object, Exception | None]
            try:
                answer = task(), None
            except Exception as error:
                answer = None, error
            try:
                said = pickle.dumps(answer)
            except Exception as error:
                said = pickle.dumps((None, TypeError(f"what a task gave cannot be handed over: {error}")))
            pipe.send_bytes(said)
