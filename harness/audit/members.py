"""A member who is logged in, and how one tells for whom a page was made."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urljoin, urlsplit

from harness.audit.client import Client, Trust
from harness.audit.reply import Reply
from harness.errors import TargetError, UsageError
from locustfiles._errors import SwarmError
from locustfiles._login_form import fill, form_of
from locustfiles._recipe import Recipe, read_recipe
from locustfiles._viewers import Viewers
from synth.people import member

ABOUT: Final = "/anp/about"
_HOPS: Final = 5


@dataclass(frozen=True, slots=True)
class Reference:
    """The reference site, as it calls itself.

    Attributes:
        seed: Of its corpus, and so of its members.
        has_members: Whether anybody can log in.
    """

    seed: int
    has_members: bool


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who is logged in.

    Attributes:
        client: Sends their cookies.
        form: Where the log-in form is.
        pages: Addresses that only members ask for.
        is_shown: Whether a page shows that it was made for a member.
        is_for_nobody: Whether a page shows that it was made for somebody who is not logged in.
    """

    client: Client
    form: str
    pages: tuple[str, ...]
    is_shown: Callable[[Reply], bool]
    is_for_nobody: Callable[[Reply], bool]


def reference(client: Client) -> Reference | None:
    """What the site says of itself, where it is the reference site."""
    answer = client.get(ABOUT)
    try:
        about = json.loads(answer.body) if answer.status == 200 else {}
        if about.get("site") != "anp-reference":
            return None
        return Reference(int((about.get("corpus") or {}).get("seed", 0)), bool(about.get("members")))
    except (ValueError, AttributeError, TypeError):
        return None


@contextmanager
def logged_in(origin: str, trust: Trust, site: Reference | None, file: Path | None) -> Iterator[Member | None]:
    """Log in by a recipe, or as the first member of the reference site.

    Gives:
        The member; None where nothing says how to log in.

    Raises:
        UsageError: The recipe is of no use.
        TargetError: The log-in did not work.
    """
    with Client(origin, trust, keeps_cookies=True) as client:
        if file is not None:
            yield _by_recipe(client, file)
        elif site is not None and site.has_members:
            yield _of_reference(client, site)
        else:
            yield None


def _of_reference(client: Client, site: Reference) -> Member:
    one = member(0, site.seed)
    answer = client.get("/login", method="POST", form={"login": one.login, "password": one.password})
    shows, nobody = re.compile(rb'name="anp-mark"[^>]* viewer=(?!anonymous)'), b" viewer=anonymous"
    who = Member(
        client,
        "/login",
        ("/me",),
        lambda reply: shows.search(reply.body) is not None,
        lambda reply: nobody in reply.body,
    )
    if not who.is_shown(client.get("/me")):
        raise TargetError(
            f"{client.origin}: the log-in of {one.login!r} was answered with {answer.status}, and /me then shows no "
            "member. Was its database imported with other members? Then say who logs in: --login FILE.toml"
        )
    return who


def _by_recipe(client: Client, file: Path) -> Member:
    try:
        recipe = read_recipe(file)
        page = client.get(recipe.page)
        form = form_of(page.body.decode("utf-8", "replace"), recipe)
        account = recipe.accounts[0]
        fields = fill(form, recipe, account)
    except SwarmError as error:
        raise UsageError(str(error)) from None
    before, viewers = client.get(recipe.check), Viewers(recipe)
    if before.status == 200 and viewers.judge_anonymous(before.body) != "ok":
        raise UsageError(
            f"the recipe {recipe.name}: check.logged_in {recipe.logged_in!r} is on {recipe.check} of {client.origin} "
            "for somebody who is not logged in; name a text that only members see"
        )
    answer = client.get(form.action, method="POST", form=fields)
    at = form.action
    for _ in range(_HOPS):
        leads = urljoin(client.origin + at, answer.headers.get("location", ""))
        if not 300 <= answer.status < 400 or not leads.startswith(f"{client.origin}/"):
            break
        parts = urlsplit(leads)
        at = parts.path + (f"?{parts.query}" if parts.query else "")
        answer = client.get(at)
    check = client.get(recipe.check)
    if check.status != 200 or viewers.judge(check.body, account, required=True) != "ok":
        raise TargetError(
            f"{client.origin}: after the log-in {recipe.check} (status {check.status}) does not show "
            f"check.logged_in {recipe.logged_in!r}; check the account's password, and [check] in {recipe.name}"
        )
    return _member(client, recipe, viewers)


def _member(client: Client, recipe: Recipe, viewers: Viewers) -> Member:
    return Member(
        client,
        recipe.page,
        tuple(dict.fromkeys((recipe.check, *recipe.pages))),
        lambda reply: viewers.judge_anonymous(reply.body) != "ok",
        lambda reply: viewers.shows_nobody(reply.body),
    )
