# Everything here needs Python 3.11 or newer and make; the rest is installed into $(VENV) on first use.
#   make demo     report a simulated study and a real one; prints where the reports are, and one line per claim
#   make test     the whole test suite
VENV ?= .venv
PYTHON ?=
DEMO ?= mixablate-demo

BIN := $(VENV)/bin
READY := $(VENV)/.installed
DOCS_READY := $(VENV)/.installed-docs
STUDIES := $(patsubst reports/%/study.toml,%,$(wildcard reports/*/study.toml))

.PHONY: demo test lint docs api gallery reports check-reports calibrate clean
.DEFAULT_GOAL := demo

demo: $(READY)
	@$(BIN)/mixablate demo -o $(DEMO)

test: $(READY)
	@$(BIN)/python -m pytest -q -n auto

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(DOCS_READY)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet --site-dir $(VENV)/site

# Lists in docs/api.md what the packages publish.
api: $(READY)
	@$(BIN)/python docs/api_names.py

# Draws the pictures of docs/gallery.md and README.md again (the latter in Chromium). Look at the difference before committing it.
gallery: $(READY)
	@$(BIN)/python docs/gallery.py

# Re-renders the committed reports. Look at the difference before committing it.
reports: $(READY)
	@for study in $(STUDIES); do $(BIN)/mixablate report reports/$$study/study.toml -o reports/$$study || exit; done

# Renders every committed report again, elsewhere, and compares verdicts, numbers (1e-8) and figure data.
check-reports: $(READY)
	@$(BIN)/python .ci/check_reports.py

# Coverage, size and power over thousands of simulated studies; long, and by hand only.
calibrate: $(READY)
	$(BIN)/python benchmarks/resimulate.py --studies 2000 --jobs 2

clean:
	rm -rf $(VENV) $(DEMO) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(READY): pyproject.toml
	@python=; \
	for candidate in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11 python; do \
	  if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then python="$$candidate"; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo 'mixablate needs Python 3.11 or newer; none was found on the PATH. Name one: make $(MAKECMDGOALS) PYTHON=/path/to/python3.12' >&2; \
	  exit 1; \
	fi; \
	echo "Installing into $(VENV) with $$("$$python" --version) (about a minute, once)" >&2; \
	"$$python" -m venv $(VENV) || { \
	  echo 'That Python cannot make a virtual environment. On Debian and Ubuntu: apt-get install python3-venv' >&2; exit 1; }; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

$(DOCS_READY): $(READY)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[docs]'
	@touch $@
