"""The device of the tests marked `gpu`; VOICE_STUDIO_TEST_GPU=cpu runs them on a CPU, to check the tests themselves."""

import os

import pytest
import torch


@pytest.fixture
def gpu(monkeypatch) -> str:
    """In full precision: TF32 has 10 bits of mantissa."""
    device = os.environ.get("VOICE_STUDIO_TEST_GPU", "cuda")
    if device.startswith("cuda") and not torch.cuda.is_available():
        pytest.skip("there is no CUDA device")
    monkeypatch.setattr("vc_core.device._allow_tf32", lambda: None)
    before = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    yield device
    torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = before
