"""The zero-shot task: make a voice from a short recording, without training."""

from dataclasses import dataclass
from pathlib import Path

from vc_core.audio import join_blocks, resample_blocks
from vc_core.errors import Message
from vc_core.files.reading import open_audio
from vc_core.progress import Progress, silent
from vc_core.voices.facts import VoiceFacts
from vc_core.voices.library import Voice, VoiceLibrary

DEFAULT_LICENCE = "CC-BY-NC-4.0"


@dataclass(frozen=True)
class ReferenceVoiceTask:
    recording: Path
    facts: VoiceFacts
    library: VoiceLibrary
    keep: bool = True
    """Otherwise the voice is temporary, as the library has it."""

    def check(self) -> None:
        open_audio(self.recording)
        self.facts.check(self.library)

    def prepare(self, progress: Progress) -> None: ...

    def lease_seconds(self) -> int:
        return 0

    def estimate(self) -> None:
        return None

    def run(self, progress: Progress = silent) -> Voice:
        # Imported late: torch is slow to import.
        from vc_core.voices.prepared_recording import LOW_SAMPLE_RATE
        from vc_core.voices.zero_shot import MAX_RECORDING_SECONDS, make_reference_voice

        progress(0.0, Message("Analysing the voice"))
        recording = open_audio(self.recording).excerpt(0.0, MAX_RECORDING_SECONDS)
        mono = join_blocks(resample_blocks((block.to_mono() for block in recording.blocks()), LOW_SAMPLE_RATE))
        return make_reference_voice(mono, self.facts, self.library, keep=self.keep)
