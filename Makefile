# Two commands matter: `make demo` brings up the whole product, `make test` passes every test.
PYTHON ?= python3
BIN := .venv/bin
# a process for each core, at most four; who shares a server stays in one (tests/conftest.py)
PYTEST := $(BIN)/pytest -q -n logical --maxprocesses=4 --dist loadgroup --no-loadscope-reorder
.DEFAULT_GOAL := help
.PHONY: help install demo stop clean test check benchmark lock docs

help:  ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

install:  ## install both environments from their lock files (skipped when nothing changed)
	@$(PYTHON) orchestration/bootstrap.py

demo: install  ## bring up the whole product on generated data
	@$(BIN)/telmart demo

stop:  ## stop everything
	@if [ -x $(BIN)/telmart ]; then $(BIN)/telmart down; else echo "Nothing is installed, so nothing runs."; fi

clean: stop  ## stop everything and remove all that was made: environments, databases, logs
	@if [ -x $(BIN)/telmart ]; then $(BIN)/telmart remove --yes; fi
	@rm -rf .telmart .venv superset_assets/.venv dbt_project/target
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo "Removed."

check: install  ## the fast tests: format, lint, types, dbt parse, dashboards, unit tests
	@$(BIN)/ruff format --check -q . && $(BIN)/ruff check -q .
	@$(BIN)/mypy
	@$(PYTEST) -m fast

test: check  ## every test: the fast ones, then those on a real PostgreSQL, Dagster, Superset and browser
	@$(PYTEST) -m "not fast" --durations=25

benchmark: install  ## the ratios of loading, measured here and now
	@$(BIN)/python -m benchmarks.load

docs: install  ## generate what is generated: metric dictionary, sources, exposures, coverage
	@$(BIN)/python -m orchestration.docs

lock:  ## resolve the dependencies again and pin them
	@uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --excludes excluded-dependencies.txt --no-annotate --no-header -q --upgrade -o requirements.lock
	@uv pip compile superset_assets/pyproject.toml --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-annotate --no-header -q --upgrade -o superset_assets/requirements.lock
