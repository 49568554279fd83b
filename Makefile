# What each target does stands behind it; `make help` lists them.
#
#   make PYTHON=python3.13              another Python for .venv
#   make VENV=/elsewhere/venv           another place for .venv
#   make test PYTEST_ARGUMENTS="tests/test_targets.py -k means"
#                                       some tests only, or anything else that pytest takes
#   make test-bare SUITES=trixie        one bare system only

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# The exact versions that were tried last; empty for the newest ones.
CONSTRAINTS ?= tests/constraints.txt
SUITES ?= bookworm trixie forky
# What runs a command that downloads something; `.ci/again` where one that broke off is to be tried again.
AGAIN ?=
# What runs the tests; `tests.tools.rerun` where a test that fails by chance is to be told and no more.
PYTEST := pytest
# Two names for one thing: how pip is told about the environments in which it builds depends on its version.
INSTALL := $(AGAIN) env PIP_CONSTRAINT=$(CONSTRAINTS) PIP_BUILD_CONSTRAINT=$(CONSTRAINTS) $(BIN)/python -m pip --disable-pip-version-check --quiet install $(if $(CONSTRAINTS),,--upgrade --upgrade-strategy eager)
SOURCES := generator templates tests

.PHONY: generate docs pictures test test-newest test-lowest test-bare test-large test-integrations check bench fuzz golden format constraints clean help
.DEFAULT_GOAL := generate

generate: $(VENV)/upsertgen ## sets up .venv, brings generated/ up to date with specs/, and says what changed and why
	$(BIN)/upsertgen generate
	$(BIN)/upsertgen schema --write
	$(BIN)/upsertgen reference > generator/EXTENSIONS.md

docs: $(VENV)/upsertgen-docs ## writes the pages of documentation, and builds the site of them in generated/docs/site
	$(BIN)/upsertgen docs

test: $(VENV)/upsertgen-test ## runs the tests, but for those that take long or need what is large
	$(BIN)/python -m $(PYTEST) -n auto --dist worksteal $(PYTEST_ARGUMENTS)

test-newest: ## runs the tests with the newest version of each dependency
	rm -f .venv-newest/upsertgen*
	$(MAKE) test VENV=.venv-newest CONSTRAINTS=

test-lowest: $(VENV)/lowest.txt ## runs the tests with the lowest versions that are allowed; Python 3.11 or 3.12
	$(MAKE) test VENV=.venv-lowest CONSTRAINTS=$<

test-bare: ## sets up bare Debian systems and runs make, a run from nothing and the tests in each; needs root
	$(PYTHON) -m tests.tools.bare_systems $(SUITES)

test-large: $(VENV)/upsertgen-test ## runs the tests that take long: 100,000 records, 2,000 hostile specs, kills at every step
	$(BIN)/python -m $(PYTEST) -n auto -m large $(PYTEST_ARGUMENTS)

test-integrations: $(VENV)/upsertgen-test-integrations ## runs the tests with Airflow, Dagster, Dask, dlt, pandas, polars, Spark and HubSpot's client, which are large to install
	$(BIN)/python -m pytest tests/integrations $(PYTEST_ARGUMENTS)

check: $(VENV)/upsertgen-check ## runs linters and type checkers, and tells whether generated/ is up to date
	$(BIN)/black --check --quiet $(SOURCES)
	$(BIN)/ruff check .
	$(BIN)/mypy generator tests
	$(BIN)/mypy -p package
	$(BIN)/pyright --project pyproject.toml --pythonpath $(BIN)/python
	$(BIN)/python -m pytest --quiet tests/types
	PYTHONPATH=templates $(BIN)/lint-imports --no-cache
	$(BIN)/upsertgen generate --check
	$(BIN)/upsertgen schema --check
	$(BIN)/python tests/tools/file_lengths.py

bench: $(VENV)/upsertgen-test ## measures speed, as ratios within one run
	$(BIN)/python -m tests.bench.run

fuzz: $(VENV)/upsertgen-test ## tries hostile specs for SECONDS=600; prints seeds, and how to do again what failed
	$(BIN)/python -m tests.hostile.fuzz --seconds $(or $(SECONDS),60)

pictures: $(VENV)/upsertgen-test ## makes the pictures of the documentation, with Chromium; PICTURES=pipeline for one, PICTURES=--run for a new load
	$(BIN)/python -m tests.docs.pictures $(PICTURES)

golden: $(VENV)/upsertgen-test ## rewrites the expected output of tests/scenarios/ (look at the diff before you commit it)
	$(BIN)/python -m tests.scenarios.update

format: $(VENV)/upsertgen-check ## formats the project's own Python
	$(BIN)/black --quiet $(SOURCES)
	$(BIN)/ruff check --fix .

constraints: ## writes the newest versions into tests/constraints.txt; run the tests before you commit it
	rm -f .venv-newest/upsertgen*
	$(MAKE) .venv-newest/upsertgen-check VENV=.venv-newest CONSTRAINTS=
	.venv-newest/bin/python tests/tools/constraints.py installed > .venv-newest/constraints.txt
	mv .venv-newest/constraints.txt tests/constraints.txt

clean: ## removes what these targets made, but for generated/ and bare systems
	rm -rf .venv .venv-newest .venv-lowest .mypy_cache .pytest_cache .ruff_cache .hypothesis

help: ## lists these targets
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/\1\t\2/p' Makefile | while IFS="$$(printf '\t')" read -r name text; do printf '  make %-18s %s\n' "$$name" "$$text"; done
	@echo 'One test: make test PYTEST_ARGUMENTS="tests/test_targets.py -k means"'

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "upsertgen needs Python 3.11 or later: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/upsertgen: $(BIN)/python pyproject.toml $(CONSTRAINTS)
	$(INSTALL) --editable .
	touch $@

$(VENV)/upsertgen-docs: $(VENV)/upsertgen
	$(INSTALL) --editable '.[docs]'
	touch $@

$(VENV)/upsertgen-test: $(VENV)/upsertgen generated/pyproject.toml
	$(INSTALL) --editable '.[test]' --editable './generated[cli,fast,locale,opentelemetry,parquet,redis,sandbox,zst]'
	touch $@

$(VENV)/upsertgen-test-integrations: $(VENV)/upsertgen-test
	$(INSTALL) --editable '.[test,integrations]' --editable './generated[dlt,redis,sandbox]'
	touch $@

$(VENV)/upsertgen-check: $(VENV)/upsertgen-test
	$(INSTALL) --editable '.[test,check]'
	touch $@

$(VENV)/lowest.txt: $(VENV)/upsertgen pyproject.toml generated/pyproject.toml tests/tools/constraints.py
	$(BIN)/python tests/tools/constraints.py lowest > $@.new
	mv $@.new $@
