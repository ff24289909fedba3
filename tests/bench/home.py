"""Our side of the speed benches: one page, asked for again and again.

Visitors of the closed workload do not stop to read here, as the connections of other load tools do not.
"""

from locustfiles import _engine
from locustfiles._scenario import Persona, Scenario
from locustfiles._swarm import SwarmUser

_engine.THINK_S = 0.0


class Visitor(SwarmUser):
    """Asks for the home page."""

    scenario = Scenario("home", "the home page only", (Persona("reader", share=1.0, routes={"home": 1.0}),))
