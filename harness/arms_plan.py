"""What a plan says of its arms: how each is reached, what is asked of it, and which commands bring it to its state."""

from __future__ import annotations

import re
import shlex
import string
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from harness.errors import unknown
from results.loopback import is_this_machine

Kind = Literal["reference", "command", "url", "switch"]
"""How an arm is reached: the reference site with settings, a server started by its command, one that runs already, or
one slot that a command puts into the arm's state."""

PLACEHOLDERS: Final = ("port", "url", "arm")
"""What stands in braces in a command."""

_IN_WORDS: Final[Mapping[Kind, str]] = {
    "reference": "settings of the reference site",
    "command": "a command",
    "url": "a url",
    "switch": "a switch",
}

Setting = str | int | float | bool


class Part(BaseModel):
    """A section of a plan: a key that is not known is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _is_plain(cls, values: Any) -> Any:
        """Refuse what Python would take for a number, and what no command or file name can hold."""
        for name, value in values.items() if isinstance(values, Mapping) else ():
            field = cls.model_fields.get(name)
            if field is not None and isinstance(value, bool) and re.search(r"\b(?:int|float)\b", str(field.annotation)):
                raise ValueError(f"{name} is {str(value).lower()}; give a number")
            if _holds_null(value):
                raise ValueError(f"a null byte is in {name}; leave it out")
        return values


class ArmPlan(Part):
    """One version of the site.

    Attributes:
        set: Settings in which the reference site differs from its defaults.
        command: Starts the arm's server in the foreground; ``{port}`` is the port it must listen on.
        folder: Working folder of the commands.
        env: Variables of the command, beside those of the trial itself.
        url: Origin of a server that runs already.
        switch: Puts the one slot into this arm's state.
        label: What the arm is, in the reader's words, such as a commit.
    """

    set: dict[str, Setting] = Field(default_factory=dict)
    command: str | tuple[str, ...] | None = None
    folder: Path | None = None
    env: dict[str, Setting] = Field(default_factory=dict)
    url: str | None = None
    switch: str | None = None
    label: str = ""

    @field_validator("command")
    @classmethod
    def _can_be_started(cls, command: str | tuple[str, ...] | None) -> str | tuple[str, ...] | None:
        if command is None:
            return None
        try:
            words = shlex.split(command) if isinstance(command, str) else list(command)
        except ValueError as error:
            raise ValueError(f"command {command!r} cannot be split into words ({error}); close its quotes") from None
        if not words:
            raise ValueError("command is empty; give what starts the server, such as flask run --port {port}")
        names = [name for word in words for name in _names(word)]
        for name in names:
            if name not in PLACEHOLDERS:
                raise ValueError(f"command {command!r}: {unknown('placeholder', name, PLACEHOLDERS)}; {{{{ is a brace")
        if not {"port", "url"} & set(names):
            raise ValueError(
                f"command {command!r} does not say which port to listen on; write {{port}} where the port belongs"
            )
        return command

    @field_validator("env")
    @classmethod
    def _can_be_set(cls, env: dict[str, Setting]) -> dict[str, Setting]:
        for name in env:
            if not name or "=" in name:
                raise ValueError(f"env: {name!r} is no name of a variable; give one without =")
        return env

    @field_validator("url")
    @classmethod
    def _is_origin(cls, url: str | None) -> str | None:
        return None if url is None else origin(url)

    @model_validator(mode="after")
    def _is_one_thing(self) -> ArmPlan:
        given = [name for name in ("set", "command", "url", "switch") if getattr(self, name)]
        if len(given) > 1:
            raise ValueError(f"an arm has both {given[0]} and {given[1]}; it is reached in one way, so leave one out")
        if self.env and not (self.command or self.switch):
            raise ValueError("env is for the arm's own command, and it has none; leave it out, or give a command")
        return self

    @property
    def kind(self) -> Kind:
        """How the arm is reached."""
        kinds: tuple[Literal["command", "url", "switch"], ...] = ("command", "url", "switch")
        return next((name for name in kinds if getattr(self, name)), "reference")

    @property
    def kind_in_words(self) -> str:
        """``a command``."""
        return _IN_WORDS[self.kind]

    def settings(self) -> dict[str, str]:
        """What makes this arm what it is, by name, as records and reports tell it."""
        if self.kind == "reference":
            return self._set_in_words()
        told = {"revision": self.label} if self.label else {}
        if not self.label or self.kind != "command":
            value = getattr(self, self.kind)
            told[self.kind] = value if isinstance(value, str) else shlex.join(value)
        return told | self.environment()

    def environment(self) -> dict[str, str]:
        """The variables of its command."""
        return {name: _plain(value) for name, value in self.env.items()}

    def argv(self, values: Mapping[str, str]) -> list[str]:
        """The words of its command, with ``PLACEHOLDERS`` filled in."""
        command = self.command or ()
        words = shlex.split(command) if isinstance(command, str) else list(command)
        return [word.format(**values) for word in words]

    def assignments(self) -> list[str]:
        """Settings as the reference site's command line takes them: ``NAME=VALUE``."""
        return [f"{name}={value}" for name, value in self._set_in_words().items()]

    def _set_in_words(self) -> dict[str, str]:
        """In the site's own words: TOML's true and false are its ``on`` and ``off``."""
        on_off = {True: "on", False: "off"}
        return {name: on_off[value] if isinstance(value, bool) else str(value) for name, value in self.set.items()}


class SitePlan(Part):
    """A site of the user's own: what to ask it for, how members log in, and who may be asked.

    Attributes:
        urls: Where addresses come from: a file with one a line. One of ``urls``, ``sitemap`` and ``access_log``.
        sitemap: Where addresses come from: a sitemap, as an address, a path on the arms, or a file.
        access_log: Where addresses come from: log files of the site's server, each visit as often as it was made.
        aliases: Further names of the site, as its addresses have them.
        with_bots: Keep what programs asked for, of an access log.
        login: The recipe by which members log in.
        ready: The path that is asked for until it answers with a page.
        ready_seconds: How long that may take.
        stop_seconds: How long a server may take to end when it is asked to.
        url: Origin of the one slot of switched arms.
        i_may_load: Names of hosts, other than this machine, that may be loaded.
        allow_writes: Log-ins and purges may be part of the load.
        ca_file: Authorities to trust instead of the system's.
        insecure: Accept any certificate.
    """

    urls: Path | None = None
    sitemap: str | None = None
    access_log: tuple[Path, ...] = ()
    aliases: tuple[str, ...] = ()
    with_bots: bool = False
    login: Path | None = None
    ready: str = "/"
    ready_seconds: float = Field(default=60.0, gt=0, le=3600)
    stop_seconds: float = Field(default=10.0, gt=0, le=600)
    url: str | None = None
    i_may_load: tuple[str, ...] = ()
    allow_writes: bool = False
    ca_file: Path | None = None
    insecure: bool = False

    @field_validator("url")
    @classmethod
    def _is_origin(cls, url: str | None) -> str | None:
        return None if url is None else origin(url)

    @field_validator("ready")
    @classmethod
    def _is_path(cls, path: str) -> str:
        if not path.startswith("/"):
            raise ValueError(f"ready is {path!r}; give a path that begins with /, such as /health")
        return path

    def require(self, kind: Kind, *, has_own_pages: bool) -> None:
        """Refuse what arms of a kind cannot be loaded by.

        Args:
            kind: Of both arms.
            has_own_pages: A locustfile of the user's own may say which pages there are.

        Raises:
            ValueError: Saying what is missing or too much.
        """
        sources = [name for name in ("urls", "sitemap", "access_log") if getattr(self, name)]
        if len(sources) > 1:
            raise ValueError(
                f"[site] has both {sources[0]} and {sources[1]}; addresses come from one place, so leave one"
            )
        if not sources and not has_own_pages:
            raise ValueError(
                "[site] does not say which pages to ask for; give sitemap, urls or access_log, such as "
                'sitemap = "/sitemap.xml"'
            )
        if kind == "switch" and self.url is None:
            raise ValueError(
                '[site] does not say where the switched slot is; give its address, such as url = "http://127.0.0.1:8000"'
            )
        if kind != "switch" and self.url is not None:
            raise ValueError("[site] url is the address of a switched slot, and the arms have their own; leave it out")

    def require_permission(self, url: str) -> None:
        """Refuse a host that nobody said may be loaded.

        Raises:
            ValueError: With the key that says so.
        """
        host = urlsplit(url).hostname or ""
        if not is_this_machine(host) and host not in self.i_may_load:
            raise ValueError(
                f'{host} is not this machine; if you are allowed to load it, say so in [site]: i_may_load = ["{host}"]'
            )


class GitPlan(Part):
    """Two revisions of one repository, as the arms.

    Attributes:
        before, after: Branch, tag or commit.
        setup: Shell command that sets a work tree up before its server can start: an environment, a build.
        repository: Its folder, where that is not the one that the plan lies in.
    """

    before: str = Field(min_length=1)
    after: str = Field(default="HEAD", min_length=1)
    setup: str = ""
    repository: Path | None = None


class HooksPlan(Part):
    """Shell commands of the user's own; each has the arm's name, address and port in its environment.

    Attributes:
        prepare: Before an arm starts, in every launch: data, builds, flags.
        purge: Empties the caches of an arm, before load; with ``prepare = natural`` it is never run.
        warm: Fills the caches of an arm, before every page of the plan is asked for once; with ``prepare = warm``.
        rollback: When the trial ends, however it ends.
        seconds: How long each may take.
    """

    prepare: str = ""
    purge: str = ""
    warm: str = ""
    rollback: str = ""
    seconds: float = Field(default=600.0, gt=0, le=86_400)


def origin(url: str) -> str:
    """The origin of a server, without a slash at its end.

    Raises:
        ValueError: It is none.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise ValueError(f"url {url!r} is no origin ({error}); give one such as http://127.0.0.1:8000") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError(f"url {url!r} is no origin; give one such as http://127.0.0.1:8000")
    return url.rstrip("/")


def _names(word: str) -> list[str]:
    try:
        return [re.split(r"[.\[]", name)[0] for _, name, _, _ in string.Formatter().parse(word) if name is not None]
    except ValueError as error:
        raise ValueError(f"command word {word!r}: {error}; a brace of its own is written twice: {{{{") from None


def _plain(value: Setting) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _holds_null(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(_holds_null(part) for pair in value.items() for part in pair)
    if isinstance(value, list | tuple):
        return any(map(_holds_null, value))
    return isinstance(value, str) and "\0" in value
