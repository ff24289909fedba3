"""The wiring to locust: the user class every scenario derives from, and the events that move the swarm along."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import gevent
from locust import User, events, task
from locust.env import Environment
from locust.runners import WorkerRunner
from locust.stats import CSV_STATS_INTERVAL_SEC

from locustfiles._cache_tab import add_cache_tab
from locustfiles._conductor import Conductor, stop_process
from locustfiles._errors import SwarmError
from locustfiles._options import add_options
from locustfiles._provenance import locustfile_of
from locustfiles._scenario import Scenario
from locustfiles._station import Station
from results.errors import ResultsError

_MASTER_S = 10
"""A worker under way that heard nothing of its master for so many seconds ends."""

_TURN_S = 0.1
"""Keeps the order of two timers: the one that was set earlier, and is shorter by this, rings first."""


class SwarmUser(User):
    """One seat of the swarm. A locustfile derives one class from it and gives it a ``scenario``; that is all.

    A class that says ``abstract = True`` is for others to derive from, and needs none.
    """

    abstract = True
    scenario: Scenario
    _station: Station | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.abstract:
            return
        scenario = getattr(cls, "scenario", None)
        if not isinstance(scenario, Scenario):
            raise SwarmError(f"class {cls.__name__} has no scenario; write scenario = Scenario(…) in it")
        if len(cls.tasks) > 1:
            raise SwarmError(f"class {cls.__name__} has tasks of its own; say what visitors do in its scenario instead")
        if SwarmUser._station is not None:
            sys.exit(
                "error: one locust process runs one scenario; give a single locustfile with one class that has one"
            )
        locustfile = locustfile_of(getattr(sys.modules.get(cls.__module__), "__file__", None), scenario)
        SwarmUser._station = Station(scenario, locustfile)
        _Wiring(scenario, SwarmUser._station, locustfile)

    @task
    def take_part(self) -> None:
        """Make requests, as the plan says, until locust ends this user."""
        assert self._station is not None
        self._station.occupy()


class _Wiring:
    """Connects a scenario's station and conductor to locust's events."""

    def __init__(self, scenario: Scenario, station: Station, locustfile: dict[str, Any] | None) -> None:
        self._scenario = scenario
        self._locustfile = locustfile
        self._station = station
        self._conductor: Conductor | None = None
        hooks: dict[Any, Callable[..., None]] = {
            events.init_command_line_parser: add_options,
            events.init: self._init,
            events.test_start: self._test_start,
            events.spawning_complete: self._spawning_complete,
            events.test_stopping: self._test_stopping,
            events.quitting: self._quitting,
        }
        for event, listener in hooks.items():
            event.add_listener(listener)

    def _init(self, environment: Environment, **_: Any) -> None:
        self._station.connect(environment)
        if not isinstance(environment.runner, WorkerRunner):
            try:
                self._conductor = Conductor(self._scenario, environment, self._locustfile)
            except (SwarmError, ResultsError) as error:
                sys.stderr.write(f"error: {error}\n")
                sys.exit(2)
            if environment.web_ui is not None:
                add_cache_tab(environment.web_ui, self._conductor)
        else:
            gevent.spawn(_leave_without_master, environment.runner, self._station)
            if environment.parsed_options and environment.parsed_options.processes:
                gevent.spawn(_leave_with_parent)
        # Python would raise KeyboardInterrupt in whichever greenlet happens to run and lose its request.
        gevent.signal_handler(signal.SIGINT, self._interrupted)

    def _test_start(self, **_: Any) -> None:
        self._station.reset()
        if self._conductor is not None:
            self._conductor.begin()

    def _spawning_complete(self, **_: Any) -> None:
        if self._conductor is not None:
            self._conductor.users_are_there()

    def _test_stopping(self, **_: Any) -> None:
        if self._conductor is not None:
            self._conductor.end(by_hand=True)

    def _quitting(self, environment: Environment, **_: Any) -> None:
        if self._conductor is not None:
            self._conductor.end(by_hand=False)
            if environment.parsed_options and environment.parsed_options.csv_prefix:
                # Locust writes these files once a second and closes them as they are: let it write the whole once.
                gevent.sleep(CSV_STATS_INTERVAL_SEC + _TURN_S)

    def _interrupted(self) -> None:
        conductor = self._conductor
        if conductor is not None and conductor.is_running:
            conductor.end(by_hand=False)
        elif conductor is None and self._station.is_running:
            return  # Ctrl-C reaches the workers too; the master tells them when to go
        stop_process()


def _leave_without_master(runner: WorkerRunner, station: Station) -> None:
    """End a worker that makes requests for a master that is gone; locust itself would go on for a minute."""
    heard: float | None = None
    silence = 0
    while silence < _MASTER_S:
        gevent.sleep(1)
        latest = runner.last_heartbeat_timestamp
        silence = silence + 1 if station.is_running and latest == heard else 0
        heard = latest
    sys.stderr.write(f"error: nothing was heard of the master for {_MASTER_S} s; this worker ends\n")
    stop_process()


def _leave_with_parent() -> None:
    """End a forked worker whose master was killed; locust itself would notice after a minute."""
    parent = os.getppid()
    while os.getppid() == parent:
        gevent.sleep(1)
    stop_process()
