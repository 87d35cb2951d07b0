"""Buttons that send a result to another tab or open it: panels register senders and receivers by name."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr
from gradio.components import Component

from vc_core.ui.settings.form import SettingsForm
from vc_core.ui.widgets.controls import PRIVATE
from vc_core.ui.widgets.page_load import set_on_load
from vc_core.ui.words import word

SHOW_IF_PRESENT = """(sound) => ({ __type__: "update", visible: Boolean(sound) })"""
FOCUS_PANEL = """() => setTimeout(() => {
  const panel = [...document.querySelectorAll("[role=tabpanel]")].find((one) => one.checkVisibility())
  if (!panel) return
  panel.tabIndex = -1
  panel.focus({ preventScroll: true })
  scrollTo(0, 0)
}, 100)"""
"""What had the focus is gone with its tab."""


@dataclass(frozen=True)
class _Sender:
    panel: str
    sound: gr.Audio
    row: gr.Row
    """Holds the buttons."""
    targets: Sequence[str] = ()
    """Panels to send to; all others if empty."""
    is_automatic: bool = True
    """Whether the buttons are shown as soon as there is a sound."""


class TabLinks:
    """Collects senders and receivers while the tabs are built; `connect` then makes the buttons."""

    def __init__(self) -> None:
        self._senders: list[_Sender] = []
        self._receivers: dict[str, gr.Audio] = {}
        self._targets: dict[str, gr.Accordion] = {}
        self._links: list[tuple[str, str, gr.Row]] = []
        self._openers: list[gr.HTML] = []
        self._refreshed: list[tuple[Callable[..., Any], Sequence[Component], Sequence[Component]]] = []
        self.forms: dict[str, SettingsForm] = {}
        """Of the tabs whose settings can be put back, by panel."""

    def add_receiver(self, panel: str, sound: gr.Audio) -> None:
        """Results of other panels can be sent to this component."""
        self._receivers[panel] = sound

    def add_form(self, form: SettingsForm) -> None:
        """The settings of a panel can be put back and remembered."""
        self.forms[form.panel] = form

    def add_send_buttons(self, panel: str, sound: gr.Audio) -> None:
        """Place buttons here that send this result to other panels; hidden until there is a result."""
        with gr.Row(elem_classes="handover", visible=False) as row:
            self._senders.append(_Sender(panel, sound, row))

    def add_offer(self, panel: str, sound: gr.Audio, targets: Sequence[str]) -> gr.Row:
        """Place hidden buttons here that send this sound to `targets`; the caller shows the row."""
        with gr.Row(elem_classes="handover", visible=False) as row:
            self._senders.append(_Sender(panel, sound, row, targets, is_automatic=False))
        offer: gr.Row = row
        return offer

    def refresh_on_select(
        self, update: Callable[..., Any], inputs: Sequence[Component], outputs: Sequence[Component]
    ) -> None:
        """Update outputs on page load and when a tab is selected: another tab may have changed the library."""
        self._refreshed.append((update, inputs, outputs))

    def add_target(self, panel: str, accordion: gr.Accordion) -> None:
        """The accordion of this panel that links from other panels open."""
        self._targets[panel] = accordion

    def add_link(self, panel: str, label: str) -> None:
        """Place a button here that opens the target of another panel, if the suite has that panel."""
        with gr.Row(elem_classes="handover") as row:
            self._links.append((panel, label, row))

    def add_opener(self, control: gr.HTML) -> None:
        """The control opens the panel that its event `open_tab` names."""
        self._openers.append(control)

    def connect(self, tabs: gr.Tabs) -> None:
        self._connect_refreshes(tabs)
        for opener in self._openers:
            opened = opener.open_tab(_open_tab, None, tabs, **PRIVATE)
            opened.success(None, None, None, js=FOCUS_PANEL, **PRIVATE)
        for panel, label, row in self._links:
            if panel in self._targets:
                with row:
                    button = gr.Button(word(label), size="sm", elem_id=label)
                updates = [gr.update(selected=panel), gr.update(open=True)]
                button.click(partial(list, updates), None, [tabs, self._targets[panel]], **PRIVATE)
        for sender in self._senders:
            if sender.is_automatic:
                sender.sound.change(None, sender.sound, sender.row, js=SHOW_IF_PRESENT, **PRIVATE)
        for panel, receiver in self._receivers.items():
            self._connect_receiver(tabs, panel, receiver)

    def _connect_refreshes(self, tabs: gr.Tabs) -> None:
        """All in one request."""
        for update, inputs, outputs in self._refreshed:
            initial = [component.value for component in inputs]
            set_on_load(partial(_call, update, initial), *outputs)

        def refresh(request: gr.Request, *values: Any) -> list[Any]:
            rest, made = list(values), []
            for update, inputs, _ in self._refreshed:
                made += update(*[rest.pop(0) for _ in inputs], request)
            return made

        known = [component for _, inputs, _ in self._refreshed for component in inputs]
        if changed := [component for _, _, outputs in self._refreshed for component in outputs]:
            tabs.select(refresh, known, changed, **PRIVATE)

    def _connect_receiver(self, tabs: gr.Tabs, panel: str, receiver: gr.Audio) -> None:
        """One event for the buttons of all senders."""
        buttons: list[gr.Button] = []
        sounds: list[gr.Audio] = []
        for sender in self._senders:
            if panel != sender.panel and (not sender.targets or panel in sender.targets):
                with sender.row:
                    name = f"{sender.sound.elem_id}-to-{panel}"
                    buttons.append(gr.Button(word(f"send_{panel}"), size="sm", elem_id=name))
                sounds.append(sender.sound)

        def send(clicked: gr.EventData, *paths: str | None) -> tuple[object, object]:
            button: Any = clicked.target
            return paths[buttons.index(button)], gr.Tabs(selected=panel)

        if buttons:
            gr.on([button.click for button in buttons], send, sounds, [receiver, tabs], **PRIVATE)


def _open_tab(clicked: gr.EventData) -> gr.Tabs:
    return gr.Tabs(selected=clicked.name)


def _call(update: Callable[..., Any], initial: Sequence[Any], request: gr.Request) -> Any:
    return update(*initial, request)
