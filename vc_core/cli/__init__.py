"""Command line interface `vc`: `vc cover`, `vc separate`, `vc convert`, `vc emotion`, `vc voices` and more."""

import logging
import sys
import warnings
from typing import Annotated

import typer

from vc_core import __version__
from vc_core.cli.batch import batch
from vc_core.cli.console import out
from vc_core.cli.convert import convert
from vc_core.cli.cover import cover
from vc_core.cli.doctor import doctor
from vc_core.cli.emotion import emotion
from vc_core.cli.live.command import live
from vc_core.cli.scripting.completion import completion
from vc_core.cli.scripting.report import JsonTyper
from vc_core.cli.separate import mix, separate
from vc_core.cli.slice import slice_recordings
from vc_core.cli.speak import speak
from vc_core.cli.train import train_app
from vc_core.cli.voices import verify, voices_app
from vc_core.startup import reduce_garbage_collection

app = JsonTyper(no_args_is_help=True, help="Voice Studio from the shell.", pretty_exceptions_enable=False)
app.command()(cover)
app.command()(batch)
app.command()(separate)
app.command()(mix)
app.command()(convert)
app.command()(live)
app.command()(speak)
app.command()(emotion)
app.command("slice")(slice_recordings)
app.command()(doctor)
app.command()(completion)
app.add_typer(train_app, name="train")
app.command()(verify)
app.add_typer(voices_app, name="voices")


@app.callback(invoke_without_command=True)
def options(version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False) -> None:
    logging.basicConfig(level=logging.WARNING)
    if version:
        out.print(__version__)
        raise typer.Exit


def main() -> None:
    if not sys.warnoptions:  # those of libraries are for developers, who ask for them with python -W or PYTHONWARNINGS
        warnings.simplefilter("ignore")
    reduce_garbage_collection()
    app()
