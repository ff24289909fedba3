"""Records for the rig to compare: the fixture of the tests of comparisons."""

from tests.unit.results.conftest import make_trial

__all__ = ["make_trial"]
