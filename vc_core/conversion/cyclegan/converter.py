"""Voice conversion with CycleGAN: WORLD spectral envelopes are mapped frame by frame and resynthesised."""

from dataclasses import replace

import numpy as np

from vc_core.audio import Audio
from vc_core.conversion.analysis import SongAnalysis
from vc_core.conversion.base import ConversionOptions, Converter, ConvertWindow, compute_key_shift_semitones
from vc_core.errors import UserError
from vc_core.signal.pitch import Pitch
from vc_core.signal.world import (
    HOP_SECONDS,
    WORLD_SAMPLE_RATES,
    extract_world_features,
    interpolate_log_pitch,
    shift_formants,
    synthesise_world,
)
from vc_core.signal.world_codes import AUDIBLE_DB
from vc_core.signal.world_windows import WINDOWS
from vc_core.voices.library import Voice
from vc_core.voices.speaker_model import MODEL_FILE, SpeakerModel, load_speaker_model

SILENT_POWER = 1e-10


class CycleganConverter(Converter):
    """Best for the source speaker of the training; for others the mean envelope of the input is wrong."""

    windows = WINDOWS
    shortest_seconds = 0.2

    def __init__(self, voice: Voice, model: SpeakerModel) -> None:
        self.voice, self._model = voice, model

    def begin_song(self, song: SongAnalysis, options: ConversionOptions) -> ConvertWindow:
        ratio = 2 ** (compute_key_shift_semitones(song.pitch, self.voice, options) / 12)
        formant_ratio, noise_gain = 2 ** (options.formant_shift_semitones / 12), 10 ** (options.breath_db / 20)
        log_power = _measure_log_power(song)

        def convert_window(window: Audio, start: int) -> Audio:
            hertz = _interpolate_pitch(song.pitch, start / window.sample_rate, window.seconds)
            features = extract_world_features(window, Pitch(hertz, np.ones_like(hertz), HOP_SECONDS))
            converted = shift_formants(self._model.convert_features(features, log_power), formant_ratio)
            aperiodicity = np.clip(features.aperiodicity * noise_gain, 0.0, 1.0)
            shifted = replace(converted, hertz=features.hertz * ratio, aperiodicity=aperiodicity)
            return synthesise_world(shifted, window.frames)

        return convert_window


def _measure_log_power(song: SongAnalysis) -> float:
    """Mean log power of the audible frames."""
    power = song.power + SILENT_POWER
    audible = power > np.percentile(power, 95) * 10 ** (-AUDIBLE_DB / 10)
    return float(np.log(power[audible]).mean())


def _interpolate_pitch(
    pitch: Pitch, start_seconds: float, seconds: float
) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Pitch in hertz at WORLD's frames of the window; 0 where unvoiced."""
    frames = int(seconds / HOP_SECONDS + 1e-9) + 1
    at = np.clip((start_seconds + np.arange(frames) * HOP_SECONDS) / pitch.hop_seconds, 0, pitch.frames - 1)
    curve, voiced = interpolate_log_pitch(pitch.hertz.astype(np.float64))
    hertz = np.where(voiced[np.round(at).astype(int)], np.exp(np.interp(at, np.arange(pitch.frames), curve)), 0.0)
    return hertz.astype(np.float32)


def load_cyclegan(voice: Voice) -> CycleganConverter:
    if voice.card.sample_rate not in WORLD_SAMPLE_RATES:
        known = ", ".join(f"{sample_rate:,}" for sample_rate in WORLD_SAMPLE_RATES)
        raise UserError(
            "The voice “{voice}” has a sample rate that WORLD can't sing at. It can at {known} Hz.",
            voice=voice.name,
            known=known,
        )
    return CycleganConverter(voice, load_speaker_model(voice.folder / MODEL_FILE))
