"""The published report, opened in a real browser."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "results" / "example"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")


def _chromium(profile: Path, *words: str) -> str:
    """Run Chromium without a screen and without reaching for any network, and return what it printed."""
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--hide-scrollbars", "--no-first-run"]
    flags += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    flags += ["--host-resolver-rules=MAP * ~NOTFOUND"]
    command = [str(CHROMIUM), *flags, f"--user-data-dir={profile}", *words, (EXAMPLE / "report.html").as_uri()]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout


def test_the_verdict_stands_in_the_page_and_needs_no_script(tmp_path: Path) -> None:
    """The page a browser builds, from a document without any script, holds the verdict and its figures."""
    comparison = json.loads((EXAMPLE / "compare.json").read_text(encoding="utf-8"))

    page = " ".join(
        _chromium(tmp_path / "profile", "--dump-dom").replace("&nbsp;", " ").replace("\N{NO-BREAK SPACE}", " ").split()
    )

    assert comparison["overall"]["headline"] in page
    assert page.count("<svg") >= 4
    assert "<script" not in page


@pytest.mark.parametrize("width", [500, 1280])
def test_the_page_is_painted_edge_to_edge(tmp_path: Path, width: int) -> None:
    """A screenshot at phone and desk width shows ink in every fifth of its height, and none against its right edge."""
    from matplotlib.image import imread

    shot = tmp_path / "report.png"
    _chromium(tmp_path / "profile", f"--window-size={width},2000", f"--screenshot={shot}")

    picture = imread(shot)[..., :3]
    background = picture[0, 0]
    ink = (abs(picture - background) > 0.1).any(axis=2)
    assert picture.shape[1] == width
    assert all(part.any() for part in (ink[i * 400 : (i + 1) * 400] for i in range(5)))
    assert not ink[:, -3:].any()
