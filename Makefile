# One command each: `make run`, `make test`, `make check`, `make bench`, `make space NAME=…`.

PYTHON ?= python3
SPLEETER_PYTHON ?= python3.11
POOL ?= /tmp/instant-pool
BIN := .venv/bin
# Each worker takes up to 2 GB; a file's tests stay together, for what they share.
PYTEST := $(BIN)/pytest -n auto --maxprocesses 4 --dist loadfile

.PHONY: run test test-all check format bench examples spleeter-env starter-separator starter-voices screenshots space clean

# The app, in a browser. The first time installs everything into .venv.
run: .venv/installed
	$(BIN)/python app.py

# The tests: no network, no GPU, about twelve minutes on two cores.
test: .venv/installed-dev
	$(PYTEST)

# With the slow ones too.
test-all: .venv/installed-dev
	$(PYTEST) -m "not gpu"

check: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(PYTEST)

format: .venv/installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/installed-dev .spleeter-env/installed
	for script in separate separate_memory startup convert; do $(BIN)/python bench/$$script.py || exit 1; done

examples: .venv/installed-dev
	$(BIN)/python examples/make_examples.py

# The original Spleeter with its old TensorFlow, as an engine to choose and for its tests. It needs Python 3.11.
spleeter-env: .spleeter-env/installed

# The starter model, from nothing: about an hour.
starter-separator: .venv/installed-dev
	$(BIN)/python -m starters.separator.train

# The instant engine's encoder, its start, and the voices that come with the app. It needs Debian's flite.
starter-voices: .venv/installed-dev
	$(BIN)/python -m starters.instant.corpus $(POOL) 2400
	$(BIN)/python -m starters.instant.train_units $(POOL)
	$(BIN)/python -m starters.instant.train_sounds $(POOL)
	$(BIN)/python -m starters.instant.train_voices all

# The README's pictures. They need Debian's chromium.
screenshots: .venv/installed-dev
	$(BIN)/python docs/make_screenshots.py

# dist/NAME, a complete Space: separate_vocals, convert_singer, add_emotion, train_voice or suite.
space:
	$(PYTHON) spaces/build.py $(NAME)

clean:
	rm -rf .venv .spleeter-env dist build *.egg-info

.venv/installed: requirements.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

.venv/installed-dev: .venv/installed requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

# Without its dependencies' dependencies: those are for training, and twice as large.
.spleeter-env/installed: requirements-spleeter.txt
	$(SPLEETER_PYTHON) -m venv .spleeter-env
	.spleeter-env/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements-spleeter.txt
	touch $@
