"""A batch on a Ray cluster has the same results as on one machine, and survives lost workers."""

import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from batch_work import Copying, Waiting
from conftest import ROOT

from vc_core.batch.journal import list_devices, list_items, make_local_executor, run_batch
from vc_core.batch.ray_cluster import is_installed, make_ray_executor
from vc_core.batch.tasks import SeparateFile
from vc_core.errors import UserError
from vc_core.files.results import ResultJournal
from vc_core.files.writing import write_audio
from vc_core.recipes.separate import SeparationOptions

needs_ray = pytest.mark.skipif(not is_installed(), reason="the extra `ray` is not installed")


@pytest.fixture(scope="module")
def cluster():
    """A simulated cluster: two machines with one core each, and a head node without cores."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT / "tests"), str(ROOT)]))
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        from ray.cluster_utils import Cluster

        started = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
        started.machines = [started.add_node(num_cpus=1) for _ in range(2)]
        yield started
        started.shutdown()


@pytest.fixture
def items(tmp_path):
    (tmp_path / "songs").mkdir()
    (tmp_path / "mark").mkdir()
    for name in "abcde":
        (tmp_path / "songs" / f"{name}.wav").write_text(name)
    return list_items([tmp_path / "songs"], tmp_path / "out")


def run(items, work, executor):
    journal = ResultJournal(items[0].target.parent, "one")
    return {outcome.item.source.stem: outcome for outcome in run_batch(items, work, journal, executor)}


def is_running(pid):
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and ") Z" not in stat.read_text()


def test_without_ray_the_error_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(UserError, match="pip install ray"):
        make_ray_executor("auto")


@pytest.mark.slow
@needs_ray
class TestRay:
    def test_a_missing_cluster_is_reported(self, items, tmp_path):
        with pytest.raises(UserError, match="“auto” can't be joined"):
            run(items, Copying(tmp_path / "mark"), make_ray_executor("auto"))

    def test_a_dead_worker_loses_no_other_item(self, cluster, items, tmp_path):
        (tmp_path / "songs" / "a.wav").write_text("deadly")
        (tmp_path / "songs" / "b.wav").write_text("fatal")
        (tmp_path / "songs" / "c.wav").write_text("bad")
        outcomes = run(items, Copying(tmp_path / "mark"), make_ray_executor(cluster.address))
        assert outcomes["a"].files[0].read_text().startswith("deadly")
        assert "died" in outcomes["b"].error
        assert outcomes["c"].error == "This is no song."
        assert [outcomes[name].files[0].read_text()[0] for name in "de"] == ["d", "e"]

    def test_when_one_of_two_machines_is_killed_the_other_finishes(self, cluster, items, tmp_path):
        mark = tmp_path / "mark"

        def kill():
            while len(list(mark.glob("*"))) < 2:
                time.sleep(0.05)
            cluster.remove_node(cluster.machines.pop(), allow_graceful=False)
            while all(is_running(path.name.split("-")[1]) for path in mark.glob("*")):
                time.sleep(0.05)  # the worker ends a moment after its machine
            (mark / "go").touch()

        killing = threading.Thread(target=kill)
        killing.start()
        outcomes = run(items, Waiting(mark), make_ray_executor(cluster.address))
        killing.join()
        assert {name: outcome.files[0].read_text() for name, outcome in outcomes.items()} == {n: n for n in "abcde"}
        began = [path.name.split(".")[0] for path in mark.glob("*.wav-*")]
        assert sorted(began) in [list("aabcde"), list("abbcde")], "one was begun again, by another process"
        here = run(items, Waiting(mark), make_local_executor(list_devices(1)))
        assert all(outcome.was_done for outcome in here.values())
        cluster.machines.append(cluster.add_node(num_cpus=1))

    def test_the_shell_result_is_that_of_the_local_machine(self, cluster, song, tmp_path):
        (tmp_path / "songs").mkdir()
        for at in range(3):
            write_audio(tmp_path / "songs" / f"{at}.wav", song.slice(at * 99_999, (at + 1) * 99_999))
        here = list_items([tmp_path / "songs"], tmp_path / "here")
        work = SeparateFile(SeparationOptions(engine="repet"))
        assert not any(outcome.error for outcome in run(here, work, make_local_executor(["cpu"])).values())
        words = ["batch", "separate", "songs", "--engine", "repet", "-o", "spread", "--cluster", cluster.address]
        environment = os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "200"}
        command = [sys.executable, "-m", "vc_core.cli", *words]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False)
        assert b"3 of 3 are done" in re.sub(rb"\s+", b" ", done.stderr), done.stderr
        made = sorted(path.relative_to(tmp_path / "here") for path in (tmp_path / "here").rglob("*.flac"))
        assert len(made) == 6
        for path in made:
            assert (tmp_path / "spread" / path).read_bytes() == (tmp_path / "here" / path).read_bytes(), path
