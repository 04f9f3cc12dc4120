# Each target sets up everything they need in .venv/.
PYTHON ?= python3
VENV := .venv
INSTALLED := $(VENV)/.installed
DOCS_INSTALLED := $(VENV)/.docs-installed

.PHONY: study test test-all fuzz docs lint format clean

study: $(INSTALLED)
	$(VENV)/bin/linksim study run quick --workers 2 --out results/quick

# `make test` leaves out what tests/slow.txt lists; `make test-all` does not, and takes an hour.
# `make test COVERAGE=` runs the tests without counting lines.
COVERAGE := --coverage
test: $(INSTALLED)
	@rm -f .coverage.*.json
	@$(VENV)/bin/python .ci/tests_by_folder.py $(COVERAGE); code=$$?; \
	$(VENV)/bin/python .ci/coverage_by_room.py; exit $$code

test-all: export LINKSIM_SLOW = 1
test-all: test

# Damaged studies, results, files and arguments: 2,000 of them, or as many as 5 minutes let.
fuzz: $(INSTALLED)
	$(VENV)/bin/python tests/studies/fuzz/harness.py --cases 2000 --seconds 300 --workers 2

docs: $(DOCS_INSTALLED)
	$(VENV)/bin/sphinx-build --fail-on-warning --fresh-env --write-all --quiet \
	  -d build/doctrees docs site
	@echo site/index.html

lint: $(INSTALLED)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/python -m mypy

format: $(INSTALLED)
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

$(INSTALLED): setup.cfg pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "linksim needs Python 3.11 or newer; set PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --upgrade pip
	PYTHONWARNINGS=ignore $(VENV)/bin/python -m pip install --quiet --editable '.[clip,txt2vid,dev]'
	@touch $@

$(DOCS_INSTALLED): $(INSTALLED)
	PYTHONWARNINGS=ignore $(VENV)/bin/python -m pip install --quiet --editable '.[docs]'
	@touch $@

clean:
	rm -rf $(VENV) build *.egg-info results site .mypy_cache .coverage*
