# Everything is installed by itself; a second call is quick. Needs Python 3.11 or newer, and make.
PORT ?= 8080
VENV := .venv
BIN := $(VENV)/bin
# Two processes; a file's tests stay together, since they share what is slow to start.
# In the order of the folders: what takes long comes first.
PARALLEL := -n 2 --dist loadfile --no-loadscope-reorder
RUN_READY := .stamps/run
TEST_READY := .stamps/test

.PHONY: run test test-slow chaos mutations bench bytecode check format lint types imports pytest migration help

help:
	@echo "make run      a sandbox with demo data on http://127.0.0.1:$(PORT) (PORT=... for another)"
	@echo "make test     every check and test that needs this machine only"
	@echo "make test-slow  many nights, killed processes, many servers, PHP;  make bench  measure"
	@echo "make chaos    200 rounds of callers that die in a run, on every database (hours)"
	@echo "make mutations  show that the tests of the invariants can fail"
	@echo "make check    the checks alone;  make format writes what the formatter wants"

run: $(RUN_READY)
	@$(BIN)/adapter db upgrade
	@exec $(BIN)/adapter demo --serve 127.0.0.1:$(PORT)

# Checks and tests side by side: there are two cores almost anywhere.
test: $(TEST_READY)
	@$(MAKE) --no-print-directory -j2 --output-sync=target check pytest

check: lint types imports

format: $(TEST_READY)
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

lint: $(TEST_READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(TEST_READY)
	$(BIN)/mypy

imports: $(TEST_READY)
	$(BIN)/lint-imports

pytest: $(TEST_READY) bytecode
	$(BIN)/pytest $(PARALLEL) -m "not slow"

# Tests start `adapter` hundreds of times. Where Python is told to write no bytecode, as in many
# containers, each start would compile the package: a third of its time.
bytecode: $(TEST_READY)
	@$(BIN)/python -m compileall -q adapter

test-slow: $(TEST_READY) bytecode
	$(BIN)/pytest $(PARALLEL) -m slow

# Fewer or smaller rounds, one engine: make chaos CHAOS="--rounds 5 --size 100 --engine sqlite"
chaos: $(TEST_READY)
	$(BIN)/python -m tests.chaos $(CHAOS)

mutations: $(TEST_READY)
	$(BIN)/python -m tests.mutations

bench: $(TEST_READY)
	$(BIN)/python benchmarks/all.py

# For developers: the migration from the last schema to the tables as they are now.
#   make migration NUMBER=0002 MESSAGE="What changes"
migration: $(TEST_READY)
	$(BIN)/python -m adapter.store.migrate "$(MESSAGE)" "$(NUMBER)"
	$(BIN)/ruff format adapter/store/migrations

$(VENV)/bin/python:
	python3.11 -m venv $(VENV) || python3 -m venv $(VENV)

$(RUN_READY): pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@mkdir -p $(@D) && touch $@

$(TEST_READY): pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@mkdir -p $(@D) && touch $@ $(RUN_READY)
