# make run | test | check | test-all | test-host | bench: each makes the environment it needs in .venv.

SHELL := /bin/sh
.DEFAULT_GOAL := help

PYTHONS := python3 python3.14 python3.13 python3.12 python3.11 python3.10
NEW_ENOUGH := -c 'import sys; sys.exit(sys.version_info < (3, 10))'
PYTHON ?= $(shell for p in $(PYTHONS); do $$p $(NEW_ENOUGH) 2>/dev/null && { echo $$p; break; }; done)
EVERY_PYTHON := $(PYTHONS) $(wildcard $(HOME)/.pyenv/versions/3.1*/bin/python)
VENV := .venv
BIN := $(VENV)/bin
PYTEST_ARGS ?=
DATABASE := machine_health.db

NO_PYTHON := needs Python 3.10 or newer; install one, or name it: make PYTHON=/path/to/python3
NO_VENV := cannot make $(VENV); on Debian and Ubuntu: apt install python3-venv; a reason is printed above
NO_INDEX := cannot install the packages above; is the package index reachable? (PIP_INDEX_URL and PIP_FIND_LINKS are heeded)

.PHONY: help run test check cov test-all test-host interop cycles faults recovery soak bench bench-page docs docs-serve clean

help:
	@echo 'make run        watch the machine_health example live, for about ten seconds'
	@echo 'make test       run the tests'
	@echo 'make check      ruff, mypy and import directions'
	@echo 'make cov        the tests with branch coverage of protocol, transport and runtime'
	@echo 'make test-all   the tests from the built wheel, on every Python from 3.10 on that is here'
	@echo 'make test-host  end to end on a real eKuiper: KUIPERD=/path/to/bin/kuiperd make test-host'
	@echo 'make interop    on mangos, whose sockets eKuiper uses: 1,000 random conversations; needs Go'
	@echo 'make cycles     start and stop 10,000 times, restart the host 1,000 times, look for leaks'
	@echo 'make faults     break a plugin, its host and what is between in N=100 ways; SEED=7: that one'
	@echo 'make recovery   kill a worker at 1,000 rows/s, N=20 times: how long do rows stay away?'
	@echo 'make soak       rows for an hour (FOR=3600), on KUIPERD too: are any lost, does anything grow?'
	@echo 'make bench      measure, ten minutes (QUICK=1: two), on a real eKuiper too if KUIPERD names one'
	@echo 'make bench-page write docs/benchmarks.md with plots from what make bench found'
	@echo 'make docs       the documentation as a site, in build/site; no warning passes'
	@echo 'make docs-serve the same at http://127.0.0.1:8000, anew whenever a page is saved'
	@echo 'make clean      remove what these made'

run: $(VENV)/cli.stamp
	@rm -f $(DATABASE)
	@$(BIN)/ekuiper run example/machine_health --for 10s \
	    --source machine --conf machine.every=0.25 --function 'anomaly_score(cpu) as score' \
	    --sink sqlite --conf sqlite.path=$(CURDIR)/$(DATABASE)
	@$(BIN)/python example/machine_health/show.py $(DATABASE)

# Compiled beforehand: hundreds of processes import it, and may be told not to keep what they compile.
test: $(VENV)/dev.stamp
	@$(BIN)/python -m compileall -q sdk
	$(BIN)/python -m pytest -n 2 --dist loadfile $(PYTEST_ARGS)

check: $(VENV)/dev.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_imports.py

cov: $(VENV)/dev.stamp
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -q tests/protocol tests/transport tests/runtime tests/testing
	$(BIN)/coverage combine -q
	$(BIN)/coverage report

test-host: $(VENV)/dev.stamp
	$(BIN)/python -m pytest -v tests/e2e/test_kuiperd*.py $(PYTEST_ARGS)

# CONVERSATIONS=1 SEED=7 for a single one.
interop: $(VENV)/dev.stamp
	CONVERSATIONS=$(or $(CONVERSATIONS),1000) $(BIN)/python -m pytest -q tests/interop $(PYTEST_ARGS)

cycles: $(VENV)/dev.stamp
	CYCLES=10000 RESTARTS=1000 $(BIN)/python -m pytest -q tests/e2e/test_cycles.py

# N=1000 for many, FIRST=1000 from there on; SEED=7 (and LIGHT=1, if that was told) for one, in full.
faults: $(VENV)/dev.stamp
	@$(BIN)/python -m tests.faults $(if $(N),--count $(N)) $(if $(FIRST),--first $(FIRST)) \
	    $(if $(SEED),--seed $(SEED)) $(if $(LIGHT),--light)

recovery: $(VENV)/dev.stamp
	@$(BIN)/python -m tests.faults.recovery $(if $(N),--count $(N))

# FOR=600 for ten minutes on each host; JSON=1 for JSON.
soak: $(VENV)/dev.stamp
	@$(BIN)/python -m tests.soak $(if $(FOR),--for $(FOR)) $(if $(JSON),--json)

# QUICK=1, ONLY=function,source ROUNDS=5 JSON=file, and BENCH_ARGS for more: see --help.
bench: $(VENV)/bench.stamp
	@$(BIN)/python -m tests.bench $(if $(QUICK),--quick) $(if $(ONLY),--only $(ONLY)) \
	    $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(JSON),--json $(JSON)) $(BENCH_ARGS)

bench-page: $(VENV)/bench.stamp
	@$(BIN)/python -m tests.bench.page $(if $(JSON),--json $(JSON))

# What Material prints of its successor is no warning of ours.
docs docs-serve: export NO_MKDOCS_2_WARNING = 1
docs: $(VENV)/docs.stamp
	$(BIN)/mkdocs build -q -f docs/site/mkdocs.yml
	@echo 'see build/site/index.html'

docs-serve: $(VENV)/docs.stamp
	$(BIN)/mkdocs serve -f docs/site/mkdocs.yml

test-all: dist/wheel.stamp
	@tested=; \
	for p in $(EVERY_PYTHON); do \
	    v=$$($$p $(NEW_ENOUGH) 2>/dev/null && $$p -c 'import sys; print("%d.%d" % sys.version_info[:2])') || continue; \
	    case " $$tested " in *" $$v "*) continue;; esac; \
	    tested="$$tested $$v"; \
	    echo "== Python $$v ($$p)"; \
	    env=$(VENV)-wheel-$$v; \
	    $$p -m venv --clear $$env && \
	    $$env/bin/python -m pip install -q "$$(echo dist/*.whl)[fast,nng,cli,test]" numpy && \
	    $$env/bin/python -c 'import ekuiper, sys; assert sys.prefix in ekuiper.__file__' && \
	    $$env/bin/python -m pytest -q $(PYTEST_ARGS) || exit 1; \
	done; \
	echo "tested with Python$$tested"

dist/wheel.stamp: $(VENV)/dev.stamp pyproject.toml $(shell find sdk -name '*.py')
	rm -rf dist
	$(BIN)/python -m build -q --wheel --no-isolation
	@touch $@

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "make: found no Python: $(NO_PYTHON)" >&2; exit 1; }
	@command -v "$(PYTHON)" >/dev/null || { echo "make: there is no $(PYTHON): $(NO_PYTHON)" >&2; exit 1; }
	@$(PYTHON) $(NEW_ENOUGH) 2>/dev/null || \
	    { echo "make: $(PYTHON) is $$($(PYTHON) --version 2>&1): $(NO_PYTHON)" >&2; exit 1; }
	@echo "making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV) && $(BIN)/python -m pip --version >/dev/null || \
	    { rm -rf $(VENV); echo "make: $(NO_VENV)" >&2; exit 1; }

$(VENV)/%.stamp: pyproject.toml | $(VENV)/bin/python
	@echo "installing what $* needs"
	@$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[$*]' || \
	    { echo "make: $(NO_INDEX)" >&2; exit 1; }
	@touch $@

clean:
	rm -rf $(DATABASE) .venv .venv-* dist build .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis
