"""Which scenario a swarm follows: one of ours by its name, or that of a file, which is called as the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.scenarios import check_scenario, scenario_of, scenarios
from harness.swarm import command, environment
from results.plan import Arm, SwarmPlan

PLAN = SwarmPlan("shop", (Arm("target", "http://127.0.0.1:1"),))


def test_ours_are_the_public_locustfiles() -> None:
    """Whatever begins with an underscore is none, what stands in for other files included."""
    assert "cache_hit" in scenarios()
    assert not [name for name in scenarios() if name.startswith("_")]
    with pytest.raises(UsageError, match="did you mean 'cache_hit'"):
        check_scenario("cache_hits")


def test_a_file_gives_its_scenario_its_name(tmp_path: Path) -> None:
    """The stem of the file, wherever that is."""
    (tmp_path / "shop_readers.py").touch()
    assert scenario_of(tmp_path / "shop_readers.py") == "shop_readers"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("shp.py", "shp.py does not exist; did you mean .*/shop.py"),
        ("quite_other.py", "does not exist; give a Python file"),
        ("nowhere/shop.py", "does not exist; give a Python file"),
        ("", "is a folder; give a Python file"),
        ("my shop.py", "'my shop.py' does not do; call it by a word"),
        ("2026.py", "'2026.py' does not do"),
        ("shop.txt", "'shop.txt' does not do"),
    ],
)
def test_what_is_no_locustfile_is_refused(name: str, says: str, tmp_path: Path) -> None:
    """With the nearest file, or how to call it."""
    for file in ("shop.py", "my shop.py", "2026.py", "shop.txt"):
        (tmp_path / file).touch()
    with pytest.raises(UsageError, match=says):
        scenario_of(tmp_path / name)


def test_another_file_is_run_by_one_of_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Locust is given the file that stands in for it, and the swarm its whole path; ours are given as they are."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOCUST_HOST", "x")
    words = command(PLAN.scenario, Path("plan.json"), Path("out"), locustfile=Path("shop.py"))
    assert [Path(word).name for word in words if word.endswith(".py")] == ["_own_file.py"]
    assert environment(Path("shop.py"))["ANP_OWN_LOCUSTFILE"] == str(tmp_path / "shop.py")
    words = command(PLAN.scenario, Path("plan.json"), Path("out"))
    assert [Path(word).name for word in words if word.endswith(".py")] == ["shop.py"]
    assert not {"ANP_OWN_LOCUSTFILE", "LOCUST_HOST"} & set(environment())
