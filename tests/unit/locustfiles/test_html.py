"""Links and forms of pages as people write them."""

from __future__ import annotations

from locustfiles._html import Link, Page


def test_links_have_their_words() -> None:
    """Whatever is around and between them; an anchor that leads nowhere is none."""
    page = Page('<a href="/a?x=1&amp;y=2"> Log <b>in</b>\n now</a><a name="top">top</a><a href="/b">')

    assert page.links == [Link("/a?x=1&y=2", "Log in now")]


def test_a_form_is_sent_as_a_browser_would_send_it() -> None:
    """Hidden fields, ticked boxes, the first button; nothing disabled, no file, no second button."""
    (form,) = Page(
        """<form id="f" action="/enter"><input type="hidden" name="token" value="t&quot;1"><input name="user" value="">
        <input type="PASSWORD" name="pw"><input type="checkbox" name="stay" checked><input type="checkbox" name="spam">
        <input type="radio" name="lang" value="en" checked><input name="old" disabled><input type="file" name="photo">
        <button name="go" value="1">Go</button><button name="help">Help</button></form><input name="outside">"""
    ).forms

    assert (form.id, form.action) == ("f", "/enter")
    assert form.values == {"token": 't"1', "user": "", "pw": "", "stay": "on", "lang": "en", "go": "1"}
    assert (form.typed, form.passwords) == (["user"], ["pw"])


def test_the_field_for_the_name_is_the_one_that_is_called_so() -> None:
    """Not a field before it; where none is called so, the first."""
    fields = '<input type="password" name="pw">'
    (captcha,) = Page(f'<form><input name="answer"><input type="email" name="e-mail">{fields}</form>').forms
    (short,) = Page(f'<form><input name="log">{fields}</form>').forms
    (odd,) = Page(f'<form><input name="a"><input name="b">{fields}</form>').forms

    assert [form.login_field for form in (captcha, short, odd)] == ["e-mail", "log", "a"]


def test_forms_for_logins_ask_for_a_name_and_one_password() -> None:
    """Neither a search, nor a form for newcomers, nor a password alone."""
    name, word = '<input name="user">', '<input type="password" name="pw">'
    forms = Page("".join(f"<form>{inside}</form>" for inside in (name + word, name, name + word + word, word))).forms

    assert [form.is_for_logins for form in forms] == [True, False, False, False]
