"""The arms of a trial as a site of the user's own: started by commands, running already, or one switched slot."""

from __future__ import annotations

import contextlib
import errno
import os
import random
import re
import secrets
import shlex
import socket
import ssl
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from urllib.request import url2pathname

import httpx
import psutil

from harness import hooks
from harness.arms_plan import SitePlan
from harness.errors import TargetError, UsageError
from harness.processes import Child, check_interrupted, ending, uninterrupted
from harness.site import Site
from harness.targets import Stage
from harness.trial_plan import BEFORE, TrialPlan
from harness.watchdog import MARK, end_marked

_TRIES: Final = 3
"""Starts of a server whose port somebody else took in the meantime."""

_TAKEN: Final = (os.strerror(errno.EADDRINUSE).lower(), "eaddrinuse")
"""What servers say then."""

_ROLLBACK: Final = "rollback"


class OwnTargets:
    """See ``Targets``."""

    def __init__(self, plan: TrialPlan, stage: Stage) -> None:
        self.up: list[Site] = []
        self._plan = plan
        self._stage = stage
        self._children: list[Child] = []
        self._touched = False
        self._mark = secrets.token_hex(8)

    def make(self) -> None:
        """Nothing is made: the site is there."""

    def start(self, names: Collection[str], label: str) -> None:
        """Start, switch to or find the arms, and wait until each answers its ``ready`` page."""
        order = sorted(names)
        random.Random(f"{self._plan.seed}/{label}").shuffle(order)
        for name in order:
            self._prepare(name, label)
        if self._plan.kind == "command":
            started = [(name, *self._spawn(name, label)) for name in order]
            for name, url, child in started:
                self.up.append(self._ready(name, url, child, label))
            return
        for name in order:
            if self._plan.kind == "switch":
                self._switch(name, label)
            self.up.append(self._ready(name, self._address(name), None, label))

    def forget_traffic(self, label: str) -> None:
        """Empty their caches by the plan's command, or start them afresh; what runs already stays as it is."""
        if self._plan.hooks.purge:
            for one in self.up:
                self._run_hook("purge", self._plan.hooks.purge, one.name, label, one.url)
        elif self._plan.kind == "command":
            names = [one.name for one in self.up]
            self.stop()
            self.start(names, label)

    def stop(self) -> None:
        """Stop the servers that were started here."""
        with uninterrupted():
            self.up = []
            while self._children:
                child = self._children.pop()
                child.stop(patience_s=self._plan.site.stop_seconds)
                self._stage.watchdog.forget_group(child.pid)
            end_marked(self._mark)  # what has left its process group

    def roll_back(self) -> None:
        """Run the plan's ``rollback``, if anything was started or switched."""
        command = self._plan.hooks.rollback
        if not (command and self._touched):
            return
        self._touched = False
        with uninterrupted():
            began = time.monotonic()
            self._run_hook(_ROLLBACK, command, BEFORE, "trial")
            self._stage.watchdog.undone(_ROLLBACK)  # not before: whoever is killed meanwhile has not done it
            self._stage.steps.say(f"  rolled back: {command}  ({time.monotonic() - began:.1f} s)")

    def words(self) -> Sequence[str]:
        """Options of the swarm: where addresses and accounts come from, and how caches are brought to their state."""
        site, given = self._plan.site, self._plan.model_fields_set
        words = [f"--i-may-load={name}" for name in site.i_may_load]
        words += [f"--alias={name}" for name in site.aliases]
        words += [f"--access-log={path}" for path in site.access_log]
        words += [f"--urls={site.urls}"] if site.urls else []
        words += [f"--sitemap={self._sitemap()}"] if site.sitemap else []
        words += [f"--login={site.login}"] if site.login else []
        words += ["--with-bots"] if site.with_bots else []
        words += ["--allow-writes"] if site.allow_writes else []
        words += [f"--members={self._plan.members}"] if "members" in given else []
        words += [f"--zipf={self._plan.zipf}"] if "zipf" in given else []
        if self._plan.prepare != "natural":
            words += [f"--purge-command={self._of_arm(self._plan.hooks.purge)}"] if self._plan.hooks.purge else []
        if self._plan.prepare == "warm":
            words += [f"--warm-command={self._of_arm(self._plan.hooks.warm)}"] if self._plan.hooks.warm else []
        return words

    def look(self, label: str) -> Mapping[str, float]:
        """What a page costs shows under load alone."""
        return {}

    # -- one arm -------------------------------------------------------------------------------------------------

    def _prepare(self, name: str, label: str) -> None:
        if self._plan.hooks.rollback and not self._touched:
            values = hooks.environment(BEFORE, self._address(BEFORE), self._environment(BEFORE))
            self._stage.watchdog.undo_later(
                _ROLLBACK, [hooks.SHELL, "-c", self._plan.hooks.rollback], self._folder(BEFORE), values
            )
        self._touched = True
        if self._plan.hooks.prepare:
            self._run_hook("prepare", self._plan.hooks.prepare, name, label)

    def _switch(self, name: str, label: str) -> None:
        try:
            self._run_hook("switch", self._plan.arms[name].switch or "", name, label)
        except TargetError as error:
            if self._plan.hooks.rollback:
                raise
            raise TargetError(f"{error}. The slot may be left half switched: the plan names no rollback") from error

    def _run_hook(self, what: str, command: str, name: str, label: str, url: str = "") -> None:
        hooks.run(
            f"{what} of {name}" if what != _ROLLBACK else what,
            command,
            self._stage,
            self._stage.log(f"{label}-{name}-{what}"),
            folder=self._folder(name),
            values=hooks.environment(name, url or self._address(name), self._environment(name)),
            seconds=self._plan.hooks.seconds,
        )

    def _folder(self, name: str) -> Path | None:
        """Where an arm's commands are run."""
        return self._plan.arms[name].folder

    def _environment(self, name: str) -> dict[str, str]:
        """An arm's own variables."""
        return self._plan.arms[name].environment()

    def _address(self, name: str) -> str:
        """Where an arm is, as far as the plan knows."""
        return self._plan.arms[name].url or self._plan.site.url or ""

    def _spawn(self, name: str, label: str) -> tuple[str, Child]:
        arm, log = self._plan.arms[name], self._stage.log(f"{label}-{name}")
        port = _free_port()
        url = f"http://127.0.0.1:{port}"
        argv = arm.argv({"port": str(port), "url": url, "arm": name})
        values = hooks.environment(name, url, self._environment(name)) | {MARK: self._mark}
        self._stage.watchdog.watch_marked(self._mark)
        try:
            child = Child(
                name,
                argv,
                log,
                cores=self._stage.cores.all_but_generator,
                folder=self._folder(name),
                environment=values,
            )
        except OSError as error:
            raise TargetError(
                f"command of {name} cannot be started ({error.strerror}: {argv[0]}); correct it: {shlex.join(argv)}"
            ) from error
        self._children.append(child)
        self._stage.watchdog.watch_group(child.pid)
        return url, child

    def _ready(self, name: str, url: str, child: Child | None, label: str) -> Site:
        """Wait until an arm answers with a page; a server whose port was taken is started again on another."""
        for _ in range(_TRIES):
            try:
                self._wait(name, url, child)
                break
            except _EndedError as error:
                assert child is not None
                self._children.remove(child)
                self._stage.watchdog.forget_group(child.pid)
                if not any(word in child.log.read_text(errors="replace").lower() for word in _TAKEN):
                    raise TargetError(str(error)) from None
                problem = str(error)
                url, child = self._spawn(name, label)
        else:
            raise TargetError(problem)
        return Site(name, url, child)

    def _wait(self, name: str, url: str, child: Child | None) -> None:
        plan = self._plan.site
        deadline = time.monotonic() + plan.ready_seconds
        where = f"{url}{plan.ready}"
        seen = "gave no answer"
        with httpx.Client(
            base_url=url,
            timeout=min(10.0, plan.ready_seconds),
            trust_env=False,
            verify=_trust(plan),
        ) as http:
            while True:
                check_interrupted()
                if child is not None and (code := child.exit_code) is not None:
                    words = child.last_words()
                    remedy = "it must stay in the foreground" if code == 0 else "correct it"
                    raise _EndedError(
                        f"command of {name} {ending(code)} before it answered"
                        f"{f' ({words})' if words else ''}; {remedy}: "
                        f"{shlex.join(child.argv)}. Its log: {child.log}"
                    )
                try:
                    response = http.get(plan.ready)
                except httpx.HTTPError as error:
                    why = _in_words(error)
                    seen = f"gave no answer ({why})"
                    if "CERTIFICATE_VERIFY_FAILED" in str(error):
                        raise TargetError(
                            f"the certificate of arm {name}, {where}, is not trusted; name its authority in [site]: "
                            'ca_file = "authority.pem", or trust it as it is: insecure = true'
                        ) from None
                    if self._plan.kind == "url":
                        raise TargetError(f"arm {name}: {where} {seen}. Is the site running?") from None
                else:
                    if response.status_code < 400:
                        return
                    seen = f"answered with status {response.status_code}"
                if time.monotonic() > deadline:
                    log = f" Its log: {child.log}" if child is not None else ""
                    raise TargetError(
                        f"arm {name} did not get ready within {plan.ready_seconds:g} s: {where} {seen}"
                        f"{_elsewhere(child, url)}; is this the page to ask for ([site] ready), and the time enough "
                        f"(ready_seconds)?{log}"
                    )
                time.sleep(0.05)

    # -- words of the swarm --------------------------------------------------------------------------------------

    def _sitemap(self) -> str:
        sitemap = self._plan.site.sitemap or ""
        if sitemap.startswith("/"):
            return f"{{url}}{sitemap}"  # of the arm that is asked
        return url2pathname(urlsplit(sitemap).path) if sitemap.startswith("file:") else sitemap

    def _of_arm(self, command: str) -> str:
        """A command that the swarm has a shell run elsewhere, as it is meant for whichever arm it is run for."""
        lines = ['case "$ANP_ARM" in']
        for name in self._plan.arms:
            named = {
                key: value for key, value in self._environment(name).items() if key.isidentifier()
            }  # as shells ask
            settings = [f"export {key}={shlex.quote(value)}" for key, value in named.items()]
            folder = self._folder(name)
            place = [] if folder is None else [f"cd {shlex.quote(str(folder))} || exit"]
            lines.append(f"{name}) {'; '.join([*place, *settings, ':'])} ;;")
        return "\n".join([*lines, "esac", command])


class _EndedError(Exception):
    """A server ended before it answered."""


def check_files(plan: TrialPlan) -> None:
    """Refuse a plan that names files which are not there.

    Raises:
        UsageError: With the key and the file.
    """
    site = plan.site
    sitemap = site.sitemap or ""
    named = {
        "[site] urls": (site.urls,),
        "[site] sitemap": (Path(url2pathname(urlsplit(sitemap).path)) if sitemap.startswith("file:") else None,),
        "[site] access_log": site.access_log,
        "[site] login": (site.login,),
        "[site] ca_file": (site.ca_file,),
    }
    for key, files in named.items():
        for file in files:
            if file is not None and not file.exists():
                raise UsageError(f"{key}: there is no file {file}; name it as seen from the plan's own folder")
    try:
        _trust(site)
    except ssl.SSLError as error:
        raise UsageError(f"[site] ca_file: {site.ca_file} holds no certificate; give authorities as PEM") from error
    for name, arm in plan.arms.items():
        if arm.folder is not None and not arm.folder.is_dir():
            raise UsageError(f"[{name}] folder: there is no folder {arm.folder}; name it as seen from the plan's own")


def _trust(site: SitePlan) -> ssl.SSLContext | bool:
    return not site.insecure if site.ca_file is None else ssl.create_default_context(cafile=str(site.ca_file))


def _in_words(error: httpx.HTTPError) -> str:
    """What went wrong, without the numbers and places of libraries."""
    words = re.sub(r"\[(?:Errno -?\d+|[A-Z]+: [A-Z_]+)\] ?|\s*\(_\w+\.c:\d+\)", "", str(error))
    return (words or type(error).__name__).lower()


def _elsewhere(child: Child | None, url: str) -> str:
    """Where a server listens that does not listen where it should, as a clause; empty where nobody can tell."""
    if child is None:
        return ""
    ports: set[int] = set()
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(child.pid)
        for one in (process, *process.children(recursive=True)):
            ports |= {each.laddr.port for each in one.net_connections("tcp") if each.status == psutil.CONN_LISTEN}
    others = sorted(ports - {urlsplit(url).port})
    return f", and it listens on port {', '.join(map(str, others))} (does it heed {{port}}?)" if others else ""


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
