"""Voice Studio's engine room: separate, convert, colour and train voices."""

__version__ = "0.1.0"
