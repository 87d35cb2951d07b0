"""Refining a decoder on conversions, with speech of espeak-ng as recordings."""

import shutil

import numpy as np
import pytest
import soxr
import torch

from starters.instant.interpolate_voices import BASE_SHARE, interpolate_voice
from starters.instant.refine import Refinement, RefineSettings, compute_log_mel
from starters.instant.refine_base import BaseRefinement, embed_parts
from vc_core.conversion import STARTER_VOICES
from vc_core.models import content_encoder
from vc_core.speech.espeak import speak
from vc_core.voices.instant_weights import DECODER_FILE, load_content_encoder, load_decoder
from vc_core.voices.library import Voice, find_faults, read_card
from vc_core.voices.prepared_recording import PreparedRecording, prepare_recording

SHORT = RefineSettings(steps=12, excerpts=2, conversions=2, frames=60, judged_frames=40)
TEXT = "The sun rose over the harbour, and the boats went out to sea before the wind came up."


def record(voice: str, pitch: int) -> list[PreparedRecording]:
    audio = speak(TEXT, voice=voice, words_per_minute=150, pitch=pitch, liveliness=50).audio
    return [prepare_recording(audio, load_content_encoder(), np.random.default_rng(0), augmentations=2)]


@pytest.fixture(scope="module")
def recordings() -> list[list[PreparedRecording]]:
    return [record("en-us+f2", 60), record("en-us+m3", 30)]


def test_refining_keeps_more_of_what_was_said(recordings):
    own, other = recordings
    decoder = load_decoder()
    refinement = Refinement(decoder, own, [other], SHORT)
    losses = [refinement.step()["content"] for _ in range(SHORT.steps)]
    assert np.mean(losses[-4:]) < 0.95 * np.mean(losses[:4])


def test_a_source_is_another_voice_in_the_key_of_its_own(recordings):
    own, other = recordings
    refinement = Refinement(load_decoder(), own, [other], SHORT)
    drawn = [refinement.draw_sources()[0] for _ in range(5)]
    ratio = torch.cat([one.hertz[one.hertz > 0] for one in drawn]).median() / own[0].hertz[own[0].hertz > 0].median()
    assert abs(float(ratio) - 1) < 0.25  # in the voice's key
    assert not any(torch.isin(own[0].sound[1000:1100], one.sound).all() for one in drawn)


def test_the_base_decoder_is_refined_on_speakers_between_the_voices(recordings):
    decoder = load_decoder()
    refinement = BaseRefinement(decoder, recordings, SHORT)
    known = torch.cat([embed_parts(voice) for voice in recordings])
    drawn = [refinement.draw_sources() for _ in range(20)]
    distances = torch.cat([torch.cdist(embeddings, known).min(1).values for _, embeddings in drawn])
    assert 0.2 < (distances > 1e-4).float().mean() < 0.8
    pitches = [float(one.hertz[one.hertz > 0].median()) for one, _ in drawn]
    assert max(pitches) > 1.2 * min(pitches)  # in the keys of several targets
    before = decoder.code.clone()
    losses = [refinement.step()["content"] for _ in range(SHORT.steps)]
    assert np.mean(losses[-4:]) < 0.97 * np.mean(losses[:4])
    assert torch.equal(before, decoder.code)  # of no speaker


def test_the_log_mel_of_24_khz_is_that_of_the_same_sound_at_16_khz(recordings):
    sound = recordings[0][0].sound[None, :48_000]
    resampled = torch.from_numpy(_resample(sound.numpy()))
    spectrum = content_encoder.compute_power_spectrum(content_encoder.normalise_level(resampled))
    wanted = content_encoder.compute_log_mel(spectrum)
    found = compute_log_mel(sound)
    # The ends differ, since the spectrum's resampling wraps around.
    assert (wanted - found)[:, 10:-10].abs().mean() < 0.01


def _resample(sound: np.ndarray) -> np.ndarray:
    return soxr.resample(sound.T, 24_000, 16_000).T


def test_a_starter_voice_gets_a_share_of_the_base_and_stays_its_speaker(tmp_path):
    folder = tmp_path / "clara"
    shutil.copytree(STARTER_VOICES / "clara", folder)
    own, base = load_decoder(folder / DECODER_FILE), load_decoder()
    interpolate_voice(folder)
    mixed = load_decoder(folder / DECODER_FILE)
    assert torch.equal(own.code, mixed.code)
    expected = (1 - BASE_SHARE) * own.last.weight + BASE_SHARE * base.last.weight
    assert torch.allclose(mixed.last.weight, expected, atol=1e-3)  # half precision
    assert find_faults(Voice(read_card(folder), folder)) == []
