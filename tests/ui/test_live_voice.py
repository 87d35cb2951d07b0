"""What the microphone sends piece by piece is heard in the voice, without a gap, and the page says how late."""

import base64
import io
from copy import deepcopy

import numpy as np
import pytest
import soundfile
from conftest import ROOT
from measures import snr_db

from vc_core.conversion import STARTER_VOICES, ConversionOptions, load_converter
from vc_core.reading import read_audio
from vc_core.ui.live_voice import PIECE_SECONDS, sung_live
from vc_core.voices import VoiceLibrary

RATE = 48_000


@pytest.fixture(scope="module")
def song():
    return read_audio(ROOT / "examples" / "sung_line.flac").mono().between(0, 44_100 * 3).resampled(RATE)


def pieces_of(song, folder) -> list[str]:
    """As browsers send them: their headers say that they are without end."""
    paths, size = [], round(PIECE_SECONDS * RATE)
    for at in range(0, song.frames, size):
        path = folder / f"{at}.wav"
        soundfile.write(path, song.between(at, at + size).samples[0], RATE, subtype="PCM_16")
        content = bytearray(path.read_bytes())
        content[4:8], content[40:44] = b"\xf7\xff\xff\xff", b"\xd3\xff\xff\xff"
        path.write_bytes(content)
        paths.append(str(path))
    return paths


def test_the_pieces_joined_are_the_song_in_that_voice(song, tmp_path):
    session, heard, numbers = None, [], []
    for path in pieces_of(song, tmp_path):
        session, sound, late = sung_live(path, "Clara", 0, deepcopy(session), None)
        if isinstance(sound, str):
            number, content = sound.split(" ")
            samples, rate = soundfile.read(io.BytesIO(base64.b64decode(content)), dtype="float32")
            heard.append(samples)
            numbers.append(int(number))
            assert 0.9 < float(late.split(" ")[0]) < 10
    converter = load_converter(VoiceLibrary(STARTER_VOICES).find("Clara"))
    joined = np.concatenate(heard)
    assert rate == converter.sample_rate
    assert numbers == list(range(1, len(heard) + 1))
    assert len(joined) > 1.5 * rate
    whole = converter.convert(song, ConversionOptions()).resampled(rate).samples[0]
    # 16 bits and what is known of the melody at the end of each window: see tests/conversion/test_live.py.
    assert snr_db(whole[: len(joined)], joined) > 25


def test_another_voice_or_key_begins_anew(song, tmp_path):
    first, *_ = pieces_of(song.between(0, RATE), tmp_path)
    session, *_ = sung_live(first, "Clara", 0, None, None)
    assert sung_live(first, "Clara", 0, session, None)[0] is session
    assert sung_live(first, "Max", 0, session, None)[0] is not session
    assert sung_live(first, "Clara", 3, session, None)[0] is not session
    assert sung_live(None, "Clara", 0, session, None)[0] is session


def test_what_is_no_sound_and_no_voice_is_said(song, tmp_path):
    (tmp_path / "bad.wav").write_bytes(b"RIFFnothing")
    first, *_ = pieces_of(song.between(0, RATE), tmp_path)
    for piece, voice, sentence in (
        (tmp_path / "bad.wav", "Clara", "not sound"),
        (first, "", "Choose a voice first"),
        (first, "Nobody", "Nobody"),
    ):
        with pytest.raises(Exception, match=sentence):
            sung_live(str(piece), voice, 0, None, None)
