"""When an article was published, modified and last reviewed; never later than one fixed day.

Published is at or before modified, modified is on or before last reviewed, and that is on or before `AS_OF`:
no clock is ever read. The last four weeks before it are kept free for revisions, which are forty minutes
apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

AS_OF = datetime(2026, 7, 31, tzinfo=UTC)
"""The day the whole corpus is seen from."""

MAX_REVISION = 1000
"""The last revision: later ones would be modified after `AS_OF`."""

_FIRST = datetime(2018, 1, 1, tzinfo=UTC)
_LAST_EDIT = AS_OF - timedelta(days=28)
_BETWEEN_REVISIONS = timedelta(minutes=40)
_DAY_SECONDS = 86_400
_DAYS = (_LAST_EDIT - _FIRST).days - 3
_FIRST_WEEKDAY = _FIRST.weekday()
_LAST_EDIT_SECONDS = int((_LAST_EDIT - _FIRST).total_seconds())
_AS_OF_DAY = AS_OF.toordinal()
# How many of 32 posts appear in each hour of the day (UTC): few at night, most in the morning.
_HOURS = (
    7,
    7,
    8,
    8,
    8,
    8,
    9,
    9,
    9,
    9,
    9,
    10,
    10,
    10,
    10,
    11,
    11,
    11,
    12,
    13,
    13,
    13,
    14,
    14,
    14,
    15,
    15,
    16,
    17,
    19,
    21,
    2,
)


@dataclass(frozen=True, slots=True)
class Dates:
    """The three dates of an article at one revision, in order."""

    published: datetime
    modified: datetime
    last_reviewed: date


def classic(reviewed: int, modified: int, published: int, revision: int) -> Dates:
    """Return dates as the original draws them: the last review uniform over 2,000 days, the others before it.

    Args:
        reviewed: Drawn below 2**32.
        modified: How long before it was reviewed, below 2**32.
        published: How long before it was modified, below 2**32.
        revision: The revision asked for.
    """
    review = _LAST_EDIT - timedelta(0, reviewed * 2000 * _DAY_SECONDS >> 32)
    change = review - timedelta(0, modified * 120 * _DAY_SECONDS >> 32)
    first = change - timedelta(0, published * 400 * _DAY_SECONDS >> 32)
    change += revision * _BETWEEN_REVISIONS
    return Dates(first, change, max(review, change).date())


def natural(
    days: tuple[int, int],
    weekend: int,
    hour: int,
    second: int,
    edited: int,
    reviewed: int,
    edits: int,
    revision: int,
    quantiles: tuple[date, ...] = (),
) -> Dates:
    """Return dates as a growing site has them: more posts every year, on working days, in the morning.

    Args:
        days: Two draws of the day, each below 2**16.
        weekend: Whether a weekend is avoided, below 2**8.
        hour: Of the day, below 2**8.
        second: Of the hour, below 2**16.
        edited: When it was edited last, below 2**32.
        reviewed: When it was reviewed last, below 2**16.
        edits: How often the article was edited before its first revision here; 0 leaves modified at published.
        revision: The revision asked for.
        quantiles: Days of publication, evenly spaced in their distribution, from the first to the last; none: more
            posts every year. A day after the last on which anything is published is taken for that.
    """
    # The larger of two uniform days: the density of posts grows in proportion to the age of the site.
    day = _quantile(quantiles, days[0]) if quantiles else max(days) * _DAYS >> 16
    weekday = (day + _FIRST_WEEKDAY) % 7
    if weekday > 4 and weekend >> 5 and not quantiles:
        day += 7 - weekday
    seconds = day * _DAY_SECONDS + _HOURS[hour >> 3] * 3600 + (second * 3600 >> 16)
    published = _FIRST + timedelta(0, seconds)
    modified = published
    if edits:
        modified += timedelta(0, 1 + (edited * (_LAST_EDIT_SECONDS - seconds) >> 32))
    if revision:
        modified += revision * _BETWEEN_REVISIONS
    day = modified.toordinal()
    return Dates(published, modified, date.fromordinal(day + (reviewed * (_AS_OF_DAY - day + 1) >> 16)))


def _quantile(quantiles: tuple[date, ...], drawn: int) -> int:
    """Return the day, counted from the first there is, at a place from 0 to 2**16 between the first and the last."""
    step, rest = divmod(drawn * (len(quantiles) - 1), 1 << 16)
    low, high = quantiles[step].toordinal(), quantiles[step + 1].toordinal()
    return min(low + ((high - low) * rest >> 16) - _FIRST.toordinal(), _DAYS)
