"""Members of a site that is not ours: logged in once, to see by what their pages can be told from those of readers."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urljoin, urlsplit

import httpx

from harness.errors import TargetError, UsageError
from harness.init.survey import LoginForm, Trust, ask, follow, is_act, visitor
from locustfiles._html import Page
from locustfiles._recipe import Account

PLACE: Final = "{login}"
MOST_ACCOUNTS: Final = 20
"""Accounts that a swarm logs in at most."""

_MOST_PAGES: Final = 8
_AROUND: Final = 40
_OUT: Final = re.compile(r">\s*(?:log|sign)[ -]?(?:out|off)\s*<", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Marks:
    """How a log-in shows.

    Attributes:
        page: Path of the page to look at after each log-in.
        is_private: Whether readers are not shown that page.
        logged_in: Text on it; ``PLACE`` stands for the member's login.
        logged_out: Text that readers' pages have and members' have not; or nothing.
        tried: How many accounts were logged in.
    """

    page: str
    is_private: bool
    logged_in: str
    logged_out: str
    tried: int


def read_accounts(file: Path) -> list[Account]:
    """The accounts in a CSV file with the columns ``login`` and ``password``.

    Raises:
        UsageError: It cannot be read, or holds none.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = list(csv.DictReader(lines))
    except OSError as error:
        raise UsageError(f"--accounts {file} cannot be read ({error.strerror})") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"--accounts {file} is not CSV in UTF-8 ({error})") from None
    accounts = [Account(row.get("login") or "", row.get("password") or "") for row in rows]
    if not accounts or not all(account.login and account.password for account in accounts):
        raise UsageError(
            f"--accounts {file} does not give every account a login and a password; its first line must be "
            "login,password, and each further line an account"
        )
    return accounts


def accounts_text(accounts: Sequence[Account]) -> str:
    """Accounts as CSV, as ``read_accounts`` reads them."""
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(["login", "password"])
    writer.writerows([account.login, account.password] for account in accounts)
    return lines.getvalue()


def find_marks(url: str, form: LoginForm, accounts: Sequence[Account], trust: Trust = None) -> Marks:
    """Log the first two accounts in, and find out by what that shows.

    Args:
        url: Origin of the site.
        form: Where they log in.
        accounts: One or more.
        trust: Whose certificates to believe.

    Raises:
        TargetError: An account cannot be logged in, or nothing on its pages tells.
    """
    with ExitStack() as open_visitors:
        reader = open_visitors.enter_context(visitor(url, trust))
        members = [(account, open_visitors.enter_context(visitor(url, trust))) for account in accounts[:2]]
        landed = [_log_in(client, form, account) for account, client in members]
        account, client = members[0]
        home = ask(client, "/")
        anonymous = ask(reader, "/").text
        logged_out = form.link if form.link in anonymous and form.link not in home.text else ""
        for path in _candidates(landed[0], home, anonymous, form):
            page = client.get(path)
            if page.status_code != 200 or _shows_form(page.text, form):
                continue
            to_readers = reader.get(path)
            is_private = to_readers.status_code != 200 or _shows_form(to_readers.text, form)
            shown = "" if is_private else to_readers.text
            out = logged_out if logged_out and logged_out not in page.text else ""
            if not (is_private or (out and out in shown)):
                continue  # whoever types a login could be shown it there
            for mark in _marks(page.text, home.text, account.login):
                others = [one.get(path).text for _, one in members[1:]]
                fits = [_stands(mark, other.login, text) for (other, _), text in zip(members[1:], others, strict=True)]
                if all(fits) and not _stands(mark, account.login, anonymous + shown):
                    return Marks(path, is_private, mark, out, len(members))
    raise TargetError(
        f"whether {accounts[0].login!r} is logged in at {url} cannot be told: no page has a text that readers are not "
        "shown. Check the password, or leave --accounts out and write the recipe by hand (docs/foreign-sites.md)"
    )


def _log_in(client: httpx.Client, form: LoginForm, account: Account) -> httpx.Response:
    """Send the form as a browser would, and give the page that one comes to.

    Raises:
        TargetError: The same form is what comes.
    """
    at = ask(client, form.page)
    found = next((each for each in Page(at.text).forms if form.password in each.passwords), None)
    if found is None:
        raise TargetError(f"{form.page} of {client.base_url} no longer shows its login form; run anp init again")
    fields = {**found.values, form.login: account.login, form.password: account.password}
    target = urljoin(str(at.url), found.action) if found.action else str(at.url)
    if urlsplit(target).netloc != urlsplit(str(at.url)).netloc:
        raise TargetError(f"the login form of {form.page} is sent to {target}, which is not the site; is it a copy?")
    landed = follow(client, client.post(target, data=fields))
    if landed.status_code >= 400 or _shows_form(landed.text, form):
        raise TargetError(
            f"{account.login!r} could not log in at {client.base_url}: {form.page} answered with status "
            f"{landed.status_code} and {'the form again' if _shows_form(landed.text, form) else 'no page'}; check the "
            "password, or leave --accounts out"
        )
    return landed


def _candidates(landed: httpx.Response, home: httpx.Response, anonymous: str, form: LoginForm) -> Iterator[str]:
    """Pages that may tell: where a log-in led, what members alone have a link to, and the home page."""
    known = {link.target for link in Page(anonymous).links}
    links = [link.target for page in (home, landed) for link in Page(page.text).links if link.target not in known]
    places = [str(landed.url), *(urljoin(str(home.url), target) for target in links if not is_act(target)), "/"]
    paths = dict.fromkeys(
        urlsplit(place).path or "/"
        for place in places
        if urlsplit(place).netloc in {"", urlsplit(str(home.url)).netloc}
    )
    yield from [path for path in paths if path != form.page][:_MOST_PAGES]


def _marks(page: str, home: str, login: str) -> list[str]:
    """Texts around the login on a page, those that the home page has too first; without any, a way to log out."""
    found = []
    for spelling in dict.fromkeys((login, html.escape(login), html.escape(login, quote=False))):
        for place in re.finditer(rf"(?<!\w){re.escape(spelling)}(?!\w)", page):
            before, after = page[: place.start()], page[place.end() :]
            start = max(before.rfind(">") + 1, before.rfind("\n") + 1)
            if "<" in before[start:]:  # within a tag: from the name of its attribute on
                start = before.rfind(" ") + 1
                end = after.find('"') + 1
            else:
                end = min((at for at in (after.find("<"), after.find("\n")) if at >= 0), default=0)
            if not (before[start:] + after[:end]).strip():  # alone in its element: the tags belong to it
                start, end = before.rfind("<"), after.find(">") + 1
            mark = (before[start:].lstrip()[-_AROUND:], after[:end].rstrip()[:_AROUND])
            found.append(f"{mark[0]}{PLACE}{mark[1]}")
    found = [mark for mark in dict.fromkeys(found) if mark.replace(PLACE, "").strip()]
    found.sort(key=lambda mark: not _stands(mark, login, home))
    return found or [match.group() for match in [_OUT.search(page)] if match]


def _stands(mark: str, login: str, page: str) -> bool:
    return any(mark.replace(PLACE, spelling) in page for spelling in (login, html.escape(login)))


def _shows_form(page: str, form: LoginForm) -> bool:
    return any(form.password in each.passwords and form.login in each.typed for each in Page(page).forms)
