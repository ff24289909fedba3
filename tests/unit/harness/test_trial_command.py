"""``anp trial``: what is refused before anything is started."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cli import app
from harness.errors import ExitCode, UsageError

REFUSED = [
    ([], "say what to try: a plan file (anp init writes one), --git A..B, or --preset with one of assets, compression"),
    (["--preset", "same", "--method", "duett"], "unknown method for --method 'duett'; did you mean 'duet'?"),
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
    (["--preset", "same", "--seconds", "0.1"], "--seconds is 0.1; give measured seconds of a launch from 0.5"),
    (["--preset", "same", "--json", "--junit", "-"], "--junit - and --json - ask for standard output"),
    (
        ["--preset", "same", "--markdown", "nowhere/a.md"],
        "--markdown nowhere/a.md: there is no folder nowhere; make it",
    ),
    (["--preset", "same", "--plan-only", "--junit", "a.xml"], "--junit a.xml has no effect without one trial"),
    (
        ["--preset", "same", "--bisect", "reader article p50", "--markdown", "-"],
        "--markdown - has no effect without one",
    ),
    (["--preset", "same", "--method", "reversal", "--spare", "2"], "--method reversal --spare 2: rounds of a reversal"),
    (["--preset", "same", "--spare", "-1"], "--spare is -1; give 0 or more"),
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


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--launches", "0"], "--launches is 0; give 1 or more"),
        (["--seconds", "-1"], "--seconds is -1.0; give measured seconds of a launch from 0.5 to 86400, or auto"),
        (["--rate", "0"], "--rate is 0.0; give requests a second from 0.01 to 1000000, or auto"),
        (["--method", "foo"], "unknown method for --method 'foo'; choose one of auto, duet, reversal, rounds"),
        (["--method", "reversal"], "--method reversal: again needs a place of its own beside before"),
        (["--method", "reversal", "--no-again", "--launches", "7"], "--method reversal --launches 7: a reversal goes"),
    ],
)
def test_what_an_option_says_is_not_blamed_on_the_plan_file(words: list[str], says: str, tmp_path: Path) -> None:
    """The refusal begins with the option and does not name the file, which is sound by itself."""
    plan = tmp_path / "plan.toml"
    plan.write_text("again = true\n")

    with pytest.raises(UsageError) as refusal:
        app(["trial", str(plan), *words], standalone_mode=False)

    assert str(refusal.value).startswith(says)
    assert "plan.toml" not in str(refusal.value)


def test_an_option_does_not_take_the_blame_for_the_plan_file(tmp_path: Path) -> None:
    """A wrong value of the file is told with the file, whatever options are given."""
    plan = tmp_path / "plan.toml"
    plan.write_text("warmup = -1\n")

    with pytest.raises(UsageError, match=r"^plan file .*plan\.toml: warmup is -1; give 0 or more$"):
        app(["trial", str(plan), "--launches", "9"], standalone_mode=False)
