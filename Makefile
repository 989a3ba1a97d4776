# Each target prepares what it needs: Python 3.11-3.13 (with venv), make and a package index are enough.
# Nothing is written outside this folder, except uv's and pip's own caches.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: help demo test check static parity engines coverage conformance hunt mutants torture bench replay format lock ratchets schemas setup clean

VENV := .venv
PY   := $(VENV)/bin/python
UV   := $(VENV)/bin/uv

JOBS  ?= 2
SEED  ?= 1
COUNT ?= 100000

help: ## list the targets
	@sed -n 's/^\([a-z][a-z]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-18s %s\n", $$1, $$2 }'

# -- what people run -------------------------------------------------------------------------------------------------

demo: $(VENV)/ready-run ## a crash from the first liquidation to the sum that must be 0; writes build/crash.html
	@$(VENV)/bin/deleverage run crash --html build/crash.html

test: static coverage engines ## everything; what CI runs
	$(PY) -m pytest -n $(JOBS) --hypothesis-profile=ci

check: static ## format, lint, types, floors, ratchets, guards and the short tests; under a minute
	$(PY) -m pytest -q --hypothesis-profile=ci $(wildcard tests/guards tests/unit tests/scenarios)

static: $(VENV)/ready-dev
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(PY) -m mypy
	$(VENV)/bin/lint-imports --no-logo
	$(PY) -m tests.guards.ratchets

parity: $(VENV)/ready-dev ## engine and rulebook, rulebook and model side by side: SEED= first seed, COUNT= commands
	$(PY) -m tests.parity.engines --seed $(SEED) --count $(COUNT) --jobs $(JOBS)
	$(PY) -m tests.parity.run --seed $(SEED) --count $(COUNT)

engines: $(VENV)/ready-dev ## engine and rulebook on 100,000 commands in every way, and on 900,000 more in one: each cell at least 20 times
	$(PY) -m tests.parity.engines --seed 1 --count 100000 --covering 900000 --jobs $(JOBS)

coverage: $(VENV)/ready-dev ## the twins on 600,000 commands; each command x answer x contract x margin mode at least 20 times
	$(PY) -m tests.parity.run --seed 1 --count 600000 --jobs $(JOBS) --coverage

conformance: $(VENV)/ready-dev ## what venues publish, recomputed: a table of every case; SEED= of drawn rows, WRITE=1 renews the page
	@$(PY) -m tests.conformance.report --seed $(SEED) $(if $(WRITE),--write)

hunt: $(VENV)/ready-dev ## plant sixteen bugs in copies of the rulebook and see who finds them
	$(PY) -m tests.planted.hunt

mutants: $(VENV)/ready-mutants ## alter the splitting, closing, selecting and ordering code line by line; which tests notice?
	@rm -rf mutants && $(MUTANTS)/bin/mutmut run --max-children $(JOBS) && $(MUTANTS)/bin/python -m tests.mutants

torture: $(VENV)/ready-dev ## everything that can happen to a journal, done to it; MINUTES=, SEED=, ARGS="--quick", ARGS="--only kills"
	@$(PY) -m tests.torture --seed $(SEED) $(if $(MINUTES),--minutes $(MINUTES)) $(ARGS)

bench: $(VENV)/ready-bench ## the engine's ratios against memory, pandas, objects and a C++ rival; ARGS=--quick, ARGS=--json
	@$(VENV)/bin/deleverage bench $(ARGS)

replay: $(VENV)/ready-dev ## one printed seed again: SEED=, and TEST= path of a property test (without: parity)
ifeq ($(origin SEED),file)
	$(error replay needs the printed seed: make replay SEED=... [TEST=tests/...])
endif
ifdef TEST
	$(PY) -m pytest --hypothesis-profile=dev --hypothesis-seed=$(SEED) "$(TEST)"
else
	$(PY) -m tests.parity.run --seed $(SEED) --count $(COUNT)
endif

format: $(VENV)/ready-dev ## put the code into its form, mend what ruff can mend
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

ratchets: $(VENV)/ready-dev ## record today's numbers in tests/guards/ratchets.toml and ARCHITECTURE.md; say why in the commit
	$(PY) -m tests.guards.ratchets --write

schemas: $(VENV)/ready-dev ## renew the JSON Schema that follows from declared types, and the page of keys; say why in the commit
	$(PY) -m tests.documents.schemas --write
	$(PY) -m tests.documents.keys --write

MUTANTS := $(VENV)/mutants

$(VENV)/ready-mutants: $(VENV)/ready-dev requirements/mutants.txt
	@$(PY) -m venv --clear $(MUTANTS) && $(index) && \
	$(UV) pip install --quiet --python $(MUTANTS)/bin/python --require-hashes -r requirements/mutants.txt -r requirements/dev.txt
	@touch $@

$(VENV)/ready-bench: $(VENV)/ready-dev requirements/bench.txt
	@$(index) && $(UV) pip install --quiet --python $(PY) --require-hashes -r requirements/bench.txt
	@touch $@

clean: ## remove everything that make made
	rm -rf $(VENV) build dist mutants .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

# -- locks: exact versions and hashes, for every platform and Python 3.11-3.13, without the address of any index -------

# $(1): the lock; $(2): what it resolves. A lock that stays the same keeps its date, so that nothing is installed again.
define lock
	@cp requirements/$(1).txt $(VENV)/lock.txt && $(index) && \
	$(UV) pip compile --quiet --python $(PY) --python-version 3.11 --universal --generate-hashes --no-emit-index-url \
	  --no-header $(if $(UPGRADE),--upgrade) $(2) -o $(VENV)/lock.txt && \
	{ cmp -s $(VENV)/lock.txt requirements/$(1).txt || cp $(VENV)/lock.txt requirements/$(1).txt; }
endef

lock: $(VENV)/ready-uv ## renew requirements/*.txt after a change in pyproject.toml; UPGRADE=1 takes the newest of all
	$(call lock,uv,--group uv)
	$(call lock,build,--group build)
	$(call lock,run,pyproject.toml -c requirements/build.txt)
	$(call lock,dev,pyproject.toml --group dev -c requirements/build.txt -c requirements/run.txt)
	$(call lock,bench,--group bench -c requirements/dev.txt -c requirements/run.txt)
	$(call lock,mutants,--group mutants -c requirements/dev.txt -c requirements/run.txt)
	@echo "requirements/ is up to date with pyproject.toml"

# -- set-up -----------------------------------------------------------------------------------------------------------
#
# ready-uv: an environment with the pinned uv; ready-run: what a user needs; ready-dev: what a developer needs besides.
# A stamp is redone when a lock or pyproject.toml changes, when the interpreter is gone, or when the folder was moved
# (an editable install points to one place).

setup: $(VENV)/ready-dev ## only prepare .venv

HERE := $(shell pwd -P)
ifneq ($(shell cat $(VENV)/made-in 2>/dev/null && $(PY) -c 'print("runs")' 2>/dev/null; :),$(HERE) runs)
.PHONY: $(VENV)/ready-uv
endif

export UV_PYTHON_DOWNLOADS := never
export UV_HTTP_TIMEOUT     ?= 180
unexport VIRTUAL_ENV PYTHONHOME PYTHONPATH
# A home that cannot be written to must not matter.
ifneq ($(shell test -w "$$HOME" && echo writable),writable)
export UV_CACHE_DIR  ?= $(HERE)/.cache/uv
export PIP_CACHE_DIR ?= $(HERE)/.cache/pip
endif
# uv does not read pip's settings: where only pip was told of a mirror or a certificate, uv is told here.
ifdef PIP_CERT
export SSL_CERT_FILE ?= $(PIP_CERT)
endif
# Where the machine has a certificate store, it knows more than uv's own list (a company's proxy, say).
ifneq ($(wildcard /etc/ssl/certs/ca-certificates.crt),)
export UV_SYSTEM_CERTS ?= 1
endif
index = { test -n "$$UV_DEFAULT_INDEX$$UV_INDEX_URL" || UV_DEFAULT_INDEX=$${PIP_INDEX_URL:-$$($(PY) -m pip config get \
	global.index-url 2>/dev/null)} || :; test -z "$$UV_DEFAULT_INDEX" || export UV_DEFAULT_INDEX; }

# A command may exist and not run (a version manager's stub), or run and lack venv: so try, do not look.
CANDIDATES := $(or $(PYTHON),python3.13 python3.12 python3.11 python3)

$(VENV)/ready-uv: requirements/uv.txt
	@for python in $(CANDIDATES); do \
	  if "$$python" -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' \
	    >/dev/null 2>&1; then found=$$python; break; fi; \
	done; \
	if test -z "$$found"; then \
	  echo "No usable Python among: $(CANDIDATES)." >&2; \
	  echo "deleverage needs Python 3.11, 3.12 or 3.13 with venv (on Debian: apt install python3-venv);" >&2; \
	  echo "name another one with make PYTHON=/path/to/python" >&2; exit 1; \
	fi; \
	echo "Preparing .venv with $$("$$found" -V) (once, about a minute) ..." && \
	"$$found" -m venv --clear $(VENV)
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/uv.txt
	@echo "$(HERE)" > $(VENV)/made-in
	@touch $@

# $(1): the locks. Exactly what they name is installed, checked against the hashes, then the project itself, editable;
# last, the engine is compiled, which says so line by line.
define install
	@$(index) && \
	$(UV) pip sync --quiet --python $(PY) --require-hashes --compile-bytecode $(1) && \
	$(UV) pip install --quiet --python $(PY) --no-deps --no-build-isolation --editable . && \
	$(PY) -m compileall -q src && \
	$(PY) -m deleverage.bench.rehearse
endef

$(VENV)/ready-run: $(VENV)/ready-uv requirements/run.txt requirements/build.txt pyproject.toml
	@rm -f $(VENV)/ready-dev
	$(call install,requirements/run.txt requirements/build.txt)
	@touch $@

$(VENV)/ready-dev: $(VENV)/ready-uv requirements/dev.txt pyproject.toml
	$(call install,requirements/dev.txt)
	@touch $(VENV)/ready-run $@
