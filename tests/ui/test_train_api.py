"""Training endpoints: sessions are separate, and a running training is found again, stopped and resumed."""

import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from conftest import ROOT, client_of
from gradio_client import handle_file
from gradio_client.exceptions import AppError
from training_app import app_that_trains
from waiting import wait_for

from vc_core.files.reading import read_audio
from vc_core.training.recordings.doctor import examine_recordings
from vc_core.training.recordings.gathering import Recording
from vc_core.ui.tabs.train_recordings import format_report

LINE, SUNG = (str(ROOT / "examples" / name) for name in ("spoken_line.flac", "sung_line.flac"))


def start(client, name, *, method="tiny", settings="steps = 40", files=(LINE, SUNG)):
    return client.predict(
        files=[handle_file(file) for file in files],
        name=name,
        consent="synthetic",
        method=method,
        settings=settings,
        eval_interval=40,
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
    resumed = tmp_path / "resumed"
    run = start(client, "Ann", settings=f"steps = 200\npause_seconds = 0.05\npauses_until = {resumed}")

    def status():
        return client.predict(run=run, api_name="/train_status")

    wait_for(lambda: status()["step"] > 2)
    client.predict(run=run, api_name="/train_stop")
    wait_for(lambda: status()["state"] == "stopped")
    stopped_at = status()["step"]
    resumed.touch()
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
        ({"method": "instant", "settings": "start = /srv/other.safetensors"}, "On a page a training starts from"),
        ({"method": "instant", "settings": "start = better"}, "On a page a training starts from: plain, meta"),
    ],
)
def test_an_invalid_request_is_refused_and_no_training_is_started(client, changes, answer):
    before = client.predict(api_name="/trainings")
    with pytest.raises(AppError, match=answer):
        start(client, **({"name": "Bob"} | changes))
    assert client.predict(api_name="/trainings") == before


@pytest.mark.parametrize("run", ["", "..", "../../etc", "nonsense"])
def test_a_run_id_cannot_name_another_path(client, run):
    for endpoint in ("/train_status", "/train_stop", "/train_resume", "/train_delete", "/train_take"):
        with pytest.raises(AppError):
            client.predict(run=run, api_name=endpoint)


@pytest.mark.slow
def test_two_sessions_of_a_shared_page_train_separately(tmp_path):
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


def test_the_doctor_report_is_translated():
    korean = SimpleNamespace(headers={"accept-language": "ko-KR"})
    heard = examine_recordings([Recording(Path(LINE), "<line>")], "en")
    english, translated = format_report(heard, [], None), format_report(heard, [], korean)
    assert "Only 5 seconds can be used" in english
    assert "Speech sounds found: " in english
    assert "사용할 수 있는 소리가 5초뿐입니다" in translated
    assert "Only" not in translated


def test_a_long_recording_is_cut_into_a_zip_of_slices(client, tmp_path):
    lengths = {"min_seconds": 1, "max_seconds": 3}
    archive, note = client.predict(recordings=[handle_file(LINE), handle_file(SUNG)], **lengths, api_name="/slice")
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(tmp_path)
    slices = [read_audio(path) for path in sorted(tmp_path.glob("*.flac"))]
    assert note.startswith(f"{len(slices)} slices")
    assert len(slices) > 2
    assert all(one.seconds <= 3 for one in slices)
    with pytest.raises(AppError, match="Choose a recording first"):
        client.predict(recordings=[], api_name="/slice")
