"""One song while a so-vits voice sings it: what concerns the whole of it, and then window by window."""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from vc_core.audio import Audio, Samples, resampled_frames
from vc_core.content_vec import load_content_vec
from vc_core.conversion.base import ConversionOptions
from vc_core.conversion.listening import MOMENTS_PER_SECOND, Heard
from vc_core.conversion.so_vits_diffusion import ShallowDiffusion, singer_numbers
from vc_core.conversion.so_vits_levels import as_loud, between, gate_of
from vc_core.conversion.so_vits_parts import SoVitsParts
from vc_core.conversion.so_vits_source import (
    Melody,
    cycles_before,
    first_phases,
    harmonics,
    melody_of,
    noise_between,
    part,
    stretched,
)
from vc_core.errors import UserError
from vc_core.heap import give_back
from vc_core.models import content_vec
from vc_core.models.nsf_hifigan import HARMONICS
from vc_core.torchaudio_guard import ensure_torchaudio

DECODED_SECONDS = 3.0
PRIOR, SINES, DRAWING = 2, 3, 4
"""Which noise is meant."""


@dataclass(frozen=True, eq=False)
class Stretch:
    """What is sung from one hop of the song on."""

    begin: int
    melody: Melody
    sounds: npt.NDArray[np.bool_]
    """Which hops are not silent."""


Decode = Callable[[Tensor, Tensor], Tensor]
"""Makes sound of shape (1, frames) of features (1, width, hops) and a source (1, frames, harmonics)."""


class Singing:
    def __init__(
        self, parts: SoVitsParts, song: Heard, options: ConversionOptions, shift_semitones: float, window_hops: int
    ) -> None:
        self._parts, self._seed, self._options = parts, options.seed, options.so_vits
        self._rate, self._hop = parts.config.sample_rate, parts.config.hop
        self._speaker = parts.named(self._options.speaker)
        parts.memory.check(self._speaker, self._options.cluster_ratio, self._options.retrieval_ratio)
        self._shares = self._options.blend or ((self._speaker, 1.0),)
        self._singer = parts.singer(self._shares)
        if self._options.diffusion_depth and parts.diffusion is None:
            raise UserError("This voice has no diffusion. Set its depth to 0.")
        self._factor = 2 ** (options.formant_shift_semitones / 12)
        self._breath = np.float32(10 ** (options.breath_db / 20))
        hops = resampled_frames(song.frames, song.sample_rate, self._rate) // self._hop + 1
        ratio = 2 ** (shift_semitones / 12)
        self._melody = melody_of(song.pitch, ratio, hops=hops, hop=self._hop, sample_rate=self._rate)
        self._decoded_hops = self._piece_hops(min(hops, window_hops))
        self._gate = gate_of(song.power, self._options.silence_db)
        self._kind = torch.bfloat16 if self._options.precision == "fast" and is_fast(parts.device) else torch.float32
        self._last: tuple[int, Melody] | None = None

    @torch.inference_mode()
    def sing(self, piece: Audio, start: int) -> Audio:
        gate = between(self._gate, start, piece.frames, self._rate / MOMENTS_PER_SECOND)
        if not gate.any():
            return piece.with_samples(np.zeros_like(piece.samples))
        first = ceil(start / self._hop)
        begin = first * self._hop - start
        wave = piece.samples[0, begin:]
        made = np.zeros(piece.frames, np.float32)
        made[begin:] = self._sung(np.pad(wave, (0, -len(wave) % self._hop)), first, gate[begin:])[: len(wave)]
        if self._options.loudness_ratio:
            made = as_loud(made, piece.samples[0], self._rate, self._options.loudness_ratio)
        if self._parts.device.type == "cpu":  # where networks work in the heap
            give_back()
        return piece.with_samples((made * gate)[None])

    def _sung(self, wave: Samples, first: int, gate: Samples) -> Samples:
        """Sound from hop `first` on, of whole hops."""
        rate = round(self._rate * self._factor)
        hops = len(wave) // self._hop if rate == self._rate else ceil(len(wave) * rate / self._rate / self._hop)
        begin = round(first * rate / self._rate)
        melody = self._melody_from(first, hops, rate)
        network, singer = self._parts.network, self._singer
        heard = self._content(torch.from_numpy(wave).to(self._parts.device)[None], melody)
        hertz, voiced = (
            torch.from_numpy(v).to(self._parts.device)[None].float() for v in (melody.hertz, melody.voiced)
        )
        loudness = self._loudness(wave, hops)
        inner = network.inner(heard, voiced, loudness)
        if self._options.predicted_pitch:
            hertz = network.predicted_hertz(inner, hertz, voiced, singer)
            melody = self._continued(hertz[0].cpu().numpy(), melody, begin)
        noise = noise_between(self._seed, PRIOR, begin, begin + hops, network.shape.inner_width).T
        scaled = torch.from_numpy(self._options.noise_scale * noise).to(self._parts.device)[None]
        latent = network.latent(inner, hertz, singer, scaled)
        stretch = Stretch(begin, melody, self._gated(gate, hops, rate))
        made = self._decoded(
            lambda features, source: network.sound(features, source, singer, self._kind),
            network.shape.generator.reach,
            latent,
            stretch,
        )
        if self._options.diffusion_depth and self._parts.diffusion is not None:
            made = self._drawn_anew(self._parts.diffusion, made, (heard, hertz, loudness), stretch)
        return made if rate == self._rate else _fitted(Audio(made[None], rate).resampled(self._rate), len(wave))

    def _piece_hops(self, window_hops: int) -> int:
        """Of what is decoded at once, the same in every window of a song.

        For each other size the library that convolves on CPUs keeps some hundred megabytes.
        """
        pieces = max(1, round(window_hops * self._hop / (DECODED_SECONDS * self._rate)))
        return ceil(window_hops * max(1.0, self._factor) / pieces)

    def _melody_from(self, first: int, hops: int, rate: int) -> Melody:
        if rate == self._rate:
            return part(self._melody, first, hops)
        return stretched(self._melody, first, hops, rate / self._rate, self._hop / self._rate)

    def _continued(self, hertz: Samples, sung: Melody, begin: int) -> Melody:
        """A predicted melody, its phases led on from where the last window had come."""
        cycles = cycles_before(hertz, self._hop, self._rate)
        if self._last is not None:
            before, last = self._last
            at = (begin + before + len(last.hertz)) // 2  # between both windows' edges, so within their border
            at = min(max(at, begin), before + len(last.hertz) - 1)
            cycles += last.cycles[at - before] - cycles[min(at - begin, len(cycles) - 1)]
        melody = Melody(hertz, sung.voiced, cycles % 1.0)
        self._last = (begin, melody)
        return melody

    def _content(self, wave: Tensor, melody: Melody) -> Tensor:
        """What is said at each hop, of shape (1, width, hops)."""
        ensure_torchaudio()
        from torchaudio.functional import resample

        options = self._options
        heard = resample(wave, self._rate, content_vec.RATE)
        heard = functional.pad(heard, (0, max(0, content_vec.SHORTEST_FRAMES - heard.shape[1])))
        is_projected = self._parts.network.shape.heard_width == content_vec.PROJECTED
        encoder = load_content_vec(
            9 if is_projected else 12,
            is_projected=is_projected,
            precision=str(self._kind).removeprefix("torch."),
            device=str(self._parts.device),
        )
        said = encoder(heard.to(self._kind)).float()
        hops = len(melody.hertz)
        if not options.cluster_ratio and not options.retrieval_ratio:
            return _at_hops(said, hops)
        drawn = self._parts.memory.drawn(said[0], self._speaker, options.cluster_ratio, options.retrieval_ratio)[None]
        kept = options.protection * torch.from_numpy(~melody.voiced).float().to(said.device)
        return torch.lerp(_at_hops(drawn, hops), _at_hops(said, hops), kept)

    def _loudness(self, wave: Samples, hops: int) -> Tensor:
        """The level around each hop, as the voices of 4.1 hear it."""
        half = self._hop // 2
        squares = np.pad(np.square(wave), (half, half), mode="reflect" if len(wave) > half else "constant")
        levels = np.sqrt(squares[: len(wave)].reshape(-1, self._hop).mean(axis=1))
        return _at_hops(torch.from_numpy(levels).to(self._parts.device)[None, None], hops)[0]

    def _gated(self, gate: Samples, hops: int, rate: int) -> npt.NDArray[np.bool_]:
        """Which hops sound at all."""
        at = np.minimum(np.arange(hops + 1) * self._hop * self._rate // rate, len(gate))
        sums = np.concatenate([[0.0], np.cumsum(gate, dtype=np.float64)])[at]
        return np.diff(sums) > 0

    def _drawn_anew(
        self, diffusion: ShallowDiffusion, made: Samples, given: tuple[Tensor, Tensor, Tensor], stretch: Stretch
    ) -> Samples:
        """`given` is what is said, the pitch and the loudness."""
        singers = singer_numbers(self._parts.config, self._shares)
        mel = diffusion.mel(torch.from_numpy(made).to(self._parts.device)[None])
        noise = noise_between(self._seed, DRAWING, stretch.begin, stretch.begin + mel.shape[2], diffusion.mels).T
        drawn = diffusion.network.drawn_anew(
            mel,
            diffusion.network.condition(*given, singers),
            torch.from_numpy(noise.copy()).to(mel.device)[None],
            depth=min(self._options.diffusion_depth, diffusion.settings.deepest),
            speedup=self._options.diffusion_speedup,
        )
        return self._decoded(diffusion.vocoder, diffusion.vocoder.shape.reach, drawn, stretch)

    def _decoded(self, decode: Decode, reach: int, features: Tensor, stretch: Stretch) -> Samples:
        """Sound of a whole window, decoded in pieces that see as far beyond their ends as the decoder does."""
        hop, hops, melody = self._hop, features.shape[2], stretch.melody
        own = hops if features.is_cuda else self._decoded_hops
        size = min(hops, own + 2 * reach)
        made = np.zeros(hops * hop, np.float32)
        phases = first_phases(self._seed)
        for start in range(0, hops, own):
            end = min(start + own, hops)
            if not stretch.sounds[start:end].any():
                continue
            low = min(max(0, start - reach), hops - size)
            high = low + size
            first, last = stretch.begin + low, stretch.begin + high
            noise = noise_between(self._seed, SINES, first, last, HARMONICS * hop) * self._breath
            source = harmonics(melody.hertz[low:high], melody.cycles[low:high] + phases, noise, hop, self._rate)
            sound = decode(features[..., low:high], torch.from_numpy(source).to(features.device)[None])
            made[start * hop : end * hop] = sound[0, (start - low) * hop : (end - low) * hop].float().cpu().numpy()
        return made


def _at_hops(moments: Tensor, hops: int) -> Tensor:
    """The moment of each hop, as in training: the first ones of too many, each several times of too few."""
    return moments[..., :hops] if hops < moments.shape[-1] else functional.interpolate(moments, hops, mode="nearest")


def _fitted(audio: Audio, frames: int) -> Samples:
    return np.pad(audio.samples[0], (0, max(0, frames - audio.frames)))[:frames]


def is_fast(device: torch.device) -> bool:
    """Whether half the precision is done in half the time there."""
    if device.type == "cpu":
        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    return device.type == "cuda" and torch.cuda.is_bf16_supported()
