"""The pages: the only place that knows Gradio and Spaces."""
