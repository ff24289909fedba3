"""The site's pages in a real browser: phone and desk, light and dark, by keyboard, and for assistive technology."""

from __future__ import annotations

import importlib.resources
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from synth import Corpus, people
from tests.browser import Page, chromium
from tests.servers import Server, import_site, reference_site

CORPUS = Corpus(first_id=500, count=80, seed=3)
SLUG = CORPUS.article(579).slug
ARTICLE = CORPUS.article(579)
READERS = {
    "home": "/",
    "a page of the list": "/page/2/",
    "article": f"/articles/{SLUG}/",
    "search": "/search?q=the",
    "nothing found": "/search?q=zzzz",
    "tags": "/tags/",
    "tag": f"/tags/{ARTICLE.tags[0]}/",
    "categories": "/categories/",
    "authors": "/authors/",
    "archive": "/archive/",
    "sign in": "/login",
    "no such page": "/nothing/",
}
EDITORS = {
    "article of a member": f"/articles/{SLUG}/",
    "own page": "/me",
    "desk": "/admin/",
    "editor": "/admin/articles/579",
    "new article": "/admin/new",
}
OFTEN = {"article", "editor"}
"""Those that are looked at in every run of the tests."""
SCREENS = [(width, dark) for width in (390, 1280) for dark in (False, True)]
_KEYS = {"Tab": 9, "Enter": 13, " ": 32}
_TEXTS = {"Enter": "\r", " ": " "}

FOCUS = """(() => {
    const one = document.activeElement, box = one.getBoundingClientRect(), style = getComputedStyle(one);
    return {
        place: [...document.querySelectorAll('*')].indexOf(one), text: (one.textContent || one.name || '').trim(),
        seen: box.width > 0 && box.top < innerHeight && box.bottom > 0 && box.left >= -1,
        ring: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0,
    };
})()"""
REACHABLE = """[...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]')]
    .filter(one => one.type !== 'hidden' && !one.disabled)
    .filter(one => one.matches('summary') || !one.closest('details:not([open])'))
    .map(one => [...document.querySelectorAll('*')].indexOf(one))"""


LIGHTNESS = """(async () => {
    const one = document.querySelector('.card img');
    one.loading = 'eager';
    await one.decode();
    const canvas = document.createElement('canvas'), brush = canvas.getContext('2d');
    [canvas.width, canvas.height] = [96, 54];
    brush.drawImage(one, 0, 0, 96, 54);
    const pixels = brush.getImageData(0, 0, 96, 54).data.filter((_, at) => at % 4 < 3);
    return pixels.reduce((sum, each) => sum + each, 0) / pixels.length;
})()"""
"""How light a figure is on the whole, from 0 to 255."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A small site."""
    with reference_site(import_site(tmp_path_factory.mktemp("site") / "site.db")) as server:
        yield server


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A browser in which nobody is signed in."""
    with chromium(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture(scope="module")
def editor(site: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A browser in which an editor has signed in, by keyboard."""
    with chromium(tmp_path_factory.mktemp("profile")) as opened:
        sign_in(opened, site, 0)
        yield opened


def show(page: Page, url: str) -> None:
    """Open an address, and wait until all of it is there."""
    page.open(url)
    page.wait_for("document.readyState === 'complete'")


def press(page: Page, key: str) -> None:
    """Press and release a key."""
    code = {"key": key, "windowsVirtualKeyCode": _KEYS[key]}
    page.call("Input.dispatchKeyEvent", type="keyDown", text=_TEXTS.get(key, ""), **code)
    page.call("Input.dispatchKeyEvent", type="keyUp", **code)


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until an element has the focus."""
    for _ in range(200):
        if page.run(f"document.activeElement.matches({selector!r})"):
            return
        press(page, "Tab")
    raise AssertionError(f"no Tab leads to {selector}")


def write(page: Page, text: str) -> None:
    """Type into what has the focus."""
    page.call("Input.insertText", text=text)


def follow(page: Page, key: str, there: str) -> None:
    """Press a key that leads to another page, and wait until it is there."""
    page.run("window.left = true")
    press(page, key)
    page.wait_for(f"!window.left && document.readyState === 'complete' && Boolean({there})")


def sign_in(page: Page, site: Server, index: int) -> None:
    """Sign a member in by keyboard; the form has the focus when it opens."""
    member = people.member(index, seed=3)
    show(page, site.url + "/login")
    page.wait_for("document.activeElement.name === 'login'")
    write(page, member.login)
    press(page, "Tab")
    write(page, member.password)
    follow(page, "Enter", "document.querySelector('.greeting')")


def axe(page: Page) -> list[tuple[str, Any]]:
    """What axe has to object, rule by rule, with the elements concerned."""
    page.run((importlib.resources.files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8") + "; true")
    found: list[list[Any]] = page.run(
        "axe.run().then(found => found.violations.map(each => [each.id, each.nodes.map(node => node.html)]))"
    )
    return [(rule, nodes) for rule, nodes in found]


def judge(page: Page, site: Server, path: str) -> None:
    """Nothing is wider than the screen, fetched from elsewhere, or out of reach of assistive technology."""
    for width, dark in SCREENS:
        page.resize(width, 844, dark=dark)
        show(page, site.url + path)
        assert page.run("document.documentElement.scrollWidth") <= width
        for url in page.run("performance.getEntriesByType('resource').map(each => each.name)"):
            assert url.startswith(site.url)
        assert axe(page) == []


def kinds(pages: dict[str, str]) -> list[Any]:
    """Paths by kind of page, as parameters."""
    return [
        pytest.param(path, id=kind, marks=[] if kind in OFTEN else [pytest.mark.deep]) for kind, path in pages.items()
    ]


@pytest.mark.parametrize("path", kinds(READERS))
def test_pages_of_readers_fit_and_have_no_barrier(page: Page, site: Server, path: str) -> None:
    """On a phone and a desk, in light and dark."""
    judge(page, site, path)


def test_figures_are_light_by_day_and_dark_by_night(page: Page, site: Server) -> None:
    """The same address, drawn as the reader's screen wants it."""
    seen = {}
    for dark in (False, True):
        page.resize(1280, 844, dark=dark)
        show(page, site.url + "/")
        seen[dark] = page.run(LIGHTNESS)
    assert seen[False] > 150
    assert seen[True] < 100


def test_details_of_any_depth_fit_a_phone(page: Page, site: Server) -> None:
    """The innermost of sixty lists and maps is seen, and so is a word that is longer than the screen is wide."""
    value: Any = "innermost"
    for level in range(60):
        value = {"key": value} if level % 2 else [value]
    text = {"title": "Deep", "slug": "deep", "intro": "Short.", "meta": {"deep": value, "long": "w" * 3000}}
    made = httpx.post(f"{site.url}/api/v1/articles", json=text)
    assert made.status_code == 201, made.text
    page.resize(390, 844)
    show(page, site.url + "/articles/deep/")
    assert page.run("document.documentElement.scrollWidth") <= 390
    words = page.run("""[...document.querySelectorAll('.meta *')].filter(one => !one.children.length).map(one => {
        const range = document.createRange();
        range.selectNodeContents(one);
        const box = range.getBoundingClientRect();
        return [one.textContent.slice(0, 9), box.left >= 0 && box.right <= 390];
    })""")
    assert ["innermost", True] in words
    assert all(is_seen for _, is_seen in words)


@pytest.mark.parametrize("path", kinds(EDITORS))
def test_pages_of_members_fit_and_have_no_barrier(editor: Page, site: Server, path: str) -> None:
    """On a phone and a desk, in light and dark."""
    judge(editor, site, path)


@pytest.mark.parametrize("path", ["/", f"/articles/{SLUG}/", "/admin/articles/579"])
def test_tab_leads_to_everything_in_the_order_of_the_page_and_shows_where_it_is(
    editor: Page, site: Server, path: str
) -> None:
    """The way into the content comes first."""
    editor.resize(1280, 844)
    show(editor, site.url + path)
    reachable = editor.run(REACHABLE)
    press(editor, "Tab")
    first = editor.run(FOCUS)
    assert first["text"] == "Skip to the content"
    reached = [first["place"]]
    for _ in reachable[1:]:
        press(editor, "Tab")
        focus = editor.run(FOCUS)
        reached.append(focus["place"])
        assert focus["ring"], focus
        assert focus["seen"], focus
    assert reached == reachable


def test_the_skip_link_leads_past_the_header(page: Page, site: Server) -> None:
    """The next Tab is inside the content."""
    show(page, site.url + "/")
    press(page, "Tab")
    press(page, "Enter")
    page.wait_for("location.hash === '#main'")
    press(page, "Tab")
    assert page.run("document.activeElement.closest('main') !== null")


def test_a_reader_finds_an_article_by_keyboard(page: Page, site: Server) -> None:
    """Words into the search, the first result, its text."""
    show(page, site.url + "/")
    tab_to(page, "input[name=q]")
    write(page, " ".join(ARTICLE.title.split()[-4:]))  # what the article is about, and in which project
    follow(page, "Enter", "location.pathname === '/search'")
    tab_to(page, "main a")
    follow(page, "Enter", "document.querySelector('article.post')")
    assert page.run("document.querySelector('h1').textContent") == ARTICLE.title


def test_a_member_says_something_and_takes_it_back_by_keyboard(
    site: Server, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A comment, the reading list, and out again."""
    with chromium(tmp_path_factory.mktemp("profile")) as member:
        sign_in(member, site, 1)
        show(member, site.url + f"/articles/{CORPUS.article(505).slug}/")
        tab_to(member, "textarea")
        write(member, "Typed without a mouse.")
        press(member, "Tab")
        follow(member, "Enter", "document.body.innerText.includes('Typed without a mouse.')")
        tab_to(member, ".comments li button")
        follow(member, "Enter", "!document.body.innerText.includes('Typed without a mouse.')")
        before = member.run("document.querySelector('.buttons button').textContent")
        tab_to(member, ".buttons button")
        follow(member, " ", f"document.querySelector('.buttons button').textContent !== {before!r}")
        tab_to(member, "form[action='/logout'] button")
        follow(member, "Enter", "document.querySelector('a[href=\"/login\"]')")


def test_a_refused_form_has_no_barrier_and_leads_to_each_fault(editor: Page, site: Server) -> None:
    """What is wrong is above the form, on every screen, and each part of it a way to its field."""
    show(editor, site.url + "/admin/new")
    tab_to(editor, "#title")
    write(editor, "Refused")
    tab_to(editor, "#intro")
    write(editor, "Two fields are wrong.")
    tab_to(editor, "#body")
    write(editor, "No heading")
    tab_to(editor, "#tags")
    write(editor, "Not one, not two")
    tab_to(editor, "button[value=publish]")
    follow(editor, "Enter", "document.querySelector('.notice')")
    for width, dark in SCREENS:
        editor.resize(width, 844, dark=dark)
        assert editor.run("document.documentElement.scrollWidth") <= width
        assert axe(editor) == []
    assert editor.run("document.querySelectorAll('.notice a').length") == 2
    for field, typed in (("body", "No heading"), ("tags", "Not one, not two")):
        tab_to(editor, f".notice a[href='#{field}']")
        press(editor, "Enter")
        editor.wait_for(f"document.activeElement.id === {field!r}")
        assert editor.run("document.activeElement.value") == typed
        editor.run("document.activeElement.blur(); scrollTo(0, 0)")


def test_an_editor_publishes_and_deletes_by_keyboard(editor: Page, site: Server) -> None:
    """From the list of articles to the article that readers see, and to its end."""
    show(editor, site.url + "/admin/")
    tab_to(editor, "a[href='/admin/new']")
    follow(editor, "Enter", "document.querySelector('form.editor')")
    tab_to(editor, "#title")
    write(editor, "Written by keyboard")
    tab_to(editor, "#intro")
    write(editor, "Not one click.")
    tab_to(editor, "button[value=publish]")
    follow(editor, "Enter", "document.body.innerText.includes('Published.')")
    tab_to(editor, "main .facts a")
    follow(editor, "Enter", "document.querySelector('article.post')")
    assert editor.run("document.querySelector('h1').textContent") == "Written by keyboard"
    address = editor.run("location.href")
    tab_to(editor, ".buttons a")
    follow(editor, "Enter", "document.querySelector('form.editor')")
    tab_to(editor, ".deletion summary")
    press(editor, "Enter")
    editor.wait_for("document.querySelector('.deletion').open")
    assert editor.run("location.pathname").startswith("/admin/articles/")
    tab_to(editor, "button[value=delete]")
    follow(editor, "Enter", "location.pathname === '/admin/'")
    show(editor, address)
    assert editor.run("document.querySelector('h1').textContent") == "Page not found"
