"""The composition root: the ``anp`` command, trial plans, and starting and stopping real processes.

It *spawns* the target site and locust; it never imports either.
"""

__version__ = "0.1.0"
