"""Editors change articles while readers read: what a page cache must drop at once, and what it may keep.

Every two seconds (``--event-every`` changes it) an editor stores the next edition of an article, a much read one more
often than a rare one, and the site purges what shows it. From the moment the editor has the answer, no reader may be
shown an older edition: one stale page makes the run invalid (``--stale-allowance`` gives a site behind a CDN its time).
In the record, misses of readers tell how much more was dropped than had changed.

    locust -f locustfiles/publish_and_purge.py --host http://127.0.0.1:8000 --prepare warm
"""

from locustfiles._scenario import Persona, Scenario
from locustfiles._swarm import SwarmUser

SCENARIO = Scenario(
    name="publish_and_purge",
    summary="editors change articles while anonymous readers read them",
    personas=(
        Persona(
            "reader", share=1.0, routes={"article": 0.80, "home": 0.12, "listing": 0.04, "tag": 0.04}, revisits=0.1
        ),
        Persona("editor", routes={"edit": 1.0}, every_s=2.0),
    ),
)


class Visitor(SwarmUser):
    """A seat from which readers and editors make their requests."""

    scenario = SCENARIO
