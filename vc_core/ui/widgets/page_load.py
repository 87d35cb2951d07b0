"""What a page sets when it is loaded, in one request: sixty of them took the browser ten seconds."""

from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr
from gradio.blocks import BlockContext
from gradio.components import Component
from gradio.context import Context

Update = Callable[[gr.Request], Any]
Output = Component | BlockContext


def set_on_load(update: Update, *outputs: Output) -> None:
    """`update` returns a value for its output, or a list for several."""
    _get_updates(Context.root_block).append((update, outputs))


def connect_page_load(suite: gr.Blocks) -> None:
    """After all is built."""
    updates = _get_updates(suite)

    def load_page(request: gr.Request) -> Any:
        made: list[Any] = []
        for update, outputs in updates:
            value = update(request)
            made += value if len(outputs) > 1 else [value]
        return made if len(made) > 1 else made[0]

    changed = [output for _, outputs in updates for output in outputs]
    if changed:
        suite.load(
            load_page,
            None,
            changed,
            api_visibility="private",
            queue=False,
            show_progress="hidden",
            show_progress_on=[],  # see PRIVATE
        )


def _get_updates(suite: Any) -> list[tuple[Update, Sequence[Output]]]:
    updates: list[tuple[Update, Sequence[Output]]] = vars(suite).setdefault("updates_on_load", [])
    return updates
