"""The thread in which pages are made: order, context, failures, and its end."""

import asyncio
import threading
from contextvars import ContextVar

import pytest

from target_app.worker import Worker

pytestmark = pytest.mark.anyio

WHO: ContextVar[str] = ContextVar("who")


async def test_functions_run_one_after_the_other_in_the_order_they_came() -> None:
    """In a thread that is not the caller's, and always the same."""
    worker, done, under_way = Worker(), [], threading.Lock()

    def note(number: int) -> int:
        assert under_way.acquire(blocking=False)
        done.append((number, threading.get_ident()))
        under_way.release()
        return number

    assert await asyncio.gather(*(worker.run(note, number) for number in range(50))) == list(range(50))
    assert [number for number, _ in done] == list(range(50))
    (thread,) = {thread for _, thread in done}
    assert thread != threading.get_ident()
    worker.close()


async def test_a_function_sees_the_context_of_its_caller_and_changes_a_copy() -> None:
    """Two callers do not see each other."""
    worker = Worker()

    def exchange() -> str:
        found = WHO.get()
        WHO.set("somebody else")
        return found

    async def caller(name: str) -> tuple[str, str]:
        WHO.set(name)
        return await worker.run(exchange), WHO.get()

    assert await asyncio.gather(caller("one"), caller("two")) == [("one", "one"), ("two", "two")]
    worker.close()


async def test_what_a_function_raises_is_raised_where_it_is_awaited() -> None:
    """The thread goes on."""
    worker = Worker()

    def fail() -> None:
        raise LookupError("nothing there")

    with pytest.raises(LookupError, match="nothing there"):
        await worker.run(fail)
    assert await worker.run(lambda: 1) == 1
    worker.close()


async def test_a_stop_iteration_is_told_and_does_not_hang() -> None:
    """No future takes one as it is."""
    worker = Worker()
    with pytest.raises(RuntimeError, match="StopIteration"):
        await worker.run(next, iter(()))
    worker.close()


async def test_a_caller_who_gives_up_leaves_the_others_their_turn() -> None:
    """What was handed over is done all the same."""
    worker, begun, may_end, done = Worker(), threading.Event(), threading.Event(), threading.Event()

    def wait() -> None:
        begun.set()
        assert may_end.wait(20)
        done.set()

    waiting = asyncio.create_task(worker.run(wait))
    while not begun.is_set():
        await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    may_end.set()
    assert await worker.run(done.is_set)
    worker.close()


def test_closing_finishes_what_was_handed_over_and_ends_the_thread() -> None:
    """Also when the loop that waits for it is gone by then, and when there never was anything."""
    Worker().close()
    worker, done, may_end = Worker(), [], threading.Event()

    def slow() -> None:
        assert may_end.wait(20)
        done.append("slow")

    async def hand_over() -> None:
        waiting = [asyncio.create_task(worker.run(each)) for each in (slow, lambda: done.append("next"))]
        await asyncio.sleep(0)
        assert not any(task.done() for task in waiting)

    before = threading.active_count()
    asyncio.run(hand_over())
    may_end.set()
    worker.close()
    assert done == ["slow", "next"]
    assert threading.active_count() == before
