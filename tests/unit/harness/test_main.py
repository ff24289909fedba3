import pytest

from harness import main


def test_a_defect_has_a_code_that_no_verdict_has(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A program that broke must not pass for a trial that was judged; the line says how to see where."""

    def broken() -> int:
        raise ZeroDivisionError("division\nby zero")

    monkeypatch.setattr(main, "_command_line", broken)

    with pytest.raises(SystemExit) as end:
        main.main()
    assert end.value.code == 70
    assert capsys.readouterr().err == (
        "error: ZeroDivisionError: division by zero. This is a defect of anp; anp --debug shows where\n"
    )
