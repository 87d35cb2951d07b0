"""Escape untrusted text (names, files, cards, repos) for Gradio's Markdown and toasts, so that it stays text.

Gradio's sanitiser removes scripts only: pictures of other servers would be loaded, and links shown.
"""

import re

_MARKDOWN = re.compile(r"[&<>\\`*\[\]~|#$@]|(?<!\w)_|_(?!\w)|:(?=//)|(?<=www)\.", re.IGNORECASE)


def escape_markdown(text: str) -> str:
    """Plain text as one line of Markdown; addresses are not made links."""
    return _MARKDOWN.sub(lambda found: f"&#{ord(found[0])};", " ".join(text.splitlines()))


def escape_toast(text: str) -> str:
    """Toasts are HTML. Only what opens a tag is escaped, because callers of the API get the same text."""
    return text.replace("<", "&lt;")
