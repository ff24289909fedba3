"""A login recipe is read as a whole or refused in one line, and its secrets stay where they belong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from locustfiles._errors import SwarmError
from locustfiles._recipe import Account, Recipe, read_recipe

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "foreign"
GOOD = (FIXTURES / "recipe.toml").read_text(encoding="utf-8")
CSV = "login,password\nann,secret-one\n"


def recipe(folder: Path, text: str = GOOD, accounts: str | bytes = CSV) -> Recipe:
    """The recipe in a text, beside its accounts."""
    path = folder / "site.toml"
    path.write_text(text, encoding="utf-8")
    (folder / "accounts.csv").write_bytes(accounts if isinstance(accounts, bytes) else accounts.encode())
    return read_recipe(path)


def test_a_recipe_holds_what_the_file_says() -> None:
    """Every key arrives; accounts come from the file beside it, further columns aside."""
    found = read_recipe(FIXTURES / "recipe.toml")
    assert found.name == "recipe.toml"
    assert (found.page, found.action, found.form) == ("/wp-login.php", None, "loginform")
    assert found.fields == {"log": "{login}", "pwd": "{password}"}
    assert found.accounts == (
        Account("ann", "a, secret"),
        Account("anna", "plain-secret"),
        Account("o'brien", "third-secret"),
    )
    assert found.check == "/wp-admin/profile.php"
    assert (found.logged_in, found.logged_out) == ('value="{login}"', 'id="loginform"')
    assert found.pages == ("/wp-admin/", "/wp-admin/edit.php?post_type=page")
    assert found.knows_viewers


def test_what_is_optional_may_be_missing(tmp_path: Path) -> None:
    """Accounts may stand in the recipe itself; form, action, logged_out and pages may be left out."""
    found = recipe(
        tmp_path,
        '[login]\npage = "/in"\nfields = {pass = "{password}"}\n'
        '[accounts]\nlist = [["ann", "one"], ["bob", "two"]]\n'
        '[check]\npage = "/me"\nlogged_in = "Sign out"\n',
    )
    assert found.accounts == (Account("ann", "one"), Account("bob", "two"))
    assert (found.form, found.action, found.logged_out, found.pages) == (None, None, None, ())
    assert not found.knows_viewers


def test_a_recipe_survives_the_wire() -> None:
    """Workers get all of it, passwords included."""
    found = read_recipe(FIXTURES / "recipe.toml")
    assert Recipe.from_dict(json.loads(json.dumps(found.to_dict()))) == found


def test_no_secret_is_recorded_or_shown(tmp_path: Path) -> None:
    """Neither passwords nor logins nor what is filled into the form get into a record."""
    text = GOOD.replace('pwd = "{password}"', 'pwd = "{password}"\ntoken = "site-wide-secret"')
    found = recipe(tmp_path, text, 'login,password\nann,"a, secret"\nbob,other-secret\n')
    public = json.dumps(found.public())
    assert "secret" not in public
    assert "bob" not in public
    assert "secret" not in repr(found)
    assert found.public()["accounts"] == 2
    assert found.public()["fields"] == ["log", "pwd", "token"]
    assert found.public()["page"] == "/wp-login.php"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("[login]", "[login", "is not TOML"),
        ("[login]", "[logon]", "no table called 'logon'; known: accounts, check, login; did you mean 'login'?"),
        (
            "form =",
            "from =",
            "no key in [login] called 'from'; known: action, fields, form, page; did you mean 'form'?",
        ),
        ("file =", "path =", "no key in [accounts] called 'path'"),
        ("logged_out =", "loged_out =", "did you mean 'logged_out'?"),
        ("[check]", "[check]\nmarker = 1", "no key in [check] called 'marker'"),
        ('page = "/wp-login.php"', "", 'login.page is missing; add page = "…" below [login]'),
        ('page = "/wp-login.php"', "page = 7", "login.page is 7; it must be a text"),
        ('page = "/wp-login.php"', 'page = ""', "login.page is ''; it must be a text that is not empty"),
        ('page = "/wp-login.php"', 'page = "wp"', "login.page is 'wp'; it must be a path"),
        ('page = "/wp-login.php"', 'page = "https://a.example/"', "it must be a path on the site"),
        ('form = "#loginform"', "form = []", "login.form is []"),
        ('form = "#loginform"', 'form = "#"', "login.form is '#'"),
        ('log = "{login}"', "log = 1", "login.fields.log is 1; it must be a text in quotes"),
        ('log = "{login}"', 'log = "{user}"', "login.fields.log has the placeholder {user}; there is {login} and"),
        ('log = "{login}"', 'log = "{logn}"', "did you mean 'login'?"),
        ('pwd = "{password}"', "", "login.fields fills in no {password}"),
        ('log = "{login}"\npwd = "{password}"', "", "there is no table [login.fields]"),
        ('file = "accounts.csv"', "", "[accounts] has neither file nor list"),
        ('file = "accounts.csv"', 'file = "a"\nlist = []', "[accounts] has both file and list"),
        ('file = "accounts.csv"', 'file = "nowhere.csv"', "nowhere.csv cannot be read (No such file"),
        ('file = "accounts.csv"', "list = 1", "accounts.list is int"),
        ('file = "accounts.csv"', "list = []", "accounts.list: no account in it"),
        ('file = "accounts.csv"', 'list = [["ann"]]', "account 1 is not a login and a password"),
        ('file = "accounts.csv"', 'list = [["ann", "x"], "bob"]', "account 2 is not a login and a password"),
        ('file = "accounts.csv"', 'list = [["ann", "x"], ["ann", "y"]]', "account 2 has the login 'ann' once more"),
        ("logged_in = 'value=\"{login}\"'", "", "check.logged_in is missing"),
        ("logged_in = 'value=\"{login}\"'", 'logged_in = " {login} "', "the login alone, which other pages hold too"),
        ("logged_in = 'value=\"{login}\"'", 'logged_in = "is {name}"', "check.logged_in has the placeholder {name}"),
        ('pages = ["/wp-admin/", ', "pages = [7, ", "check.pages is [7, "),
        ('pages = ["/wp-admin/", ', 'pages = ["x", ', "check.pages is 'x'; it must be a path"),
    ],
)
def test_a_wrong_recipe_is_one_line(tmp_path: Path, old: str, new: str, says: str) -> None:
    """The error names the file, the key and the remedy."""
    assert old in GOOD
    with pytest.raises(SwarmError) as caught:
        recipe(tmp_path, GOOD.replace(old, new, 1))
    assert says in str(caught.value)
    assert "site.toml" in str(caught.value) or "nowhere.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("table", ["login", "accounts", "check"])
def test_a_missing_table_is_named_with_its_keys(tmp_path: Path, table: str) -> None:
    """Somebody who begins with an empty file is told what goes in."""
    tables = {
        "login": '[login]\npage = "/in"\nfields = {pass = "{password}"}\n',
        "accounts": '[accounts]\nfile = "accounts.csv"\n',
        "check": '[check]\npage = "/me"\nlogged_in = "Sign out"\n',
    }
    assert recipe(tmp_path, "".join(tables.values())).page == "/in"
    del tables[table]
    with pytest.raises(SwarmError, match=rf"there is no table \[{table}\]; it holds "):
        recipe(tmp_path, "".join(tables.values()))


@pytest.mark.parametrize(
    ("accounts", "says"),
    [
        ("", "no column login and password; its first line must be login,password"),
        ("user,password\nann,x\n", "no column login;"),
        ("login;password\nann;x\n", "no column login and password"),
        ("login,password\n", "no account in it"),
        ("login,password\nann\n", "account 1 is not a login and a password"),
        ("login,password\nann,x\n,y\n", "account 2 is not a login and a password"),
        ("login,password\nann,x,y\n", "line 2 has more values than its first line has columns"),
        ("login,password\nann,x\nann,y\n", "account 2 has the login 'ann' once more"),
        (b"login,password\nann,\xff\n", "is not CSV in UTF-8"),
    ],
)
def test_a_wrong_account_file_is_one_line(tmp_path: Path, accounts: str | bytes, says: str) -> None:
    """The error names the file and what is wrong, without showing a password."""
    with pytest.raises(SwarmError) as caught:
        recipe(tmp_path, accounts=accounts)
    assert says in str(caught.value)
    assert "accounts.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_account_files_come_as_spreadsheets_write_them(tmp_path: Path) -> None:
    """A byte order mark, Windows line ends, blank lines, another order and further columns do not matter."""
    found = recipe(tmp_path, accounts="\ufeffid,password,login\r\n1,one,ann\r\n\r\n2,two,bob\r\n")
    assert found.accounts == (Account("ann", "one"), Account("bob", "two"))


def test_a_missing_recipe_is_one_line(tmp_path: Path) -> None:
    """A wrong name and bytes that are no text are errors like any other."""
    with pytest.raises(SwarmError, match=r"the recipe .*nowhere\.toml cannot be read \(No such file"):
        read_recipe(tmp_path / "nowhere.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SwarmError, match=r"binary\.toml is not TOML"):
        read_recipe(tmp_path / "binary.toml")
