"""Synthetic trials, written as a swarm writes them, so that the whole path is real."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from results.comparison import Comparison, compare_trial
from results.record import Record
from tests.records import Page, Trial, demo_pages, write_trial


@pytest.fixture(scope="session")
def make_trial(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Record]:
    """Writes a synthetic trial into a fresh folder: ``make_trial(launches=6, cpu=0.9)``; pages may be dictionaries."""

    def make(**settings: Any) -> Record:
        if "pages" in settings:
            settings["pages"] = [page if isinstance(page, Page) else Page(**page) for page in settings["pages"]]
        return write_trial(tmp_path_factory.mktemp("trial") / "record", Trial(**settings))

    return make


@pytest.fixture(scope="session")
def demo_comparison(make_trial: Callable[..., Record]) -> Comparison:
    """The main demo in small, compared: readers come from the cache afterwards, members bypass it."""
    return compare_trial(make_trial(pages=demo_pages(0.1, 1200)))
