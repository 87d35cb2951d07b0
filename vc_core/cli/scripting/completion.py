"""`vc completion SHELL`: the script that lets a shell complete commands and options."""

from typing import Annotated, Literal

import typer
from typer.completion import get_completion_script  # type: ignore[attr-defined]

from vc_core.cli.console import show_result

Shell = Literal["bash", "zsh", "fish"]
PROGRAM, VARIABLE = "vc", "_VC_COMPLETE"


def completion(shell: Annotated[Shell, typer.Argument(help="Yours: bash, zsh or fish.")]) -> None:
    """Print a script that completes commands and options; for bash: eval "$(vc completion bash)" in ~/.bashrc."""
    script = get_completion_script(prog_name=PROGRAM, complete_var=VARIABLE, shell=shell)
    show_result(script, shell=shell, script=script)
