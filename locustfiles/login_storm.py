"""Members come in one after another while readers read: what a log-in costs those who only wanted a page.

Every half second (``--event-every`` changes it) a member with a new browser logs in and looks at the own page; checking
a password is made slow on purpose, and must not hold up pages. Log-in, and the page after it, are requests of their own
in the record; who came in is checked.

    locust -f locustfiles/login_storm.py --host http://127.0.0.1:8000 --event-every 0.2
"""

from locustfiles._scenario import Persona, Scenario
from locustfiles._swarm import SwarmUser

SCENARIO = Scenario(
    name="login_storm",
    summary="members who log in, one after another, beside anonymous readers",
    personas=(
        Persona("reader", share=1.0, routes={"article": 0.80, "home": 0.20}),
        Persona("arrival", routes={"login": 1.0}, every_s=0.5),
    ),
)


class Visitor(SwarmUser):
    """A seat from which readers and arriving members make their requests."""

    scenario = SCENARIO
