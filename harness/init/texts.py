"""The plan and the login recipe as files for people: each choice with what was found, and what else there is."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from harness.init.arms import Arm
from harness.init.members import Marks
from harness.init.survey import Addresses, LoginForm, Survey
from results.cache_status import Reading
from results.units import counted, percent

_WIDTH: Final = 110
_ENOUGH_FOR_MEMBERS: Final = 0.5
"""The share of a route from which members, who send a fifth of 250 requests, fill a median of its pages."""

_REUSED: Final = ("HIT", "STALE")
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Members:
    """How members are to read.

    Attributes:
        recipe: The recipe's file, from the plan's folder.
        accounts: How many there are; ``None`` where the recipe was there before.
        marks: How a log-in shows, where it was tried.
    """

    recipe: str
    accounts: int | None = None
    marks: Marks | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """All that a plan is made of.

    Attributes:
        file: The plan's own name, for the commands in it.
        name: Of the trial.
        reason: Why the change is made, or nothing.
        arms: Before and after.
        folder: Where the arms' commands run, from the plan's folder.
        slot: Address of the one slot that the arms' commands switch, if they do.
        ready: The path that was asked for until it was answered.
        ready_seconds: How long that may take.
        found: On the first arm.
        route: The kind of page that decides.
        source: Where the addresses come from: the key and its value, a file as seen from the plan's folder.
        caches: What the headers of each arm said, of the first and the second reader of one page.
        members: ``None`` where only readers are to come.
        i_may_load: Hosts other than this machine.
        ca_file: Authorities to trust instead of the system's, as seen from the plan's folder.
        insecure: Accept any certificate.
    """

    file: str
    name: str
    reason: str
    arms: tuple[Arm, Arm]
    folder: str
    slot: str | None
    ready: str
    ready_seconds: float
    found: Survey
    route: str
    source: tuple[str, str]
    caches: Mapping[str, tuple[Reading, Reading]]
    members: Members | None
    i_may_load: tuple[str, ...] = ()
    ca_file: str | None = None
    insecure: bool = False


def cache_words(readings: tuple[Reading, Reading]) -> str:
    """What the first and the second reader of a page were told of caches."""
    layers = dict.fromkeys(layer.provider for reading in readings for layer in reading.layers)
    if not layers:
        return "no header tells of a cache, so that replies will be of class UNKNOWN"
    return f"{' and '.join(layers)} said {readings[0].verdict} to the first reader, {readings[1].verdict} to the second"


def addresses_words(addresses: Addresses) -> str:
    """How many addresses there are, and of which routes."""
    routes = [f"{route} {number:,}" for route, number in addresses.routes().items()]
    more = f" and {counted(len(routes) - 6, 'other')}" if len(routes) > 6 else ""
    number = len(addresses.paths)
    return f"{number:,} address{'' if number == 1 else 'es'}; by route: {', '.join(routes[:6])}{more}"


def plan_text(draft: Draft) -> str:
    """The plan file."""
    return "\n".join([*_head(draft), *_site(draft), *_arms(draft), *_decisions(draft)]) + "\n"


def recipe_text(form: LoginForm, marks: Marks, accounts: str) -> str:
    """The login recipe; ``accounts`` is the file's name from the recipe's folder."""
    lines = [
        *_comment("How members log in, written by anp init. Every key: docs/foreign-sites.md."),
        "",
        "[login]",
        f"page = {_text(form.page)}  # fetched first, for its cookies and its form",
        *(
            [f"form = {_text('#' + form.id)}"]
            if form.id
            else ['# form = "#id"  # the form has none; it is the one with a password']
        ),
        "",
        *_comment("What is filled in; every other field, such as a token, is sent as it stands in the form."),
        "[login.fields]",
        f'{_key(form.login)} = "{{login}}"',
        f'{_key(form.password)} = "{{password}}"',
        "",
        *_comment("Twenty at most are used. Members with as few rights as the test allows."),
        "[accounts]",
        f"file = {_text(accounts)}",
        "",
        *_comment(f"How a log-in shows; {counted(marks.tried, 'account')} tried."),
        "[check]",
        f"page = {_text(marks.page)}  # asked for after each log-in"
        + ("; readers are not shown it" if marks.is_private else ""),
        f"logged_in = {_text(marks.logged_in)}  # must be on it",
    ]
    if marks.logged_out:
        lines.append(f"logged_out = {_text(marks.logged_out)}  # must never be on a page that a member asked for")
    else:
        lines.append('# logged_out = ">Log in</a>"  # a text that must never be on a page that a member asked for')
    own = f"pages = {_list([marks.page])}" if marks.is_private else '# pages = ["/account"]'
    lines.append(f"{own}  # pages that members alone ask for: route member")
    return "\n".join(lines) + "\n"


def urls_text(addresses: Addresses) -> str:
    """A file of addresses, for a site that has no sitemap."""
    head = _comment(
        "Where the home page leads, written by anp init since no sitemap was found. Look it through: one path a line, "
        "a weight after it says how often it is asked for. An access log would know better."
    )
    return "\n".join([*head, *addresses.paths]) + "\n"


def _head(draft: Draft) -> Iterator[str]:
    yield from _comment(
        "A trial of two versions of a site, written by anp init. What was found is in the comments; every key is "
        "explained in docs/trials.md. First how many launches it takes, then the trial:"
    )
    yield f"#     anp trial {draft.file} --plan-only"
    yield f"#     anp trial {draft.file}"
    yield ""
    yield f"name = {_text(draft.name)}"
    yield f"reason = {_text(draft.reason)}  # why the change is made; it opens the change note"
    yield ""
    if draft.members is not None:
        yield from _comment(
            "Who visits: readers, and members with one request in five, so that there are enough for a median in each "
            "launch. Readers alone: cache_hit."
        )
        yield 'scenario = "readers_and_members"'
        if draft.members.accounts is not None:
            yield f"members = {draft.members.accounts}  # accounts that the recipe names, twenty at most"
        yield "member_share = 0.2"
    else:
        yield from _comment(f"Who visits: readers alone. {_login_words(draft.found.login)}")
        yield 'scenario = "cache_hit"'
    yield ""
    yield from _comment(
        "Fresh starts of both arms, each of which gives one value; --plan-only tells how many it takes."
    )
    yield "launches = 8"
    yield "seconds = 20      # measured seconds of a launch; auto: as long as 250 requests take, 35 at least"
    yield 'rate = "auto"     # requests a second and arm, or auto: what leaves the site well below busy'
    yield 'prepare = "warm"  # caches before the first request: warm (each page asked for), natural, cold (wants purge)'
    yield 'method = "auto"   # arms side by side, unless they hold each other up; or duet, rounds, reversal'
    yield "# again = true    # a second copy of before, which shows what this machine calls a difference by itself"
    yield ""


def _login_words(form: LoginForm | None) -> str:
    if form is None:
        return "No login form was found; with --login-page and --accounts, anp init sets members up too."
    return (
        f"A login form is at {form.page} (fields {form.login} and {form.password}); with --accounts FILE, anp init "
        "sets members up too."
    )


def _site(draft: Draft) -> Iterator[str]:
    found = draft.found.addresses
    yield "[site]"
    if draft.slot is not None:
        yield f"url = {_text(draft.slot)}  # the one slot, which the arms' commands switch"
    yield from _comment(f"{addresses_words(found)}. Instead: sitemap, urls (a file) or access_log (a list of files).")
    key, value = draft.source
    yield f"{key} = {_text(value)}"
    if found.aliases:
        yield f"aliases = {_list(found.aliases)}  # what the addresses call the site"
    else:
        yield '# aliases = ["www.example"]  # further names of the site in its addresses'
    if draft.members is not None:
        if marks := draft.members.marks:
            shows = marks.logged_in.replace("{login}", "NAME")
            yield from _comment(f"{counted(marks.tried, 'account')} logged in; {marks.page} then shows {shows!r}.")
        yield f"login = {_text(draft.members.recipe)}"
    yield f"ready = {_text(draft.ready)}  # asked for until it is answered with a page"
    yield f"ready_seconds = {draft.ready_seconds:g}"
    yield "stop_seconds = 10"
    if draft.i_may_load:
        yield f"i_may_load = {_list(draft.i_may_load)}"
    else:
        yield '# i_may_load = ["staging.example"]  # hosts other than this machine that may be loaded'
    if draft.ca_file is not None:
        yield f"ca_file = {_text(draft.ca_file)}"
    if draft.insecure:
        yield "insecure = true  # any certificate is accepted"
    yield "# allow_writes = false  # log-ins and purges as load"
    yield ""


def _arms(draft: Draft) -> Iterator[str]:
    example = draft.found.addresses.example(draft.route)
    for arm in draft.arms:
        if arm.name in draft.caches:
            yield from _comment(f"Caches, of {example}: {cache_words(draft.caches[arm.name])}.")
        yield f"[{arm.name}]"
        yield f"{arm.plan.kind} = {_text(getattr(arm.plan, arm.plan.kind))}"
        if arm.plan.kind != "url":
            yield f"folder = {_text(draft.folder)}"
            env = ", ".join(f"{_key(name)} = {_text(value)}" for name, value in arm.plan.environment().items())
            yield f"env = {{ {env} }}" if env else '# env = { NAME = "value" }'
        yield ""
    if draft.arms[0].plan.kind == "command":
        yield from _comment("Two revisions of one repository can be the arms as well: [git] in docs/trials.md.")
        yield ""
    yield from _comment("Shell commands around an arm; ANP_ARM, ANP_URL and ANP_PORT tell which.")
    yield "# [hooks]"
    yield '# prepare = "…"   # before its process starts, each launch'
    yield '# purge = "…"     # empties its caches'
    yield '# warm = "…"      # fills them, before every page is asked for'
    yield '# rollback = "…"  # when the trial is over, however it ended'
    yield ""


def _decisions(draft: Draft) -> Iterator[str]:
    both_hit = len(draft.caches) == 2 and all(second.verdict in _REUSED for _, second in draft.caches.values())
    why = (
        "Both arms answer the second reader from a cache, so hits are set against hits."
        if both_hit
        else "All replies of a page count, from a cache or not."
    )
    found = draft.found.addresses
    routes = ", ".join(found.deciding())
    share = found.share(draft.route)
    yield from _comment(
        f"The cells that decide, named before any figure is seen. {why} Of readers' requests {percent(share)} are for "
        f"{draft.route}; a median takes twenty in each launch and arm. Routes: {routes}."
    )
    yield from _primary("reader", draft.route, f'{"" if both_hit else "# "}cache = "HIT"  # hits alone')
    if draft.members is not None and share >= _ENOUGH_FOR_MEMBERS:
        yield from _primary("member", draft.route)
    yield from _comment("The smallest change that matters, as a share.")
    yield "[margins]"
    yield "p50 = 0.1"
    yield "# p95 = 0.1"


def _primary(persona: str, route: str, *more: str) -> Iterator[str]:
    yield "[[primary]]"
    yield f"persona = {_text(persona)}"
    yield f"route = {_text(route)}"
    yield from more
    yield ""


def _comment(text: str) -> list[str]:
    return textwrap.wrap(
        _CONTROL.sub("?", text),
        _WIDTH,
        initial_indent="# ",
        subsequent_indent="# ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _text(value: str) -> str:
    """A text in TOML's quotes; JSON's are the same but for one character, which it leaves bare."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _list(values: tuple[str, ...] | list[str]) -> str:
    return f"[{', '.join(map(_text, values))}]"


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _text(name)
