"""What holds for all tests."""

from __future__ import annotations

from hypothesis import settings

# Whether a test passes must not depend on how busy the machine is or on luck, and all of them together must be run
# often. To look for what nobody thought of: pytest --hypothesis-profile search
settings.register_profile("anp", deadline=None, max_examples=25, derandomize=True)
settings.register_profile("search", deadline=None, max_examples=500)
settings.load_profile("anp")
