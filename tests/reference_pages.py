"""Pages of reference that are written from the code: ``python -m tests.reference_pages``, part of ``make docs``.

Each of ``PAGES`` is a whole page. Of ``docs/run-record.md`` only the tables of columns are written, between two
comments; all else there is written by hand.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import typer.main
from pydantic import BaseModel

from harness.arms_plan import ArmPlan, GitPlan, HooksPlan, SitePlan
from harness.cli import app
from harness.trial_plan import CorpusPlan, MarginPlan, PagePlan, PrimaryPlan, TrialPlan
from results.columns import FIXED_WORDS, MEANINGS, REQUESTS, SECONDS, URLS
from results.plan import SwarmPlan
from target_app.settings import catalogue
from tests import schema
from tests.schema import read_docstring

DOCS: Final = Path(__file__).resolve().parents[1] / "docs"

_WRITTEN: Final = "This page is written by `make docs` from the code."


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    head = list(head)
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"


def settings() -> Iterator[str]:
    """The switches of the reference site."""
    yield "# Settings of the reference site"
    yield ""
    yield "What can be changed for an experiment: `--set NAME=VALUE` of `anp serve`, and `set` of a plan's arm, as in"
    yield '`[before.set]` with `page_cache = "off"`. The same list is printed by `anp serve --list-settings`.'
    yield f"[Experiments](experiments/README.md) show what nine of them are worth. {_WRITTEN}"
    yield ""
    rows = (
        (
            f"`{each['name']}`",
            f"`{each['default']}`",
            ", ".join(f"`{choice}`" for choice in each["choices"]),
            each["purpose"] + (" May be given more than once." if each["repeatable"] else ""),
        )
        for each in catalogue()
    )
    yield from _table(("setting", "default", "values", "what for"), rows)


_SECTIONS: Final[tuple[tuple[str, type[BaseModel], str], ...]] = (
    ("Keys of the plan itself", TrialPlan, "At the top of the file, before any section."),
    ("`[before]` and `[after]`", ArmPlan, "One version of the site: what makes an arm what it is."),
    ("`[site]`", SitePlan, "What a site of one's own is asked for, and how. Not with arms of the reference site."),
    ("`[hooks]`", HooksPlan, "Shell commands; each finds the arm in `ANP_ARM`, `ANP_URL` and `ANP_PORT`."),
    ("`[git]`", GitPlan, "Two revisions of one repository, as the arms."),
    ("`[corpus]`", CorpusPlan, "Which articles the reference site holds."),
    ("`[margins]`", MarginPlan, "The smallest change that matters, as a share: 0.03 is three percent."),
    ("`[[primary]]`", PrimaryPlan, "A cell that decides. Where there is none, the rule chooses."),
    ("`[control]`", PagePlan, "A page that the change cannot touch."),
)


def plan_keys() -> Iterator[str]:
    """Every key of a trial's plan."""
    yield "# Keys of a plan"
    yield ""
    yield "Every key that a plan file (TOML) of `anp trial` may have. What they do together, and which exclude each"
    yield f"other, is told in [trials.md](trials.md). A key that is not here is refused. {_WRITTEN}"
    for title, model, about in _SECTIONS:
        drawn = model.model_json_schema()
        said = read_docstring(inspect.getdoc(model) or "")[1]
        rows = [
            (f"`{key}`", _kind(value), _default(model, key), said[key]) for key, value in drawn["properties"].items()
        ]
        yield from ["", f"## {title}", "", about, ""]
        yield from _table(("key", "takes", "default", "meaning"), rows)


def _default(model: type[BaseModel], key: str) -> str:
    field = model.model_fields[key]
    if field.is_required():
        return "to be given"
    value = field.get_default(call_default_factory=True)
    return "–" if value in (None, (), {}, "") or isinstance(value, BaseModel) else f"`{json.dumps(value)}`"


_PLAIN: Final = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "null": "null",
    "object": "section of names and values",
}
_MODELS: Final = {model.__name__ for _, model, _ in _SECTIONS}


def _kind(drawn: Mapping[str, Any]) -> str:
    """What a value may be, from its JSON schema, in words."""
    if "anyOf" in drawn:
        return " or ".join(_kind(each) for each in drawn["anyOf"] if each != {"type": "null"})
    if "$ref" in drawn:
        name = drawn["$ref"].rpartition("/")[2]
        return "section of its own" if name in _MODELS else f"[{_spoken(name)}](#{_spoken(name).lower()})"
    if "const" in drawn:
        return f"`{json.dumps(drawn['const'])}`"
    if "enum" in drawn:
        return ", ".join(f"`{json.dumps(word)}`" for word in drawn["enum"])
    types = drawn.get("type", "any value")
    if isinstance(types, list):
        return " or ".join(_PLAIN.get(each, each) if each != "array" else _array(drawn) for each in types)
    if types == "array":
        return _array(drawn)
    if drawn.get("format") == "path":
        return "path"
    return _PLAIN.get(types, types) + _range(drawn)


def _array(drawn: Mapping[str, Any]) -> str:
    items = drawn.get("items") or (drawn.get("prefixItems") or [{}])[0]
    return f"list of {'sections' if items.get('$ref', '').rpartition('/')[2] in _MODELS else _kind(items)}"


def _range(drawn: Mapping[str, Any]) -> str:
    words = {"minimum": "from {}", "exclusiveMinimum": "above {}", "maximum": "to {}", "exclusiveMaximum": "below {}"}
    bounds = [form.format(_figure(drawn[word])) for word, form in words.items() if word in drawn]
    return "".join(f" {bound}" for bound in bounds)


def _figure(value: float) -> str:
    return "2⁶³" if value == 2**63 else f"{value:,.12g}".replace(",", "\u202f")  # a comma would look like a list


def _spoken(name: str) -> str:
    """``results__baselines__LeftOut`` of a schema as ``baselines-LeftOut``."""
    return "-".join(name.split("__")[1:]) if "__" in name else name


def compare_json() -> Iterator[str]:
    """What ``compare.json`` holds."""
    drawn = schema.generate()
    yield "# compare.json"
    yield ""
    yield f"{drawn['description']}"
    yield ""
    yield "The JSON Schema itself is [compare.schema.json](../results/schema/compare.schema.json), for validators; an"
    yield "excerpt of a file is in [outputs.md](outputs.md#comparejson). Every key is always there, and no other."
    yield _WRITTEN
    yield ""
    yield "## The document"
    yield ""
    yield from _properties(drawn, drawn["$defs"])
    for name, part in drawn["$defs"].items():
        yield from ["", f"## {_spoken(name)}", "", part.get("description", ""), ""]
        yield from _properties(part, drawn["$defs"])


def _properties(drawn: Mapping[str, Any], parts: Mapping[str, Any]) -> Iterator[str]:
    rows = []
    for key, value in drawn["properties"].items():
        named = value["$ref"].rpartition("/")[2] if "$ref" in value else ""
        meaning = value.get("description") or parts.get(named, {}).get("description", "").partition(". ")[0]
        nullable = {"type": "null"} in value.get("anyOf", [])
        rows.append((f"`{key}`", _kind(value) + (" or null" if nullable else ""), meaning))
    yield from _table(("key", "value", "meaning"), rows)


_OTHERS: Final = {
    "ANP_RUNS_DIR": "Folder of the run records, where `--out` says nothing.",
    "ANP_BASELINES_DIR": "Folder of the histories of `anp runs promote`, where `--out` says nothing.",
    "ANP_PURGE_TOKEN": "The same secret for a swarm, which then may purge a site that it did not start.",
    "ANP_ARM": "Set for commands of a plan: the name of the arm.",
    "ANP_URL": "Set for commands of a plan: the arm's address.",
    "ANP_PORT": "Set for commands of a plan: the arm's port.",
    "ANP_OWN_LOCUSTFILE": "Set for the swarm's own process: a locustfile of the user's own.",
    "ANP_TRIAL_MARK": "Set for the servers of a trial: by it whatever they have started is known, and ended.",
    "ANP_CALLED_FROM": "Set for the swarm's own process: the folder that `anp` was called from.",
}
"""Variables that stand in for no option."""


def environment() -> Iterator[str]:
    """Variables that stand in for options, and the others."""
    yield "# Environment variables"
    yield ""
    yield "Every option can come from a variable: `ANP`, the verbs and the option's name, as in `ANP_TRIAL_LAUNCHES=4`."
    yield "An option on the command line wins over its variable, the variable over a plan file."
    yield "A switch takes `1` or `0`; an option that may be given several times takes its values with spaces between"
    yield "them, and files with colons."
    yield _WRITTEN
    yield from ["", "## Not of one option", ""]
    yield from _table(("variable", "meaning"), ((f"`{name}`", meaning) for name, meaning in _OTHERS.items()))
    for path, options in _options(typer.main.get_command(app), "anp"):
        yield from ["", f"## {path}", ""]
        yield from _table(("variable", "option", "meaning"), options)


_NOT_FROM_OUTSIDE: Final = {"help", "version", "install_completion", "show_completion"}


def _options(command: Any, path: str) -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    rows = []
    for option in command.params:
        if option.param_type_name != "option" or option.name in _NOT_FROM_OUTSIDE:
            continue
        variable = option.envvar or f"{path}_{option.name}".upper().replace(" ", "_").replace("-", "_")
        rows.append((f"`{variable}`", f"`{option.opts[0]}`", " ".join(option.help.split())))
    if rows:
        yield path, rows
    for name, below in getattr(command, "commands", {}).items():
        yield from _options(below, f"{path} {name}")


PAGES: Final[Mapping[str, Callable[[], Iterator[str]]]] = {
    "settings.md": settings,
    "plan-keys.md": plan_keys,
    "compare-json.md": compare_json,
    "environment.md": environment,
}
"""By the name of the page, what makes its lines."""


def columns(file: str, columns: pa.Schema) -> Iterator[str]:
    """The table of a record's columns."""
    rows = []
    for field in columns:
        words = FIXED_WORDS.get(field.name) if file == "requests" else None
        kind = "word" if pa.types.is_dictionary(field.type) else f"{field.type}".replace("double", "float64")
        told = MEANINGS[file][field.name] + (f"; one of {', '.join(words)}" if words and len(words) > 2 else "")
        rows.append((f"`{field.name}`", kind.replace("float", "float32") if kind == "float" else kind, told))
    yield from _table(("column", "type", "meaning"), rows)


def swarm_plan() -> Iterator[str]:
    """The table of what ``plan`` holds in a swarm's ``plan.json``."""
    said = read_docstring(inspect.getdoc(SwarmPlan) or "")[1]
    yield from _table(("key", "meaning"), ((f"`{key}`", meaning) for key, meaning in said.items()))


RUN_KEYS: Final = {
    "format": "number of the format of the record",
    "kind": "`swarm` or `trial`",
    "started": "when it began, UTC",
    "ended": "when it ended, UTC",
    "ended_by": "`completed`, `interrupted` or `failed`",
    "reason": "why it did not come to its end; null where it did",
    "rows": "rows written to each file of columns",
    "plan_hash": "swarm: digest of the arrivals that were sent",
    "traffic_key": "swarm: the same for swarms that send the same requests at the same moments",
    "ledger": "swarm: whether every row is there, and whether the site counted as many, see above",
    "logins": "swarm: the log-ins before the first request, see above",
    "prepared": "swarm: what was done to the cache, with how many requests",
    "breakpoint": "swarm of that shape: limits, steps, the highest rate that held and the first that did not",
    "counts": "swarm: requests by arm, phase, persona, route, cache class and error",
    "failed_checks": "swarm: examples of pages that were wrong",
    "failed_requests": "swarm: examples of requests without a usable reply",
    "specimens": "swarm: headers of some replies of each cache class",
    "health_maxima": "swarm: the worst second of the generator",
    "sites": "swarm: what each site says of itself, and its counters before and after",
    "versions": "swarm: of the generator's packages",
    "machine": "swarm: where the generator ran",
    "argv": "swarm: the words it was started with",
    "rate": "trial: requests a second and arm, as they were found",
    "duration_s": "trial: measured seconds of a launch",
    "method": "trial: how the arms were loaded",
    "fallback": "trial: why in turn, although side by side was wanted",
    "interference": "trial: how each arm fared alone and beside the other",
    "resumed": "trial: when it was gone on with, and after what",
    "files": "trial: documents that were written",
    "verdict": "trial: `overall` of the comparison",
    "spent": "trial: seconds that it took as a whole, warmed up, and measured",
    "planning": "pilot: what trials of other sizes would show",
}
"""What ``run.json`` may hold."""


def run_keys() -> Iterator[str]:
    """The table of ``run.json``."""
    yield from _table(("key", "meaning"), ((f"`{key}`", meaning) for key, meaning in RUN_KEYS.items()))


TABLES: Final[Mapping[str, Callable[[], Iterator[str]]]] = {
    "requests": lambda: columns("requests", REQUESTS),
    "seconds": lambda: columns("seconds", SECONDS),
    "urls": lambda: columns("urls", URLS),
    "plan": swarm_plan,
    "run": run_keys,
}
"""Tables of ``docs/run-record.md``, by what their comments call them."""


def with_tables(page: str) -> str:
    """A page with its tables written anew."""
    for name, lines in TABLES.items():
        begin, end = f"<!-- made by make docs: {name} -->\n", "<!-- end -->"
        head, found, rest = page.partition(begin)
        if not found:
            raise ValueError(f"no place for the table {name!r}: the page needs a line {begin!r}")
        page = head + begin + "\n" + "\n".join(lines()) + "\n\n" + end + rest.partition(end)[2]
    return page


def text(name: str) -> str:
    """A page as it stands in its file."""
    return re.sub(r"\n{3,}", "\n\n", "\n".join(PAGES[name]()) + "\n")


if __name__ == "__main__":
    for written in PAGES:
        (DOCS / written).write_text(text(written), encoding="utf-8")
    record = DOCS / "run-record.md"
    record.write_text(with_tables(record.read_text(encoding="utf-8")), encoding="utf-8")
