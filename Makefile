# `make help` lists what there is. Every target does its own set-up, in .venv and in node_modules below tests.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

# The first Python on the path that is new enough; `make PYTHON=/path/to/python …` overrides.
PYTHON ?= $(shell for name in python3 python3.11 python3.12 python3.13 python3.14 python; do \
	command -v $$name >/dev/null 2>&1 && $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done)

BIN := .venv/bin
PROJECT := .venv/.project-installed
TOOLS := .venv/.tools-installed
JS_TOOLS := tests/node_modules/.installed

.PHONY: help demo shop test lint types pytest check bench generate golden reference survival clean

help:  ## list the targets
	@sed -n 's/^\([a-z]*\):.*  ## \(.*\)/  make \1	\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 18

demo: $(PROJECT) | node  ## compile the plan, visit the shop that it is for, and tell what a destination here counted
	@$(BIN)/trackside build tracking_plan.yaml
	@$(BIN)/python -m examples.shop.demo

shop: $(PROJECT)  ## run that shop to click through, until Ctrl-C; `make shop ARGS="--port 0"` for another port
	@$(BIN)/python -m examples.shop $(ARGS)

test: lint types check pytest  ## everything: style, types, drift of generated/, every test

lint: $(TOOLS)  ## ruff
	$(BIN)/ruff check .

types: $(TOOLS)  ## mypy (strict) and pyright
	$(BIN)/mypy
	$(BIN)/pyright

check: $(PROJECT)  ## is generated/ what tracking_plan.yaml compiles to?
	$(BIN)/trackside check tracking_plan.yaml
	$(BIN)/trackside build --check tracking_plan.yaml

pytest: $(TOOLS) $(JS_TOOLS) | postgres chromium  ## the tests alone; `make pytest ARGS=tests/run` for some of them
	$(BIN)/pytest --numprocesses=auto --dist=loadfile $(ARGS)

bench: $(PROJECT) | node  ## measure the compiler, calls, delivery, collect, the endpoint; `make bench ARGS=delivery` for one
	$(BIN)/python bench/run.py $(ARGS)

generate: $(PROJECT)  ## rebuild generated/ from tracking_plan.yaml
	$(BIN)/trackside build tracking_plan.yaml

golden: $(TOOLS) $(JS_TOOLS) reference generate  ## write every expected file anew: look at the diff before you commit it
	TRACKSIDE_UPDATE=1 $(BIN)/pytest -q tests/cases_test.py tests/rules_test.py tests/readme_test.py

reference: $(PROJECT)  ## write the pages of docs/ that the compiler's tables give
	$(BIN)/python docs/generate.py

survival: $(TOOLS) | postgres  ## run every fault on every sink, and write the table of docs/what-survives.md
	rm -f build/survival.jsonl && mkdir -p build
	FAULTS_RESULTS=$(CURDIR)/build/survival.jsonl $(BIN)/pytest -q tests/run/faults tests/run/outbox/kill_test.py \
		tests/run/outbox/sqlite_test.py::test_a_disk_that_is_full_loses_only_what_it_refused
	$(BIN)/python docs/survival.py build/survival.jsonl

clean:  ## remove what the other targets installed and cached
	rm -rf .venv tests/node_modules build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

# --- set-up ---

$(PROJECT): pyproject.toml
	@[ -n "$(PYTHON)" ] || { echo "trackside needs Python 3.11 or newer: install it, or say make PYTHON=/path/to/python" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "this Python has no venv module: install it (Debian, Ubuntu: apt install python3-venv)" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[collect]' --group demo
	@touch $@

$(TOOLS): $(PROJECT)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group dev
	@touch $@

$(JS_TOOLS): tests/package.json tests/package-lock.json | node
	npm ci --prefix tests --no-audit --no-fund --loglevel=error
	@touch $@

.PHONY: node
node:
	@command -v node >/dev/null || { echo "the JavaScript side needs Node 20 or newer: install it and try again" >&2; exit 1; }
	@node -e 'process.exit(process.versions.node.split(".")[0] < 20 ? 1 : 0)' || { echo "the JavaScript side needs Node 20 or newer, not $$(node --version)" >&2; exit 1; }

# Tests drive a real browser. Without one they fail, and say so.
.PHONY: chromium
chromium:
	@command -v chromium >/dev/null || { \
		as=""; [ "$$(id -u)" = 0 ] || as="sudo -n"; \
		command -v apt-get >/dev/null && $$as apt-get update -qq && $$as apt-get install -y -qq --no-install-recommends chromium; \
	} || echo "the browser's tests need Chromium: install it (Debian, Ubuntu: apt install chromium)" >&2

# Tests start a PostgreSQL server of their own. Without its programs they fail, and say so.
.PHONY: postgres
postgres:
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || { \
		as=""; [ "$$(id -u)" = 0 ] || as="sudo -n"; \
		command -v apt-get >/dev/null && $$as apt-get update -qq && $$as apt-get install -y -qq --no-install-recommends postgresql; \
	} || echo "the outbox's tests need the PostgreSQL server: install it (Debian, Ubuntu: apt install postgresql)" >&2
