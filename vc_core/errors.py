"""Messages for the user as templates with values, and `UserError`: the one error every front end shows."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Union

Value = Union[str, int, float, "Message"]
"""What fills a placeholder; a `Message` is translated along with the one that contains it."""


class Message:
    """English text with its values kept apart, so that the page can translate it: `Message("{n} files", n=3)`."""

    template: str
    values: Mapping[str, Value]

    def __init__(self, template: str, /, **values: Value) -> None:
        self.template = template
        self.values = values

    def __str__(self) -> str:
        return fill_template(self.template, self.values)

    def __eq__(self, other: object) -> bool:
        """As its English text."""
        return isinstance(other, Message | str) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))


class UserError(Message, Exception):
    """Says what is wrong and what to do. Any other exception is a bug and keeps its traceback."""

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions are pickled by their positional arguments alone, which would lose the values.
        return restore_error, (self.template, dict(self.values))


def fill_template(template: str, values: Mapping[str, Value]) -> str:
    """Without values, a template is plain text in which braces mean nothing."""
    return template.format_map(values) if values else template


def restore_error(template: str, values: Mapping[str, Value] = MappingProxyType({})) -> UserError:
    """Rebuild an error that was pickled, or stored as English text."""
    return UserError(template, **values)
