"""`vc completion` prints a script that a real shell loads, and that completes commands and options."""

import os
import shutil
import subprocess
import sys

import pytest
from conftest import ROOT
from typer.testing import CliRunner

from vc_core.cli import app


def print_script(shell):
    result = CliRunner().invoke(app, ["completion", shell])
    assert result.exit_code == 0
    return result.stdout


def test_bash_completes_options(tmp_path):
    program = tmp_path / "vc"
    program.write_text(f"#!{sys.executable}\nfrom vc_core.cli import main\nmain()\n")
    program.chmod(0o755)
    script = f"""
{print_script("bash")}
complete -p vc
COMP_WORDS=(vc convert --ref) COMP_CWORD=2; _vc_completion vc; echo "${{COMPREPLY[@]}}"
"""
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [shutil.which("bash"), "-c", script], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    registered, options = done.stdout.splitlines()
    assert "_vc_completion vc" in registered
    assert options == "--reference"


@pytest.mark.parametrize(("shell", "begins"), [("zsh", "#compdef vc"), ("fish", "complete --command vc")])
def test_the_scripts_of_other_shells_name_the_program(shell, begins):
    script = print_script(shell)
    assert script.startswith(begins)
    assert "_VC_COMPLETE=complete_" + shell in script


def test_an_unknown_shell_is_refused_with_the_known_ones():
    result = CliRunner().invoke(app, ["completion", "tcsh"])
    assert result.exit_code == 2
    assert "bash" in result.stderr
