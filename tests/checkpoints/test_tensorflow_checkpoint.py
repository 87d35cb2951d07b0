"""TensorFlow checkpoints are read exactly; incomplete, damaged and malicious files raise errors."""

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vc_core.checkpoints.tensorflow_checkpoint import read_checkpoint
from vc_core.errors import UserError

GENUINE = Path(__file__).parents[1] / "data" / "spleeter" / "2stems" / "model"
DATA = "data-00000-of-00001"


@pytest.fixture
def copied(tmp_path):
    for suffix in ("index", DATA):
        (tmp_path / f"model.{suffix}").write_bytes(Path(f"{GENUINE}.{suffix}").read_bytes())
    return tmp_path / "model"


def test_genuine_checkpoint_has_all_tensors():
    tensors = read_checkpoint(GENUINE)
    assert len(tensors) == 149  # as listed by TensorFlow
    assert tensors["global_step"] == 1_000_000
    assert tensors["conv2d/kernel"].shape == (5, 5, 2, 2)
    assert tensors["conv2d_transpose_11/kernel"].shape == (5, 5, 1, 4)
    assert all(np.isfinite(values).all() for values in tensors.values())
    # Each byte of the data belongs to one tensor.
    assert sum(values.nbytes for values in tensors.values()) == Path(f"{GENUINE}.{DATA}").stat().st_size


@pytest.mark.parametrize("missing", ["index", DATA])
def test_incomplete_checkpoint_is_refused(copied, missing):
    Path(f"{copied}.{missing}").unlink()
    with pytest.raises(UserError, match=f"not complete: “model.{missing}” is missing"):
        read_checkpoint(copied)


@pytest.mark.parametrize("size", [0, 100, 37_199])
def test_truncated_data_file_is_refused(copied, size):
    data = Path(f"{copied}.{DATA}")
    data.write_bytes(data.read_bytes()[:size])
    with pytest.raises(UserError, match="damaged or cut off"):
        read_checkpoint(copied)


def test_other_content_as_index_is_refused(copied):
    Path(f"{copied}.index").write_bytes(b"<html>Not found</html>" * 10)
    with pytest.raises(UserError, match="damaged"):
        read_checkpoint(copied)


def test_too_large_index_is_not_read(copied):
    with Path(f"{copied}.index").open("wb") as file:
        file.truncate(20_000_000)
    with pytest.raises(UserError, match="far too large"):
        read_checkpoint(copied)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None)
@given(st.data())
def test_corrupt_index_never_crashes_or_reads_out_of_bounds(copied, data):
    whole = bytearray(Path(f"{GENUINE}.index").read_bytes())
    for at in data.draw(st.lists(st.integers(0, len(whole) - 1), min_size=1, max_size=4)):
        whole[at] = data.draw(st.integers(0, 255))
    Path(f"{copied}.index").write_bytes(whole)
    try:
        tensors = read_checkpoint(copied)
    except UserError:
        return
    assert sum(values.size for values in tensors.values()) <= len(tensors) * 37_200


def test_compressed_index_is_refused(copied):
    """TensorFlow never writes one."""
    index = Path(f"{copied}.index")
    whole = bytearray(index.read_bytes())
    footer = whole[-48:]
    offset, at = 0, 0
    numbers = []
    for _ in range(4):
        number = shift = 0
        while True:
            byte = footer[at]
            number |= (byte & 127) << shift
            at, shift = at + 1, shift + 7
            if byte < 128:
                break
        numbers.append(number)
    offset, size = numbers[2:]
    whole[offset + size] = 1
    index.write_bytes(whole)
    assert struct.unpack("<Q", whole[-8:]) == (0xDB4775248B80FB57,)
    with pytest.raises(UserError, match="damaged"):
        read_checkpoint(copied)
