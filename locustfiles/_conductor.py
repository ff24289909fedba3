"""The conductor: takes one swarm from its plan to its finished record. It runs where the record is written.

Plan, survey of the arms, users, workers prepared (members logged in), cache prepared, record opened, start, end,
record finished. What goes wrong before the start leaves nothing behind but one line; after it, a record that says how
it ended.
"""

from __future__ import annotations

import functools
import itertools
import logging
import os
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from math import inf, isinf
from pathlib import Path
from typing import Any, Literal, cast

import gevent
import numpy as np
from gevent import get_hub
from gevent.event import Event
from gevent.pool import Pool
from locust.env import Environment
from locust.runners import STATE_INIT, STATE_RUNNING, STATE_SPAWNING, LocalRunner, MasterRunner

from locustfiles import _options, _site
from locustfiles._breakpoint import Breakpoint
from locustfiles._client import Client
from locustfiles._clock import breathe
from locustfiles._engine import DRAIN_S
from locustfiles._errors import SwarmError
from locustfiles._hooks import run_hook
from locustfiles._kinds import sort_addresses
from locustfiles._live import Live
from locustfiles._outsider import require_members, require_proof
from locustfiles._pages import WRITES
from locustfiles._plan import Traffic
from locustfiles._recipe import read_recipe
from locustfiles._recorder import Recorder
from locustfiles._scenario import Scenario
from locustfiles._station import DEAD, DONE, EDIT, EDITED, MUST_AGREE, PREPARE, READY, SHIPMENT, START, STOP
from locustfiles._steps import Fields
from locustfiles._target import build, describe_listed, describe_reference
from locustfiles._urls import UrlTable
from results import machine, source
from results.errors import ResultsError
from results.plan import SwarmPlan, parse_shape
from results.record import RecordWriter, new_directory, read_record, runs_root
from results.validity import judge

CALLED_FROM = "ANP_CALLED_FROM"
"""Variable with the folder of whoever started locust from another one."""

_PREPARE_S = 300.0  # for all members to log in
_SPAWN_S = 120.0
_SPAWN_RATE = 10_000.0  # users a second
_MUSTER_S = 20.0  # for the visitors of the last worker to come up after locust called all of them spawned
_PRESENT = {STATE_INIT, STATE_SPAWNING, STATE_RUNNING}
_LEAD_S = 0.25  # between the message to start and the start, for every worker to hear it
_GRACE_S = 10.0  # for the last rows of a worker to arrive
_TURN_S = 0.02  # how often a swarm under way is looked at
_SILENCE_S = 5.0  # workers ship every second; one that sent nothing for so long is gone
_WARMERS = 4
_FORESEEN = 2_000_000  # requests looked through for pages to warm
_PACKAGES = ("anp", "locust", "gevent", "httptools", "numpy", "pyarrow")  # whose version could move a figure

EndedBy = Literal["completed", "interrupted", "failed"]
Stage = Literal["idle", "preparing", "running", "ended", "refused"]
_log = logging.getLogger(__name__)


def _nobody() -> None:
    """Let nobody in between."""


class _EndedEarly(Exception):  # noqa: N818 - not an error
    """Somebody stopped the swarm before it started."""


class Conductor:
    """Conducts one swarm after another; between them, the web UI waits for somebody to press start.

    Attributes:
        begun: How many swarms began so far, those that were refused included.
        live: What the swarm under way, or the last one, measured; None while it is being prepared.
        directory: Where its record is.
        problem: Why it was refused or ended early, in one line; empty where it went to its end.
    """

    def __init__(self, scenario: Scenario, environment: Environment, locustfile: dict[str, Any] | None = None) -> None:
        self._scenario = scenario
        self._locustfile = locustfile
        self._environment = environment
        self._options = cast(Any, environment.parsed_options)  # neither is None in a process of locust's main
        self._runner = cast(Any, environment.runner)
        self._greenlet: gevent.Greenlet | None = None
        self._spawned = Event()
        self._plan: SwarmPlan | None = None
        self._seconds: float | None = None
        self._recorded = 0
        self.begun = 0
        self._forget()
        options = self._options
        if options.plan:
            if options.await_plan:
                _options.await_plan(Path(options.plan))
            self._plan = _options.read_plan(Path(options.plan), scenario.name)
            options.num_users = self._plan.visitors
            # Visitors do nothing until all are there; locust warns of rates that are too high for users who work.
            options.spawn_rate = _SPAWN_RATE
            logging.getLogger("locust.runners").addFilter(_is_not_about_spawn_rate)
        options.num_users *= len(self._plan.arms if self._plan else options.arm or "1")
        # Locust would count -t from its own start, log-ins included. The plan counts measured seconds.
        self._seconds, options.run_time = options.duration or options.run_time, None
        if not isinf(self._plan.duration_s if self._plan else self._seconds or inf):
            logging.getLogger("locust.main").addFilter(_is_not_about_run_time)
        runner = self._runner
        # A master makes no requests that writing could hold up, and has more to write.
        self._let_in = _nobody if isinstance(runner, MasterRunner) else breathe
        runner.register_message(READY, self._on_ready)
        runner.register_message(SHIPMENT, self._on_shipment)
        runner.register_message(DEAD, self._on_dead)
        runner.register_message(DONE, self._on_done)
        runner.register_message(EDIT, self._on_edit)

    def _forget(self) -> None:
        self._crew: list[str] = []
        self._ready: dict[int, dict[str, Any]] = {}
        self._done: set[int] = set()
        self._silence: dict[int, float] = {}  # seconds since a worker's last shipment
        self._ending: tuple[EndedBy, str] | None = None
        self._measured: float | None = None  # seconds of the plan under way
        self._recorder: Recorder | None = None
        self.live: Live | None = None
        self.directory: Path | None = None
        self.problem = ""

    # -- what locust tells ---------------------------------------------------------------------------------------

    def begin(self) -> None:
        """A test starts: users are being spawned."""
        self.begun += 1
        self._forget()
        self._spawned.clear()
        self._greenlet = gevent.spawn(self._conduct)

    def users_are_there(self) -> None:
        """All users are spawned."""
        self._spawned.set()

    @property
    def is_running(self) -> bool:
        """Whether a swarm is under way."""
        return self._greenlet is not None and not self._greenlet.ready()

    @property
    def stage(self) -> Stage:
        """How far the swarm under way, or the last one, has come; ``refused`` is one without a record."""
        if self.live is not None:
            return "running" if self.is_running and self._recorder is not None else "ended"
        if self.is_running:
            return "preparing"
        return "refused" if self.begun else "idle"

    def end(self, *, by_hand: bool) -> None:
        """End the swarm now and wait until its record is finished.

        Args:
            by_hand: Somebody pressed stop, which is how a swarm without a duration completes.
        """
        if self.is_running and self._greenlet is not gevent.getcurrent():
            endless = self._measured is not None and isinf(self._measured)
            self._end_as("completed" if by_hand and endless else "interrupted", "stopped before the end of the plan")
            assert self._greenlet is not None
            self._greenlet.join(DRAIN_S + 2 * _GRACE_S)

    def _end_as(self, ended_by: EndedBy, reason: str) -> None:
        if self._ending is None:
            self._ending = (ended_by, "" if ended_by == "completed" else reason)

    # -- what workers tell ---------------------------------------------------------------------------------------

    def _on_ready(self, environment: Environment, msg: Any) -> None:
        self._ready[msg.data["index"]] = msg.data

    def _on_shipment(self, environment: Environment, msg: Any) -> None:
        self._silence[msg.data["index"]] = 0.0
        if self._recorder is not None:
            # After the last request there is nobody to let in, and there may be a great deal left to write.
            let_in = _nobody if msg.data.get("last") else self._let_in
            self._recorder.accept(msg.data["index"], msg.data, let_in)

    def _on_dead(self, environment: Environment, msg: Any) -> None:
        self._end_as("failed", msg.data["reason"])

    def _on_done(self, environment: Environment, msg: Any) -> None:
        if self._recorder is not None:
            self._recorder.settle(msg.data["index"], msg.data["total"])
        self._done.add(msg.data["index"])

    def _on_edit(self, environment: Environment, msg: Any) -> None:
        for index, client in enumerate(self._crew):
            if index != msg.data["index"]:
                self._runner.send_message(EDITED, {"edit": msg.data["edit"]}, client_id=client)

    # -- one swarm -----------------------------------------------------------------------------------------------

    def _conduct(self) -> None:
        environment = self._environment
        try:
            failed = self._swarm()
        except _EndedEarly:
            self.problem = "it was stopped"
            _log.info("stopped before the first request; there is no record")
            return
        except (SwarmError, ResultsError) as error:
            self.problem = str(error)
            self._say(f"error: {error}")
            environment.process_exit_code = 2
        except OSError as error:
            self.problem = (
                f"{error.filename or 'the record'} cannot be written ({error.strerror}); choose another --out"
            )
            self._say(f"error: {self.problem}")
            environment.process_exit_code = 2
        except Exception as error:
            self.problem = f"{error!r}; the log has the traceback"
            _log.exception("the swarm broke off")
            environment.process_exit_code = 2
        else:
            if failed:
                environment.process_exit_code = 1
        if self._ending is not None and self._ending[0] != "failed":
            return  # whoever asked for the end goes on from here
        self._leave()

    def _leave(self) -> None:
        options, web_ui = self._options, self._environment.web_ui
        if options.headless:
            self._runner.quit()
            return
        # A master that is told to stop while it spawns goes on spawning, and is then never stopped.
        until = time.monotonic() + _SPAWN_S
        while not self._spawned.is_set() and self._ending is None and time.monotonic() < until:
            gevent.sleep(0.01)
        self._runner.stop()
        if options.autostart and options.autoquit != -1:
            gevent.sleep(options.autoquit)
            self._runner.quit()
            if web_ui is not None:
                web_ui.stop()  # type: ignore[no-untyped-call]

    def _swarm(self) -> bool:
        """One swarm; returns whether it failed after its start."""
        plan, sites, data = self._survey()
        target = build(data, plan, self._scenario)
        pages = target.pages
        traffic = Traffic(plan, target.scenario, pages)
        self._await(self._spawned.is_set, _SPAWN_S, "not all users came up")
        logins = self._prepare_workers(plan, data, traffic.hash)
        prepared = self._prepare_cache(plan, sites, traffic)
        before = {site.arm.name: _site.statistics(site) for site in sites}
        directory, writer = self._open_record(plan, target.scenario)
        self._recorder = Recorder(
            writer,
            plan.launch,
            [arm.name for arm in plan.arms],
            [persona.name for persona in target.scenario.personas],
            traffic.routes,
            lambda url: (pages.route(url), pages.path(url)),
        )
        self.live, self.directory = self._recorder.live, directory
        _log.info(f"swarming {_how_long(plan)}; the record is {directory}")
        outcome = self._run(plan)
        after = {site.arm.name: _site.statistics(site) for site in sites}
        ended_by, reason = self._ending or ("completed", "")
        writer.finish(
            ended_by,
            {
                "reason": reason or None,
                "plan_hash": traffic.hash,
                "traffic_key": plan.traffic_key,
                "ledger": {**self._recorder.ledger(len(self._crew)), "site": self._reconcile(sites, before, after)},
                "logins": logins,
                **outcome,
                "prepared": prepared,
                "counts": self._recorder.counts(),
                "failed_checks": self._recorder.examples,
                "failed_requests": self._recorder.failed_requests,
                "specimens": self._recorder.specimens,
                "health_maxima": self._recorder.health(),
                "sites": {
                    name: {"about": site.about, "stats_before": before[name], "stats_after": after[name]}
                    for name, site in ((site.arm.name, site) for site in sites)
                },
                "versions": machine.versions(_PACKAGES),
                "machine": machine.describe(),
                "argv": sys.argv,
            },
        )
        self.problem = reason
        self._recorder = None
        if self._options.exit_code_on_error:  # whoever asks for 0 judges the record alone
            for doubt in judge(read_record(directory)):
                if doubt.invalid:
                    self._say(str(doubt))
                    self._environment.process_exit_code = 4
        if ended_by == "failed":
            self._say(f"error: the swarm ended early: {reason}. What it had recorded is in {directory}")
        else:
            _log.info(f"{ended_by}; the record is {directory}")
        return ended_by == "failed"

    def _survey(self) -> tuple[SwarmPlan, list[_site.Site], dict[str, Any]]:
        options = self._options
        plan = self._plan
        if plan is None:
            web_ui = self._environment.web_ui
            seconds = self._seconds
            if options.run_time:  # from the web form, whose own timer would also count the log-ins
                seconds = float(options.run_time)
                if web_ui is not None:
                    web_ui._cancel_run_time_timer()  # type: ignore[no-untyped-call]
            plan = _options.make_plan(
                options,
                self._scenario.name,
                host=self._environment.host,
                users=self._runner.target_user_count,
                seconds=seconds,
            )
        _options.require_permission(plan, options.i_may_load or ())
        self._scenario.require_use(plan)
        _options.require_use(options, plan, self._scenario)
        if len({arm.url.rstrip("/") for arm in plan.arms}) < len(plan.arms):
            raise SwarmError(f"both arms are {plan.arms[0].url}; start the site twice, on two ports")
        self._measured = plan.duration_s
        plan = replace(plan, locustfile=self._locustfile)
        table = _options.read_addresses(options, plan)
        scenario = self._scenario
        if scenario.kinds:
            table = sort_addresses(table, scenario.kinds, scenario.name)
        sites = [_site.survey(arm, plan, listed=table is not None) for arm in plan.arms]
        if table is None:
            _options.require_reference(options)
            return self._survey_reference(plan, sites)
        return self._survey_listed(plan, sites, table)

    def _survey_listed(
        self, plan: SwarmPlan, sites: list[_site.Site], table: UrlTable
    ) -> tuple[SwarmPlan, list[_site.Site], dict[str, Any]]:
        options, scenario = self._options, self._scenario
        recipe = read_recipe(Path(options.login)) if options.login else None
        members = scenario.members
        if recipe is not None and members is not None:
            raise SwarmError(
                f"--login {options.login} is a second way to log in: scenario {scenario.name!r} has members of its "
                "own; leave one out"
            )
        data = describe_listed(table, recipe, _options.site_hosts(options, plan))
        writes = scenario.writes
        if writes and not options.allow_writes:
            raise SwarmError(
                f"scenario {scenario.name!r} does more than read ({', '.join(sorted(writes))}), and "
                f"{plan.arms[0].url} is not the reference site; if it may be changed: --allow-writes"
            )
        if plan.prepare == "cold" and not options.purge_command:
            raise SwarmError(
                "--prepare cold empties the cache of the reference site only; say how yours is emptied with "
                "--purge-command, or purge it by hand and use natural"
            )
        if scenario.has_members and recipe is not None:
            plan = _options.fit_members(options, plan, len(recipe.accounts), f"the recipe {recipe.name}")
        elif scenario.has_members and members is not None:
            plan = _options.fit_members(options, plan, len(members.accounts), f"scenario {scenario.name!r}")
        closed = {kind.name for kind in scenario.kinds if kind.for_members}
        everybodys = [path for path, route in zip(table.paths, table.routes, strict=True) if route not in closed]
        for site in sites:
            if everybodys:
                _site.require_pages(site, everybodys)
            if recipe is not None:
                require_proof(recipe, site)
            elif members is not None:
                require_members(members, site)
        about = {"source": table.source, "count": len(set(table.paths)), "digest": table.digest}
        if recipe is not None:
            about["login"] = recipe.public()
        elif members is not None:
            about["login"] = members.public()
        return replace(plan, urls=about), sites, data

    def _survey_reference(
        self, plan: SwarmPlan, sites: list[_site.Site]
    ) -> tuple[SwarmPlan, list[_site.Site], dict[str, Any]]:
        if self._scenario.members is not None:
            raise SwarmError(
                f"the members of scenario {self._scenario.name!r} are not the reference site's; leave them out, or say "
                "what another site is to be asked for: --urls, --sitemap or --access-log"
            )
        abouts = [site.about or {} for site in sites]
        corpora = [about["corpus"] for about in abouts]
        if None in corpora:
            url = sites[corpora.index(None)].arm.url
            raise SwarmError(
                f"{url} serves articles of a file, and no corpus says how their pages must read; ask for them by their "
                f"addresses: --sitemap {url}/sitemap.xml"
            )
        if corpora[0] != corpora[-1]:
            raise SwarmError(f"the arms serve different corpora, {corpora[0]} and {corpora[-1]}; import the same one")
        if plan.corpus is not None and dict(plan.corpus) != corpora[0]:
            raise SwarmError(
                f"the plan is for corpus {dict(plan.corpus)}, the site serves {corpora[0]}; import that one"
            )
        if self._scenario.has_members:
            fewest = min(about.get("members", 0) for about in abouts)
            if plan.members > fewest:
                raise SwarmError(
                    f"the plan has {plan.members} members, the site only {fewest}; give --members {fewest}"
                )
        data = describe_reference(abouts[0], {site.arm.name: site.revisions for site in sites})
        return replace(plan, corpus=corpora[0]), sites, data

    def _muster(self) -> list[str]:
        """The workers of this swarm: all that are there, once each has brought up its visitors."""
        clients = self._runner.clients

        def present() -> list[Any]:
            return [client for client in clients.all if client.state in _PRESENT]

        until = time.monotonic() + _MUSTER_S
        while not present() or any(client.state != STATE_RUNNING for client in present()):
            if self._ending is not None:
                raise _EndedEarly
            if time.monotonic() > until:
                late = [client.id for client in present() if client.state != STATE_RUNNING]
                who = f"workers {', '.join(late)} have" if late else "no worker has"
                raise SwarmError(
                    f"{who} brought up visitors within {_MUSTER_S:g} s; see their logs, and give every worker the "
                    "locustfile of the master"
                )
            gevent.sleep(0.05)
        return [client.id for client in present()]

    def _prepare_workers(self, plan: SwarmPlan, target: dict[str, Any], traffic_hash: str) -> dict[str, Any]:
        runner = self._runner
        if isinstance(runner, MasterRunner):
            self._crew = self._muster()
            runner._users_dispatcher = None  # whoever joins or leaves now, the others keep their visitors
        else:
            self._crew = ["local"]
        workers = len(self._crew)
        if plan.visitors < workers:
            raise SwarmError(
                f"{workers} workers cannot share {plan.visitors} visitors: some would have none; give -u {workers} or "
                "more, or fewer workers"
            )
        for index, client in enumerate(self._crew):
            about = {"index": index, "workers": workers, "versions": machine.versions(MUST_AGREE), "hash": traffic_hash}
            runner.send_message(PREPARE, {"plan": plan.to_dict(), "target": target, **about}, client_id=client)
        self._await(lambda: len(self._ready) == len(self._crew), _PREPARE_S, "not all workers got ready")
        for answer in self._ready.values():
            if answer["problem"]:
                raise SwarmError(answer["problem"])
        spent = [took for answer in self._ready.values() for took in answer["logins"]]
        p50, p95 = np.percentile(spent, (50, 95)).tolist() if spent else (None, None)
        return {
            "count": plan.members * len(plan.arms) if self._scenario.has_sessions else 0,
            "timed": len(spent),
            "seconds": max(answer["seconds"] for answer in self._ready.values()) if spent else 0.0,
            "p50_ms": p50,
            "p95_ms": p95,
        }

    def _prepare_cache(self, plan: SwarmPlan, sites: list[_site.Site], traffic: Traffic) -> dict[str, Any]:
        began = time.monotonic()
        asked = 0
        options = self._options
        if options.purge_command and plan.prepare != "natural":
            for site in sites:
                run_hook("purge", options.purge_command, site.arm)
        elif plan.prepare == "cold":
            for site in sites:
                _site.purge(site)
        if plan.prepare == "warm":
            for site in sites if options.warm_command else ():
                run_hook("warm", options.warm_command, site.arm)
            paths = _cacheable(traffic)
            readers = [p for p in traffic.scenario.personas if not (p.logged_in or p.writes)]
            variants = {tuple(reader.headers.items()) for reader in readers} or {()}
            asked = len(paths) * len(sites) * len(variants)
            for site, fields in itertools.product(sites, sorted(variants)):
                pool = Pool(_WARMERS)
                pool.map(functools.partial(self._warm, site, fields), [paths[i::_WARMERS] for i in range(_WARMERS)])
        return {"cache": plan.prepare, "requests": asked, "seconds": time.monotonic() - began}

    def _warm(self, site: _site.Site, fields: Fields, paths: list[str]) -> None:
        client = Client(site.origin)
        client.fields = fields
        for path in paths:
            if self._ending is not None:
                break
            client.get(path)
        client.close()

    def _open_record(self, plan: SwarmPlan, scenario: Scenario) -> tuple[Path, RecordWriter]:
        if self._ending is not None:
            raise _EndedEarly
        out = self._options.out
        if out:
            directory = Path(out) if not self._recorded else Path(f"{out}-{self._recorded + 1}")
        else:
            directory = new_directory(runs_root(), plan.scenario)
        plan_json = {
            "plan": plan.to_dict(),
            "scenario": scenario.to_dict(),
            "source": source.describe(Path(os.environ.get(CALLED_FROM, "."))),
        }
        writer = RecordWriter(directory, "swarm", plan_json)
        self._recorded += 1
        return directory, writer

    def _run(self, plan: SwarmPlan) -> dict[str, Any]:
        """The load itself; gives what its shape was after, if anything."""
        runner = self._runner
        lead = 0.0 if isinstance(runner, LocalRunner) else _LEAD_S
        start = time.monotonic() + lead
        runner.send_message(START, {"in": lead})  # not a time of day: machines may disagree about that
        assert self._recorder is not None
        options = self._options
        search = None
        if parse_shape(plan.shape)[0] == "breakpoint":
            search = Breakpoint(plan, self._recorder.live, options.limit_p99, options.limit_errors)
        total = plan.warmup_s + plan.duration_s
        while not self._are_done and self._ending is None:
            if not isinf(total) and time.monotonic() > start + total + DRAIN_S + _GRACE_S:
                self._end_as("failed", "a worker did not finish in time")
            for index in self._lost():
                self._end_as("failed", f"{self._called(index)} is gone")
            if search is not None and search.look(time.monotonic() - start):
                break
            self._take_turn()
        ended = time.monotonic() - start
        if not self._are_done:
            runner.send_message(STOP, {})
            until = time.monotonic() + DRAIN_S + _GRACE_S
            while len(self._done | set(self._lost())) < len(self._crew) and time.monotonic() < until:
                self._take_turn()
        if search is None:
            return {}
        search.look(ended, arrived=True)
        return {"breakpoint": search.to_dict()}

    @property
    def _are_done(self) -> bool:
        return len(self._done) == len(self._crew)

    def _take_turn(self) -> None:
        """Wait a little. Silence is counted in turns: while this process itself is held up, it hears nobody."""
        gevent.sleep(_TURN_S)
        for index in range(len(self._crew)):
            self._silence[index] = self._silence.get(index, 0.0) + _TURN_S

    def _lost(self) -> list[int]:
        """Workers that left without a last word, or are not heard of any more."""
        runner = self._runner
        if not isinstance(runner, MasterRunner):
            return []
        known = {client.id for client in runner.clients.all if client.state != "missing"}
        return [
            index
            for index, client in enumerate(self._crew)
            if index not in self._done
            and (client not in known or self._has_ended(index) or self._silence.get(index, 0.0) > _SILENCE_S)
        ]

    def _has_ended(self, index: int) -> bool:
        """Whether a worker that locust forked from this process is no more, seconds before a heartbeat is missed."""
        answer = self._ready.get(index)
        if not self._options.processes or answer is None or answer["host"] != socket.gethostname():
            return False
        try:
            os.kill(answer["pid"], 0)
        except ProcessLookupError:
            return True
        return False

    def _called(self, index: int) -> str:
        """A worker as somebody knows it who has to find out what became of it."""
        answer = self._ready.get(index)
        return f"worker {index}" if answer is None else f"worker {index} (process {answer['pid']} on {answer['host']})"

    def _await(self, condition: Callable[[], bool], seconds: float, otherwise: str) -> None:
        until = time.monotonic() + seconds
        while not condition():
            if self._ending is not None:
                raise _EndedEarly
            if lost := self._lost():
                raise SwarmError(f"{self._called(lost[0])} is gone before the start; see its log")
            if time.monotonic() > until:
                raise SwarmError(f"{otherwise} within {seconds:g} s; see the log")
            gevent.sleep(0.01)

    def _reconcile(
        self,
        sites: list[_site.Site],
        before: dict[str, dict[str, Any] | None],
        after: dict[str, dict[str, Any] | None],
    ) -> dict[str, Any]:
        """The site's own count of requests beside ours: equal, unless somebody else used the site as well."""
        assert self._recorder is not None
        result: dict[str, Any] = {}
        for site in sites:
            name = site.arm.name
            first, last = before[name], after[name]
            answered, unanswered = self._recorder.answered(name), self._recorder.unanswered(name)
            counted = None if first is None or last is None else _counted(first, last)
            least = sum(answered.values())
            agrees = None if counted is None else least <= sum(counted.values()) <= least + unanswered
            has_cache_before_it = self._recorder.has_outer_cache(name)
            if has_cache_before_it and not agrees:
                agrees = None  # what the cache in between answers, or asks for on its own, is not to be told apart
            result[name] = {
                "answered": answered,
                "unanswered": unanswered,
                "counted_by_site": counted,
                "cache_before_it": has_cache_before_it,
                "agrees": agrees,
            }
        return result

    def _say(self, line: str) -> None:
        sys.stderr.write(line + "\n")
        if self._environment.web_ui is not None:
            _log.error(line)
            self._runner.log_exception(
                "swarm", line, line
            )  # the web page has a tab for these, and counts equal tracebacks


def stop_process() -> None:
    """Make locust leave its main loop the way Ctrl-C does."""
    get_hub().handle_system_error(KeyboardInterrupt, KeyboardInterrupt())


def _how_long(plan: SwarmPlan) -> str:
    """How long a swarm goes on, as its person on the terminal is told."""
    if isinf(plan.duration_s):
        return "until it is stopped"
    warmup = f" ({plan.warmup_s:g} s of them warm-up)" if plan.warmup_s else ""
    return f"for {plan.warmup_s + plan.duration_s:g} s{warmup}"


def _is_not_about_spawn_rate(record: logging.LogRecord) -> bool:
    return "spawn rate" not in record.getMessage()


def _is_not_about_run_time(record: logging.LogRecord) -> bool:
    """Drop locust's word that nothing limits the run: it cannot know that the plan does, and ``_how_long`` says so."""
    return not record.getMessage().startswith("No run time limit set")


def _cacheable(traffic: Traffic) -> list[str]:
    """The paths readers will ask for, once each; of an endless plan or one of many millions those that come first."""
    urls: set[int] = set()
    for block in traffic.blocks():
        urls.update(np.unique(block.url).tolist())
        if traffic.is_endless or block.first > _FORESEEN:
            break
    pages = traffic.pages
    own = {"me", "member", *WRITES, *(kind.name for kind in traffic.scenario.kinds if kind.for_members)}
    return list(dict.fromkeys(pages.path(url) for url in sorted(urls) if pages.route(url) not in own))


def _counted(before: dict[str, Any], after: dict[str, Any]) -> dict[str, int]:
    """Requests of the plan by route between two readings of the site's counters."""
    own = {"about", "stats", "health", "revisions"}
    routes = after["requests"]["by_route"]
    earlier = before["requests"]["by_route"]
    counts = {
        route: sum(words.values()) - sum(earlier.get(route, {}).values())
        for route, words in routes.items()
        if route not in own
    }
    return {route: count for route, count in counts.items() if count}
