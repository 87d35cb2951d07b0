"""Training through the app: two visitors don't mix, and what is running is found again, stopped and resumed."""

import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from conftest import ROOT, client_of
from gradio_client import handle_file
from gradio_client.exceptions import AppError
from training_app import app_that_trains

from vc_core.training.doctor import examine
from vc_core.training.recordings import Recording
from vc_core.ui.train_recordings import described

LINE, SUNG = (str(ROOT / "examples" / name) for name in ("spoken_line.flac", "sung_line.flac"))


def wait_for(condition, seconds=60.0):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)
    return found


def start(client, name, *, settings="steps = 40", files=(LINE, SUNG)):
    return client.predict(
        files=[handle_file(file) for file in files],
        name=name,
        consent="synthetic",
        method="tiny",
        settings=settings,
        eval_interval=20,
        api_name="/train_start",
    )


def wait_until_finished(client, run):
    wait_for(lambda: client.predict(run=run, api_name="/train_status")["state"] == "finished")


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    with app_that_trains(tmp_path_factory.mktemp("home")) as address:
        yield address


@pytest.fixture
def client(app, tmp_path):
    return client_of(app, tmp_path / "downloads")


def test_a_run_is_stopped_found_again_by_another_page_and_resumed(client, app, tmp_path):
    run = start(client, "Ann", settings="steps = 200\npause_seconds = 0.02")

    def status():
        return client.predict(run=run, api_name="/train_status")

    wait_for(lambda: status()["step"] > 2)
    client.predict(run=run, api_name="/train_stop")
    wait_for(lambda: status()["state"] == "stopped")
    stopped_at = status()["step"]
    another = client_of(app, tmp_path / "downloads")
    assert {"run": run, "name": "Ann", "method": "tiny", "state": "stopped"} in another.predict(api_name="/trainings")
    assert another.predict(run=run, api_name="/train_resume") == run
    done = wait_for(lambda: status() if status()["state"] == "finished" else None)
    assert done["step"] == 200 > stopped_at
    assert len({line["step"] for line in done["losses"]}) == len(done["losses"])
    assert done["voice"] == "Ann" in [voice["name"] for voice in client.predict(api_name="/voices")]
    client.predict(run=run, api_name="/train_delete")
    assert run not in [training["run"] for training in client.predict(api_name="/trainings")]


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({"name": ""}, "needs a name"),
        ({"settings": "speed = 9"}, "no setting “speed”"),
        ({"settings": "faster!"}, "is no setting"),
        ({"files": ()}, "Bring recordings first"),
    ],
)
def test_what_is_wrong_is_told_in_a_sentence_and_nothing_is_begun(client, changes, answer):
    before = client.predict(api_name="/trainings")
    with pytest.raises(AppError, match=answer):
        start(client, **({"name": "Bob"} | changes))
    assert client.predict(api_name="/trainings") == before


@pytest.mark.parametrize("run", ["", "..", "../../etc", "nonsense"])
def test_no_name_of_a_run_leads_elsewhere(client, run):
    for endpoint in ("/train_status", "/train_stop", "/train_resume", "/train_delete", "/train_take"):
        with pytest.raises(AppError):
            client.predict(run=run, api_name=endpoint)


@pytest.mark.slow
def test_two_visitors_of_a_shared_page_train_at_once_and_never_meet(tmp_path):
    with app_that_trains(tmp_path / "home", shared=True) as address:
        ann, bob = (client_of(address, tmp_path / "downloads") for _ in range(2))
        runs = {"Ann": start(ann, "Same name", files=(LINE, LINE)), "Bob": start(bob, "Same name", files=(SUNG, SUNG))}
        for client, run in ((ann, runs["Ann"]), (bob, runs["Bob"])):
            wait_until_finished(client, run)
            assert [training["run"] for training in client.predict(api_name="/trainings")] == [run]
        with pytest.raises(AppError, match="no such run"):
            ann.predict(run=runs["Bob"], api_name="/train_status")
        origins = {}
        for name, client in (("Ann", ann), ("Bob", bob)):
            (own,) = [voice for voice in client.predict(api_name="/voices") if voice["name"] == "Same name"]
            origins[name] = own["origin"]
        assert "spoken_line" in origins["Ann"]
        assert "sung_line" not in origins["Ann"]
        assert "sung_line" in origins["Bob"]


def test_the_check_up_speaks_the_visitors_language():
    korean = SimpleNamespace(headers={"accept-language": "ko-KR"})
    heard = examine([Recording(Path(LINE), "<line>")], "en")
    english, translated = described(heard, [], None), described(heard, [], korean)
    assert "Only 5 seconds can be used" in english
    assert "Sounds of the language that are heard: " in english
    assert "쓸 수 있는 소리가 5초뿐입니다" in translated
    assert "Only" not in translated
