"""Anonymous readers of a site whose page cache should answer nearly everything.

Articles are asked for by Zipf popularity, the most viewed article the most often, as studies of web traffic keep
finding; some requests go to the home page, to older listings (the further back the rarer) and to the tags of popular
articles. One request in ten is of somebody who comes back to a page and asks, as browsers do, whether it has changed.
Nobody logs in and nobody sets a cookie, so whatever is not a hit was evicted, has expired, or is new.

    locust -f locustfiles/cache_hit.py --host http://127.0.0.1:8000
"""

from locustfiles._scenario import Persona, Scenario
from locustfiles._swarm import SwarmUser

SCENARIO = Scenario(
    name="cache_hit",
    summary="anonymous readers of articles and listings, by Zipf popularity",
    personas=(
        Persona(
            "reader", share=1.0, routes={"article": 0.80, "home": 0.12, "listing": 0.04, "tag": 0.04}, revisits=0.1
        ),
    ),
)


class Reader(SwarmUser):
    """An anonymous visitor."""

    scenario = SCENARIO
