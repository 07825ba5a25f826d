# Everything works from a clean checkout with Python 3.11 to 3.13, gcc and make; see README.md.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install

.PHONY: help serve test check-clients fuzz fuzz-reads fuzz-filters fuzz-tenants bench-rules bench-reads bench-fairness bench-funnel bench-forecast bench-projections bench-whitespace bench-hierarchy bench-strategy lint format lock clean

help:  ## show what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

serve: $(VENV)/.serve  ## run the server on demo data, http://127.0.0.1:8000/graphql
	@$(BIN)/bellwether serve --demo

test: $(VENV)/.dev  ## run the whole test suite on SQLite and PostgreSQL
	$(BIN)/python -m pytest -n 2 --dist worksteal -q $(TESTS)

CLIENTS := tests/clients
check-clients: CASES = 2000
check-clients: $(VENV)/.clients $(CLIENTS)/node_modules/.package-lock.json  ## check the real server with clients that others wrote (needs node); CASES=2000 SEED=1000
	$(BIN)/python -m tests.clients --cases $(CASES) --seed $(SEED)

CASES ?= 100000
SEED ?= 1000
fuzz: $(VENV)/.dev  ## compare random rulebooks: engine, reference, pre-filter, crossings; CASES=100000 SEED=1000
	@echo "cases: $(CASES), beginning at seed $(SEED)"
	BELLWETHER_FUZZ=$$(( $(CASES) / 12 )) BELLWETHER_FUZZ_SEED=$(SEED) $(BIN)/python -m pytest -q tests/rules/test_engine.py -k random_rules
	BELLWETHER_FUZZ=$$(( $(CASES) / 100 )) BELLWETHER_FUZZ_SEED=$(SEED) $(BIN)/python -m pytest -n 2 -q tests/rules/test_prefilter.py tests/rules/test_crossing.py -k "random or days"

fuzz-reads: CASES = 50000
fuzz-reads: $(VENV)/.dev  ## compare random queries with and without read plans; CASES=50000 SEED=1000
	@echo "cases: $(CASES), beginning at number $(SEED)"
	BELLWETHER_READS=$(CASES) BELLWETHER_READS_SEED=$(SEED) $(BIN)/python -m pytest -n 2 -q tests/schema/test_planned_reads.py -k any_operation

fuzz-filters: CASES = 10000
fuzz-filters: $(VENV)/.dev  ## compare random filters of every list with a plain reading of them; CASES=10000 SEED=1000
	@echo "cases: $(CASES), beginning at number $(SEED)"
	BELLWETHER_FILTERS=$(CASES) BELLWETHER_FILTERS_SEED=$(SEED) $(BIN)/python -m pytest -n 2 -q tests/schema/test_filters.py

fuzz-tenants: CASES = 20000
fuzz-tenants: $(VENV)/.dev  ## ask as one tenant for what another has, and look for a byte of it; CASES=20000 SEED=1000
	@echo "cases: $(CASES), beginning at number $(SEED)"
	BELLWETHER_TENANTS=$(CASES) BELLWETHER_TENANTS_SEED=$(SEED) $(BIN)/python -m pytest -n 2 -q tests/schema/test_two_tenants.py

bench-rules: $(VENV)/.bench  ## measure how fast portfolios are judged, beside CLIPS, zen-engine and Drools; BENCH="--sizes 10000"
	$(BIN)/python -m benchmarks.rules $(BENCH)

bench-fairness: $(VENV)/.dev  ## measure how quick cheap queries stay beside the most expensive ones; BENCH="--database sqlite"
	$(BIN)/python -m benchmarks.fairness $(BENCH)

bench-forecast: $(VENV)/.dev  ## measure how far forecasts are from what came; BENCH=--write makes docs/forecast.md
	$(BIN)/python -m benchmarks.forecast $(BENCH)

bench-projections: $(VENV)/.dev  ## measure how long a large tenant takes to learn from; BENCH="--database postgres"
	$(BIN)/python -m benchmarks.projections $(BENCH)

bench-whitespace: $(VENV)/.dev  ## measure how fast whitespace is read and judged; BENCH="--database sqlite"
	$(BIN)/python -m benchmarks.whitespace $(BENCH)

bench-reads: $(VENV)/.dev  ## measure how fast queries are answered, beside stock Strawberry and the limit; BENCH="--database sqlite"
	$(BIN)/python -m benchmarks.reads $(BENCH)

bench-funnel: $(VENV)/.dev  ## measure how fast the views of the funnel are, beside Python over the rows; BENCH="--database sqlite"
	$(BIN)/python -m benchmarks.funnel $(BENCH)

bench-hierarchy: $(VENV)/.dev  ## measure how fast large trees of accounts are rolled up, beside Python over the rows; BENCH="--database sqlite"
	$(BIN)/python -m benchmarks.hierarchy $(BENCH)

bench-strategy: $(VENV)/.dev  ## measure how fast relationships, buying centres and plans of all accounts are worked out; BENCH="--database sqlite"
	$(BIN)/python -m benchmarks.strategy $(BENCH)

lint: $(VENV)/.dev  ## style, types, directions of imports, migrations on both databases, the schema file
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	BELLWETHER_DATABASE_URL=sqlite://:memory: $(BIN)/bellwether migrate --verify
	$(BIN)/python -m tests.postgres $(BIN)/bellwether migrate --verify
	$(BIN)/bellwether schema --check
	$(BIN)/bellwether schema --against docs/api/released.graphql

format: $(VENV)/.dev  ## format the code
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

# durable_rules is source only, and its 2020 source uses a call that Python 3.13 no longer has.
$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14) and "Python 3.11 to 3.13 is needed")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.serve: requirements.txt requirements-build.txt pyproject.toml | $(VENV)/bin/python
	$(PIP) --require-hashes -r requirements-build.txt
	CPPFLAGS="-DPyEval_CallObject=PyObject_CallObject" $(PIP) --require-hashes --no-build-isolation -r requirements.txt
	$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.serve
	$(PIP) --require-hashes --no-build-isolation -r requirements-dev.txt
	@touch $@

NPM := --ignore-scripts --no-audit --no-fund --loglevel=error
$(VENV)/.clients: requirements-clients.txt $(VENV)/.dev
	$(PIP) --require-hashes --no-build-isolation -r requirements-clients.txt
	@touch $@

$(CLIENTS)/node_modules/.package-lock.json: $(CLIENTS)/package.json $(CLIENTS)/package-lock.json
	@command -v npm > /dev/null || { echo "node 20 or a later one is needed, with npm"; exit 1; }
	cd $(CLIENTS) && npm ci $(NPM)
	@touch $@

# Drools needs a Java machine, and wheels of jpy that not every platform has: it is measured where it can be.
WITHOUT_DROOLS := '/^(drools-jpy|jpy)==/,/[^\\]$$/d'
$(VENV)/.bench: requirements-bench.txt $(VENV)/.dev
	@if $(PIP) --require-hashes --no-build-isolation -r requirements-bench.txt; then touch $@; else \
		echo "drools_jpy or another engine cannot be installed here; trying without Drools"; \
		sed -E $(WITHOUT_DROOLS) requirements-bench.txt > $(VENV)/bench-without-drools.txt; \
		$(PIP) --require-hashes --no-build-isolation -r $(VENV)/bench-without-drools.txt \
			|| echo "CLIPS or zen-engine cannot be installed here; what is missing is not measured"; \
	fi
	@command -v javac > /dev/null || echo "no javac here (a JDK is needed): Drools is not measured"

lock:  ## resolve the requirements anew, with hashes (needs uv)
	echo 'setuptools>=80' | uv pip compile - $(LOCK) -o requirements-build.txt
	uv pip compile pyproject.toml $(LOCK) -o requirements.txt
	uv pip compile pyproject.toml --extra tracing -c requirements.txt $(LOCK) -o requirements-tracing.txt
	uv pip compile pyproject.toml --extra dev --extra tracing -c requirements-tracing.txt $(LOCK) -o requirements-dev.txt
	uv pip compile pyproject.toml --extra bench -c requirements-dev.txt $(LOCK) -o requirements-bench.txt
	uv pip compile pyproject.toml --extra clients -c requirements-dev.txt $(LOCK) -o requirements-clients.txt
	cd $(CLIENTS) && npm install --package-lock-only --omit-lockfile-registry-resolved $(NPM)

LOCK := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --quiet

clean:  ## remove the virtual environment, caches and the embedded database
	rm -rf $(VENV) $(CLIENTS)/node_modules $(CLIENTS)/generated .bellwether .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
