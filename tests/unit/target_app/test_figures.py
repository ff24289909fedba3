"""The drawings: which stands where, and how they are told apart."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth.model import MAX_ID
from target_app.figures import HUES, MOTIFS, NAMES, draw, figure_name


def kind(article_id: int, place: int = 0) -> tuple[str, int]:
    """Motif and hue of a figure."""
    motif, hue = figure_name(article_id, place).rsplit("-", 1)
    return motif, int(hue)


@given(st.integers(0, MAX_ID), st.integers(0, 18))
def test_a_figure_is_one_of_the_drawings_and_the_next_of_its_article_is_unlike_it(article_id: int, place: int) -> None:
    """In motif and in hue, by a third of the circle or more."""
    assert figure_name(article_id, place) in NAMES
    (motif, hue), (next_motif, next_hue) = kind(article_id, place), kind(article_id, place + 1)
    assert motif != next_motif
    assert min((hue - next_hue) % HUES, (next_hue - hue) % HUES) >= HUES // 3


def test_all_drawings_are_used_alike_and_neighbours_differ() -> None:
    """Of ten thousand articles; two in a row have neither motif nor hue in common."""
    names = [figure_name(article_id, 0) for article_id in range(10_000)]
    counts = {name: names.count(name) for name in NAMES}
    assert min(counts.values()) > 0.9 * len(names) / len(NAMES)
    pairs = [(kind(one), kind(one + 1)) for one in range(10_000)]
    assert not [one for one, other in pairs if one[0] == other[0] or one[1] == other[1]]


def test_no_two_drawings_are_the_same() -> None:
    """Nor are two of a motif the same shapes in other colours."""
    assert len({draw(name) for name in NAMES}) == len(NAMES)
    for motif in MOTIFS:
        shapes = {draw(f"{motif}-{hue}").partition("</defs>")[2] for hue in range(HUES)}
        assert len(shapes) == HUES, motif


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_colour_of_a_drawing_has_another_for_the_dark(name: str) -> None:
    """The same rules, once more behind the question; the ground is dark then."""
    style = re.search(r"<style>(.*)@media\(prefers-color-scheme:dark\)\{(.*)\}</style>", draw(name))
    assert style is not None
    light, dark = (dict(re.findall(r"([.\w]+)\{[\w-]+:hsl\(\d+ \d+% (\d+)%\)\}", part)) for part in style.groups())
    assert light.keys() == dark.keys() == {"svg", ".a", ".b", ".c"}
    assert all(int(light[ground]) > 75 and int(dark[ground]) < 25 for ground in (".a", ".b"))
    assert not re.search(r'(?:fill|stroke)="(?!none|currentColor|url)', draw(name))
