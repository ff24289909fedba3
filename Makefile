# Everything a newcomer types. Each target does its own set-up in .venv; nothing outside this folder is touched.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet
STAMP  := $(VENV)/.stamp
# Test processes side by side: most tests wait for servers. Whole trials run alone, as a trial wants a quiet machine.
WORKERS ?= 4
# They start many processes, each of which would compile all that it imports where this is set.
demo test bench: export PYTHONDONTWRITEBYTECODE =

.PHONY: help setup setup-dev demo example test test-deep lint docs linkcheck picture schema bench conformance calibrate calibrate-rig lock clean

help:            ## Say what each target does
	@grep -E '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(STAMP)-python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "error: $(PYTHON) is older than Python 3.11; call make with PYTHON=python3.11 or newer" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(STAMP)-run: requirements.lock pyproject.toml | $(STAMP)-python
	$(PIP) install --require-hashes -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

# The lock of the developers holds all of the other.
$(STAMP)-dev: requirements-dev.lock pyproject.toml | $(STAMP)-python
	$(PIP) install --require-hashes -r requirements-dev.lock
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $(STAMP)-run $@

setup: $(STAMP)-run          ## Virtual environment with the locked runtime dependencies
setup-dev: $(STAMP)-dev      ## The same, and what tests and linters need

demo: setup          ## One complete before/after trial of the page cache, with verdict and report
	$(BIN)/anp demo

# A site that is not ours: in an environment of its own, by its own requirements.
EXAMPLE := examples/flask-blog
$(EXAMPLE)/.venv/.stamp: $(EXAMPLE)/requirements.txt $(EXAMPLE)/seed.py $(EXAMPLE)/schema.sql | $(STAMP)-python
	$(PYTHON) -m venv --without-pip $(EXAMPLE)/.venv
	$(PIP) --python $(EXAMPLE)/.venv/bin/python install -r $(EXAMPLE)/requirements.txt
	$(EXAMPLE)/.venv/bin/python $(EXAMPLE)/seed.py
	@touch $@

example: $(EXAMPLE)/.venv/.stamp          ## The example site, a blog on Flask, with what it needs and its posts

test: setup-dev example          ## Unit, integration and end-to-end tests
	$(BIN)/python -m pytest -m "not e2e and not bench and not calibrate and not deep" -n $(WORKERS) --dist worksteal
	$(BIN)/python -m pytest -m "e2e and not deep" tests/e2e

test-deep: setup-dev example          ## Thousands of attacks, fuzzed requests and random cases; some minutes more
	$(BIN)/python -m pytest -m "deep and not e2e" -n $(WORKERS) --dist worksteal
	$(BIN)/python -m pytest -m "deep and e2e" tests/e2e

lint: setup-dev          ## ruff (style and format) and mypy (strict)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: setup-dev          ## The documentation as a site in build/docs; what is written from the code first
	$(BIN)/typer harness.cli utils docs --name anp --title "The anp command" --output docs/cli.md
	$(BIN)/python -m tests.policy_page
	$(BIN)/python -m tests.reference_pages
	$(BIN)/python -m sphinx -W -n --keep-going -q docs build/docs
	@echo "the start page is build/docs/index.html"

linkcheck: setup-dev          ## Whether the links to other sites lead somewhere (wants the network)
	$(BIN)/python -m sphinx -q -b linkcheck docs build/linkcheck

picture: setup-dev          ## Take the picture of the example's report anew (wants Chromium)
	$(BIN)/python -m tests.report_picture

schema: setup-dev          ## Write the schema of compare.json anew from the data classes
	$(BIN)/python tests/schema.py

bench: setup-dev          ## Speed ratios against named rivals, measured in one run
	$(BIN)/python -m pytest -m bench -s

# A suite in JavaScript, in the environment as everything else is.
$(STAMP)-conformance: tests/conformance/package.json tests/conformance/package-lock.json | $(STAMP)-python
	mkdir -p $(VENV)/conformance
	cp $^ $(VENV)/conformance/
	npm ci --prefix $(VENV)/conformance --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

CONFORMANCE_ARGS ?=
conformance: setup-dev $(STAMP)-conformance          ## The public tests of caches against ours, nginx and Varnish (wants Node.js)
	$(BIN)/python -m tests.conformance $(VENV)/conformance/node_modules/http-cache-tests $(CONFORMANCE_ARGS)

calibrate: setup-dev          ## Error rates and power of the verdict, simulated (minutes)
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest tests/calibration -m calibrate -s

# Hours in all; it can be cut off and goes on. RIG_ARGS="--minutes 30" bounds it.
RIG_ARGS ?=
calibrate-rig: setup-dev          ## Real trials with a known truth, until each case has its number (hours)
	$(BIN)/python -m tests.calibration.rig run all $(RIG_ARGS)

lock:          ## Resolve the locked dependencies anew (wants uv on the PATH)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --no-annotate --extra build pyproject.toml -o requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --no-annotate --extra build --extra dev --extra docs -c requirements.lock pyproject.toml -o requirements-dev.lock

clean:          ## Remove the virtual environment and caches (never run records)
	rm -rf $(VENV) $(EXAMPLE)/.venv $(EXAMPLE)/blog.sqlite .mypy_cache .ruff_cache .pytest_cache .hypothesis dist build
