"""The *Cache* tab of locust's web interface: hit ratio and latency by cache class, live, of all workers together.

The tab is an HTML element of our own, ``<anp-cache>``: locust renders whatever element a tab names. It draws what it
reads each second. The same element is also a page of its own, ``anp/cache``.
"""

from __future__ import annotations

import csv
import functools
import io
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, Final, cast

import gevent
from locust.web import WebUI

from locustfiles._conductor import Conductor
from locustfiles._live import ALL, Figures, hit_ratio
from results.plan import SwarmPlan
from results.record import read_record

_WEB = Path(__file__).with_name("_web")
_SCRIPT = '<script type="module" src="./anp/cache.js"></script>'

LATEST_S: Final = 10
"""Length in seconds of the stretch that is shown beside the figures since the start."""

Answer = str | tuple[str, dict[str, str]]


def add_cache_tab(web_ui: WebUI, conductor: Conductor) -> None:
    """Give locust's interface the tab, and one more file under *Download Data*; to be called before it starts.

    Args:
        web_ui: Of the process that records.
        conductor: What the tab looks at.
    """
    app = web_ui.app
    assert app is not None
    base = (cast(Any, web_ui.environment.parsed_options).web_base_path or "").rstrip("/")

    def as_json(begun: int = 0, mark: int = 0) -> Answer:
        return json.dumps(look(conductor, begun, mark)), {
            "Content-Type": "application/json",
            "Cache-Control": "no-store",
        }

    pages: dict[str, Callable[..., Answer]] = {
        "anp/cache": lambda: (_WEB / "cache.html").read_text("utf-8"),
        "anp/cache.js": lambda: ((_WEB / "cache.js").read_text("utf-8"), {"Content-Type": "text/javascript"}),
        "anp/cache.csv": lambda: (
            to_csv(conductor),
            {"Content-Type": "text/csv", "Content-Disposition": "attachment; filename=cache.csv"},
        ),
        "anp/cache.json": as_json,
        "anp/cache/<int:begun>-<int:mark>.json": as_json,
    }
    for path, page in pages.items():
        view = web_ui.auth_required_if_enabled(page)  # type: ignore[no-untyped-call]
        app.add_url_rule(f"{base}/{path}", path, view)

    index = app.view_functions["locust.index"]

    def index_with_script() -> Any:
        page = index()
        return page.replace("</head>", f"{_SCRIPT}</head>") if isinstance(page, str) else page

    app.view_functions["locust.index"] = index_with_script
    web_ui.template_args |= {
        "extended_tabs": [{"title": "Cache", "key": "cache", "component": "anp-cache"}],
        "extended_csv_files": [{"title": "Download cache classes CSV", "href": "./anp/cache.csv"}],
    }


def look(conductor: Conductor, begun: int = 0, mark: int = 0) -> dict[str, Any]:
    """What there is to see of the swarm under way, or of the last one.

    Args:
        conductor: Of the swarm.
        begun: ``begun`` of the caller's last look.
        mark: ``mark`` of it.

    Returns:
        JSON data. ``problem`` is why a swarm was refused or ended early, in one line. ``scenario`` and ``targets``
        (name and URL of each arm) are as the record has them, so empty before it is opened. ``start`` and ``latest``
        hold the figures of each arm and class (times in milliseconds, to the microsecond, None where no answer was
        good) and, under ``hit_ratio``, a share for each arm. ``seconds`` are those that changed since the caller's
        last look at the same swarm: number, hit ratio of each arm, and for each arm and class its index, name, median
        and 99th percentile.
    """
    live = conductor.live
    seen: dict[str, Any] = {
        "begun": conductor.begun,
        "stage": conductor.stage,
        "problem": conductor.problem,
        "record": str(conductor.directory or ""),
        "scenario": "",
        "targets": [],
        "latest_s": LATEST_S,
        "mark": 0,
        "arms": [],
        "start": {"figures": [], "hit_ratio": []},
        "latest": {"figures": [], "hit_ratio": []},
        "seconds": [],
    }
    if live is None:
        return seen
    assert conductor.directory is not None
    plan = _plan(conductor.directory)
    seen |= {"scenario": plan.scenario, "targets": [(arm.name, arm.url) for arm in plan.arms]}
    seen |= {"mark": live.mark, "arms": live.arms}
    for name, figures in (("start", live.totals()), ("latest", live.latest(LATEST_S))):
        seen[name] = {"figures": [_plain(each) for each in figures], "hit_ratio": _ratios(figures, live.arms)}
    for number, figures in live.changed(mark if begun == conductor.begun else 0):
        points = [
            (live.arms.index(each.arm), each.cache, _micros(each.p50_ms), _micros(each.p99_ms))
            for each in figures
            if each.cache != ALL
        ]
        seen["seconds"].append((number, _ratios(figures, live.arms), points))
        gevent.sleep(0)  # where requests are made in this process, they come first
    return seen


def to_csv(conductor: Conductor) -> str:
    """The figures since the start and of the latest seconds, one row for each arm and class."""
    seen = look(conductor)
    text = io.StringIO()
    writer = csv.DictWriter(text, ["stretch", *(field.name for field in fields(Figures)), "hit_ratio"])
    writer.writeheader()
    for stretch, shown in (("since start", seen["start"]), (f"last {LATEST_S} s", seen["latest"])):
        ratios = dict(zip(seen["arms"], shown["hit_ratio"], strict=False))
        for each in shown["figures"]:
            ratio = ratios[each["arm"]] if each["cache"] == ALL else None
            writer.writerow({"stretch": stretch, **each, "hit_ratio": ratio})
    return text.getvalue()


@functools.lru_cache(maxsize=1)
def _plan(directory: Path) -> SwarmPlan:
    """What the swarm of a record was to do."""
    return SwarmPlan.from_dict(read_record(directory, allow_incomplete=True).plan["plan"])


def _plain(figures: Figures) -> dict[str, Any]:
    return {name: _micros(value) if name.endswith("_ms") else value for name, value in asdict(figures).items()}


def _ratios(figures: Sequence[Figures], arms: Sequence[str]) -> list[float | None]:
    return [hit_ratio(figures, arm) for arm in arms]


def _micros(ms: float) -> float | None:
    return None if math.isnan(ms) else round(ms, 3)
