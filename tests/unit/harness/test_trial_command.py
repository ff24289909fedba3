"""``anp trial``: what is refused before anything is started."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cli import app
from harness.errors import ExitCode, UsageError

REFUSED = [
    ([], "say what to try: a plan file, or --preset with one of meta-query, page-cache, same"),
    (["--preset", "same", "--method", "duett"], "unknown method 'duett'; did you mean 'duet'?"),
    (["--preset", "same", "--method", "reversal", "--again"], "a reversal has one slot"),
    (["--preset", "same", "--method", "reversal", "--launches", "5"], "launches is 5; give an even number from 4 up"),
    (["--preset", "same", "--detect", "5%"], "--detect 5% belongs to --plan-only"),
    (["--preset", "same", "--plan-only", "--launches", "3"], "--launches 3 has no effect with --plan-only"),
    (["--preset", "same", "--plan-only", "--seconds", "2.5"], "--seconds 2.5 has no effect with --plan-only"),
    *(
        (["--preset", "same", "--plan-only", "--detect", word], f"--detect {word!r} is not a percentage")
        for word in ("0.1", "much", "", "%", "0%", "100%", "-5%", "nan%")
    ),
    (["--preset", "same", "--rate", "fast"], "--rate is 'fast'; give requests a second such as 60, or auto"),
    (["--preset", "same", "--seconds", "long"], "--seconds is 'long'; give measured seconds such as 10, or auto"),
    (["--preset", "same", "--seconds", "0.1"], "seconds is 0.1; give measured seconds of a launch from 0.5"),
]


@pytest.mark.parametrize(("words", "says"), REFUSED)
def test_a_refusal_is_one_line_and_leaves_nothing(words: list[str], says: str, tmp_path: Path) -> None:
    """What cannot be carried out is told with its value, exit code 2, and no record is begun."""
    with pytest.raises(UsageError) as refusal:
        app(["trial", *words, "--out", str(tmp_path)], standalone_mode=False)

    assert says in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert refusal.value.exit_code == ExitCode.USAGE
    assert list(tmp_path.iterdir()) == []
