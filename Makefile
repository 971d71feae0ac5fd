.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo up test chaos soak simulate chance check audit format bench against lock clean

PEOPLE ?= 5000
# What starts whole installations runs in turn, because it needs the machine for itself; the rest on all cores.
IN_TURN := tests/chaos tests/cli tests/journeys tests/bench tests/controls
REVISION ?= HEAD
SEEDS ?= 5000
FROM ?= 0

BIN := .venv/bin
READY := .venv/.ready
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input

help:
	@echo 'Drumroll: the moments when more people want something than there is of it.'
	@echo
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(READY) ## let a crowd through a waiting room (PEOPLE=5000 DURATION=30)
	@$(BIN)/drumroll demo --people $(PEOPLE) --duration $(or $(DURATION),30)

up: $(READY) ## keep the system running on printed addresses until Ctrl-C
	@$(BIN)/drumroll up

test: $(READY) ## run every test on real servers (TESTS=tests/domain for a part)
ifdef TESTS
	@$(BIN)/python -m pytest $(TESTS)
else
	@$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile tests $(IN_TURN:%=--ignore=%)
	@$(BIN)/python -m pytest $(IN_TURN)
endif

chaos: $(READY) ## break everything under a load and check what is left (DURATION=60 SEED=7)
	@$(BIN)/python -m tests.chaos.storm --duration $(or $(DURATION),60) $(if $(SEED),--seed $(SEED))

soak: $(READY) ## one storm after the other until a fact fails (RUNS=50 DURATION=30 SEED=1 KEEP_GOING=1)
	@$(BIN)/python -m tests.chaos.storm --duration $(or $(DURATION),30) --runs $(or $(RUNS),50) \
	  $(if $(SEED),--seed $(SEED)) $(if $(KEEP_GOING),--keep-going)

simulate: $(READY) ## run the core under seeded faults, in memory (SEEDS=5000 FROM=0)
	@$(BIN)/python -m tests.simulation --seeds $(SEEDS) --from $(FROM)

chance: $(READY) ## hold 100,000 draws of each sort against exact probabilities (DRAWS=100000)
	@$(BIN)/python -m tests.chance --draws $(or $(DRAWS),100000)

check: $(READY) ## lint, formatting, types, import arrows, migration drift, audit
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m store.migrations.check
	$(BIN)/python -m tests.support.audit

audit: $(READY) ## ask whether the locked packages have known vulnerabilities
	@$(BIN)/python -m tests.support.audit

format: $(READY) ## put the sources into the house's format
	@$(BIN)/ruff format

bench: $(READY) ## measure, as ratios taken in one run (FIGURES="enters polls" for some)
	@$(BIN)/python -m bench $(FIGURES) --date $(shell date +%F)

against: $(READY) ## compare the hot paths with those of REVISION, in turn
	@$(BIN)/python -m bench.against $(REVISION)

lock: ## pin the dependencies of pyproject.toml again (needs uv)
	@command -v uv >/dev/null || { echo 'make lock needs uv: pip install uv'; exit 1; }
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-annotate --no-header --quiet --output-file requirements.lock

clean: ## remove the environment and what tools left behind (a state folder stays)
	rm -rf .venv .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache .schemathesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment is made from the lock alone and finds the project by its path: nothing is built, so that nothing but
# the locked wheels is needed. A Python that only pretends (a version manager's shim) is passed over.
$(READY): requirements.lock pyproject.toml
	@if ! $(BIN)/python -c '' 2>/dev/null; then \
	  for python in $(PYTHON) python3.11 python3.12 python3.13 python3; do \
	    if $$python -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	      echo "creating .venv with $$python"; exec $$python -m venv --clear .venv; \
	    fi; \
	  done; \
	  echo 'Drumroll needs Python 3.11 or newer with its venv module, and found none.'; \
	  echo 'Install one (Debian and Ubuntu: apt install python3 python3-venv) or name one: make PYTHON=/path/to/python3.11'; \
	  exit 1; \
	fi
	@echo 'installing the locked dependencies'
	@$(PIP) install --quiet --no-deps --require-hashes --requirement requirements.lock || { \
	  echo 'The packages of requirements.lock could not be installed; the lines above say why. Try again when it is mended.'; \
	  exit 1; }
	@$(BIN)/python -c 'import pathlib, sysconfig; \
	  pathlib.Path(sysconfig.get_path("purelib"), "drumroll.pth").write_text(f"{pathlib.Path.cwd()}\n")'
	@printf '#!/bin/sh\nexec "%s/python" -c "from cli.main import app; app(prog_name=\\"drumroll\\")" "$$@"\n' \
	  '$(CURDIR)/$(BIN)' > $(BIN)/drumroll
	@chmod +x $(BIN)/drumroll
	@touch $(READY)
