"""The reference content site: what a blog with a full-page cache in front would do, built to be measured.

It serves a corpus made by ``synth`` from one SQLite file, says on every response what the page cache did and what
the database cost, and lets one variable at a time be changed (``--set NAME=VALUE``).
"""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("anp")
except PackageNotFoundError:  # run from a checkout that was never installed
    __version__ = "0+checkout"
