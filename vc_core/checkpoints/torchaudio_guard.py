"""Make torchaudio importable where its compiled extension does not match the installed torch (ABI or CUDA version).

PyPI's torchaudio is linked against one CUDA version. Next to a CPU build of torch, or one for another CUDA, importing
it raises, and so does every package that imports it, such as transformers. Its pure Python code works without the
extension. So a failed import is retried with a stub extension, as torchaudio itself has when built without one.
Call this before any such import.
"""

import importlib
import sys
import types
from collections.abc import Callable
from functools import cache
from typing import Any, Literal


@cache
def ensure_torchaudio() -> Literal["native", "python only"]:
    """Import torchaudio with or without its extension; raises `ImportError` if it is not installed."""
    try:
        importlib.import_module("torchaudio")
    except (OSError, RuntimeError):
        sys.modules["torchaudio._extension"] = _make_stub_extension()
        importlib.import_module("torchaudio")
        return "python only"
    return "native"


def _make_stub_extension() -> types.ModuleType:
    module = types.ModuleType("torchaudio._extension")
    module.__dict__.update(_IS_TORCHAUDIO_EXT_AVAILABLE=False, _IS_ALIGN_AVAILABLE=False, fail_if_no_align=_refuse_call)
    return module


def _refuse_call(function: Callable[..., Any]) -> Callable[..., Any]:
    def refuse(*_: Any, **__: Any) -> Any:
        raise RuntimeError(
            f"torchaudio's {function.__name__} needs its compiled extension, which does not match this torch"
        )

    return refuse
