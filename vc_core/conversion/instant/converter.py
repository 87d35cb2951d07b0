"""Voice conversion with content units and a DDSP decoder, at the target pitch.

The level of the song is normalised before the conversion and restored after it. The phase of the pulses and the noise
depend only on the position in the song, so that they are continuous across windows.
"""

import numpy as np
import numpy.typing as npt
import torch

from vc_core.audio import Audio, Samples
from vc_core.conversion.analysis import HIGHEST_HZ, LOWEST_HZ, SongAnalysis
from vc_core.conversion.base import ConversionOptions, Converter, ConvertWindow, compute_key_shift_semitones
from vc_core.errors import UserError
from vc_core.models import content_encoder, ddsp
from vc_core.models.ddsp import Curve, Decoder
from vc_core.signal.pitch import Pitch
from vc_core.signal.windows import Windows
from vc_core.voices.instant_weights import DECODER_FILE, load_content_encoder, load_decoder
from vc_core.voices.library import Voice

Flags = npt.NDArray[np.bool_]
WINDOWS = Windows(seconds=16.0, context_seconds=2.0, fade_seconds=0.02)
"""The context covers what the content encoder and the decoder hear around a frame."""
GATE_CLOSED_DB, GATE_OPEN_DB = -70.0, -60.0
"""Relative to the loud frames of the song: below the first the output is silent, above the second it is unchanged."""
VOICED_FADE_SECONDS = 0.004
"""Fade of the pulses at each onset and end of voicing."""


class InstantConverter(Converter):
    def __init__(self, voice: Voice, encoder: content_encoder.ContentEncoder, decoder: Decoder) -> None:
        self.voice, self._encoder, self._decoder = voice, encoder, decoder
        self.windows = WINDOWS

    def begin_song(self, song: SongAnalysis, options: ConversionOptions) -> ConvertWindow:
        sample_rate, hop = self.sample_rate, ddsp.compute_hop(self.sample_rate)
        power = torch.from_numpy(song.power)[None]
        levels, gates = content_encoder.compute_slow_levels(power), _compute_gate(power)
        melody = ContinuousPitch(song.pitch, 2 ** (compute_key_shift_semitones(song.pitch, self.voice, options) / 12))

        def convert_window(window: Audio, start: int) -> Audio:
            level = _interpolate_window(levels, start, window.frames, hop)
            normalised = window.with_samples((window.samples / level).astype(np.float32))
            hertz, phase = melody.read(start, window.frames, sample_rate)
            pulses = ddsp.synthesise_pulses(hertz, phase, sample_rate) * _fade_voicing(hertz > 0, sample_rate)
            noise = _make_noise(options.seed, start, window.frames, sample_rate)
            sources = torch.from_numpy(np.stack([pulses, noise]).astype(np.float32))[None]
            converted = self._synthesise(normalised, hertz, sources, options)
            gate = _interpolate_window(gates, start, window.frames, hop)
            return window.with_samples((converted * level * gate).astype(np.float32))

        return convert_window

    def _synthesise(self, window: Audio, hertz: Curve, sources: torch.Tensor, options: ConversionOptions) -> Samples:
        """Array of shape (1, samples) from the window's content units, its pitch and `sources` of (1, 2, samples)."""
        hop = ddsp.compute_hop(self.sample_rate)
        frames = window.frames // hop + 1
        audio = torch.from_numpy(window.resample(content_encoder.SAMPLE_RATE).samples)
        audio = torch.nn.functional.pad(audio, (0, max(0, frames * content_encoder.HOP_SAMPLES - audio.shape[1])))
        pitch = hertz[np.minimum(np.arange(frames) * hop, window.frames - 1)]
        decoder_pitch = torch.from_numpy(limit_pitch(pitch, self.voice))[None]
        with torch.inference_mode():
            log_mel = content_encoder.compute_log_mel(content_encoder.compute_power_spectrum(audio))
            units, log_energy = self._encoder(log_mel), content_encoder.compute_log_energy(audio)
            curves = self._decoder(units[:, :frames], decoder_pitch, log_energy[:, :frames])
            curves[:, 1] += options.breath_db * np.log(10) / 20
            formant_ratio = 2 ** (options.formant_shift_semitones / 12)
            samples: Samples = ddsp.render(curves, sources, self.sample_rate, formant_ratio).numpy()
        return samples


def limit_pitch(hertz: Curve, voice: Voice) -> Samples:
    """The decoder's input stays in the range that the voice was trained on; the pulses have the true pitch."""
    limits = voice.card.pitch_range_hz or (LOWEST_HZ, HIGHEST_HZ)
    return np.where(hertz > 0, np.clip(hertz, *limits), 0.0).astype(np.float32)


class ContinuousPitch:
    """Target pitch, interpolated over unvoiced gaps and integrated to phase, so that any window can be read alone."""

    def __init__(self, pitch: Pitch, ratio: float) -> None:
        self._hop_seconds, self._voiced = pitch.hop_seconds, pitch.voiced
        voiced = np.flatnonzero(pitch.voiced)
        self._hertz: Curve = np.zeros(pitch.frames)
        if len(voiced):
            self._hertz = ratio * np.interp(np.arange(pitch.frames), voiced, pitch.hertz[voiced].astype(np.float64))
        steps = (self._hertz[:-1] + self._hertz[1:]) / 2 * self._hop_seconds
        self._cycles = np.concatenate([[0.0], np.cumsum(steps)])

    def read(self, start: int, samples: int, sample_rate: int) -> tuple[Curve, Curve]:
        """Pitch in hertz, 0 where unvoiced, and phase in cycles; two arrays of shape (samples,)."""
        at = np.clip(np.arange(start, start + samples) / (sample_rate * self._hop_seconds), 0, len(self._hertz) - 1)
        before = np.minimum(at.astype(int), len(self._hertz) - 1)
        after = np.minimum(before + 1, len(self._hertz) - 1)
        fraction, rise = at - before, self._hertz[after] - self._hertz[before]
        cycles = self._cycles[before] + self._hop_seconds * fraction * (self._hertz[before] + rise * fraction / 2)
        voiced = self._voiced[np.round(at).astype(int)]
        hertz = np.where(voiced, np.minimum(self._hertz[before] + rise * fraction, 0.45 * sample_rate), 0.0)
        return hertz, cycles % 1.0


def _make_noise(seed: int, start: int, samples: int, sample_rate: int) -> Curve:
    """White noise that depends only on seed and position: one generator for each second of the song."""
    first, last = start // sample_rate, (start + samples) // sample_rate
    seconds = [np.random.default_rng([seed, second]).standard_normal(sample_rate) for second in range(first, last + 1)]
    return np.concatenate(seconds)[start - first * sample_rate :][:samples]


def _interpolate_window(values: torch.Tensor, start: int, samples: int, hop: int) -> Samples:
    """Interpolate frame values of shape (1, frames) to the samples of a window; array of shape (1, samples)."""
    first = start // hop
    inside = values[:, min(first, values.shape[1] - 1) : first + samples // hop + 2]
    inside = torch.nn.functional.pad(inside, (0, samples // hop + 2 - inside.shape[1]), mode="replicate")
    offset = start - first * hop
    interpolated: Samples = content_encoder.interpolate_to_samples(inside, offset + samples, hop)[:, offset:].numpy()
    return interpolated


def _compute_gate(power: torch.Tensor) -> torch.Tensor:
    """Noise gate of shape (1, frames): 0 where the song is silent, 1 where it sounds."""
    loud = (power**2).sum() / power.sum().clamp_min(1e-20)
    level_db = 10 * torch.log10(power / loud.clamp_min(1e-20) + 1e-12)
    opened = ((level_db - GATE_CLOSED_DB) / (GATE_OPEN_DB - GATE_CLOSED_DB)).clamp(0, 1)
    # Open one frame earlier and later, so that onsets and ends are not cut off.
    return torch.nn.functional.max_pool1d(opened[None], 3, 1, padding=1)[0]


def _fade_voicing(voiced: Flags, sample_rate: int) -> Curve:
    """Gain of shape (samples,): 1 in voiced segments with a linear fade at both ends, else 0."""
    frames = max(1, round(VOICED_FADE_SECONDS * sample_rate))
    edges = np.flatnonzero(np.diff(voiced.astype(np.int8), prepend=voiced[:1].astype(np.int8)))
    if not len(edges):
        return voiced.astype(np.float64)
    at = np.arange(len(voiced))
    after = np.searchsorted(edges, at, side="right")
    before_edge = np.where(after > 0, at - edges[np.maximum(after - 1, 0)], frames)
    to_edge = np.where(after < len(edges), edges[np.minimum(after, len(edges) - 1)] - at, frames)
    return np.asarray(np.where(voiced, np.clip(np.minimum(before_edge, to_edge) / frames, 0.0, 1.0), 0.0))


def load_instant(voice: Voice) -> InstantConverter:
    if voice.card.sample_rate % content_encoder.FRAMES_PER_SECOND:
        raise UserError(
            "The voice “{voice}” has a sample rate that the instant engine can't sing at.", voice=voice.name
        )
    decoder = load_decoder(voice.folder / DECODER_FILE)
    return InstantConverter(voice, load_content_encoder(), decoder.eval().requires_grad_(False))
