"""CycleGAN: one speaker's envelopes become another's, frame by frame, and WORLD makes a voice of them again."""

from dataclasses import replace

import numpy as np

from vc_core.audio import Audio
from vc_core.conversion.base import ConversionOptions, Converter, Sing, key_shift_semitones
from vc_core.conversion.listening import Heard
from vc_core.errors import UserError
from vc_core.pitch import Pitch
from vc_core.speaker_model import MODEL_FILE, SpeakerModel, load_speaker_model
from vc_core.voices import Voice
from vc_core.world import HOP_SECONDS, RATES, analyse, log_pitch, synthesise, with_formants_moved
from vc_core.world_codes import AUDIBLE_DB
from vc_core.world_windows import WINDOWS

SILENT_POWER = 1e-10


class CycleganConverter(Converter):
    """Best for the speaker it was trained on; for others it starts from a wrong average."""

    windows = WINDOWS
    shortest_seconds = 0.2

    def __init__(self, voice: Voice, model: SpeakerModel) -> None:
        self.voice, self._model = voice, model

    def begin(self, song: Heard, options: ConversionOptions) -> Sing:
        shift = 2 ** (key_shift_semitones(song.pitch, self.voice, options) / 12)
        throat, breath = 2 ** (options.formant_shift_semitones / 12), 10 ** (options.breath_db / 20)
        level = _log_level(song)

        def sing(piece: Audio, start: int) -> Audio:
            hertz = _between(song.pitch, start / piece.sample_rate, piece.seconds)
            features = analyse(piece, Pitch(hertz, np.ones_like(hertz), HOP_SECONDS))
            changed = with_formants_moved(self._model.changed(features, level), throat)
            aperiodicity = np.clip(features.aperiodicity * breath, 0.0, 1.0)
            return synthesise(replace(changed, hertz=features.hertz * shift, aperiodicity=aperiodicity), piece.frames)

        return sing


def _log_level(song: Heard) -> float:
    """Of what is audible, on average."""
    power = song.power + SILENT_POWER
    audible = power > np.percentile(power, 95) * 10 ** (-AUDIBLE_DB / 10)
    return float(np.log(power[audible]).mean())


def _between(pitch: Pitch, start_seconds: float, seconds: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """As many frames as WORLD makes of so many seconds."""
    frames = int(seconds / HOP_SECONDS + 1e-9) + 1
    at = np.clip((start_seconds + np.arange(frames) * HOP_SECONDS) / pitch.hop_seconds, 0, pitch.frames - 1)
    curve, voiced = log_pitch(pitch.hertz.astype(np.float64))
    hertz = np.where(voiced[np.round(at).astype(int)], np.exp(np.interp(at, np.arange(pitch.frames), curve)), 0.0)
    return hertz.astype(np.float32)


def load_cyclegan(voice: Voice) -> CycleganConverter:
    if voice.card.sample_rate not in RATES:
        known = ", ".join(f"{rate:,}" for rate in RATES)
        raise UserError(f"The voice “{voice.name}” has a sample rate that WORLD can't sing at. It can at {known} Hz.")
    return CycleganConverter(voice, load_speaker_model(voice.folder / MODEL_FILE))
