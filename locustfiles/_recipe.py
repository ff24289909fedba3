"""The login recipe of a site that is not ours: which form to fill in, with whose names, and how a login shows.

A recipe is a small TOML file. It is judged as a whole when it is read, before anything is asked of the site. Whether
the site's form has such fields is for ``_login_form`` to tell, whether the login worked for ``_viewers``.
"""

from __future__ import annotations

import csv
import dataclasses
import difflib
import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from locustfiles._errors import SwarmError
from locustfiles._urls import split_url

TABLES: Final[Mapping[str, frozenset[str]]] = {
    "login": frozenset({"page", "action", "form", "fields"}),
    "accounts": frozenset({"file", "list"}),
    "check": frozenset({"page", "logged_in", "logged_out", "pages"}),
}
"""The tables of a recipe with their keys."""

PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")
_PLACES = ("login", "password")


@dataclass(frozen=True, slots=True)
class Account:
    """A member of the site; the password stays out of every text this is shown in."""

    login: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to log in to a site, and how to see that one is.

    Attributes:
        name: The recipe's file, without its folder.
        page: Path of the page with the login form.
        action: Path the form is sent to; ``None``: where the form itself says.
        form: The form's id; ``None``: the one with a password field.
        fields: Fields to fill in; ``{login}`` and ``{password}`` stand for the account's.
        accounts: The members, logins all different.
        check: Path asked after the login.
        logged_in: Text on ``check`` when logged in; ``{login}`` stands for the member's.
        logged_out: Text that no member's page holds; ``None``: not looked for.
        pages: Paths that only members ask for.
    """

    name: str
    page: str
    action: str | None
    form: str | None
    fields: Mapping[str, str] = field(repr=False)
    accounts: tuple[Account, ...]
    check: str
    logged_in: str
    logged_out: str | None
    pages: tuple[str, ...]

    @property
    def knows_viewers(self) -> bool:
        """Whether ``logged_in`` names the member, so that two members' pages can be told apart."""
        return "{login}" in self.logged_in

    def public(self) -> dict[str, Any]:
        """What may be recorded: neither names nor passwords of members, nor what is filled into the form."""
        data = dataclasses.asdict(self)
        data["accounts"] = len(self.accounts)
        data["fields"] = sorted(self.fields)
        data["pages"] = list(self.pages)
        return data

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON or msgpack, **passwords included**: for workers, never for a record."""
        data = dataclasses.asdict(self)
        data["accounts"] = [[account.login, account.password] for account in self.accounts]
        data["fields"] = dict(self.fields)
        data["pages"] = list(self.pages)
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Recipe:
        """The inverse of ``to_dict``."""
        accounts = tuple(Account(login, password) for login, password in data["accounts"])
        return cls(**{**data, "accounts": accounts, "pages": tuple(data["pages"])})


def read_recipe(path: Path) -> Recipe:
    """The recipe in a TOML file, with the accounts it names.

    Raises:
        SwarmError: It cannot be read or carried out: the line names the file, the key and the remedy.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SwarmError(f"the recipe {path} cannot be read ({error.strerror}); check the name") from None
    except ValueError as error:  # not UTF-8, or not TOML
        raise SwarmError(f"the recipe {path} is not TOML ({error})") from None
    reader = _Reader(path, data)
    login, accounts, check = (reader.table(name) for name in TABLES)
    fields = reader.strings(login, "login", "fields")
    for name, text in fields.items():
        reader.placeholders(text, f"login.fields.{name}", _PLACES)
    if not any("{password}" in text for text in fields.values()):
        raise reader.error("login.fields fills in no {password}", 'add one such as pwd = "{password}"')
    logged_in = reader.text(check, "check", "logged_in")
    reader.placeholders(logged_in, "check.logged_in", ("login",))
    if not PLACEHOLDER.sub("", logged_in).strip():
        raise reader.error(
            "check.logged_in is the login alone, which other pages hold too", "give the text around it as well"
        )
    return Recipe(
        name=path.name,
        page=reader.path(login, "login", "page"),
        action=reader.path(login, "login", "action") if "action" in login else None,
        form=reader.id(login, "login", "form") if "form" in login else None,
        fields=fields,
        accounts=_accounts(reader, accounts),
        check=reader.path(check, "check", "page"),
        logged_in=logged_in,
        logged_out=reader.text(check, "check", "logged_out") if "logged_out" in check else None,
        pages=reader.paths(check, "check", "pages") if "pages" in check else (),
    )


class _Reader:
    """Takes values out of a recipe's tables; whatever is wrong with one is an error that names file and key."""

    def __init__(self, path: Path, data: Mapping[str, Any]) -> None:
        self.path_of_file = path
        self._data = data
        self._refuse_unknown(data, TABLES, "table")
        for name, keys in TABLES.items():
            self._refuse_unknown(self.table(name), keys, f"key in [{name}]")

    def error(self, what: str, remedy: str) -> SwarmError:
        return SwarmError(f"the recipe {self.path_of_file}: {what}; {remedy}")

    def table(self, name: str) -> Mapping[str, Any]:
        table = self._data.get(name)
        if not isinstance(table, dict):
            raise self.error(f"there is no table [{name}]", f"it holds {', '.join(sorted(TABLES[name]))}")
        return table

    def text(self, table: Mapping[str, Any], name: str, key: str) -> str:
        if key not in table:
            raise self.error(f"{name}.{key} is missing", f'add {key} = "…" below [{name}]')
        value = table[key]
        if not isinstance(value, str) or not value:
            raise self.error(f"{name}.{key} is {value!r}", "it must be a text that is not empty")
        return value

    def id(self, table: Mapping[str, Any], name: str, key: str) -> str:
        text = self.text(table, name, key)
        if text == "#":
            raise self.error(f"{name}.{key} is {text!r}", "it must be the id of a form, with or without #")
        return text.removeprefix("#")

    def path(self, table: Mapping[str, Any], name: str, key: str) -> str:
        return self._path(self.text(table, name, key), f"{name}.{key}")

    def paths(self, table: Mapping[str, Any], name: str, key: str) -> tuple[str, ...]:
        value = table[key]
        if not isinstance(value, list) or not all(isinstance(path, str) for path in value):
            raise self.error(f"{name}.{key} is {value!r}", 'it must be a list of paths such as ["/account"]')
        return tuple(self._path(path, f"{name}.{key}") for path in value)

    def strings(self, table: Mapping[str, Any], name: str, key: str) -> dict[str, str]:
        value = table.get(key)
        if not isinstance(value, dict) or not value:
            raise self.error(f"there is no table [{name}.{key}]", 'it says what to fill in, such as user = "{login}"')
        for field_name, text in value.items():
            if not isinstance(text, str):
                raise self.error(f"{name}.{key}.{field_name} is {text!r}", "it must be a text in quotes")
        return value

    def placeholders(self, text: str, where: str, known: Sequence[str]) -> None:
        for word in PLACEHOLDER.findall(text):
            if word not in known:
                remedy = f"there is {' and '.join(f'{{{name}}}' for name in known)}"
                raise self.error(f"{where} has the placeholder {{{word}}}", remedy + suggestion(word, known))

    def _path(self, text: str, where: str) -> str:
        try:
            host, path = split_url(text)
        except ValueError:
            host, path = text, ""
        if host is not None:
            raise self.error(f"{where} is {text!r}", "it must be a path on the site that begins with /")
        return path

    def _refuse_unknown(self, data: Mapping[str, Any], known: Collection[str], what: str) -> None:
        for key in data:
            if key not in known:
                raise self.error(
                    f"there is no {what} called {key!r}", f"known: {', '.join(sorted(known))}{suggestion(key, known)}"
                )


def suggestion(word: str, known: Collection[str]) -> str:
    """The end of an error's remedy: the known word nearest to an unknown one, if any is near."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _accounts(reader: _Reader, table: Mapping[str, Any]) -> tuple[Account, ...]:
    if ("file" in table) == ("list" in table):
        raise reader.error(
            f"[accounts] has {'both file and list' if table else 'neither file nor list'}",
            'give one: file = "accounts.csv" or list = [["login", "password"]]',
        )
    if "file" in table:
        path = reader.path_of_file.parent / reader.text(table, "accounts", "file")
        where = f"the account file {path}"
        rows = _rows(path)
    else:
        where = f"the recipe {reader.path_of_file}: accounts.list"
        rows = table["list"]
        if not isinstance(rows, list):
            raise reader.error(f"accounts.list is {type(rows).__name__}", 'it must be [["login", "password"], …]')
    found: dict[str, Account] = {}
    for number, row in enumerate(rows, 1):
        good = isinstance(row, list) and len(row) == 2 and all(isinstance(word, str) and word for word in row)
        if not good:  # the row itself may hold a password
            raise SwarmError(f"{where}: account {number} is not a login and a password; give both, as two texts")
        login, password = row
        if login in found:
            raise SwarmError(f"{where}: account {number} has the login {login!r} once more; give every login once")
        found[login] = Account(login, password)
    if not found:
        raise SwarmError(f"{where}: no account in it; give at least one login and password")
    return tuple(found.values())


def _rows(path: Path) -> list[list[str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [name for name in _PLACES if name not in (reader.fieldnames or ())]
            if missing:
                raise SwarmError(
                    f"the account file {path} has no column {' and '.join(missing)}; "
                    "its first line must be login,password"
                )
            rows = []
            for row in reader:
                if None in row:
                    raise SwarmError(
                        f"the account file {path} line {reader.line_num} has more values than its first line has "
                        "columns; put a value with a comma in double quotes"
                    )
                rows.append([row[name] or "" for name in _PLACES])
            return rows
    except OSError as error:
        raise SwarmError(
            f"the account file {path} cannot be read ({error.strerror}); "
            "a relative name counts from the recipe's folder"
        ) from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise SwarmError(f"the account file {path} is not CSV in UTF-8 ({error})") from None
