"""Parse, validate and describe the settings of a training method."""

import ast
import inspect
from collections.abc import Mapping
from dataclasses import fields
from itertools import pairwise
from textwrap import dedent
from typing import Any, Literal, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from vc_core.errors import UserError

COMMON_HELP = {
    "steps": "Training steps.",
    "seed": "Of all random numbers.",
    "learning_rate": "Learning rate of the optimiser.",
    "excerpts": "Excerpts in a step.",
    "excerpt_seconds": "Length of a training excerpt.",
    "pitch_method": "Pitch estimation.",
}
"""For settings that have no docstring of their own."""


def describe_settings(kind: type[Any]) -> dict[str, str]:
    """What each setting of a method is, from the docstring below its field, and its choices if it has any."""
    described, docstrings = {}, _read_field_docstrings(kind)
    for name, annotation in get_type_hints(kind).items():
        text = docstrings.get(name) or COMMON_HELP.get(name, "")
        if get_origin(annotation) is Literal:
            text = f"{', '.join(map(str, get_args(annotation)))}. {text}"
        described[name] = text.strip()
    return described


def _read_field_docstrings(kind: type[Any]) -> dict[str, str]:
    """Python does not store them, so they are read from the source, as documentation tools do."""
    (declared,) = ast.parse(dedent(inspect.getsource(kind))).body
    body = declared.body if isinstance(declared, ast.ClassDef) else []
    found = {}
    for field, text in pairwise(body):
        is_text = isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and is_text:
            found[field.target.id] = inspect.cleandoc(ast.literal_eval(text.value))  # type: ignore[attr-defined]
    return found


def read_settings(kind: type[Any], given: Mapping[str, Any]) -> Any:
    """Validate the given values and return the settings dataclass `kind`; the other fields keep their defaults."""
    names = [field.name for field in fields(kind)]
    for name in given:
        if name not in names:
            raise UserError("There is no setting “{name}”. There are: {known}.", name=name, known=", ".join(names))
    try:
        return TypeAdapter(kind).validate_python(dict(given))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "settings"
        raise UserError(
            "The setting “{where}” can't be so: {problem}.", where=where, problem=first["msg"].lower()
        ) from error


def parse_settings(text: str) -> dict[str, str]:
    """Parse lines of `name = value`; blank lines and comments after # are ignored."""
    found = {}
    for line in text.splitlines():
        line = line.partition("#")[0].strip()
        if not line:
            continue
        name, equals, value = line.partition("=")
        if not equals:
            raise UserError("“{line}” is no setting. Write one in each line, such as: steps = 400.", line=line)
        found[name.strip()] = value.strip()
    return found


def format_settings(kind: type[Any]) -> str:
    return "\n".join(f"{field.name} = {getattr(kind(), field.name)}" for field in fields(kind))
