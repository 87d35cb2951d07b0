"""Read TensorFlow checkpoints (`model.index` beside `model.data-…`) without TensorFlow.

The index is an SSTable in LevelDB's format: blocks of prefix-compressed keys, found through an index block whose
handle is in the footer. Each value is a protocol buffer (`BundleEntryProto`) with the offset of a tensor in the data
file. TensorFlow always writes the index uncompressed.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vc_core.errors import UserError

FOOTER_BYTES = 48
MAGIC = 0xDB4775248B80FB57
MAX_INDEX_BYTES = 10_000_000
# Field numbers of BundleEntryProto.
DTYPE_FIELD, SHAPE_FIELD, SHARD_FIELD, OFFSET_FIELD, SIZE_FIELD, SLICES_FIELD = 1, 2, 3, 4, 5, 7
DTYPES: dict[int, np.dtype[Any]] = {1: np.dtype("<f4"), 2: np.dtype("<f8"), 3: np.dtype("<i4"), 9: np.dtype("<i8")}

Tensors = dict[str, npt.NDArray[Any]]


def read_checkpoint(prefix: Path) -> Tensors:
    """All tensors by name, memory-mapped; `prefix` is the path without `.index`."""
    index, data = Path(f"{prefix}.index"), Path(f"{prefix}.data-00000-of-00001")
    for file in (index, data):
        if not file.is_file():
            raise UserError("The checkpoint is not complete: “{file}” is missing. Download it again.", file=file.name)
    if index.stat().st_size > MAX_INDEX_BYTES:
        raise UserError("“{file}” is far too large for the index of a checkpoint.", file=index.name)
    try:
        return _read_tensors(index.read_bytes(), data)
    except (struct.error, IndexError, ValueError, OverflowError) as error:
        raise UserError(
            "The checkpoint “{file}” is damaged or cut off. Download it again.", file=prefix.name
        ) from error


def _read_tensors(index: bytes, data: Path) -> Tensors:
    *_, magic = struct.unpack("<40sQ", index[-FOOTER_BYTES:])
    if magic != MAGIC:
        raise ValueError("not the index of a checkpoint")
    position = len(index) - FOOTER_BYTES
    for _ in range(2):  # skip the handle of the metaindex block
        _, position = _read_varint(index, position)
    blocks = [_read_block_handle(value) for _, value in _read_entries(index, *_read_block_handle(index[position:]))]
    values = np.memmap(data, np.uint8, "r")
    tensors: Tensors = {}
    for offset, size in blocks:
        for key, value in _read_entries(index, offset, size):
            if key:  # the empty key holds the header
                tensors[key.decode()] = _read_tensor(values, value)
    return tensors


def _read_tensor(values: npt.NDArray[np.uint8], entry: bytes) -> npt.NDArray[Any]:
    fields = dict(_read_fields(entry))
    dtype = DTYPES.get(_get_number(fields, DTYPE_FIELD))
    if dtype is None or _get_number(fields, SHARD_FIELD) != 0 or SLICES_FIELD in fields:
        raise ValueError("an unsupported dtype, or a sharded or sliced tensor")
    shape = _read_shape(fields.get(SHAPE_FIELD, b""))
    offset, size = _get_number(fields, OFFSET_FIELD), _get_number(fields, SIZE_FIELD)
    if size != dtype.itemsize * int(np.prod(shape, dtype=object)) or offset + size > len(values):
        raise ValueError("the data file is cut off")
    return values[offset : offset + size].view(dtype).reshape(shape)


def _read_shape(message: int | bytes) -> tuple[int, ...]:
    dimensions = [
        dict(_read_fields(value)) for _, value in _read_fields(_check_bytes(message)) if isinstance(value, bytes)
    ]
    return tuple(_get_number(dimension, 1) for dimension in dimensions)


def _read_entries(table: bytes, offset: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of one block, which is followed by a compression type byte and a checksum."""
    block = table[offset : offset + size]
    if table[offset + size] != 0:
        raise ValueError("a compressed index")
    (restarts,) = struct.unpack("<I", block[-4:])
    end, position, key = size - 4 - 4 * restarts, 0, b""
    while position < end:
        shared, position = _read_varint(block, position)
        unshared, position = _read_varint(block, position)
        length, position = _read_varint(block, position)
        if shared > len(key) or position + unshared + length > end:
            raise ValueError("a key beyond its block")
        key = key[:shared] + block[position : position + unshared]
        yield key, block[position + unshared : position + unshared + length]
        position += unshared + length


def _read_fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Decode a protocol buffer to (field number, value) pairs: varints and byte strings."""
    position = 0
    while position < len(message):
        tag, position = _read_varint(message, position)
        match tag & 7:
            case 0:
                number, position = _read_varint(message, position)
                yield tag >> 3, number
            case 2:
                length, position = _read_varint(message, position)
                yield tag >> 3, message[position : position + length]
                position += length
            case 5:  # fixed32: a checksum
                position += 4
            case _:
                raise ValueError("an unknown wire type")


def _get_number(fields: dict[int, int | bytes], number: int) -> int:
    value = fields.get(number, 0)
    if not isinstance(value, int):
        raise ValueError("a number was expected")
    return value


def _check_bytes(value: int | bytes) -> bytes:
    if not isinstance(value, bytes):
        raise ValueError("bytes were expected")
    return value


def _read_block_handle(handle: bytes) -> tuple[int, int]:
    offset, position = _read_varint(handle, 0)
    size, _ = _read_varint(handle, position)
    return offset, size


def _read_varint(data: bytes, position: int) -> tuple[int, int]:
    """A base-128 varint, and the offset after it."""
    number = shift = 0
    while True:
        byte = data[position]
        number |= (byte & 127) << shift
        position, shift = position + 1, shift + 7
        if not byte & 128:
            return number, position
        if shift > 63:
            raise ValueError("an unterminated varint")
