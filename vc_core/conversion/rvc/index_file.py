"""Read and write faiss index files (flat, and IVF with flat lists) and `total_fea.npy`, without faiss.

Every number of an untrusted file is compared with the file's length before anything is allocated for it. The layout is
that of faiss's `index_write.cpp`: little endian, without padding.
"""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from vc_core.errors import UserError

Vectors = npt.NDArray[np.float32]

WIDTHS = (256, 768)
MOST_LISTS, MOST_VECTORS, MOST_PROBES = 1_000_000, 3_000_000, 1_000_000
MAX_GIGABYTES = 4.0
FLAT, IVF_FLAT, LISTS, EUCLIDEAN = b"IxF2", b"IwFl", b"ilar", 1
FLAT_LABELS = (b"IxF2", b"IxFl")
HEADER = struct.Struct("<iqqq?i")
"""Width, number of vectors, two unused numbers, whether it is trained, and the metric."""
UNUSED = 1 << 20
CHECK_ROWS = 16_384


@dataclass(frozen=True, eq=False)
class FeatureIndex:
    """Content features of a voice's recordings, grouped by their nearest centroid."""

    vectors: Vectors
    """Shape (vectors, width), list after list."""
    centroids: Vectors
    """Shape (lists, width)."""
    sizes: npt.NDArray[np.int64]
    """How many vectors each list has."""
    probes: int = 1
    """How many lists a search looks into."""

    @property
    def width(self) -> int:
        return int(self.vectors.shape[1])


def read_index(path: Path) -> FeatureIndex:
    """The vectors of an `.index` or of `total_fea.npy`, mapped into memory where they need no sorting."""
    if not path.is_file():
        raise UserError("There is no file “{file}”.", file=path.name)
    if path.stat().st_size > MAX_GIGABYTES * 1e9:
        raise UserError(
            "“{file}” is larger than {gigabytes:g} GB, so it is no voice's index.",
            file=path.name,
            gigabytes=MAX_GIGABYTES,
        )
    try:
        index = _read_array(path) if path.suffix.lower() == ".npy" else _Reader(path).read()
        _check_finite(index)
    except _BrokenIndexError as error:
        raise UserError(
            "“{file}” is not an index that can be read ({reason:.60}).", file=path.name, reason=str(error)
        ) from error
    return index


class _BrokenIndexError(Exception):
    """Says what is wrong."""


def _check_finite(index: FeatureIndex) -> None:
    for table in (index.centroids, index.vectors):
        for start in range(0, len(table), CHECK_ROWS):
            if not np.isfinite(table[start : start + CHECK_ROWS]).all():
                raise _BrokenIndexError("values that are not numbers")


def _read_array(path: Path) -> FeatureIndex:
    """An array file of all vectors in one list."""
    try:
        array: Any = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError, SyntaxError, TypeError, KeyError, OverflowError, MemoryError) as error:
        raise _BrokenIndexError("no array of numbers") from error
    if not isinstance(array, np.ndarray) or array.ndim != 2 or array.dtype not in (np.float32, np.float16):
        raise _BrokenIndexError("no array of numbers")
    if array.shape[1] not in WIDTHS or not 1 <= len(array) <= MOST_VECTORS:
        raise _BrokenIndexError(f"an array of {array.shape}")
    vectors = np.ascontiguousarray(array, np.float32)
    return FeatureIndex(vectors, np.zeros((1, vectors.shape[1]), np.float32), np.array([len(vectors)]))


@dataclass(frozen=True)
class _Header:
    width: int
    count: int


class _Reader:
    def __init__(self, path: Path) -> None:
        self._data = np.memmap(path, np.uint8, "r") if path.stat().st_size else np.zeros(0, np.uint8)
        self._at = 0

    def read(self) -> FeatureIndex:
        label = self._take(4).tobytes()
        if label in FLAT_LABELS:
            header, vectors = self._read_flat()
            index = FeatureIndex(vectors, np.zeros((1, header.width), np.float32), np.array([header.count]))
        elif label == IVF_FLAT:
            index = self._read_lists()
        else:
            raise _BrokenIndexError(f"of the kind {label!r:.12}, not IVF,Flat")
        if self._at != len(self._data):
            raise _BrokenIndexError("more bytes than it states")
        if not len(index.vectors):
            raise _BrokenIndexError("without vectors; take the one that begins with “added”")
        return index

    def _read_lists(self) -> FeatureIndex:
        header = self._read_header(allow_empty=True)
        lists, probes = self._numbers(2)
        if not 1 <= lists <= MOST_LISTS or not 1 <= probes <= MOST_PROBES:
            raise _BrokenIndexError(f"{lists} lists, {probes} probes")
        if (label := self._take(4).tobytes()) not in FLAT_LABELS:
            raise _BrokenIndexError(f"with a quantiser of the kind {label!r:.12}")
        inner, centroids = self._read_flat()
        if inner != _Header(header.width, lists):
            raise _BrokenIndexError("with a quantiser of another size")
        self._skip_direct_map()
        sizes = self._read_sizes(lists, header)
        return FeatureIndex(self._read_vectors(sizes, header), centroids, sizes, min(probes, lists))

    def _read_header(self, *, allow_empty: bool = False) -> _Header:
        width, count, _, _, is_trained, metric = HEADER.unpack(self._take(HEADER.size).tobytes())
        if width not in WIDTHS:
            raise _BrokenIndexError(f"{width} features")
        if not (0 if allow_empty else 1) <= count <= MOST_VECTORS or not is_trained:
            raise _BrokenIndexError(f"{count} vectors")
        if metric != EUCLIDEAN:
            raise _BrokenIndexError("with another metric than the Euclidean")
        return _Header(width, count)

    def _read_flat(self) -> tuple[_Header, Vectors]:
        header = self._read_header()
        (floats,) = self._numbers(1)
        if floats != header.width * header.count:
            raise _BrokenIndexError("with vectors of another size")
        return header, self._take(4 * floats).view("<f4").reshape(header.count, header.width)

    def _skip_direct_map(self) -> None:
        kind = int(self._take(1)[0])
        (entries,) = self._numbers(1)
        self._take(8 * entries)
        if kind == 2:  # a hash table
            (pairs,) = self._numbers(1)
            self._take(16 * pairs)
        elif kind > 2:
            raise _BrokenIndexError("with a direct map of another kind")

    def _read_sizes(self, lists: int, header: _Header) -> npt.NDArray[np.int64]:
        if (label := self._take(4).tobytes()) != LISTS:
            raise _BrokenIndexError(f"with lists of the kind {label!r:.12}")
        if self._numbers(2) != (lists, 4 * header.width):
            raise _BrokenIndexError("with lists of another size")
        kind, (count,) = self._take(4).tobytes(), self._numbers(1)
        if kind == b"full":
            sizes = self._take(8 * count).view("<u8")
        elif kind == b"sprs":
            pairs = self._take(16 * count).view("<u8").reshape(count, 2)
            if len(np.unique(pairs[:, 0])) < count or (count and pairs[:, 0].max() >= lists):
                raise _BrokenIndexError("with lists that don't exist")
            sizes = np.zeros(lists, np.uint64)
            sizes[pairs[:, 0].astype(np.int64)] = pairs[:, 1]
        else:
            raise _BrokenIndexError(f"with lists of the kind {kind!r:.12}")
        # Python's integers don't overflow.
        if len(sizes) != lists or sum(map(int, sizes)) != header.count:
            raise _BrokenIndexError("with lists of another size")
        return sizes.astype(np.int64)

    def _read_vectors(self, sizes: npt.NDArray[np.int64], header: _Header) -> Vectors:
        if (4 * header.width + 8) * header.count > len(self._data) - self._at:
            raise _BrokenIndexError("it ends early")
        vectors = np.empty((header.count, header.width), np.float32)
        numbers = np.empty(header.count, np.int64)
        first = 0
        for size in map(int, sizes):
            vectors[first : first + size] = self._take(4 * header.width * size).view("<f4").reshape(size, header.width)
            numbers[first : first + size] = self._take(8 * size).view("<i8")
            first += size
        if not np.array_equal(np.sort(numbers), np.arange(header.count)):
            raise _BrokenIndexError("with vectors that are numbered wrongly")
        return vectors

    def _numbers(self, count: int) -> tuple[int, ...]:
        return tuple(map(int, self._take(8 * count).view("<u8")))

    def _take(self, size: int) -> npt.NDArray[np.uint8]:
        """The next bytes, as a view of the file."""
        if size > len(self._data) - self._at:
            raise _BrokenIndexError("it ends early")
        self._at += size
        return np.frombuffer(self._data, np.uint8, size, self._at - size) if size else np.zeros(0, np.uint8)


def write_index(path: Path, index: FeatureIndex) -> None:
    """An `IVF…,Flat` index that faiss, and so RVC, reads; vectors are numbered in their order."""
    lists, width, count = len(index.centroids), index.width, len(index.vectors)
    with path.open("wb") as file:
        file.write(IVF_FLAT + HEADER.pack(width, count, UNUSED, UNUSED, True, EUCLIDEAN))
        file.write(struct.pack("<QQ", lists, index.probes))
        file.write(FLAT + HEADER.pack(width, lists, UNUSED, UNUSED, True, EUCLIDEAN))
        _write_floats(file, index.centroids, with_count=True)
        file.write(struct.pack("<BQ", 0, 0) + LISTS + struct.pack("<QQ", lists, 4 * width))
        file.write(b"full" + struct.pack("<Q", lists) + index.sizes.astype("<u8").tobytes())
        first = 0
        for size in map(int, index.sizes):
            if size:
                _write_floats(file, index.vectors[first : first + size], with_count=False)
                file.write(np.arange(first, first + size, dtype="<i8").tobytes())
            first += size


def _write_floats(file: BinaryIO, values: Vectors, *, with_count: bool) -> None:
    if with_count:
        file.write(struct.pack("<Q", values.size))
    file.write(np.ascontiguousarray(values, "<f4").tobytes())
