"""What a person sees of a trial while it goes."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from rich.console import Console

from harness.board import Board
from harness.trial_plan import TrialPlan
from results.record import launch_directory
from tests.records import Trial, demo_pages, write_trial

PLAN = TrialPlan.model_validate({"launches": 8})


def board(folder: Path, **trial: Any) -> Board:
    """The board after the launches of a synthetic trial."""
    settings: dict[str, Any] = {"pages": demo_pages(0.5, 200), "launches": 4, **trial}
    write_trial(folder / "trial", Trial(**settings))
    made = Board(PLAN, folder / "trial")
    made.look_back([30.0, 12.0, 14.0, 13.0], 4, 10.0)
    return made


def drawn(made: Board) -> str:
    """What it looks like, without its colours."""
    out = io.StringIO()
    Console(file=out, width=120).print(made.render())
    return out.getvalue()


def test_a_launch_ends_with_one_line(tmp_path: Path) -> None:
    """Intervals of the primary cells, hit ratios, the generator, and the time that is left by the usual launch."""
    line = board(tmp_path).line()

    assert "\n" not in line
    assert line.startswith("  so far: reader article p50 0.5")
    assert "hits 0 % → 86 %" in line
    assert "generator 0.100 ms late (limit 1 ms), 41 % of its core" in line
    assert line.endswith("about 50 s left")


def test_a_line_names_few_cells_and_says_of_how_many_more(tmp_path: Path) -> None:
    """A table shows all."""
    made = board(tmp_path, pages=demo_pages(0.5, 800))
    rows = [line for line in drawn(made).splitlines() if " p50 " in line or " p95 " in line]

    assert len(rows) > 4
    assert f"; {len(rows) - 4} more; " in made.line()


def test_a_table_draws_the_intervals(tmp_path: Path) -> None:
    """Each cell has its ratio, its interval, and a bar left of the middle where it is faster."""
    text = drawn(board(tmp_path))
    (row,) = [line for line in text.splitlines() if line.startswith("  reader home p50")]

    assert "4 of 8 launches made" in text
    assert 0 < row.index("●") < row.index("│")
    assert "━" in row


def test_a_launch_that_does_not_count_is_told(tmp_path: Path) -> None:
    """With its reason, in the line and in the table."""
    made = board(tmp_path, lag_ms=3.0, lag_in=[3])

    assert "the last launch does not count: the generator was 3.00 ms late" in made.line()
    assert "3 count" in drawn(made)


def test_a_load_under_way_is_shown_as_it_is(tmp_path: Path) -> None:
    """Its requests and hits stand in the place of the last launch's."""
    made = board(tmp_path)
    made.look(launch_directory(tmp_path / "trial", 0))

    assert "requests · hits before 0 %, after 86 % · generator 0.050 ms late, 100 % of its core" in drawn(made)


def test_before_the_first_launch_there_is_little_to_tell(tmp_path: Path) -> None:
    """No line, and a table of none made."""
    made = Board(PLAN, tmp_path)

    assert made.line() == ""
    assert drawn(made).strip() == "0 of 8 launches made"


def test_an_interval_that_says_nothing_yet_is_not_shown(tmp_path: Path) -> None:
    """After two launches the ends of one may differ by a factor of thousands."""
    made = board(tmp_path, launches=2, launch_sd=0.5)

    assert "[" not in made.line()
    assert "open" in drawn(made)
