"""The instant engine: units say what is sung, and the voice's decoder sings them at the pitch that is wanted.

The song is levelled, converted window by window, and given its level back. What must not break at a window's border
(the phase of the pulses, the noise) follows from the place in the song alone.
"""

import numpy as np
import numpy.typing as npt
import torch

from vc_core.audio import Audio, Samples
from vc_core.conversion.base import ConversionOptions, Converter, Sing, key_shift_semitones
from vc_core.conversion.listening import HIGHEST_HZ, LOWEST_HZ, Heard
from vc_core.errors import UserError
from vc_core.instant_weights import DECODER_FILE, load_decoder, load_units
from vc_core.models import ddsp, units
from vc_core.models.ddsp import Curve, Decoder
from vc_core.pitch import Pitch
from vc_core.slicing import Windows
from vc_core.voices import Voice

Flags = npt.NDArray[np.bool_]
WINDOWS = Windows(seconds=8.0, context_seconds=0.5, fade_seconds=0.02)
NOTHING_DB = -70.0
"""Beside the loud moments of the song: from here on there is nothing to convert, and it stays silent."""
FULL_GATE_DB = -60.0
SOFT_SECONDS = 0.004
"""In so long pulses come and go where the voice sets in and ends."""


class InstantConverter(Converter):
    def __init__(self, voice: Voice, encoder: units.Units, decoder: Decoder) -> None:
        self.voice, self._encoder, self._decoder = voice, encoder, decoder
        self.windows = WINDOWS

    def begin(self, song: Heard, options: ConversionOptions) -> Sing:
        rate, hop = self.sample_rate, ddsp.hop_of(self.sample_rate)
        power = torch.from_numpy(song.power)[None]
        levels, gates = units.slow_levels(power), _gate(power)
        melody = Melody(song.pitch, 2 ** (key_shift_semitones(song.pitch, self.voice, options) / 12))

        def sing(piece: Audio, start: int) -> Audio:
            level = _between(levels, start, piece.frames, hop)
            flat = piece.with_samples((piece.samples / level).astype(np.float32))
            hertz, cycle = melody.between(start, piece.frames, rate)
            voiced = ddsp.pulses(hertz, cycle, rate) * _soft(hertz > 0, rate)
            sources = np.stack([voiced, _noise(options.seed, start, piece.frames, rate)]).astype(np.float32)
            made = self._sing(flat, hertz, torch.from_numpy(sources)[None], options)
            return piece.with_samples((made * level * _between(gates, start, piece.frames, hop)).astype(np.float32))

        return sing

    def _sing(self, flat: Audio, hertz: Curve, sources: torch.Tensor, options: ConversionOptions) -> Samples:
        rate, hop = self.sample_rate, ddsp.hop_of(self.sample_rate)
        moments = flat.frames // hop + 1
        heard = torch.from_numpy(flat.resampled(units.RATE).samples)
        heard = torch.nn.functional.pad(heard, (0, max(0, moments * units.HOP - heard.shape[1])))
        pitch = torch.from_numpy(self._known(hertz[np.minimum(np.arange(moments) * hop, flat.frames - 1)]))[None]
        with torch.inference_mode():
            said = self._encoder(units.log_mel(units.power_spectrum(heard)))[:, :moments]
            curves = self._decoder(said, pitch, units.energy_of(heard)[:, :moments])
            curves[:, 1] += options.breath_db * np.log(10) / 20
            made: Samples = ddsp.rendered(curves, sources, rate, 2 ** (options.formant_shift_semitones / 12)).numpy()
        return made

    def _known(self, hertz: Curve) -> Samples:
        """The pitch that the decoder hears, within what the voice was trained on; the pulses have the real one."""
        known = self.voice.card.pitch_range_hz or (LOWEST_HZ, HIGHEST_HZ)
        return np.where(hertz > 0, np.clip(hertz, *known), 0.0).astype(np.float32)


class Melody:
    """The wanted pitch as a line without gaps, so that its phase is known at any place without what is before it."""

    def __init__(self, pitch: Pitch, ratio: float) -> None:
        self._hop_seconds, self._voiced = pitch.hop_seconds, pitch.voiced
        voiced = np.flatnonzero(pitch.voiced)
        self._hertz: Curve = np.zeros(pitch.frames)
        if len(voiced):
            self._hertz = ratio * np.interp(np.arange(pitch.frames), voiced, pitch.hertz[voiced].astype(np.float64))
        steps = (self._hertz[:-1] + self._hertz[1:]) / 2 * self._hop_seconds
        self._cycles = np.concatenate([[0.0], np.cumsum(steps)])

    def between(self, start: int, frames: int, rate: int) -> tuple[Curve, Curve]:
        """Pitch, 0 where the nearest moment is unvoiced, and the fraction of a period at each frame."""
        at = np.clip(np.arange(start, start + frames) / (rate * self._hop_seconds), 0, len(self._hertz) - 1)
        before = np.minimum(at.astype(int), len(self._hertz) - 1)
        after = np.minimum(before + 1, len(self._hertz) - 1)
        part, rise = at - before, self._hertz[after] - self._hertz[before]
        cycle = self._cycles[before] + self._hop_seconds * part * (self._hertz[before] + rise * part / 2)
        voiced = self._voiced[np.round(at).astype(int)]
        hertz = np.where(voiced, np.minimum(self._hertz[before] + rise * part, 0.45 * rate), 0.0)
        return hertz, cycle % 1.0


def _noise(seed: int, start: int, frames: int, rate: int) -> Curve:
    """The same at the same place, whatever window asks."""
    first, last = start // rate, (start + frames) // rate
    seconds = [np.random.default_rng([seed, second]).standard_normal(rate) for second in range(first, last + 1)]
    return np.concatenate(seconds)[start - first * rate :][:frames]


def _between(values: torch.Tensor, start: int, frames: int, hop: int) -> Samples:
    """Values of moments at the frames of a window."""
    first = start // hop
    inside = values[:, min(first, values.shape[1] - 1) : first + frames // hop + 2]
    inside = torch.nn.functional.pad(inside, (0, frames // hop + 2 - inside.shape[1]), mode="replicate")
    offset = start - first * hop
    at_frames: Samples = units.at_frames(inside, offset + frames, hop)[:, offset:].numpy()
    return at_frames


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


def load_instant(voice: Voice) -> InstantConverter:
    if voice.card.sample_rate % units.MOMENTS_PER_SECOND:
        raise UserError(f"The voice “{voice.name}” has a sample rate that the instant engine can't sing at.")
    decoder = load_decoder(voice.folder / DECODER_FILE)
    return InstantConverter(voice, load_units(), decoder.eval().requires_grad_(False))
