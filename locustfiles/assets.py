"""Pages with what they need: style sheets and drawings, asked for once and then again with a validator.

A browser that opens an article fetches its files beside it, and most visitors come back to files they hold: those
requests carry the validator they were given, and a site that answers 304 sends no body. Small, many, and never made
anew: the traffic that shows what an answer costs beyond its page.

    locust -f locustfiles/assets.py --host http://127.0.0.1:8000
"""

from locustfiles._scenario import Persona, Scenario
from locustfiles._swarm import SwarmUser

SCENARIO = Scenario(
    name="assets",
    summary="articles with their style sheets and drawings, often revalidated",
    personas=(
        Persona("reader", share=0.4, routes={"article": 0.9, "home": 0.1}),
        Persona("browser", share=0.6, routes={"static": 0.4, "image": 0.6}, revisits=0.5),
    ),
)


class Browser(SwarmUser):
    """A seat from which pages and their files are asked for."""

    scenario = SCENARIO
