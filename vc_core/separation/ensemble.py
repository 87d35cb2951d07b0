"""Ensembles: two engines separate the same song, and their stems become one: the mean, the softer, or the louder.

An engine like any other, whose models are named by a rule and two engines: `mean:starter+repet`, or with the model of
one, `mean:demucs+roformer/kim-vocals`.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from typing import Literal, get_args

import numpy as np

from vc_core.audio import Audio, Samples
from vc_core.engine import find_engine
from vc_core.errors import Message, UserError
from vc_core.files.reading import AudioFile
from vc_core.progress import Progress, silent, subprogress
from vc_core.separation.base import SeparationEngine, Separator, SeparatorOptions, SoundStream, Stems
from vc_core.separation.lockstep import align_streams, share_progress, stack_stems, unstack_stems
from vc_core.signal.windows import Windows, stream_in_windows

Rule = Literal["mean", "min", "max"]
"""Of the spectra: their mean; at each time and frequency the softer one, which leaves less of other sounds in a
stem; or the louder one, which loses less of the stem."""
RULES: tuple[Rule, ...] = get_args(Rule)
USUAL = "mean:starter+repet"
FFT_SECONDS = 0.09
WINDOW_HOPS = 256
"""About 6 s."""


@dataclass(frozen=True)
class Part:
    """One of the two engines, and its model, empty for the usual one."""

    engine: SeparationEngine
    model: str

    def choose(self, options: SeparatorOptions) -> SeparatorOptions:
        return replace(options, model=self.model)


class Ensemble(Separator):
    def __init__(self, first: Separator, second: Separator, rule: Rule) -> None:
        if set(first.stem_names) != set(second.stem_names):
            raise UserError(
                "These two can't be combined: one separates into {first}, the other into {second}.",
                first=", ".join(first.stem_names),
                second=", ".join(second.stem_names),
            )
        self.stem_names, self.windows, self.device = first.stem_names, first.windows, first.device
        self._parts, self._rule = (first, second), rule

    def split(self, window: Audio) -> Stems:
        return self.separate(window, sums_to_song=False)

    def stream(
        self, song: Audio | AudioFile | SoundStream, *, sums_to_song: bool = True, progress: Progress = silent
    ) -> Iterator[Stems]:
        streams = [
            stack_stems(part.stream(song, sums_to_song=sums_to_song, progress=report), self.stem_names)
            for part, report in zip(self._parts, share_progress(progress), strict=True)
        ]
        windows, fft_size = _fit_windows(song.sample_rate)
        combine = partial(self._combine, fft_size=fft_size, sums_to_song=sums_to_song)
        for block in stream_in_windows(align_streams(streams), combine, windows):
            yield unstack_stems(block, self.stem_names)

    def _combine(self, window: Audio, fft_size: int, sums_to_song: bool) -> Audio:
        """The stacked stems of both, shape (2 * stems * channels, frames), to those of the ensemble."""
        both = window.samples.reshape(2, len(self.stem_names), -1, window.frames)
        if self._rule == "mean":
            made = both.mean(axis=0)
        else:
            wanted = both[:, :-1] if sums_to_song else both
            made = np.stack(
                [_choose_bins(first, second, self._rule, fft_size) for first, second in zip(*wanted, strict=True)]
            )
            if sums_to_song:  # the stems of each engine sum to the song
                made = np.concatenate([made, (both[0].sum(axis=0) - made.sum(axis=0))[None]])
        return window.with_samples(made.reshape(-1, window.frames))


def _choose_bins(first: Samples, second: Samples, rule: Rule, fft_size: int) -> Samples:
    """Each bin from the softer or the louder of two sounds of shape (channels, frames).

    All channels of a bin come from the same one, so that the positions in stereo stay.
    """
    import librosa  # not at the top: it is slow to import

    frames, hop = first.shape[1], fft_size // 4
    padding = ((0, 0), (0, max(0, fft_size - frames)))
    spectra = [librosa.stft(np.pad(one, padding), n_fft=fft_size, hop_length=hop) for one in (first, second)]
    energies = [(np.abs(spectrum) ** 2).sum(axis=0) for spectrum in spectra]
    takes_first = energies[0] <= energies[1] if rule == "min" else energies[0] >= energies[1]
    chosen = np.where(takes_first, *spectra)
    made: Samples = librosa.istft(chosen, n_fft=fft_size, hop_length=hop, length=max(frames, fft_size))
    return made[:, :frames].astype(np.float32)


def _fit_windows(sample_rate: int) -> tuple[Windows, int]:
    """Windows with their spectra on one grid and with all frames that overlap, so that they meet without a seam."""
    fft_size = 2 ** round(np.log2(FFT_SECONDS * sample_rate))
    hop_seconds = fft_size // 4 / sample_rate
    windows = Windows(seconds=WINDOW_HOPS * hop_seconds, context_seconds=fft_size / sample_rate, fade_seconds=0.0)
    return windows, fft_size


@dataclass(frozen=True)
class _Ensembles:
    engines: Mapping[str, SeparationEngine]
    """Those that can be combined."""

    def parse(self, text: str) -> tuple[Rule, tuple[Part, Part]]:
        rule, _, names = (text.strip() or get_usual_ensemble()).partition(":")
        parts = [name.partition("/") for name in names.split("+")]
        if rule not in RULES or len(parts) != 2:
            raise UserError(
                "“{text}” is no ensemble. It is a rule ({rules}) and two engines: {example}.",
                text=text,
                rules=", ".join(RULES),
                example=USUAL,
            )
        first, second = (Part(find_engine(self.engines, name.strip()), model.strip()) for name, _, model in parts)
        return RULES[RULES.index(rule)], (first, second)

    def list_models(self) -> tuple[str, ...]:
        """Of the engines that are ready here; any other is named."""
        ready = [name for name, engine in self.engines.items() if engine.is_ready()]
        return tuple(f"{rule}:{first}+{second}" for first, second in combinations(ready, 2) for rule in RULES)

    def describe(self, text: str) -> Message | None:
        try:
            rule, parts = self.parse(text)
        except UserError:
            return None
        first, second = (part.model or part.engine.label for part in parts)
        return DESCRIPTIONS[rule](first, second)

    def count_stems(self, text: str) -> Sequence[int]:
        """Those of both; an ensemble that can't be read is refused by `prepare`."""
        try:
            _, (first, second) = self.parse(text)
        except UserError:
            return (2,)
        counts = set(second.engine.get_stem_counts(second.model))
        return [count for count in first.engine.get_stem_counts(first.model) if count in counts]

    def download_megabytes(self, options: SeparatorOptions) -> int:
        _, parts = self.parse(options.model)
        return sum(part.engine.download_megabytes(part.choose(options)) for part in parts)

    def prepare(self, options: SeparatorOptions, progress: Progress) -> None:
        _, parts = self.parse(options.model)
        for at, part in enumerate(parts):
            part.engine.check_installed()
            part.engine.prepare(part.choose(options), subprogress(progress, at / 2, (at + 1) / 2))

    def load(self, options: SeparatorOptions, device: str) -> Separator:
        rule, parts = self.parse(options.model)
        first, second = (part.engine.load(part.choose(options), device) for part in parts)
        return Ensemble(first, second, rule)


DESCRIPTIONS: Mapping[Rule, Callable[[str, str], Message]] = {
    "mean": lambda first, second: Message("The mean of “{first}” and “{second}”.", first=first, second=second),
    "min": lambda first, second: Message(
        "What “{first}” and “{second}” both find: the least music in the vocals.", first=first, second=second
    ),
    "max": lambda first, second: Message(
        "What “{first}” or “{second}” finds: the most of the voice, and more music in it.", first=first, second=second
    ),
}


def get_usual_ensemble() -> str:
    """The one that is used if none is named."""
    return os.environ.get("VOICE_STUDIO_ENSEMBLE") or USUAL


def make_engine(engines: Mapping[str, SeparationEngine]) -> SeparationEngine:
    """The engine that combines two of the others."""
    ensembles = _Ensembles(engines)
    return SeparationEngine(
        "ensemble",
        "Two engines together",
        load=ensembles.load,
        notice="Two of the others, combined at each frequency; it takes as long as both.",
        download_megabytes=ensembles.download_megabytes,
        prepare=ensembles.prepare,
        gpu_speed=4.0,
        guessed_speed=0.15,
        quality=3,
        list_models=ensembles.list_models,
        describe_model=ensembles.describe,
        get_usual_model=get_usual_ensemble,
        count_stems=ensembles.count_stems,
    )
