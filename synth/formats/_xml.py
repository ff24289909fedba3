"""What text may stand in an XML file, and what becomes of the rest."""

from __future__ import annotations

import re
from datetime import datetime
from xml.sax.saxutils import escape

_ODD = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")
_LINE_ENDS = re.compile("\r\n?")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def legal(text: str) -> str:
    """Return a text as an XML reader gives it back.

    A line ends in a line feed, as readers make one of every other ending. Characters that no XML file may hold,
    escaped or not, become U+FFFD, the character that stands for one that could not be shown.
    """
    if _ODD.search(text) is None:
        return text
    return _ODD.sub("\ufffd", _LINE_ENDS.sub("\n", text))


def cdata(text: str) -> str:
    """Return a text as it stands, in CDATA sections: one, or as many as it takes for none to end early."""
    return f"<![CDATA[{legal(text).replace(']]>', ']]]]><![CDATA[>')}]]>"


def attribute(text: str) -> str:
    """Return a text for an attribute in double quotes; white space in it becomes spaces for whoever reads it."""
    return escape(legal(text), {'"': "&quot;"})


def rfc822(moment: datetime) -> str:
    """Return a moment in UTC as RSS has it, in English whatever the locale."""
    return f"{_DAYS[moment.weekday()]}, {moment:%d} {_MONTHS[moment.month - 1]} {moment:%Y %H:%M:%S} +0000"
