"""Run `vc … --json` through the command line entry, in this process."""

import json

from typer.testing import CliRunner

from vc_core.cli import app


def ask(*words):
    """The exit code, and the one object on stdout."""
    result = CliRunner().invoke(app, [*map(str, words), "--json"])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    (line,) = result.stdout.splitlines()
    return result.exit_code, json.loads(line)
