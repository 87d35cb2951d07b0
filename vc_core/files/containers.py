"""Detect a file's container by its magic bytes, and truncated files by the length that they state.

File name suffixes are not trusted. Only the containers listed here reach a decoder, each with the one demuxer that its
bytes indicate: otherwise a playlist disguised as audio could make FFmpeg open other files (local file inclusion).
"""

import re
from collections.abc import Callable
from os import SEEK_CUR
from pathlib import Path
from typing import BinaryIO

from vc_core.errors import UserError
from vc_core.files.regular_files import make_unreadable_error

MAGIC: dict[str, re.Pattern[bytes]] = {
    kind: re.compile(pattern, re.DOTALL)
    for kind, pattern in {
        "wav": rb"(RIFF|RF64|RIFX)....WAVE",
        "aiff": rb"FORM....AIF[FC]",
        "flac": rb"fLaC",
        "ogg": rb"OggS",
        "mov": rb"....(ftyp|moov|wide|mdat|free)",
        "matroska": rb"\x1a\x45\xdf\xa3",
        # AAC (ADTS) and MP3 have no file header, only a sync word per frame; its layer bits distinguish them.
        "aac": rb"\xff[\xf0\xf1\xf8\xf9]",
        "mp3": rb"\xff[\xe2-\xe7\xf2-\xf7\xfa-\xff][^\xf0-\xff]",
    }.items()
}

UNKNOWN_LENGTHS = (0, 0x7FFFFFFF, 0xFFFFFFFF)
"""Placeholders that recorders write when they can't seek back to fill in the length."""

MAX_CHUNKS = 200_000
"""Real files have a few, and fragmented MP4 some per second. Demuxers read all of them, at up to 0.3 s per MB."""
CONTAINER_ATOMS = frozenset((b"moov", b"trak", b"mdia", b"minf", b"stbl", b"udta", b"edts", b"mvex", b"moof", b"traf"))
"""MP4 atoms that consist of atoms."""

MAX_FILE_POSITION = 2**40
"""File systems refuse to seek much further; no accepted file is as long."""
MAX_OGG_PAGE_BYTES = 65_307
OGG_PAGE_HEADER_BYTES, OGG_SEGMENT_COUNT_AT = 27, 26


def sniff(path: Path) -> str | None:
    """FFmpeg's name of the container, or None for an unknown one."""
    try:
        with path.open("rb") as file:
            head = file.read(16)
            if tagged := head.startswith(b"ID3"):
                # An ID3 tag states its length as a synchsafe integer: four bytes of seven bits each.
                length = sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=False))
                file.seek(10 + length)
                head = file.read(16)
    except OSError as error:
        raise make_unreadable_error(path, error) from None
    for kind, magic in MAGIC.items():
        if magic.match(head):
            return kind
    return "mp3" if tagged else None


def is_truncated(path: Path, kind: str) -> bool:
    """Whether the file is shorter than the length it states. Decoders ignore this, and return part of a song."""
    if kind not in _STATED_ENDS:
        return False
    with path.open("rb") as file:
        return _STATED_ENDS[kind](file) > path.stat().st_size


_STREAM_STARTS = {
    "ogg": re.compile(rb"OggS\0[\2\3\6\7]"),
    "flac": re.compile(rb"fLaC[\0\x80]\0\0\x22"),
    "mp3": re.compile(rb"\xff[\xe0-\xff].{11,34}(Xing|Info)\0\0\0", re.DOTALL),
}
"""Of a page that begins a stream, of a FLAC header, and of the frame with which encoders begin an MP3 file."""
SEARCHED_BYTES, LONGEST_START = 1 << 20, 64


def is_joined(path: Path, kind: str) -> bool:
    """Whether the file consists of several recordings end to end, of which libsndfile decodes the first alone."""
    if kind not in _STREAM_STARTS:
        return False
    with path.open("rb") as file:
        head = file.read(4096)
        data = head.find(b"OggS\0\0") if kind == "ogg" else len(head)  # Ogg may begin with several streams at once
        start = max(data, 0)
        while file.seek(start) == start and (chunk := file.read(SEARCHED_BYTES)):
            if _STREAM_STARTS[kind].search(chunk):
                return True
            start += max(1, len(chunk) - LONGEST_START) if len(chunk) == SEARCHED_BYTES else len(chunk)
    return False


def check_chunks(path: Path, kind: str) -> None:
    """Raise `UserError` for more chunks than a real file has, which would keep a demuxer busy for minutes."""
    if kind in ("wav", "aiff", "mov"):
        is_truncated(path, kind)


def _find_end_of_data_chunk(file: BinaryIO) -> int:
    """Libsndfile itself checks the sizes of RF64 and returns errors."""
    form = file.read(12)[:4]
    end, data_bytes_64 = 0, 0
    for _ in range(MAX_CHUNKS):
        if len(header := file.read(8)) < 8:
            return 0 if form == b"RF64" else end
        length = int.from_bytes(header[4:], "big" if form in (b"FORM", b"RIFX") else "little")
        if header[:4] == b"ds64":
            sizes = file.read(16)
            data_bytes_64 = int.from_bytes(sizes[8:], "little")
            file.seek(-len(sizes), SEEK_CUR)
        elif header[:4] in (b"data", b"SSND") and not end:
            length = data_bytes_64 or length
            if length in UNKNOWN_LENGTHS:
                return 0
            end = file.tell() + length
        file.seek(min(file.tell() + length + length % 2, MAX_FILE_POSITION))
    raise _make_too_many_chunks_error()


def _find_end_of_last_atom(file: BinaryIO) -> int:
    end = position = 0
    outer_ends: list[int] = []
    for _ in range(MAX_CHUNKS):
        while outer_ends and position + 8 > outer_ends[-1]:
            position = outer_ends.pop()
        file.seek(position)
        if len(header := file.read(8)) < 8:
            return end
        length, first_child = int.from_bytes(header[:4], "big"), position + 8
        if length == 1:  # a 64-bit length follows
            length, first_child = int.from_bytes(file.read(8), "big"), position + 16
        if length < 8 or position + length > MAX_FILE_POSITION:  # 0 means "up to the end of the container"
            if not outer_ends:
                return end
            position = outer_ends.pop()
            continue
        atom_end = position + length
        if not outer_ends:
            end = atom_end
        is_container = header[4:] in CONTAINER_ATOMS
        if is_container:
            outer_ends.append(atom_end)
        position = first_child if is_container else atom_end
    raise _make_too_many_chunks_error()


def _make_too_many_chunks_error() -> UserError:
    return UserError("This file is damaged: it has far more chunks than a sound file. Export it again.")


def _find_end_of_segment(file: BinaryIO) -> int:
    """Matroska (EBML): a header element, then one segment with all the rest."""
    header = _read_element_length(file)
    file.seek(min(file.tell() + (header or 0), MAX_FILE_POSITION))
    segment = _read_element_length(file)
    return 0 if segment is None else file.tell() + segment


def _read_element_length(file: BinaryIO) -> int | None:
    """The length (a variable-size integer) after a four-byte element ID; None if unknown, as in a live recording."""
    first = file.read(5)[4:]
    if not first or not first[0]:
        return None
    more = 8 - first[0].bit_length()  # leading zero bits count the following bytes
    length = int.from_bytes(bytes([first[0] & (0x7F >> more)]) + file.read(more), "big")
    return None if length == 2 ** (7 * (more + 1)) - 1 else length


def _find_end_of_last_page(file: BinaryIO) -> int:
    """An Ogg page states the lengths of its segments, which reveals truncation within the last page."""
    size = file.seek(0, 2)
    start = file.seek(max(0, size - MAX_OGG_PAGE_BYTES))
    tail = file.read()
    last = max(tail.rfind(b"OggS"), 0)
    page = tail[last:]
    if len(page) < OGG_PAGE_HEADER_BYTES or len(page) < OGG_PAGE_HEADER_BYTES + page[OGG_SEGMENT_COUNT_AT]:
        return size + 1
    body = OGG_PAGE_HEADER_BYTES + page[OGG_SEGMENT_COUNT_AT]
    return start + last + body + sum(page[OGG_PAGE_HEADER_BYTES:body])


_STATED_ENDS: dict[str, Callable[[BinaryIO], int]] = {
    "wav": _find_end_of_data_chunk,
    "aiff": _find_end_of_data_chunk,
    "mov": _find_end_of_last_atom,
    "matroska": _find_end_of_segment,
    "ogg": _find_end_of_last_page,
}
