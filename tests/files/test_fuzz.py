"""Mutated audio files raise nothing but messages, and no decoder hangs."""

import os
import time
from pathlib import Path

import numpy as np
import pytest
from audio_fuzzing import make_seeds, mutate

from vc_core.errors import UserError
from vc_core.files.provenance import read_origin
from vc_core.files.reading import open_audio

FUZZ_SECONDS = float(os.environ.get("FUZZ_SECONDS", "0"))
"""`make fuzz` goes on for so long, from another seed each time."""
MUTATIONS, LONGEST_SECONDS = 400, 10.0


def read(path: Path) -> bool:
    """Whether the file was accepted."""
    try:
        for block in open_audio(path).blocks():
            assert np.isfinite(block.samples).all()
            assert block.channels in (1, 2)
        read_origin(path)
    except UserError:
        return False
    return True


def test_mutated_audio_files_are_read_or_refused(tmp_path):
    seeds = make_seeds(tmp_path / "seeds")
    assert all(read(seed) for seed in seeds)
    generator = np.random.default_rng(int(time.time()) if FUZZ_SECONDS else 19)
    end, tried, accepted = time.monotonic() + FUZZ_SECONDS, 0, 0
    while tried < MUTATIONS or time.monotonic() < end:
        seed = seeds[int(generator.integers(len(seeds)))]
        path = tmp_path / f"mutated{seed.suffix}"
        path.write_bytes(mutate(seed.read_bytes(), generator))
        began = time.process_time()
        accepted += read(path)
        assert time.process_time() - began < LONGEST_SECONDS, seed.name
        tried += 1
    print(f"{tried} files tried, {accepted} accepted")
    assert 0.02 < accepted / tried < 0.98


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\1\0\0\0\x80>\0\0\0}\0\0\2\0\x10\0data\0\0\0\0", "0 channels"),
        (b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\1\0\xff\xff\x80>\0\0\0}\0\0\2\0\x10\0data\0\0\0\0", "65,535 channels"),
        (b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x80>\0\0\0}\0\0\2\0\0\0data\0\0\0\0", "0 bits"),
        (b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x80>\0\0\0}\0\0\2\0\xff\xffdata\0\0\0\0", "65,535 bits"),
        (b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\0\0\1\0\x80>\0\0\0}\0\0\2\0\x10\0data\0\0\0\0", "tag 0"),
        (b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\3\0\1\0\x80>\0\0\0}\0\0\2\0\x10\0data\0\0\0\0", "float of 16 bits"),
    ],
)
def test_impossible_headers_are_refused_by_a_message(tmp_path, content, kind):
    path = tmp_path / "header.wav"
    path.write_bytes(content + b"\1\0" * 800)
    with pytest.raises(UserError):
        list(open_audio(path).blocks())
