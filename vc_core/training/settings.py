"""Settings of a method as text, from a shell, a page or a file, checked against its dataclass."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from pydantic import TypeAdapter, ValidationError

from vc_core.errors import UserError


def read_settings(kind: type[Any], given: Mapping[str, Any]) -> Any:
    """The dataclass, with what is given in place of its defaults."""
    names = [field.name for field in fields(kind)]
    for name in given:
        if name not in names:
            raise UserError(f"There is no setting “{name}”. There are: {', '.join(names)}.")
    try:
        return TypeAdapter(kind).validate_python(dict(given))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "settings"
        raise UserError(f"The setting “{where}” can't be so: {first['msg'].lower()}.") from error


def parse_settings(text: str) -> dict[str, str]:
    """Lines of `name = value`; empty ones, and what follows a #, are passed over."""
    found = {}
    for line in text.splitlines():
        line = line.partition("#")[0].strip()
        if not line:
            continue
        name, equals, value = line.partition("=")
        if not equals:
            raise UserError(f"“{line}” is no setting. Write one in each line, such as: steps = 400.")
        found[name.strip()] = value.strip()
    return found


def settings_as_text(kind: type[Any]) -> str:
    return "\n".join(f"{field.name} = {getattr(kind(), field.name)}" for field in fields(kind))
