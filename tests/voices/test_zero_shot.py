"""A voice from a few seconds of a recording: its card, its file, its sound, and what is refused."""

import numpy as np
import pytest
import torch
from conftest import ROOT
from safetensors.torch import load_file, save_file

from vc_core.audio import Audio
from vc_core.conversion import load_converter
from vc_core.errors import UserError
from vc_core.files.reading import read_audio
from vc_core.signal.pitch import estimate_pitch
from vc_core.ui.words import translate_message
from vc_core.voices.facts import VoiceFacts
from vc_core.voices.instant_weights import DECODER_FILE, EMBEDDING, LAST_BIAS, load_decoder
from vc_core.voices.library import VoiceLibrary, find_faults
from vc_core.voices.similarity import EMBEDDING_SETTING, compute_similarity, compute_speaker_embedding
from vc_core.voices.zero_shot import embed_speaker, make_reference_voice

SAMPLE_RATE = 24_000
FACTS = VoiceFacts(" Robin ", "own", "CC-BY-NC-4.0")


@pytest.fixture(scope="module")
def speech() -> Audio:
    """Ten seconds."""
    line = read_audio(ROOT / "examples" / "spoken_line.flac").to_mono().resample(SAMPLE_RATE)
    return line.with_samples(np.tile(line.samples, 2)[:, : 10 * SAMPLE_RATE])


@pytest.fixture(scope="module")
def sung() -> Audio:
    return read_audio(ROOT / "examples" / "sung_line.flac")


@pytest.fixture
def library(tmp_path):
    return VoiceLibrary(tmp_path / "voices", temporary=tmp_path / "temporary")


def make_noise(exponent: float, seconds: float = 10.0) -> Audio:
    """White noise for an exponent of 0, pink for 0.5, brown for 1."""
    frames = round(seconds * SAMPLE_RATE)
    spectrum = np.fft.rfft(np.random.default_rng(7).standard_normal(frames))
    spectrum[1:] /= np.arange(1, len(spectrum)) ** exponent
    samples = np.fft.irfft(spectrum, frames)
    return Audio((0.1 * samples / samples.std()).astype(np.float32)[None], SAMPLE_RATE)


def make_hum() -> Audio:
    at = np.arange(10 * SAMPLE_RATE) / SAMPLE_RATE
    samples = sum(0.1 * np.sin(2 * np.pi * 50 * harmonic * at) / harmonic for harmonic in range(1, 8))
    return Audio(samples.astype(np.float32)[None], SAMPLE_RATE)


def test_the_voice_has_a_card_and_nothing_but_an_embedding_and_a_bias(library, speech):
    voice = make_reference_voice(speech, FACTS, library)
    assert library.list() == [voice]
    assert find_faults(voice) == []
    card = voice.card
    assert (card.name, card.engine, card.sample_rate) == ("Robin", "instant", 24_000)
    assert (card.consent, card.licence) == ("own", "CC-BY-NC-4.0")
    assert "10 seconds" in card.origin
    assert list(card.files) == [DECODER_FILE]
    path = voice.folder / DECODER_FILE
    tensors = load_file(path)
    assert set(tensors) == {EMBEDDING, LAST_BIAS}
    torch.testing.assert_close(tensors[EMBEDDING], embed_speaker(speech))
    assert path.stat().st_size < 2_000


def test_a_file_with_an_embedding_alone_is_a_voice_too(tmp_path, speech):
    save_file({EMBEDDING: embed_speaker(speech)}, tmp_path / DECODER_FILE)
    found, base = load_decoder(tmp_path / DECODER_FILE), load_decoder()
    torch.testing.assert_close(found.last.bias, base.last.bias)
    torch.testing.assert_close(found.code, embed_speaker(speech))


def test_the_card_states_the_pitch_and_the_timbre_of_the_recording(library, speech):
    card = make_reference_voice(speech, FACTS, library).card
    pitch = estimate_pitch(speech)
    assert card.pitch_range_hz == pytest.approx(np.percentile(pitch.hertz[pitch.voiced], (5, 95)), abs=0.06)
    own = compute_speaker_embedding([speech], pitch)
    assert compute_similarity(library.find("Robin").card.settings[EMBEDDING_SETTING], own) > 0.99


def test_the_voice_sings_with_exact_length_and_pitch(library, speech, sung):
    converted = load_converter(make_reference_voice(speech, FACTS, library)).convert(sung)
    assert converted.samples.shape == sung.samples.shape
    one, other = estimate_pitch(sung), estimate_pitch(converted)
    both = one.voiced & other.voiced
    assert both.sum() > 0.9 * one.voiced.sum()
    cents = 1200 * np.log2(other.hertz[both] / one.hertz[both])
    cents -= 1200 * np.round(np.median(cents) / 1200)  # the automatic key moves by octaves
    assert np.median(np.abs(cents)) < 10


def test_other_recordings_of_the_same_voice_differ_less_than_those_of_another(speech, sung):
    first, second = (embed_speaker(speech.slice(start, start + 5 * SAMPLE_RATE)) for start in (0, 5 * SAMPLE_RATE))
    other = embed_speaker(sung)
    assert (first - second).norm() < 0.5 * (first - other).norm()


@pytest.mark.parametrize("level", [0.01, 3.0])
def test_the_embedding_ignores_the_level(speech, level):
    expected = embed_speaker(speech)
    found = embed_speaker(speech.with_samples(np.float32(level) * speech.samples))
    assert (found - expected).norm() < 0.05 * expected.norm()


@pytest.mark.parametrize(
    ("recording", "message"),
    [
        (Audio(np.zeros((1, 10 * SAMPLE_RATE), np.float32), SAMPLE_RATE), "only 0.0 seconds of voice"),
        (Audio(np.zeros((1, 5), np.float32), SAMPLE_RATE), "only 0.0 seconds of voice"),
        (make_noise(0.0, seconds=2.0), "only 2.0 seconds of voice in this recording. Give at least 3"),
        (make_noise(0.0), "mostly noise"),
        (make_noise(0.5), "mostly noise"),
        (make_noise(1.0), "mostly noise"),
        (make_hum(), "mostly noise, hum"),
    ],
    ids=["silence", "a click", "two seconds", "white noise", "pink noise", "brown noise", "hum"],
)
def test_a_recording_without_enough_voice_is_refused(library, recording, message):
    with pytest.raises(UserError, match=message) as refused:
        make_reference_voice(recording, FACTS, library)
    assert "녹음" in translate_message("ko", refused.value)
    assert library.list() == []
    assert not library.folder.exists() or not list(library.folder.iterdir())


def test_a_temporary_voice_is_replaced_by_the_next_of_its_name_and_by_one_that_is_kept(library, speech):
    first = make_reference_voice(speech, FACTS, library, keep=False)
    assert [voice.is_temporary for voice in library.list()] == [True]
    assert VoiceLibrary(library.folder).list() == []
    second = make_reference_voice(speech.slice(0, 5 * SAMPLE_RATE), FACTS, library, keep=False)
    assert library.list() == [second]
    assert "5 seconds" in second.card.origin
    kept = make_reference_voice(speech, FACTS, library)
    assert library.list() == VoiceLibrary(library.folder).list() == [kept]
    assert not kept.is_temporary
    assert list(first.folder.parent.iterdir()) == []
    with pytest.raises(UserError, match="already"):
        make_reference_voice(speech, FACTS, library, keep=False)


def test_a_temporary_voice_can_be_deleted(library, speech):
    voice = make_reference_voice(speech, FACTS, library, keep=False)
    library.delete("Robin")
    assert not voice.folder.exists()
