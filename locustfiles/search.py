"""Readers search: every answer is a query of the index, unless somebody asked the same a moment ago.

Half of the requests are searches, for tags and title words of much read articles, a few of them very often and most
rarely, as searches are; the others go to the articles found. A site may keep an answer for a short time.

    locust -f locustfiles/search.py --host http://127.0.0.1:8000
"""

from locustfiles._scenario import Persona, Scenario
from locustfiles._swarm import SwarmUser

SCENARIO = Scenario(
    name="search",
    summary="anonymous readers who search, and read what they found",
    personas=(Persona("reader", share=1.0, routes={"search": 0.50, "article": 0.45, "home": 0.05}),),
)


class Searcher(SwarmUser):
    """A visitor who searches."""

    scenario = SCENARIO
