"""Outputs that an event skips cost nothing, and all others are what Gradio makes of them."""

import asyncio

import gradio as gr
import pytest
from gradio.state_holder import SessionState

from vc_core.ui.server.cheap_updates import CheapUpdates, cache_schemas

SKIP = gr.skip()


@pytest.fixture
def page():
    with CheapUpdates() as page:
        text, number, sound = gr.Textbox(), gr.Number(), gr.Audio()
        gr.Button().click(lambda: None, None, [text, number, sound], api_name="all")
        gr.Button().click(lambda: None, None, text, api_name="one")
    return page


def update(page, api_name, values, kind=CheapUpdates):
    """What is sent to the page, and the session's components before and after."""
    state = SessionState(page)
    event = next(fn for fn in page.fns.values() if fn.api_name == api_name)
    before = [state[block._id] for block in event.outputs]
    data = asyncio.run(kind.postprocess_data(page, event, values, state))
    return data, before, [state[block._id] for block in event.outputs]


@pytest.mark.parametrize(
    ("api_name", "values"),
    [
        ("all", ["a", 2, None]),
        ("all", [SKIP, 2, SKIP]),
        ("all", ["a", SKIP, gr.Audio(visible=False)]),
        ("all", [SKIP, SKIP, SKIP]),
        ("all", SKIP),
        ("one", "a"),
        ("one", SKIP),
        ("one", gr.Textbox("b", lines=3)),
    ],
)
def test_what_is_sent_is_what_gradio_sends(page, api_name, values):
    assert update(page, api_name, values)[0] == update(page, api_name, values, gr.Blocks)[0]


def test_only_components_that_change_are_made_anew(page):
    _, before, after = update(page, "all", [gr.Textbox(lines=3), SKIP, SKIP])
    assert [new is old for new, old in zip(after, before, strict=True)] == [False, True, True]


def test_schemas_are_the_same_each_time():
    own = gr.Audio().api_info()
    cache_schemas()
    assert gr.Audio().api_info() == gr.Audio().api_info() == own
