"""What clients are told of the API (`view_api`): names of returned values, English labels, types of open choices."""

import logging
import re
from typing import Any

import gradio as gr
from gradio.blocks import Block

from vc_core.errors import Message
from vc_core.ui.server.cheap_updates import CheapUpdates
from vc_core.ui.words import translate_to

log = logging.getLogger(__name__)

I18N = re.compile(r'"key": "(\w+)"')
"""In the text of a label that the browser translates."""


REFUSED = Message("A value that was sent has the wrong type or form. `view_api` describes what is expected.")
CHOICES = re.compile(
    r"Value: (?P<value>.*?)(?: \(type: [^)]*\))? is not in the list of choices: \[(?P<choices>.*)\]", re.S
)
LONGEST_VALUE, LONGEST_SENTENCE = 60, 400
"""Letters of what was sent that an answer repeats."""


class DescribedBlocks(CheapUpdates):
    """Gradio describes labels as the browser's translation keys, and values of no label by a number."""

    async def preprocess_data(self, *args: Any, **kwargs: Any) -> Any:
        """Of what a component can't take, Gradio tells the caller nothing, and logs a traceback."""
        try:
            return await super().preprocess_data(*args, **kwargs)
        except gr.Error as error:
            log.info("refused a value: %s", type(error).__name__)
            raise gr.Error(_make_sentence(str(error.message)), duration=None, print_exception=False) from error
        except Exception as error:
            log.info("refused a value: %s", type(error).__name__)
            raise gr.Error(str(REFUSED), duration=None, print_exception=False) from error

    def get_config_file(self) -> Any:
        """What is twice in Gradio's is there once: the page of all tabs gets 250 kB less."""
        config = super().get_config_file()
        for component in config["components"]:
            component.pop("example_inputs", None)
            for name in ("api_info_as_input", "api_info_as_output"):
                if component.get(name) == component.get("api_info"):
                    component.pop(name, None)
        return config

    def get_api_info(self, all_endpoints: bool = False, page: str | None = None) -> Any:
        info = super().get_api_info(all_endpoints, page)
        inputs = {f"/{fn.api_name}": fn.inputs for fn in self.fns.values() if fn.api_visibility != "private"}
        for name, endpoint in info["named_endpoints"].items():
            components = [block for block in inputs[name] if not block.skip_api]
            for parameter, component in zip(endpoint["parameters"], components, strict=True):
                _describe_parameter(parameter, component)
            for returned in endpoint["returns"]:
                returned["label"] = _name_return(returned, name, is_only=len(endpoint["returns"]) == 1)
                returned["python_type"]["description"] = ""
        return info


def _make_sentence(message: str) -> str:
    """Gradio's own refusal as a sentence, without all of what was sent."""
    if found := CHOICES.fullmatch(message):
        value = _shorten(found["value"].strip("'"), LONGEST_VALUE)
        return str(Message("“{value}” is not one of the choices: {choices}.", value=value, choices=found["choices"]))
    sentence = _shorten(message.strip(), LONGEST_SENTENCE)
    return sentence if sentence.endswith(".") else f"{sentence}."


def _shorten(text: str, longest: int) -> str:
    text = text.encode("utf-8", "replace").decode()  # half of a surrogate pair can't be sent
    return text if len(text) <= longest else f"{text[:longest]}…"


def _describe_parameter(parameter: Any, component: Block) -> None:
    label, key = parameter["label"], I18N.search(str(parameter["label"]))
    parameter["label"] = translate_to("en", key[1]) if key else parameter["parameter_name"]
    parameter["python_type"]["description"] = parameter["label"] if key or label else ""
    choices = (parameter["type"] or {}).get("enum")
    if choices is None:
        return
    if getattr(component, "allow_custom_value", False):  # each session has its own voices and trainings
        parameter["type"], parameter["python_type"]["type"] = {"type": "string"}, "str"
    elif all(isinstance(choice, int) for choice in choices):
        parameter["type"] = {"type": "integer", "enum": choices}
        parameter["python_type"]["type"] = f"Literal[{', '.join(map(str, choices))}]"


def _name_return(returned: Any, endpoint: str, *, is_only: bool) -> str:
    label, component = str(returned["label"]), returned["component"]
    if component == "Dropdown":  # a started training, selected in the list of all
        return "run"
    if key := I18N.search(label):
        return key[1]
    if not re.fullmatch(r"value_\d+|\d\w\w", label):
        return label
    if component == "Markdown":
        return "message" if is_only else "notes"
    return endpoint.strip("/").removeprefix("train_")
