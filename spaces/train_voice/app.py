"""The Space “Train your voice”."""

from vc_core.ui.suite import build_suite, serve

demo = build_suite(["train_voice", "voices", "separate_vocals"])

if __name__ == "__main__":
    serve(demo)
