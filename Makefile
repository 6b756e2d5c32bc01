# Everything a person or a CI does with this repository. On a fresh Debian as root, each target does
# its own set-up: Python's venv package, the virtual environment, the Docker engine.

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
CLIENTS := .venv-clients
CLIENTS_STAMP := $(CLIENTS)/.installed
SUITABLE := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for name in python3.14 python3.13 python3.12 python3.11 python3; do \
	"$$name" -c '$(SUITABLE)' 2>/dev/null && command -v "$$name" && break; done)
KEEP ?= 0

.DEFAULT_GOAL := help
.PHONY: help venv engine check lint unit fuzz test test-clients soak bench demo build clean

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

venv: $(STAMP) ## Make the virtual environment, or bring it up to date

$(STAMP): pyproject.toml
	@if [ -z "$(PYTHON)" ]; then \
		echo "error: no Python 3.11 or newer was found" >&2; \
		echo "install one (Debian: apt-get install python3), or name it: make PYTHON=/path" >&2; \
		exit 1; \
	fi
	@if ! "$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null; then \
		package="python$$("$(PYTHON)" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv"; \
		if [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then \
			echo "error: $(PYTHON) cannot make virtual environments" >&2; \
			echo "install its venv package (Debian: sudo apt-get install $$package)" >&2; \
			exit 1; \
		fi; \
		$(call apt_install,$$package); \
	fi
	@if ! "$(BIN)/python" -m pip --version >/dev/null 2>&1; then \
		echo "making $(VENV) with $(PYTHON)"; \
		"$(PYTHON)" -m venv --clear "$(VENV)"; \
	fi
	@echo "installing minicloud and its tools into $(VENV)"
	@"$(BIN)/python" -m pip install -qq --upgrade --root-user-action=ignore "pip>=25.1"
	@"$(BIN)/python" -m pip install -qq --root-user-action=ignore --editable . --group dev
	@touch "$@"

# Quiet unless it fails; the package lists of a fresh machine are missing or old.
define apt_install
echo "installing $(1) with apt-get"; \
log=$$(mktemp); \
{ DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $(1) \
|| { apt-get update && DEBIAN_FRONTEND=noninteractive \
	apt-get install -y --no-install-recommends $(1); }; } </dev/null >"$$log" 2>&1 \
|| { tail -n 20 "$$log" >&2; echo "error: apt-get could not install $(1)" >&2; exit 1; }; \
rm -f "$$log"
endef

engine: $(STAMP)
	@"$(BIN)/minicloud" doctor --fix

check: lint unit ## Format, lint, types, layers and unit tests (no engine needed)

lint: $(STAMP)
	@"$(BIN)/ruff" format --check --quiet --diff .
	@"$(BIN)/ruff" check --quiet .
	@"$(BIN)/mypy" --no-error-summary
	@"$(BIN)/lint-imports" --no-cache >"$(VENV)/lint-imports.log" 2>&1 \
		|| { cat "$(VENV)/lint-imports.log"; exit 1; }
	@"$(BIN)/python" -m minicloud.aws.coverage --check

# `make check test` runs them once.
unit: $(STAMP)
	@"$(BIN)/pytest" --quiet --numprocesses 2 --dist loadfile tests/unit

fuzz: $(STAMP)
	@"$(BIN)/pytest" --quiet --numprocesses 2 --dist loadfile tests/fuzz

test: engine unit fuzz ## Every test, on a real Docker engine (made if there is none)
	@"$(BIN)/pytest" --quiet --ignore=tests/bench --ignore=tests/clients --ignore=tests/fuzz \
		--ignore=tests/soak --ignore=tests/unit tests

test-clients: engine $(CLIENTS_STAMP) ## Ansible, Libcloud, JavaScript, Terraform; moto's own tests
	@"$(CLIENTS)/bin/pytest" --quiet tests/clients
	@"$(BIN)/python" -m tests.moto_mirror

$(CLIENTS_STAMP): pyproject.toml tests/clients/install.py $(STAMP)
	@echo "installing AWS's heavier clients into $(CLIENTS)"
	@"$(BIN)/python" -m venv --clear "$(CLIENTS)"
	@"$(CLIENTS)/bin/python" -m pip install -qq --upgrade --root-user-action=ignore "pip>=25.1"
	@"$(CLIENTS)/bin/python" -m pip install -qq --root-user-action=ignore --editable . --group clients
	@"$(CLIENTS)/bin/python" -m tests.clients.install
	@touch "$@"

soak: engine ## The balancer under two million requests, deaths, a fuzzed AWS wire (over an hour)
	@"$(BIN)/python" -m tests.soak

bench: engine ## Measure ratios side by side and print the table
	@if ! command -v wrk >/dev/null; then \
		if [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then \
			echo "error: wrk is missing: install it (Debian: sudo apt-get install wrk)" >&2; \
			exit 1; \
		fi; \
		$(call apt_install,wrk); \
	fi
	@"$(BIN)/python" -m tests.bench

demo: engine ## Run the main job, a balanced site and a month's bill (KEEP=1 leaves them)
	@"$(BIN)/minicloud" demo run main $(if $(filter 1,$(KEEP)),--keep)
	@"$(BIN)/minicloud" demo run balanced-web $(if $(filter 1,$(KEEP)),--keep)
	@"$(BIN)/minicloud" demo run bill $(if $(filter 1,$(KEEP)),--keep)

build: $(STAMP) ## Build the wheel into dist/
	@"$(BIN)/python" -m build --wheel --outdir dist .

clean: ## Remove what make made here: virtual environments, dist, caches
	@rm -rf "$(VENV)" "$(CLIENTS)" .venv-bench dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache *.egg-info
	@find minicloud tests -name __pycache__ -type d -prune -exec rm -rf {} +
