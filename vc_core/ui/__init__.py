"""The pages: the only place that knows Gradio and Spaces."""

import vc_core.quick_start  # noqa: F401
