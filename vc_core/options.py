"""Options of a task, declared once: the page's controls, the API's parameters and the shell's options are made of them.

An options dataclass gives each field an `Option` by `option(default, …)`. `check_options` tests what the metadata says,
so that every front end refuses the same values with the same message.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from math import isfinite
from typing import Any, TypeVar

from vc_core.errors import Message, UserError

T = TypeVar("T")


@dataclass(frozen=True)
class Option:
    title: Message
    """What it is called in an error message."""
    help: str = ""
    """For the shell."""
    flag: str | None = None
    """Of the shell, such as `--key`; None where the shell does not offer it."""
    api: str = ""
    """The parameter of the API, where it is not the field's name."""
    word: str = ""
    """The word of its label on the page; `<word>_info` explains it, where there is such a word."""
    choices: Collection[str] = ()
    choice_words: str = ""
    """What the words of the choices begin with: `<choice_words>_<choice>`."""
    lowest: float | None = None
    highest: float | None = None
    step: float | None = None


def option(default: Any, title: Message, **facts: Any) -> Any:
    """A field of an options dataclass."""
    return field(default=default, metadata={"option": Option(title, **facts)})


def ratio_option(default: float, title: Message, **facts: Any) -> Any:
    """A field from 0 to 1."""
    return option(default, title, lowest=0, highest=1, step=0.05, **facts)


def options_of(kind: type[Any]) -> dict[str, Option]:
    """By the name of its field, in order."""
    return {field.name: field.metadata["option"] for field in fields(kind) if "option" in field.metadata}


def default_of(kind: type[Any], name: str) -> Any:
    return next(field.default for field in fields(kind) if field.name == name)


def api_name(name: str, described: Option) -> str:
    return described.api or name


LARGEST = 1e15
"""Whole numbers up to here are exact as floats, and larger ones are no setting."""


def check_options(options: Any) -> None:
    """For `__post_init__`: raise a `UserError` for what is no choice, no whole number, or out of range."""
    for name, described in options_of(type(options)).items():
        value = getattr(options, name)
        if described.choices and value not in list(described.choices):  # a list, since a value may have no hash
            known = ", ".join(map(str, described.choices))
            raise UserError(
                "There is no {title} “{value}”. There are: {known}.",
                title=described.title,
                value=str(value),
                known=known,
            )
        if isinstance(default_of(type(options), name), int | float) and not isinstance(value, bool):
            _check_number(described, value)


def _check_number(described: Option, value: float) -> None:
    lowest, highest = described.lowest, described.highest
    if lowest is not None and highest is not None and not lowest <= value <= highest:
        raise UserError(
            "The {title} is a number from {lowest:g} to {highest:g}.",
            title=described.title,
            lowest=lowest,
            highest=highest,
        )
    if lowest is not None and highest is None and not value >= lowest:
        raise UserError("The {title} is a number from {lowest:g} on.", title=described.title, lowest=lowest)
    if not isfinite(value):
        raise UserError("The {title} is not a number.", title=described.title)


def read_options(kind: type[T], values: Mapping[str, Any], **others: Any) -> T:
    """The options among the values of a request, which go by the API's names; `others` are set as they are."""
    chosen = {}
    for name, described in options_of(kind).items():
        if (key := api_name(name, described)) in values and name not in others:
            chosen[name] = _as_declared(described, values[key], default_of(kind, name))
    return kind(**chosen, **others)


def _as_declared(described: Option, value: Any, default: Any) -> Any:
    """Numbers come as floats from a page, and are None where a user emptied their field."""
    if isinstance(default, str | bool):
        if not isinstance(value, type(default) | None):
            raise UserError("The {title} has a value of the wrong type.", title=described.title)
        return default if value is None else value
    if not isinstance(default, int | float):
        return default if value is None else value
    if value is None:
        raise UserError("The {title} is missing.", title=described.title)
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > LARGEST:
        raise UserError("The {title} is not a number.", title=described.title)
    if isinstance(default, float):
        return float(value)
    if not isfinite(value) or value != int(value):
        raise UserError("The {title} is a whole number.", title=described.title)
    return int(value)


def parse_settings(settings: Sequence[str], usual: T) -> T:
    """The usual options but for `name=value` each; pairs are written `blend=Ann:0.7,Ben:0.3`."""
    known: dict[str, Any] = {one.name: one.default for one in fields(usual)}  # type: ignore[arg-type]
    chosen: dict[str, Any] = {}
    for setting in settings:
        name, _, value = setting.partition("=")
        if name not in known:
            known_names = ", ".join(known) or "–"
            raise UserError("There is no setting “{name}”. There are: {known}.", name=name, known=known_names)
        try:
            chosen[name] = _parse_value(value.strip(), known[name])
        except ValueError as error:
            raise UserError("“{value}” can't be the {name}.", value=value, name=name.replace("_", " ")) from error
    return replace(usual, **chosen)  # type: ignore[type-var]


def _parse_value(text: str, like: Any) -> Any:
    if isinstance(like, bool):
        return ("no", "yes").index(text) == 1
    if isinstance(like, tuple):
        pairs = [pair.rpartition(":") for pair in text.split(",")]
        return tuple((name.strip(), float(share)) for name, _, share in pairs)
    return type(like)(text)
