import dataclasses
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest

from results.comparison import Comparison, compare_archived, compare_trial
from results.record import Record
from results.report import figures, html, json, markdown, note

HOME = {"persona": "reader", "route": "home", "requests": 60}
VOID = {"meta", "br", "hr", "img", "link", "input"}


class Page(HTMLParser):
    """Collects tags, ids and addresses, and sees that every element is closed in its place."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.events: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element opens."""
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name in {"href", "src", "action", "data", "srcset", "poster"}:
                self.addresses.append(value or "")
            if name.startswith("on"):
                self.events.append(name)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element opens and closes at once, as in SVG."""
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        """An element closes, and it must be the one opened last."""
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def page(demo_comparison: Comparison) -> str:
    """The demo's report."""
    return html.render(demo_comparison)


def test_the_page_needs_nothing_from_elsewhere(page: str) -> None:
    """The page refers to nothing outside itself and runs no script."""
    parsed = Page(page)

    assert all(address.startswith(("#", "data:image/png;base64,")) for address in parsed.addresses)
    assert not {"script", "link", "iframe", "img", "object"} & set(parsed.tags)
    assert parsed.events == []
    assert set(re.findall(r"url\(([^)#]*)", page)) <= {""}
    assert "@import" not in page


def test_the_page_is_small(page: str) -> None:
    """With all its figures the page stays far below what a mail or a pull request takes."""
    assert len(page.encode()) < 1_500_000


def test_the_data_behind_the_figures_is_small(demo_comparison: Comparison) -> None:
    """Figures are drawn from the comparison alone, and it stays small all the same."""
    assert len(json.render(demo_comparison)) < 1_000_000


def test_the_page_may_fetch_and_run_nothing(page: str) -> None:
    """The page forbids the browser itself to fetch or to run anything, whatever a name in it may hold."""
    assert "Content-Security-Policy" in page
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in page


def test_the_page_is_well_formed(page: str) -> None:
    """Every element is closed in its place, and no two share an id."""
    parsed = Page(page)

    assert parsed.open == []
    assert len(set(parsed.ids)) == len(parsed.ids)


def test_every_reference_inside_the_page_leads_somewhere(page: str) -> None:
    """Markers, hatchings and clippings of the figures point to ids that exist."""
    parsed = Page(page)
    wanted = {address[1:] for address in parsed.addresses if address.startswith("#")} | set(
        re.findall(r"url\(#([^)]*)\)", page)
    )

    assert wanted <= set(parsed.ids)


def test_the_verdict_is_the_heading(page: str, demo_comparison: Comparison) -> None:
    """The only first-level heading is the verdict's sentence."""
    assert [line.replace("\xa0", " ") for line in re.findall(r"<h1>(.*?)</h1>", page)] == [
        demo_comparison.overall.headline
    ]


def test_numbers_keep_their_units(page: str) -> None:
    """No line can break between a number and its unit, in sentences and in tables."""
    prose = re.sub(r"<(svg|style|pre)\b.*?</\1>", "", page, flags=re.DOTALL)

    assert re.findall(r"\d (?:%|ms\b|GiB\b).{0,20}", prose) == []
    assert "from cache 0\xa0% → 100\xa0%" in prose


@pytest.mark.usefixtures("without_figures")
def test_machine_and_time_are_told_in_words(make_trial: Callable[..., Record]) -> None:
    """Readers meet times in minutes, memory in GiB, and no name of a key."""
    page = html.render(
        compare_trial(
            make_trial(
                pages=[HOME],
                launches=2,
                plan={
                    "started": "2026-11-21T01:32:46.511Z",
                    "machine": {"memory_bytes": 25276514304, "site_core": 0, "generator_core": None},
                    "corpus": {"first_id": 11730, "count": 2000},
                },
            )
        )
    )
    prose = re.sub(r"<pre>.*?</pre>", "", page, flags=re.DOTALL)

    assert "2026-11-21 01:32 UTC" in prose
    assert "<dt>memory</dt><dd>23.5\xa0GiB</dd>" in prose
    assert "<dt>core of the sites</dt><dd>0</dd>" in prose
    assert "<dt>first article</dt><dd>11730</dd>" in prose
    assert not re.search("memory_bytes|site_core|generator_core|first_id|46.511Z", prose)


@pytest.mark.usefixtures("without_figures")
def test_the_plan_is_shown_as_it_is(make_trial: Callable[..., Record]) -> None:
    """Commands can be copied: what is quoted keeps its plain spaces."""
    assert "<pre>anp trial --note &#39;5 % more&#39;</pre>" in html.render(
        compare_trial(make_trial(pages=[HOME], launches=2, plan={"commands": ["anp trial --note '5 % more'"]}))
    )


@pytest.mark.usefixtures("drawn_once")
def test_what_is_drawn_is_what_is_said(make_trial: Callable[..., Record]) -> None:
    """Where no launch counts, captions, tables and counts speak of all launches and say so; nothing would be caught."""
    page = html.render(compare_trial(make_trial(pages=[HOME], launches=6, lag_ms=3.0, cpu=0.1)))

    assert page.count("all 6 launches, none of which counts") == 7
    assert "in each launch that counts" not in page
    assert "ould catch" not in page
    assert page.count("other work on the machine") == 1


def test_all_figures_are_there_in_both_widths(page: str, demo_comparison: Comparison) -> None:
    """The figures are in the page in the order of the method, once for a desk and once for a phone."""
    shown = re.findall(r'<figure id="(\w+)"', page)

    assert shown == [name for name in figures.FIGURES if name in shown]
    assert shown[:7] == ["forest", "launches", "shift", "percentiles", "tails", "heat", "timeline"]
    assert {"served", "split", "classes", "power"} <= set(shown)
    assert Page(page).tags.count("svg") == 2 * len(shown)
    assert demo_comparison.noise is None
    assert "noise" not in shown


def test_figures_can_be_read_without_seeing_them(page: str, demo_comparison: Comparison) -> None:
    """Each drawing is an image to a screen reader, with its content in words: the forest plot with every cell."""
    labels = re.findall(r'<div class="(?:wide|narrow)" role="img" aria-label="([^"]*)"', page)

    assert len(labels) == Page(page).tags.count("svg")
    for result in demo_comparison.primary:
        assert f"{result.label}: ratio" in labels[0]
        assert result.verdict.word in labels[0]


def test_every_section_can_be_reached(page: str) -> None:
    """The contents name every section of the page, in its order, and lead there."""
    contents = re.search(r"<nav.*?</nav>", page, re.DOTALL)

    assert contents is not None
    assert re.findall(r'href="#([^"]*)"', contents[0]) == re.findall(r'<h2 id="([^"]*)"', page)


def test_tables_can_be_reached_with_the_keyboard(page: str) -> None:
    """Whatever may scroll sideways takes the focus and has a name, and every heading of a table knows its direction."""
    assert page.count('<div class="scroll" role="region" tabindex="0" aria-label="') == page.count("<table")
    assert re.findall(r"<th(?! scope=)\b[^>]*>", page) == []


def test_figures_take_their_colours_from_the_page(page: str) -> None:
    """No drawing has a colour of its own, so light, dark and paper all suit it."""
    drawings = "".join(re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL))

    assert set(re.findall(r"#[0-9a-f]{6}\b(?![0-9a-z])", re.sub(r"data:[^\"]*", "", drawings))) == set()
    assert "var(--ink)" in drawings


def test_the_page_follows_the_readers_scheme(page: str) -> None:
    """The page has colours for dark rooms and for paper."""
    assert "prefers-color-scheme: dark" in page
    assert "@media print" in page


@pytest.mark.usefixtures("drawn_once")
def test_hostile_names_are_text(make_trial: Callable[..., Record]) -> None:
    """Markup in personas, routes, settings and reasons shows as text, in figures too."""
    evil = '"><script>alert(1)</script>$x^2_'
    record = make_trial(
        pages=[{"persona": evil, "route": f"r{evil}", "requests": 300}],
        plan={
            "name": evil,
            "reason": evil,
            "commands": [evil],
            "machine": {evil: evil},
            "arms": [{"name": "before", "settings": {evil: evil}}, {"name": "after", "settings": {}}],
        },
    )
    parsed = Page(html.render(compare_trial(record)))

    assert "script" not in parsed.tags
    assert parsed.open == []


@pytest.mark.usefixtures("without_figures")
def test_single_runs_have_a_page_too(make_trial: Callable[..., Record]) -> None:
    """Two swarm records, whose plans know nothing of reasons or commands, make a whole report in every form."""
    one, other = (make_trial(launches=1, seed=seed).launches()[0] for seed in (1, 2))
    comparison = compare_archived(one, other)

    assert Page(html.render(comparison)).open == []
    assert "session difference" in markdown.render(comparison)
    assert "No reason was given" in note.render(comparison)


@pytest.mark.usefixtures("drawn_once")
@pytest.mark.parametrize(
    "case",
    [
        {"launches": 1},
        {"failures": (0.0, 0.9), "wrong_pages": 2, "cpu": 0.95},
        {"cut_off": range(6)},
        {"pages": [HOME | {"requests": 5}]},
        {"pages": [HOME | {"persona": "讀者", "route": "página"}], "launches": 30},
    ],
)
def test_every_outcome_has_a_page(make_trial: Callable[..., Record], case: dict[str, Any]) -> None:
    """Whatever became of a trial, its report is a whole page with the verdict in it, and so is that of two sessions."""
    settings = {"pages": [HOME], "launches": 6} | case
    record = make_trial(**settings)
    comparisons = [compare_trial(record)]
    if case == {"launches": 1}:
        comparisons.append(compare_archived(record, make_trial(**settings)))

    for comparison in comparisons:
        page = html.render(comparison)
        parsed = Page(page)
        assert parsed.open == []
        assert f"{comparison.overall.word.capitalize()}</p>" in page
        assert {address[1:] for address in parsed.addresses if address.startswith("#")} <= set(parsed.ids)
        assert not re.search(r"\b(nan|inf|None)\b", re.sub(r"<(svg|style|pre)\b.*?</\1>", "", page, flags=re.DOTALL))


@pytest.mark.usefixtures("without_figures")
def test_failed_gates_are_open_and_passed_ones_folded(make_trial: Callable[..., Record]) -> None:
    """A reader meets failed gates at once, and passed ones behind a fold that is open where nothing failed."""
    failed = html.render(compare_trial(make_trial(pages=[HOME], launches=6, cpu=0.95)))
    comparison = compare_trial(make_trial(pages=[HOME], launches=6))
    passed = html.render(dataclasses.replace(comparison, gates=tuple(gate for gate in comparison.gates if gate.ok)))

    table = re.search(r'aria-label="Gates that failed or left a note".*?</table>', failed, re.DOTALL)
    assert table is not None
    assert "Generator CPU" in table[0]
    assert re.search(r"<details>\s*<summary>\d+ gates passed", failed)
    assert re.search(r"<details open>\s*<summary>\d+ gates passed", passed)
