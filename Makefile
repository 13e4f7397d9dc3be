# Every task makes its own environment in .venv first: Python 3.11 or newer and make are all it takes.
# Variables: PYTHON=/path/to/python3 picks the interpreter, JWTKIT_NO_UV=1 keeps uv out, PYTEST_ARGS=… adds options.

MAKEFLAGS += --no-print-directory
SHELL := /bin/sh
BIN := .venv/bin

# The first that runs and is new enough: a version manager's shims exist but may fail.
ifndef PYTHON
PYTHON := $(shell for python in python3 python3.13 python3.12 python3.11 python $(BIN)/python \
	"$$(uv python find '>=3.11' 2>/dev/null)"; do \
	if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	then "$$python" -c 'import sys; print(sys.executable)'; break; fi; done)
endif

NEEDS_PYTHON = @test -n "$(PYTHON)" || { \
	echo "jwtkit needs Python 3.11 or newer and found none; install one, or name it: make PYTHON=/path/to/python3" >&2; \
	exit 1; }

.DEFAULT_GOAL := help
.PHONY: help demo test soak test-all lint types docs bench bench-stores fuzz mutation clean format constraints dev demo-set

help:  ## Say what there is
	@echo "make <task>, where the task is:"
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  \1|\2/p' $(MAKEFILE_LIST) | \
		while IFS='|' read -r task does; do printf '%-13s %s\n' "$$task" "$$does"; done

demo: demo-set  ## Run the order service and drive it over HTTP, as a client would
	@$(BIN)/python -m orders.demo

test: dev  ## Unit, property, doc and example tests, and the coverage gate
	@$(BIN)/python -m pytest --numprocesses=auto --dist=worksteal --cov --cov-report= $(PYTEST_ARGS)
	@echo "== branch coverage of the whole package"
	@$(BIN)/coverage report
	@echo "== branch coverage of jose, tokens and refresh: must be 100 %"
	@$(BIN)/coverage report --include='*/jwtkit/jose/*,*/jwtkit/tokens/*,*/jwtkit/refresh/*' --fail-under=100

# How often each token is raced for; the other proofs go with it.
SOAK_ROUNDS ?= 1000

soak: dev  ## Races, kills, outages, replays and wrong clocks at length; SOAK_ROUNDS=1000 SOAK_ENGINES=sqlite,valkey
	@$(BIN)/python -m tests.soak --rounds $(SOAK_ROUNDS) $(if $(SOAK_ENGINES),--engines $(SOAK_ENGINES)) $(SOAK_ARGS)

test-all: dev  ## The tests on every supported Python that is installed
	@$(BIN)/python tools/test_all.py

lint: dev  ## ruff (format, rules, banned calls) and the import contracts
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/lint-imports --no-cache --no-logo

types: dev  ## mypy --strict and pyright
	@$(BIN)/mypy
	@PYRIGHT_PYTHON_IGNORE_WARNINGS=1 $(BIN)/pyright

docs: dev  ## Build the documentation into docs/_build/html; a warning is an error
	@$(BIN)/sphinx-build -n -W --keep-going -q -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

# An environment of its own for each Python: the peers are nobody else's business, and start-up is measured too.
BENCH_VENV = .venvs/bench-$(shell "$(PYTHON)" -c 'import sys; print("%d.%d" % sys.version_info[:2])')

bench:  ## Measure against the raw primitives and every peer; BENCH_ARGS=--quick for under a minute
	$(NEEDS_PYTHON)
	@$(PYTHON) tools/bootstrap.py bench --venv $(BENCH_VENV) --python "$(PYTHON)"
	@$(BENCH_VENV)/bin/python -m bench $(BENCH_ARGS)

BENCH_STORES_VENV = .venvs/bench-stores-$(shell "$(PYTHON)" -c 'import sys; print("%d.%d" % sys.version_info[:2])')

bench-stores:  ## Measure the session stores on real servers (MariaDB where installed); BENCH_ARGS=--quick for two minutes
	$(NEEDS_PYTHON)
	@$(PYTHON) tools/bootstrap.py bench-stores --venv $(BENCH_STORES_VENV) --python "$(PYTHON)"
	@$(BENCH_STORES_VENV)/bin/python -m bench --stores $(BENCH_ARGS)

FUZZ_SECONDS ?= 60
FUZZ_VENV = .venvs/fuzz-$(shell "$(PYTHON)" -c 'import sys; print("%d.%d" % sys.version_info[:2])')

fuzz:  ## Fuzz the parsers with atheris, FUZZ_SECONDS=60 each (Python 3.11 to 3.13)
	$(NEEDS_PYTHON)
	@$(PYTHON) tools/bootstrap.py fuzz --venv $(FUZZ_VENV) --python "$(PYTHON)"
	@$(FUZZ_VENV)/bin/python -m tests.fuzz --seconds $(FUZZ_SECONDS)

MUTATION_VENV = .venvs/mutation-$(shell "$(PYTHON)" -c 'import sys; print("%d.%d" % sys.version_info[:2])')

mutation:  ## Break the code in one place after another: does a test notice? MUTATION_SAMPLE=200 for a part
	$(NEEDS_PYTHON)
	@$(PYTHON) tools/bootstrap.py mutation --venv $(MUTATION_VENV) --python "$(PYTHON)"
	@$(MUTATION_VENV)/bin/python -m tools.mutation $(if $(MUTATION_SAMPLE),--sample $(MUTATION_SAMPLE)) $(MUTATION_ARGS)

format: dev  ## Let ruff format and fix what it can
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

constraints:  ## Pin the newest tools anew (maintainers; needs uv)
	$(NEEDS_PYTHON)
	@$(PYTHON) tools/pin.py

clean:  ## Remove everything that was made, environments included
	@rm -rf .venv .venvs .venv.lock build dist docs/_build htmlcov .coverage .coverage.* .hypothesis \
		.mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

dev:
	$(NEEDS_PYTHON)
	@$(PYTHON) tools/bootstrap.py dev --python "$(PYTHON)"

demo-set:
	$(NEEDS_PYTHON)
	@$(PYTHON) tools/bootstrap.py demo --python "$(PYTHON)"
