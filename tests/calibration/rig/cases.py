"""The cases: what is true of each, how it is made true, and what has to be seen."""

from __future__ import annotations

import difflib
from typing import Final

from tests.calibration.rig import disturb
from tests.calibration.rig import expectations as expect
from tests.calibration.rig.case import Case

_HITS: Final = """
scenario = "cache_hit"
method = "duet"
members = 1
visitors = 32
corpus = { count = 80 }
"""
"""Readers only, every page in the cache."""


def _primary(*labels: str) -> str:
    """Primary cells for a plan, from labels such as ``reader article HIT p50``."""
    out = []
    for label in labels:
        persona, route, *cache, quantile = label.split()
        out.append(
            f'{{ persona = "{persona}", route = "{route}", cache = "{(cache or ["all"])[0]}", '
            f'quantile = "{quantile}" }}'
        )
    return "primary = [\n    " + ",\n    ".join(out) + ",\n]\n"


def _arms(before: dict[str, str], after: dict[str, str]) -> str:
    sections = []
    for name, settings in (("before", before), ("after", after)):
        sections.append(f"[{name}.set]\n" + "".join(f'{key} = "{value}"\n' for key, value in settings.items()))
    return "\n".join(sections)


CASES: Final = (
    Case(
        name="same",
        truth="Both arms are the same site.",
        seen="No primary interval leaves out no change.",
        plan=_HITS + "rate = 600\nlaunches = 8\nseconds = 3\n",
        expect=expect.no_alarm(),
        wanted=40,
        failures=5,
    ),
    Case(
        name="hit-0.02ms",
        truth="Article hits take 0.02 ms longer; nothing else changes. Medians are held against a margin of 1 %.",
        seen="The median of article pages is slower, home pages are neither slower nor faster.",
        plan=_HITS
        + "rate = 800\nlaunches = 8\nseconds = 6\n"
        + _primary("reader article p50", "reader home p50", "reader home p95")
        + "margins = { p50 = 0.01, floor_ms = 0 }\n"
        + _arms({}, {"inject": "article:hit:1:0.02"}),
        expect=expect.slower_only("reader article p50", injected_ms=0.02),
        wanted=20,
        failures=1,
    ),
    Case(
        name="hit-0.02ms-interval",
        truth="As hit-0.02ms, in ten launches of 4 s instead of eight of 6 s and with a quarter fewer requests a "
        "second, so that pages seldom wait for each other. Set up after the intervals of hit-0.02ms had held 0.02 ms "
        "in 18 of 20 trials, with its number of trials fixed before the first.",
        seen="As hit-0.02ms, and the interval of the change holds 0.02 ms.",
        plan=_HITS
        + "rate = 600\nlaunches = 10\nseconds = 4\n"
        + _primary("reader article p50", "reader home p50", "reader home p95")
        + "margins = { p50 = 0.01, floor_ms = 0 }\n"
        + _arms({}, {"inject": "article:hit:1:0.02"}),
        expect=expect.slower_only("reader article p50", injected_ms=0.02, must_hold=True),
        wanted=20,
        failures=1,
    ),
    Case(
        name="hit-only",
        truth="Article hits take 0.1 ms longer; misses, a fifth of the replies in both arms, take as long as before.",
        seen="Article hits are slower at the median, misses are not, nor are home pages.",
        plan=_HITS
        + "rate = 120\nlaunches = 7\nseconds = 6\n"
        + _primary("reader article HIT p50", "reader article MISS p50", "reader home p50")
        + _arms({"cache_skip": "0.2"}, {"cache_skip": "0.2", "inject": "article:hit:1:0.1"}),
        expect=expect.slower_only("reader article HIT p50", injected_ms=0.1),
        wanted=3,
    ),
    Case(
        name="miss-only",
        truth="Article misses, a fifth of the replies in both arms, take 2 ms longer; hits take as long as before.",
        seen="Article misses are slower at the median, hits are not, nor are home pages.",
        plan=_HITS
        + "rate = 120\nlaunches = 7\nseconds = 6\n"
        + _primary("reader article HIT p50", "reader article MISS p50", "reader home p50")
        + _arms({"cache_skip": "0.2"}, {"cache_skip": "0.2", "inject": "article:miss:1:2"}),
        expect=expect.slower_only("reader article MISS p50", injected_ms=2.0),
        wanted=3,
    ),
    Case(
        name="one-route",
        truth="Home pages take 0.1 ms longer; articles take as long as before.",
        seen="Home pages are slower at the median, articles are not.",
        plan=_HITS
        + "rate = 500\nlaunches = 7\nseconds = 4\n"
        + _primary("reader article p50", "reader article p95", "reader home p50")
        + _arms({}, {"inject": "home:any:1:0.1"}),
        expect=expect.slower_only("reader home p50", injected_ms=0.1),
        wanted=3,
    ),
    Case(
        name="slowest-3-percent",
        truth="Three articles in a hundred take 5 ms longer; the others take as long as before.",
        seen="Articles are slower at the 99th percentile and not at the median.",
        plan=_HITS
        + "rate = 200\nlaunches = 7\nseconds = 9\n"
        + _primary("reader article p50", "reader article p99", "reader home p50")
        + _arms({}, {"inject": "article:any:0.03:5"}),
        expect=expect.slower_only("reader article p99"),
        wanted=3,
    ),
    Case(
        name="stall",
        truth="The site holds still for 2 s every 20 s.",
        seen="Articles are slower by most of a stall at the 99th percentile of response time; their service time, "
        "which leaves out who had to wait for a visitor to become free, hardly changes.",
        plan=_HITS.replace("visitors = 32", "visitors = 8")
        + "rate = 200\nlaunches = 7\nseconds = 20\n"
        + _primary("reader article p99")
        + _arms({}, {"stall": "2:20"}),
        expect=expect.stall_in_response_time_only("reader article p99"),
        wanted=3,
    ),
    Case(
        name="hit-ratio-only",
        truth="Three lookups in ten miss the cache instead of one; hits and misses take as long as before.",
        seen="Neither hits nor misses are called faster or slower, and the verdict tells of the hit ratio.",
        plan=_HITS
        + "rate = 80\nlaunches = 7\nseconds = 8\n"
        + _primary("reader article HIT p50", "reader article MISS p50", "reader home HIT p50")
        + _arms({"cache_skip": "0.1"}, {"cache_skip": "0.3"}),
        expect=expect.mix_alone("reader article HIT p50", "reader article MISS p50"),
        wanted=4,
    ),
    Case(
        name="cold-arm",
        truth="One arm finds every page in its cache, the other none.",
        seen="Articles are slower, no single cache class is judged, and the verdict tells of the hit ratio.",
        plan=_HITS
        + "rate = 40\nlaunches = 7\nseconds = 4\n"
        + _primary("reader article p50")
        + _arms({}, {"cache_skip": "1"}),
        expect=expect.cold_arm("reader article p50"),
        wanted=3,
    ),
    Case(
        name="errors-503",
        truth="Every page is rendered; for 2 s in every 8 one arm refuses half of the requests at once with 503.",
        seen="Not comparable, because of the errors; nothing is called faster.",
        plan=_HITS
        + "rate = 30\nlaunches = 7\nseconds = 9\n"
        + _primary("reader article p50", "reader article p95")
        + _arms({"page_cache": "off"}, {"page_cache": "off", "errors": "0.5:2:8"}),
        expect=expect.not_comparable(),
        wanted=3,
        verdict="not comparable",
    ),
    Case(
        name="silent-cache",
        truth="One arm does not say what its cache did; otherwise both are the same site.",
        seen="No single cache class is judged, and no page is called faster or slower.",
        plan=_HITS + "rate = 200\nlaunches = 7\nseconds = 3\n" + _arms({}, {"fault": "silent_cache"}),
        expect=expect.classes_withheld(),
        wanted=3,
    ),
    Case(
        name="starved-generator",
        truth="Both arms are the same site; four busy processes share the generator's core.",
        seen="Invalid, and a gate of the generator says so.",
        plan=_HITS + "rate = 200\nlaunches = 7\nseconds = 2\n",
        expect=expect.invalid_by_generator(),
        wanted=3,
        verdict="invalid",
        disturb=disturb.starve_generator,
    ),
    Case(
        name="throttle-halfway",
        truth="Both arms are the same site; two fifths of the core they share are taken away half way through.",
        seen="Nothing is called faster or slower.",
        plan=_HITS + "rate = 200\nlaunches = 8\nseconds = 3\n",
        expect=expect.no_claim(),
        wanted=4,
        refusal="For throttle-halfway a refusal by the gate `saturated` is a right answer too: where part of a core is "
        "taken away, that the rig is not fit to measure is true.",
        disturb=disturb.throttle_halfway,
    ),
)
"""In the order in which reports show them."""


def find(name: str) -> Case:
    """The case of a name.

    Raises:
        KeyError: There is none; the message names the nearest.
    """
    known = {case.name: case for case in CASES}
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        raise KeyError(f"there is no case {name!r}; " + (f"did you mean {near[0]}?" if near else ", ".join(known)))
    return known[name]
