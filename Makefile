# Everything here works without root and writes below .venv/ and var/ (and the caches of
# uv and of the browser).  As root, "make test" installs Debian packages that tests need.
# Uses uv where it is on the PATH, otherwise a plain venv that gets it from PyPI.

PYTHON ?= python3
# The machine's own certificates, so that it also works behind a proxy that has its own authority.
export UV_SYSTEM_CERTS := 1
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: setup demo test lint types imports bench soak screenshots messages lock clean

setup: $(READY)

$(READY): pyproject.toml requirements.lock
	@if command -v uv >/dev/null 2>&1; then \
	  uv venv --quiet --allow-existing --python $(PYTHON) $(VENV) && UV=uv; \
	else \
	  $(PYTHON) -m venv $(VENV) && $(BIN)/python -m pip install --quiet --disable-pip-version-check uv && UV=$(BIN)/uv; \
	fi && \
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $$UV pip install --quiet --require-hashes -r requirements.lock && \
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $$UV pip install --quiet --no-deps --editable .
	@touch $@

# The main job from end to end, on this machine alone; everything goes below var/demo/.
demo: $(READY)
	@$(BIN)/newsletter demo

# One process for each core; PYTEST_ARGS="-x tests/unit" or whatever else takes the place of this.
PYTEST_ARGS ?= -n auto
test: $(READY)
	@sh tests/packages.sh
	@$(BIN)/pytest $(PYTEST_ARGS)

lint: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(READY)
	@$(BIN)/mypy

imports: $(READY)
	@$(BIN)/lint-imports

# Kill the sender sixty times in one campaign, then two workers, then servers and connections; some ten minutes.
soak: $(READY)
	@KILLS=60 $(BIN)/pytest tests/integration/test_killed.py tests/integration/test_killed_workers.py -q -s --timeout 1200
	@SEEDS=12 EXAMPLES=5000 $(BIN)/pytest tests/integration/test_failures.py \
	  tests/integration/test_broken_servers.py tests/unit/test_desk_failures.py -q --timeout 600

# Some ten minutes; the comparison wants node, npm and Debian's postfix, and says what it skips.
bench: $(READY)
	@$(BIN)/python -m tests.bench
	@$(BIN)/python -m tests.bench.compare
	@$(BIN)/python -m tests.bench.i18n_sync
	@$(BIN)/python -m tests.bench.i18n_check
	@$(BIN)/python -m tests.bench.studio
	@$(BIN)/python -m tests.bench.public
	@$(BIN)/python -m tests.bench.bounces

# The pictures of the README, the gallery of blocks, and every page to look at, from the sample issue in headless Chromium.
PAGES := var/screenshots/pages/2019-06-no-polimigra
screenshots: $(READY)
	@$(BIN)/newsletter render 2019-06-no-polimigra --out var/screenshots/pages
	@$(BIN)/python -m tests.browser.screenshots var/screenshots/pages var/screenshots
	@$(BIN)/python -m tests.browser.screenshots --pair $(PAGES).en.html $(PAGES).es.html docs/images/editions.png
	@$(BIN)/python -m tests.browser.screenshots --pair --dark $(PAGES).en.html $(PAGES).es.html docs/images/editions-dark.png
	@$(BIN)/python -m tests.browser.studio_pictures --all var/screenshots/studio
	@$(BIN)/python -m tests.browser.studio_pictures docs/images
	@$(BIN)/python -m tests.browser.public_pictures --all var/screenshots/public
	@$(BIN)/python -m tests.browser.public_pictures docs/images
	@$(BIN)/python -m tests.browser.gallery docs/images/gallery

# The templates' own words: extract them, and merge them into each messages.po.
messages: $(READY)
	@$(BIN)/python -m tests.tools.messages

lock: $(READY)
	@command -v uv >/dev/null && UV=uv || UV=$(BIN)/uv; \
	$$UV pip compile --quiet --universal --generate-hashes --no-annotate --no-header --extra dev pyproject.toml -o requirements.lock

clean:
	rm -rf $(VENV) var .pytest_cache .mypy_cache .ruff_cache .hypothesis
