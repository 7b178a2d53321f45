PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000

VENV := .venv
PY := $(VENV)/bin/python
PIP_INSTALL := $(PY) -m pip --disable-pip-version-check install --quiet --require-hashes
COMPILE := $(PY) -m uv pip compile --quiet --no-config --universal --python-version 3.11 \
	--generate-hashes --no-annotate --no-emit-index-url --no-emit-find-links \
	--custom-compile-command "make lock"

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run install install-dev test test-fast test-service bench faults check docs openapi services wheel release lock clean

help:  ## This list.
	@sed -n 's/^\([a-z-]*\):.*  ## /  make \1\t/p' Makefile | expand -t 20
	@echo "HOST=$(HOST) PORT=$(PORT) PYTHON=$(PYTHON) can be set on the command line."

run: install  ## Set everything up once, then serve on HOST:PORT (127.0.0.1:8000).
	@$(PY) -m config.demo --host $(HOST) --port $(PORT)

install: $(VENV)/.runtime  ## Make .venv with the locked dependencies (PYTHON=python3.13 to choose).

install-dev: $(VENV)/.dev  ## The same with the tools for tests and checks.

test: install-dev  ## Every test, on SQLite and on PostgreSQL.
	@$(PY) -m tests

test-fast: install-dev  ## The tests of what changed since the last commit, on SQLite.
	@$(PY) -m tests sqlite --changed

test-service: install-dev  ## The tests of one service alone, on both (SERVICE=products).
	@$(PY) -m tests --service "$(SERVICE)"

bench: install-dev  ## Measure orders and reads beside other designs (BENCHFLAGS=--quick: a minute).
	@$(PY) -m benchmarks.orders $(BENCHFLAGS)
	@test -n "$(BENCHFLAGS)" || $(PY) -m benchmarks.reads

# The settings of a production start, whatever .env says.
check: export SECRET_KEY = $(shell od -An -v -N40 -tx1 /dev/urandom | tr -d ' \n')
check: export DEBUG = off
check: export HTTPS = on
check: export HSTS_SUBDOMAINS = on
check: export HSTS_PRELOAD = on
check: export ALLOWED_HOSTS = tradepost.example
check openapi services: export DATABASE_URL = sqlite:///:memory:
check: install-dev  ## Format, lint, imports, types, deployment settings, migrations, written documents.
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(VENV)/bin/lint-imports --no-logo
	$(PY) -m mypy
	$(PY) manage.py check --deploy --fail-level WARNING
	$(PY) manage.py makemigrations --check --dry-run
	$(PY) -m tests.migrations
	@new=$$(mktemp) && trap 'rm -f $$new' EXIT && \
	$(PY) manage.py spectacular --validate --fail-on-warn --file $$new && \
	{ diff -u docs/reference/openapi.yaml $$new || { echo "Run make openapi."; exit 1; }; } && \
	$(PY) manage.py services --format markdown > $$new && \
	{ diff -u docs/reference/services.md $$new || { echo "Run make services."; exit 1; }; }

faults: install-dev  ## Break things under load, and see what becomes of the orders.
	$(PY) -m faults
	$(PY) -m faults.memory

docs: export NO_MKDOCS_2_WARNING = 1
docs: install-dev  ## Build the documents as a site in site/, and check every link.
	$(PY) -m mkdocs build --strict
	@echo "Open site/index.html. To search it, too: $(PY) -m http.server --directory site"

openapi services: export DEBUG = on
openapi: install-dev  ## Write docs/reference/openapi.yaml anew.
	$(PY) manage.py spectacular --validate --fail-on-warn --file docs/reference/openapi.yaml

services: install-dev  ## Write docs/reference/services.md anew.
	@new=$$(mktemp) && trap 'rm -f $$new' EXIT && \
	$(PY) manage.py services --format markdown > $$new && cat $$new > docs/reference/services.md

wheel: install-dev  ## Build monoservices, alone, into dist/: its sdist, and its wheel from that.
	@stage=$$(mktemp -d) && trap 'rm -rf $$stage' EXIT && \
	cp -R packaging/monoservices/. monoservices LICENSE $$stage && \
	$(PY) -m uv build --quiet --no-config --offline --out-dir $(CURDIR)/dist $$stage

# From the commit and nothing else, so that the same commit gives the same bytes.
release: NAME = tradepost-$(shell sed -n 's/^version = "\(.*\)"$$/\1/p' pyproject.toml)
release: install-dev  ## Build what is published of the last commit into dist/, with SHA256SUMS.
	@test -z "$$(git status --porcelain)" || \
	{ echo "make release builds the last commit. Commit or remove your changes first:"; \
	git status --short; exit 1; }
	@rm -rf dist && mkdir dist && \
	git -c tar.umask=0022 archive --prefix=$(NAME)/ --output=dist/$(NAME).tar.gz HEAD
	@stage=$$(mktemp -d) && trap 'rm -rf $$stage' EXIT && tar -xz -C $$stage -f dist/$(NAME).tar.gz && \
	$(MAKE) --no-print-directory -C $$stage/$(NAME) -o install-dev wheel PY=$(CURDIR)/$(PY) && \
	cp $$stage/$(NAME)/dist/monoservices-* dist
	@cd dist && sha256sum -- *.tar.gz *.whl > SHA256SUMS && cat SHA256SUMS

lock: install-dev  ## Compile requirements*.txt from pyproject.toml (LOCKFLAGS=--upgrade for newer).
	$(COMPILE) $(LOCKFLAGS) pyproject.toml -o requirements.txt
	$(COMPILE) $(LOCKFLAGS) pyproject.toml --group dev -c requirements.txt -o requirements-dev.txt

clean:  ## Remove .venv, site/ and caches; .env and the database stay.
	rm -rf $(VENV) site .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Tradepost needs Python \
	3.11 or newer, and %s is %d.%d: run make PYTHON=/path/to/python3.11" \
	% (("$(PYTHON)",) + sys.version_info[:2]))'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements.txt | $(VENV)/pyvenv.cfg
	$(PIP_INSTALL) -r $<
	@touch $@

$(VENV)/.dev: requirements-dev.txt | $(VENV)/pyvenv.cfg
	$(PIP_INSTALL) -r $<
	@touch $@
