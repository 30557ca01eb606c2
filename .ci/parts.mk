# The parts of .ci/run. None needs another: two run at a time, and whichever is done makes room for the next.

PARTS := check demo workflows tasks jobs emulator older-airflow rest unit newer-pythons
TEST  := $(MAKE) -f Makefile test PROCESSES=0

WORKFLOWS := tests/e2e/dags
EMULATOR  := tests/integration/emulator
TASKS     := tests/integration/faults tests/integration/operators
JOBS      := tests/integration/dags
UNIT      := tests/unit

# Of the oldest Airflow that we run on: its scheduler, triggerer and workers, and what is another there.
# `make test-airflow` alone runs more.
OLDER := tests/integration/faults/test_clears.py tests/integration/faults/test_once.py::test_lost_answers_make_no_second_step \
    tests/integration/faults/test_once.py::test_lost_answers_make_no_second_cluster tests/e2e/operators/test_under_a_scheduler.py \
    tests/integration/test_airflow_commands.py tests/unit/documents tests/unit/hooks tests/unit/logs \
    tests/unit/operators/test_ends.py tests/unit/task_groups tests/unit/triggers tests/unit/test_links.py tests/unit/test_packaging.py \
    tests/unit/test_public_names.py

.PHONY: all $(PARTS)
all: $(PARTS)

check demo:
	$(MAKE) -f Makefile $@
workflows:
	+$(TEST) ARGS="$(WORKFLOWS)"
emulator:
	+$(TEST) ARGS="$(EMULATOR)"
tasks:
	+$(TEST) ARGS="$(TASKS)"
jobs:
	+$(TEST) ARGS="$(JOBS)"
older-airflow:
	$(MAKE) -f Makefile test-airflow VERSION=3.0.6 ARGS="-k 'not backfill and not paused'" AIRFLOW_TESTS="$(OLDER)"
unit:
	+$(TEST) ARGS="$(UNIT)"
newer-pythons:
	$(MAKE) -f Makefile test-python
rest:
	+$(TEST) ARGS="tests $(addprefix --ignore=,$(WORKFLOWS) $(EMULATOR) $(TASKS) $(JOBS) $(UNIT))"
