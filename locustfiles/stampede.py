"""The whole cache is emptied under load, again and again: do readers then wait for one page made, or for fifty?

Readers crowd on the home page and the most read articles. Every five seconds (``--event-every`` changes it) everything
is purged, so that many ask at the same moment for a page that nobody holds. A site that lets one request make the
page and the others wait for it (``coalesce=on``) costs its readers one rendering; one that does not makes it many times
over.
With a short ``cache_ttl`` pages also expire under load. On another site single pages are purged by the PURGE method.

    locust -f locustfiles/stampede.py --host http://127.0.0.1:8000 --rate 300 --zipf 1.2
"""

from locustfiles._scenario import Persona, Scenario
from locustfiles._swarm import SwarmUser

SCENARIO = Scenario(
    name="stampede",
    summary="a crowd of readers whose cache is emptied every few seconds",
    personas=(
        Persona("reader", share=1.0, routes={"article": 0.70, "home": 0.30}),
        Persona("operator", routes={"purge": 1.0}, every_s=5.0),
    ),
)


class Visitor(SwarmUser):
    """A seat from which readers and the operator make their requests."""

    scenario = SCENARIO
