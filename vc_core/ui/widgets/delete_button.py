"""A delete button that asks first, with an Undo button for what is in the trash."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.components import Component
from gradio.events import Dependency

from vc_core.ui.widgets.controls import PRIVATE
from vc_core.ui.words import word


@dataclass(frozen=True)
class DeleteButton:
    delete: gr.Button
    confirm: gr.Button
    undo: gr.Button

    def wire(
        self,
        delete: Callable[..., Any],
        undo: Callable[..., Any],
        inputs: Sequence[Component],
        outputs: Sequence[Component],
        *,
        api_name: str = "",
    ) -> tuple[Dependency, Dependency]:
        """Both handlers get the inputs and return the outputs; an endpoint of that name deletes without asking."""
        api: dict[str, Any] = {"api_name": api_name} if api_name else PRIVATE
        deleted = self.confirm.click(delete, list(inputs), list(outputs), **api)
        return deleted, self.undo.click(undo, list(inputs), list(outputs), **PRIVATE)


def make_delete_button(label: str, elem_id: str) -> DeleteButton:
    delete = gr.Button(word(label), size="sm", elem_id=elem_id)
    with gr.Row(visible=False) as confirmation:
        confirm = gr.Button(word("trash_sure"), variant="stop", size="sm", elem_id=f"{elem_id}-sure")
        cancel = gr.Button(word("keep_it"), size="sm", elem_id=f"{elem_id}-keep")
    undo = gr.Button(word("trash_undo"), size="sm", visible=False, elem_id=f"{elem_id}-undo")
    delete.click(lambda: gr.update(visible=True), None, confirmation, **PRIVATE)
    gr.on([confirm.click, cancel.click], lambda: gr.update(visible=False), None, confirmation, **PRIVATE)
    return DeleteButton(delete, confirm, undo)
