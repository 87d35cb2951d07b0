"""The Space “Convert singer”."""

from vc_core.ui.suite import build_suite, serve

demo = build_suite(["convert_singer", "separate_vocals", "add_emotion", "voices"])

if __name__ == "__main__":
    serve(demo)
