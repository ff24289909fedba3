"""Members only: every page is made for its viewer, so the page cache must stand aside.

Each member logs in once, before the measured time, and reads with that session: articles with a greeting, the member's
own page, the home page and listings. Every answer must be a BYPASS that shows the right viewer; one page of a member
that reaches another is a leak and makes the run invalid.

    locust -f locustfiles/logged_in.py --host http://127.0.0.1:8000 --members 20
"""

from locustfiles._scenario import Persona, Scenario
from locustfiles._swarm import SwarmUser

SCENARIO = Scenario(
    name="logged_in",
    summary="members with verified sessions, whose pages must bypass the cache",
    personas=(
        Persona(
            "member",
            share=1.0,
            routes={"article": 0.65, "me": 0.15, "home": 0.15, "listing": 0.05},
            logged_in=True,
        ),
    ),
)


class Member(SwarmUser):
    """A seat from which members read."""

    scenario = SCENARIO
