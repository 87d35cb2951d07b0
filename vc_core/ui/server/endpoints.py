"""Endpoints whose handlers get the values of the controls by name; these names are the API's parameters."""

import inspect
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import gradio as gr

Values = Mapping[str, Any]
"""What the controls had, by the name of the API's parameter."""
Handler = Callable[[Values, gr.Request, gr.Progress], Iterator[Any]]


def make_endpoint(
    handler: Handler, names: Collection[str], optional: Collection[str] = ()
) -> Callable[..., Iterator[Any]]:
    """A generator with one parameter for each name, as Gradio wants it: values can't be swapped by position.

    Programs may leave the `optional` ones out, and all whose component has a value.
    """

    def endpoint(*arguments: Any) -> Iterator[Any]:
        *values, request, progress = arguments
        yield from handler(dict(zip(names, values, strict=True)), request, progress)

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    first = min((list(names).index(name) for name in optional), default=len(names))
    defaults = {name: None if at >= first else inspect.Parameter.empty for at, name in enumerate(names)}
    parameters = [inspect.Parameter(name, kind, default=default) for name, default in defaults.items()]
    parameters.append(inspect.Parameter("request", kind, default=None, annotation=gr.Request))
    parameters.append(inspect.Parameter("progress", kind, default=gr.Progress(), annotation=gr.Progress))
    endpoint.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    endpoint.__annotations__ = {"request": gr.Request, "progress": gr.Progress}
    endpoint.__name__, endpoint.__doc__ = handler.__name__, handler.__doc__
    return endpoint
