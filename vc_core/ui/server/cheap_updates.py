"""An update costs the event loop only what it changes.

For each output of each update Gradio makes a new component and its JSON schema, 1 to 8 ms, also where `gr.skip()` says
that nothing changes. Sixteen waiting jobs with updates each second kept a core busy with that.
"""

import functools
from copy import copy, deepcopy
from typing import Any, cast

import gradio as gr
from gradio.data_classes import GradioModel, GradioRootModel
from pydantic import BaseModel

SKIPPED = gr.skip()


class CheapUpdates(gr.Blocks):
    async def postprocess_data(self, block_fn: Any, predictions: Any, state: Any) -> list[Any]:
        """Gradio's own, for the outputs that change."""
        if _is_skipped(predictions):
            return [dict(SKIPPED) for _ in block_fn.outputs]
        if not isinstance(predictions, list | tuple) or not 1 < len(predictions) == len(block_fn.outputs):
            return await super().postprocess_data(block_fn, cast(Any, predictions), state)
        changed = [at for at, value in enumerate(predictions) if not _is_skipped(value)]
        data: list[Any] = [dict(SKIPPED) for _ in predictions]
        if changed:
            part = copy(block_fn)
            part.outputs = [block_fn.outputs[at] for at in changed]
            values = [predictions[at] for at in changed]
            few: Any = values if len(values) > 1 else values[0]
            processed = await super().postprocess_data(part, few, state)
            for at, value in zip(changed, processed, strict=True):
                data[at] = value
        return data


def _is_skipped(value: Any) -> bool:
    return isinstance(value, dict) and value == SKIPPED


@functools.cache
def _make_schema(model: type[BaseModel]) -> dict[str, Any]:
    return BaseModel.model_json_schema.__func__(model)  # type: ignore[attr-defined,no-any-return]


def _copy_schema(cls: type[BaseModel], *args: Any, **settings: Any) -> dict[str, Any]:
    if args or settings:
        return BaseModel.model_json_schema.__func__(cls, *args, **settings)  # type: ignore[attr-defined,no-any-return]
    return deepcopy(_make_schema(cls))  # Gradio changes it


def cache_schemas() -> None:
    """Each component class's schema is made once, not for each component and update."""
    for model in (GradioModel, GradioRootModel):
        model.model_json_schema = classmethod(_copy_schema)  # type: ignore[assignment,method-assign]
