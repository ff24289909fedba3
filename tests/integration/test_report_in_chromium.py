"""The report in a real browser: phone and desk, light and dark, on paper, without script and without a network."""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.image import imread

from results.comparison import Comparison, compare_trial
from results.measures import Interval
from results.noise import NoiseCell, NoiseFloor
from results.report import html
from tests.browser import Page, chromium
from tests.records import Page as Requests
from tests.records import Trial, write_trial

A4 = 688
"""Pixels between the margins of a sheet, as CSS counts them."""

LONG = "a-route-with-a-name-that-nobody-would-choose"


@pytest.fixture(scope="module")
def comparison(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    """A trial with long names, a launch left out, failed requests and a noise floor."""
    pages = [
        Requests("reader", "article", 250, 4.0, 0.5, "MISS", "HIT", 5, 0),
        Requests("reader", LONG, 250, 6.0, 6.0, "MISS", "MISS"),
    ]
    trial = Trial(pages=pages, lag_ms=3.0, lag_in=[2], failures=(0.002, 0.002))
    compared = compare_trial(write_trial(tmp_path_factory.mktemp("report") / "record", trial))
    cells = tuple(
        NoiseCell(result.label, Interval(1.0, 0.98, 1.02), Interval(0.0, -0.1, 0.1), 0.1, "no difference", "")
        for result in compared.primary
    )
    return dataclasses.replace(compared, noise=NoiseFloor("before", 7, cells))


@pytest.fixture(scope="module")
def file(comparison: Comparison, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its report, as a file."""
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(html.render(comparison), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def page(file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """The report, opened where nothing but itself can be reached; any request of it would be remembered."""
    with chromium(tmp_path_factory.mktemp("profile")) as opened:
        opened.open(file.as_uri())
        opened.wait_for("document.readyState === 'complete'")
        yield opened


def shown(page: Page, selector: str) -> list[dict[str, Any]]:
    """Boxes of all elements that match and take room, with their text."""
    found: list[dict[str, Any]] = page.run(
        f"""[...document.querySelectorAll({selector!r})].map(each => {{
            const box = each.getBoundingClientRect();
            return {{left: box.left, right: box.right, width: box.width, height: box.height, text: each.textContent}};
        }}).filter(box => box.width && box.height)"""
    )
    return found


@pytest.mark.parametrize(("width", "drawing"), [(390, "narrow"), (1280, "wide")])
def test_nothing_runs_over_the_edge(page: Page, comparison: Comparison, width: int, drawing: str) -> None:
    """On a phone and on a desk the page does not scroll sideways, and every figure shows its drawing for that width."""
    page.resize(width, 900)

    assert page.run("document.documentElement.scrollWidth") == width
    figures = shown(page, f"figure .{drawing} svg")
    assert len(figures) == len(page.run("[...document.querySelectorAll('figure')].map(each => each.id)"))
    assert len(shown(page, "figure svg")) == len(figures)
    for box in shown(page, f"figure .{drawing} svg text"):
        assert box["left"] >= -1, box
        assert box["right"] <= width + 1, box
    letters = page.run(f"document.querySelector('figure .{drawing} svg text').getBoundingClientRect().height")
    assert letters >= 11


def test_the_figures_stand_in_the_order_of_the_method(page: Page) -> None:
    """From top to bottom come the verdict, the forest plot as the first figure, and the others in order."""
    page.resize(1280, 900)
    tops: list[list[Any]] = page.run(
        """[...document.querySelectorAll('h1, figure')].map(
            each => [each.id || 'verdict', each.getBoundingClientRect().top + scrollY])"""
    )

    assert [name for name, _ in tops][:8] == [
        "verdict",
        "forest",
        "launches",
        "shift",
        "percentiles",
        "tails",
        "heat",
        "timeline",
    ]
    assert [top for _, top in tops] == sorted(top for _, top in tops)


def test_the_page_needs_no_script_asks_nobody_and_complains_of_nothing(page: Page, comparison: Comparison) -> None:
    """With script switched off the verdict is there; nothing is fetched but the page, and the console stays empty."""
    page.call("Emulation.setScriptExecutionDisabled", value=True)
    page.call("Page.reload")
    page.call("Emulation.setScriptExecutionDisabled", value=False)
    page.wait_for("document.readyState === 'complete'")

    [verdict] = shown(page, "h1")
    assert verdict["text"].replace("\N{NO-BREAK SPACE}", " ") == comparison.overall.headline
    assert page.run("document.scripts.length") == 0
    assert page.run("performance.getEntriesByType('resource').map(each => each.name)") == []
    assert console(page) == []


def console(page: Page) -> list[str]:
    """What the browser had to say of the page since it was loaded."""
    connection = page._connection
    lines = []
    for number, method in ((-1, "Log.enable"), (-2, "Page.getLayoutMetrics")):
        connection.send(json.dumps({"id": number, "method": method}))
        while (message := json.loads(connection.recv())).get("id") != number:
            if message.get("method") == "Log.entryAdded":
                lines.append(message["params"]["entry"]["text"])
    return lines


def test_dark_rooms_get_light_ink(page: Page, tmp_path: Path) -> None:
    """Where the reader prefers dark, paper is dark, and axes, words and the heat map are light."""
    for dark in (False, True):
        page.resize(1280, 900, dark=dark)
        page.run("document.getElementById('heat').scrollIntoView()")
        page.shoot(tmp_path / "shot.png")
        picture = imread(tmp_path / "shot.png")[..., :3].mean(axis=2)
        box = page.run("JSON.stringify(document.querySelector('#heat .wide image').getBoundingClientRect())")
        heat = {side: int(value) for side, value in json.loads(box).items()}
        dots = picture[heat["top"] : heat["bottom"], heat["left"] : heat["right"]]

        paper = float(np.median(picture))
        assert (paper < 0.15) if dark else (paper > 0.95)
        assert (dots.max() > 0.7) if dark else (dots.min() < 0.3)


def test_on_paper_everything_is_unfolded(page: Page, tmp_path: Path) -> None:
    """Printing gives a document of several pages, with what is folded on the screen laid open and no narrow drawing."""
    page.resize(A4, 900)
    page.call("Emulation.setEmulatedMedia", media="print")
    try:
        assert page.run("document.documentElement.scrollWidth") == A4
        assert {box["text"].strip() for box in shown(page, "details h3, details th[scope=row]")}
        assert shown(page, "details pre")
        assert len(shown(page, "h2")) == page.run("document.querySelectorAll('h2').length")
        assert shown(page, "figure .narrow svg") == []
        printed = base64.b64decode(page.call("Page.printToPDF", preferCSSPageSize=True)["data"])
    finally:
        page.call("Emulation.setEmulatedMedia", media="")

    assert printed.startswith(b"%PDF")
    assert printed.count(b"/Type /Page\n") + printed.count(b"/Type /Page ") >= 3
