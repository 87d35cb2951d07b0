"""Make torchaudio importable where its compiled part does not fit torch.

PyPI's torchaudio is linked against CUDA, and against one version of it. Beside a CPU torch, or one for
another CUDA, importing it raises, and so does every package that imports it, transformers among them.
Its Python part needs none of that. So a failed import is tried again with a stand-in for the compiled
part, as torchaudio itself does where it was built without one. Call this before any such import.
"""

import importlib
import sys
import types
from collections.abc import Callable
from functools import cache
from typing import Any, Literal


@cache
def ensure_torchaudio() -> Literal["native", "python only"]:
    """Import torchaudio, with its compiled part or without; raises `ImportError` if it is not installed."""
    try:
        importlib.import_module("torchaudio")
    except (OSError, RuntimeError):
        sys.modules["torchaudio._extension"] = _stand_in()
        importlib.import_module("torchaudio")
        return "python only"
    return "native"


def _stand_in() -> types.ModuleType:
    module = types.ModuleType("torchaudio._extension")
    module.__dict__.update(_IS_TORCHAUDIO_EXT_AVAILABLE=False, _IS_ALIGN_AVAILABLE=False, fail_if_no_align=_refused)
    return module


def _refused(function: Callable[..., Any]) -> Callable[..., Any]:
    def refuse(*_: Any, **__: Any) -> Any:
        raise RuntimeError(f"torchaudio's {function.__name__} needs its compiled part, which does not fit this torch")

    return refuse
