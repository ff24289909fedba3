"""A crawler walks through the whole site while readers read: the long tail that no cache holds yet.

One request in three is the crawler's: robots.txt, the sitemap, then every article in the order of the sitemap, one
after the other at an even pace, whoever reads them. Pages that nobody has asked for are made and stored for it, and may
push
out what readers want. Compare the readers' cells with those of ``cache_hit``.

    locust -f locustfiles/crawl.py --host http://127.0.0.1:8000 --rate 150
"""

from locustfiles._scenario import Persona, Scenario
from locustfiles._swarm import SwarmUser

SCENARIO = Scenario(
    name="crawl",
    summary="a crawler in sitemap order beside anonymous readers",
    personas=(
        Persona("reader", share=2.0, routes={"article": 0.80, "home": 0.12, "listing": 0.04, "tag": 0.04}),
        Persona("crawler", share=1.0, tours=True),
    ),
)


class Visitor(SwarmUser):
    """A seat from which readers and the crawler make their requests."""

    scenario = SCENARIO
