"""What reads foreign sites needs no swarm, and its document tells the truth."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from locustfiles._access_log import BOT, BOTS, HOST, MALFORMED, METHOD, STATUS, UNREADABLE
from locustfiles._recipe import read_recipe
from locustfiles._sitemap import MAX_FILES
from locustfiles._urls import MAX_URLS, read_urls

ROOT = Path(__file__).resolve().parents[3]
DOCUMENT = (ROOT / "docs" / "foreign-sites.md").read_text(encoding="utf-8")
MODULES = ("_access_log", "_coding", "_lines", "_login_form", "_recipe", "_sitemap", "_urls", "_viewers")


def block(kind: str, contains: str) -> str:
    """The code block of the document that holds a text."""
    blocks = re.findall(rf"^```{kind}\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)
    (found,) = (text for text in blocks if contains in text)
    return str(found)


@pytest.mark.parametrize("module", MODULES)
def test_no_module_brings_locust_or_gevent(module: str) -> None:
    """In a process of its own, importing the module leaves the sockets unpatched."""
    code = f"import sys, locustfiles.{module}; print(sorted({{'locust', 'gevent'}} & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert shown.strip() == "[]"


def test_the_documents_recipe_can_be_read(tmp_path: Path) -> None:
    """The recipe and the account file shown are good ones."""
    (tmp_path / "site.toml").write_text(block("toml", "[login]"), encoding="utf-8")
    (tmp_path / "accounts.csv").write_text(block("text", "login,password"), encoding="utf-8")
    recipe = read_recipe(tmp_path / "site.toml")
    assert [account.login for account in recipe.accounts] == ["ann", "bob"]
    assert recipe.accounts[1].password == "his, with a comma"
    assert recipe.knows_viewers


def test_the_documents_url_file_can_be_read(tmp_path: Path) -> None:
    """The URL file shown is a good one."""
    path = tmp_path / "urls.txt"
    path.write_text(block("text", "/recipes/plum-cake/"), encoding="utf-8")
    assert read_urls(path).weights == (10.0, 3.0, 1.0)


def test_the_document_names_every_word_and_limit() -> None:
    """Words of bots, reasons and limits are those of the code."""
    for word in BOTS:
        assert f"`{word}`" in DOCUMENT
    for reason in (UNREADABLE, MALFORMED, METHOD, STATUS, BOT, HOST):
        assert f"| {reason} |" in DOCUMENT
    assert f"{MAX_URLS:,} different addresses" in DOCUMENT
    assert f"{MAX_FILES:,} sitemaps" in DOCUMENT
