"""Editors write, publish, unpublish and delete; members keep articles and talk about them; nobody else may."""

import html
import json
import re
from collections.abc import Callable

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth import people
from target_app.drafting import DraftError, from_body, from_fields, to_body
from target_app.policy import ROUTES
from tests.unit.target_app.conftest import CORPUS, Opened

pytestmark = pytest.mark.anyio
Opener = Callable[..., Opened]
EDITOR, READER = 0, 1
DRAFT = {"title": "Fresh bread", "intro": "How it is baked.", "body": "## Flour\n\nMuch of it.\n", "tags": "bread"}


async def csrf_of(browser: httpx.AsyncClient, path: str) -> str:
    """What the forms of a page carry."""
    found = re.search(r'name="csrf" value="(\w+)"', (await browser.get(path)).text)
    assert found is not None
    return found[1]


async def etag_of(browser: httpx.AsyncClient, path: str) -> str:
    """The state that an editor's form was made for."""
    found = re.search(r'name="etag" value="([^"]+)"', (await browser.get(path)).text)
    assert found is not None
    return found[1].replace("&#34;", '"')


async def test_an_article_goes_its_way_through_the_editors_hands(open_copy: Opener) -> None:
    """Written as a draft, published, changed, unpublished and deleted: readers see each step at once."""
    opened = open_copy()
    async with opened.member(EDITOR) as editor, opened.client() as reader:
        csrf = await csrf_of(editor, "/admin/new")

        async def do(path: str, action: str, **fields: str) -> httpx.Response:
            etag = await etag_of(editor, path) if path != "/admin/new" else ""
            return await editor.post(path, data={**DRAFT, **fields, "csrf": csrf, "etag": etag, "action": action})

        async def seen() -> tuple[int, int]:
            page, home = await reader.get("/articles/fresh-bread-11775/"), await reader.get("/")
            return page.status_code, home.text.count(">Fresh bread")

        made = await do("/admin/new", "save")
        place = made.headers["location"]
        steps = [await seen()]
        for action, fields in (("publish", {}), ("save", {"title": "Fresh bread twice"}), ("unpublish", {})):
            assert (await do(place, action, **fields)).status_code == 303
            steps.append(await seen())
        assert "Fresh bread" in (await editor.get("/admin/")).text
        deleted = await do(place, "delete")
        gone = await editor.get(place)
    assert steps == [(404, 0), (200, 1), (200, 1), (404, 0)]
    assert (deleted.headers["location"], gone.status_code) == ("/admin/", 404)


async def test_what_an_editor_publishes_does_not_tell_their_login_name(open_copy: Opener) -> None:
    """It is under their name, at an address of its own; whoever knows a login name can lock its owner out."""
    opened, known = open_copy(), people.member(EDITOR, seed=CORPUS.seed)
    async with opened.member(EDITOR) as editor, opened.client() as reader:
        csrf = await csrf_of(editor, "/admin/new")
        made = await editor.post("/admin/new", data={**DRAFT, "csrf": csrf, "action": "publish"})
        page = await reader.get("/articles/fresh-bread-11775/")
        (author,) = re.findall(r'href="(/authors/[^"]+/)"', page.text)
        answers = [page, await reader.get(author), await reader.get("/authors/"), await reader.get("/feed.json")]
        answers.append(await reader.get(f"/api/v1/articles/{made.headers['location'].rpartition('/')[2]}"))
    assert [answer.status_code for answer in answers] == [200] * 5
    assert all("Fresh bread" in answer.text for answer in (answers[1], answers[3], answers[4]))
    assert all(known.name in answers[place].text for place in (0, 1, 2, 4))
    for answer in answers:
        assert known.login not in answer.text + str(answer.headers)


async def test_an_address_left_empty_does_what_the_form_says(open_copy: Opener) -> None:
    """Of a stored article it stays, of a new one it is made of the title."""
    opened, place = open_copy(), f"/admin/articles/{CORPUS.first_id}"
    async with opened.member(EDITOR) as editor:
        hints = [(await editor.get(path)).text for path in (place, "/admin/new")]
        fields = {**DRAFT, "slug": "", "csrf": await csrf_of(editor, place), "action": "publish"}
        await editor.post(place, data={**fields, "etag": await etag_of(editor, place)})
        await editor.post("/admin/new", data=fields)
        pages = [await editor.get(path) for path in (opened.article_path(), "/articles/fresh-bread-11775/")]
    assert "Left empty, it stays as it is" in hints[0]
    assert "Left empty, it is made of the title" in hints[1]
    assert ["<h1>Fresh bread</h1>" in page.text for page in pages] == [True, True]


async def test_deleting_is_asked_for_twice(open_copy: Opener) -> None:
    """The button is behind another that says what it does, without a script; what is not stored cannot be deleted."""
    opened = open_copy()
    async with opened.member(EDITOR) as editor:
        stored = (await editor.get(f"/admin/articles/{CORPUS.first_id}")).text
        blank = (await editor.get("/admin/new")).text
    (details,) = re.findall(r'<details class="deletion">\s*<summary.*?</details>', stored, re.DOTALL)
    assert "gone for good" in details
    assert stored.count('value="delete"') == details.count('value="delete"') == 1
    assert 'value="delete"' not in blank


async def test_caches_farther_out_are_told_what_a_form_has_made_stale(open_copy: Opener) -> None:
    """A comment, an article that comes, changes and goes; what changes nothing that is shown says nothing."""
    opened = open_copy()
    path, desk = opened.article_path(), f"/admin/articles/{CORPUS.first_id}"
    named = []
    async with opened.member(EDITOR) as editor:
        csrf = await csrf_of(editor, "/admin/new")
        for form, fields in (
            (f"{path}bookmark", {}),
            (f"{path}comments", {"text": "Well said."}),
            ("/comments/1/delete", {}),
            (desk, {"action": "unpublish"}),
            ("/admin/new", {**DRAFT, "action": "save"}),
            ("/admin/new", {**DRAFT, "action": "publish"}),
            (desk, {"action": "delete"}),
        ):
            etag = await etag_of(editor, desk) if form == desk else ""
            answer = await editor.post(form, data={**fields, "csrf": csrf, "etag": etag})
            assert answer.status_code == 303, form
            named.append(answer.headers.get("cache-group-invalidation", ""))
    said = f'"post-{CORPUS.first_id}:comments"'
    assert named[:3] == ["", said, said]
    assert f'"post-{CORPUS.first_id}"' in named[3]
    assert named[4] == ""
    assert '"list-newest"' in named[5]
    assert named[6] == ""


async def seen(reader: httpx.AsyncClient, slug: str) -> tuple[int, str | None]:
    """Whether an article is at its address, or where its reader is sent on to; the second answer is from the cache."""
    first, second = [await reader.get(f"/articles/{slug}/") for _ in range(2)]
    assert (first.status_code, second.headers["x-cache"]) == (second.status_code, "HIT")
    return second.status_code, second.headers.get("location")


async def test_an_address_that_an_article_had_leads_to_it(open_copy: Opener) -> None:
    """However often it was renamed, at once and as the policy of articles says; as a draft or deleted, nowhere."""
    opened, article_id = open_copy(), CORPUS.first_id
    slug, editing = CORPUS.article(article_id).slug, opened.site.editing
    async with opened.client() as reader:
        steps = [await seen(reader, slug)]
        for name in ("second", "third"):
            editing.rewrite(article_id, from_fields({**DRAFT, "slug": name}), None, etags=None)
            steps.append(await seen(reader, slug))
        other, moved = await seen(reader, "second"), await reader.get(f"/articles/{slug}/")
        editing.set_status(article_id, "draft")
        steps.append(await seen(reader, slug))
        editing.set_status(article_id, "published")
        steps.append(await seen(reader, slug))
        editing.delete(article_id)
        steps.append(await seen(reader, slug))
    to_third = (301, "/articles/third/")
    assert steps == [(200, None), (301, "/articles/second/"), to_third, (404, None), to_third, (404, None)]
    assert other == to_third
    policy = ROUTES["article"]
    assert (moved.headers["cache-control"], moved.headers["cdn-cache-control"]) == (policy.browser, policy.shared)
    assert moved.headers["cache-groups"] == f'"post-{article_id}:card", "post-{article_id}:moved"'


@pytest.mark.parametrize("status", ["published", "draft"])
async def test_a_new_article_takes_an_address_that_another_had(status: str, open_copy: Opener) -> None:
    """From then on it is its own, and not the other's again when it goes; caches farther out are told."""
    opened, article_id = open_copy(), CORPUS.first_id
    slug, editing = CORPUS.article(article_id).slug, opened.site.editing
    async with opened.client() as reader:
        editing.rewrite(article_id, from_fields({**DRAFT, "slug": "second"}), None, etags=None)
        steps = [await seen(reader, slug)]
        made = editing.create(from_fields({**DRAFT, "slug": slug}), status, author_slug="x", author_name="X")  # type: ignore[arg-type]
        steps.append(await seen(reader, slug))
        editing.delete(made.article_id)
        steps.append(await seen(reader, slug))
    assert steps == [(301, "/articles/second/"), (200 if status == "published" else 404, None), (404, None)]
    assert f"post-{article_id}:moved" in made.tags


async def test_an_article_takes_its_own_address_back(open_copy: Opener) -> None:
    """It is there, and the address between leads to it."""
    opened, article_id = open_copy(), CORPUS.first_id
    slug, editing = CORPUS.article(article_id).slug, opened.site.editing
    async with opened.client() as reader:
        for name in ("second", slug):
            editing.rewrite(article_id, from_fields({**DRAFT, "slug": name}), None, etags=None)
            await seen(reader, slug)
        steps = [await seen(reader, slug), await seen(reader, "second")]
    assert steps == [(200, None), (301, f"/articles/{slug}/")]


async def test_an_edition_of_the_corpus_brings_its_address_back(open_copy: Opener) -> None:
    """Renamed by an editor, then replaced by the next revision."""
    opened, article_id = open_copy(), CORPUS.first_id
    slug, editing = CORPUS.article(article_id).slug, opened.site.editing
    async with opened.client() as reader:
        editing.rewrite(article_id, from_fields({**DRAFT, "slug": "second"}), None, etags=None)
        await seen(reader, slug)
        editing.revise(article_id)
        steps = [await seen(reader, slug), await seen(reader, "second")]
    assert steps == [(200, None), (301, f"/articles/{slug}/")]


async def test_a_draft_is_not_told_of_by_an_address_it_had(open_copy: Opener) -> None:
    """The answer is that of any address without an article."""
    opened, article_id = open_copy(), CORPUS.first_id
    opened.site.editing.rewrite(article_id, from_fields({**DRAFT, "slug": "second"}), None, etags=None)
    opened.site.editing.set_status(article_id, "draft")
    async with opened.client() as reader:
        had, none = [await reader.get(path) for path in (opened.article_path(), "/articles/none/")]
    assert (had.status_code, had.content) == (404, none.content)
    assert "cache-groups" not in had.headers


def form_of(page: str) -> dict[str, str]:
    """What stands in the fields of an editor's form, and where it is sent (``action``)."""
    (form,) = re.findall(r'<form class="editor".*?</form>', page, re.DOTALL)
    lines = re.findall(r'<input [^>]*?name="(\w+)" value="([^"]*)"', form)
    areas = re.findall(r'<textarea id="\w+" name="(\w+)"[^>]*>\n(.*?)</textarea>', form, re.DOTALL)
    (place,) = re.findall(r'<form class="editor" action="([^"]+)"', form)
    return {name: html.unescape(value) for name, value in lines + areas} | {"action": place}


async def test_two_editors_do_not_overwrite_each_other(open_copy: Opener) -> None:
    """The second to save what both have opened gets back what they typed, and stores it when they say so again."""
    opened, place = open_copy(), f"/admin/articles/{CORPUS.first_id}"
    address = f"/articles/{CORPUS.article(CORPUS.first_id).slug}/"
    async with opened.member(EDITOR) as editor:
        csrf, etag = await csrf_of(editor, place), await etag_of(editor, place)
        answers = [
            await editor.post(place, data={**DRAFT, "title": title, "csrf": csrf, "etag": etag, "action": "save"})
            for title in ("First", "Second")
        ]
        page = (await editor.get(address)).text
        given_back = form_of(answers[1].text)
        again = await editor.post(place, data={**given_back, "action": "save"})
        after = (await editor.get(address)).text
    assert [one.status_code for one in answers] == [303, 409]
    assert "<h1>First</h1>" in page
    assert "was changed since you opened it" in answers[1].text
    assert f'<a href="{place}" target="_blank">See the present version' in answers[1].text
    assert given_back | DRAFT == given_back | {"title": "Fresh bread"}
    assert (given_back["title"], given_back["action"]) == ("Second", place)
    assert again.status_code == 303
    assert "<h1>Second</h1>" in after


@pytest.mark.parametrize("action", ["save", "publish", "unpublish", "delete"])
async def test_what_was_typed_outlives_the_article(action: str, open_copy: Opener) -> None:
    """An article that is gone meanwhile is told, and its text can be stored as a new one."""
    opened, place = open_copy(), f"/admin/articles/{CORPUS.first_id}"
    async with opened.member(EDITOR) as editor:
        csrf, etag = await csrf_of(editor, place), await etag_of(editor, place)
        opened.site.editing.delete(CORPUS.first_id)
        refused = await editor.post(place, data={**DRAFT, "csrf": csrf, "etag": etag, "action": action})
        given_back = form_of(refused.text)
        stored = await editor.post(given_back["action"], data={**given_back, "action": "publish"})
        page = await editor.get("/articles/fresh-bread-11775/")
    assert refused.status_code == 404
    assert "was deleted since you opened it" in refused.text
    assert 'value="delete"' not in refused.text
    assert (given_back["action"], given_back["body"]) == ("/admin/new", DRAFT["body"])
    assert (stored.status_code, page.status_code) == (303, 200)


async def test_a_draft_that_is_none_comes_back_with_all_reasons_and_what_was_typed(open_copy: Opener) -> None:
    """Every field with a fault is marked, says what is wrong, and is named above the form; the others are not."""
    opened = open_copy()
    wrong = {
        "title": "",
        "slug": CORPUS.article(CORPUS.first_id).title,
        "body": "no heading\n\n## Next\n\n```sql\nx",
        "images": "only | two",
        "tags": "one, one",
        "meta": "[1]",
    }
    async with opened.member(EDITOR) as editor:
        csrf = await csrf_of(editor, "/admin/new")
        answer = await editor.post("/admin/new", data={**DRAFT, **wrong, "csrf": csrf, "action": "publish"})
    page, told = answer.text, html.unescape(answer.text)
    assert answer.status_code == 422
    assert {name: form_of(page)[name] for name in wrong} == wrong
    assert re.findall(r'<li><a href="#(\w+)">', page) == list(wrong)
    marked = re.findall(r'name="(\w+)"[^>]*aria-describedby="([^"]+)" aria-invalid="true"', page)
    assert {name for name, _ in marked} == wrong.keys()
    assert all(f'id="{each}"' in page for _, ids in marked for each in ids.split())
    for sentence in (
        "It is empty; write something.",
        "cannot be in an address",
        "It begins with 'no heading'; begin it with a heading",
        "The code that begins with '```sql' does not end",
        "'only | two' is not three parts",
        "This names one of them twice; name each once.",
        "This is no map; write it in braces.",
    ):
        assert told.count(sentence) == 2, sentence


@pytest.mark.parametrize("place", ["/admin/new", f"/admin/articles/{CORPUS.first_id}"])
async def test_an_address_that_is_taken_is_told_at_its_field(place: str, open_copy: Opener) -> None:
    """The form keeps what was typed."""
    opened, taken = open_copy(), CORPUS.article(CORPUS.first_id + 1).slug
    async with opened.member(EDITOR) as editor:
        csrf, etag = await csrf_of(editor, place), await etag_of(editor, place) if place != "/admin/new" else ""
        fields = {**DRAFT, "slug": taken, "csrf": csrf, "etag": etag, "action": "save"}
        answer = await editor.post(place, data=fields)
    assert answer.status_code == 422
    assert f'<div class="refusal" id="slug-fault">\n<p>{taken} belongs to another article' in answer.text
    assert form_of(answer.text)["body"] == DRAFT["body"]


@pytest.mark.parametrize("path", ["/admin/", "/admin/new", f"/admin/articles/{CORPUS.first_id}"])
async def test_only_editors_see_the_editors_pages(path: str, open_copy: Opener) -> None:
    """Who has not signed in is sent to do so, another member is refused, and nothing is ever kept."""
    opened = open_copy()
    async with opened.member(EDITOR) as editor, opened.member(READER) as reader, opened.client() as nobody:
        answers = [await editor.get(path), await reader.get(path), await nobody.get(path)]
    assert [one.status_code for one in answers] == [200, 403, 303]
    assert answers[2].headers["location"] == f"/login?next={path}"
    assert all(one.headers["cache-control"] == "private, no-store" for one in answers)


async def test_forms_without_the_sessions_word_do_nothing(open_copy: Opener) -> None:
    """Neither without it, nor with another session's; nor from a member where only editors may."""
    opened = open_copy()
    article = opened.article_path()
    forms = [
        (f"{article}bookmark", {"keep": "1"}),
        (f"{article}comments", {"text": "Hello"}),
        ("/admin/new", {**DRAFT, "action": "publish"}),
        (f"/admin/articles/{CORPUS.first_id}", {"action": "delete", "etag": ""}),
    ]
    async with opened.member(EDITOR) as editor, opened.member(READER) as reader, opened.client() as nobody:
        foreign, own = await csrf_of(reader, article), await csrf_of(reader, article)
        for path, fields in forms:
            assert (await editor.post(path, data=fields)).status_code == 403
            assert (await editor.post(path, data={**fields, "csrf": foreign})).status_code == 403
            assert (await nobody.post(path, data=fields)).headers["location"] == "/login"
        for path, fields in forms[2:]:
            assert (await reader.post(path, data={**fields, "csrf": own})).status_code == 403
        page = (await nobody.get(article)).text
        assert (await nobody.get(f"/api/v1/articles/{CORPUS.first_id}")).status_code == 200
    assert "Hello" not in page


async def test_a_comment_is_on_the_page_at_once_and_gone_when_it_is_taken_back(open_copy: Opener) -> None:
    """Escaped, with its writer's name; its writer and editors may take it back, others not."""
    opened = open_copy()
    article = opened.article_path()
    async with (
        opened.member(EDITOR) as editor,
        opened.member(READER) as reader,
        opened.member(2) as third,
        opened.client() as nobody,
    ):
        await nobody.get(article)
        csrf = await csrf_of(reader, article)
        sent = await reader.post(f"{article}comments", data={"text": "<b>Well</b>\nsaid", "csrf": csrf})
        shown = (await nobody.get(article)).text
        refused = await third.post("/comments/1/delete", data={"csrf": await csrf_of(third, article)})
        removed = await editor.post("/comments/1/delete", data={"csrf": await csrf_of(editor, article)})
        after = await nobody.get(article)
        again = await editor.post("/comments/1/delete", data={"csrf": await csrf_of(editor, article)})
    assert sent.headers["location"] == f"{article}#comment-1"
    assert "&lt;b&gt;Well&lt;/b&gt;\nsaid" in shown
    assert (refused.status_code, removed.status_code, again.status_code) == (403, 303, 404)
    assert "Well" not in after.text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "It is blank; write something."),
        ("  \n ", "It is blank; write something."),
        ("x" * 4001, "It has 4,001 characters, and 4,000 are the most; shorten it."),
        ("\u200b\u2060", "It is blank; write something."),
        ("bell \x07", "It holds a control character, which no page can show; delete it."),
    ],
)
async def test_what_is_no_comment_comes_back_with_the_reason(text: str, reason: str, open_copy: Opener) -> None:
    """Blank, too long, or with control characters: the form holds what was typed, and leads back to the article."""
    opened = open_copy()
    article = opened.article_path()
    async with opened.member(READER) as reader:
        csrf = await csrf_of(reader, article)
        answer = await reader.post(f"{article}comments", data={"text": text, "csrf": csrf})
        page = await reader.get(article)
    assert (answer.status_code, answer.headers["cache-control"]) == (422, "private, no-store")
    assert f"<p>{reason}</p>" in answer.text
    assert 'aria-describedby="text-fault" aria-invalid="true"' in answer.text
    assert f"\n{text.strip()}</textarea>" in answer.text
    assert f'action="{article}comments"' in answer.text
    assert f'<a href="{article}#comments">' in answer.text
    assert '<li id="comment-' not in page.text


async def test_a_comment_may_be_as_long_in_any_script(open_copy: Opener) -> None:
    """Four thousand characters, each of which takes twelve bytes to send."""
    opened = open_copy()
    article = opened.article_path()
    async with opened.member(READER) as reader:
        csrf = await csrf_of(reader, article)
        answer = await reader.post(f"{article}comments", data={"text": "🙂" * 4000, "csrf": csrf})
    assert answer.status_code == 303


async def test_a_member_keeps_articles_and_takes_them_out_again(open_copy: Opener) -> None:
    """The button says which it does, the own page shows what is kept, once, and only to that member."""
    opened = open_copy()
    article = opened.article_path(40)
    async with opened.member(READER) as reader, opened.member(2) as other:
        csrf = await csrf_of(reader, article)
        title = CORPUS.article(CORPUS.first_id + 40).title
        states = []
        for keep in ("1", "1", "0"):
            await reader.post(f"{article}bookmark", data={"keep": keep, "csrf": csrf})
            me = (await reader.get("/me")).text
            states.append((me.count(f'href="{article}"'), "Take out of" in (await reader.get(article)).text))
        assert title
        assert "Take out of" not in (await other.get(article)).text
    assert states == [(1, True), (1, True), (0, False)]


LINES = st.text(st.sampled_from(list("ab #`\\\n<|é")), min_size=1, max_size=20)


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "heading": LINES.map(lambda text: text.replace("\n", " ")),
                "paragraphs": st.lists(LINES, max_size=3),
                "code": st.none() | st.fixed_dictionaries({"language": st.just("sql"), "text": LINES}),
            }
        ),
        max_size=3,
    )
)
def test_a_body_is_the_sections_it_was_made_of(sections: list[dict[str, object]]) -> None:
    """Whatever the lines look like: what the editor's form shows is what it stores."""
    assert from_body(to_body(sections)) == sections  # type: ignore[arg-type]


@pytest.mark.parametrize("body", ["text", "## a\n\n```sql\nx\n```\n\nafter", "## a\n\n```sql\nnever ends"])
def test_a_body_that_is_none_says_so(body: str) -> None:
    """In one sentence with the line and what to do."""
    with pytest.raises(DraftError, match=";"):
        from_body(body)


def test_the_form_of_an_article_is_the_article() -> None:
    """Meta box, figures, lists: nothing is lost between the fields and the text."""
    fields = {
        **DRAFT,
        "slug": "fresh-bread",
        "checklist": "One\n\nTwo",
        "images": "placehold.co | https://placehold.co/1.png | Bread | and butter",
        "final_notes": "Eat.",
        "categories": "food, baking",
        "meta": json.dumps({"a": [{"b": 1}], "c": "d"}),
    }
    text = from_fields(fields)
    assert text.checklist == ["One", "Two"]
    assert text.images[0].caption == "Bread | and butter"
    assert text.categories == ["food", "baking"]
    assert text.meta == {"a": [{"b": 1}], "c": "d"}
