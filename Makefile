# Two commands matter to a newcomer: `make demo` serves, `make test` proves.
# Both need only Python >= 3.11, make and the package registries; both are quick when run again.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
NODE_CLIENTS := tests/acceptance/node

.DEFAULT_GOAL := help
.PHONY: help demo test check lint types imports fast bench lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(f"cursor-api needs Python 3.11 or newer; {sys.executable} is {v[0]}.{v[1]}. Try: make PYTHON=python3.12 $(MAKECMDGOALS)") if v < (3, 11) else None'
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "Python's venv module is missing; on Debian or Ubuntu: apt-get install python3-venv" >&2; exit 1; }

# A stamp is newer than the lock it was made from, so a changed lock installs itself.
$(VENV)/run.stamp: requirements/run.txt requirements/build.txt pyproject.toml | $(BIN)/python
	@echo "installing from the lock (first time only) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/build.txt -r requirements/run.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev.stamp: requirements/dev.txt $(VENV)/run.stamp
	@echo "installing the test tools from the lock (first time only) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

demo: $(VENV)/run.stamp ## Serve a gateway that needs no account, with the embedded simulator
	@exec $(BIN)/cursor-api demo

lint: $(VENV)/dev.stamp ## Style and formatting
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/dev.stamp ## mypy --strict
	$(BIN)/mypy

imports: $(VENV)/dev.stamp ## One direction of imports
	$(BIN)/lint-imports

fast: $(VENV)/dev.stamp ## Unit, contract, property and architecture tests only
	$(BIN)/pytest -q -n 2 tests/unit tests/contract tests/property tests/architecture

lock: ## Re-resolve the hash-pinned requirement files (needs uv)
	uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-header pyproject.toml -o requirements/run.txt
	uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-header --group dev pyproject.toml -c requirements/run.txt -o requirements/dev.txt
	uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-header --group build -c requirements/dev.txt -o requirements/build.txt
