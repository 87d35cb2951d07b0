"""Each of the five Spaces is complete: valid front matter, consistent pins, and it starts."""

import ast
import importlib.util
import os
import re
import subprocess
import sys
import time
from functools import cache
from importlib.metadata import packages_distributions, version

import httpx
import pytest
import yaml
from conftest import ROOT, client_of
from gradio_client import handle_file
from test_architecture import FILES, imports_of, module_of

packages_distributions = cache(packages_distributions)  # a second each time
spec = importlib.util.spec_from_file_location("build_spaces", ROOT / "spaces" / "build.py")
builder = importlib.util.module_from_spec(spec)
spec.loader.exec_module(builder)

ZEROGPU_TORCH = ("2.8.0", "2.9.1", "2.10.0", "2.11.0")
ZEROGPU_PYTHON = ("3.10.13", "3.12.12")
COLOURS = ("red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray", "teal")


@pytest.fixture(scope="module", params=builder.SPACES)
def space(request, tmp_path_factory):
    return builder.build(request.param, tmp_path_factory.mktemp("dist") / request.param)


def pins(text: str) -> dict[str, str]:
    return dict(re.findall(r"(?m)^([\w.-]+)\s*(==[\w.]+|<\d+)", text))


def test_the_front_matter_is_what_spaces_accept(space):
    front = yaml.safe_load((space / "README.md").read_text().split("---")[1])
    assert front["sdk"] == "gradio"
    assert front["app_file"] == "app.py"
    assert front["python_version"] in ZEROGPU_PYTHON
    assert isinstance(front["python_version"], str)
    assert {front["colorFrom"], front["colorTo"]} <= set(COLOURS)
    assert len(front["short_description"]) <= 60
    assert front["sdk_version"] == pins((space / "requirements.txt").read_text())["gradio"].removeprefix("==")


def test_the_pins_of_a_space_match_the_suite_except_torch(space):
    own = pins((space / "requirements.txt").read_text())
    # A Space may have an extra of the package; those are pinned where their tests get them from.
    suite = pins((ROOT / "requirements-dev.txt").read_text()) | pins((ROOT / "requirements.txt").read_text())
    assert own.pop("torch").removeprefix("==") in ZEROGPU_TORCH
    assert own.items() <= suite.items()
    assert {"gradio", "spaces", "huggingface_hub"} <= own.keys()


@pytest.mark.slow
def test_a_space_starts_from_its_own_folder_alone(space, free_port, tmp_path):
    environment = os.environ | {
        "GRADIO_SERVER_PORT": str(free_port),
        "HOME": str(tmp_path),
        "VOICE_STUDIO_SHARED": "1",
        "GRADIO_TEMP_DIR": str(tmp_path / "gradio"),
    }
    environment.pop("PYTHONPATH", None)
    where = subprocess.run(
        [sys.executable, "-c", "import vc_core; print(vc_core.__file__)"],
        cwd=space, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert where.stdout.strip() == str(space / "vc_core" / "__init__.py")
    process = subprocess.Popen([sys.executable, "app.py"], cwd=space, env=environment)
    try:
        address = f"http://127.0.0.1:{free_port}/"
        for _ in range(160):
            try:
                httpx.get(f"{address}healthz").raise_for_status()
                break
            except httpx.HTTPError:
                assert process.poll() is None
                time.sleep(0.25)
        client = client_of(address, tmp_path)
        song = space / "examples" / "spoken_line.flac"
        vocals, *_ = client.predict(song=handle_file(song), engine="repet", api_name="/separate")
        assert vocals.endswith("vocals.flac")
    finally:
        process.kill()
        process.wait()


def test_a_space_that_does_not_exist_is_refused():
    done = subprocess.run(
        [sys.executable, str(ROOT / "spaces" / "build.py"), "nonsense"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "separate_vocals" in done.stderr


def test_the_workflow_deploys_exactly_these_spaces():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "spaces.yml").read_text())
    assert tuple(workflow["jobs"]["deploy"]["strategy"]["matrix"]["space"]) == builder.SPACES


def test_whatever_the_package_imports_is_pinned():
    """Also transitive dependencies: the next version of a requirement may drop them."""
    own = pins((ROOT / "requirements.txt").read_text())
    owners = packages_distributions()
    optional = {"perth", "spleeter", "parselmouth", "ray", "demucs", "sounddevice"}
    # The Hub's transport and its engine, whose errors hub.py and links.py must know; Gradio's server.
    part_of_another = {"httpx2", "httpcore2", "starlette"}
    for path in FILES:
        for name in {name.split(".")[0] for name in imports_of(path)}:
            if name in sys.stdlib_module_names or name in optional | part_of_another | {"vc_core"}:
                continue
            distribution = owners[name][0].lower().replace("-", "_")
            assert distribution in {pin.lower().replace("-", "_") for pin in own}, f"{path.name} imports {name}"


@pytest.fixture(scope="module")
def imported_at_start() -> set[str]:
    """Every tab is imported, also in Spaces that show only some, so a missing package would fail at start."""
    code = "import sys, vc_core.ui.suite; print(*(name for name in sys.modules if name.startswith('vc_core')))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {f"vc_core.{module_of(path)}".rstrip("."): path for path in FILES}
    owners, needed = packages_distributions(), set()
    for path in (loaded[name] for name in done.stdout.split()):
        for node in ast.parse(path.read_text()).body:  # not those inside functions: they wait until they are needed
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) else []
            needed |= {owners[head][0] for name in names if (head := name.split(".")[0]) in owners}
    return needed


def test_a_space_has_all_that_its_pages_import_when_they_start(space, imported_at_start):
    own = {pin.lower().replace("-", "_") for pin in pins((space / "requirements.txt").read_text())}
    part_of_another = {"httpx2", "httpcore2", "starlette", "vc_core"}
    assert {name.lower().replace("-", "_") for name in imported_at_start} - part_of_another <= own


def test_the_pins_are_what_these_tests_ran_with():
    for name, pin in pins((ROOT / "requirements.txt").read_text()).items():
        if pin.startswith("=="):
            assert version(name).split("+")[0] == pin.removeprefix("==")


def test_every_pin_of_the_suite_is_within_the_range_of_the_package():
    from packaging.requirements import Requirement

    declared = re.findall(r'"([\w.-]+[<>=][^"]*)"', (ROOT / "pyproject.toml").read_text().split("[project.optional")[0])
    own = pins((ROOT / "requirements.txt").read_text())
    for requirement in map(Requirement, declared):
        pin = own.get(requirement.name) or own.get(requirement.name.replace("_", "-"))
        if pin and pin.startswith("=="):
            assert requirement.specifier.contains(pin.removeprefix("=="))
