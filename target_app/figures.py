"""The figures of the site: a fixed set of drawings made here, so that showing a page fetches nothing from elsewhere.

An article's image is known by its article and its place; each is mapped to one of ``len(NAMES)`` drawings, so that
the set of image addresses is bounded and a wrong one is plainly unknown.
"""

from __future__ import annotations

from itertools import pairwise

HUES = 24
MOTIFS = ("bars", "waves", "nodes", "layers")
NAMES = frozenset(f"{motif}-{hue}" for motif in MOTIFS for hue in range(HUES))
IMAGES = tuple(f"/images/{name}.svg" for name in sorted(NAMES))
"""The addresses of all drawings."""

WIDTH, HEIGHT = 960, 540


def figure_name(article_id: int, place: int) -> str:
    """Which drawing stands at the given place (0 for the first) of an article."""
    return f"{MOTIFS[(article_id + place) % len(MOTIFS)]}-{(article_id * 7 + place * 5) % HUES}"


def figure_path(article_id: int, place: int) -> str:
    """The relative-root address of that drawing."""
    return f"/images/{figure_name(article_id, place)}.svg"


def draw(name: str) -> str:
    """The SVG of a drawing in ``NAMES``."""
    motif, number = name.rsplit("-", 1)
    hue = int(number) * 360 // HUES
    ink = f"hsl({hue} 55% 42%)"
    shapes = _SHAPES[motif](int(number), ink)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}">'
        f'<defs><linearGradient id="g" x1="0" y1="0" x2="1" y2="1"><stop offset="0" stop-color="hsl({hue} 60% 93%)"/>'
        f'<stop offset="1" stop-color="hsl({(hue + 40) % 360} 45% 80%)"/></linearGradient></defs>'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="url(#g)"/>{shapes}</svg>'
    )


def _bars(number: int, ink: str) -> str:
    heights = [90 + (number * 53 + column * 97) % 300 for column in range(11)]
    return "".join(
        f'<rect x="{90 + column * 72}" y="{460 - height}" width="44" height="{height}" rx="6" fill="{ink}"'
        f' opacity="{0.35 + 0.06 * column:.2f}"/>'
        for column, height in enumerate(heights)
    )


def _waves(number: int, ink: str) -> str:
    rows = []
    for row in range(5):
        swing = 30 + (number * 31 + row * 17) % 60
        y = 120 + row * 80
        rows.append(
            f'<path d="M0 {y} Q 120 {y - swing} 240 {y} T 480 {y} T 720 {y} T 960 {y}" fill="none" stroke="{ink}"'
            f' stroke-width="{6 + row * 3}" opacity="{0.3 + 0.12 * row:.2f}"/>'
        )
    return "".join(rows)


def _nodes(number: int, ink: str) -> str:
    points = [(110 + (number * 71 + i * 167) % 740, 90 + (number * 43 + i * 113) % 360) for i in range(9)]
    lines = "".join(
        f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{ink}" stroke-width="4" opacity=".45"/>'
        for (x1, y1), (x2, y2) in pairwise(points)
    )
    dots = "".join(f'<circle cx="{x}" cy="{y}" r="{16 + i % 3 * 9}" fill="{ink}"/>' for i, (x, y) in enumerate(points))
    return lines + dots


def _layers(number: int, ink: str) -> str:
    rows = [(150 + (number * 29 + row * 61) % 120, 420 + (number * 37 + row * 89) % 260) for row in range(5)]
    return "".join(
        f'<rect x="{x}" y="{80 + row * 80}" width="{width}" height="58" rx="10" fill="{ink}"'
        f' opacity="{0.85 - 0.14 * row:.2f}"/>'
        for row, (x, width) in enumerate(rows)
    )


_SHAPES = {"bars": _bars, "waves": _waves, "nodes": _nodes, "layers": _layers}
