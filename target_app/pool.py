"""Work that several processes do side by side, handed back in the order it was asked for."""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import connection, get_context, parent_process
from typing import TypeVar

_Result = TypeVar("_Result")


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
        processes: 1: they are called here, each when it is asked for.
        ahead: How many are taken on before the first of them is asked for; their results wait in memory.

    Raises:
        Exception: Whatever a task raised, in its place.
        concurrent.futures.process.BrokenProcessPool: A process was killed.
    """
    if processes == 1:
        return (task() for task in tasks)
    return _side_by_side(tasks, processes, ahead)


def _side_by_side(tasks: Iterable[Callable[[], _Result]], processes: int, ahead: int) -> Generator[_Result, None, None]:
    # Fresh interpreters: a forked copy would inherit the threads and locks of whoever calls us.
    pool = ProcessPoolExecutor(processes, get_context("spawn"), _settle_in)
    under_way: deque[Future[_Result]] = deque()
    try:
        for task in tasks:
            under_way.append(pool.submit(task))
            if len(under_way) > ahead:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _settle_in() -> None:
    """Prepare a process of the pool."""
    # Ctrl-C reaches it too, but it is the one that asked for the work who says what becomes of it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    gc.freeze()  # what was imported stays


def _leave_with_parent() -> None:
    # One that was killed can stop nobody, and the pool would wait for its next task for ever.
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
    os._exit(1)
