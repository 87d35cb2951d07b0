"""The Space “Add emotion”."""

from vc_core.ui.suite import build_suite, serve

demo = build_suite(["add_emotion", "separate_vocals"])

if __name__ == "__main__":
    serve(demo)
