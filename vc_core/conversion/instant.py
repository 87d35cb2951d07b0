"""The instant engine: units say what is sung, and the voice's decoder sings them at the pitch that is wanted.

The song is levelled, converted in windows, and given its level back. What must not break at a window's border
(pitch, its phase, the noise) is made for the whole song, and rides along as further channels of its sound.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from vc_core.audio import Audio, Samples
from vc_core.conversion.base import ConversionOptions, Converter, key_shift_semitones
from vc_core.errors import UserError
from vc_core.models import ddsp, units
from vc_core.models.ddsp import CODE, POINTS, Curve, Decoder
from vc_core.pitch import Pitch, find_pitch, voiced_stretches, without_octave_errors
from vc_core.progress import Progress, part_of, silent
from vc_core.slicing import Windows, process_in_windows
from vc_core.voices import Voice
from vc_core.weights import fill, load_tensors

Flags = npt.NDArray[np.bool_]
UNITS_FILE = Path(__file__).parent / "units.safetensors"
DECODER_FILE = "decoder.safetensors"
WINDOWS = Windows(seconds=8.0, context_seconds=0.5, fade_seconds=0.02)
LOWEST_HZ, HIGHEST_HZ = 50.0, 1100.0
NOTHING_DB = -70.0
"""Beside the loud moments of the song: from here on there is nothing to convert, and it stays silent."""
FULL_GATE_DB = -60.0
SHORTEST_SECONDS = 0.05
"""What is shorter is heard with silence behind it."""
SHORTEST_VOICED_SECONDS = 0.03
SOFT_SECONDS = 0.004
"""In so long pulses come and go where the voice sets in and ends."""
SOURCE, HERTZ, CYCLE, NOISE = range(4)
"""The channels of what the windows hear."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """A song as the windows hear it, and the level that it gets back."""

    channels: Audio
    levels: Samples


class InstantConverter(Converter):
    def __init__(self, voice: Voice, encoder: units.Units, decoder: Decoder) -> None:
        self.voice, self._encoder, self._decoder = voice, encoder, decoder
        self.sample_rate = voice.card.sample_rate

    def convert(
        self, singing: Audio, options: ConversionOptions = ConversionOptions(), *, progress: Progress = silent
    ) -> Audio:
        if not singing.frames:
            return singing
        song = _fitted(singing.mono(), max(singing.frames, round(SHORTEST_SECONDS * singing.sample_rate)))
        heard = song.resampled(units.RATE)
        prepared = self._prepared(song, heard, options, part_of(progress, 0.0, 0.2))
        sung = process_in_windows(
            prepared.channels, lambda piece: self._sing(piece, options), WINDOWS, progress=part_of(progress, 0.2, 1.0)
        )
        made = sung.with_samples((sung.samples * prepared.levels).astype(np.float32)).resampled(singing.sample_rate)
        return singing.with_samples(_placed(_fitted(made, singing.frames).samples, singing))

    def _prepared(self, song: Audio, heard: Audio, options: ConversionOptions, progress: Progress) -> Prepared:
        power = units.power_of(torch.from_numpy(heard.samples))
        slow = units.slow_levels(power)
        source = song.resampled(self.sample_rate).samples
        frames = source.shape[1]
        pitch = sung_pitch(heard, progress=progress)
        shift = 2 ** (key_shift_semitones(pitch, self.voice, options) / 12)
        hertz = np.clip(_at_frames(pitch, frames, self.sample_rate) * shift, 0.0, 0.45 * self.sample_rate)
        cycle = ddsp.cycles(hertz, self.sample_rate) % 1.0
        noise = np.random.default_rng(options.seed).standard_normal(frames)
        levels = units.at_frames(slow, frames, ddsp.hop_of(self.sample_rate)).numpy()
        gate = units.at_frames(_gate(power), frames, ddsp.hop_of(self.sample_rate)).numpy()
        channels = np.stack([source[0] / levels[0], hertz, cycle, noise]).astype(np.float32)
        return Prepared(Audio(channels, self.sample_rate), levels * gate)

    def _sing(self, piece: Audio, options: ConversionOptions) -> Audio:
        rate, hop = self.sample_rate, ddsp.hop_of(self.sample_rate)
        moments = piece.frames // hop + 1
        flat = torch.from_numpy(piece.with_samples(piece.samples[[SOURCE]]).resampled(units.RATE).samples)
        flat = torch.nn.functional.pad(flat, (0, max(0, moments * units.HOP - flat.shape[1])))
        hertz = piece.samples[HERTZ].astype(np.float64)
        pitch = torch.from_numpy(self._known(hertz[np.minimum(np.arange(moments) * hop, piece.frames - 1)]))[None]
        with torch.inference_mode():
            said = self._encoder(units.log_mel(units.power_spectrum(flat)))[:, :moments]
            curves = self._decoder(said, pitch, units.energy_of(flat)[:, :moments])
            curves[:, 1] += options.breath_db * np.log(10) / 20
            voiced = ddsp.pulses(hertz, piece.samples[CYCLE].astype(np.float64), rate) * _soft(hertz > 0, rate)
            sources = torch.from_numpy(np.stack([voiced, piece.samples[NOISE]]).astype(np.float32))[None]
            made = ddsp.rendered(curves, sources, rate, 2 ** (options.formant_shift_semitones / 12))
        return piece.with_samples(made.numpy())

    def _known(self, hertz: Curve) -> Samples:
        """The pitch that the decoder hears, within what the voice was trained on; the pulses have the real one."""
        known = self.voice.card.pitch_range_hz or (LOWEST_HZ, HIGHEST_HZ)
        return np.where(hertz > 0, np.clip(hertz, *known), 0.0).astype(np.float32)


def sung_pitch(heard: Audio, *, progress: Progress = silent) -> Pitch:
    """Of mono at the units' rate."""
    found = find_pitch(heard, lowest_hz=LOWEST_HZ, highest_hz=HIGHEST_HZ, progress=progress)
    pitch = without_octave_errors(found)
    hertz = pitch.hertz.copy()
    for first, last in voiced_stretches(pitch):
        if (last - first) * pitch.hop_seconds < SHORTEST_VOICED_SECONDS:
            hertz[first:last] = 0.0
    return Pitch(hertz, pitch.confidence, pitch.hop_seconds)


def _at_frames(pitch: Pitch, frames: int, rate: int) -> Curve:
    """On a line between voiced moments, and 0 where the nearest one is unvoiced."""
    voiced = np.flatnonzero(pitch.hertz)
    if not len(voiced):
        return np.zeros(frames)
    at = np.arange(frames) / (rate * pitch.hop_seconds)
    nearest = np.minimum(np.round(at).astype(int), pitch.frames - 1)
    return np.asarray(np.where(pitch.voiced[nearest], np.interp(at, voiced, pitch.hertz[voiced]), 0.0))


def _gate(power: torch.Tensor) -> torch.Tensor:
    """0 where the song is silent, 1 where it sounds."""
    loud = (power**2).sum() / power.sum().clamp_min(1e-20)
    below_db = 10 * torch.log10(power / loud.clamp_min(1e-20) + 1e-12)
    opened = ((below_db - NOTHING_DB) / (FULL_GATE_DB - NOTHING_DB)).clamp(0, 1)
    # Open a moment earlier and later, so that nothing is cut off.
    return torch.nn.functional.max_pool1d(opened[None], 3, 1, padding=1)[0]


def _soft(voiced: Flags, rate: int) -> Curve:
    """1 within a voiced stretch, rising and falling at its ends."""
    frames = max(1, round(SOFT_SECONDS * rate))
    edges = np.flatnonzero(np.diff(voiced.astype(np.int8), prepend=voiced[:1].astype(np.int8)))
    if not len(edges):
        return voiced.astype(np.float64)
    at = np.arange(len(voiced))
    after = np.searchsorted(edges, at, side="right")
    before_edge = np.where(after > 0, at - edges[np.maximum(after - 1, 0)], frames)
    to_edge = np.where(after < len(edges), edges[np.minimum(after, len(edges) - 1)] - at, frames)
    return np.asarray(np.where(voiced, np.clip(np.minimum(before_edge, to_edge) / frames, 0.0, 1.0), 0.0))


def _fitted(audio: Audio, frames: int) -> Audio:
    return audio.with_samples(np.pad(audio.samples, ((0, 0), (0, max(0, frames - audio.frames))))[:, :frames])


def _placed(made: Samples, singing: Audio) -> Samples:
    """On as many channels, each as loud as it was: a voice sung from one side stays there."""
    if singing.channels == 1:
        return made
    strength = np.sqrt(np.mean(singing.samples.astype(np.float64) ** 2, axis=1))
    middle = np.sqrt(np.mean(singing.mono().samples.astype(np.float64) ** 2))
    return np.asarray(made * (strength / max(float(middle), 1e-9))[:, None], np.float32)


@lru_cache(maxsize=1)
def load_units() -> units.Units:
    encoder = units.Units()
    fill(encoder, {name: value.float() for name, value in load_tensors(UNITS_FILE).items()}, source=UNITS_FILE.name)
    return encoder.eval().requires_grad_(False)


def load_instant(voice: Voice) -> InstantConverter:
    if voice.card.sample_rate % units.MOMENTS_PER_SECOND:
        raise UserError(f"The voice “{voice.name}” has a sample rate that the instant engine can't sing at.")
    path = voice.folder / DECODER_FILE
    tensors = {name: value.float() for name, value in load_tensors(path).items()}
    if tuple(tensors.get("code", torch.zeros(0)).shape) != (CODE,) or len(tensors["last.bias"]) != 2 * POINTS:
        raise UserError(f"“{path.name}” of the voice “{voice.name}” is no decoder of the instant engine.")
    decoder = Decoder()
    fill(decoder, tensors, source=path.name)
    return InstantConverter(voice, load_units(), decoder.eval().requires_grad_(False))
