"""The figures of the site: a fixed set of drawings made here, so that showing a page fetches nothing from elsewhere.

An article's image is known by its article and its place; each is mapped to one of ``len(NAMES)`` drawings, so that
the set of image addresses is bounded and a wrong one is plainly unknown. A drawing holds its colours for light and for
dark, and whoever shows it says which is wanted: both are one address, kept once.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

HUES = 12
_SCATTER = 0x9E37_79B1
"""An odd number by which neighbours are thrown far from each other (2**32 divided by the golden ratio)."""
WIDTH, HEIGHT = 960, 540


def _bars(number: int) -> str:
    heights = [90 + (number * 53 + column * 97) % 300 for column in range(11)]
    bars = "".join(
        f'<rect{_accent(column, number % 11)} x="{90 + column * 72}" y="{460 - height}" width="44"'
        f' height="{height}" rx="6" opacity="{0.4 + 0.05 * column:.2f}"/>'
        for column, height in enumerate(heights)
    )
    return f'<g fill="currentColor">{bars}</g>'


def _waves(number: int) -> str:
    rows = []
    for row in range(5):
        swing, y = 30 + (number * 31 + row * 17) % 60, 120 + row * 80
        rows.append(
            f'<path{_accent(row, number % 5)} d="M0 {y} Q 120 {y - swing} 240 {y} T 480 {y} T 720 {y} T 960 {y}"'
            f' stroke-width="{6 + row * 3}" opacity="{0.35 + 0.12 * row:.2f}"/>'
        )
    return f'<g fill="none" stroke="currentColor">{"".join(rows)}</g>'


def _nodes(number: int) -> str:
    points = [(110 + (number * 71 + i * 167) % 740, 90 + (number * 43 + i * 113) % 360) for i in range(9)]
    lines = "".join(f'<path d="M{x1} {y1}L{x2} {y2}"/>' for (x1, y1), (x2, y2) in pairwise(points))
    dots = "".join(
        f'<circle{_accent(i, number % 9)} cx="{x}" cy="{y}" r="{16 + i % 3 * 9}"/>' for i, (x, y) in enumerate(points)
    )
    return f'<g stroke="currentColor" stroke-width="4" opacity=".45">{lines}</g><g fill="currentColor">{dots}</g>'


def _layers(number: int) -> str:
    rows = [(150 + (number * 29 + row * 61) % 120, 420 + (number * 37 + row * 89) % 260) for row in range(5)]
    layers = "".join(
        f'<rect{_accent(row, number % 5)} x="{x}" y="{80 + row * 80}" width="{width}" height="58" rx="10"'
        f' opacity="{0.85 - 0.12 * row:.2f}"/>'
        for row, (x, width) in enumerate(rows)
    )
    return f'<g fill="currentColor">{layers}</g>'


def _rings(number: int) -> str:
    x, y = 240 + number * 97 % 480, 170 + number * 61 % 200
    rings = "".join(
        f'<circle{_accent(ring, number % 6)} cx="{x}" cy="{y}" r="{46 + ring * 62}" opacity="{0.9 - 0.13 * ring:.2f}"/>'
        for ring in range(6)
    )
    return f'<g fill="none" stroke="currentColor" stroke-width="22">{rings}</g>'


def _tiles(number: int) -> str:
    places = [(column, row) for row in range(4) for column in range(8)]
    tiles = "".join(
        f'<rect{_accent(i, (number * 7 + 11) % 32)} x="{96 + column * 98}" y="{78 + row * 98}" width="82" height="82"'
        f' rx="12" opacity="{0.12 + (number * 5 + column * 3 + row * 7) % 8 / 10:.2f}"/>'
        for i, (column, row) in enumerate(places)
    )
    return f'<g fill="currentColor">{tiles}</g>'


def _hills(number: int) -> str:
    hills = []
    for row in range(4):
        y, peak, at = 230 + row * 75, 60 + (number * 41 + row * 67) % 120, 160 + (number * 83 + row * 271) % 640
        hills.append(
            f'<path{_accent(row, number % 3)} d="M0 {y}C{at // 2} {y} {at - 90} {y - peak} {at} {y - peak}'
            f'S{(at + 960) // 2} {y + 20} 960 {y - 30}V540H0Z" opacity="{0.3 + 0.1 * row:.2f}"/>'
        )
    return f'<g fill="currentColor">{"".join(hills)}</g>'


def _beams(number: int) -> str:
    beams = "".join(
        f'<path{_accent(i, number % 7)} d="M{60 + i * 135} -20l{-140 - number * 17} 600"'
        f' stroke-width="{14 + (number * 3 + i * 5) % 7 * 9}" opacity="{0.25 + (number + i * 3) % 5 * 0.13:.2f}"/>'
        for i in range(9)
    )
    return f'<g stroke="currentColor">{beams}</g>'


_SHAPES: dict[str, Callable[[int], str]] = {
    "bars": _bars,
    "waves": _waves,
    "nodes": _nodes,
    "layers": _layers,
    "rings": _rings,
    "tiles": _tiles,
    "hills": _hills,
    "beams": _beams,
}
MOTIFS = tuple(_SHAPES)
NAMES = frozenset(f"{motif}-{hue}" for motif in MOTIFS for hue in range(HUES))
IMAGES = tuple(f"/images/{name}.svg" for name in sorted(NAMES))
"""The addresses of all drawings."""


def figure_name(article_id: int, place: int) -> str:
    """Which drawing stands at the given place (0 for the first) of an article.

    Those of one article differ in motif and hue from one to the next; those of two articles by chance, however near
    their numbers are.
    """
    scattered = article_id * _SCATTER & 0xFFFF_FFFF
    motif, hue = (scattered >> 24) + place * 3, (scattered >> 12) + place * 5
    return f"{MOTIFS[motif % len(MOTIFS)]}-{hue % HUES}"


def figure_path(article_id: int, place: int) -> str:
    """The relative-root address of that drawing."""
    return f"/images/{figure_name(article_id, place)}.svg"


def draw(name: str) -> str:
    """The SVG of a drawing in ``NAMES``."""
    motif, number = name.rsplit("-", 1)
    hue = int(number) * 360 // HUES
    near, far = (hue + 40) % 360, (hue + 160) % 360
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}">'
        f"<style>svg{{color:hsl({hue} 50% 42%)}}.c{{color:hsl({far} 48% 44%)}}"
        f".a{{stop-color:hsl({hue} 60% 93%)}}.b{{stop-color:hsl({near} 45% 82%)}}"
        f"@media(prefers-color-scheme:dark){{svg{{color:hsl({hue} 34% 52%)}}.c{{color:hsl({far} 34% 58%)}}"
        f".a{{stop-color:hsl({hue} 24% 15%)}}.b{{stop-color:hsl({near} 26% 21%)}}}}</style>"
        '<defs><linearGradient id="g" x1="0" y1="0" x2="1" y2="1"><stop class="a" offset="0"/>'
        '<stop class="b" offset="1"/></linearGradient></defs>'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="url(#g)"/>{_SHAPES[motif](int(number))}</svg>'
    )


def _accent(part: int, accented: int) -> str:
    """What gives one part of a drawing its other colour."""
    return ' class="c"' if part == accented else ""
