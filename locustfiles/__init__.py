"""The swarm: scenarios for locust, the precise client and clock under them, and the recording of every request.

Public modules are locustfiles (``cache_hit``, ``logged_in``, ``readers_and_members``); everything they share begins
with an underscore. Importing ``_swarm`` imports locust, which patches the process: only locust itself should do so.
``_plan``, ``_oracle``, ``_reading``, ``_recorder``, ``_scenario`` and ``_health`` need neither locust nor gevent.
"""
