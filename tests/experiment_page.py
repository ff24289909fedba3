"""The verdict of an experiment in ``docs/experiments``, from the record of its trial.

Run as ``python -m tests.experiment_page RECORD...``: each record's change note is cut to its result and put under "The
verdict" of the page of its preset, with the figure of all its cells. What follows there under "Why" is written by hand
and stays.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "experiments"
_SECTIONS = re.compile(r"^## ", re.MULTILINE)


def verdict(note: str, preset: str) -> str:
    """The section that tells what a trial found.

    Args:
        note: Its change note.
        preset: The name of the experiment.
    """
    parts = {part.partition("\n")[0]: part.partition("\n")[2].strip() for part in _SECTIONS.split(note)[1:]}
    measured = re.findall(r"Measured (\S+)", note)[0]
    how = parts["How it was measured"].split("\n\n")
    failed = [
        "Gates that failed:",
        "",
        *parts["Gates that failed"].splitlines(),
        "",
    ] if "Gates that failed" in parts else []  # fmt: skip
    lines = [
        "## The verdict",
        "",
        parts["Result"],
        "",
        f"![Every cell of the trial with its interval]({preset}.svg)",
        "",
        *failed,
        f"{how[0]} {how[1]} Measured on {measured}.",
    ]
    return "\n".join(lines) + "\n"


def write(record: Path) -> Path:
    """Put the verdict of a record on its page; gives the page."""
    preset = json.loads((record / "plan.json").read_text(encoding="utf-8"))["preset"]
    page = FOLDER / f"{preset}.md"
    before, _, after = page.read_text(encoding="utf-8").partition("## The verdict\n")
    _, heading, why = after.partition("## Why\n")
    told = verdict((record / "note.md").read_text(encoding="utf-8"), preset)
    page.write_text(f"{before}{told}\n{heading}{why}".rstrip("\n") + "\n", encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, "-m", "harness", "compare", str(record), "--figures", folder]
        subprocess.run(words, check=False, stdout=subprocess.DEVNULL)  # its exit code is the verdict
        shutil.copyfile(Path(folder) / "forest.svg", FOLDER / f"{preset}.svg")
    return page


if __name__ == "__main__":
    for each in sys.argv[1:]:
        print(write(Path(each)))
