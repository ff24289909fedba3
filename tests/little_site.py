"""A small site that is not ours, for trials of commands, addresses and switched slots.

    python little_site.py PORT [word…]

Words: ``other`` serves other addresses, ``crash`` ends with a message, ``deaf`` never listens, ``daemon`` goes into the
background, ``child`` leaves a process in its group that ignores SIGTERM, ``taken`` ends once as if its port were taken.
In the environment, ``LITTLE_DELAY`` is how many seconds a page takes, ``LITTLE_STATE`` a file that says so anew each
time, and ``LITTLE_BYTES`` how long a page is.
"""

from __future__ import annotations

import http.server
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

PAGES = 12


class Handler(http.server.BaseHTTPRequestHandler):
    """Pages with a cache header that says they were made."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or a body, written after its head, would often wait 40 ms for an acknowledgement

    def do_GET(self) -> None:
        """Answer with a page, the sitemap, or 404."""
        kind = "news" if "other" in sys.argv else "posts"
        if self.path == "/sitemap.xml":
            urls = "".join(f"<url><loc>http://little.example/{kind}/{n}</loc></url>" for n in range(PAGES))
            body = f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urls}</urlset>'.encode()
        elif self.path == "/" or re.fullmatch(rf"/{kind}/\d+", self.path):
            state = os.environ.get("LITTLE_STATE")
            delay = Path(state).read_text() if state else os.environ.get("LITTLE_DELAY", "0")
            threading.Event().wait(float(delay))
            body = f"<h1>{self.path}</h1>".encode() + b"." * int(os.environ.get("LITTLE_BYTES", "2000"))
        else:
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("X-Cache", "MISS")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def main() -> None:
    """Do what the words say."""
    if "crash" in sys.argv:
        sys.exit("error: no such table: posts")
    if "deaf" in sys.argv:
        threading.Event().wait()
    if "taken" in sys.argv and not (mark := Path("taken")).exists():
        mark.touch()
        sys.exit("OSError: [Errno 98] Address already in use")
    if "daemon" in sys.argv:
        rest = [word for word in sys.argv if word != "daemon"]
        subprocess.Popen([sys.executable, *rest], start_new_session=True)
        return
    if "child" in sys.argv:
        script = "import signal, threading; signal.signal(signal.SIGTERM, signal.SIG_IGN); threading.Event().wait()"
        child = subprocess.Popen([sys.executable, "-c", script])
        with Path("children").open("a") as file:
            file.write(f"{child.pid}\n")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
