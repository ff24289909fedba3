import dataclasses
import json
from collections.abc import Callable

import pytest

from results import sameness
from results.comparison import compare_archived, compare_trial
from results.design import Design
from results.environment import environment
from results.gate import Gate
from results.record import Record, read_record

PAGES = [{"persona": "reader", "route": "article", "requests": 300}]


def pages(record: Record, design: Design | None = None) -> tuple[Gate, str]:
    """The gate on pages, and the verdict of the whole."""
    comparison = compare_trial(record, design)
    return next(gate for gate in comparison.gates if gate.code == "pages"), comparison.overall.word


def test_pages_of_another_length_are_other_pages(make_trial: Callable[..., Record]) -> None:
    """Where nobody knows what is on a page, another length makes the arms incomparable, and says how to permit it."""
    gate, word = pages(make_trial(pages=PAGES, checked=False, after_bytes=6_000))

    assert (gate.ok, gate.measured, word) == (False, 1.0, "not comparable")
    assert "pages_may_differ" in gate.details


def test_a_little_more_or_less_is_the_same_page(make_trial: Callable[..., Record]) -> None:
    """A token or a counter of another length is no other page."""
    gate, _ = pages(make_trial(pages=PAGES, checked=False, after_bytes=11_500))

    assert (gate.ok, gate.measured) == (True, 0.0)


def test_a_page_that_was_checked_may_have_any_length(make_trial: Callable[..., Record]) -> None:
    """Compression changes the length and not the article; where the article was checked, no length is wrong."""
    gate, word = pages(make_trial(pages=PAGES, after_bytes=3_000))

    assert gate.ok
    assert "checked" in gate.words
    assert word != "not comparable"


def test_a_plan_may_permit_pages_of_another_length(make_trial: Callable[..., Record]) -> None:
    """Whoever changes a template says so, and the difference is still told."""
    gate, word = pages(make_trial(pages=PAGES, checked=False, after_bytes=6_000), Design(pages_may_differ=True))

    assert (gate.ok, gate.measured) == (True, 1.0)
    assert word != "not comparable"


def test_requests_sent_again_make_a_run_invalid(make_trial: Callable[..., Record]) -> None:
    """Times that hold a lost attempt are not the site's."""
    comparison = compare_trial(make_trial(pages=PAGES, retried=0.05))

    assert comparison.overall.word == "invalid"
    assert "sent again" in comparison.overall.headline


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("machine", {"cpu": "slow", "cores": 2, "system": "Linux"}, 'machine cpu "test" and "slow"'),
        ("versions", {"python": "3.11", "locust": "9"}, ""),
        ("versions", {"python": "3.99"}, 'version of python "3.11" and "3.99"'),
        ("corpus", {"count": 5}, "articles' count"),
        ("settings", {"page_cache": "on"}, ""),
    ],
)
def test_the_field_that_differs_is_named(
    make_trial: Callable[..., Record], field: str, value: dict[str, object], said: str
) -> None:
    """Machine, instrument and articles must agree; settings may differ, and a version that one alone knows."""
    one = environment(make_trial(pages=PAGES, launches=1), "before")
    gate = sameness.environment(one, dataclasses.replace(one, **{field: value}))

    assert gate.ok == (not said)
    assert said in gate.words


def test_a_record_that_does_not_know_its_machine_is_not_comparable(make_trial: Callable[..., Record]) -> None:
    """What could not be looked at is not fine."""
    one = environment(make_trial(pages=PAGES, launches=1), "before")

    assert not sameness.environment(one, dataclasses.replace(one, machine={})).ok


def test_a_launch_on_another_machine_makes_a_trial_not_comparable(make_trial: Callable[..., Record]) -> None:
    """All launches of a trial are of one machine, and the field that differs is named with its launch."""
    comparison = compare_trial(make_trial(pages=PAGES, machines={3: {"cpu": "slow", "cores": 2, "system": "Linux"}}))

    gate = next(gate for gate in comparison.gates if gate.code == "environment")

    assert comparison.overall.word == "not comparable"
    assert 'machine cpu "test" and "slow" (launch 4)' in gate.words


def test_an_arm_whose_settings_move_makes_a_trial_not_comparable(make_trial: Callable[..., Record]) -> None:
    """The settings that a site told differ between arms by intent, but not within one from launch to launch."""
    record = make_trial(pages=PAGES)

    def tell(launch: int, before: str, count: int = 2000) -> None:
        path = record.launches()[launch].path / "run.json"
        abouts = {"before": before, "after": "on"}
        sites = {
            arm: {"about": {"settings": {"page_cache": word}, "corpus": {"count": count}}}
            for arm, word in abouts.items()
        }
        path.write_text(json.dumps(json.loads(path.read_text()) | {"sites": sites}))

    for launch in range(8):
        tell(launch, "off")
    assert compare_trial(read_record(record.path)).is_judged
    tell(4, "on", count=3)
    gate = next(gate for gate in compare_trial(read_record(record.path)).gates if gate.code == "environment")
    assert 'setting before.page_cache "off" and "on" (launch 5)' in gate.words
    assert "articles' count 2000 and 3 (launch 5)" in gate.words


def test_sessions_on_other_machines_are_not_comparable(make_trial: Callable[..., Record]) -> None:
    """Two records from two machines get no verdict, and the machine is named."""
    one = make_trial(pages=PAGES, launches=1)
    other = make_trial(pages=PAGES, launches=1, plan={"machine": {"cpu": "fast", "cores": 64}})
    comparison = compare_archived(one, other)

    assert comparison.overall.word == "not comparable"
    assert 'cpu "test" and "fast"' in comparison.overall.headline
    assert comparison.exit_code() == 4


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"name": "kiosk.py", "sha256": "b"}, ""),
        ({"digest": "2"}, 'scenario of the locustfile "1" and "2"'),
        (None, 'scenario of the locustfile "1" and null'),
    ],
)
def test_two_scenarios_under_one_name_are_not_comparable(
    make_trial: Callable[..., Record], changed: dict[str, str] | None, said: str
) -> None:
    """The digest of a locustfile of one's own must agree; its file may be called and worded otherwise."""
    record = make_trial(pages=PAGES, launches=2)
    one = {"name": "shop.py", "sha256": "a", "digest": "1"}
    for launch, locustfile in zip(record.launches(), (one, changed and {**one, **changed}), strict=True):
        path = launch.path / "plan.json"
        data = json.loads(path.read_text(encoding="utf-8"))
        data["plan"]["locustfile"] = locustfile
        path.write_text(json.dumps(data), encoding="utf-8")

    comparison = compare_trial(read_record(record.path))

    gate = next(gate for gate in comparison.gates if gate.code == "traffic")
    assert gate.ok == (not said)
    assert said in gate.words
    assert (comparison.overall.word == "not comparable") == bool(said)


def test_a_login_recipe_proves_no_content(make_trial: Callable[..., Record]) -> None:
    """On a site of which only addresses are known a check says whose page it was; lengths are compared all the same."""
    urls = {"source": "sitemap", "count": 3, "digest": "0" * 32}
    ours, other = (compare_trial(make_trial(launches=6, after_bytes=900, urls=each)) for each in (None, urls))

    assert next(gate for gate in ours.gates if gate.code == "pages").ok
    assert not next(gate for gate in other.gates if gate.code == "pages").ok
    assert other.overall.word == "not comparable"
