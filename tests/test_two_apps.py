"""Two apps and the shell on one home at the same time: no voice, training or preset is lost, and no lock stays."""

import json
import multiprocessing
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from own_server import OwnServer, make_environment
from voice_maker import add_voice
from waiting import wait_for

from vc_core.errors import UserError
from vc_core.files.reading import read_audio
from vc_core.files.writing import write_audio
from vc_core.locks import is_locked
from vc_core.recipes.presets import Preset, PresetFolder
from vc_core.signal.pitch import estimate_pitch
from vc_core.training.run.job import Run, write_run_files
from vc_core.training.run.publish import publish_voice
from vc_core.training.run.spec import Spec, Status
from vc_core.training.run.trash import list_trash
from vc_core.voices.library import VoiceLibrary, find_faults
from vc_core.voices.sharing import export_zip

FORK = multiprocessing.get_context("fork")
ROUNDS = 4
LINE = ROOT / "examples" / "spoken_line.flac"


def run_at_once(*works: Callable[[], object]) -> Counter[str]:
    """Each in a process of its own: how many did it, and how many were refused with a sentence."""
    barrier, answers = FORK.Barrier(len(works)), FORK.Queue()

    def run(work: Callable[[], object]) -> None:
        barrier.wait()
        try:
            work()
            answers.put("done")
        except UserError:
            answers.put("refused")
        except BaseException as error:  # noqa: BLE001 - any other is a fault
            answers.put(repr(error))

    processes = [FORK.Process(target=run, args=(work,)) for work in works]
    for process in processes:
        process.start()
    found = Counter(answers.get(timeout=60) for _ in processes)
    for process in processes:
        process.join()
    return found


def write_more(number: int, folder: Path) -> None:
    (folder / f"more-{number}.safetensors").write_bytes(b"%d" % number)


def test_a_voice_that_several_programs_extend_gets_the_files_of_all(tmp_path):
    for at in range(ROUNDS):
        library = VoiceLibrary(tmp_path / str(at))
        add_voice(library)
        works = [lambda n=n, own=library: own.extend("Alto", lambda folder: write_more(n, folder)) for n in range(4)]
        assert run_at_once(*works) == {"done": 4}
        (voice,) = library.list()
        assert len(voice.card.files) == 5
        assert find_faults(voice) == []
        assert list(library.folder.iterdir()) == [voice.folder]


def test_a_voice_that_several_programs_delete_is_deleted_once(tmp_path):
    for at in range(ROUNDS):
        library = VoiceLibrary(tmp_path / str(at))
        add_voice(library)
        assert run_at_once(*[lambda own=library: own.delete("Alto")] * 4) == {"done": 1, "refused": 3}
        assert list(library.folder.iterdir()) == []


def test_a_voice_is_listed_while_it_is_extended(tmp_path):
    library = VoiceLibrary(tmp_path)
    add_voice(library)

    def extend() -> None:
        for number in range(50):
            library.extend("Alto", lambda folder, number=number: write_more(number, folder))

    def find() -> None:
        for _ in range(500):
            library.find("Alto")

    assert run_at_once(extend, find, find) == {"done": 3}


def test_presets_that_several_programs_save_are_all_there(tmp_path):
    for at in range(ROUNDS):
        presets = PresetFolder(tmp_path / str(at))
        names = ["Loud", "Loud!", "loud?", "Quiet"]  # three of them have the same file name
        works = [lambda name=name, own=presets: own.save(Preset(name, "add_emotion", {})) for name in names]
        assert run_at_once(*works) == {"done": 4}
        assert sorted(preset.name for preset in presets.list("add_emotion")) == sorted(names)


def make_run(folder: Path) -> Run:
    """With the voice of its first step."""
    (folder / "run" / "voice" / "step-00000001").mkdir(parents=True)
    (folder / "run" / "voice" / "step-00000001" / "voice.safetensors").write_bytes(b"x")
    model = {"engine": "instant", "sample_rate": 22_050}
    (folder / "run" / "voice" / "step-00000001.json").write_text(json.dumps(model))
    spec = Spec("Ann", "instant", "synthetic", "MIT", "tests", library=str(folder / "voices"))
    return write_run_files(folder / "run", spec)


def test_a_voice_of_a_training_that_several_programs_publish_is_added_once(tmp_path):
    for at in range(ROUNDS):
        run, status = make_run(tmp_path / str(at)), Status("stopped", best_step=1)
        assert run_at_once(*[lambda run=run, status=status: publish_voice(run, status)] * 4) == {"done": 4}
        assert [voice.name for voice in VoiceLibrary(tmp_path / str(at) / "voices").list()] == ["Ann"]


def test_a_training_that_several_programs_delete_is_in_the_trash_once(tmp_path):
    for at in range(ROUNDS):
        run = make_run(tmp_path / str(at))
        assert run_at_once(*[run.move_to_trash] * 4) == {"done": 1, "refused": 3}
        assert len(list_trash(run.folder.parent)) == 1


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def apps(home, tmp_path_factory):
    started = [OwnServer(home, tmp_path_factory.mktemp("server") / name) for name in "ab"]
    for app in started:
        app.start()
    for app in started:
        app.wait()
    yield started
    for app in started:
        app.kill()


def run_vc(home: Path, *words: str) -> tuple[int, dict]:
    command = [sys.executable, "-m", "vc_core.cli", *words, "--json"]
    done = subprocess.run(command, env=make_environment(home), cwd=ROOT, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, json.loads(done.stdout)


def ask(client, **wish) -> str:
    """Whether it is done, or the sentence that refuses it."""
    try:
        client.predict(**wish)
    except AppError as error:
        return str(error)
    return "done"


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_name_that_two_apps_and_the_shell_import_at_once_is_taken_once(apps, home, tmp_path):
    archives = []
    for at in range(4):
        voice = add_voice(VoiceLibrary(tmp_path / "made"), f"Alto {at}")
        archives.append(export_zip(voice, tmp_path / f"{at}.zip"))
    clients = [app.make_client() for app in apps]
    with ThreadPoolExecutor(3) as pool:
        for archive in archives:
            added = {"archive": handle_file(archive), "repo": "", "name": "", "api_name": "/add_voice"}
            asked = [pool.submit(ask, client, **added) for client in clients]
            shell = pool.submit(run_vc, home, "voices", "add", str(archive))
            answers = [one.result() for one in asked]
            code, answer = shell.result()
            refusals = [text for text in answers if text != "done"] + ([answer["error"]] if code else [])
            assert len(refusals) == 2, (answers, answer)
            assert all("already" in refusal for refusal in refusals), refusals
    library = VoiceLibrary(home / "voices")
    assert [voice.name for voice in library.list()] == [f"Alto {at}" for at in range(4)]
    assert [fault for voice in library.list() for fault in find_faults(voice)] == []
    assert [path.name for path in library.folder.iterdir() if path.name.startswith(".")] == []
    listed = [client.predict(api_name="/voices") for client in clients]
    assert listed[0] == listed[1]
    deleting = [lambda client=client: ask(client, name="Alto 0", api_name="/delete_voice") for client in clients]
    with ThreadPoolExecutor(2) as pool:
        answers = [one.result() for one in [pool.submit(delete) for delete in deleting]]
    assert sorted(text == "done" for text in answers) == [False, True], answers
    assert not any(app.read_tracebacks() for app in apps)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_each_app_has_its_own_results_while_the_other_works(apps, home, tone, tmp_path):
    def convert(at: int) -> None:
        app, hertz, seconds = apps[at % 2], 150.0 + 40 * at, 1.0 + 0.1 * at
        path = tmp_path / f"{at}.wav"
        write_audio(path, tone(hertz, seconds=seconds), format_name="wav16")
        client = app.make_client()
        wish = {"song": handle_file(path), "voice": "Clara", "format_name": "wav16"}
        if at % 4 < 2:
            result, *_ = client.predict(**wish, automatic_key="off", api_name="/convert")
        else:
            result, *_ = client.predict(**wish, vocals_are_clean=True, key="off", api_name="/cover")
        made = read_audio(Path(result))
        assert made.frames == round(44_100 * seconds)
        pitch = estimate_pitch(made)
        assert abs(12 * np.log2(np.median(pitch.hertz[pitch.voiced]) / hertz)) < 0.5, at

    with ThreadPoolExecutor(8) as pool:
        for one in [pool.submit(convert, at) for at in range(8)]:
            one.result()
    assert not any(app.read_tracebacks() for app in apps)
    assert list(home.rglob("*.ticket")) == []


def find_training(clients: dict[str, Client]) -> tuple[str, Client] | None:
    """A run that has made some steps and goes on, with the client that stops it."""
    found = [(run, client, read_status(client, run)) for run, client in clients.items()]
    return next(((run, client) for run, client, one in found if one["state"] == "training" and one["step"] > 2), None)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_training_of_one_app_is_stopped_and_resumed_by_the_other(apps, home, tmp_path):
    first, second = (app.make_client() for app in apps)
    go = tmp_path / "go"
    settings = f"steps = 1000\npause_seconds = 0.5\npauses_until = {go}"
    starting = {"files": [handle_file(LINE)] * 2, "consent": "synthetic", "method": "tiny", "settings": settings}
    with ThreadPoolExecutor(2) as pool:
        runs = list(
            pool.map(
                lambda one: one[0].predict(**starting, name=one[1], api_name="/train_start"),
                [(first, "Ann"), (second, "Ben")],
            )
        )
    for client in (first, second):
        assert {one["run"] for one in client.predict(api_name="/trainings")} == set(runs)
    other = {runs[0]: second, runs[1]: first}
    for _ in runs:  # they train one after the other, in the order in which their workers came to the device
        wait_for(lambda: find_training(other), 120)
        run, client = find_training(other)
        client.predict(run=run, api_name="/train_stop")
        wait_for(lambda run=run, client=client: read_status(client, run)["state"] == "stopped", 60)
    with ThreadPoolExecutor(2) as pool:
        resumed = list(pool.map(lambda client: ask(client, run=runs[0], api_name="/train_resume"), [first, second]))
        assert "done" in resumed
    go.touch()
    wait_for(lambda: read_status(first, runs[0])["state"] == "finished", 120)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda client: ask(client, run=runs[0], api_name="/train_take"), [first, second]))
    assert [voice.name for voice in VoiceLibrary(home / "voices").list() if voice.name.startswith("Ann")] == ["Ann"]
    code, answer = run_vc(home, "train", "list")
    assert code == 0
    assert len(answer["results"]) == 2
    assert not any(is_locked(path) for path in (home / "training").rglob("*.lock"))
    assert not any(app.read_tracebacks() for app in apps)


def read_status(client, run: str) -> dict:
    return client.predict(run=run, api_name="/train_status")
