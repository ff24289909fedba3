"""Our side of the soak: many pages, some of them asked for once more by whoever has seen them, without a pause."""

from locustfiles import _engine
from locustfiles._scenario import Persona, Scenario
from locustfiles._swarm import SwarmUser

_engine.THINK_S = 0.0


class Visitor(SwarmUser):
    """Reads articles."""

    scenario = Scenario(
        "reading",
        "articles by popularity, one in ten for the second time",
        (Persona("reader", share=1.0, routes={"article": 0.9, "home": 0.1}, revisits=0.1),),
    )
