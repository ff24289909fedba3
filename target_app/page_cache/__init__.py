"""The page cache: a small engine that goes around an ASGI application as its outermost layer.

``policy`` decides (pure), ``store`` keeps and purges, ``flight`` lets one render answer many, ``representation`` makes
finished bytes of a response, ``engine`` does the input and output. The clock is handed in.
"""

from target_app.page_cache.engine import Options, PageCache
from target_app.page_cache.exchange import EXCHANGE, Exchange

__all__ = ["EXCHANGE", "Exchange", "Options", "PageCache"]
