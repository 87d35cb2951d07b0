"""Voice Studio, all tabs: `python app.py`."""

from vc_core.ui.suite import build_suite, serve

demo = build_suite()

if __name__ == "__main__":
    serve(demo)
