"""What swarms of the reference site need: a small site with its page cache and without, and an end of every swarm."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import Server, import_site, reference_site
from tests.swarms import MEMBERS, end_all


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """A test that fails half-way leaves no swarm behind."""
    yield
    end_all()


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small imported site that no test changes."""
    return import_site(tmp_path_factory.mktemp("site") / "site.db", members=MEMBERS)


@pytest.fixture(scope="module")
def cached(database: Path) -> Iterator[Server]:
    """The site with its page cache."""
    with reference_site(database) as site:
        yield site


@pytest.fixture(scope="module")
def uncached(database: Path) -> Iterator[Server]:
    """The site without."""
    with reference_site(database, "page_cache=off") as site:
        yield site
