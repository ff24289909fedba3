"""``docs/pictures/report.png``: the top of the example's report, as Chromium shows it. ``make picture``."""

from __future__ import annotations

import tempfile
from pathlib import Path

from PIL import Image

from tests.browser import chromium

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "pictures" / "report.png"
REPORT = ROOT / "results" / "example" / "report.html"
_WIDTH = 1040
_COLOURS = 64  # text and two hues; a quarter of the bytes
_END = "Math.ceil(document.querySelector('table').getBoundingClientRect().bottom) + 40"  # its legend too


def draw() -> None:
    """Take the picture: everything down to the table of the cells that decide."""
    with tempfile.TemporaryDirectory() as profile, chromium(Path(profile)) as page:
        page.resize(_WIDTH, 900)
        page.open(REPORT.as_uri())
        page.wait_for("document.readyState === 'complete'")
        page.resize(_WIDTH, page.run(_END))
        page.shoot(PICTURE)
    with Image.open(PICTURE) as picture:
        picture.quantize(_COLOURS).save(PICTURE, optimize=True)


if __name__ == "__main__":
    draw()
