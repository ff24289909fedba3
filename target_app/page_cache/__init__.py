"""The page cache: a small engine that goes around an ASGI application as its outermost layer.

``fields`` reads headers and ``policy`` decides (both pure), ``store`` keeps and purges, ``flight`` lets one render
answer many, ``representation`` makes finished bytes of a response, ``engine`` does the input and output, and ``report``
says what was done. Clock and coin are handed in.
"""

from target_app.page_cache.engine import NOT_KEPT, Answer, Options, PageCache
from target_app.page_cache.exchange import EXCHANGE, Exchange
from target_app.page_cache.policy import PROFILES, RFC, SITE, Profile
from target_app.page_cache.report import Reported

__all__ = [
    "EXCHANGE",
    "NOT_KEPT",
    "PROFILES",
    "RFC",
    "SITE",
    "Answer",
    "Exchange",
    "Options",
    "PageCache",
    "Profile",
    "Reported",
]
