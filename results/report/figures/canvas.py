"""What all figures share: colours that the page decides, the two widths, panels, ticks, and the way to SVG.

Every figure is drawn twice, for a desk and for a phone, since a drawing that is merely shrunk cannot be read. Nothing
is told by colour alone: arms differ in dash and marker, verdicts in marker, cache classes in hatching or marker.
"""

from __future__ import annotations

import io
import math
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import matplotlib as mpl
from markupsafe import Markup, escape
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

INK: Final = "#0a0001"
MUTED: Final = "#0a0002"
RULE: Final = "#0a0003"
BAND: Final = "#0a0004"
BEFORE: Final = "#0a0005"
AFTER: Final = "#0a0006"
PAPER: Final = "#0a0007"

_CSS: Final = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    RULE: "var(--rule)",
    BAND: "var(--band)",
    BEFORE: "var(--before)",
    AFTER: "var(--after)",
    PAPER: "var(--paper)",
}
"""Colours no page would choose, drawn in place of the page's own and exchanged for them in the finished SVG."""

_LIGHT: Final = {
    "paper": "#fff",
    "ink": "#1b1f24",
    "muted": "#5b6572",
    "rule": "#d9dee4",
    "band": "#dfe4ea",
    "before": "#8a4b08",
    "after": "#0b5cad",
}
"""The page's light colours, for a drawing in a file of its own: not every viewer knows variables."""

COLORS: Final = {"before": BEFORE, "after": AFTER}
DASHES: Final[dict[str, Any]] = {"before": (0, (5, 2)), "after": "solid"}

_STYLE: Final[dict[str, Any]] = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.titlepad": 6,
    "axes.labelsize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "grid.color": RULE,
    "grid.linewidth": 0.7,
    "legend.frameon": False,
    "legend.fontsize": 10,
    "hatch.color": INK,
    "hatch.linewidth": 0.8,
    "lines.linewidth": 1.6,
    "path.simplify": True,
    "path.simplify_threshold": 0.3,
}

WIDE: Final = 10.4
NARROW: Final = 4.0
"""Inches; on a phone the letters then are a little larger than drawn."""

_DECADES: Final = tuple(m * 10.0**e for e in range(-5, 8) for m in (1, 2, 5))
_ROUND: Final = tuple(m * 10.0**e for e in range(-8, 8) for m in (1, 2, 5))
LETTERS_AN_INCH: Final = 12
"""Of the text of a figure, on average and a little less."""


@dataclass(frozen=True, slots=True)
class Plot:
    """One figure in both widths.

    Attributes:
        name: Stable, used as the anchor.
        title: Its heading.
        caption: What is drawn and how to read it, axes included.
        alternative: What it shows, in words, for those who cannot see it.
        wide, narrow: SVG for a desk and for a phone.
    """

    name: str
    title: str
    caption: str
    alternative: str
    wide: Markup
    narrow: Markup

    def standalone(self) -> str:
        """The drawing for a desk as an SVG file, on white paper in the page's light colours."""
        opening, _, drawing = str(self.wide).partition(">")
        box = opening.split('"')[1]
        _, _, width, height = box.split()
        lines = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" width="{width}" height="{height}" role="img">',
            f"<title>{escape(self.title)}</title>",
            f"<desc>{escape(self.alternative)}</desc>",
            f'<rect width="{width}" height="{height}" fill="var(--paper)"/>',
        ]
        text = "\n".join(lines) + drawing + "\n"
        return _VARIABLE.sub(lambda found: _LIGHT[found[1]], text)


_VARIABLE: Final = re.compile(r"var\(--(\w+)\)")


def plot(name: str, title: str, caption: str, alternative: str, make: Callable[[float], Figure]) -> Plot:
    """Draw a figure in both widths; ``make`` is called with each, in inches."""
    return Plot(
        name, title, caption, alternative, _svg(make, WIDE, f"{name}-wide"), _svg(make, NARROW, f"{name}-narrow")
    )


def is_wide(width: float) -> bool:
    """Whether the drawing is the one for a desk."""
    return width > 6


def _svg(make: Callable[[float], Figure], width: float, salt: str) -> Markup:
    """Draw and turn into an inline element: no header, no metadata, no fixed colour, no id that could clash."""
    buffer = io.StringIO()
    style: Any = {**_STYLE, "svg.hashsalt": salt}
    with mpl.rc_context(style), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # the reader's font has it, not the layout's
        figure = make(width)
        figure.savefig(
            buffer, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")), transparent=True
        )
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r'<svg [^>]*viewBox="([^"]*)"[^>]*>', r'<svg viewBox="\1" aria-hidden="true">', text, count=1)
    text = re.sub(r"<g id=\"[^\"]*\"", "<g", text)
    text = re.sub(r'(<image\b[^>]*?) id="[^"]*"', r"\1", text)
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"<style type=\"text/css\">.*?</style>", "", text, flags=re.DOTALL)
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    text = text.replace("xlink:href", "href")
    text = re.sub(r'\b(?:d|x|y|transform)="[^"]*"', lambda found: _DIGITS.sub(r"\1", found[0]), text)
    text = re.sub(r"\s*\n\s*", "\n", text)
    for drawn, own in _CSS.items():
        text = text.replace(drawn, own)
    return Markup(text)


_DIGITS: Final = re.compile(r"(\.\d\d)\d+")
"""A hundredth of a point is finer than any screen."""


def shortened(text: str, inches: float, suffix: str = "") -> str:
    """Text that fits into so many inches, its end given up for an ellipsis; the suffix is kept."""
    letters = max(6, int(inches * LETTERS_AN_INCH) - len(suffix))
    return (text if len(text) <= letters else text[: letters - 1].rstrip() + "…") + suffix


def grid(
    panels: int, columns: int, width: float, height: float, *, top: float = 0.0, left: float = 0.55
) -> tuple[Figure, list[Axes]]:
    """A figure of equal panels and its panels in reading order.

    Args:
        panels: How many.
        columns: At most so many side by side.
        width: Of the figure, inches.
        height: Of each panel with its title and labels, inches.
        top: Left free above all panels, for a legend, inches.
        left: Room for the labels of each vertical axis, inches.
    """
    columns = min(columns, panels)
    rows = math.ceil(panels / columns)
    total = height * rows + top
    figure = Figure(figsize=(width, total))
    right, above, bottom = 0.12, 0.28, 0.27
    cell = width / columns
    axes = []
    for number in range(panels):
        row, column = divmod(number, columns)
        corner = (column * cell + left) / width, ((rows - 1 - row) * height + bottom) / total
        axes.append(figure.add_axes((*corner, (cell - left - right) / width, (height - above - bottom) / total)))
    return figure, axes


def title(axes: Axes, text: str, suffix: str = "") -> None:
    """A heading above a panel that does not run into its neighbour: the text is cut, the suffix never."""
    figure = axes.get_figure(root=True)
    inches = axes.get_position().width * (figure.get_figwidth() if figure else WIDE)
    axes.set_title(shortened(text, inches, suffix))


def log_ticks(axis: Axis, low: float, high: float, most: int = 6) -> None:
    """Round numbers inside the limits of a logarithmic axis, at most so many, written as they are."""
    chosen: list[float] = []
    if high / low > 3:
        ticks = [step for step in _DECADES if low <= step <= high]
        for kept in ((1, 2, 5), (1, 3), (1,)):
            chosen = [tick for tick in ticks if round(tick / 10 ** math.floor(math.log10(tick) + 1e-9)) in kept]
            if len(chosen) <= most:
                break
        while len(chosen) > most:
            chosen = chosen[::2]
    else:
        width = next((step for step in _ROUND if (high - low) / step <= most), _ROUND[-1])
        chosen = [round(i * width, 9) for i in range(math.ceil(low / width), math.floor(high / width) + 1)]
    fixed(axis, chosen, lambda value: f"{value:.6g}")


def fixed(axis: Axis, ticks: Sequence[float], name: Callable[[float], str]) -> None:
    """These ticks and no others."""
    axis.set_major_locator(FixedLocator(list(ticks)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: name(value)))


def linear_ticks(
    axis: Axis, low: float, high: float, most: int = 5, name: Callable[[float], str] | None = None
) -> None:
    """Round numbers inside the limits of a linear axis, at most so many; none where the limits are beyond all sense."""
    if not (high - low) / _ROUND[-1] <= most:
        fixed(axis, [], str)
        return
    width = next((step for step in _ROUND if (high - low) / step <= most), _ROUND[-1])
    ticks = [round(i * width, 9) for i in range(math.ceil(low / width), math.floor(high / width) + 1)]
    fixed(axis, ticks, name or (lambda value: f"{value:.6g}".replace("-", "−")))


def percentile_axis(axes: Axes, first: float, last: float, *, wide: bool) -> None:
    """Make the horizontal axis one of ``1 / (1 - p)`` on a logarithmic scale, labelled with percentages."""
    axes.set_xscale("log")
    axes.set_xlim(1 / (1 - first), 1 / (1 - last) * 1.06)
    ticks = [0, 0.5] if wide else [0.5]  # on a phone the two would run into each other
    shown = [tick for tick in [*ticks, 0.9, 0.99, 0.999, 0.9999, 0.99999] if first <= tick <= last]
    if len(shown) < 2:
        shown = [tick for tick in (0.25, 0.5, 0.75, 0.9) if first <= tick <= last]
    fixed(axes.xaxis, [1 / (1 - tick) for tick in shown], lambda x: f"{100 * (1 - 1 / x):.6g} %")


def reach(p: float) -> float:
    """Where a probability lies on the axis of ``percentile_axis``."""
    return 1 / (1 - p)
