"""An API fuzzer at the running site: whatever it sends gets a documented status, and never one of a failure.

Schemathesis makes requests from the own description of the site, right ones and wrong ones, alone and in chains,
and holds every answer against that description.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.servers import import_site, reference_site

pytestmark = pytest.mark.deep
EXAMPLES = os.environ.get("FUZZ_EXAMPLES", "25")
"""For each operation and phase: as many as take about a minute of one processor, half of it for what is fixed."""
# A change that names no state of the article, or one that has passed, has a status of its own. What an article may hold
# in all its parts together is more than a body may, which is the first to be found out. Ten wrong tokens close a site
# to the right one too, so none is made up: how they are refused is in tests/unit/target_app/test_openapi.py.
_CONFIG = """
[generation]
with-security-parameters = false

[checks]
positive_data_acceptance.expected-statuses = ["2xx", 403, 404, 409, 412, 413, 422, 428]
negative_data_rejection.expected-statuses = [400, 403, 404, 405, 409, 413, 415, 422, 428]
missing_required_header.expected-statuses = [403, 422, 428]

[[operations]]
include-name = "PUT /api/v1/articles/{id}"
parameters = { "path.id" = 501, "header.if-match" = "*" }

[[operations]]
include-name = "PATCH /api/v1/articles/{id}"
parameters = { "path.id" = 502, "header.if-match" = "*" }

[[operations]]
include-name = "GET /api/v1/articles/{id}"
parameters = { "path.id" = 503 }
"""


@pytest.mark.parametrize("token", [(), ("--purge-token", "secret")], ids=["this_machine", "token"])
def test_every_answer_to_a_fuzzer_is_a_documented_one(token: tuple[str, ...], tmp_path: Path) -> None:
    """All checks hold in all phases, for this machine and for who has the token; afterwards the site still serves."""
    (tmp_path / "schemathesis.toml").write_text(_CONFIG)
    database = import_site(tmp_path / "site.db", count=20, members=1)
    with reference_site(database, options=token) as site:
        command = [Path(sys.executable).with_name("st"), "--config-file", tmp_path / "schemathesis.toml", "run"]
        command += [f"{site.url}/api/v1/openapi.json", "--checks", "all", "--max-examples", EXAMPLES, "--seed", "1"]
        command += ["--exclude-checks", "ignored_auth"]
        if token:
            command += ["--header", f"X-Anp-Token: {token[1]}"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=280, check=False)
        answers = httpx.get(f"{site.url}/").status_code, httpx.get(f"{site.url}/anp/stats").status_code
    assert done.returncode == 0, done.stdout[-6_000:] + done.stderr[-2_000:]
    made = re.search(r"(\d+) generated", done.stdout)
    assert made is not None, done.stdout[-2_000:]
    assert int(made[1]) > 200
    assert answers == (200, 200)
