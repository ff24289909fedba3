"""What holds for all tests."""

from __future__ import annotations

from hypothesis import settings

# Whether a test passes must not depend on how busy the machine is, and all of them together must be run often.
settings.register_profile("anp", deadline=None, max_examples=25)
settings.load_profile("anp")
