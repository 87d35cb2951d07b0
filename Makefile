# One command each: `make run`, `make test`, `make check`, `make bench`, `make space NAME=…`.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test test-all check format bench examples space clean

# The app, in a browser. The first time installs everything into .venv.
run: .venv/installed
	$(BIN)/python app.py

# The tests: no network, no GPU, a few minutes.
test: .venv/installed-dev
	$(BIN)/pytest

# With the slow ones too.
test-all: .venv/installed-dev
	$(BIN)/pytest -m "not gpu"

check: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest

format: .venv/installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/installed-dev
	for script in separate_memory startup; do $(BIN)/python bench/$$script.py || exit 1; done

examples: .venv/installed-dev
	$(BIN)/python examples/make_examples.py

# dist/NAME, a complete Space: separate_vocals, convert_singer, add_emotion, train_voice or suite.
space:
	$(PYTHON) spaces/build.py $(NAME)

clean:
	rm -rf .venv dist build *.egg-info

.venv/installed: requirements.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

.venv/installed-dev: .venv/installed requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@
