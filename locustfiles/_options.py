"""The swarm's own options of the locust command line, and the plan they make."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterable
from dataclasses import replace
from math import inf
from pathlib import Path
from urllib.parse import urlsplit

from locust.argument_parser import LocustArgumentParser
from locust.util.timespan import parse_timespan

from locustfiles import _site
from locustfiles._access_log import read_access_logs
from locustfiles._errors import SwarmError
from locustfiles._scenario import Scenario
from locustfiles._sitemap import read_sitemap
from locustfiles._urls import UrlTable, read_urls
from results.errors import PlanError
from results.loopback import is_this_machine
from results.plan import Arm, SwarmPlan

DEFAULT_VISITORS = 64
DEFAULT_MEMBERS = 20

_PLAN_S = 1800.0  # a site may take its time to start
_LOOK_S = 0.02


class _Given(argparse.Action):
    """Stores a value, and that it was given: a default that changes nothing is no mistake, a given value is."""

    def __call__(self, parser: object, namespace: argparse.Namespace, values: object, option: object = None) -> None:
        setattr(namespace, self.dest, values)
        namespace.given = (*namespace.given, self.dest)


_FOREIGN_ONLY = {
    "alias": "--alias",
    "login": "--login",
    "allow_writes": "--allow-writes",
    "purge_command": "--purge-command",
    "warm_command": "--warm-command",
}


def _seconds(text: str) -> float:
    """A time such as 90, 30s or 1h20m; fractions of a second as plain numbers."""
    try:
        return float(text)
    except ValueError:
        return float(parse_timespan(text))


def add_options(parser: LocustArgumentParser) -> None:
    """Add the options to locust's parser; the web form shows those that make sense there."""
    hidden = {"include_in_web_ui": False}
    parser.add_argument("--plan", metavar="FILE", help="A swarm plan (JSON); wins over the options below", **hidden)
    parser.add_argument("--await-plan", action="store_true", help="Wait until that file is there", **hidden)
    parser.add_argument(
        "--rate", type=float, default=50.0, help="Requests a second and arm; 0: closed workload of -u visitors"
    )
    parser.add_argument(
        "--duration", type=_seconds, default=None, help="Measured time (30s, 5m); -t is the same", **hidden
    )
    parser.add_argument("--warmup", type=_seconds, default=0.0, help="Seconds before the measured ones")
    parser.add_argument("--seed", type=int, default=0, help="Root of every draw of the traffic")
    parser.add_argument(
        "--members", type=int, default=DEFAULT_MEMBERS, action=_Given, help="Member accounts of the site to use"
    )
    parser.add_argument("--member-share", type=float, default=None, help="Share of members' requests, 0 to 1", **hidden)
    parser.add_argument("--zipf", type=float, default=0.8, action=_Given, help="Exponent of article popularity")
    parser.add_argument(
        "--prepare", choices=["natural", "warm", "cold"], default="natural", help="State of the page cache at the start"
    )
    parser.add_argument(
        "--arm",
        metavar="NAME=URL",
        action="append",
        help="One side of a duet; give it twice, instead of --host",
        **hidden,
    )
    parser.add_argument("--out", metavar="DIR", help="Directory of the run record (default: a new one)", **hidden)
    parser.add_argument(
        "--shape", default="steady", help="How the rate goes: steady, ramp, steps:N, spike:F, soak or breakpoint:F"
    )
    parser.add_argument(
        "--event-every",
        type=_seconds,
        default=None,
        help="Seconds from one edit, purge or log-in to the next, in scenarios of them",
        **hidden,
    )
    parser.add_argument(
        "--stale-allowance",
        action=_Given,
        type=_seconds,
        default=0.0,
        help="Seconds after an edit in which an older edition is still right",
        **hidden,
    )
    parser.add_argument(
        "--limit-p99",
        type=float,
        default=100.0,
        help="Milliseconds of p99 response time that end the search of --shape breakpoint",
        **hidden,
    )
    parser.add_argument(
        "--limit-errors",
        type=float,
        default=0.01,
        help="Share of errors that ends the search of --shape breakpoint",
        **hidden,
    )
    parser.add_argument("--urls", metavar="FILE", help="Ask for the addresses in a file, on any site", **hidden)
    parser.add_argument(
        "--sitemap", metavar="URL|FILE", help="Ask for the addresses in a sitemap; {url}: the target", **hidden
    )
    parser.add_argument(
        "--access-log",
        metavar="FILE",
        action="append",
        help="Ask for what an access log holds, by its own mix (may be given several times)",
        **hidden,
    )
    parser.add_argument("--with-bots", action="store_true", help="Keep crawlers' requests of the access log", **hidden)
    parser.add_argument(
        "--alias", metavar="HOST", action="append", help="Another name of the site, as its addresses have it", **hidden
    )
    parser.add_argument("--login", metavar="FILE", help="How members log in to that site (TOML)", **hidden)
    parser.add_argument("--ca-file", metavar="FILE", help="Authorities an https target is trusted by (PEM)", **hidden)
    parser.add_argument("--insecure", action="store_true", help="Accept any certificate", **hidden)
    parser.add_argument(
        "--allow-writes", action="store_true", help="Permit log-ins and purges as load on another site", **hidden
    )
    parser.add_argument(
        "--purge-command", metavar="COMMAND", help="Empties the caches of that site, run before load", **hidden
    )
    parser.add_argument(
        "--warm-command", metavar="COMMAND", help="Fills the caches of that site, run before load", **hidden
    )
    parser.add_argument(
        "--i-may-load", metavar="HOST", action="append", help="Permit a target that is not this machine", **hidden
    )
    parser.set_defaults(num_users=DEFAULT_VISITORS, spawn_rate=100, given=())


def await_plan(path: Path) -> None:
    """Wait until somebody has written the plan: whoever starts this process beside the sites does not know it yet.

    Raises:
        SwarmError: Nobody did.
    """
    until = time.monotonic() + _PLAN_S
    while not path.exists():
        if time.monotonic() > until:
            raise SwarmError(f"the plan {path} did not come within {_PLAN_S:g} s; see what should have written it")
        time.sleep(_LOOK_S)


def read_plan(path: Path, scenario: str) -> SwarmPlan:
    """The plan in a file.

    Raises:
        SwarmError: The file cannot be read, or its plan is of another scenario.
        PlanError: A value in it cannot be carried out.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SwarmError(f"the plan {path} cannot be read ({error}); give a JSON file with --plan") from error
    if not isinstance(data, dict):
        raise SwarmError(f"the plan {path} is not a JSON object; see docs for its keys")
    plan = SwarmPlan.from_dict(data)
    if plan.scenario != scenario:
        raise SwarmError(
            f"the plan {path} is of scenario {plan.scenario!r}; run locustfiles/{plan.scenario}.py with it"
        )
    return plan


def make_plan(
    options: argparse.Namespace, scenario: str, *, host: str | None, users: int, seconds: float | None
) -> SwarmPlan:
    """The plan of a command line.

    Args:
        options: What locust's parser made of it.
        scenario: Name of the locustfile.
        host: Locust's ``--host`` or the web form's, for a single arm.
        users: Locust users in all; every arm gets its part.
        seconds: Measured time; None goes on until somebody stops it.

    Raises:
        SwarmError: There is no target, or an arm is worded wrongly.
        PlanError: A number is out of range.
    """
    arms = tuple(_arm(text) for text in options.arm or ()) or ((Arm("target", host),) if host else ())
    if not arms:
        raise SwarmError("there is no target; give --host URL, or two of --arm NAME=URL")
    return SwarmPlan(
        scenario,
        arms,
        seed=options.seed,
        rate=options.rate or None,
        visitors=max(1, users // len(arms)),
        warmup_s=options.warmup,
        duration_s=seconds or inf,
        members=options.members,
        member_share=options.member_share,
        zipf=options.zipf,
        prepare=options.prepare,
        shape=options.shape,
        event_s=options.event_every,
        stale_s=options.stale_allowance,
        ca_file=options.ca_file and str(Path(options.ca_file).absolute()),
        insecure=options.insecure,
    )


def require_permission(plan: SwarmPlan, permitted: Iterable[str]) -> None:
    """Refuse to load somebody else's machine unless told that one may.

    Raises:
        SwarmError: An arm is neither on this machine nor on a permitted host.
    """
    for arm in plan.arms:
        host = urlsplit(arm.url).hostname or ""
        if host not in permitted and not is_this_machine(host):
            raise SwarmError(
                f"arm {arm.name!r} is on {host}, not on this machine; if you may load it: --i-may-load {host}"
            )


def fit_members(options: argparse.Namespace, plan: SwarmPlan, accounts: int, whose: str) -> SwarmPlan:
    """The plan with as many members as there are accounts, where no number of them was asked for.

    Raises:
        SwarmError: It asks for more than there are.
    """
    if plan.members <= accounts:
        return plan
    if plan.members != DEFAULT_MEMBERS or "members" in options.given:
        raise SwarmError(
            f"--members is {plan.members}, and {whose} has {accounts} accounts; give --members "
            f"{accounts}, or add accounts"
        )
    return replace(plan, members=accounts)


def read_addresses(options: argparse.Namespace, plan: SwarmPlan) -> UrlTable | None:
    """The addresses of a site that is not ours, where the command line says where they are.

    Raises:
        SwarmError: More than one source is named, or none of it can be used.
    """
    sources = [name for name in ("urls", "sitemap", "access_log") if getattr(options, name)]
    if not sources:
        return None
    if len(sources) > 1:
        names = " and ".join("--" + name.replace("_", "-") for name in sources)
        raise SwarmError(f"{names} are two sources of addresses; give one")
    hosts = site_hosts(options, plan)
    if options.urls:
        return read_urls(Path(options.urls), hosts)
    if options.sitemap:
        return read_sitemap(
            options.sitemap.replace("{url}", plan.arms[0].url),
            lambda url: _site.fetch(url, plan),
            hosts,
            plan.zipf,
            target=plan.arms[0].url,
        )
    log = read_access_logs([Path(name) for name in options.access_log], hosts, bots=options.with_bots)
    return replace(log.table, source=f"{log.table.source}: {log.words}")


def require_use(options: argparse.Namespace, plan: SwarmPlan, scenario: Scenario) -> None:
    """Refuse options that would change nothing, whichever site it is.

    Raises:
        SwarmError: With the first of them.
    """
    if "members" in options.given and options.members and not scenario.has_members:
        raise SwarmError(
            f"--members {options.members} has no effect: scenario {scenario.name!r} has no members; leave it out, or "
            "choose readers_and_members"
        )
    if "stale_allowance" in options.given and options.stale_allowance and "edit" not in scenario.writes:
        raise SwarmError(
            f"--stale-allowance {options.stale_allowance:g} s has no effect: scenario {scenario.name!r} has no edits; "
            "leave it out, or choose publish_and_purge"
        )
    if "zipf" in options.given and (options.urls or options.access_log):
        raise SwarmError(
            f"--zipf {options.zipf:g} has no effect: the addresses of {'--urls' if options.urls else '--access-log'} "
            "come with weights of their own; leave it out"
        )
    if "zipf" in options.given and scenario.kinds and not options.sitemap:
        raise SwarmError(
            f"--zipf {options.zipf:g} has no effect: scenario {scenario.name!r} lists its pages; leave it out"
        )
    if options.with_bots and not options.access_log:
        raise SwarmError("--with-bots has no effect: it is about the requests of an --access-log; leave it out")
    urls = [*(arm.url for arm in plan.arms), options.sitemap or ""]
    if not any(urlsplit(url).scheme == "https" for url in urls):
        for option, value in (("--ca-file", plan.ca_file), ("--insecure", plan.insecure)):
            if value:
                raise SwarmError(
                    f"{option} has no effect: {plan.arms[0].url} has no certificate; leave it out, or give an https URL"
                )


def require_reference(options: argparse.Namespace) -> None:
    """Refuse options for other sites where the reference site is swarmed.

    Raises:
        SwarmError: With the first of them.
    """
    for name, option in _FOREIGN_ONLY.items():
        if getattr(options, name):
            raise SwarmError(
                f"{option} has no effect on the reference site; leave it out, or say what to ask another site for: "
                "--urls, --sitemap or --access-log"
            )


def site_hosts(options: argparse.Namespace, plan: SwarmPlan) -> set[str]:
    """The names under which the site may refer to itself."""
    return {urlsplit(arm.url).hostname or "" for arm in plan.arms} | set(options.alias or ())


def _arm(text: str) -> Arm:
    name, equals, url = text.partition("=")
    if not (name and equals and url):
        raise PlanError(f"--arm {text!r} is not NAME=URL; for example --arm before=http://127.0.0.1:8001")
    return Arm(name, url)
