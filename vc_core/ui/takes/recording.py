"""Each result of a tab becomes a take of the session that asked for it."""

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component
from gradio.i18n import I18nData

from vc_core.errors import UserError
from vc_core.ui.server.endpoints import Handler, Values
from vc_core.ui.server.jobs import get_jobs
from vc_core.ui.takes.store import Take, get_takes
from vc_core.ui.widgets.compare import Comparison

log = logging.getLogger(__name__)

NO_SETTINGS = ("preview_from", "job")
SOURCE_WORDS = ("song", "compare_before")
"""Of the sound that a comparison compares results to."""


@dataclass(frozen=True)
class TakeRecorder:
    panel: str
    inputs: Mapping[str, Component]
    outputs: Sequence[Component]

    def wrap(self, handler: Handler) -> Handler:
        """The handler, whose results with sounds become takes; other handlers stay as they are."""
        if not self._players:
            return handler

        def run(values: Values, request: gr.Request, progress: gr.Progress) -> Iterator[Any]:
            for shown in handler(values, request, progress):
                if sounds := self._find_sounds(shown):
                    self._add(values, sounds, request)
                yield shown

        run.__name__, run.__doc__ = handler.__name__, handler.__doc__
        return run

    @property
    def _players(self) -> dict[int, str]:
        """Words of the labels by the position among the outputs."""
        return {
            at: output.label.key
            for at, output in enumerate(self.outputs)
            if isinstance(output, gr.Audio) and isinstance(output.label, I18nData)
        }

    def _find_sounds(self, shown: Any) -> dict[str, Path]:
        if not isinstance(shown, list | tuple) or len(shown) != len(self.outputs):
            return {}
        found = {word: shown[at] for at, word in self._players.items() if isinstance(shown[at], str)}
        for value in shown if found else ():  # stems without a player among the outputs
            if isinstance(value, Comparison):
                known = {*found.values(), None}
                more = {word: path for word, path in value.sounds.items() if path not in known}
                found |= {word: path for word, path in more.items() if word not in SOURCE_WORDS}
        return {word: Path(path) for word, path in found.items()}

    def _add(self, values: Values, sounds: Mapping[str, Path], request: gr.Request) -> None:
        """A take that can't be stored, for example on a full disk, is no reason to lose the result."""
        try:
            get_takes(request).add(self._describe(values), sounds)
        except (OSError, UserError) as error:
            log.warning("a take was not stored: %s", type(error).__name__)

    def _describe(self, values: Values) -> Take:
        if job := values.get("job"):
            status = get_jobs().status(job)
            outcome = status.outcome or {}
            song, song_from = Path(outcome.get("song", "")), outcome.get("song_from", 0.0)
            return Take(self.panel, song.stem, song.name, dict(status.values), start_seconds=song_from)
        source, start = name_source(values, self.inputs), float(values.get("preview_from") or 0.0)
        return Take(self.panel, Path(source).stem or source, source, plain_settings(values, self.inputs), {}, start)


def name_source(values: Values, inputs: Mapping[str, Component]) -> str:
    """The file that a result is of, or the text that was spoken."""
    sounds = [values[name] for name, control in inputs.items() if isinstance(control, gr.Audio)]
    return Path(sounds[0]).name if sounds else str(values.get("text") or "")


def plain_settings(values: Values, inputs: Mapping[str, Component], leave_out: Collection[str] = ()) -> dict[str, Any]:
    """The values that are numbers, texts and switches, without sounds."""
    return {
        name: value
        for name, value in values.items()
        if not isinstance(inputs.get(name), gr.Audio | gr.File)
        and name not in (*NO_SETTINGS, *leave_out)
        and isinstance(value, bool | int | float | str)
    }
