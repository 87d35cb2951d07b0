"""The server's log on stderr: one line for a refused input, a traceback for a fault, no tokens, no names of uploads."""

import logging
import re

from gradio.utils import get_upload_folder

TOKEN = re.compile(r"\bhf_\w{4,}|(?<=Bearer )\S+")


class PrivateFormatter(logging.Formatter):
    """Leaves out tokens, and of paths below the folder of uploads everything but that folder."""

    def format(self, record: logging.LogRecord) -> str:
        return hide_private(super().format(record))


def hide_private(text: str) -> str:
    # Names of files may contain spaces and quotes, so what is left out goes to the end of the line.
    uploads = re.compile(rf"({re.escape(str(get_upload_folder()))}[/\\])[^\n]+")
    return uploads.sub(r"\1…", TOKEN.sub("…", text))


def configure_logs() -> None:
    """Called by the entry point; the service manager or the container keeps and rotates what comes on stderr."""
    handler = logging.StreamHandler()
    handler.setFormatter(PrivateFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("vc_core").setLevel(logging.INFO)
