"""Signing in with Hugging Face, on Spaces whose README has `hf_oauth: true`. Elsewhere a token is pasted.

Gradio keeps the account's token in a signed cookie of the browser, never on the server.
"""

import os
from importlib.util import find_spec
from typing import Any

import gradio as gr
from gradio.oauth import require_oauth_token
from gradio.utils import get_space
from starlette.exceptions import HTTPException

from vc_core.ui.server.api_info import DescribedBlocks
from vc_core.ui.widgets.page_load import set_on_load
from vc_core.ui.words import translate

REQUIRED = ("OAUTH_CLIENT_ID", "OAUTH_CLIENT_SECRET", "OAUTH_SCOPES", "OPENID_PROVIDER_URL")
"""The Hub sets them in such a Space."""
SIGN_IN, SIGN_OUT = (f"/{path}?_target_url=/%3Ftab%3Dvoices" for path in ("login/huggingface", "logout"))


def can_sign_in() -> bool:
    return get_space() is not None and all(map(os.environ.get, REQUIRED)) and find_spec("authlib") is not None


def find_account_token(request: Any) -> str:
    """Access token of the account that this browser is signed in with; empty if it is not."""
    try:
        return require_oauth_token(request)
    except HTTPException:
        return ""


class BlocksWithSignIn(DescribedBlocks):
    @property
    def expects_oauth(self) -> bool:
        """Whether Gradio adds its routes for signing in and out, and the cookie. It adds them for its own button."""
        return can_sign_in()


def build_sign_in_button() -> None:
    """A link, since Gradio's own button knows whether it is signed in by its words in one language."""
    button = gr.Button("", link=SIGN_IN, size="md", elem_id="sign-in")
    set_on_load(_describe, button)


def _describe(request: gr.Request) -> Any:
    if not find_account_token(request):
        return gr.update(value=translate(request, "sign_in"), link=SIGN_IN)
    account = request.request
    name = account.session["oauth_info"]["userinfo"]["preferred_username"] if account else ""
    return gr.update(value=translate(request, "sign_out").format(name=name), link=SIGN_OUT)
