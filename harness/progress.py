"""What a person sees on standard error while something takes long: named steps, with a bar where it is a terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from harness.processes import check_interrupted

Advance = Callable[[float], None]
"""Say how far a step has come, in the units of its total."""


class Steps:
    """Steps one after the other: a bar while one goes (terminals only), and a line when it is done."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True, highlight=False, soft_wrap=True)

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
        columns.append(TimeRemainingColumn())
        with Progress(*columns, console=self.console, transient=True, disable=not self.console.is_terminal) as progress:
            task = progress.add_task(title, total=total)

            def advance(done: float) -> None:
                check_interrupted()
                progress.update(task, completed=done)

            yield advance
        self.say(f"  {title}  ({time.monotonic() - started:.1f} s)")
