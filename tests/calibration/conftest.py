"""One report for a run; a complete run writes it into docs/calibration.md."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.calibration import limits
from tests.calibration.report import DOCUMENT, POWER_FIGURE, Report, draw_power
from tests.calibration.tables import TABLES


@pytest.fixture(scope="session")
def report() -> Iterator[Report]:
    """Where simulations leave their figures; tables that are complete in the end are written down, misses included."""
    measured = Report()
    yield measured
    before = DOCUMENT.read_text(encoding="utf-8")
    after = limits.written_into(measured.written_into(before, TABLES))
    if after != before:
        DOCUMENT.write_text(after, encoding="utf-8")
    if measured.curves:
        draw_power(measured.curves, POWER_FIGURE)
