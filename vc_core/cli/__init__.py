"""The same tasks from a shell: `vc separate`, `vc emotion`, `vc voices`, `vc verify`."""

import logging
from typing import Annotated

import typer

from vc_core import __version__
from vc_core.cli.console import out
from vc_core.cli.emotion import emotion
from vc_core.cli.separate import separate
from vc_core.cli.voices import verify, voices_app

app = typer.Typer(no_args_is_help=True, help="Voice Studio from the shell.", pretty_exceptions_enable=False)
app.command()(separate)
app.command()(emotion)
app.command()(verify)
app.add_typer(voices_app, name="voices")


@app.callback(invoke_without_command=True)
def options(version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False) -> None:
    logging.basicConfig(level=logging.WARNING)
    if version:
        out.print(__version__)
        raise typer.Exit


def main() -> None:
    app()
