# make          sets up .venv, brings generated/ up to date with specs/, and says what changed and why
# make test     sets up what the tests need and runs them all, but for those of integrations
# make test-integrations
#               the same for the tests with Dask and dlt, which are large
# make test-large
#               the tests that take long: 100,000 records, 2,000 hostile specs, 50 kills
# make check    linters, type checkers, and whether generated/ is up to date
# make bench    measures speed, as ratios within one run
# make fuzz     hostile specs for SECONDS=600; prints seeds, and how to do again what failed
# make golden   rewrites the expected output of tests/scenarios/ (look at the diff before you commit it)
# make format   formats the project's own Python
# make clean    removes what these targets made, but for generated/

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
SOURCES := generator templates tests

.PHONY: generate test test-integrations test-large check bench golden format clean
.DEFAULT_GOAL := generate

generate: .venv/upsertgen
	$(BIN)/upsertgen generate

test: .venv/upsertgen-test
	$(BIN)/python -m pytest -n auto --dist worksteal $(PYTEST_ARGUMENTS)

test-integrations: .venv/upsertgen-test-integrations
	$(BIN)/python -m pytest tests/integrations $(PYTEST_ARGUMENTS)

test-large: .venv/upsertgen-test
	$(BIN)/python -m pytest -n auto -m large $(PYTEST_ARGUMENTS)

check: .venv/upsertgen-check
	$(BIN)/black --check --quiet $(SOURCES)
	$(BIN)/ruff check .
	$(BIN)/mypy generator tests
	$(BIN)/mypy -p package
	$(BIN)/pyright --project pyproject.toml
	$(BIN)/python -m pytest --quiet tests/types
	$(BIN)/upsertgen generate --check
	$(BIN)/python tests/tools/file_lengths.py

bench: .venv/upsertgen-test
	$(BIN)/python -m tests.bench.run

fuzz: .venv/upsertgen-test
	$(BIN)/python -m tests.hostile.fuzz --seconds $(or $(SECONDS),60)

golden: .venv/upsertgen-test
	$(BIN)/python -m tests.scenarios.update

format: .venv/upsertgen-check
	$(BIN)/black --quiet $(SOURCES)
	$(BIN)/ruff check --fix .

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "upsertgen needs Python 3.11 or later: make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv

.venv/upsertgen: .venv/bin/python pyproject.toml
	$(PIP) install --editable .
	touch $@

.venv/upsertgen-test: .venv/upsertgen generated/pyproject.toml
	$(PIP) install --editable '.[test]' --editable './generated[cli,parquet,redis,sandbox]'
	touch $@

.venv/upsertgen-test-integrations: .venv/upsertgen-test
	$(PIP) install --editable '.[test,integrations]' --editable './generated[dlt,redis,sandbox]'
	touch $@

.venv/upsertgen-check: .venv/upsertgen-test
	$(PIP) install --editable '.[test,check]'
	touch $@
