# One command each: `make run`, `make test`, `make check`, `make bench`, `make space NAME=…`.

PYTHON ?= python3
SPLEETER_PYTHON ?= python3.11
POOL ?= /tmp/instant-pool
BIN := .venv/bin
# Each worker takes up to 2 GB; a file's tests stay together, for what they share.
# A failed test runs once more: a page that two busy cores serve late is no fault; what fails twice is one.
PYTEST := $(BIN)/pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder --reruns 1 --durations=10

.PHONY: run test test-all check format bench examples spleeter-env rvc-env roformer-env starter-separator starter-voices starter-gans screenshots space licences lock fuzz chaos clean

# The app, in a browser. The first time installs everything into .venv.
run: .venv/installed
	$(BIN)/python app.py

# The tests: no network, no GPU, 10 to 25 minutes on two cores.
test: .venv/installed-dev
	$(PYTEST)

# With the slow ones too.
test-all: .venv/installed-dev
	$(PYTEST) -m "not gpu"

check: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pip check
	$(BIN)/python docs/list_licences.py > /dev/null
	$(PYTEST)

# The licence of every package that the app installs; an error where one is neither allowed nor named.
licences: .venv/installed
	$(BIN)/python docs/list_licences.py

# requirements.lock anew, with hashes, for every system and Python from 3.11 on. It needs uv: `pipx install uv`.
lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url --quiet \
		--custom-compile-command "make lock" -o requirements.lock requirements.txt

format: .venv/installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/installed-dev .spleeter-env/installed
	for script in separate separate_memory startup convert; do $(BIN)/python bench/$$script.py || exit 1; done

examples: .venv/installed-dev
	$(BIN)/python examples/make_examples.py

# The original Spleeter with its old TensorFlow, as an engine to choose and for its tests. It needs Python 3.11.
spleeter-env: .spleeter-env/installed

# An independent RVC, for its tests and its bench; it uses the packages of .venv.
rvc-env: .rvc-env/installed

# Independent RoFormers, for their tests and their bench; they use the packages of .venv.
roformer-env: .roformer-env/installed

# The judges of bench/quality.py, over the packages of .venv.
quality-env: .quality-env/installed

# The starter model's successor, from nothing: about eight hours of one core; a stopped training resumes. It needs
# Debian's fluidsynth and fluid-soundfont-gm besides what the target below needs.
starter-separator: .quality-env/installed
	$(QUALITY_PYTHON) -m starters.speech.corpus $(POOL)/corpus --hours 2.1
	$(QUALITY_PYTHON) -m starters.separator.corpus $(POOL)/separator $(POOL)/corpus
	$(QUALITY_PYTHON) -m starters.separator.train $(POOL)/separator $(POOL)/separator.pt 360 $(POOL)/separator.safetensors

# The instant engine's encoders, its base decoder, and the voices that come with the app: about three hours of two cores.
# It needs Debian's flite and espeak-ng, and npm. What is there already is not made again.
QUALITY_PYTHON := .quality-env/bin/python -W ignore
STARTER_WEIGHTS := vc_core/starters/instant
starter-voices: .quality-env/installed
	$(QUALITY_PYTHON) -m starters.speech.corpus $(POOL)/corpus --hours 2.1
	$(QUALITY_PYTHON) -m starters.speech.robots $(POOL)/robots
	$(QUALITY_PYTHON) -m starters.instant.starter_voices $(POOL)/starter-recordings
	$(QUALITY_PYTHON) -m starters.instant.teacher $(POOL)/corpus $(POOL)/shards
	$(QUALITY_PYTHON) -m starters.instant.teacher $(POOL)/robots $(POOL)/shards robots-
	$(QUALITY_PYTHON) -m starters.instant.singing $(POOL)/shards
	$(QUALITY_PYTHON) -m starters.instant.train_encoder $(POOL)/shards $(POOL)/units.safetensors
	cp $(POOL)/units.safetensors $(STARTER_WEIGHTS)
	$(QUALITY_PYTHON) -m starters.instant.train_decoder $(POOL)/corpus $(POOL)/starter-recordings $(POOL)/decoder
	cp $(POOL)/decoder/start.safetensors $(POOL)/decoder/speakers.safetensors $(STARTER_WEIGHTS)
	$(QUALITY_PYTHON) -m starters.instant.corpus $(POOL)/phones
	$(QUALITY_PYTHON) -m starters.instant.train_sounds $(POOL)/phones
	$(QUALITY_PYTHON) -m starters.instant.train_voices $(POOL)/starter-recordings
	$(QUALITY_PYTHON) -m starters.instant.refine_voices $(POOL)/starter-recordings
	$(QUALITY_PYTHON) -m starters.instant.refine_base $(POOL)/starter-recordings $(STARTER_WEIGHTS)/start.safetensors
	$(QUALITY_PYTHON) -m starters.instant.interpolate_voices
	$(QUALITY_PYTHON) -m starters.instant.train_meta $(POOL)/starter-recordings

# The emotion model that comes with the app, and a CycleGAN voice in $(POOL)/cyclegan/voice: under an hour of one core.
starter-gans: .quality-env/installed
	$(QUALITY_PYTHON) -m starters.instant.starter_voices $(POOL)/starter-recordings
	$(QUALITY_PYTHON) -m starters.cyclegan.train $(POOL)/starter-recordings $(POOL)/cyclegan
	$(QUALITY_PYTHON) -m starters.emotion.train $(POOL)/starter-recordings

# The README's pictures. They need Debian's chromium.
screenshots: .venv/installed-dev
	$(BIN)/python docs/make_screenshots.py

# dist/NAME, a complete Space: separate_vocals, convert_singer, add_emotion, train_voice or suite.
space:
	$(PYTHON) spaces/build.py $(NAME)

# Mutated files for ten minutes, then wrong values for the API for ten.
fuzz: .venv/installed-dev
	FUZZ_SECONDS=600 $(BIN)/pytest -s -m "not gpu" --timeout 900 tests/files/test_fuzz.py
	PROBE_SECONDS=600 $(BIN)/pytest -s -m slow tests/ui/test_api_probe.py

# Kills, full disks and damaged files for five minutes, then clients side by side for three.
chaos: .venv/installed-dev
	CHAOS_SECONDS=300 $(BIN)/pytest -s -m "not gpu" --timeout 900 tests/test_chaos.py
	CHAOS_SECONDS=300 $(BIN)/pytest -s -m slow --timeout 1800 tests/test_page_kills.py tests/test_two_apps.py
	LOAD_CLIENTS=20 LOAD_SECONDS=180 $(BIN)/pytest -s -m slow tests/test_load.py

clean:
	rm -rf .venv .spleeter-env .rvc-env .roformer-env dist build *.egg-info

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

.quality-env/installed: requirements-judges.txt .venv/installed-dev
	$(PYTHON) -m venv .quality-env
	$(BIN)/python -c "import sysconfig; print(sysconfig.get_paths()['purelib'])" > \
		$$(.quality-env/bin/python -c "import sysconfig; print(sysconfig.get_paths()['purelib'])")/app.pth
	.quality-env/bin/python -m pip install --quiet --disable-pip-version-check "setuptools<81" wheel
	.quality-env/bin/python -m pip install --quiet --disable-pip-version-check --no-build-isolation -r requirements-judges.txt
	touch $@

.rvc-env/installed: requirements-rvc.txt .venv/installed-dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --target .rvc-env -r requirements-rvc.txt
	touch $@

.roformer-env/installed: requirements-roformer.txt .venv/installed-dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --target .roformer-env -r requirements-roformer.txt
	touch $@
