"""The house itself: who may import whom, and that its documents tell the truth."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import harness

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("synth", "target_app", "locustfiles", "results", "harness")

MAY_IMPORT = {
    "synth": {
        "backports",
        "compression",
        "defusedxml",
        "faker",
        "frontmatter",
        "markdown_it",
        "orjson",
        "pyarrow",
        "tomlkit",
        "yaml",
    },
    "target_app": {
        "synth",
        "apsw",
        "argon2",
        "cachetools",
        "fastapi",
        "http_sf",
        "httptools",
        "httpx",
        "jinja2",
        "markupsafe",
        "prometheus_client",
        "psutil",
        "pydantic",
        "pydantic_core",
        "starlette",
        "typing_extensions",
        "uvicorn",
        "uvloop",
        "anyio",
    },
    "locustfiles": {
        "apachelogs",
        "backports",
        "brotli",
        "compression",
        "defusedxml",
        "gevent",
        "greenlet",
        "httptools",
        "locust",
        "numpy",
        "psutil",
        "pyarrow",
        "results",
        "synth",
    },
    "results": {"hdrh", "numpy", "scipy", "pyarrow", "matplotlib", "jinja2", "markupsafe", "rich", "http_sf"},
    "harness": {
        "synth",
        "results",
        "locustfiles",
        "defusedxml",
        "httpx",
        "typer",
        "click",
        "rich",
        "psutil",
        "pydantic",
    },
}


def _imports(path: Path) -> set[str]:
    """Top-level names of every import in a file, wherever it stands in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add((node.module or "").split(".")[0])
    return names


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_what_its_contract_allows(room: str) -> None:
    """No module of a room imports another room, or a package, that the architecture does not give it."""
    allowed = MAY_IMPORT[room] | {room} | set(sys.stdlib_module_names)

    reached = {str(path.relative_to(ROOT)): _imports(path) - allowed for path in (ROOT / room).rglob("*.py")}

    assert {path: sorted(names) for path, names in reached.items() if names} == {}


def test_faker_is_imported_for_people_only() -> None:
    """The article path of the synthesizer does not depend on Faker."""
    users = [path.name for path in (ROOT / "synth").rglob("*.py") if "faker" in _imports(path)]

    assert users == ["people.py"]


def test_the_plan_and_the_oracle_run_without_locust() -> None:
    """Traffic and expectations can be computed, and tested, in a process that gevent has not patched."""
    for name in ("_plan", "_oracle"):
        assert _imports(ROOT / "locustfiles" / f"{name}.py").isdisjoint({"locust", "gevent"}), name


def test_the_harness_knows_of_the_swarm_how_a_site_is_read_and_nothing_else() -> None:
    """An address, a form, a login recipe mean the same to it as to the swarm; what imports locust is out of reach."""
    reached = {
        (path.relative_to(ROOT).as_posix(), (node.module or "").removeprefix("locustfiles."))
        for path in (ROOT / "harness").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("locustfiles")
    }
    modules = ", ".join(sorted({f"locustfiles.{module}" for _, module in reached}))
    words = f"import sys, {modules}; print({{'gevent', 'locust'}} & set(sys.modules))"

    assert reached == {
        *(("harness/audit/members.py", module) for module in ("_errors", "_login_form", "_recipe", "_viewers")),
        ("harness/cli/init.py", "_recipe"),
        *(("harness/init/members.py", module) for module in ("_html", "_recipe")),
        *(("harness/init/survey.py", module) for module in ("_html", "_urls")),
    }
    assert subprocess.check_output([sys.executable, "-c", words], cwd=ROOT, text=True).strip() == "set()"


def test_every_room_ships_in_the_wheel() -> None:
    """The wheel's package list is the list of rooms."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

    assert tuple(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) == ROOMS


def test_the_changelog_opens_with_the_current_version() -> None:
    """The version in the code has an entry in the changelog."""
    headings = re.findall(r"^## \[?([^\]\s]+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)

    assert headings[0] in {harness.__version__, "Unreleased"}
    assert harness.__version__ in headings


def test_the_readme_is_short() -> None:
    """The README has at most 150 lines."""
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150


def test_links_between_documents_lead_somewhere() -> None:
    """Every relative link in README, CHANGELOG and docs names a file that exists."""
    documents = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
    broken = [
        f"{document.relative_to(ROOT)} -> {link}"
        for document in documents
        for link in re.findall(r"\]\(([^)#\s]+)", document.read_text(encoding="utf-8"))
        if not link.startswith(("http://", "https://", "mailto:")) and not (document.parent / link).exists()
    ]

    assert broken == []


def test_lock_files_name_no_index() -> None:
    """The lock files hold names, versions and hashes, and no address."""
    for lock in ROOT.glob("requirements*.lock"):
        text = lock.read_text(encoding="utf-8")

        assert "--hash=sha256:" in text
        assert not re.search(r"https?://|--index-url|--find-links|@ file", text), lock.name


def test_the_example_site_is_not_ours() -> None:
    """It imports no room and nothing that its own requirements do not name, and they name versions and no index."""
    import sys

    folder = ROOT / "examples" / "flask-blog"
    text = (folder / "requirements.txt").read_text(encoding="utf-8")
    pinned = re.findall(r"^([A-Za-z0-9-]+)==[0-9.]+$", text, re.MULTILINE)
    sources = list(folder.glob("*.py"))
    allowed = {name.lower() for name in pinned} | {file.stem for file in sources} | set(sys.stdlib_module_names)

    assert len(pinned) == len(text.splitlines())
    assert {file.name: sorted(_imports(file) - allowed) for file in sources if _imports(file) - allowed} == {}


def test_ci_runs_the_readmes_test_command() -> None:
    """What CI runs last is the command the README tells a newcomer."""
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8").strip().splitlines()

    assert script[-1] == "make test"
    assert "make test" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_makefile_explains_every_target() -> None:
    """``make help`` has a line for each public target."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    assert phony is not None

    words = ["make", "--no-print-directory", "help"]  # these tests may themselves run below make
    shown = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert {line.split()[0] for line in shown.splitlines()} == set(phony.group(1).split())
