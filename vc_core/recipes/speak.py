"""Text to speech in a voice: espeak-ng synthesises the text, and the voice's engine converts it."""

import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

from vc_core.conversion import ConversionOptions, load_converter
from vc_core.cover.preflight import StageEstimate
from vc_core.errors import Message
from vc_core.files.writing import DEFAULT_FORMAT, write_audio
from vc_core.progress import Progress, name_steps, silent, subprogress
from vc_core.recipes.convert import ConversionTask, ConvertedVoice
from vc_core.recipes.task import load_before_lease
from vc_core.speech.synthesis import SpeechRequest, synthesise_speech
from vc_core.voices.library import Voice

SPEECH_OPTIONS = ConversionOptions(automatic_key="semitones")
"""The voice speaks at its own pitch."""


@dataclass(frozen=True)
class SpeechTask:
    text: SpeechRequest
    target: Path
    voice: Voice
    options: ConversionOptions = field(default=SPEECH_OPTIONS)
    format_name: str = DEFAULT_FORMAT

    def check(self) -> None: ...

    def prepare(self, progress: Progress) -> None:
        self._make_conversion(self.target).download(progress)
        load_before_lease(self, lambda: load_converter(self.voice, "cpu"))

    def lease_seconds(self) -> int:
        return self._make_conversion(self.target).estimate_lease_seconds(self.text.expected_seconds)

    def estimate(self) -> StageEstimate:
        return self._make_conversion(self.target).estimate_for(self.text.expected_seconds)

    def run(self, progress: Progress = silent) -> ConvertedVoice:
        speaking = name_steps(subprogress(progress, 0.0, 0.1), Message("Speaking"))
        speech = synthesise_speech(self.text, progress=speaking)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "speech.wav"
            write_audio(path, speech.resample(self.voice.card.sample_rate), format_name="wav32")
            return self._make_conversion(path).run(subprogress(progress, 0.1, 1.0))

    def _make_conversion(self, speech: Path) -> ConversionTask:
        task = ConversionTask(speech, self.target, self.voice, self.options, self.format_name)
        return replace(task, task_name="speak")
