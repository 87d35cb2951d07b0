"""The Space “Add emotion”."""

from vc_core.startup import reduce_garbage_collection

reduce_garbage_collection()  # before the imports below, which make most of the objects

from vc_core.ui.suite import build_suite, serve  # noqa: E402

demo = build_suite(["add_emotion", "separate_vocals"])

if __name__ == "__main__":
    serve(demo)
