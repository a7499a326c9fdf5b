# `make sandbox` tries everything; `make test` proves it. Both install what is missing into .venv.
PYTHON ?= python3
VENV := .venv
UV := $(VENV)/bin/uv
SYNC := $(UV) sync --quiet --frozen --inexact --compile-bytecode
STAMP := $(VENV)/.installed
TOOLS := openapi/tools/node_modules/.installed

.PHONY: help install sandbox test lint format chaos siege bench openapi clients readme tools clean

help:
	@echo "make sandbox   run the gateway with simulated vendors (installs what is missing)"
	@echo "make test      lint, types, import walls and the whole test suite"
	@echo "make install   install into .venv; then .venv/bin/gateway --help"
	@echo "make lint      linters, types and import walls only"
	@echo "make chaos     10,000 seeded histories of faults; says which seed replays what it finds"
	@echo "make siege     the same with real processes, for twenty minutes"
	@echo "make bench     benchmark against a fair baseline"
	@echo "make openapi   write openapi/ and what is made of it in deploy/ anew after a change of the API"
	@echo "make clients   write the generated code of clients/ anew after that"
	@echo "make readme    write the README's tables anew after a change of a provider or its simulator"

install: $(STAMP)

$(STAMP): pyproject.toml uv.lock
	@echo "installing into $(VENV) ..."
	@test -x $(UV) || { $(PYTHON) -m venv $(VENV) && \
		$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check 'uv==0.13.8'; }
	@$(SYNC) || $(SYNC) --system-certs # behind a proxy with a certificate of its own
	@touch $@

sandbox: $(STAMP)
	@$(VENV)/bin/gateway sandbox $(ARGS)

test: lint tools
	$(VENV)/bin/pytest -n 2 $(ARGS)

# Linters of the document and a validating proxy; without npm their tests are skipped, and say so.
tools:
	@if command -v npm > /dev/null; then $(MAKE) --no-print-directory $(TOOLS); \
		else echo "no npm here: tests that need its programs are skipped"; fi

$(TOOLS): openapi/tools/package.json openapi/tools/package-lock.json
	@echo "installing into openapi/tools/node_modules ..."
	@npm ci --prefix openapi/tools --ignore-scripts --no-audit --no-fund --silent
	@touch $@

lint: $(STAMP)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --no-logo
	$(VENV)/bin/vulture

format: $(STAMP)
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

chaos: $(STAMP)
	$(VENV)/bin/python -m tests.chaos --cases 10000 --jobs 2 $(ARGS)

siege: $(STAMP)
	$(VENV)/bin/python -m tests.siege --cases 1000 --minutes 20 $(ARGS)

bench: $(STAMP)
	$(VENV)/bin/python -m benchmarks $(ARGS)

openapi: $(STAMP)
	$(VENV)/bin/gateway openapi --format json > openapi/openapi.json
	$(VENV)/bin/gateway openapi --format yaml > openapi/openapi.yaml
	$(VENV)/bin/gateway openapi --format json-3.0 > openapi/openapi-3.0.json
	$(VENV)/bin/python deploy/kong/generate.py > deploy/kong/kong.yaml
	$(VENV)/bin/python deploy/aws/generate.py > deploy/aws/openapi-aws.json

clients: openapi
	clients/generate

readme: $(STAMP)
	$(VENV)/bin/gateway capabilities --into README.md
	$(VENV)/bin/gateway endings --into README.md

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
