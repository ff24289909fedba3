"""How figures and addresses are written, everywhere: latencies, percentages, ratios and counts, and other scripts."""

from __future__ import annotations

import math
import re
from typing import Final
from urllib.parse import unquote

_TENFOLD: Final = 10.0
_BEYOND_ASCII: Final = re.compile("(?:%[89A-Fa-f][0-9A-Fa-f])+")


def percent(fraction: float) -> str:
    """A fraction as a percentage: ``88 %``, ``3.4 %``, ``0.42 %``; a dash where there is none."""
    if math.isnan(fraction):
        return "–"
    value = 100 * fraction
    if 99 <= value < 100:  # a share is never rounded up to the whole
        return f"{math.floor(10 * value) / 10:.1f} %"
    if value == 0 or abs(value) >= 9.95:
        return f"{value:.0f} %"
    return f"{value:.1f} %" if abs(value) >= 0.95 else f"{value:.2g} %"


def growth(fraction: float) -> str:
    """How much longer something takes: a percentage or, from tenfold on, ``a factor of 12.4``, which says more."""
    if not math.isfinite(fraction) or fraction + 1 < _TENFOLD:
        return percent(fraction)
    return f"a factor of {_fold(fraction + 1)}"


def milliseconds(value: float) -> str:
    """A latency with three significant digits: ``0.142 ms``, ``4.10 ms``, ``140 ms``, ``1.25 s``."""
    if not math.isfinite(value):
        return "–" if math.isnan(value) else "failed"
    if value >= 999.5:
        return f"{value / 1000:.3g} s"
    digits = 0 if value >= 99.95 else 1 if value >= 9.995 else 2 if value >= 0.9995 else 3
    return f"{value:.{digits}f} ms"


def ratio(value: float) -> str:
    """After over before: ``0.120``, ``1.03``, ``12.4``."""
    if not math.isfinite(value):
        return "–"
    digits = 1 if value >= 9.95 else 2 if value >= 0.995 else 3
    return f"{value:.{digits}f}"


def interval(low: float, high: float) -> str:
    """``[0.110, 0.131]``; empty where the ends are not finite. Both ends with the digits of the finer one."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return ""
    digits = 1 if low >= 9.95 else 2 if low >= 1.2 else 3
    return f"[{low:.{digits}f}, {high:.{digits}f}]"


def change(value: float) -> str:
    """A ratio as a signed change: ``-88 %``, ``+3.4 %``; from tenfold on ``about 12 times``."""
    if not math.isfinite(value):
        return "–"
    if value >= _TENFOLD:
        return f"about {value:,.0f} times"
    share = value - 1
    return ("+" if share > 0 else "−" if share < 0 else "±") + percent(abs(share))


def counted(number: float, noun: str) -> str:
    """A number with its noun in the right form: ``1 launch``, ``1,200 pages``."""
    ending = "" if number == 1 else "es" if noun.endswith("ch") else "s"
    return f"{number:,.0f} {noun}{ending}"


def per_second(rate: float) -> str:
    """Requests in a second: ``0.1 requests/s``, ``1 request/s``, ``12.5 requests/s``, ``1,728 requests/s``."""
    noun = "request" if rate == 1 else "requests"
    return f"{rate:,.0f} {noun}/s" if rate >= 100 else f"{rate:.3g} {noun}/s"


def _fold(value: float) -> str:
    return f"{value:,.0f}" if value >= 99.95 else f"{value:.1f}"


def count(value: float) -> str:
    """A whole number with thin groups of three, a dash where there is none."""
    if not math.isfinite(value):
        return "–"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def readable(address: str) -> str:
    """An address, or a part of one, for people: letters beyond ASCII as they are read, all else as it is sent."""
    return _BEYOND_ASCII.sub(_decoded, address)


def _decoded(sent: re.Match[str]) -> str:
    text = unquote(sent[0])
    return text if text.isprintable() and "\N{REPLACEMENT CHARACTER}" not in text else sent[0]
