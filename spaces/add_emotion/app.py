"""The Space “Add emotion”."""

from vc_core.ui.suite import build_suite, serve

demo = build_suite(["separate_vocals", "voices"])

if __name__ == "__main__":
    serve(demo)
