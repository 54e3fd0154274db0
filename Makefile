# `make` alone lists what there is. Needs only make and Python 3.11 or newer; everything else lands in .venv.

PYTHON ?= python3
CONFIG ?= doorward.yaml
SECONDS ?= 60
BIN := .venv/bin
# A node that came as a Python package is in .venv as well.
export PATH := $(CURDIR)/$(BIN):$(PATH)

COUNTERPARTIES := tests/counterparties

.DEFAULT_GOAL := help
.PHONY: help setup demo serve test check fix bench fuzz

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: .venv/.ready ## make .venv with everything in it, as locked; quick when nothing changed
	@echo "ready: $(BIN)/doorward"

demo: .venv/.ready ## start a door with three applications and two ways to sign in; Ctrl-C ends it
	@$(BIN)/python -m demo

serve: .venv/.ready ## run the door with doorward.yaml (or CONFIG=…)
	@$(BIN)/doorward serve --config $(CONFIG)

test: .venv/.ready $(COUNTERPARTIES)/node_modules ## run every test, in a real Envoy and a real Chromium
	@scripts/test

check: .venv/.ready ## lint, format, types, layers, lock file
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	@scripts/locked

fix: .venv/.ready ## repair what the linter and the formatter can
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: .venv/.ready ## measure against the peers; takes minutes, wants a quiet machine
	@$(BIN)/python -m benchmarks

.venv/.ready: pyproject.toml uv.lock scripts/setup
	@PYTHON=$(PYTHON) scripts/setup
	@touch $@

fuzz: .venv/.ready ## throw coverage-guided nonsense at the parsers: 60 s each, or SECONDS=…
	@UV_PROJECT_ENVIRONMENT=.venv UV_PYTHON_DOWNLOADS=never $(BIN)/uv sync --quiet --frozen --inexact --group fuzz
	@$(BIN)/python -m tests.fuzz --seconds $(SECONDS)

# The identity provider for tests that comes from npm. Without npm the tests that need it say so.
$(COUNTERPARTIES)/node_modules: $(wildcard $(COUNTERPARTIES)/package-lock.json) | .venv/.ready
	@scripts/counterparties $(COUNTERPARTIES)
