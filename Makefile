# make demo   the whole job on this computer: three regions, no account, no Docker
# make test   everything the project checks about itself
# make containers   the tests that need a container engine: machines, builds, and rollouts (CONTAINED=… for others)
# make parity   the tests with a real flyctl (FLYO_FLYCTL, or the one on PATH); its version is noted as tested
# make property EXAMPLES=20000   random rollouts with faults, as many as asked for (SEED=7 for other ones)
# make fuzz EXAMPLES=10000   strange answers of the Machines API, as many as asked for (SEED=7 for other ones)
# make endurance REQUESTS=1000000   rollouts under traffic until there were so many requests, none of which may fail
# make coverage   lines and branches that the unit and functional tests reach, in every process they start
# make mutation   changes the planner, the gate, and what rollback and history decide, and says what no test noticed
# make screenshots   the habit app, the local page, reports and pages of figures at 390 and 1280 pixels and dark,
#             into build/screenshots (needs Chromium)
# make fidelity   docs/fidelity.md, after flyctl's preflight suite (FLYCTL=its checkout; needs Go, flyctl, an engine) and
#             schemathesis (SPEC=an OpenAPI file; needs schemathesis) ran against the local platform
# make lint   style, types, imports, declared packages, workflows
# make wheel-check   build the package from a fresh clone, install it and use it (PYTHON=python3.13 for another one)
# Needs Python 3.11 or newer and make; each target makes its own virtual environment.
PYTHON ?= python3
DEMO := .venv/demo
TEST := .venv/test
# Extra words for pytest, e.g. make test ARGS="-k replay -x"
ARGS ?=
# Most tests wait for processes and not for a processor, so more run at once than there are processors.
WORKERS ?= 4
EXAMPLES ?= 2000
# What make coverage runs, and the percentage it has to reach.
MEASURED ?= tests/unit tests/functional
FLOOR ?= 0
# Fewer mutants, e.g. make mutation MUTANTS="*plan.ordering*"
MUTANTS ?=
# What make test runs.
TESTS ?= tests
REAL = tests/parity tests/functional/rollout/test_deploy_real_flyctl.py
# What make containers runs; every functional test of rollouts, on containers, is most of it.
CONTAINED ?= $(wildcard tests/functional/containers/test_*.py) \
	tests/functional/containers/first_hour/test_init_in_containers.py tests/functional/containers/rollout
# Nobody watches a log: there one line says what is installed. At a terminal pip shows how far it is.
QUIET = $(shell test -t 2 || echo --quiet)
SEED ?= 0
REQUESTS ?= 1000000
SCHEMA = $(TEST)/bin/check-jsonschema --builtin-schema

.PHONY: help demo demo-down test containers coverage measure coverage-report mutation property fuzz lint lint-ci wheel-check
.PHONY: clean screenshots format parity endurance fidelity
help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

demo: $(DEMO)/ready
	@$(DEMO)/bin/python demo/run.py

demo-down: $(DEMO)/ready
	@$(DEMO)/bin/flyo local down

test: $(TEST)/ready
	$(TEST)/bin/python -m pytest -n $(WORKERS) --dist loadgroup $(ARGS) $(TESTS)

parity: $(TEST)/ready
	FLYO_RECORD_TESTED=1 $(TEST)/bin/python -m pytest -n $(WORKERS) --dist loadgroup -m real_flyctl $(ARGS) $(REAL)

containers: $(TEST)/ready
	$(TEST)/bin/python -m pytest -n $(WORKERS) --dist loadgroup -m containers $(ARGS) $(CONTAINED)

coverage: measure coverage-report

measure: $(TEST)/ready
	$(TEST)/bin/coverage erase
	$(TEST)/bin/coverage run -m pytest -n $(WORKERS) --dist loadgroup $(ARGS) $(MEASURED)

coverage-report:
	$(TEST)/bin/coverage combine --quiet
	$(TEST)/bin/coverage report --fail-under=$(FLOOR)

mutation: $(TEST)/mutation-ready
	rm -rf mutants
	$(TEST)/bin/mutmut run $(MUTANTS)
	$(TEST)/bin/python tests/mutation_report.py

property: $(TEST)/ready
	EXAMPLES=$(EXAMPLES) SEED=$(SEED) $(TEST)/bin/python -m pytest -n $(WORKERS) -rP tests/unit/rollout/nothing_lost

fuzz: $(TEST)/ready
	EXAMPLES=$(EXAMPLES) SEED=$(SEED) $(TEST)/bin/python -m pytest -n $(WORKERS) -rP tests/unit/rollout/unreadable

screenshots: $(TEST)/ready
	$(TEST)/bin/python -m tests.browser.screenshots build/screenshots

endurance: $(TEST)/ready
	REQUESTS=$(REQUESTS) $(TEST)/bin/python -m pytest -s tests/e2e/test_nobody_notices.py

wheel-check:
	$(PYTHON) tests/wheel_check.py

# RUN= limits the suite to tests of a regular expression; the results of the others are kept.
fidelity: $(TEST)/ready
	$(if $(FLYCTL),$(TEST)/bin/python -m tests.parity.measured.preflight $(FLYCTL) --run '$(RUN)')
	$(if $(SPEC),$(TEST)/bin/python -m tests.parity.measured.schema_check $(SPEC))
	PYTHONPATH=. $(TEST)/bin/python tests/parity/fidelity.py

lint: $(TEST)/ready lint-ci
	$(TEST)/bin/ruff check .
	$(TEST)/bin/ruff format --check .
	$(TEST)/bin/mypy
	$(TEST)/bin/lint-imports
	$(TEST)/bin/deptry .

# actionlint is a Go program and no package of Python's: where it is missing, the schemas alone are checked.
lint-ci: $(TEST)/ready
	$(SCHEMA) vendor.github-workflows .github/workflows/*.yml
	$(SCHEMA) custom.github-workflows-require-timeout .github/workflows/*.yml
	$(SCHEMA) vendor.dependabot .github/dependabot.yml
	$(SCHEMA) vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	$(SCHEMA) vendor.github-issue-forms .github/ISSUE_TEMPLATE/bug.yml .github/ISSUE_TEMPLATE/feature.yml
	@if command -v actionlint; then actionlint; else echo 'actionlint is not on PATH: left out'; fi

format: $(TEST)/ready
	$(TEST)/bin/ruff check --fix .
	$(TEST)/bin/ruff format .

clean:
	rm -rf .venv .coverage .coverage.* mutants .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(DEMO)/ready: pyproject.toml
	@$(PYTHON) demo/python_version.py
	$(PYTHON) -m venv $(DEMO)
	@echo "Installing what the demo needs into $(DEMO): once, within a minute"
	@$(DEMO)/bin/python -m pip install $(QUIET) --disable-pip-version-check --editable '.[local]'
	@touch $@

$(TEST)/ready: pyproject.toml
	@$(PYTHON) demo/python_version.py
	$(PYTHON) -m venv $(TEST)
	$(TEST)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

$(TEST)/mutation-ready: $(TEST)/ready
	$(TEST)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,mutation]'
	@touch $@
