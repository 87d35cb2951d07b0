"""`vc live`: the loopback measures without hardware, and what is missing is named."""

import ctypes.util

import numpy as np
import pytest
from cli.test_cli import vc  # noqa: F401
from conftest import ROOT

from vc_core.files.reading import read_audio

SUNG = ROOT / "examples" / "sung_line.flac"


def test_the_loopback_writes_what_a_device_would_play_and_states_the_delay(vc, tmp_path):  # noqa: F811
    code, said = vc("live", "--voice", "Clara", "--loopback", SUNG, "-o", tmp_path / "made", "--look-ahead", "0")
    assert code == 0
    assert "Delay" in said
    assert "0 xruns" in said
    song, made = read_audio(SUNG), read_audio(tmp_path / "made.wav")
    assert (made.sample_rate, made.channels) == (song.sample_rate, 1)
    assert abs(made.frames - song.frames) <= 0.02 * song.sample_rate
    assert not made.samples[0, : round(0.03 * made.sample_rate)].any()
    assert np.abs(made.samples).max() > 0.01
    assert "Clara" in vc("verify", tmp_path / "made.wav")[1]


def test_a_voice_and_settings_that_exist_are_required(vc):  # noqa: F811
    assert "--voice NAME" in vc("live")[1]
    for words, said in (
        (("--voice", "Nobody"), "Nobody"),
        (("--voice", "Clara", "--look-ahead", "30"), "look-ahead of 0.03"),
        (("--voice", "Clara", "--block", "5"), "block in milliseconds"),
    ):
        code, message = vc("live", *words, "--loopback", SUNG)
        assert (code, said in message) == (1, True)


@pytest.mark.skipif(ctypes.util.find_library("portaudio") is not None, reason="PortAudio is installed here")
def test_without_portaudio_the_message_says_what_to_install(vc):  # noqa: F811
    code, said = vc("live", "--devices")
    assert code == 1
    assert "Install it" in said
