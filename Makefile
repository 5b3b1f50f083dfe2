# All that must be there: make and Python 3.11 or newer. Another Python: make PYTHON=python3.13 test
PYTHON ?= python3
JOBS ?= 2
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
BUILD := --build-constraint constraints.txt

.PHONY: help install demo test check format bench bench-scale docs clean

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1	/p' Makefile

install: .venv/.dev .venv/.spark  ## make .venv with all that development needs

demo: .venv/.run  ## simulate a small world, run the whole way, show the campaign report
	@$(BIN)/whichhalf demo

test: .venv/.dev .venv/.spark  ## run all tests; some of them: make test ARGS="-k sessions"
	$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup --no-loadscope-reorder $(ARGS)

check: .venv/.dev  ## format, lint, types, generated docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/python -m mypy
	$(BIN)/python tools/docs.py --check

format: .venv/.dev  ## put the code in shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/.dev .venv/.spark  ## measure against named peers; writes JSON
	@$(BIN)/python -m benchmarks

SIZE ?= 1M
DIR ?= .benchmarks
bench-scale: .venv/.run  ## attribute 1M to 800M events beside a bare sort: make bench-scale SIZE=100M DIR=/big
	@mkdir -p $(DIR)
	@$(BIN)/python -m benchmarks.attribution_scale --size $(SIZE) --dir $(DIR)

docs: .venv/.dev  ## write docs/tables.md, docs/cli.md and docs/config.md anew
	$(BIN)/python tools/docs.py

clean:  ## remove what make and the demo made
	rm -rf .venv demo dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis

# The stamps say what is installed; they are older than these two files where it must be renewed.
.venv/.run: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "$(PYTHON) is not Python 3.11 or newer. Name one: make PYTHON=python3.13 …"; exit 1; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv --clear .venv || \
	  { echo "No virtual environment. On Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@echo "Installing into .venv …"
	@$(INSTALL) 'pip>=26'
	@$(INSTALL) $(BUILD) --editable .
	@touch $@

.venv/.dev: .venv/.run
	@$(INSTALL) $(BUILD) --group dev
	@touch $@

# Spark and its jars, where Java and Maven are; without them its tests are skipped, with the reason.
.venv/.spark: .venv/.dev src/whichhalf/engines/spark_pom.xml
	@if command -v java > /dev/null && command -v mvn > /dev/null; then \
	  $(INSTALL) $(BUILD) --editable '.[spark]' && \
	  $(BIN)/python -m whichhalf.engines.spark_jars && touch $@; \
	else echo "No Java or no Maven: no Spark. On Debian: apt install openjdk-17-jre-headless maven"; fi
