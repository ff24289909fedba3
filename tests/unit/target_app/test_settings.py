"""The switches and how they are read."""

import pytest

from target_app.errors import SettingError
from target_app.settings import CATALOGUE, Injection, Outage, Settings, Stall, catalogue, parse_settings


def test_no_assignment_gives_the_defaults() -> None:
    """Without assignments every setting has its default."""
    assert parse_settings([]) == Settings()


def test_every_default_is_read_back_from_its_own_word() -> None:
    """What the catalogue shows as a default is what ``--set`` takes for it."""
    words = [f"{one['name']}={one['default']}" for one in catalogue() if not one["repeatable"]]
    assert parse_settings(words) == Settings()


def test_the_last_assignment_of_a_name_wins() -> None:
    """A later assignment replaces an earlier one."""
    assert parse_settings(["cache_ttl=5", "cache_ttl=9"]).cache_ttl == 9


def test_injections_add_up() -> None:
    """A repeatable setting keeps all its values in order."""
    settings = parse_settings(["inject=article:hit:0.5:2", "inject=any:any:1:0.25"])
    assert settings.inject == (Injection("article", "hit", 0.5, 0.002), Injection("any", "any", 1.0, 0.00025))
    assert settings.to_dict()["inject"] == ["article:hit:0.5:2", "any:any:1:0.25"]


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("stall=2:20", Stall(2, 20)),
        ("stall=none", None),
        ("errors=0.5:2:10", Outage(0.5, 2, 10)),
        ("errors=none", None),
        ("cache_skip=0.25", 0.25),
    ],
)
def test_disturbances_are_read_and_written_in_the_same_words(word: str, value: object) -> None:
    """What is read is written back as it came."""
    name, _, text = word.partition("=")
    settings = parse_settings([word])
    assert getattr(settings, name) == value
    assert settings.to_dict()[name] == text


@pytest.mark.parametrize(
    ("assignment", "words"),
    [
        ("page_cash=off", ("page_cash", "page_cache")),
        ("zzz=1", ("zzz", "known settings")),
        ("nope=1", ("nope", "known settings")),
        ("purge=title", ("title", "it takes tags | all")),
        ("page_cache=offf", ("offf", "did you mean off?")),
        ("page_cache", ("page_cache", "=VALUE")),
        ("cache_ttl=-1", ("-1", "SECONDS")),
        ("cache_ttl=1e3", ("1e3", "SECONDS")),
        ("inject=article:hit:2:1", ("article:hit:2:1", "ROUTE:CLASS")),
        ("inject=artikle:hit:1:1", ("artikle", "ROUTE:CLASS")),
        ("inject=article:hit:1:nan", ("nan", "ROUTE:CLASS")),
        ("inject=article", ("article", "ROUTE:CLASS")),
        ("stall=20:2", ("20:2", "SECONDS:EVERY")),
        ("stall=2", ("'2'", "SECONDS:EVERY")),
        ("stall=nan:nan", ("nan:nan", "SECONDS:EVERY")),
        ("errors=1.5:2:10", ("1.5:2:10", "FRACTION:SECONDS:EVERY")),
        ("errors=0.5:2:inf", ("0.5:2:inf", "FRACTION:SECONDS:EVERY")),
        ("cache_skip=2", ("'2'", "FRACTION")),
        ("cache_skip=nan", ("nan", "FRACTION")),
    ],
)
def test_a_wrong_assignment_is_refused_in_one_line_with_value_and_remedy(
    assignment: str, words: tuple[str, ...]
) -> None:
    """The message names the value, the remedy, and has no line break."""
    with pytest.raises(SettingError) as caught:
        parse_settings([assignment])
    message = str(caught.value)
    assert "\n" not in message
    assert all(word in message for word in words), message


def test_every_setting_says_what_it_is_good_for() -> None:
    """No entry of the catalogue lacks a purpose or choices."""
    assert all(setting.purpose.endswith(".") and setting.choices for setting in CATALOGUE)
