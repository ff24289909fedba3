"""``anp init``: a commented plan for a trial of a site that is not ours, from questions or flags and a look at it."""

from __future__ import annotations

import os
import re
import shlex
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from urllib.parse import urlsplit

import typer

from harness.cli import options
from harness.errors import ExitCode, HarnessError, TargetError, UsageError, unknown
from results.loopback import is_this_machine
from results.units import counted

if TYPE_CHECKING:
    from harness.init.arms import Arm
    from harness.init.survey import LoginForm, Survey, Trust
    from harness.init.texts import Members
    from harness.progress import Steps
    from locustfiles._recipe import Account

EPILOG = """**Examples**

- `anp init`
- `anp init plan.toml --before-command "python app.py --port {port}" --before-env PAGE_CACHE=off
  --after-env PAGE_CACHE=on --accounts accounts.csv`
- `anp init --before-command "./v1 --port {port}" --after-command "./v2 --port {port}" --folder ../shop`
- `anp init --before-url http://127.0.0.1:8001 --after-url http://127.0.0.1:8002`
- `anp init --url https://staging.example --i-may-load staging.example --before-switch "./deploy v1"
  --after-switch "./deploy v2"`

Nothing is asked where no terminal is, or with `--yes`. A dozen pages of the site are fetched, and two members logged
in; no load is sent, and the commands of `--before-switch` and `--after-switch` are not run. The names of the files
written go to standard output.

Exit codes: 0 written, 2 refused, or the site does not answer; 130 interrupted.
"""

_ARMS = "The two versions"
_FOUND = "What else is looked for"

Meaning = TypeVar("Meaning")


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("init", epilog=EPILOG)(init)


def init(
    plan: Annotated[
        Path, typer.Argument(help="The plan to write; its recipe and lists lie beside it.", metavar="PLAN.toml")
    ] = Path("plan.toml"),
    before_command: Annotated[
        str | None,
        typer.Option(
            "--before-command",
            help="Starts the site as it is; {port} stands for its port. No shell.",
            metavar="COMMAND",
            rich_help_panel=_ARMS,
        ),
    ] = None,
    after_command: Annotated[
        str | None,
        typer.Option(
            "--after-command",
            help="Starts the changed site.",
            metavar="COMMAND",
            show_default="as before",
            rich_help_panel=_ARMS,
        ),
    ] = None,
    before_env: Annotated[
        list[str] | None,
        typer.Option(
            "--before-env",
            help="A variable for the command before; repeatable.",
            metavar="NAME=VALUE",
            rich_help_panel=_ARMS,
        ),
    ] = None,
    after_env: Annotated[
        list[str] | None,
        typer.Option(
            "--after-env",
            help="A variable for the command after; repeatable.",
            metavar="NAME=VALUE",
            rich_help_panel=_ARMS,
        ),
    ] = None,
    folder: Annotated[
        Path, typer.Option("--folder", help="Where the commands run.", metavar="DIR", rich_help_panel=_ARMS)
    ] = Path(),
    before_url: Annotated[
        str | None,
        typer.Option(
            "--before-url", help="The site as it is, where it runs already.", metavar="URL", rich_help_panel=_ARMS
        ),
    ] = None,
    after_url: Annotated[
        str | None,
        typer.Option(
            "--after-url", help="The changed site, where it runs already.", metavar="URL", rich_help_panel=_ARMS
        ),
    ] = None,
    url: Annotated[
        str | None,
        typer.Option(
            "--url", help="The one place for both versions, switched by commands.", metavar="URL", rich_help_panel=_ARMS
        ),
    ] = None,
    before_switch: Annotated[
        str | None,
        typer.Option(
            "--before-switch", help="Puts the site as it is at --url.", metavar="COMMAND", rich_help_panel=_ARMS
        ),
    ] = None,
    after_switch: Annotated[
        str | None,
        typer.Option(
            "--after-switch", help="Puts the changed site at --url.", metavar="COMMAND", rich_help_panel=_ARMS
        ),
    ] = None,
    ready: Annotated[
        str,
        typer.Option(
            "--ready", help="Asked for until it is answered with a page.", metavar="PATH", rich_help_panel=_ARMS
        ),
    ] = "/",
    ready_seconds: Annotated[
        float, typer.Option("--ready-seconds", help="How long that may take.", min=0.1, max=3600, rich_help_panel=_ARMS)
    ] = 60.0,
    sitemap: Annotated[
        str | None,
        typer.Option(
            "--sitemap",
            help="A path on the site, an address or a file.",
            metavar="PATH|URL|FILE",
            show_default="looked for",
            rich_help_panel=_FOUND,
        ),
    ] = None,
    alias: Annotated[
        list[str] | None,
        typer.Option(
            "--alias",
            help="Another name of the site, as its addresses have it; repeatable.",
            metavar="HOST",
            show_default="the one most addresses name",
            rich_help_panel=_FOUND,
        ),
    ] = None,
    login_page: Annotated[
        str | None,
        typer.Option(
            "--login-page",
            help="The page with the login form.",
            metavar="PATH",
            show_default="looked for",
            rich_help_panel=_FOUND,
        ),
    ] = None,
    route: Annotated[
        str | None,
        typer.Option(
            "--route",
            help="The kind of page that decides.",
            metavar="ROUTE",
            show_default="the one asked for most",
            rich_help_panel=_FOUND,
        ),
    ] = None,
    accounts: Annotated[
        Path | None,
        typer.Option(
            "--accounts",
            help="Members who are to read too: CSV with login,password. Two are logged in, and a recipe is written.",
            metavar="FILE.csv",
            rich_help_panel=_FOUND,
        ),
    ] = None,
    login: Annotated[
        Path | None,
        typer.Option(
            "--login",
            help="A login recipe that is there already, instead of --accounts.",
            metavar="FILE.toml",
            rich_help_panel=_FOUND,
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="Name of the trial.", show_default="that of the plan or its folder")
    ] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Why the change is made.")] = None,
    i_may_load: Annotated[
        list[str] | None,
        typer.Option(
            "--i-may-load", help="Name of a host, other than this machine, you may load; repeatable.", metavar="HOST"
        ),
    ] = None,
    ca_file: Annotated[
        Path | None,
        typer.Option("--ca-file", help="Authorities (PEM) to trust instead of the system's.", metavar="FILE.pem"),
    ] = None,
    insecure: Annotated[bool, typer.Option("--insecure", help="Accept any certificate.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing; take what was found.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Write over files that are there.")] = False,
) -> int:
    """Look at a site, and write a commented plan for a trial of it: what was found, and what else could be chosen.

    Each version is started, asked for its sitemap, cache headers and login form, and stopped again. See
    docs/my-own-site.md.
    """
    from harness.init import texts
    from harness.init.survey import cache_readings
    from harness.progress import Steps

    if login is not None and accounts is not None:
        raise UsageError(f"--login {login} and --accounts {accounts} exclude each other: a recipe names its accounts")
    if login is not None and not login.is_file():
        raise UsageError(f"there is no recipe {login}; with --accounts FILE, anp init writes one")
    if not ready.startswith("/"):
        raise UsageError(f"--ready {ready!r} is not a path; it begins with /")
    if not plan.parent.is_dir():
        raise UsageError(f"there is no folder {plan.parent} for {plan.name}; make it, or name another")
    _refuse_to_overwrite([plan], force=force)
    url = None if url is None else _origin(url)
    trust = _trust(ca_file, insecure=insecure)
    steps = Steps()
    questions = _Questions(steps, asks=not yes and sys.stdin.isatty() and sys.stderr.isatty())
    arms, is_asked = _arms(
        questions,
        (before_command, after_command),
        (before_env or [], after_env or []),
        (before_url, after_url),
        (before_switch, after_switch),
        url,
        i_may_load or (),
    )
    _require_leave([url, *(arm.plan.url for arm in arms), sitemap], i_may_load or ())

    files: dict[Path, str] = {}
    members = None if login is None else texts.Members(_from(plan, login))
    caches = {}
    start = partial(_serve, steps, folder=folder, slot=url, ready=ready, seconds=ready_seconds, trust=trust)
    for place in range(1 if url is not None else 2):
        with ExitStack() as running:
            address, arms = _start(running, start, arms, place, questions if is_asked else None, i_may_load or ())
            arm = arms[place]
            if place == 0:
                found = _survey(questions, steps, address, sitemap, alias or (), login_page, i_may_load or (), trust)
                decides = _route(questions, found, route)
                if login is None:
                    members = _members(questions, steps, address, found.login, accounts, plan, files, trust)
            if url is None:
                page = found.addresses.example(decides)
                caches[arm.name] = cache_readings(address, page, trust)
                steps.say(f"  {arm.name}: {texts.cache_words(caches[arm.name])}, of {page}")
    if found.addresses.source is None:
        listed = _beside(plan, "urls.txt")
        source = ("urls", listed.name)
        files[listed] = texts.urls_text(found.addresses)
    else:
        source = ("sitemap", _sitemap_from(plan, found.addresses.source))
    draft = texts.Draft(
        file=plan.name,
        name=questions.ask("Name of the trial", _name_of(plan)) if name is None else name,
        reason=questions.ask("What is changed, and why (one sentence)") if reason is None else reason,
        arms=arms,
        folder=_from(plan, folder),
        slot=url,
        ready=ready,
        ready_seconds=ready_seconds,
        found=found,
        route=decides,
        source=source,
        caches=caches,
        members=members,
        i_may_load=tuple(i_may_load or ()),
        ca_file=None if ca_file is None else _from(plan, ca_file),
        insecure=insecure,
    )
    files[plan] = texts.plan_text(draft)
    _refuse_to_overwrite(files, force=force)
    for file, text in files.items():
        _write(file, text)
        typer.echo(file)
    steps.say(f"next: anp trial {plan} --plan-only, which says how many launches it takes; then anp trial {plan}")
    return ExitCode.FINE


class _Questions:
    """Asks a person, if one is there; else the answer is the default."""

    def __init__(self, steps: Steps, *, asks: bool) -> None:
        self.asks = asks
        self._steps = steps

    def say(self, error: HarnessError) -> None:
        """What is wrong with an answer, in one line."""
        self._steps.say(f"  {error}")

    def settle(self, question: str, default: str, meaning: Callable[[str], Meaning]) -> Meaning:
        """What an answer means; of one that is wrong a person is told why, and asked again.

        Raises:
            UsageError, TargetError: The default is wrong, and nobody is there.
        """
        while True:
            try:
                return meaning(self.ask(question, default))
            except (UsageError, TargetError) as error:
                if not self.asks:
                    raise
                self.say(error)

    def ask(self, question: str, default: str = "", *, secret: bool = False) -> str:
        """The answer; no answer is the default."""
        if not self.asks:
            return default
        from rich.console import Console
        from rich.prompt import Prompt
        from rich.text import Text

        wishes = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        previous = {wish: signal.signal(wish, signal.default_int_handler) for wish in wishes}  # nobody polls here
        try:
            return Prompt.ask(
                Text(question),
                default=default,
                show_default=bool(default),
                password=secret,
                console=Console(stderr=True, highlight=False),
            )
        except EOFError:
            raise KeyboardInterrupt from None
        finally:
            for wish, handler in previous.items():
                signal.signal(wish, handler)


@contextmanager
def _serve(steps: Steps, arm: Arm, folder: Path, *, ready: str, **how: Any) -> Iterator[str]:
    """A version that answers: its address."""
    from harness.init.arms import serving

    with ExitStack() as running:
        with steps.step(f"{arm.name}: answers at {ready}"):
            address = running.enter_context(serving(arm, folder, ready=ready, **how))
        yield address


def _start(
    running: ExitStack,
    start: Callable[[Arm], AbstractContextManager[str]],
    arms: tuple[Arm, Arm],
    place: int,
    questions: _Questions | None,
    may_load: Sequence[str],
) -> tuple[str, tuple[Arm, Arm]]:
    """Start a version, until ``running`` is closed, and give its address and both versions.

    Where a person said what they are, one that does not answer is asked for again.
    """
    while True:
        try:
            return running.enter_context(start(arms[place])), arms
        except (TargetError, UsageError) as error:
            if questions is None:
                raise
            questions.say(error)
            arms = _ask_again(questions, arms, place, may_load)


def _ask_arms(questions: _Questions, may_load: Sequence[str]) -> tuple[Arm, Arm]:
    """Both versions, from a person."""
    before = _ask_before(questions, may_load)
    return before, _ask_after(questions, before, may_load)


def _ask_before(questions: _Questions, may_load: Sequence[str]) -> Arm:
    """The version before, from a person."""
    command = questions.settle(
        "Command that starts the site, {port} for its port (empty: it runs already)",
        "",
        lambda answer: answer and _command("before", answer),
    )
    return _ask_variables(questions, "before", command) if command else _ask_address(questions, "before", "", may_load)


def _ask_after(questions: _Questions, before: Arm, may_load: Sequence[str]) -> Arm:
    """The version after, which is reached in the way of the one before and is another."""
    while True:
        if before.plan.command:
            command = _ask_command(questions, "after", str(before.plan.command))
            after = _ask_variables(questions, "after", command)
        else:
            after = _ask_address(questions, "after", "", may_load)
        try:
            _require_difference(before, after)
        except UsageError as error:
            questions.say(error)
        else:
            return after


def _ask_again(questions: _Questions, arms: tuple[Arm, Arm], place: int, may_load: Sequence[str]) -> tuple[Arm, Arm]:
    """Both versions, after one of them did not answer: how that is reached is asked again, and the rest is kept."""
    from harness.init.arms import Arm

    wrong = arms[place]

    def meaning(answer: str) -> tuple[Arm, Arm]:
        said = {"command" if wrong.plan.command else "url": answer}
        _require_leave(said.values(), may_load)
        right = Arm.of(wrong.name, env=wrong.plan.env, **said)
        before, after = (right, arms[1]) if place == 0 else (arms[0], right)
        if place == 0 and wrong.plan.command == after.plan.command is not None:  # Enter took the one for the other
            after = Arm.of(after.name, env=after.plan.env, **said)
        _require_difference(before, after)
        return before, after

    what = "Command" if wrong.plan.command else "Address"
    return questions.settle(f"{what} {wrong.name} the change", str(wrong.plan.command or wrong.plan.url), meaning)


def _ask_command(questions: _Questions, arm: str, default: str) -> str:
    return questions.settle(f"Command {arm} the change", default, lambda answer: _command(arm, answer))


def _ask_variables(questions: _Questions, arm: str, command: str) -> Arm:
    from harness.init.arms import Arm

    def meaning(answer: str) -> Arm:
        try:
            words = shlex.split(answer)
        except ValueError as error:
            raise UsageError(f"{answer!r} cannot be split into words ({error}); close its quotes") from None
        return Arm.of(arm, command=command, env=_variables(f"--{arm}-env", words))

    return questions.settle(f"Its variables {arm} the change, NAME=VALUE …", "", meaning)


def _ask_address(questions: _Questions, arm: str, default: str, may_load: Sequence[str]) -> Arm:
    from harness.init.arms import Arm

    def meaning(answer: str) -> Arm:
        _require_leave([answer], may_load)
        return Arm.of(arm, url=answer)

    return questions.settle(f"Address {arm} the change", default, meaning)


def _command(arm: str, answer: str) -> str:
    from harness.init.arms import Arm

    Arm.of(arm, command=answer)
    return answer


def _arms(
    questions: _Questions,
    commands: tuple[str | None, str | None],
    environments: tuple[Sequence[str], Sequence[str]],
    urls: tuple[str | None, str | None],
    switches: tuple[str | None, str | None],
    slot: str | None,
    may_load: Sequence[str],
) -> tuple[tuple[Arm, Arm], bool]:
    """Both versions, and whether a person said what they are, for no flag said anything of them."""
    from harness.init.arms import Arm

    if questions.asks and not any([*commands, *environments, *urls, *switches, slot]):
        return _ask_arms(questions, may_load), True
    ways = {"command": commands, "url": urls, "switch": switches}
    arms = []
    for place, arm_name in enumerate(("before", "after")):
        said = {way: words[place] for way, words in ways.items() if words[place]}
        if arm_name == "after" and not said and commands[0]:
            said = {"command": commands[0]}
        if len(said) != 1:
            given = " and ".join(f"--{arm_name}-{way}" for way in said)
            raise UsageError(
                f"{f'{given} exclude each other' if given else f'nothing says what {arm_name} is'}; give one: "
                f"--{arm_name}-command COMMAND, --{arm_name}-url URL, or --{arm_name}-switch COMMAND with --url URL. "
                "At a terminal, anp init asks"
            )
        variables = _variables(f"--{arm_name}-env", environments[place])
        arms.append(Arm.of(arm_name, env=variables, **said))
    before, after = arms
    if before.plan.kind != after.plan.kind:
        raise UsageError(
            f"before has {before.plan.kind_in_words} and after {after.plan.kind_in_words}; give both the same, for "
            "arms are compared that are reached in one way"
        )
    if bool(slot) != bool(before.plan.switch):
        raise UsageError("one place for both versions takes all three: --url, --before-switch and --after-switch")
    _require_difference(before, after)
    return (before, after), False


def _require_difference(before: Arm, after: Arm) -> None:
    if before.plan == after.plan:
        raise UsageError(
            "before and after are the same; say in what they differ, for instance with --after-env or --after-command"
        )


def _origin(address: str) -> str:
    from harness.arms_plan import origin

    try:
        return origin(address)
    except ValueError as error:
        raise UsageError(f"--{error}") from None


def _variables(option: str, words: Sequence[str]) -> dict[str, str]:
    variables = {}
    for word in words:
        variable, equals, value = word.partition("=")
        if not equals or not variable:
            raise UsageError(f"{option} {word!r} is not NAME=VALUE; for instance {option} PAGE_CACHE=on")
        variables[variable] = value
    return variables


def _trust(ca_file: Path | None, *, insecure: bool) -> Trust:
    """Whose certificates to believe."""
    import ssl

    if ca_file is None and not insecure:
        return None
    try:
        trust = ssl.create_default_context(cafile=ca_file)
    except OSError as error:  # one of ssl's own included
        raise UsageError(f"--ca-file {ca_file} holds no certificates ({error.strerror or error})") from None
    if insecure:
        trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    return trust


def _require_leave(addresses: Iterable[str | None], may_load: Sequence[str]) -> None:
    """Refuse hosts that nobody gave leave to ask; a sitemap that is a path or a file has none."""
    for address in addresses:
        if address is None or not address.startswith(("http://", "https://")):
            continue
        try:
            host = urlsplit(address).hostname or ""
        except ValueError as error:
            raise UsageError(f"{address!r} is not an address ({error})") from None
        if not is_this_machine(host) and host not in may_load:
            raise UsageError(f"{host} is not this machine. If you are allowed to load it, say so: --i-may-load {host}")


def _survey(
    questions: _Questions,
    steps: Steps,
    address: str,
    sitemap: str | None,
    aliases: Sequence[str],
    login_page: str | None,
    may_load: Sequence[str],
    trust: Trust,
) -> Survey:
    from harness.init.survey import survey
    from harness.init.texts import addresses_words

    found = survey(address, sitemap=sitemap, aliases=aliases, login_page=login_page, trust=trust)
    if sitemap is None:
        known = found.addresses.source or ""
        looked_at = found

        def look(answer: str) -> Survey:
            if answer == known:
                return looked_at
            _require_leave([answer], may_load)
            return survey(address, sitemap=answer, aliases=aliases, login_page=login_page, trust=trust)

        found = questions.settle("Sitemap" if known else "Sitemap (empty: where the home page leads)", known, look)
    source = found.addresses.source or "no sitemap; where the home page leads"
    names = f", which calls the site {' and '.join(found.addresses.aliases)}" if found.addresses.aliases else ""
    steps.say(f"  {source}{names}: {addresses_words(found.addresses)}")
    if found.login is None:
        steps.say("  no login form was found")
    else:
        steps.say(f"  a login form is at {found.login.page} (fields {found.login.login} and {found.login.password})")
    return found


def _route(questions: _Questions, found: Survey, given: str | None) -> str:
    """The route that decides: of those there are, the one that was asked for, or the busiest."""
    known = found.addresses.deciding()

    def meaning(route: str) -> str:
        if route not in known:
            raise UsageError(unknown("route" if given is None else "route for --route", route, known))
        return route

    if given is not None:
        return meaning(given)
    return questions.settle("Route that decides", found.addresses.busiest(), meaning)


def _members(
    questions: _Questions,
    steps: Steps,
    address: str,
    form: LoginForm | None,
    given: Path | None,
    plan: Path,
    files: dict[Path, str],
    trust: Trust,
) -> Members | None:
    """Log members in and put their recipe among the files, if there are accounts."""
    from harness.init.members import MOST_ACCOUNTS, accounts_text, find_marks
    from harness.init.texts import Members, recipe_text

    if form is None:
        if given is not None:
            raise UsageError(f"--accounts {given} has no effect, for no login form was found; say where: --login-page")
        return None
    while True:
        try:
            file, accounts = _accounts(questions, plan, given)
            if not accounts:
                return None
            marks = find_marks(address, form, accounts, trust)
            break
        except (TargetError, UsageError) as error:
            if given is not None or not questions.asks:
                raise
            questions.say(error)
    steps.say(f"  {counted(marks.tried, 'member')} logged in; {marks.page} then shows {marks.logged_in!r}")
    recipe = _beside(plan, "login.toml")
    if given is None and not file.exists():
        files[file] = accounts_text(accounts)
    files[recipe] = recipe_text(form, marks, _from(recipe, file))
    return Members(recipe.name, min(len(accounts), MOST_ACCOUNTS), marks)


def _accounts(questions: _Questions, plan: Path, given: Path | None) -> tuple[Path, list[Account]]:
    """The accounts, and the file that they are in, or will be."""
    from harness.init.members import read_accounts
    from locustfiles._recipe import Account

    if given is not None:
        return given, read_accounts(given)
    usual = plan.with_name("accounts.csv")
    answer = questions.ask(
        "Members: a CSV file with login,password, or the login of one (empty: readers alone)",
        str(usual) if usual.exists() and questions.asks else "",
    )
    if not answer:
        return usual, []
    if Path(answer).exists() or answer.endswith(".csv"):
        return Path(answer), read_accounts(Path(answer))
    return usual, [Account(answer, questions.ask(f"Password of {answer}", secret=True))]


def _beside(plan: Path, name: str) -> Path:
    """A file that goes with a plan; one of another name than plan.toml gives its own to it."""
    return plan.with_name(name if plan.stem == "plan" else f"{plan.stem}-{name}")


def _sitemap_from(plan: Path, source: str) -> str:
    """A sitemap as the plan names it: a path or an address as it is, a file from the plan's folder."""
    return source if source.startswith(("/", "http://", "https://")) else _from(plan, Path(source))


def _from(file: Path, target: Path) -> str:
    """A path as a file names it, which counts from its own folder."""
    return os.path.relpath(target, file.parent)


def _name_of(plan: Path) -> str:
    words = plan.resolve().parent.name if plan.stem == "plan" else plan.stem
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", words).strip("-.") or "trial"


def _refuse_to_overwrite(files: Iterable[Path], *, force: bool) -> None:
    for file in files:
        if file.exists() and not force:
            raise UsageError(f"{file} is there already; name another plan, or write over it with --force")


def _write(file: Path, text: str) -> None:
    """Write a file; one with passwords is for its owner's eyes."""
    mask = os.umask(0o077) if file.suffix == ".csv" else None
    try:
        options.write_text(file, text)
    finally:
        if mask is not None:
            os.umask(mask)
