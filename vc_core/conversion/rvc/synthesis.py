"""Synthesis of one song by an RVC voice: setup for the whole song, then windows one by one or in batches.

Each window is encoded as a whole. Noise and phases depend on the position in the song, so overlapping windows agree.
"""

from collections.abc import Sequence
from math import ceil

import numpy as np
import numpy.typing as npt
import torch
from scipy.signal import butter, sosfiltfilt
from torch import Tensor
from torch.nn import functional

from vc_core.audio import Audio, Samples, count_resampled_frames
from vc_core.conversion.analysis import FRAMES_PER_SECOND as GATE_FRAMES_PER_SECOND
from vc_core.conversion.analysis import SongAnalysis
from vc_core.conversion.base import ConversionOptions
from vc_core.conversion.chunked_decoding import ChunkPlan, choose_chunk_hops, decode_in_chunks, find_audible_hops
from vc_core.conversion.harmonic_source import (
    F0Contour,
    HopGrid,
    compute_f0_contour,
    draw_noise_of_windows,
    slice_contour,
    stack_contours,
    stretch_contour,
    synthesise_harmonics,
)
from vc_core.conversion.levels import compute_silence_gate, follow_loudness, interpolate_frames
from vc_core.conversion.precision import choose_dtype
from vc_core.conversion.rvc.network import RvcVoice
from vc_core.conversion.rvc.options import RvcOptions
from vc_core.device import download, upload
from vc_core.errors import UserError
from vc_core.memory import release_free_memory
from vc_core.models import content_vec
from vc_core.signal.windows import BatchProcess
from vc_core.voices.content_vec import load_for_width

HOPS_PER_SECOND = 100
HOPS_PER_CONTENT_FRAME = 2
LOWEST_HZ, FILTER_ORDER = 48.0, 5
"""High-pass filter of the content encoder's input, as in training."""
PRIOR, SOURCE = 2, 3
"""Independent noise streams: the prior and the harmonic source."""


class SongSynthesiser(BatchProcess):
    def __init__(
        self,
        voice: RvcVoice,
        song: SongAnalysis,
        options: ConversionOptions,
        shift_semitones: float,
        longest_seconds: float,
    ) -> None:
        self._voice, self._seed, self._options = voice, options.seed, options.own or RvcOptions()
        self.device = str(voice.device)
        self._rate = voice.model.sample_rate
        self._hop = self._rate // HOPS_PER_SECOND
        self._speaker = voice.embed_speaker(self._options.speaker)
        if voice.index is None and self._options.retrieval_ratio not in (0.0, RvcOptions.retrieval_ratio):
            raise UserError("This voice has no index. Set the retrieval ratio to 0, or import it with its index.")
        self._formant_ratio = 2 ** (options.formant_shift_semitones / 12)
        self._noise_gain = 10 ** (options.breath_db / 20)
        hops = count_resampled_frames(song.frames, song.sample_rate, self._rate) // self._hop + 1
        grid = HopGrid(hops, self._hop, self._rate)
        ratio = 2 ** (shift_semitones / 12)
        self._contour = compute_f0_contour(song.pitch, ratio, grid, harmonics=1, interpolates_unvoiced=False)
        longest = ceil(min(hops, longest_seconds * HOPS_PER_SECOND) * max(1.0, self._formant_ratio))
        self._chunk_hops = choose_chunk_hops(longest, 1 / HOPS_PER_SECOND)
        self._gate = compute_silence_gate(song.power, self._options.silence_db)
        self._dtype = choose_dtype(self._options.precision, voice.device)

    @torch.inference_mode()
    def process_batch(self, windows: Sequence[Audio], starts: Sequence[int]) -> list[Audio]:
        """Convert windows; what lies before the first whole content frame of the song in each, is silent context."""
        gates = [
            interpolate_frames(self._gate, start, window.frames, self._rate / GATE_FRAMES_PER_SECOND)
            for window, start in zip(windows, starts, strict=True)
        ]
        made = [np.zeros(window.frames, np.float32) for window in windows]
        begins = [-start % (HOPS_PER_CONTENT_FRAME * self._hop) for start in starts]
        audible = [at for at, (gate, begin) in enumerate(zip(gates, begins, strict=True)) if gate[begin:].any()]
        for begin in sorted({begins[at] for at in audible}):  # one, unless windows are not made of whole frames
            batch = [at for at in audible if begins[at] == begin]
            whole = [windows[at].slice(begin, windows[at].frames) for at in batch]
            firsts = [(starts[at] + begin) // self._hop for at in batch]
            sung = self._synthesise(whole, firsts, np.stack([gates[at][begin:] for at in batch]))
            for row, at in zip(sung, batch, strict=True):
                made[at][begin:] = row
        if self._voice.device.type == "cpu":  # CPU inference allocates in the heap
            release_free_memory()
        ratio = self._options.loudness_ratio
        return [follow_loudness(*one, ratio) for one in zip(windows, made, gates, strict=True)]

    def _synthesise(self, windows: Sequence[Audio], firsts: list[int], gates: Samples) -> Samples:
        """Convert windows of equal length that start at these hops of the song; shape (B, frames)."""
        rate, frames, device = round(self._rate * self._formant_ratio), windows[0].frames, self._voice.device
        hops = ceil(frames / self._hop)
        if rate == self._rate:
            contours = [slice_contour(self._contour, first, hops) for first in firsts]
        else:  # slower and lower, then resampled
            hops, factor = ceil(hops * rate / self._rate), rate / self._rate
            contours = [stretch_contour(self._contour, first, hops, factor, 1 / HOPS_PER_SECOND) for first in firsts]
            firsts = [round(first * factor) for first in firsts]
        contour = stack_contours(contours)
        content, hertz = self._encode_content(windows, contour), upload(contour.hertz, device)
        noise = draw_noise_of_windows(self._seed, PRIOR, firsts, hops, self._voice.model.shape.inner_width, device)
        scaled = self._options.noise_scale * noise.transpose(1, 2)
        latent = self._voice.network.encode_latent(content, hertz, self._speaker, scaled)
        audible = np.stack([find_audible_hops(gate, hops, self._hop * self._rate / rate) for gate in gates])
        made = download(self._decode(latent, contour, firsts, audible))
        if rate != self._rate:
            made = Audio(made, rate).resample(self._rate).samples
        return np.pad(made, ((0, 0), (0, max(0, frames - made.shape[1]))))[:, :frames]

    def _encode_content(self, windows: Sequence[Audio], contour: F0Contour) -> Tensor:
        """Content features at each hop, after retrieval; shape (B, width, hops)."""
        options, index, device = self._options, self._voice.index, self._voice.device
        encoder = load_for_width(self._voice.model.shape.content_width, device, self._dtype)
        samples = upload(np.stack([filter_content_input(window) for window in windows]), device)
        content = encoder(samples.to(self._dtype)).float()
        hops = contour.hertz.shape[1]
        if index is None or not options.retrieval_ratio:
            return _align_to_hops(content, hops)
        found = torch.stack([index.retrieve(one.T).T for one in content])
        moved = torch.lerp(content, found, options.retrieval_ratio)
        if not self._voice.model.shape.has_pitch:
            return _align_to_hops(moved, hops)
        protected = options.protection * upload(contour.hertz < 1, device).float()[:, None]
        return torch.lerp(_align_to_hops(moved, hops), _align_to_hops(content, hops), protected)

    def _decode(self, latent: Tensor, contour: F0Contour, firsts: list[int], audible: npt.NDArray[np.bool_]) -> Tensor:
        """Waveforms of shape (B, samples)."""
        decoder = self._voice.network.dec

        def decode_chunk(low: int, high: int) -> Tensor:
            source = None
            if self._voice.model.shape.has_pitch:
                begins = [first + low for first in firsts]
                noise = draw_noise_of_windows(self._seed, SOURCE, begins, high - low, self._hop, latent.device)
                source = synthesise_harmonics(
                    contour.hertz[:, low:high],
                    contour.cycles[:, low:high],
                    noise * self._noise_gain,
                    self._hop,
                    self._rate,
                )
            waveform: Tensor = decoder.cast(self._dtype)(latent[..., low:high], source, self._speaker)
            return waveform

        plan = ChunkPlan(self._hop, self._chunk_hops, decoder.shape.receptive_field_frames)
        return decode_in_chunks(decode_chunk, audible, plan, latent.device)


def filter_content_input(window: Audio) -> Samples:
    """A window as the content encoder gets it: 16 kHz, without rumble, padded to a whole frame more than it lasts."""
    low = window.resample(content_vec.SAMPLE_RATE).samples[0].astype(np.float64)
    sections = butter(FILTER_ORDER, LOWEST_HZ, "highpass", fs=content_vec.SAMPLE_RATE, output="sos")
    filtered = sosfiltfilt(sections, low, padtype=None)
    frames = ceil(len(filtered) / content_vec.HOP_SAMPLES)
    missing = frames * content_vec.HOP_SAMPLES + content_vec.RECEPTIVE_FIELD_SAMPLES - content_vec.HOP_SAMPLES
    return np.pad(filtered, (0, max(0, missing - len(filtered)))).astype(np.float32)


def _align_to_hops(content: Tensor, hops: int) -> Tensor:
    """Content frames, each twice, at the hops of the network; with a formant shift, stretched."""
    doubled = content.repeat_interleave(HOPS_PER_CONTENT_FRAME, dim=2)
    spare = doubled.shape[2] - hops
    if 0 <= spare < HOPS_PER_CONTENT_FRAME:
        return doubled[..., :hops]
    return functional.interpolate(content, hops, mode="nearest")
