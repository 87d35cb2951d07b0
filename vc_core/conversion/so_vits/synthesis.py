"""Synthesis of one song by a so-vits voice: setup for the whole song, then windows one by one or in batches."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from vc_core.audio import Audio, Samples, count_resampled_frames
from vc_core.checkpoints.torchaudio_guard import ensure_torchaudio
from vc_core.conversion.analysis import FRAMES_PER_SECOND, SongAnalysis
from vc_core.conversion.base import ConversionOptions
from vc_core.conversion.chunked_decoding import ChunkPlan, choose_chunk_hops, decode_in_chunks, find_audible_hops
from vc_core.conversion.harmonic_source import (
    F0Contour,
    HopGrid,
    compute_f0_contour,
    compute_phase_cycles,
    draw_initial_phases,
    draw_noise_of_windows,
    slice_contour,
    stack_contours,
    stretch_contour,
    synthesise_harmonics,
)
from vc_core.conversion.levels import compute_silence_gate, follow_loudness, interpolate_frames
from vc_core.conversion.precision import choose_dtype
from vc_core.conversion.so_vits.diffusion import ShallowDiffusion, weigh_speakers
from vc_core.conversion.so_vits.loaded_voice import SoVitsVoice
from vc_core.conversion.so_vits.options import SoVitsOptions
from vc_core.device import download, upload
from vc_core.errors import UserError
from vc_core.memory import release_free_memory
from vc_core.models import content_vec
from vc_core.models.nsf_hifigan import HARMONICS
from vc_core.signal.windows import BatchProcess
from vc_core.voices.content_vec import load_for_width

PRIOR, SOURCE, DIFFUSION = 2, 3, 4
"""Independent noise streams: the prior, the harmonic source and the diffusion."""


@dataclass(frozen=True, eq=False)
class DecodingBatch:
    """Windows of equal length."""

    first_hops: list[int]
    """In the song."""
    contour: F0Contour
    audible: npt.NDArray[np.bool_]
    """Hops that are not silent, shape (B, hops)."""


Decode = Callable[[Tensor, Tensor], Tensor]
"""Features (B, width, hops) and harmonic source (B, samples, harmonics) to waveforms (B, samples)."""


class SongSynthesiser(BatchProcess):
    def __init__(
        self,
        voice: SoVitsVoice,
        song: SongAnalysis,
        options: ConversionOptions,
        shift_semitones: float,
        window_hops: int,
    ) -> None:
        self._voice, self._seed, self._options = voice, options.seed, options.own or SoVitsOptions()
        self.device = str(voice.device)
        self._rate, self._hop = voice.config.sample_rate, voice.config.hop
        self._speaker = voice.choose_speaker(self._options.speaker)
        voice.retrieval.check(self._speaker, self._options.cluster_ratio, self._options.retrieval_ratio)
        self._blend = self._options.blend or ((self._speaker, 1.0),)
        self._speaker_embedding = voice.embed_speakers(self._blend)
        if self._options.diffusion_depth and voice.diffusion is None:
            raise UserError("This voice has no diffusion. Set its depth to 0.")
        self._formant_ratio = 2 ** (options.formant_shift_semitones / 12)
        self._noise_gain = 10 ** (options.breath_db / 20)
        hops = count_resampled_frames(song.frames, song.sample_rate, self._rate) // self._hop + 1
        ratio = 2 ** (shift_semitones / 12)
        grid = HopGrid(hops, self._hop, self._rate)
        self._contour = compute_f0_contour(song.pitch, ratio, grid, HARMONICS, interpolates_unvoiced=True)
        longest = ceil(min(hops, window_hops) * max(1.0, self._formant_ratio))
        self._chunk_hops = choose_chunk_hops(longest, self._hop / self._rate)
        self._gate = compute_silence_gate(song.power, self._options.silence_db)
        self._dtype = choose_dtype(self._options.precision, voice.device)
        self._last: tuple[int, F0Contour] | None = None

    @torch.inference_mode()
    def process_batch(self, windows: Sequence[Audio], starts: Sequence[int]) -> list[Audio]:
        gates = [
            interpolate_frames(self._gate, start, window.frames, self._rate / FRAMES_PER_SECOND)
            for window, start in zip(windows, starts, strict=True)
        ]
        made = [np.zeros(window.frames, np.float32) for window in windows]
        begins = [-start % self._hop for start in starts]
        audible = [at for at, gate in enumerate(gates) if gate.any()]
        for begin in sorted({begins[at] for at in audible}):  # one, unless windows are not made of whole hops
            batch = [at for at in audible if begins[at] == begin]
            frames = windows[0].frames - begin
            waves = np.stack([np.pad(windows[at].samples[0, begin:], (0, -frames % self._hop)) for at in batch])
            firsts = [(starts[at] + begin) // self._hop for at in batch]
            sung = self._synthesise(waves, firsts, np.stack([gates[at][begin:] for at in batch]))
            for row, at in zip(sung, batch, strict=True):
                made[at][begin:] = row[:frames]
        if self._voice.device.type == "cpu":  # CPU inference allocates in the heap
            release_free_memory()
        ratio = self._options.loudness_ratio
        return [follow_loudness(*one, ratio) for one in zip(windows, made, gates, strict=True)]

    def _synthesise(self, waves: Samples, firsts: list[int], gates: Samples) -> Samples:
        """Converts `waves`, of shape (B, whole hops), that begin at these hops of the song, to the same shape."""
        rate = round(self._rate * self._formant_ratio)
        frames = waves.shape[1]
        hops = frames // self._hop if rate == self._rate else ceil(frames * rate / self._rate / self._hop)
        begins = [round(first * rate / self._rate) for first in firsts]
        contours = [self._cut_contour(first, hops, rate) for first in firsts]
        contour = stack_contours(contours)
        network, speaker, device = self._voice.network, self._speaker_embedding, self._voice.device
        content = self._encode_content(upload(waves, device), contour)
        hertz, voiced = (upload(v, device).float() for v in (contour.hertz, contour.voiced))
        loudness = self._measure_loudness(waves, hops)
        inner = network.embed_content(content, voiced, loudness)
        if self._options.predicted_pitch:
            hertz = network.predict_f0(inner, hertz, voiced, speaker)
            predicted = zip(download(hertz), contours, begins, strict=True)
            contour = stack_contours([self._continue_phases(*one) for one in predicted])
        noise = draw_noise_of_windows(self._seed, PRIOR, begins, hops, network.shape.inner_width, device)
        latent = network.encode_latent(inner, hertz, speaker, self._options.noise_scale * noise.transpose(1, 2))
        audible = np.stack([find_audible_hops(gate, hops, self._hop * self._rate / rate) for gate in gates])
        decoding = DecodingBatch(begins, contour, audible)
        made = self._decode(
            lambda features, source: network.decode(features, source, speaker, self._dtype),
            network.shape.generator.receptive_field_frames,
            latent,
            decoding,
        )
        if self._options.diffusion_depth and self._voice.diffusion is not None:
            made = self._refine(self._voice.diffusion, made, (content, hertz, loudness), decoding)
        sung = download(made)
        return sung if rate == self._rate else _fit_length(Audio(sung, rate).resample(self._rate), frames)

    def _cut_contour(self, first: int, hops: int, rate: int) -> F0Contour:
        if rate == self._rate:
            return slice_contour(self._contour, first, hops)
        return stretch_contour(self._contour, first, hops, rate / self._rate, self._hop / self._rate)

    def _continue_phases(self, hertz: Samples, sung: F0Contour, begin: int) -> F0Contour:
        """The predicted F0, with phases continuing those of the last window."""
        cycles = compute_phase_cycles(hertz, self._hop, self._rate, HARMONICS)
        if self._last is not None:
            before, last = self._last
            at = (begin + before + len(last.hertz)) // 2  # in the middle of the overlap
            at = min(max(at, begin), before + len(last.hertz) - 1)
            cycles += last.cycles[at - before] - cycles[min(at - begin, len(cycles) - 1)]
        contour = F0Contour(hertz, sung.voiced, cycles % 1.0)
        self._last = (begin, contour)
        return contour

    def _encode_content(self, waves: Tensor, contour: F0Contour) -> Tensor:
        """Content features of (B, samples) at each hop, after retrieval; shape (B, width, hops)."""
        ensure_torchaudio()
        from torchaudio.functional import resample

        options = self._options
        samples = resample(waves, self._rate, content_vec.SAMPLE_RATE)
        samples = functional.pad(samples, (0, max(0, content_vec.RECEPTIVE_FIELD_SAMPLES - samples.shape[1])))
        encoder = load_for_width(self._voice.network.shape.content_width, self._voice.device, self._dtype)
        content = encoder(samples.to(self._dtype)).float()
        hops = contour.hertz.shape[1]
        if not options.cluster_ratio and not options.retrieval_ratio:
            return _align_to_hops(content, hops)
        ratios = options.cluster_ratio, options.retrieval_ratio
        moved = torch.stack([self._voice.retrieval.move_content(one, self._speaker, *ratios) for one in content])
        protected = options.protection * upload(~contour.voiced, content.device).float()[:, None]
        return torch.lerp(_align_to_hops(moved, hops), _align_to_hops(content, hops), protected)

    def _measure_loudness(self, waves: Samples, hops: int) -> Tensor:
        """RMS level around each hop of (B, samples), the loudness input of 4.1 voices; shape (B, hops)."""
        half, frames = self._hop // 2, waves.shape[1]
        squares = np.pad(np.square(waves), ((0, 0), (half, half)), mode="reflect" if frames > half else "constant")
        levels = np.sqrt(squares[:, :frames].reshape(len(waves), -1, self._hop).mean(axis=2))
        return _align_to_hops(upload(levels, self._voice.device)[:, None], hops)[:, 0]

    def _refine(
        self,
        diffusion: ShallowDiffusion,
        made: Tensor,
        conditions: tuple[Tensor, Tensor, Tensor],
        decoding: DecodingBatch,
    ) -> Tensor:
        """Shallow diffusion of the decoder's output, conditioned on content, F0 and loudness."""
        speakers = weigh_speakers(self._voice.config, self._blend)
        mel = diffusion.compute_log_mel(made)
        noise = draw_noise_of_windows(
            self._seed, DIFFUSION, decoding.first_hops, mel.shape[2], diffusion.mels, mel.device
        )
        refined = diffusion.network.refine_mel(
            mel,
            diffusion.network.encode_condition(*conditions, speakers),
            noise.transpose(1, 2),
            depth=min(self._options.diffusion_depth, diffusion.settings.deepest),
            speedup=self._options.diffusion_speedup,
        )
        return self._decode(diffusion.vocoder, diffusion.vocoder.shape.receptive_field_frames, refined, decoding)

    def _decode(self, decode: Decode, context: int, features: Tensor, decoding: DecodingBatch) -> Tensor:
        contour, device = decoding.contour, features.device
        phases = draw_initial_phases(self._seed, HARMONICS)

        def decode_chunk(low: int, high: int) -> Tensor:
            firsts = [first + low for first in decoding.first_hops]
            noise = draw_noise_of_windows(self._seed, SOURCE, firsts, high - low, HARMONICS * self._hop, device)
            source = synthesise_harmonics(
                contour.hertz[:, low:high],
                contour.cycles[:, low:high] + phases,
                noise * self._noise_gain,
                self._hop,
                self._rate,
            )
            return decode(features[..., low:high], source)

        plan = ChunkPlan(self._hop, self._chunk_hops, context)
        return decode_in_chunks(decode_chunk, decoding.audible, plan, device)


def _align_to_hops(frames: Tensor, hops: int) -> Tensor:
    """Content frames at hops as in training: truncated if too many, else repeated (zero-order hold)."""
    return frames[..., :hops] if hops < frames.shape[-1] else functional.interpolate(frames, hops, mode="nearest")


def _fit_length(audio: Audio, frames: int) -> Samples:
    return np.pad(audio.samples, ((0, 0), (0, max(0, frames - audio.frames))))[:, :frames]
