"""Voice Studio, all tabs: `python app.py`."""

from vc_core.startup import end_on_sigterm, reduce_garbage_collection

reduce_garbage_collection()  # before the imports below, which make most of the objects
if __name__ == "__main__":
    end_on_sigterm()

from vc_core.ui.suite import build_suite, serve  # noqa: E402

demo = build_suite()

if __name__ == "__main__":
    serve(demo)
