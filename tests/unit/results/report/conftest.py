"""What the tests of reports share."""

from __future__ import annotations

from typing import Any

import pytest
from markupsafe import Markup

from results.report import figures
from results.report.figures import canvas


@pytest.fixture
def drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the wide drawing of each figure is made, where a test asks of no other: drawing takes most of the time."""
    draw = canvas._svg

    def once(make: Any, width: float, salt: str) -> Markup:
        return draw(make, width, salt) if width == canvas.WIDE else Markup("")

    monkeypatch.setattr(canvas, "_svg", once)


@pytest.fixture
def without_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """No figure is drawn, where a test asks of none."""
    monkeypatch.setattr(figures, "draw", lambda comparison: {})
