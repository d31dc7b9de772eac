# make run        one node on ports 3100, 4317 and 4318, data under ./data, its own logs and metrics ingested
# make cluster    three nodes on this machine as one store, on ports 3100, 3200 and 3300
# make test       everything that has to hold before a change is merged
# make sim        clusters on simulated machines: make sim ARGS="--seeds 0:1000", or .venv/bin/lgtm-sim --seed 7 --journal
# make install    .venv/bin/lgtm and nothing else
# The environment is made on first use, with the versions in requirements*.lock.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
ARGS ?=

.PHONY: install run cluster sim test check format test-long bench docs lock clean

install: $(VENV)/.installed

run: install
	$(BIN)/lgtm serve --data-dir data --set self_telemetry.enabled=true --set self_telemetry.metrics=true $(ARGS)

cluster: install
	$(BIN)/lgtm cluster $(ARGS)

test: check
	$(BIN)/pytest -q -m "not long" -n 2 $(ARGS)

sim: $(VENV)/.installed-dev
	$(BIN)/lgtm-sim $(ARGS)

check: $(VENV)/.installed-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

test-long: $(VENV)/.installed-dev
	$(BIN)/pytest -q -m long $(ARGS)

bench: $(VENV)/.installed-dev
	$(BIN)/python -m benchmarks $(ARGS)

docs: install
	$(BIN)/python -m lgtm.app.config_docs > docs/configuration.md

lock: $(VENV)/.installed-dev
	$(BIN)/python tools/lock.py

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; name it with: make PYTHON=/path/to/python3"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(BIN)/python pyproject.toml requirements.lock
	$(PIP) install --quiet --constraint requirements.lock --editable .
	@touch $@

$(VENV)/.installed-dev: $(BIN)/python pyproject.toml requirements-dev.lock
	$(PIP) install --quiet --constraint requirements-dev.lock --editable '.[dev]'
	@ln -sf ../../tools/lgtm-sim $(BIN)/lgtm-sim
	@touch $@ $(VENV)/.installed
