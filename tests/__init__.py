"""Tests of the whole house; a package, because some distributions bring a top-level package of this name."""
