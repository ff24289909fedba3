"""The site's errors: each message is one line that says what happened, the value, and the remedy."""


class SiteError(Exception):
    """Anything the site refuses to do; the command line prints it after ``error:`` and exits with 2."""


class SettingError(SiteError):
    """A ``--set`` assignment names an unknown setting or gives it a value it does not take."""


class DatabaseFileError(SiteError):
    """The database file is missing, is not ours, is half imported, or holds something else than was asked for."""


class ArticleFileError(SiteError):
    """A file of articles cannot be read, or a line of it is no article."""


class ListenError(SiteError):
    """The server cannot listen or run where it was told to: host, port or processor."""


class LogFileError(SiteError):
    """The access log cannot be written."""
