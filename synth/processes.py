"""Work that several processes do side by side, handed back in the order it was asked for."""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import signal
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing import get_context
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import TypeVar

from synth.errors import SynthError

_Result = TypeVar("_Result")


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
    return _side_by_side(tasks, processes, ahead)


def _side_by_side(tasks: Iterable[Callable[[], _Result]], processes: int, ahead: int) -> Generator[_Result, None, None]:
    # Each process has a pipe of its own, and a thread that waits for it: the end of a pipe says that its process is
    # gone, wherever that was. (The results of a ProcessPoolExecutor share one pipe, and when a process is killed while
    # it writes into that, the reader waits for ever for the rest.)
    with _started(processes) as idle, ThreadPoolExecutor(processes) as threads:
        under_way: deque[Future[bytes]] = deque()
        try:
            for task in tasks:
                under_way.append(threads.submit(_done, idle, task))
                if len(under_way) > ahead:
                    yield _result(under_way.popleft())
            while under_way:
                yield _result(under_way.popleft())
        finally:
            threads.shutdown(cancel_futures=True)


@contextlib.contextmanager
def _started(processes: int) -> Iterator[SimpleQueue[Connection]]:
    """Processes that are there while the context lasts, by the pipes to those that have nothing to do."""
    # Fresh interpreters: a forked copy would inherit the threads and locks of whoever calls us.
    context = get_context("spawn")
    idle: SimpleQueue[Connection] = SimpleQueue()
    with contextlib.ExitStack() as stack:
        for _ in range(processes):
            ours, theirs = context.Pipe()
            child = context.Process(target=_work, args=(theirs,), daemon=True)
            child.start()
            theirs.close()
            stack.callback(child.join)
            stack.callback(ours.close)
            idle.put(ours)
        yield idle


def _done(idle: SimpleQueue[Connection], task: Callable[[], object]) -> bytes:
    """Have a process that is idle do a task."""
    pipe = idle.get()
    try:
        pipe.send(task)
        return pipe.recv_bytes()
    except (EOFError, OSError):
        raise ProcessLostError("a process that worked for this one was killed; see that there is memory") from None
    finally:
        idle.put(pipe)


def _result(future: Future[bytes]) -> _Result:  # type: ignore[type-var]
    result, error = pickle.loads(future.result())
    if error is not None:
        raise error
    return result  # type: ignore[no-any-return]


def _work(pipe: Connection) -> None:
    """Do one task after the other, until whoever gave them is gone."""
    # Ctrl-C reaches this process too, but it is the one that asked for the work who says what becomes of it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
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
