r"""The everyday mix: nine requests of anonymous readers to one of a logged-in member (``--member-share`` changes it).

Readers come for articles by Zipf popularity and are served from the page cache where there is one; members read the
same articles with their name on them, look at their own page, and must bypass the cache. Both at once show what each
costs the other: members' pages occupy the site while hits wait.

    locust -f locustfiles/readers_and_members.py --host http://127.0.0.1:8000
    locust -f locustfiles/readers_and_members.py --headless -t 30s \
           --arm before=http://127.0.0.1:8001 --arm after=http://127.0.0.1:8002
"""

from locustfiles._scenario import Persona, Scenario
from locustfiles._swarm import SwarmUser

SCENARIO = Scenario(
    name="readers_and_members",
    summary="anonymous readers and logged-in members, nine to one",
    personas=(
        Persona(
            "reader", share=0.9, routes={"article": 0.80, "home": 0.12, "listing": 0.04, "tag": 0.04}, revisits=0.1
        ),
        Persona(
            "member",
            share=0.1,
            routes={"article": 0.65, "me": 0.20, "home": 0.15},
            logged_in=True,
        ),
    ),
)


class Visitor(SwarmUser):
    """A seat from which readers and members make their requests."""

    scenario = SCENARIO
