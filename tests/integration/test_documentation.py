"""The documentation as a site: it builds without a warning, each page has its place, what is generated is fresh."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

from tests import reference_pages, report_picture

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def configuration() -> ModuleType:
    """``docs/conf.py`` as Sphinx reads it."""
    spec = importlib.util.spec_from_file_location("documentation_conf", DOCS / "conf.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_site_builds_with_every_page_and_asks_no_other_site_for_anything(tmp_path: Path) -> None:
    """As ``make docs`` builds it: no warning, so links and anchors lead somewhere, and no page is forgotten.

    The start page has four doors. No page loads a script, a style, a font or a picture from elsewhere.
    """
    words = ["-W", "-n", "--keep-going", "-q", "-d", tmp_path / "doctrees", DOCS, tmp_path / "html"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    command = [sys.executable, "-m", "sphinx", *map(str, words)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    pages = {
        path.relative_to(tmp_path / "html").with_suffix("").as_posix(): path.read_text(encoding="utf-8")
        for path in (tmp_path / "html").rglob("*.html")
    }

    assert {path.relative_to(DOCS).with_suffix("").as_posix() for path in DOCS.rglob("*.md")} <= set(pages)
    doors = re.findall(r'class="toctree-l1[^"]*"><a class="[^"]*" href="([^"]+)"', pages["index"])
    assert doors == ["tutorials/README.html", "how-to/README.html", "reference.html", "explanation.html"]
    assert [
        (name, address)
        for name, text in pages.items()
        for address in re.findall(r"<(?:script|img|iframe|link)[^>]*?(?:src|href)=\"([^\"]+)\"", text)
        if address.startswith(("http:", "https:", "//"))
    ] == []


def test_every_page_is_behind_exactly_one_door(configuration: ModuleType) -> None:
    """Each page is listed by one of the doors and by no other; only the start page is listed by none."""
    listed = Counter(
        page
        for door in configuration.DOORS
        for page in configuration.below(door, (DOCS / f"{door}.md").read_text(encoding="utf-8"))
    )
    pages = {path.relative_to(DOCS).with_suffix("").as_posix() for path in DOCS.rglob("*.md")}

    assert sorted(pages - set(listed)) == ["index"], "list the page in reference.md, explanation.md or another door"
    assert [page for page, times in listed.items() if times > 1] == []


@pytest.mark.parametrize("page", reference_pages.PAGES)
def test_a_generated_page_is_what_its_generator_makes(page: str) -> None:
    """The committed page says what the code says today."""
    assert (DOCS / page).read_text(encoding="utf-8") == reference_pages.text(page), "run: make docs"


def test_the_tables_of_the_run_record_are_what_their_generator_makes() -> None:
    """Columns of a record and keys of a swarm's plan, as the code has them."""
    page = (DOCS / "run-record.md").read_text(encoding="utf-8")

    assert page == reference_pages.with_tables(page), "run: make docs"


def test_the_keys_of_a_real_record_are_told() -> None:
    """An old record holds nothing that the page does not name; new ones are looked at as the commands are run."""
    run = json.loads((ROOT / "tests" / "data" / "record-format-1" / "run.json").read_text(encoding="utf-8"))

    assert set(run) - set(reference_pages.RUN_KEYS) == set()


def test_no_variable_is_left_out() -> None:
    """Every variable of the environment that the code names stands on the page of variables."""
    page = (DOCS / "environment.md").read_text(encoding="utf-8")
    named = {
        name
        for room in ("harness", "results", "locustfiles", "target_app", "synth")
        for path in (ROOT / room).rglob("*.py")
        for name in re.findall(r"\bANP_[A-Z][A-Z_]*[A-Z]\b", path.read_text(encoding="utf-8"))
    }

    assert len(named) > 5
    assert sorted(name for name in named if f"`{name}`" not in page) == []


def test_figures_beside_locust_are_those_that_were_measured() -> None:
    """The times on the page about plain locust stand in the record of the benchmarks, each as it is there."""
    told = re.findall(r"\d\.\d{3}, \d\.\d{3}, \d\.\d{3}", (DOCS / "why-not-plain-locust.md").read_text("utf-8"))
    measured = (DOCS / "benchmarks.md").read_text(encoding="utf-8")

    assert len(told) == 4
    assert [figures for figures in told if figures not in measured] == []


def test_the_picture_is_small_and_told_in_words() -> None:
    """README and start page show the same picture, with words for those who cannot see it."""
    assert report_picture.PICTURE.stat().st_size < 200_000
    for page, place in ((ROOT / "README.md", "docs/pictures"), (DOCS / "index.md", "pictures")):
        [words] = re.findall(rf"!\[([^]]+)\]\({place}/report\.png\)", page.read_text(encoding="utf-8"))
        assert "faster by at least 74 %" in words
