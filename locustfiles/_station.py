"""The worker's end: builds an engine when the conductor says so, runs it, and reports what came of it.

In a local run conductor and station share a process; locust then delivers their messages by calling straight through,
so there is one path for both.
"""

from __future__ import annotations

import functools
import gc
import logging
import os
import socket
import time
from collections.abc import Callable
from typing import Any

import gevent
from gevent.event import Event
from locust.env import Environment
from locust.runners import WorkerRunner

from locustfiles._clock import breathe
from locustfiles._engine import Engine
from locustfiles._errors import SwarmError
from locustfiles._journal import Hooks
from locustfiles._plan import Traffic
from locustfiles._scenario import Scenario
from locustfiles._tally import Tally
from locustfiles._target import build
from results import machine
from results.errors import ResultsError
from results.plan import SwarmPlan

PREPARE, START, STOP, EDITED = "anp_prepare", "anp_start", "anp_stop", "anp_edited"
"""Messages from the conductor: the plan and one's place in it; the moment to start; an early end; another worker's
finished edit."""

READY, SHIPMENT, DEAD, DONE, EDIT = "anp_ready", "anp_shipment", "anp_dead", "anp_done", "anp_edit"
"""Messages to the conductor: prepared (or why not); rows; an arm is gone; the number of rows in all; an edit."""

MUST_AGREE = ("anp", "locust", "numpy")
"""Packages whose version must be the same everywhere: they fix the messages, and what a plan's numbers are drawn as."""

_log = logging.getLogger(__name__)


class Station:
    """One process's place in the swarm."""

    def __init__(self, scenario: Scenario, locustfile: dict[str, Any] | None = None) -> None:
        self._scenario = scenario
        self._digest = None if locustfile is None else locustfile["digest"]
        self._environment: Environment | None = None
        self._engine: Engine | None = None
        self._built = Event()
        self._index = 0
        self._tally: Tally | None = None

    def connect(self, environment: Environment) -> None:
        """Listen to the conductor."""
        self._environment = environment
        self._tally = Tally(environment.stats)
        runner = environment.runner
        assert runner is not None
        for kind, answer in (
            (PREPARE, self._prepare),
            (START, self._start),
            (STOP, self._stop),
            (EDITED, self._edited),
        ):
            runner.register_message(kind, functools.partial(self._receive, answer))

    def reset(self) -> None:
        """Forget the last run; a new one begins and its users will come."""
        self._engine = None
        self._built = Event()

    @property
    def is_running(self) -> bool:
        """Whether a run is under way here."""
        return self._engine is not None

    def occupy(self) -> None:
        """Be one seat of the engine, from the moment there is one."""
        self._built.wait()
        if (engine := self._engine) is not None:
            engine.occupy()

    def _receive(self, answer: Any, environment: Environment, msg: Any) -> None:
        gevent.spawn(answer, msg.data)  # the greenlet that delivers messages must not wait for what they ask

    def _send(self, kind: str, data: dict[str, Any]) -> None:
        assert self._environment is not None
        assert self._environment.runner is not None
        self._environment.runner.send_message(kind, {"index": self._index, **data})

    def _prepare(self, data: dict[str, Any]) -> None:
        self._index = data["index"]
        try:
            self._compare("runs", machine.versions(MUST_AGREE), data["versions"])
            plan = SwarmPlan.from_dict(data["plan"])
            target = build(data["target"], plan, self._scenario)
            traffic = Traffic(plan, target.scenario, target.pages)
            self._compare("makes other traffic of the plan, with hash", traffic.hash, data["hash"])
            masters = None if plan.locustfile is None else plan.locustfile["digest"]
            self._compare("has a locustfile of its own, with digest", self._digest, masters)
            hooks = Hooks(
                request=self._firing(),
                ship=self._ship,
                dead=lambda reason: self._send(DEAD, {"reason": reason}),
                edited=lambda *edit: self._send(EDIT, {"edit": edit}),
            )
            engine = Engine(traffic, target, self._index, data["workers"], hooks)
            began = time.monotonic()
            logins = engine.prepare()
        except (SwarmError, ResultsError) as error:
            self._report(str(error))
            return
        except Exception as error:
            _log.exception("the worker could not be prepared")
            self._report(f"worker {self._index} could not be prepared: {error!r}")
            return
        self._engine = engine
        self._built.set()
        # What was built so far lives as long as the run: keep the collector from walking it again and again.
        gc.collect()
        gc.freeze()
        self._report(None, logins=logins, seconds=time.monotonic() - began)

    def _report(self, problem: str | None, **what: Any) -> None:
        """Tell the conductor that the worker is ready, or why it is not."""
        self._send(READY, {"problem": problem, "pid": os.getpid(), "host": socket.gethostname(), **what})

    def _compare(self, what: str, own: object, masters: object) -> None:
        """Refuse to be part of a swarm whose other parts are not alike."""
        if own != masters:
            raise SwarmError(
                f"worker {self._index} on {socket.gethostname()} {what} {own}, the master {masters}; "
                "install the same versions and locustfiles on both"
            )

    def _start(self, data: dict[str, Any]) -> None:
        engine = self._engine
        if engine is None:
            return
        assert self._tally is not None
        self._tally.begin()
        try:
            total = engine.run(time.monotonic() + data["in"])
        finally:
            self._tally.end()
            gc.unfreeze()
        self._engine = None
        self._report_statistics()
        self._send(DONE, {"total": total})
        engine.close()

    def _report_statistics(self) -> None:
        """Send locust's statistics before the last word: a master that ends waits half a second for them, no more."""
        assert self._environment is not None
        if isinstance(runner := self._environment.runner, WorkerRunner):
            runner._send_stats()

    def _stop(self, _data: dict[str, Any]) -> None:
        if self._engine is not None:
            self._engine.stop()

    def _edited(self, data: dict[str, Any]) -> None:
        if self._engine is not None:
            self._engine.edited(*data["edit"])

    def _ship(self, shipment: dict[str, Any]) -> None:
        assert self._tally is not None
        self._tally.add_up()
        breathe()
        self._send(SHIPMENT, shipment)

    def _firing(self) -> Callable[..., None]:
        """What tells locust of a request; see ``Hooks``."""
        assert self._environment is not None
        stats, event = self._environment.stats, self._environment.events.request
        listeners = event._handlers
        fire: Any = event.fire

        def tell(
            method: str, name: str, response_ms: float, size: int, failure: str | None, arm: str, cache: str
        ) -> None:
            if len(listeners) == 1:  # the runner's own, which does just this; the event costs more than to do it
                stats.log_request(method, name, response_ms, size)
                if failure is not None:
                    stats.log_error(method, name, SwarmError(failure))
                return
            fire(
                request_type=method,
                name=name,
                response_time=response_ms,
                response_length=size,
                exception=None if failure is None else SwarmError(failure),
                context={"arm": arm, "cache": cache},
            )

        return tell
