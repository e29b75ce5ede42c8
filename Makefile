# Everything runs through .venv, which needs a Python of 3.11 or newer and, once, the package registry.
# Windows and conda: see environment.yml; `python -m helpers lab` does what `make lab` does.

PYTHON_IN_VENV := .venv/bin/python
NOTEBOOKS = $(wildcard notebooks/*.ipynb notebooks/solutions/*.ipynb)

# A real browser is required in CI and welcome elsewhere: it is 165 MB, and most readers run no tests.
TEST_EXTRAS := lab test $(if $(filter true,$(CI)),browser)

.PHONY: help setup lab test types units standin test-standin bench

help:
	@echo "make lab           open the course in JupyterLab (makes .venv first)"
	@echo "make setup         make .venv, or repair it; does nothing when nothing changed"
	@echo "make test          every check: lint, types, unit tests, every notebook cell by cell"
	@echo "make standin       serve a small open model in Azure's manner, for your own questions"
	@echo "make test-standin  fetch the engines' weights and test the real engines"
	@echo "make bench         what a replayed call costs, beside the SDK alone"

setup:
	@.ci/setup lab

lab: setup
	@$(PYTHON_IN_VENV) -m helpers lab $(if $(ARGS),-- $(ARGS))

# The last phase reads what the one before left behind: the list of recordings that were answered from. Python may write
# its bytecode down, or each of some hundred processes would compile the same files.
test: export PYTHONDONTWRITEBYTECODE :=
test:
	@.ci/setup $(TEST_EXTRAS)
	$(PYTHON_IN_VENV) -m ruff check
	$(PYTHON_IN_VENV) -m ruff format --check
	@$(MAKE) --no-print-directory -j 2 units types
	$(PYTHON_IN_VENV) -m pytest -q --after tests/after

types:
	$(PYTHON_IN_VENV) -m mypy

# Some of the tests' time is waiting, so there are more processes than cores. Who gets which: tests/conftest.py. What
# tests/network does for every process it does for the first as well; not for setup's, which needs the network.
units: export PYTHONPATH := $(CURDIR)/tests/network$(if $(PYTHONPATH),:$(PYTHONPATH))
units:
	$(PYTHON_IN_VENV) -m pytest -q -n 3 --dist loadfile --no-loadscope-reorder --durations=10 \
		--nbval --nbval-current-env tests $(NOTEBOOKS)

standin:
	@.ci/setup lab standin
	$(PYTHON_IN_VENV) -m tests.standin $(ARGS)

# Where the foreign clients' environment cannot be made, their tests are skipped, and say so.
test-standin:
	@.ci/setup lab test standin
	@$(PYTHON_IN_VENV) -m tests.other_clients --environment || echo "litellm cannot be had here: its tests are skipped"
	$(PYTHON_IN_VENV) -m pytest -q -m standin --durations=10 tests

bench:
	@.ci/setup lab test bench
	$(PYTHON_IN_VENV) -m tests.benchmarks $(ARGS)
