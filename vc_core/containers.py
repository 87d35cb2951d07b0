"""What kind of file this is, by its first bytes, and whether its end is missing.

The name's ending is never trusted. Only the kinds listed here are handed to a decoder, and each to
the one demuxer that its bytes name: a playlist dressed up as a song could otherwise make FFmpeg open
other files of the machine.
"""

import re
from collections.abc import Callable
from os import SEEK_CUR
from pathlib import Path
from typing import BinaryIO

MAGIC: dict[str, re.Pattern[bytes]] = {
    kind: re.compile(pattern, re.DOTALL)
    for kind, pattern in {
        "wav": rb"(RIFF|RF64|RIFX)....WAVE",
        "aiff": rb"FORM....AIF[FC]",
        "flac": rb"fLaC",
        "ogg": rb"OggS",
        "mov": rb"....(ftyp|moov|wide|mdat|free)",
        "matroska": rb"\x1a\x45\xdf\xa3",
        # AAC and MP3 streams have no header, but each frame starts with set bits; two of them tell which.
        "aac": rb"\xff[\xf0\xf1\xf8\xf9]",
        "mp3": rb"\xff[\xe2-\xe7\xf2-\xf7\xfa-\xff][^\xf0-\xff]",
    }.items()
}

UNSTATED = (0, 0x7FFFFFFF, 0xFFFFFFFF)
"""What a recorder writes for a length when it cannot go back and fill it in."""

LARGEST_OGG_PAGE = 65_307


def sniff(path: Path) -> str | None:
    """The container's name, as FFmpeg calls it, or None if these bytes are of no sound file we know."""
    with path.open("rb") as file:
        head = file.read(16)
        if tagged := head.startswith(b"ID3"):
            # The length of a tag in front is in four bytes of seven bits each.
            length = sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=False))
            file.seek(10 + length)
            head = file.read(16)
    for kind, magic in MAGIC.items():
        if magic.match(head):
            return kind
    return "mp3" if tagged else None


def is_cut_off(path: Path, kind: str) -> bool:
    """True if the file ends before an end that it states itself.

    Decoders pass over this in silence, and half a song would come out as if it were the whole.
    """
    if kind not in _STATED_END:
        return False
    with path.open("rb") as file:
        return _STATED_END[kind](file) > path.stat().st_size


def _end_of_sound_chunk(file: BinaryIO) -> int:
    form = file.read(12)[:4]
    if form == b"RF64":  # its sizes stand elsewhere, and libsndfile checks them
        return 0
    while len(header := file.read(8)) == 8:
        length = int.from_bytes(header[4:], "little" if form == b"RIFF" else "big")
        if header[:4] in (b"data", b"SSND"):
            return 0 if length in UNSTATED else file.tell() + length
        file.seek(length + length % 2, SEEK_CUR)
    return 0


def _end_of_last_atom(file: BinaryIO) -> int:
    end = 0
    while len(header := file.read(8)) == 8:
        length = int.from_bytes(header[:4], "big")
        if length == 1:  # too long for four bytes: it follows in eight
            length = int.from_bytes(file.read(8), "big")
        if length < 8:  # 0 means "up to the end of the file"
            break
        end = file.seek(end + length)
    return end


def _end_of_segment(file: BinaryIO) -> int:
    """Matroska: a header element, then one segment that holds all the rest."""
    header = _element_length(file)
    file.seek(header or 0, SEEK_CUR)
    segment = _element_length(file)
    return 0 if segment is None else file.tell() + segment


def _element_length(file: BinaryIO) -> int | None:
    """The length after a four-byte element name; None for a live recording, which has none."""
    first = file.read(5)[4:]
    if not first or not first[0]:
        return None
    more = 8 - first[0].bit_length()  # the zeros in front count the bytes that follow
    length = int.from_bytes(bytes([first[0] & (0x7F >> more)]) + file.read(more), "big")
    return None if length == 2 ** (7 * (more + 1)) - 1 else length


def _end_of_last_page(file: BinaryIO) -> int:
    """An Ogg page states the lengths of its packets, so a cut inside the last one shows."""
    size = file.seek(0, 2)
    start = file.seek(max(0, size - LARGEST_OGG_PAGE))
    tail = file.read()
    last = max(tail.rfind(b"OggS"), 0)
    page = tail[last:]
    if len(page) < 27 or len(page) < 27 + page[26]:
        return size + 1
    return start + last + 27 + page[26] + sum(page[27 : 27 + page[26]])


_STATED_END: dict[str, Callable[[BinaryIO], int]] = {
    "wav": _end_of_sound_chunk,
    "aiff": _end_of_sound_chunk,
    "mov": _end_of_last_atom,
    "matroska": _end_of_segment,
    "ogg": _end_of_last_page,
}
