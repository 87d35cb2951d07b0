"""A voice from a few seconds of somebody's speech, without training (zero-shot).

The base decoder gets the speaker's embedding, and then the average spectrum of the recording.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from vc_core.audio import Audio
from vc_core.errors import UserError
from vc_core.models import content_encoder
from vc_core.models.ddsp import Decoder
from vc_core.signal.pitch import Pitch, estimate_pitch, measure_pitch_range
from vc_core.voices.facts import VoiceFacts
from vc_core.voices.instant_weights import (
    DECODER_FILE,
    load_content_encoder,
    load_decoder,
    load_speaker_encoder,
    write_zero_shot,
)
from vc_core.voices.library import Voice, VoiceCard, VoiceLibrary, hash_files, write_card
from vc_core.voices.prepared_recording import LOW_SAMPLE_RATE, measure_bandwidth_hz, prepare_recording
from vc_core.voices.similarity import EMBEDDING_SETTING, compute_speaker_embedding
from vc_core.voices.spectral_match import match_spectrum

SHORTEST_SECONDS, LONGEST_SECONDS = 3.0, 60.0
"""Less is no voice yet; more changes nothing."""
MAX_RECORDING_SECONDS = 4 * LONGEST_SECONDS
"""What comes after it is ignored."""
SILENCE_SHARE = 0.05
"""Of the power of a mean frame: quieter frames say nothing of the voice."""
LEAST_VOICED_SHARE = 0.2
"""Of the loud frames: noise and whispering have less, speech more than twice as much."""
LEAST_PITCH_SPREAD = 1.005
"""Ratio of the highest to the lowest pitch: only hum and test tones have less."""


def embed_speaker(audio: Audio) -> Tensor:
    """The decoder's speaker embedding, shape (SPEAKER_EMBEDDING_SIZE,)."""
    return _embed_frames(_find_speech(audio).log_mel)


@dataclass(frozen=True)
class _Speech:
    """What is loud enough in a recording."""

    log_mel: Tensor
    """Of its frames, shape (frames, MELS)."""
    begin_seconds: float
    """Where the first of them is."""

    @property
    def seconds(self) -> float:
        return len(self.log_mel) / content_encoder.FRAMES_PER_SECOND


def _embed_frames(spoken: Tensor) -> Tensor:
    if len(spoken) < SHORTEST_SECONDS * content_encoder.FRAMES_PER_SECOND:
        raise UserError(
            "There are only {seconds:.1f} seconds of voice in this recording. Give at least {least:.0f}; ten are a "
            "good start.",
            seconds=math.floor(10 * len(spoken) / content_encoder.FRAMES_PER_SECOND) / 10,
            least=SHORTEST_SECONDS,
        )
    longest = round(LONGEST_SECONDS * content_encoder.FRAMES_PER_SECOND)
    with torch.inference_mode():
        embedding: Tensor = load_speaker_encoder()(spoken[None, :longest])
    return embedding[0].clone()


def fit_decoder(audio: Audio) -> Decoder:
    """The base decoder with the voice of a recording; raises `UserError` if it has too little of one."""
    speech = _find_speech(audio)
    return _fit(audio, speech, _embed_frames(speech.log_mel))


def _fit(audio: Audio, speech: _Speech, embedding: Tensor) -> Decoder:
    decoder = load_decoder()
    decoder.code.data = embedding
    begin = round(speech.begin_seconds * audio.sample_rate)
    heard = audio.slice(begin, begin + round(LONGEST_SECONDS * audio.sample_rate)).to_mono()
    recording = prepare_recording(heard, load_content_encoder(), np.random.default_rng(0), augmentations=1)
    bandwidth_hz = min(recording.bandwidth_hz, measure_bandwidth_hz(heard))
    match_spectrum(decoder, [replace(recording, bandwidth_hz=bandwidth_hz)])
    return decoder


def _find_speech(audio: Audio) -> _Speech:
    heard = audio.slice(0, round(MAX_RECORDING_SECONDS * audio.sample_rate)).to_mono()
    normalised = content_encoder.normalise_level(torch.from_numpy(heard.resample(content_encoder.SAMPLE_RATE).samples))
    log_mel = content_encoder.compute_log_mel(content_encoder.compute_power_spectrum(normalised))[0]
    power = content_encoder.compute_frame_power(normalised)[0]
    is_spoken = power[: len(log_mel)] > SILENCE_SHARE * power.mean()
    return _Speech(log_mel[is_spoken], int(is_spoken.int().argmax()) / content_encoder.FRAMES_PER_SECOND)


def make_reference_voice(audio: Audio, facts: VoiceFacts, library: VoiceLibrary, *, keep: bool = True) -> Voice:
    """Add the voice of a recording to the library; without `keep`, it is temporary.

    Raises `UserError` if the recording has too little voice in it.
    """
    audio = audio.slice(0, round(MAX_RECORDING_SECONDS * audio.sample_rate)).to_mono()
    speech = _find_speech(audio)
    embedding, pitch = _embed_frames(speech.log_mel), estimate_pitch(audio)
    pitch_range_hz = _check_pitch_range(pitch, speech.seconds)
    decoder = _fit(audio, speech, embedding)
    with library.staging_folder(keep=keep) as folder:
        write_zero_shot(decoder, folder / DECODER_FILE)
        card = VoiceCard(
            name=facts.name.strip(),
            engine="instant",
            sample_rate=LOW_SAMPLE_RATE,
            licence=facts.licence.strip(),
            consent=facts.consent,
            origin=facts.origin or f"A recording of {audio.seconds:.0f} seconds, without training.",
            files=hash_files(folder),
            pitch_range_hz=pitch_range_hz,
            settings={EMBEDDING_SETTING: compute_speaker_embedding([audio], pitch)},
        )
        write_card(folder, card)
        return library.add(folder, keep=keep)


def _check_pitch_range(pitch: Pitch, spoken_seconds: float) -> tuple[float, float]:
    """Lowest and highest pitch in hertz; raises `UserError` for noise, hum and whispering."""
    low, high = measure_pitch_range(pitch)
    voiced_seconds = pitch.voiced.sum() * pitch.hop_seconds
    if voiced_seconds < LEAST_VOICED_SHARE * spoken_seconds or high < LEAST_PITCH_SPREAD * low:
        raise UserError(
            "This recording is mostly noise, hum or whispering. Record a voice that speaks or sings, in a quiet room."
        )
    return round(low, 1), round(high, 1)
