"""The plan and the recipe as files: TOML whatever was found, with comments that say it."""

from __future__ import annotations

import tomllib
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from harness.init.arms import Arm
from harness.init.members import Marks
from harness.init.survey import Addresses, LoginForm, Survey
from harness.init.texts import Draft, Members, addresses_words, cache_words, plan_text, recipe_text, urls_text
from harness.trial_plan import TrialPlan
from results.cache_status import read

FORM = LoginForm("/login", "enter", "user", "pass word", ">Log in</a>")
MARKS = Marks("/account", is_private=True, logged_in='<b title="{login}">', logged_out=">Log in</a>", tried=2)
ADDRESSES = Addresses("/sitemap.xml", ("/", "/news/1", "/news/2", "/news/3"), ("www.example",))
HIT, MISS = (read({"x-cache": word}) for word in ("HIT", "MISS"))
DRAFT = Draft(
    file="plan.toml",
    name="kept",
    reason="Why not.",
    arms=(Arm.of("before", command="./serve {port}", env={"KEEP": "off"}), Arm.of("after", command="./serve {port}")),
    folder="../site",
    slot=None,
    ready="/healthz",
    ready_seconds=90.5,
    found=Survey(ADDRESSES, FORM),
    route="news",
    source=("sitemap", "/sitemap.xml"),
    caches={"before": (MISS, MISS), "after": (MISS, HIT)},
    members=Members("login.toml", 4, MARKS),
)
TEXTS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=40)
VARIABLES = TEXTS.filter(lambda name: name and "=" not in name)


def test_a_plan_says_all_that_was_asked() -> None:
    """Section by section."""
    plan = tomllib.loads(plan_text(DRAFT))

    assert TrialPlan.model_validate(plan).member_share == 0.2
    assert (plan["name"], plan["reason"], plan["scenario"], plan["members"]) == (
        "kept",
        "Why not.",
        "readers_and_members",
        4,
    )
    assert plan["site"] == {
        "sitemap": "/sitemap.xml",
        "aliases": ["www.example"],
        "login": "login.toml",
        "ready": "/healthz",
        "ready_seconds": 90.5,
        "stop_seconds": 10,
    }
    assert plan["before"] == {"command": "./serve {port}", "folder": "../site", "env": {"KEEP": "off"}}
    assert plan["after"] == {"command": "./serve {port}", "folder": "../site"}
    assert plan["primary"] == [{"persona": "reader", "route": "news"}, {"persona": "member", "route": "news"}]
    assert plan["margins"] == {"p50": 0.1}


def test_other_ways_of_coming_about() -> None:
    """Addresses, one slot with its commands, a file of addresses, hosts that may be loaded."""
    urls = replace(DRAFT, arms=(Arm.of("before", url="http://a.example"), Arm.of("after", url="http://b.example")))
    urls = replace(urls, source=("urls", "urls.txt"), i_may_load=("a.example", "b.example"), members=None)
    slot = replace(
        DRAFT, arms=(Arm.of("before", switch="./v1"), Arm.of("after", switch="./v2")), slot="http://127.0.0.1:80"
    )
    one, other = (tomllib.loads(plan_text(draft)) for draft in (urls, slot))

    assert [TrialPlan.model_validate(plan).kind for plan in (one, other)] == ["url", "switch"]
    assert (one["before"], one["after"]) == ({"url": "http://a.example"}, {"url": "http://b.example"})
    assert one["site"]["urls"] == "urls.txt"
    assert one["site"]["i_may_load"] == ["a.example", "b.example"]
    assert one["scenario"] == "cache_hit"
    assert one["primary"] == [{"persona": "reader", "route": "news"}]
    assert (other["site"]["url"], other["before"]) == ("http://127.0.0.1:80", {"switch": "./v1", "folder": "../site"})


def test_hits_decide_where_both_arms_hit() -> None:
    """Else all replies do."""
    both = replace(DRAFT, caches={"before": (MISS, HIT), "after": (HIT, HIT)})

    assert tomllib.loads(plan_text(both))["primary"][0]["cache"] == "HIT"
    assert "cache" not in tomllib.loads(plan_text(DRAFT))["primary"][0]


def test_members_decide_where_there_are_enough_of_their_requests() -> None:
    """A page that is seldom asked for would leave their cell without a verdict."""
    rare = replace(DRAFT, found=Survey(replace(ADDRESSES, paths=(*ADDRESSES.paths, "/about")), FORM), route="about")

    assert [cell["persona"] for cell in tomllib.loads(plan_text(DRAFT))["primary"]] == ["reader", "member"]
    assert [cell["persona"] for cell in tomllib.loads(plan_text(rare))["primary"]] == ["reader"]
    assert "Of readers' requests 11 % are for about" in plan_text(rare).replace("\n#", "")


def test_every_line_that_is_commented_out_is_good_once_it_is_not() -> None:
    """Keys that wait behind ``#`` are TOML, each at its place."""
    text = plan_text(replace(DRAFT, members=None, found=Survey(replace(ADDRESSES, aliases=()), None)))
    keys = [line.removeprefix("# ") for line in text.splitlines() if line.startswith("# ") and " = " in line]

    assert len(keys) == 11, keys
    for line in keys:
        tomllib.loads(line)


@given(TEXTS, TEXTS, TEXTS, st.dictionaries(VARIABLES, TEXTS, max_size=3))
def test_whatever_was_typed_or_found_comes_back(name: str, reason: str, path: str, env: dict[str, str]) -> None:
    """Quotes, newlines and signs of control in values, and harmless in comments."""
    found = Survey(Addresses(None, (f"/{path}",), (path,)), LoginForm(f"/{path}", path, path, path, path))
    arms = (Arm.of("before", command=f"./serve {{port}} {'x' * len(path)}", env=env), DRAFT.arms[1])
    marks = replace(MARKS, logged_in=f"{path}{{login}}", page=f"/{path}")
    draft = replace(
        DRAFT, name=name, reason=reason, found=found, arms=arms, members=Members(path, 1, marks), route=path
    )
    plan = tomllib.loads(plan_text(draft))
    recipe = tomllib.loads(recipe_text(LoginForm(f"/{path}", path, "a" + path, "b" + path), marks, path))

    TrialPlan.model_validate(plan)
    assert (plan["name"], plan["reason"], plan["site"]["login"]) == (name, reason, path)
    assert plan["before"].get("env", {}) == env
    assert plan["primary"][0]["route"] == path
    assert recipe["login"]["page"] == f"/{path}"
    assert recipe["login"]["fields"] == {"a" + path: "{login}", "b" + path: "{password}"}
    assert recipe["check"]["logged_in"] == f"{path}{{login}}"


def test_a_recipe_says_what_worked() -> None:
    """And leaves out what was not found."""
    whole = tomllib.loads(recipe_text(FORM, MARKS, "accounts.csv"))
    bare = tomllib.loads(
        recipe_text(replace(FORM, id=""), replace(MARKS, is_private=False, logged_out=""), "accounts.csv")
    )

    assert whole == {
        "login": {"page": "/login", "form": "#enter", "fields": {"user": "{login}", "pass word": "{password}"}},
        "accounts": {"file": "accounts.csv"},
        "check": {
            "page": "/account",
            "logged_in": '<b title="{login}">',
            "logged_out": ">Log in</a>",
            "pages": ["/account"],
        },
    }
    assert "form" not in bare["login"]
    assert bare["check"] == {"page": "/account", "logged_in": '<b title="{login}">'}


def test_what_was_found_in_words() -> None:
    """Counts by route, and what two readers were told."""
    many = Addresses("/sitemap.xml", tuple(f"/{name}/{page}" for name in "abcdefgh" for page in (1, 2)))

    assert addresses_words(ADDRESSES) == "4 addresses; by route: news 3, home 1"
    assert addresses_words(many) == "16 addresses; by route: a 2, b 2, c 2, d 2, e 2, f 2 and 2 others"
    assert addresses_words(Addresses(None, ("/",))) == "1 address; by route: home 1"
    assert cache_words((MISS, HIT)) == "X-Cache said MISS to the first reader, HIT to the second"
    assert cache_words((read({}), read({}))).startswith("no header tells of a cache")
    assert urls_text(ADDRESSES).splitlines()[-4:] == ["/", "/news/1", "/news/2", "/news/3"]
