"""A thread beside the event loop's, in which the database is used and pages are made.

Each has connections of its own, which are then used by one at a time; the whole of a request's work is handed over at
once, because each hand-over costs more than a statement. Which threads a site has, and the numbers behind this, are in
docs/decisions/site-request-execution.md.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from contextvars import Context, copy_context
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")

_Task = tuple[asyncio.AbstractEventLoop, "asyncio.Future[Any]", Context, Callable[..., Any], tuple[object, ...]]


class Worker:
    """Runs functions one after the other, in the order they came, with the caller's context.

    A bare queue, as an executor's hand-over costs half as much as an article's statements.
    """

    def __init__(self, name: str = "pages", begin: Callable[[], object] = lambda: None) -> None:
        """Be there; the thread begins with the first function.

        Args:
            name: Of the thread.
            begin: What it does first.
        """
        self._name = name
        self._begin = begin
        self._tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    async def run(self, function: Callable[..., T], *arguments: object) -> T:
        """The result of the function, or what it raises."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
            self._thread.start()
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        self._tasks.put((loop, done, copy_context(), function, arguments))
        return await done

    def close(self) -> None:
        """Finish what was handed over, and end; nothing may be handed over afterwards."""
        if self._thread is not None:
            self._tasks.put(None)
            self._thread.join()

    def _work(self) -> None:
        self._begin()
        while (task := self._tasks.get()) is not None:
            loop, done, context, function, arguments = task
            result, failure = None, None
            try:
                result = context.run(function, *arguments)
            except BaseException as error:  # raised again where it is awaited
                failure = error
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(_settle, done, result, failure)
            del task, done, context, function, arguments, result, failure  # a queue may be empty for long


def _settle(done: asyncio.Future[Any], result: object, failure: BaseException | None) -> None:
    if done.cancelled():
        return
    if isinstance(failure, StopIteration):  # a future takes none: it would end whoever awaits
        done.set_exception(RuntimeError("a function handed to the worker raised StopIteration"))
    elif failure is not None:
        done.set_exception(failure)
    else:
        done.set_result(result)
