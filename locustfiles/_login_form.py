"""The login form of a site that is not ours: found in its page, and filled in as a recipe says.

The form's own fields are sent back as they came, hidden ones first of all, for they often carry a token that is good
for one login. Scripts of the page are not run: what they would add, the recipe has to.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import urljoin

from locustfiles._errors import LoginError
from locustfiles._html import Page
from locustfiles._recipe import PLACEHOLDER, Account, Recipe, suggestion
from locustfiles._urls import split_url


@dataclass(frozen=True, slots=True)
class Form:
    """A form as it was found: the path it is sent to, and what a browser would send if nobody typed anything.

    Attributes:
        fields: Names to values; those of empty text fields included.
    """

    action: str
    fields: Mapping[str, str]


def form_of(page: str, recipe: Recipe, hosts: Collection[str] | None = None) -> Form:
    """Find the login form in its page.

    Args:
        page: The HTML of ``recipe.page``.
        recipe: Says which form, and where it is sent if not where the form says.
        hosts: Names of the site; a form that is sent to any other host is refused. ``None``: take any.

    Raises:
        LoginError: There is no such form, or it is sent to another host.
    """
    forms = Page(page).forms
    if recipe.form is not None:
        wanted = [form for form in forms if form.id == recipe.form]
        what = f"no form with the id {recipe.form!r}"
    else:
        wanted = [form for form in forms if form.has_password]
        what = "no form with a password field"
    if not wanted:
        ids = ", ".join(form.id for form in forms if form.id) or "none"
        raise LoginError(
            f"{recipe.page} shows {what} (ids of its {len(forms)} forms: {ids}); "
            f"check login.page and login.form in {recipe.name}"
        )
    form = wanted[0]
    return Form(recipe.action or _action(form.action, recipe, hosts), form.values)


def shows(page: str, at: str, form: Form) -> bool:
    """Whether a page has the login form: a form with a password field that is sent to the same path.

    Args:
        page: The HTML.
        at: Path of the page, from which the addresses in it count.
        form: The login form as it was found.
    """
    if "password" not in page.lower():
        return False  # nearly always; to parse a page takes far longer
    return any(
        found.has_password and _sent_to(found.action, at)[1].partition("?")[0] == form.action.partition("?")[0]
        for found in Page(page).forms
    )


def fill(form: Form, recipe: Recipe, account: Account) -> dict[str, str]:
    """The fields to send: those of the form, with the recipe's filled in for an account.

    Raises:
        LoginError: The form has no field for the login or the password where the recipe would put it.
    """
    filled = dict(form.fields)
    values = {"login": account.login, "password": account.password}
    for name, text in recipe.fields.items():
        if name not in filled and PLACEHOLDER.search(text):
            near = suggestion(name, filled)
            raise LoginError(
                f"the login form of {recipe.page} has no field {name!r} (it has {', '.join(filled) or 'none'}); "
                f"check login.fields in {recipe.name}{near}"
            )
        filled[name] = PLACEHOLDER.sub(lambda place: values[place.group(1)], text)
    return filled


def _action(text: str, recipe: Recipe, hosts: Collection[str] | None) -> str:
    """The path a form is sent to."""
    host, path = _sent_to(text, recipe.page)
    if not path:
        raise LoginError(f"the login form of {recipe.page} is sent to {text!r}; give login.action in {recipe.name}")
    if host is not None and hosts is not None and host not in {name.lower() for name in hosts}:
        raise LoginError(
            f"the login form of {recipe.page} is sent to another host, {host}; if that is a name of this site: "
            f"--alias {host}"
        )
    return path


def _sent_to(text: str, at: str) -> tuple[str | None, str]:
    """Host, ``None`` for the page's own, and path of a form's action; no path where scripts send it.

    A form without an action is sent to its own page.
    """
    try:
        host, path = split_url(urljoin(f"//site.invalid{at}", text.strip()))
    except ValueError:
        return None, ""
    return (None if host == "site.invalid" else host), path
