"""The parts of one running site, handed to its routes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synth import Corpus
from target_app.database import Desk, Generations, Library, migrate, undamaged
from target_app.editing import Editing
from target_app.errors import DatabaseFileError
from target_app.pages import Pages
from target_app.sessions import Sessions
from target_app.settings import Settings
from target_app.statistics import Statistics
from target_app.throttle import PER_TOKEN, SignIns, Throttle
from target_app.troubles import Troubles
from target_app.worker import Worker


@dataclass(frozen=True, slots=True)
class Site:
    """An open database and what is made from it.

    Attributes:
        base_url: Absolute addresses begin with it; no slash at the end.
        corpus: Whose articles it holds; None: they came from a file, and no corpus has them.
        purge_token: What purges and edits must present; None: they must come from this machine.
        worker: Makes pages.
        writer: Carries out whatever writes, and may wait long for others that write to the file.
        searcher: Does what reads much at once: searches and sitemaps.
    """

    path: Path
    settings: Settings
    base_url: str
    purge_token: str | None
    corpus: Corpus | None
    members: int
    library: Library
    desk: Desk
    editing: Editing
    generations: Generations
    sessions: Sessions
    sign_ins: SignIns
    wrong_tokens: Throttle
    pages: Pages
    statistics: Statistics
    troubles: Troubles
    worker: Worker
    writer: Worker
    searcher: Worker

    def about(self) -> dict[str, Any]:
        """The facts that make this site what it is."""
        return {
            "corpus": None if self.corpus is None else self.corpus.to_dict(),
            "members": self.members,
            "settings": self.settings.to_dict(),
        }

    def close(self) -> None:
        """End the workers, and close the database."""
        for worker in (self.writer, self.searcher, self.worker):
            worker.close()
        self.library.close()
        self.desk.close()
        self.generations.close()


def _import_command(path: Path, corpus: dict[str, Any] | None, members: int | None, *, is_filed: bool) -> str:
    """The command of the user that asks for what a file was begun for; N where not even that was written."""
    if is_filed:
        return f"anp serve --articles-from FILE --members {members} --db {path}"
    if corpus is None:
        return f"anp serve --articles N --db {path}"
    usual = Corpus().to_dict()
    options = {"start": "first_id", "profile": "profile", "seed": "seed"}
    unusual = [f" --{option} {corpus[name]}" for option, name in options.items() if corpus[name] != usual[name]]
    return f"anp serve --articles {corpus['count']}{''.join(unusual)} --members {members} --db {path}"


def open_site(path: Path, settings: Settings, *, base_url: str, purge_token: str | None = None) -> Site:
    """Open an imported database as a site.

    Raises:
        DatabaseFileError: The file is missing, not ours, damaged, or its import was not finished.
    """
    with undamaged(path):
        return _opened(path, settings, base_url.rstrip("/"), purge_token)


def _opened(path: Path, settings: Settings, base_url: str, purge_token: str | None) -> Site:
    migrate(path)
    library = Library(path, indexed=settings.db_index)
    corpus, members = library.site("corpus"), library.site("members")
    if library.site("complete") is None:
        command = _import_command(path, corpus, members, is_filed=library.site("source") is not None)
        library.close()
        raise DatabaseFileError(f"{path} is half imported; to go on: {command}")
    desk = Desk(path)
    described = None if corpus is None else Corpus.from_dict(corpus)
    if described is not None and library.site("digest") != described.digest:
        # Another version of the synthesizer made the articles: nobody can compute them any more.
        described = None
    return Site(
        path,
        settings,
        base_url,
        purge_token,
        described,
        members,
        library,
        desk,
        Editing(desk, described, precise=settings.purge == "tags"),
        Generations(path),
        Sessions(library, desk, encrypted=base_url.lower().startswith("https:")),
        SignIns(),
        Throttle(PER_TOKEN),
        Pages(base_url),
        Statistics(),
        Troubles(path),
        Worker("pages"),
        Worker("writes", library.apart()),
        Worker("searches", library.apart()),
    )
