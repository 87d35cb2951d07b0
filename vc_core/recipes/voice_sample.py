"""A sample of a voice, to hear it before it is chosen: the bundled line, sung by the voice's own engine."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from vc_core.conversion import ConversionOptions, load_converter
from vc_core.cover.preflight import StageEstimate
from vc_core.cover.stage_cache import StageCache, make_stage_key
from vc_core.device import choose_device
from vc_core.files.reading import open_audio
from vc_core.files.writing import FORMATS
from vc_core.home import get_studio_home
from vc_core.progress import Progress, silent
from vc_core.recipes.convert import ConversionTask
from vc_core.voices.library import Voice

SUNG_LINE = Path(__file__).parents[2] / "examples" / "sung_line.flac"
"""Five seconds and a half."""
SAMPLE_OPTIONS = ConversionOptions(automatic_key="semitones")
"""The voice sings in the key in which it is at home."""
SAMPLE_FORMAT = "flac16"
"""Of samples in the cache: every browser plays it."""
MAX_GIGABYTES, MAX_HOURS = 0.2, 24.0 * 30


@dataclass(frozen=True)
class VoiceSampleTask:
    voice: Voice
    target: Path
    format_name: str = SAMPLE_FORMAT

    def check(self) -> None:
        self._conversion.check()

    def prepare(self, progress: Progress) -> None:
        self._conversion.prepare(progress)

    def lease_seconds(self) -> int:
        return self._conversion.lease_seconds()

    def estimate(self) -> StageEstimate:
        return self._conversion.estimate()

    def run(self, progress: Progress = silent) -> Path:
        converter, conversion = load_converter(self.voice, choose_device()), self._conversion
        return converter.convert_file(
            open_audio(conversion.song),
            self.target,
            conversion.options,
            provenance=conversion.provenance,
            format_name=self.format_name,
            progress=progress,
        ).path

    @property
    def _conversion(self) -> ConversionTask:
        task = ConversionTask(SUNG_LINE, self.target, self.voice, SAMPLE_OPTIONS, self.format_name)
        return replace(task, task_name="sample")


def get_samples_folder() -> Path:
    """Of voices that everybody who uses this machine may hear."""
    return get_studio_home() / "cache" / "samples"


@contextmanager
def open_sample(voice: Voice, cache: Path, folder: Path) -> Iterator[tuple[VoiceSampleTask, bool]]:
    """The task that makes the sample in the new `folder`, and whether its file is there already.

    What the block makes is cached by the hashes of the voice's files, so another voice of this name has its own.
    """
    stages = StageCache(cache, max_gigabytes=MAX_GIGABYTES, max_hours=MAX_HOURS)
    card = voice.card
    key = make_stage_key("sample", card.engine, card.sample_rate, card.pitch_range_hz, card.files, card.settings)
    with stages.stage(key, folder) as is_cached:
        yield VoiceSampleTask(voice, folder / f"sample{FORMATS[SAMPLE_FORMAT].suffix}"), is_cached
