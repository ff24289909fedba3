"""The shared pools: large enough, without repeats, and with snippets that parse."""

from __future__ import annotations

import ast
import json
import re
import tomllib

import pytest

import synth
from synth.classic_prose import INTROS, POOLS, TITLES
from synth.subjects import CHECKLISTS, PROBLEMS, SCENARIOS, SNIPPET_NOUN, STACKS, Stack

PAIRS = {")": "(", "]": "[", "}": "{"}


def balanced(code: str) -> bool:
    """Say whether all brackets outside string literals close in order."""
    expected: list[str] = []
    for sign in re.sub(r"'[^'\n]*'|\"[^\"\n]*\"", "", code):
        if sign in PAIRS.values():
            expected.append(sign)
        elif sign in PAIRS and (not expected or expected.pop() != PAIRS[sign]):
            return False
    return not expected


def parses(language: str, code: str) -> bool:
    """Say whether code is balanced, and parse it where the standard library can."""
    if language == "python":
        ast.parse(code)
    if language == "json":
        json.loads(code)
    if language == "toml":
        tomllib.loads(code)
    return balanced(code)


@pytest.mark.parametrize("stack", STACKS, ids=lambda stack: stack.name)
def test_snippets_parse(stack: Stack) -> None:
    """Every snippet parses in its language and is about the noun that can be swapped."""
    assert parses(stack.language.lower(), stack.snippet)
    assert SNIPPET_NOUN in stack.snippet.lower()
    assert stack.snippet == stack.snippet.strip("\n")


@pytest.mark.parametrize("profile", synth.PROFILES)
def test_published_code_parses(profile: str) -> None:
    """The code of every article parses too, whatever noun it is about."""
    codes = [
        section.code for each in range(600) for section in synth.article(each, profile=profile).sections if section.code
    ]
    others = {"toml", "bash", "sql"} if profile == "natural" else set()
    assert {code.language.lower() for code in codes} == {stack.language.lower() for stack in STACKS} | others
    assert all(parses(code.language.lower(), code.text) for code in codes)


def test_pools_are_large_enough() -> None:
    """No pool is smaller than promised, and every section has more paragraphs than a page takes."""
    sizes = [len(pool) for pool in (STACKS, PROBLEMS, SCENARIOS, TITLES, INTROS, CHECKLISTS)]
    assert all(size >= least for size, least in zip(sizes, (12, 40, 20, 12, 10, 12), strict=True))
    assert sorted(pool.quota for pool in POOLS) == [3, 4, 4, 4]
    assert all(len(pool.paragraphs) > pool.quota for pool in POOLS)


def test_pools_do_not_repeat() -> None:
    """No name, phrase, item or paragraph stands twice."""
    pools = (
        [stack.name for stack in STACKS],
        [problem.phrase for problem in PROBLEMS],
        SCENARIOS,
        [item for checklist in CHECKLISTS for item in checklist],
        [paragraph for pool in POOLS for paragraph in pool.paragraphs],
    )
    assert all(len(set(pool)) == len(pool) for pool in pools)


def test_terms_are_slugs() -> None:
    """Categories and tags of any article are lower-case slugs, without repeats."""
    for each in range(300):
        article = synth.article(each)
        for terms in (article.categories, article.tags):
            assert len(set(terms)) == len(terms) > 0
            assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", term) for term in terms)
