# make demo   the whole job on this computer: three regions, no account, no Docker
# make test   everything the project checks about itself
# make property EXAMPLES=20000   random rollouts with faults, as many as asked for (SEED=7 for other ones)
# Needs Python 3.11 or newer and make; each target makes its own virtual environment.
PYTHON ?= python3
DEMO := .venv/demo
TEST := .venv/test
# Extra words for pytest, e.g. make test ARGS="-k replay -x"
ARGS ?=
# Most tests wait for processes and not for a processor, so more run at once than there are processors.
WORKERS ?= 4
EXAMPLES ?= 2000
SEED ?= 0

.PHONY: help demo demo-down test property lint wheel-check format clean
help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

demo: $(DEMO)/ready
	@$(DEMO)/bin/python demo/run.py

demo-down: $(DEMO)/ready
	@$(DEMO)/bin/flyo local down

test: $(TEST)/ready
	$(TEST)/bin/python -m pytest -n $(WORKERS) --dist loadgroup $(ARGS)

property: $(TEST)/ready
	EXAMPLES=$(EXAMPLES) SEED=$(SEED) $(TEST)/bin/python -m pytest -n $(WORKERS) -rP tests/unit/rollout/nothing_lost

wheel-check:
	$(PYTHON) tests/wheel_check.py

lint: $(TEST)/ready
	$(TEST)/bin/ruff check .
	$(TEST)/bin/ruff format --check .
	$(TEST)/bin/mypy
	$(TEST)/bin/lint-imports
	$(TEST)/bin/deptry .

format: $(TEST)/ready
	$(TEST)/bin/ruff check --fix .
	$(TEST)/bin/ruff format .

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(DEMO)/ready: pyproject.toml
	@$(PYTHON) demo/python_version.py
	$(PYTHON) -m venv $(DEMO)
	$(DEMO)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[local]'
	@touch $@

$(TEST)/ready: pyproject.toml
	@$(PYTHON) demo/python_version.py
	$(PYTHON) -m venv $(TEST)
	$(TEST)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@
