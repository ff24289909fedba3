"""The mix that oss-performance published for WordPress: many articles, but every second to third request is not one.

Of 203 requests 100 are for the long tail of articles, 13 for three popular ones, 50 for the front page and 40 for the
feed. Here articles come by Zipf popularity (``--zipf``), tail and popular ones together. Feed readers weigh more than
in ``cache_hit``, and a feed is the page that an edit makes stale most often.

    locust -f locustfiles/wordpress_mix.py --host http://127.0.0.1:8000
"""

from locustfiles._scenario import Persona, Scenario
from locustfiles._swarm import SwarmUser

SCENARIO = Scenario(
    name="wordpress_mix",
    summary="articles, front page and feed in the shares that oss-performance published for WordPress",
    personas=(Persona("reader", share=1.0, routes={"article": 113 / 203, "home": 50 / 203, "feed": 40 / 203}),),
)


class Reader(SwarmUser):
    """An anonymous visitor."""

    scenario = SCENARIO
