"""Imports point down, one file knows each foreign engine, and nothing grows beyond what can be read."""

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "vc_core"
FILES = sorted(PACKAGE.rglob("*.py"))

RANKS = (
    ("", "audio", "progress", "errors", "options", "engine", "device", "expiry", "home", "locks", "memory", "startup"),
    ("models",),
    ("checkpoints",),
    ("signal", "speech"),
    ("files",),
    ("voices",),
    ("separation", "conversion", "emotion", "training"),
    ("cover",),
    ("recipes",),
    ("batch",),
    ("ui", "cli"),
)
"""The folders and single files of `vc_core` from the bottom to the top: imports point down only."""
TASKS, FRONT_ENDS = {"separation", "conversion", "emotion", "training"}, {"ui", "cli"}
ADAPTERS = {
    "av": ("files.ffmpeg",),
    "spaces": ("ui.server.events",),
    "pyloudnorm": ("signal.loudness",),
    "perth": ("files.watermark",),
    "espeakng_loader": ("speech.espeak",),
    "demucs": ("separation.demucs.weights",),
    "torchcrepe": ("signal.pitch_methods.crepe",),
    "torchfcpe": ("signal.pitch_methods.fcpe",),
    "parselmouth": ("signal.pitch_methods.praat",),
    "python_stretch": ("signal.transposing",),
    "ray": ("batch.ray_cluster",),
    "sounddevice": ("cli.live.sound_device",),
    "so_vits_svc_fork": ("conversion.so_vits.network", "training.so_vits.network"),
}
"""Foreign engines, and the one module that may import each, in each task that has a use for it."""
LONGEST_FILE, LONGEST_FUNCTION, MOST_PARAMETERS, MOST_FILES = 400, 40, 6, 15


def module_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


MODULES = {module_of(file) for file in FILES}


def rank(module: str) -> int:
    """How high the module stands; a folder that nobody ranked is a mistake."""
    (found,) = (at for at, rooms in enumerate(RANKS) if module.split(".")[0] in rooms)
    return found


def imports_of(path: Path) -> list[str]:
    """Every imported module by its full name, also those imported inside functions."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            submodules = [name for name in names if name.removeprefix("vc_core.") in MODULES]
            found += submodules if len(submodules) == len(names) else [node.module, *names]
    return found


def own_imports(path: Path) -> list[str]:
    names = [name.removeprefix("vc_core").removeprefix(".") for name in imports_of(path) if name.startswith("vc_core")]
    return [name for name in names if name in MODULES and name]


@cache
def imports_by_module() -> dict[str, list[str]]:
    return {module_of(file): own_imports(file) for file in FILES}


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_imports_point_down(path):
    module = module_of(path)
    own = module.split(".")[0]
    for imported in own_imports(path):
        other = imported.split(".")[0]
        if own == other:
            continue  # within one folder
        assert rank(imported) <= rank(module), f"{module} imports {imported} from above"
        assert not {own, other} <= TASKS, f"the task {module} imports the task {imported}"
        assert not {own, other} <= FRONT_ENDS, f"{module} imports {imported}: front ends are apart"


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
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = node.end_lineno - node.lineno + 1
            assert length <= LONGEST_FUNCTION, f"{node.name} in {path.name} has {length} lines"


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_no_function_has_more_parameters_than_one_can_tell_apart(path):
    """The front ends too: the parameters of a command and of an endpoint come from an options dataclass."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            names = [one.arg for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
            count = len(names) - (names[:1] in (["self"], ["cls"]))
            assert count <= MOST_PARAMETERS, f"{node.name} in {path.name} has {count} parameters"


def test_no_folder_has_more_files_than_one_can_survey():
    for folder in {path.parent for path in FILES}:
        count = len(list(folder.glob("*.py")))
        assert count <= MOST_FILES, f"{folder.name} has {count} files of its own"


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
