"""Imports point down, one file knows each foreign engine, and nothing grows beyond what can be read."""

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "vc_core"
FILES = sorted(PACKAGE.rglob("*.py"))

BOTTOM = {"audio", "progress", "errors", "device"}
TASKS = {"separation", "conversion", "emotion", "training"}
ADAPTERS = {
    "av": ("ffmpeg",),
    "spaces": ("ui.events",),
    "pyloudnorm": ("loudness",),
    "perth": ("watermark",),
    "espeakng_loader": ("espeak",),
    "demucs": ("separation.demucs_weights",),
    "torchcrepe": ("pitch_methods.crepe",),
    "torchfcpe": ("pitch_methods.fcpe",),
    "parselmouth": ("pitch_methods.praat",),
    "python_stretch": ("transposing",),
    "ray": ("ray_cluster",),
    "so_vits_svc_fork": ("conversion.so_vits_network", "training.so_vits_network"),
}
"""Foreign engines, and the one module that may import each, in each task that has a use for it."""
LONGEST_FILE, LONGEST_FUNCTION = 400, 40


def module_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def rank(module: str) -> int:
    """0 bottom, 1 tools, 2 tasks, 3 recipes, 4 front ends."""
    first = module.split(".")[0]
    if first in BOTTOM or not first:
        return 0
    return {"ui": 4, "cli": 4, "recipes": 3}.get(first, 2 if first in TASKS else 1)


def imports_of(path: Path) -> list[str]:
    """Every imported module by its full name, also those imported inside functions."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            found += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return found


def own_imports(path: Path) -> list[str]:
    modules = {module_of(file) for file in FILES}
    names = [name.removeprefix("vc_core").removeprefix(".") for name in imports_of(path) if name.startswith("vc_core")]
    return [name for name in names if name in modules and name]


@cache
def imports_by_module() -> dict[str, list[str]]:
    return {module_of(file): own_imports(file) for file in FILES}


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_imports_point_down(path):
    module = module_of(path)
    for imported in own_imports(path):
        if module.split(".")[0] == imported.split(".")[0]:
            continue  # within a task, or within the pages
        assert rank(imported) <= rank(module), f"{module} imports {imported} from above"
        assert not (rank(module) == rank(imported) == 2), f"the task {module} imports the task {imported}"
        assert not (rank(module) == rank(imported) == 4), f"{module} imports {imported}: front ends are apart"
        assert rank(module) > 0 or rank(imported) == 0


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_only_the_pages_know_gradio(path):
    if not module_of(path).startswith("ui"):
        heads = {name.split(".")[0] for name in imports_of(path)}
        assert not heads & {"gradio", "gradio_client", "spaces"}


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_each_foreign_engine_has_one_adapter(path):
    for name in imports_of(path):
        owners = ADAPTERS.get(name.split(".")[0], (module_of(path),))
        assert module_of(path) in owners, f"only {' and '.join(owners)} may import {name}"


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_no_tool_imports_in_a_circle(path):
    def reachable(module: str) -> set[str]:
        found: set[str] = set()
        ahead = {module}
        while ahead:
            ahead = {name for one in ahead for name in imports_by_module()[one]} - found
            found |= ahead
        return found

    module = module_of(path)
    if module and not module.endswith("base"):
        assert module not in reachable(module)


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_files_and_functions_stay_short(path):
    text = path.read_text()
    assert len(text.splitlines()) <= LONGEST_FILE
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            length = node.end_lineno - node.lineno + 1
            assert length <= LONGEST_FUNCTION, f"{node.name} in {path.name} has {length} lines"


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_every_module_says_what_it_is(path):
    assert ast.get_docstring(ast.parse(path.read_text())), f"{path} has no docstring"


def test_no_file_has_a_name_that_says_nothing():
    assert not {path.stem for path in FILES} & {"utils", "util", "common", "misc", "helpers"}


def test_the_folder_of_spaces_is_no_package():
    """With an __init__.py it would hide the PyPI package of the same name."""
    assert not (ROOT / "spaces" / "__init__.py").exists()


def test_the_core_is_light_to_import():
    """The shell's help should appear at once, so its modules load torch and Gradio only when needed."""
    import subprocess
    import sys

    code = "import sys, vc_core.cli; print([name for name in ('torch', 'gradio', 'librosa') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
