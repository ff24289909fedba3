"""What is shown while something takes long."""

import io

import pytest
from rich.console import Console

from harness import progress
from harness.progress import Steps


def _steps(*, terminal: bool) -> tuple[Steps, io.StringIO]:
    shown = io.StringIO()
    return Steps(Console(file=shown, force_terminal=terminal, width=200, highlight=False)), shown


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four seconds go by between any two looks at the clock."""
    moments = iter(range(0, 10_000, 4))
    monkeypatch.setattr(progress.time, "monotonic", lambda: float(next(moments)))


def test_without_a_terminal_a_line_now_and_then_says_how_long_it_will_take() -> None:
    """Every ten seconds: what is done of how much, the pace, and the time left; at the end the pace of all of it."""
    steps, shown = _steps(terminal=False)
    with steps.counted("imported", "articles") as count:
        for done in (100, 200, 300, 400, 500):
            count(done, 500)
    assert shown.getvalue().splitlines() == [
        "  imported: 300 of 500, 25 articles/s, 8 s left",
        "  imported  (24.0 s, 25 articles/s)",
    ]


def test_what_was_there_before_is_no_pace() -> None:
    """The first count is where it began: an import that goes on is as fast as it is, and one that is done has none."""
    for counts, line in (([900, 1000], "25 articles/s)"), ([1000], "imported  (8.0 s)")):
        steps, shown = _steps(terminal=False)
        with steps.counted("imported", "articles") as count:
            for done in counts:
                count(done, 1000)
        assert shown.getvalue().rstrip().endswith(line)


def test_on_a_terminal_a_bar_shows_pace_and_time_left() -> None:
    """And nothing of it stays but the last line."""
    steps, shown = _steps(terminal=True)
    with steps.counted("imported", "articles") as count:
        count(0, 500)
        count(250, 500)
        steps.console.print("look")
    assert "250/500" in shown.getvalue()
    assert "articles/s" in shown.getvalue()
