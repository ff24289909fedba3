"""A trial's full settings, and where each comes from: flag, environment, plan file, preset, default, in that order.

The command line passes flags and environment in as ``overrides``; this module reads plan files and presets (TOML) and
refuses what it does not know.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args

from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator

from harness.arms_plan import ArmPlan, GitPlan, HooksPlan, Kind, Part, SitePlan
from harness.errors import UsageError, unknown
from harness.preset_files import presets, read_preset
from results.columns import CACHE_CLASSES
from results.design import NEVER_DECIDE, QUANTILES, Design, Question
from results.samples import ALL, Cell
from synth import Corpus

Prepare = Literal["natural", "warm", "cold"]
"""State of the page cache before the first arrival."""

Method = Literal["duet", "rounds", "reversal"]
"""How the arms of a launch are loaded: side by side, one after the other, or one slot switched between them."""

BEFORE: Final = "before"
AFTER: Final = "after"
AGAIN: Final = "again"
"""Names of the arms; ``again`` is a second copy of ``before``."""

SHORTEST_REVERSAL: Final = 4
"""Launches of the shortest reversal: two cycles of before, after, after, before."""

ENOUGH_REQUESTS: Final = 250
"""With ``seconds = auto``, requests that each arm gets in a launch at least. A page with an eighth of the traffic then
has about thirty, so that hardly a launch falls below the twenty of a median (``results.statistics.floor``)."""

SECONDS_LIMITS: Final = (35.0, 60.0)
"""With ``seconds = auto``, the shortest and the longest launch. What a launch takes beside its load, some four
seconds, is then a small part of it."""


class CorpusPlan(Part):
    """Which articles the site holds.

    Attributes:
        first_id: Id of the first article.
        count: How many there are.
        profile: What articles are like: ``natural``, or ``classic`` for short ones that are quickly made.
        seed: Root of every draw; another seed is other articles.
    """

    first_id: int = 11730
    count: int = 2000
    profile: str = "natural"
    seed: int = 0

    def corpus(self) -> Corpus:
        """The synthesizer's own object; it judges the values."""
        return Corpus(self.first_id, self.count, self.profile, self.seed)


class PagePlan(Part):
    """A page as visitors know it: who asks, and for what.

    Attributes:
        persona: Who asks, such as ``reader``.
        route: What kind of page it is, such as ``article``.
    """

    persona: str
    route: str

    def cell(self) -> Cell:
        """The same for comparisons."""
        return Cell(self.persona, self.route)


class PrimaryPlan(PagePlan):
    """A cell that decides: a page, its replies of one cache class or of all, at a quantile.

    Attributes:
        persona: Who asks, such as ``reader``.
        route: What kind of page it is, such as ``article``.
        cache: Cache class of the replies that count, such as ``HIT``, or ``all``.
        quantile: Which response time decides: ``p50``, ``p95`` or ``p99``.
    """

    cache: str = ALL
    quantile: str = "p50"

    @field_validator("cache")
    @classmethod
    def _known_class(cls, word: str) -> str:
        if word != ALL and word not in CACHE_CLASSES:
            raise ValueError(unknown("cache class", word, (ALL, *CACHE_CLASSES)))
        return word

    @field_validator("quantile")
    @classmethod
    def _known_quantile(cls, word: str) -> str:
        if word not in QUANTILES:
            raise ValueError(unknown("quantile", word, QUANTILES))
        return word

    @field_validator("route")
    @classmethod
    def _can_decide(cls, word: str) -> str:
        if word in NEVER_DECIDE:
            raise ValueError(f"route {word!r} never decides; name a page that visitors read")
        return word

    def is_of(self, page: PagePlan) -> bool:
        """Whether the cell belongs to a page."""
        return (self.persona, self.route) == (page.persona, page.route)

    def question(self) -> Question:
        """The same for comparisons."""
        return Question(Cell(self.persona, self.route, self.cache), self.quantile)


class MarginPlan(Part):
    """The smallest change of each quantile that matters, as a share: 0.03 is three percent.

    Attributes:
        p50, p95, p99: Of this quantile.
        floor_ms: The absolute change that never matters; unset, it is what the arm ``again`` shows the rig to differ by
            itself, or a default where there is none.
    """

    p50: float = Field(default=0.03, gt=0, lt=1)
    p95: float = Field(default=0.05, gt=0, lt=1)
    p99: float = Field(default=0.10, gt=0, lt=1)
    floor_ms: float | None = Field(default=None, ge=0, le=1e6)


class _Clash(ValueError):  # noqa: N818 - reads as the sentence it stands for
    """Keys whose values are right by themselves and wrong together."""

    def __init__(self, keys: tuple[str, ...], message: str) -> None:
        super().__init__(message)
        self.keys = keys


class TrialPlan(Part):
    """Everything a trial needs to know.

    Attributes:
        preset: The preset that gives what this plan leaves out.
        name: Part of the record's name.
        reason: Why the change is made; it opens the change note.
        expected: What the change is expected to do; told in the note.
        owner: Who answers for the change; told in the note.
        scenario: Who comes and what they ask for; ``cache_hit`` on a site of the user's own without a log-in recipe.
        pages_may_differ: The arms may answer one address with pages of different length.
        launches: How many times both arms are started afresh; each launch gives one value per cell.
        spare: Further launches, each made only in place of one in which the generator was not fit.
        seconds: Measured part of each launch, or ``auto``: long enough, at the rate, for each arm to get a number of
            requests that lets its rarer pages speak (``harness.pilot.long_enough``).
        warmup: Discarded part of each launch.
        rate: Requests a second and arm, or ``auto``: what keeps the site's core well below half busy.
        visitors: Connections kept ready for each arm; an arrival waits where all of them are in use.
        members: Member accounts that may be used.
        member_share: Share of the requests that members make; the scenario's own where there is none.
        zipf: Exponent of the popularity of articles; 0 asks for all alike.
        event_every: Seconds from one event to the next of personas with a clock of their own (edits, purges, log-ins);
            the scenario's own where there is none.
        prepare: State of the page cache before the first arrival.
        method: How the arms of a launch are loaded; ``auto`` is a duet as long as the arms do not hold each other up,
            else rounds.
        again: Have a second copy of ``before`` beside it, which shows what two copies of one version differ by.
        settle: Seconds without load before each round of ``rounds`` and ``reversal``.
        control: A page that the change cannot touch.
        primary: The cells that decide; empty leaves the choice to the rule.
        seed: Root of every draw of the traffic and of the order of arms.
        keep_awake: Keep the cores out of their idle states during the launches.
        corpus: The articles of the reference site.
        margins: The smallest changes that matter.
        before: The arm without the change.
        after: The arm with the change.
        locustfile: A locustfile of the user's own, whose scenario takes the place of ``scenario``.
        site: How arms are reached that are no reference sites, and what to ask them for.
        git: The revisions that are the arms.
        hooks: Commands that bring the arms and their caches to their state.
    """

    preset: str | None = None
    name: str = "trial"
    reason: str = ""
    expected: str = ""
    owner: str = ""
    scenario: str = "readers_and_members"
    locustfile: Path | None = None
    launches: int = Field(8, ge=1, le=1000)
    spare: int = Field(0, ge=0, le=1000)
    seconds: Annotated[float, Field(ge=0.5, le=86_400)] | Literal["auto"] = "auto"
    warmup: float = Field(1.0, ge=0, le=3600)
    rate: Annotated[float, Field(ge=0.01, le=1e6)] | Literal["auto"] = "auto"
    visitors: int = Field(64, ge=1, le=10_000)
    members: int = Field(6, ge=1, le=100_000)
    member_share: float | None = Field(None, ge=0, le=1)
    zipf: float = Field(0.8, ge=0, le=3)
    event_every: float | None = Field(None, ge=0.001, le=86_400)
    prepare: Prepare = "warm"
    method: Literal["auto", "duet", "rounds", "reversal"] = "auto"
    again: bool = False
    settle: float = Field(0.5, ge=0, le=3600)
    pages_may_differ: bool = False
    control: PagePlan | None = None
    primary: tuple[PrimaryPlan, ...] = ()
    keep_awake: bool = True
    seed: int = Field(1, ge=0, lt=2**63)
    corpus: CorpusPlan = CorpusPlan()
    margins: MarginPlan = MarginPlan()
    before: ArmPlan = ArmPlan()
    after: ArmPlan = ArmPlan()
    site: SitePlan = Field(default_factory=SitePlan)
    git: GitPlan | None = None
    hooks: HooksPlan = Field(default_factory=HooksPlan)

    @model_validator(mode="before")
    @classmethod
    def _fitting_the_arms(cls, values: Any) -> Any:
        """Defaults that depend on how the arms are reached and who comes."""
        if not isinstance(values, Mapping):
            return values
        fitting: dict[str, Any] = {}
        before, site = values.get("before"), values.get("site")
        if isinstance(before, Mapping) and any(before.get(key) for key in ("command", "url", "switch")):
            logs_in = isinstance(site, Mapping) and site.get("login") is not None
            fitting["scenario"] = "readers_and_members" if logs_in else "cache_hit"
            if before.get("switch"):
                fitting["method"] = "reversal"
        if values.get("locustfile") is not None:  # whose scenario is called as its file
            fitting["scenario"] = Path(str(values["locustfile"])).stem
        asked = {name: value for name, value in values.items() if (name, value) != ("method", "auto")}
        return {**fitting, **asked}

    @model_validator(mode="after")
    def _carried_out_as_one(self) -> TrialPlan:
        """Refuse what is right by itself and wrong together."""
        if self.locustfile is not None and self.scenario != self.locustfile.stem:
            raise ValueError(
                f"scenario {self.scenario!r} and locustfile {self.locustfile.name} exclude each other: a locustfile of "
                "your own has its own scenario; leave one out"
            )
        self._of_one_kind()
        if self.method == "reversal":
            if self.again:
                raise _Clash(
                    ("method", "again"),
                    "again needs a place of its own beside before, and a reversal has one slot; "
                    "leave it out, or use method rounds",
                )
            if self.spare:
                raise _Clash(
                    ("method", "spare"),
                    "rounds of a reversal stand between their neighbours, and none can be made later; leave spare out",
                )
            if self.launches < SHORTEST_REVERSAL or self.launches % 2:
                raise _Clash(
                    ("method", "launches"),
                    f"a reversal goes before, after, after, before over two launches: launches is {self.launches}; "
                    f"give an even number from {SHORTEST_REVERSAL} up",
                )
        for position, one in enumerate(self.primary):
            if one in self.primary[:position]:
                raise ValueError(f"primary cell {one.question()} is named twice; name it once")
            if self.control is not None and one.is_of(self.control):
                raise ValueError(
                    f"{self.control.cell()} is both the control and primary; "
                    "the control is a page the change cannot touch, so name another"
                )
        return self

    def _of_one_kind(self) -> None:
        """See that both arms are reached in one way, and that the plan says what this way needs, and no more."""
        if self.after.kind != self.kind:
            raise ValueError(
                f"[before] has {self.before.kind_in_words} and [after] {self.after.kind_in_words}; arms are compared "
                "that are reached in one way, so give both the same key"
            )
        if self.git is not None and self.kind != "command":
            raise ValueError(
                f"[git] takes a command that starts a revision, and [before] has {self.before.kind_in_words}; give "
                "both arms a command"
            )
        if self.kind == "reference":
            self._without_own_site()
            return
        if self.corpus != CorpusPlan():
            raise ValueError(
                f"[corpus] is of the reference site, and [before] has {self.before.kind_in_words}; leave it out"
            )
        self.site.require(self.kind, has_own_pages=self.locustfile is not None)
        for url in (self.before.url, self.after.url, self.site.url):
            if url is not None:
                self.site.require_permission(url)
        if self.kind == "url" and self.before.url == self.after.url:
            raise ValueError(
                f"both arms are {self.before.url}; give two addresses, or one slot with a command for each arm: switch"
            )
        if self.kind != "command" and self.again:
            raise _Clash(
                ("again",),
                f"again needs a second copy of before, and {self.before.kind_in_words} cannot be copied; leave it out",
            )
        if self.kind == "switch" and self.method != "reversal":
            raise _Clash(
                ("method",),
                f"method {self.method} needs both arms at once, and a switched slot holds one; use reversal",
            )
        if self.kind == "url" and self.method == "reversal":
            raise _Clash(
                ("method",), "a reversal has one slot, and the arms have an address each; use duet, rounds or auto"
            )
        if self.prepare == "cold" and not self.hooks.purge:
            raise _Clash(
                ("prepare",),
                "prepare = cold empties the caches, and nothing says how that is done here; give a command: purge in "
                "[hooks]",
            )

    def _without_own_site(self) -> None:
        for name in ("site", "hooks"):
            if getattr(self, name) != type(self).model_fields[name].get_default(call_default_factory=True):
                raise ValueError(
                    f"[{name}] is for a site of your own, and neither [before] nor [after] says where one is; "
                    "give each a command, a url or a switch"
                )

    @property
    def kind(self) -> Kind:
        """How the arms are reached."""
        return self.before.kind

    @property
    def arms_are_alike(self) -> bool:
        """Whether both are started in the same way, so that nothing can differ but noise."""
        return self.git is None and self.kind in {"reference", "command"} and self.before == self.after

    @property
    def hash(self) -> str:
        """16 hex digits over all that is asked for."""
        asked = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return hashlib.blake2b(asked.encode(), digest_size=8).hexdigest()

    @property
    def arms(self) -> dict[str, ArmPlan]:
        """The arms by name, in the order they are read."""
        arms = {BEFORE: self.before, AFTER: self.after}
        return arms | {AGAIN: self.before} if self.again else arms

    def design(self) -> Design:
        """What the comparison is told before anyone looks at a latency."""
        margins = self.margins.model_dump()
        asked = {
            "floor_ms": margins.pop("floor_ms"),
            "margins": margins,
            "primary": tuple(one.question() for one in self.primary) or None,
            "control": None if self.control is None else self.control.cell(),
            "pages_may_differ": self.pages_may_differ,
        }
        return Design(**{name: value for name, value in asked.items() if value is not None})


_NUMBER_OR_AUTO: Final = {
    "rate": "requests a second from 0.01 to 1000000",
    "seconds": "measured seconds of a launch from 0.5 to 86400",
}
"""What a key takes that may also be ``auto``."""

_KINDS: Final = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "string": "a text",
    "model": "a section of its own",
    "dict": "a section of its own",
    "tuple": "a list of sections",
}
"""What a key takes, by the beginning of pydantic's name of the error."""

_SECTIONS: Final[dict[str, type[BaseModel]]] = {
    "site": SitePlan,
    "hooks": HooksPlan,
    "git": GitPlan,
    "corpus": CorpusPlan,
    "margins": MarginPlan,
    "control": PagePlan,
    "primary": PrimaryPlan,
    "before": ArmPlan,
    "after": ArmPlan,
}


def load(file: Path | None, preset: str | None, overrides: Mapping[str, Any]) -> TrialPlan:
    """The resolved plan.

    Sections are laid over each other key by key, lists as a whole.

    Args:
        file: A plan file, or ``None``.
        preset: Name of the preset under it; ``None``: the one that the file names, if it names one.
        overrides: What flags and environment say; ``None`` values are passed over.

    Raises:
        UsageError: Unknown preset or key (with the nearest known one), or a value out of range.
    """
    own = {} if file is None else _anchored(_read(file), file.absolute().parent)
    name = own.get("preset") if preset is None else preset
    values = {} if name is None else {**_preset(name, file if preset is None else None), "preset": name}
    return _resolved({**_over(values, own), "preset": name}, file, overrides)


def changed(plan: TrialPlan, overrides: Mapping[str, Any]) -> TrialPlan:
    """A resolved plan with what flags and environment say, which may be what it says itself.

    Raises:
        UsageError: A value out of range.
    """
    return _resolved(plan.model_dump(exclude_unset=True), None, overrides)


def _resolved(values: Mapping[str, Any], file: Path | None, overrides: Mapping[str, Any]) -> TrialPlan:
    given = {key: value for key, value in overrides.items() if value is not None}
    try:
        return TrialPlan.model_validate(_over(values, given))
    except ValidationError as error:
        raise UsageError(_in_words(error, file, given)) from error


def _anchored(values: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """A plan file's values, with its files as seen from anywhere; arms work in the folder of the plan, or one in it."""

    def there(value: Any) -> Any:
        return str(folder / value) if isinstance(value, str) else value

    own = dict(values)
    if "locustfile" in own:
        own["locustfile"] = there(own["locustfile"])
    if isinstance(site := own.get("site"), Mapping):
        site = dict(site)
        for name in {"urls", "login", "ca_file"} & site.keys():
            site[name] = there(site[name])
        if isinstance(logs := site.get("access_log"), list):
            site["access_log"] = [there(log) for log in logs]
        if isinstance(sitemap := site.get("sitemap"), str) and not sitemap.startswith(("/", "http://", "https://")):
            site["sitemap"] = (folder / sitemap).absolute().as_uri()
        own["site"] = site
    if isinstance(git := own.get("git"), Mapping):
        own["git"] = {**git, "repository": there(git.get("repository", "."))}
    for name in (BEFORE, AFTER):
        arm = own.get(name)
        if isinstance(arm, Mapping) and arm.keys() & {"command", "url", "switch"}:
            own[name] = {**arm, "folder": there(arm.get("folder", "."))}
    return own


def _preset(name: object, file: Path | None) -> dict[str, Any]:
    """What a preset says; ``file`` is the plan file that asks for it, if one does."""
    if name not in presets():
        where = "" if file is None else f"plan file {file}: "
        raise UsageError(where + unknown("preset", str(name), presets()))
    return read_preset(str(name))


def _over(lower: Mapping[str, Any], upper: Mapping[str, Any]) -> dict[str, Any]:
    """Two layers of a plan as one; what the upper one says, it says."""
    both = dict(lower)
    for key, value in upper.items():
        below = both.get(key)
        is_section = isinstance(value, Mapping) and isinstance(below, Mapping)
        both[key] = _over(below, value) if is_section else value  # type: ignore[arg-type]
    return both


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise UsageError(f"there is no plan file {file}. Presets need none: anp trial --preset page-cache") from None
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(f"plan file {file} cannot be read ({why}); give a TOML file") from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"plan file {file} is not TOML: {error}") from error


def _in_words(error: ValidationError, file: Path | None, given: Mapping[str, Any]) -> str:
    """The first thing wrong, in one line with key, value and remedy; a key that was ``given`` is called by its option.

    An option's value is told without the plan file, which has no part in it.
    """
    errors = error.errors()
    first = next((each for each in errors if each["type"] == "extra_forbidden"), errors[0])  # often the cause of others
    place = [part for part in first["loc"] if isinstance(part, str)][:3]  # what follows is pydantic's own
    key = ".".join(place)
    where = f"plan file {file}: " if file is not None else ""
    if place and place[0] in given:
        where, key = "", f"--{place[0]}"
    if place and place[0] in _NUMBER_OR_AUTO:
        return f"{where}{key.split('.')[0]} is {first['input']!r}; give {_NUMBER_OR_AUTO[place[0]]}, or auto"
    if first["type"] == "value_error":  # said by a check of this module
        clash = first["ctx"]["error"]
        options = [_option(name, given[name]) for name in getattr(clash, "keys", ()) if name in given]
        return (f"{' '.join(options)}: " if options else where) + str(clash)
    if place == ["method"]:
        what = "method" if key == "method" else f"method for {key}"
        return where + unknown(what, str(first["input"]), get_args(TrialPlan.model_fields["method"].annotation))
    if first["type"] == "missing":
        return f"{where}[{place[0]}] lacks its {place[-1]}"
    if first["type"] == "extra_forbidden":
        *sections, name = place
        section = f"key of [{'.'.join(sections)}]" if sections else "key"
        return where + unknown(section, name, _SECTIONS.get(sections[0] if sections else "", TrialPlan).model_fields)
    return f"{where}{key} is {first['input']!r}; give {_wanted(first)}"


def _option(name: str, value: object) -> str:
    return f"--{name}" if value is True else f"--{name} {value}"


def _wanted(error: Mapping[str, Any]) -> str:
    """What a key takes, where its value is of another type or out of range."""
    match error.get("ctx"):
        case {"ge": bound}:
            return f"{_figure(bound)} or more"
        case {"gt": bound}:
            return f"more than {_figure(bound)}"
        case {"le": bound}:
            return f"{_figure(bound)} or less"
        case {"lt": bound}:
            return f"less than {_figure(bound)}"
        case {"expected": words}:
            return str(words)
    return _KINDS.get(error["type"].split("_")[0], "a value of another kind")


def _figure(bound: float) -> str:
    return str(bound) if isinstance(bound, int) else f"{bound:.12g}"
