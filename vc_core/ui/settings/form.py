"""The settings of a tab as one value, which the page applies to the tab's controls and the browser remembers.

Values that a take, a preset or the browser has are checked here first; then the browser sets the controls. Where the
change of one control sets others (another engine has other stems), those that were asked for are set again after it.
"""

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.components import Component
from gradio.events import EventListener

from vc_core.errors import UserError
from vc_core.recipes.presets import MAX_TEXT_LENGTH, check_settings
from vc_core.ui.server.sessions import get_library
from vc_core.ui.widgets.controls import PRIVATE
from vc_core.ui.words import word

VOICES = ("voice", "backing_voice")

APPLY = """(wanted, ...values) => {
  const names = %s, settings = wanted?.settings || {}
  ;(window.settingsOfTabs ||= {})[%s] = true
  return names.map((name, at) => (name in settings ? settings[name] : values[at]))
}"""
APPLY_AGAIN = """(wanted, ...values) => {
  const names = %s, changed = %s, set = %s, settings = wanted?.settings || {}
  const isObsolete = changed.some((name) => name in settings && settings[name] !== values[names.indexOf(name)])
  return set.map((name) => (!isObsolete && name in settings ? settings[name] : values[names.indexOf(name)]))
}"""
# Not what the page itself sets while it is loaded.
REMEMBER = """(...values) => {
  const panel = %s, names = %s
  if (!window.settingsOfTabs?.[panel] || navigator.userActivation?.hasBeenActive === false) return
  const settings = Object.fromEntries(names.map((name, at) => [name, values[at]]))
  try { localStorage.setItem(`voice-studio-${panel}`, JSON.stringify(settings)) } catch {}
}"""
# A link to a job or to settings comes first.
RECALL = """() => {
  const others = [...new URL(location).searchParams.keys()].filter((name) => name !== "tab" && !name.startsWith("__"))
  const known = (window.settingsOfTabs ||= {})
  return %s.map((panel) => {
    let settings = null
    try { settings = others.length ? null : JSON.parse(localStorage.getItem(`voice-studio-${panel}`)) } catch {}
    if (!settings) known[panel] = true
    return settings
  })
}"""


@dataclass(frozen=True)
class SettingsForm:
    panel: str
    controls: Mapping[str, Component]
    """By the API's names, without sounds."""
    contents: Mapping[str, Component]
    """What a take has besides, such as a text; neither presets nor the browser keep it."""
    wanted: gr.JSON
    """Settings for the controls, from `make_update`."""

    def read(self, values: Any, request: gr.Request | None) -> dict[str, Any]:
        """Those of the values that the controls can have now."""
        if not isinstance(values, Mapping):
            return {}
        voices = [voice.name for voice in get_library(request).list()] if {*VOICES} & {*values} else []
        read = {}
        for name, value in values.items():
            if name in self.contents and isinstance(value, str | int | float):
                read[name] = value
            if name not in self.controls or (name in VOICES and value not in voices):
                continue
            try:
                check_settings(self.panel, {name: value})
            except UserError:  # of another version, or changed by hand
                continue
            if _fits(self.controls[name], value):
                read[name] = value
        return read

    def make_update(self, values: Any, request: gr.Request | None) -> dict[str, Any]:
        # Another time makes it another value, so that the same settings can be put back twice.
        return {"settings": self.read(values, request), "at": time.time()}

    def describe_values(self, values: Iterable[Any]) -> dict[str, Any]:
        """What the controls have, as a preset keeps it."""
        pairs = zip(self.controls, values, strict=True)
        return {name: value for name, value in pairs if isinstance(value, bool | int | float | str)}

    def connect(self, suite: gr.Blocks) -> None:
        """Apply what is wanted, also after changes that set other controls, and remember."""
        everything = {**self.controls, **self.contents}
        names, panel = json.dumps(list(everything)), json.dumps(self.panel)
        for function in list(suite.fns.values()):
            changed = self._find_changed(function.targets)
            set_by_it = [name for name, control in self.controls.items() if control in function.outputs]
            if changed and set_by_it:
                script = APPLY_AGAIN % (names, json.dumps(changed), json.dumps(set_by_it))
                inputs = [self.wanted, *everything.values()]
                _then(function._id, inputs, [self.controls[name] for name in set_by_it], script)
        self.wanted.change(
            None,
            [self.wanted, *everything.values()],
            list(everything.values()),
            js=APPLY % (names, panel),
            **PRIVATE,
        )
        changes = [control.change for control in self.controls.values()]  # type: ignore[attr-defined]
        remember = REMEMBER % (panel, json.dumps(list(self.controls)))
        gr.on(changes, None, list(self.controls.values()), None, js=remember, **PRIVATE)

    def _find_changed(self, targets: Iterable[tuple[int | None, str]]) -> list[str]:
        """The controls whose change is among an event's triggers."""
        changed = {block for block, event in targets if event == "change"}
        return [name for name, control in self.controls.items() if control._id in changed]


def connect_forms(suite: gr.Blocks, forms: Sequence[SettingsForm]) -> None:
    """After all tabs are built; the browser's settings are recalled in one request."""
    for form in forms:
        form.connect(suite)

    def recall(request: gr.Request, *remembered: Any) -> Any:
        updates = [
            form.make_update(values, request) if values else gr.skip()
            for form, values in zip(forms, remembered, strict=True)
        ]
        return updates if len(updates) > 1 else updates[0]

    wanted = [form.wanted for form in forms]
    if forms:
        suite.load(recall, wanted, wanted, js=RECALL % json.dumps([form.panel for form in forms]), **PRIVATE)


def make_form(
    panel: str, controls: Mapping[str, Component], contents: Mapping[str, Component] | None = None
) -> SettingsForm:
    """The form of a tab's controls, without the sounds among them."""
    settings = {name: control for name, control in controls.items() if not isinstance(control, gr.Audio)}
    wanted = gr.JSON(visible="hidden", label=word("settings_link"))
    return SettingsForm(panel, settings, contents or {}, wanted)


def _fits(control: Component, value: Any) -> bool:
    match control:
        case gr.Slider():
            return isinstance(value, int | float) and control.minimum <= value <= control.maximum
        case gr.Checkbox():
            return isinstance(value, bool)
        case gr.Dropdown() if control.allow_custom_value:
            return isinstance(value, str) and len(value) <= MAX_TEXT_LENGTH
        case gr.Dropdown() | gr.Radio():
            return value in [known for _, known in control.choices]
    return True


def _then(after: int, inputs: list[Component], outputs: list[Component], script: str) -> None:
    """As `Dependency.then` of an event that another module made."""
    listener = EventListener("then", trigger_after=after, trigger_only_on_success=False, has_trigger=False)
    listener.listener(None, None, inputs, outputs, js=script, **PRIVATE)
