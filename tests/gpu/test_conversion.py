"""Voices sound the same on a GPU as on the CPU: so-vits and RVC on the device, instant and CycleGAN beside it."""

import numpy as np
import pytest
import torch
from conftest import ROOT
from conversion.cyclegan_maker import make_cyclegan_voice
from conversion.rvc_maker import Kind, write_export
from conversion.so_vits_maker import make_so_vits_voice, write_content_vec
from measures import snr_db

from vc_core.audio import Audio
from vc_core.conversion import STARTER_VOICES, ConversionOptions, load_converter
from vc_core.conversion.rvc.files import RvcFiles
from vc_core.conversion.rvc.importing import import_rvc
from vc_core.conversion.so_vits.options import SoVitsOptions
from vc_core.files.reading import read_audio
from vc_core.voices.facts import VoiceFacts
from vc_core.voices.library import Voice, VoiceLibrary

pytestmark = pytest.mark.gpu
SECONDS = 36
"""Long enough for a batch after the first window."""


@pytest.fixture(scope="module")
def line() -> Audio:
    sung = read_audio(ROOT / "examples" / "sung_line.flac").to_mono().resample(44_100)
    # Without rests, since a CPU leaves out shorter ones than a GPU.
    hum = 0.02 * np.sin(2 * np.pi * 220 * np.arange(SECONDS * 44_100) / 44_100)
    return Audio((np.resize(sung.samples[0], len(hum)) + hum).astype(np.float32)[None], 44_100)


def check_parity(voice: Voice, line: Audio, device: str, own=None, least_db: float = 60.0) -> None:
    options = ConversionOptions(automatic_key="off", own=own)
    reference, made = (load_converter(voice, one).convert(line, options) for one in ("cpu", device))
    assert np.std(reference.samples) > 1e-3
    assert snr_db(reference.samples, made.samples) >= least_db


@pytest.mark.parametrize("generation", ["fork 4.0v1", "fork quickvc"])
def test_so_vits(gpu, line, tmp_path, generation):
    write_content_vec()
    check_parity(make_so_vits_voice(tmp_path, generation), line, gpu)


def test_so_vits_in_half_precision(gpu, line, tmp_path):
    write_content_vec()
    voice, short = make_so_vits_voice(tmp_path), line.slice(0, 12 * line.sample_rate)
    # The CPU may have another half precision than the GPU, so only what is far off is noticed.
    check_parity(voice, short, gpu, SoVitsOptions(precision="fast"), least_db=15.0)


def test_rvc(gpu, line, tmp_path):
    write_content_vec()
    facts = VoiceFacts("Tester", "synthetic", "CC0-1.0")
    files = RvcFiles(write_export(tmp_path / "model.pth", Kind("v2", "40k")))
    check_parity(import_rvc(VoiceLibrary(tmp_path / "voices"), files, facts), line, gpu)


def test_instant(gpu, line):
    check_parity(VoiceLibrary(STARTER_VOICES).find("Clara"), line, gpu)


def test_cyclegan(gpu, line, tmp_path):
    voice = make_cyclegan_voice(tmp_path, line.slice(0, 44_100))
    check_parity(voice, line.slice(0, 8 * 44_100), gpu)


def test_a_seed_gives_the_same_sound_twice(gpu, line, tmp_path):
    write_content_vec()
    converter = load_converter(make_so_vits_voice(tmp_path), gpu)
    first, second = (converter.convert(line, ConversionOptions(automatic_key="off", seed=3)) for _ in range(2))
    assert snr_db(first.samples, second.samples) >= 60


@pytest.mark.parametrize("method", ["fcpe", "crepe-tiny"])
def test_pitch(gpu, line, monkeypatch, method):
    from vc_core.signal.pitch import estimate_pitch

    found = []
    for device in ("cpu", gpu):
        monkeypatch.setenv("VOICE_STUDIO_DEVICE", device)
        found.append(estimate_pitch(line.slice(0, 8 * 44_100), method).hertz)
    same = (found[0] > 0) == (found[1] > 0)
    assert same.mean() > 0.999
    np.testing.assert_allclose(found[0][same], found[1][same], rtol=1e-3)


def test_memory_is_given_back(gpu, line, tmp_path):
    if gpu == "cpu":
        pytest.skip("the CPU's memory is not counted")
    write_content_vec()
    converter = load_converter(make_so_vits_voice(tmp_path), gpu)
    converter.convert(line)
    held = torch.cuda.memory_allocated(gpu)
    converter.convert(line)
    assert torch.cuda.memory_allocated(gpu) <= held + 1_000_000
