import dataclasses
import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from markupsafe import Markup
from matplotlib.figure import Figure

from results.comparison import Comparison, compare_archived, compare_trial
from results.interference import Interference
from results.measures import Interval, Pair
from results.noise import NoiseCell, NoiseFloor
from results.record import Record
from results.report import figures
from results.report.figures import canvas, forest, heat, launches, noise, power, shift, split, tails

PAGE = {"persona": "reader", "route": "home", "requests": 60}


def of_trial(make_trial: Callable[..., Record], **settings: Any) -> Comparison:
    """The comparison of a small synthetic trial."""
    return compare_trial(make_trial(**({"pages": [PAGE], "launches": 6} | settings)))


def words(drawing: Markup) -> list[str]:
    """Every text of a drawing, as it is read."""
    return [Markup(each).unescape() for each in re.findall(r"<text[^>]*>(.*?)</text>", drawing, re.DOTALL)]


@pytest.fixture(scope="module")
def complete(make_trial: Callable[..., Record]) -> Comparison:
    """A comparison that has data for every figure."""
    page = PAGE | {"requests": 250, "before_cache": "MISS", "after_cache": "HIT", "after_ms": 2.0}
    trial = of_trial(make_trial, pages=[page], lag_ms=3.0, lag_in=[2], launches=8)
    cells = tuple(
        NoiseCell(result.label, Interval(1.0, 0.98, 1.02), Interval(0.0, -0.1, 0.1), 0.1, "no difference", "")
        for result in trial.primary
    )
    alone = Interference("before", "reader home", 4.0, 4.1, Interval(1.02, 0.99, 1.06), 0.0, False)
    return dataclasses.replace(trial, noise=NoiseFloor("before", 7, cells), interference=(alone,))


@pytest.fixture(scope="module")
def plots(complete: Comparison) -> dict[str, figures.Plot]:
    """All figures of it."""
    return figures.draw(complete)


def test_every_figure_is_drawn_in_the_order_of_the_method(plots: dict[str, figures.Plot]) -> None:
    """With data for all of them the figures come in the order experts look for them, the forest plot first."""
    assert list(plots) == list(figures.FIGURES)
    assert list(plots)[:7] == ["forest", "launches", "shift", "percentiles", "tails", "heat", "timeline"]
    assert [name for name in plots if name in {"served", "split", "classes", "noise"}] == [
        "served",
        "split",
        "classes",
        "noise",
    ]


def test_every_figure_says_what_it_shows(plots: dict[str, figures.Plot]) -> None:
    """A figure has a heading, a caption and, for those who cannot see it, its content in words."""
    for plot in plots.values():
        assert plot.title
        assert plot.caption.endswith(".")
        assert re.search(r"\d", plot.alternative)
        assert "nan" not in plot.alternative


def test_drawings_are_made_for_both_widths(plots: dict[str, figures.Plot]) -> None:
    """The drawing for a phone is not the desk's made smaller."""
    for plot in plots.values():
        width = [float(re.match(r'<svg viewBox="0 0 ([\d.]+) ', each)[1]) for each in (plot.wide, plot.narrow)]  # type: ignore[index]
        assert width == pytest.approx([72 * canvas.WIDE, 72 * canvas.NARROW])


def test_no_drawing_has_a_colour_of_its_own(plots: dict[str, figures.Plot]) -> None:
    """All colours are the page's, so light, dark and paper suit every figure; pictures are black and follow by CSS."""
    for plot in plots.values():
        for drawing in (plot.wide, plot.narrow):
            text = re.sub(r'href="data:image/png;base64,[^"]*"', "", drawing)
            assert re.findall(r"#[0-9a-fA-F]{3,8}\b(?!\))", re.sub(r"(?:url\(|href=\")#\w+", "", text)) == []
            assert "rgb(" not in text
            assert "var(--" in text


@pytest.mark.parametrize("name", ["forest", "tails", "heat", "classes"])
def test_a_figure_is_the_same_every_time(complete: Comparison, plots: dict[str, figures.Plot], name: str) -> None:
    """Drawing twice gives the same bytes, so that a report differs from another only where its data does."""
    assert figures.FIGURES[name](complete) == plots[name]


def test_text_stays_text(plots: dict[str, figures.Plot]) -> None:
    """What a figure is labelled with can be found, copied and read at any size."""
    assert "reader home p50" in words(plots["forest"].wide)
    assert "reader home p50" in words(plots["launches"].narrow)


def test_a_figure_without_data_is_not_drawn(complete: Comparison) -> None:
    """What the comparison knows nothing of has no figure."""
    empty = dataclasses.replace(
        complete,
        cells=(),
        curves=(),
        shifts=(),
        tails=(),
        heat=None,
        timeline=(),
        interference=(),
        served=(),
        mix=dataclasses.replace(complete.mix, parts=()),
        classes=(),
        noise=None,
    )

    assert figures.draw(empty) == {}


def test_axes_that_do_not_start_at_zero_say_so(plots: dict[str, figures.Plot]) -> None:
    """A caption tells of every axis that is logarithmic or does not begin at nothing."""
    for name in ("forest", "launches", "tails", "alone", "noise"):
        assert "logarithmic" in plots[name].caption
    for name in ("launches", "percentiles", "heat"):
        assert "does not start at zero" in plots[name].caption
    for name in ("timeline", "power"):
        assert re.search("[Tt]he axis starts|[Aa]ll axes start", plots[name].caption)


@pytest.mark.usefixtures("drawn_once")
@pytest.mark.parametrize(
    ("word", "sign"), [("faster", "<"), ("slower", ">"), ("no difference", "o"), ("not enough data", "D")]
)
def test_verdicts_differ_in_their_marker(word: str, sign: str) -> None:
    """Faster, slower, no difference and not enough data have a marker each, so no verdict is told by colour alone."""
    assert forest.MARKERS[word] == sign
    rows = [forest.Row("a p50", Interval(0.9, 0.8, 1.01), 0.05, word)]
    figure = forest.forest(rows, canvas.WIDE, "ratio")

    markers = [line.get_marker() for line in figure.axes[0].lines]
    assert sign in markers


def test_the_interval_is_drawn_where_it_is() -> None:
    """A line runs from the lower to the upper end, the marker stands at the estimate, the band at the margin."""
    figure = forest.forest([forest.Row("a p50", Interval(0.9, 0.8, 1.01), 0.05, "faster")], canvas.WIDE, "ratio")

    lines = [tuple(map(float, line.get_xdata())) for line in figure.axes[0].lines]  # type: ignore[arg-type]
    assert (0.8, 1.01) in lines
    assert (0.9,) in lines
    [band] = figure.axes[0].collections
    edges = np.asarray(band.get_paths()[0].vertices)[:, 0]
    assert (edges.min(), edges.max()) == pytest.approx((1 / 1.05, 1.05))


def test_intervals_beyond_the_axis_are_drawn_to_its_edge() -> None:
    """An interval that reaches too far ends in an arrowhead, and the axis stays readable."""
    figure = forest.forest([forest.Row("a", Interval(1.0, 1e-9, 1e9), 0.05, "not enough data")], canvas.WIDE, "ratio")

    low, high = figure.axes[0].get_xlim()
    assert low > 1e-4
    assert high < 1e4
    assert {text.get_text() for text in figure.axes[0].texts} >= {"◀", "▶"}


def test_long_names_are_cut_and_quantiles_never(make_trial: Callable[..., Record]) -> None:
    """However long the name of a page, its quantile can be read in every drawing."""
    comparison = of_trial(make_trial, pages=[PAGE | {"route": "a very long name of a route indeed, and more " * 2}])

    plot = forest.draw(comparison)

    assert plot is not None
    for drawing in (plot.wide, plot.narrow):
        [label] = [word for word in words(drawing) if word.startswith("reader")]
        assert label.endswith("… p50")


def test_every_launch_is_a_pair_of_points(complete: Comparison) -> None:
    """The launches' figure holds both arms of every launch, those left out too."""
    [result] = [each for each in complete.primary if each.quantile == "p50"]

    points = launches.points(complete, result)

    assert [point.launch for point in points] == list(range(1, 9))
    assert [point.launch for point in points if not point.used] == [3]
    used = [point.level_ms for point in points if point.used]
    assert used == list(result.levels)


@pytest.mark.usefixtures("drawn_once")
def test_what_is_left_out_or_failed_or_first_is_explained(complete: Comparison) -> None:
    """Captions explain crosses, arrowheads and the order of arms, where there are any and only there."""
    plain = dataclasses.replace(complete, left_out=())
    result = next(each for each in complete.primary)
    failing = dataclasses.replace(result, levels=(Pair(4.0, math.inf), *result.levels[1:]))
    in_turn = dataclasses.replace(
        plain, loaded_first=("before", "after") * 4, cells=(failing, *(c for c in plain.cells if c is not result))
    )
    captions = [plot.caption for c in (complete, plain, in_turn) if (plot := launches.draw(c)) is not None]

    assert ["do not count" in caption for caption in captions] == [True, False, False]
    assert ["loaded first" in caption for caption in captions] == [False, False, True]
    assert ["failed requests" in caption for caption in captions] == [False, False, True]


@pytest.mark.usefixtures("drawn_once")
def test_bands_are_named_only_where_they_are(make_trial: Callable[..., Record]) -> None:
    """From one launch the shift has no bands, and its caption speaks of none."""
    one = shift.draw(of_trial(make_trial, launches=1))
    several = shift.draw(of_trial(make_trial))

    assert one is not None
    assert several is not None
    assert ("joint" in words(one.wide), "band" in one.caption) == (False, False)
    assert ("joint" in words(several.wide), "band" in several.caption) == (True, True)


@pytest.mark.usefixtures("drawn_once")
def test_failed_requests_are_seen(make_trial: Callable[..., Record]) -> None:
    """Requests that failed are in the caption of the tails, and in a strip of their own over the heat map."""
    comparison = of_trial(make_trial, failures=(0.0, 0.3))
    tail, heated = tails.draw(comparison), heat.draw(comparison)

    assert tail is not None
    assert heated is not None
    assert "failed" in tail.caption
    assert "% failed" in tail.alternative
    assert "failed" in words(heated.wide)
    assert heated.wide.count("<image") == 4


def test_the_heat_map_is_a_picture_of_its_counts(complete: Comparison) -> None:
    """The densest cell is the fullest one, and where nothing happened nothing is drawn."""
    assert complete.heat is not None
    figure = heat._figure(complete.heat, canvas.WIDE)

    for axes, arm in zip(figure.axes, complete.heat.arms, strict=True):
        counts = np.array(arm.counts).T
        alpha = np.asarray(axes.images[0].get_array())[..., 3]
        assert ((alpha > 0) == (counts > 0)).all()
        assert counts[np.unravel_index(alpha.argmax(), alpha.shape)] == counts.max()


def test_a_waterfall_adds_up(complete: Comparison) -> None:
    """The bar of the same classes starts where the mix ended, and ends where the total does."""
    part = next(part for part in complete.mix.parts if not part.why_not)
    figure, [axes] = canvas.grid(1, 1, canvas.WIDE, 1.5)
    split._panel(axes, part)

    total, within, mix = (patch.get_bbox() for patch in axes.patches)  # type: ignore[attr-defined]
    assert figure.axes == [axes]
    assert within.x0 == pytest.approx(mix.x1)
    assert within.x1 == pytest.approx(total.x1)
    assert mix.x0 == total.x0 == 0


@pytest.mark.usefixtures("drawn_once")
def test_the_noise_floor_lies_over_the_margins(complete: Comparison) -> None:
    """Each cell of the A/A' arm is drawn with the margin of the cell it stands for."""
    plot = noise.draw(complete)

    assert plot is not None
    assert plot.alternative.startswith("reader home p50: ratio 1.00 [0.980, 1.020], no difference")


@pytest.mark.usefixtures("drawn_once")
def test_what_could_have_been_detected_is_told_of_judged_runs_alone(make_trial: Callable[..., Record]) -> None:
    """A run that no gate stopped says what it could have found; one that was stopped promises nothing."""
    judged, stopped = of_trial(make_trial), of_trial(make_trial, cpu=0.95)
    plot = power.draw(judged)

    assert plot is not None
    assert "called slower from" in plot.alternative
    assert power.draw(stopped) is None


@pytest.mark.usefixtures("drawn_once")
def test_sessions_have_no_launches_to_pair(make_trial: Callable[..., Record]) -> None:
    """Two sessions show distributions and no pairs, shifts or power."""
    comparison = compare_archived(make_trial(pages=[PAGE], launches=2), make_trial(pages=[PAGE], launches=2, seed=2))

    assert set(figures.draw(comparison)) == {"forest", "percentiles", "tails", "heat", "timeline", "split", "classes"}


def test_a_figure_stands_alone_in_the_pages_light_colours(plots: dict[str, figures.Plot]) -> None:
    """As a file it is well-formed SVG with title and description, on paper, and asks no page for a colour."""
    page = (Path(canvas.__file__).parents[1] / "report.html.j2").read_text(encoding="utf-8")
    light = dict(re.findall(r"--([\w-]+): (#\w+);", page[: page.index("@media")]))

    for plot in plots.values():
        text = plot.standalone()
        tree = ET.fromstring(text)

        assert tree.tag == "{http://www.w3.org/2000/svg}svg"
        assert [child.tag.rpartition("}")[2] for child in tree[:3]] == ["title", "desc", "rect"]
        assert tree[1].text == plot.alternative
        assert "var(" not in text
    assert light.items() >= canvas._LIGHT.items()


@pytest.mark.parametrize(("low", "high"), [(0.9, 1.1), (0.001, 1000), (3.98, 4.11), (0.0391, 0.0393), (20, 90)])
def test_logarithmic_axes_have_a_few_round_ticks(low: float, high: float) -> None:
    """Whatever its span, an axis has at least two ticks and not too many, all inside."""
    _, [axes] = canvas.grid(1, 1, canvas.WIDE, 2.0)
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    canvas.log_ticks(axes.yaxis, low, high, most=6)

    ticks = axes.get_yticks()
    assert 2 <= len(ticks) <= 6
    assert all(low <= tick <= high for tick in ticks)


def test_two_launches_do_not_blow_up_a_drawing(make_trial: Callable[..., Record]) -> None:
    """Intervals of two launches reach absurdly far; the estimates can still be read, and the caption owns up."""
    comparison = of_trial(make_trial, launches=2, launch_sd=0.1)
    [one] = comparison.shifts
    assert max(one.joint.high) > 1000

    plot = shift.draw(comparison)

    assert plot is not None
    assert "goes on beyond" in plot.caption
    ticks = [float(word.replace("−", "-")) for word in words(plot.wide) if re.fullmatch(r"[−\d.]+", word)]
    assert max(map(abs, ticks)) < 5000


@pytest.mark.parametrize("high", [1e15, math.inf, math.nan])
def test_limits_beyond_all_sense_have_no_ticks(high: float) -> None:
    """An axis that two wild launches have stretched without end is drawn without numbers, and drawn."""
    axis = Figure().add_axes((0, 0, 1, 1)).yaxis
    canvas.linear_ticks(axis, 0.0, high)

    assert list(axis.get_majorticklocs()) == []
