"""Read TensorFlow checkpoints (`model.index` beside `model.data-…`) without TensorFlow.

The index is a table as in LevelDB: blocks of keys that share prefixes, found through one more such block
whose place the file's last bytes tell. Each value is a small protocol buffer that says where in the data
file its tensor lies. TensorFlow writes the index uncompressed, always.
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
NUMBERS: dict[int, np.dtype[Any]] = {1: np.dtype("<f4"), 2: np.dtype("<f8"), 3: np.dtype("<i4"), 9: np.dtype("<i8")}

Tensors = dict[str, npt.NDArray[Any]]


def read_checkpoint(prefix: Path) -> Tensors:
    """All tensors of a checkpoint by name, `prefix` being the path up to `.index`; each backed by the file."""
    index, data = Path(f"{prefix}.index"), Path(f"{prefix}.data-00000-of-00001")
    for file in (index, data):
        if not file.is_file():
            raise UserError(f"The checkpoint is not complete: “{file.name}” is missing. Download it again.")
    if index.stat().st_size > MAX_INDEX_BYTES:
        raise UserError(f"“{index.name}” is far too large for the index of a checkpoint.")
    try:
        return _tensors(index.read_bytes(), data)
    except (struct.error, IndexError, ValueError, OverflowError) as error:
        raise UserError(f"The checkpoint “{prefix.name}” is damaged or cut off. Download it again.") from error


def _tensors(index: bytes, data: Path) -> Tensors:
    *_, magic = struct.unpack("<40sQ", index[-FOOTER_BYTES:])
    if magic != MAGIC:
        raise ValueError("no index of a checkpoint")
    at = len(index) - FOOTER_BYTES
    for _ in range(2):  # the place of a block that is not needed
        _, at = _varint(index, at)
    blocks = [_place(value) for _, value in _entries(index, *_place(index[at:]))]
    values = np.memmap(data, np.uint8, "r")
    tensors: Tensors = {}
    for offset, size in blocks:
        for key, value in _entries(index, offset, size):
            if key:  # the empty key holds the header
                tensors[key.decode()] = _tensor(values, value)
    return tensors


def _tensor(values: npt.NDArray[np.uint8], entry: bytes) -> npt.NDArray[Any]:
    fields = dict(_fields(entry))
    dtype = NUMBERS.get(_number(fields, 1))
    if dtype is None or _number(fields, 3) != 0 or 7 in fields:
        raise ValueError("a tensor of a kind, or in parts, that these checkpoints don't have")
    shape = _shape(fields.get(2, b""))
    offset, size = _number(fields, 4), _number(fields, 5)
    if size != dtype.itemsize * int(np.prod(shape, dtype=object)) or offset + size > len(values):
        raise ValueError("the data file is cut off")
    return values[offset : offset + size].view(dtype).reshape(shape)


def _shape(message: int | bytes) -> tuple[int, ...]:
    dimensions = [dict(_fields(value)) for _, value in _fields(_bytes(message)) if isinstance(value, bytes)]
    return tuple(_number(dimension, 1) for dimension in dimensions)


def _entries(table: bytes, offset: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of one block; after it stand a byte for its compression and a checksum."""
    block = table[offset : offset + size]
    if table[offset + size] != 0:
        raise ValueError("a compressed index")
    (restarts,) = struct.unpack("<I", block[-4:])
    end, at, key = size - 4 - 4 * restarts, 0, b""
    while at < end:
        shared, at = _varint(block, at)
        fresh, at = _varint(block, at)
        length, at = _varint(block, at)
        if shared > len(key) or at + fresh + length > end:
            raise ValueError("a key beyond its block")
        key = key[:shared] + block[at : at + fresh]
        yield key, block[at + fresh : at + fresh + length]
        at += fresh + length


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a protocol buffer by number: whole numbers and byte strings."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        match tag & 7:
            case 0:
                number, at = _varint(message, at)
                yield tag >> 3, number
            case 2:
                length, at = _varint(message, at)
                yield tag >> 3, message[at : at + length]
                at += length
            case 5:  # a checksum
                at += 4
            case _:
                raise ValueError("an unknown kind of field")


def _number(fields: dict[int, int | bytes], number: int) -> int:
    value = fields.get(number, 0)
    if not isinstance(value, int):
        raise ValueError("a number was expected")
    return value


def _bytes(value: int | bytes) -> bytes:
    if not isinstance(value, bytes):
        raise ValueError("bytes were expected")
    return value


def _place(handle: bytes) -> tuple[int, int]:
    offset, at = _varint(handle, 0)
    size, _ = _varint(handle, at)
    return offset, size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number in groups of seven bits, and where the next one starts."""
    number = shift = 0
    while True:
        byte = data[at]
        number |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if not byte & 128:
            return number, at
        if shift > 63:
            raise ValueError("a number without end")
