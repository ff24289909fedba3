"""What a person sees on standard error while something takes long: named steps, with a bar where it is a terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
)

from harness.processes import check_interrupted

Advance = Callable[[float], None]
"""Say how far a step has come, in the units of its total."""

Count = Callable[[int, int], None]
"""Say how many things are done, and of how many."""

_LINE_EVERY_S = 10.0
_REFRESHED = 4.0
"""Times a second that a terminal is drawn anew: what draws takes time from what is measured."""


class Steps:
    """Steps one after the other: a bar while one goes (terminals only), and a line when it is done."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True, highlight=False, soft_wrap=True)
        self.below: Callable[[], RenderableType] | None = None
        """What stands below the bar while a step goes, drawn anew several times a second; terminals only."""

    def say(self, text: str) -> None:
        """One line that stays."""
        self.console.print(text, markup=False)

    @contextmanager
    def step(self, title: str, total: float | None = None, *, count: bool = False) -> Iterator[Advance]:
        """Show a step while its block runs.

        Args:
            title: What is being done.
            total: How much there is to do; ``None`` where nobody can know.
            count: Show ``done/total`` as numbers too.
        """
        check_interrupted()
        started = time.monotonic()
        columns = [SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=30)]
        if count:
            columns.append(MofNCompleteColumn())
        if self.below is None:  # else what stands there says how long it takes
            columns.append(TimeRemainingColumn())
        with self._shown(*columns) as progress:
            task = progress.add_task(title, total=total)

            def advance(done: float) -> None:
                check_interrupted()
                progress.update(task, completed=done)

            yield advance
        self.say(f"  {title}  ({time.monotonic() - started:.1f} s)")

    @contextmanager
    def _shown(self, *columns: ProgressColumn) -> Iterator[Progress]:
        """A bar that is there while the block runs, with what stands below it; nothing where there is no terminal."""
        progress = Progress(*columns, console=self.console, auto_refresh=False)

        def drawn() -> RenderableType:
            bar = progress.get_renderable()
            return bar if self.below is None else Group(bar, self.below())

        if not self.console.is_terminal:
            yield progress
            return
        with Live(get_renderable=drawn, console=self.console, transient=True, refresh_per_second=_REFRESHED):
            yield progress

    @contextmanager
    def counted(self, title: str, unit: str) -> Iterator[Count]:
        """Show a step that does many like things: how many are done, how many a second, and how long it will take.

        Where there is no terminal, a line now and then says so.

        Args:
            title: What is being done.
            unit: What the things are called.
        """
        check_interrupted()
        started = last = time.monotonic()
        begun: tuple[float, int] | None = None
        pace = 0.0
        columns = (
            *(SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=30), MofNCompleteColumn()),
            *(TextColumn("{task.fields[pace]}"), TimeRemainingColumn()),
        )
        with self._shown(*columns) as progress:
            task = progress.add_task(title, total=None, pace="")

            def count(done: int, of: int) -> None:
                nonlocal begun, last, pace
                check_interrupted()
                now = time.monotonic()
                if begun is None:
                    begun = now, done
                elif now > begun[0]:
                    pace = (done - begun[1]) / (now - begun[0])
                progress.update(task, completed=done, total=of, pace=f"{pace:,.0f} {unit}/s" if pace else "")
                if not self.console.is_terminal and pace and done < of and now - last >= _LINE_EVERY_S:
                    last = now
                    left = (of - done) / pace
                    self.say(f"  {title}: {done:,} of {of:,}, {pace:,.0f} {unit}/s, {left:,.0f} s left")

            yield count
        took = f"{time.monotonic() - started:.1f} s"
        self.say(f"  {title}  ({took}, {pace:,.0f} {unit}/s)" if pace else f"  {title}  ({took})")
