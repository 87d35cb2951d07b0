"""Send a result on to another tab: panels say what they accept and what they offer, and neither knows the other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr
from gradio.components import Component

from vc_core.ui.controls import PRIVATE
from vc_core.ui.words import word


@dataclass(frozen=True)
class _Offer:
    panel: str
    sound: gr.Audio
    row: gr.Row


class Handover:
    """Collects offers and receivers while the tabs are built; `connect` then makes the buttons."""

    def __init__(self) -> None:
        self._offers: list[_Offer] = []
        self._receivers: dict[str, gr.Audio] = {}
        self._doors: dict[str, gr.Accordion] = {}
        self._ways: list[tuple[str, str, gr.Row]] = []
        self._fresh: list[tuple[Callable[..., Any], Sequence[Component], Sequence[Component]]] = []

    def accept(self, panel: str, sound: gr.Audio) -> None:
        """Results of other panels may be put into this component."""
        self._receivers[panel] = sound

    def offer(self, panel: str, sound: gr.Audio) -> None:
        """Make room here for buttons that send this result on; they are seen once there is one."""
        with gr.Row(elem_classes="handover", visible=False) as row:
            self._offers.append(_Offer(panel, sound, row))

    def keep_fresh(self, update: Callable[..., Any], inputs: Sequence[Component], outputs: Sequence[Component]) -> None:
        """For what another tab may have changed, such as the library: done at first, and when a tab is chosen."""
        self._fresh.append((update, inputs, outputs))

    def door(self, panel: str, accordion: gr.Accordion) -> None:
        """What of this panel opens for those who come from another."""
        self._doors[panel] = accordion

    def way_to(self, panel: str, label: str) -> None:
        """Make room here for a button that leads there, where there is such a panel."""
        with gr.Row(elem_classes="handover") as row:
            self._ways.append((panel, label, row))

    def connect(self, suite: gr.Blocks, tabs: gr.Tabs) -> None:
        for update, inputs, outputs in self._fresh:
            gr.on([suite.load, tabs.select], update, list(inputs), list(outputs), **PRIVATE)
        for panel, label, row in self._ways:
            if panel in self._doors:
                with row:
                    way = gr.Button(word(label), size="sm", elem_id=label)
                opened = [gr.update(selected=panel), gr.update(open=True)]
                way.click(partial(list, opened), None, [tabs, self._doors[panel]], **PRIVATE)
        for offer in self._offers:
            offer.sound.change(_seen, offer.sound, offer.row, **PRIVATE)
            with offer.row:
                for panel, receiver in self._receivers.items():
                    if panel != offer.panel:
                        self._button(tabs, offer, panel, receiver)

    @staticmethod
    def _button(tabs: gr.Tabs, offer: _Offer, panel: str, receiver: gr.Audio) -> None:
        def send(path: str) -> tuple[object, object]:
            return path, gr.Tabs(selected=panel)

        button = gr.Button(word(f"send_{panel}"), size="sm", elem_id=f"{offer.sound.elem_id}-to-{panel}")
        button.click(send, offer.sound, [receiver, tabs], **PRIVATE)


def _seen(path: str | None) -> Any:
    return gr.update(visible=path is not None)
