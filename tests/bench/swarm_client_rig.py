"""One side of the client benchmark, in a process of its own because importing locust patches it.

Usage: ``python swarm_client_rig.py precise|fast URL SECONDS``. Prints requests per second of processor time with all
users always busy: what one core can do, whoever else uses the machine.
"""

from __future__ import annotations

import sys
import time

import gevent
import locust
from locust.env import Environment

import locustfiles._engine as engine
from locustfiles._oracle import Oracle
from locustfiles._plan import Pages, Traffic
from locustfiles._scenario import Persona, Scenario
from results.plan import Arm, SwarmPlan

USERS = 32
RATE = 40_000.0


class FastUser(locust.FastHttpUser):
    """The rival: locust's own fast client."""

    @locust.task
    def home(self) -> None:
        """Ask for the page again and again."""
        self.client.get("/")


def fast(url: str, seconds: float) -> float:
    """Requests per processor second of ``FastHttpUser``."""
    environment = Environment(user_classes=[FastUser], host=url)
    runner = environment.create_local_runner()
    runner.start(USERS, USERS)
    gevent.sleep(1)
    before, began = environment.stats.total.num_requests, time.process_time()
    gevent.sleep(seconds)
    rate = (environment.stats.total.num_requests - before) / (time.process_time() - began)
    runner.quit()
    return rate


def precise(url: str, seconds: float) -> float:
    """Requests per processor second of the swarm's engine, with recording, checks and locust's event on."""
    environment = Environment(user_classes=[FastUser], host=url)
    environment.create_local_runner()  # listens to the request event
    rows = 0
    cpu = 0.0

    def fire(name: str, response_ms: float, size: int, failure: str | None, context: dict[str, str]) -> None:
        environment.events.request.fire(
            request_type="GET",
            name=name,
            response_time=response_ms,
            response_length=size,
            exception=failure,
            context=context,
        )

    def ship(shipment: dict[str, object]) -> None:
        nonlocal rows, cpu
        for second in shipment["seconds"]:  # type: ignore[attr-defined]
            if second["second"] < seconds + 0.1:  # not what was left over
                rows += second["completed"] - second["errors"]
                cpu += second["cpu"] * second["interval"]

    def dead(reason: str) -> None:
        sys.exit(reason)

    engine.DRAIN_S = 0.0  # far more arrives than can be served: what is left over does not count
    scenario = Scenario("bench", "home only", (Persona("reader", 1.0, {"home": 1.0}),))
    plan = SwarmPlan("bench", (Arm("target", url),), rate=RATE, visitors=USERS, duration_s=seconds, members=0)
    traffic = Traffic(plan, scenario, Pages([1], str, {}))
    worker = engine.Engine(traffic, Oracle(lambda article: (article, 0, "")), 0, 1, engine.Hooks(fire, ship, dead))
    worker.prepare(0)
    for _ in range(USERS):
        gevent.spawn(worker.occupy)
    gevent.sleep(0)
    worker.run(time.monotonic())
    return rows / cpu


if __name__ == "__main__":
    print({"fast": fast, "precise": precise}[sys.argv[1]](sys.argv[2], float(sys.argv[3])))
