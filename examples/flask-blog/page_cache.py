"""A page cache within the application: whole pages of readers, kept in memory for some seconds.

Members pass by, in both directions: what is made for one is neither taken from the cache nor put into it. Every page
says in ``X-Cache`` what happened: HIT, MISS, or BYPASS where the cache was not asked.
"""

import threading
import time

from flask import make_response, request, session


class PageCache:
    """Pages by path and query.

    Args:
        app: The application.
        seconds: How long a page is kept; 0 keeps none.
        most: Pages kept at most; the oldest goes first.
    """

    def __init__(self, app, seconds, most=1000):
        self._seconds = seconds
        self._most = most
        self._pages = {}
        self._lock = threading.Lock()
        app.before_request(self._look_up)
        app.after_request(self._keep)

    def _is_asked(self):
        is_page = request.endpoint not in {None, "static", "login", "logout", "account"}
        return self._seconds > 0 and request.method == "GET" and is_page and "member" not in session

    def _look_up(self):
        if not self._is_asked():
            return None
        with self._lock:
            until, body, media = self._pages.get(request.full_path, (0.0, b"", ""))
        if time.monotonic() >= until:
            return None
        response = make_response(body)
        response.content_type = media
        response.headers["X-Cache"] = "HIT"
        return response

    def _keep(self, response):
        if "X-Cache" in response.headers:
            return response
        is_asked = self._is_asked()
        response.headers["X-Cache"] = "MISS" if is_asked else "BYPASS"
        if is_asked and response.status_code == 200:
            with self._lock:
                self._pages.pop(request.full_path, None)
                while len(self._pages) >= self._most:
                    del self._pages[next(iter(self._pages))]
                kept = (time.monotonic() + self._seconds, response.get_data(), response.content_type)
                self._pages[request.full_path] = kept
        return response
