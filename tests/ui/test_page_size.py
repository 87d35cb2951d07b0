"""How quickly the page starts, as counts: Gradio's page compares each component with each event."""

import json

import pytest

from vc_core.ui.suite import build_suite


@pytest.fixture(scope="module")
def config():
    return build_suite().get_config_file()


def requests_of(config, name):
    """Events with a request to the server that this triggers."""
    return [one for one in config["dependencies"] if one["backend_fn"] and name in [on for _, on in one["targets"]]]


def test_the_page_of_all_tabs_stays_small(config):
    events = config["dependencies"]
    assert len(config["components"]) <= 640
    assert len(events) <= 320
    assert sum(len(event["targets"]) for event in events) <= 430
    assert len(json.dumps(config, default=str)) <= 1_000_000


def test_opening_the_page_takes_three_requests_and_a_change_of_tabs_one(config):
    (tabs,) = (one["id"] for one in config["components"] if one["type"] == "tabs")
    assert len(requests_of(config, "load")) <= 3
    assert sum([tabs, "select"] in map(list, event["targets"]) for event in requests_of(config, "select")) == 1


def test_hardly_any_component_is_searched_for_a_progress_that_is_hidden(config):
    hidden = [event for event in config["dependencies"] if event["backend_fn"] and event["show_progress"] == "hidden"]
    searched = [event["outputs"] for event in hidden if event["show_progress_on"] is None]
    assert sum(map(len, searched)) <= 40
