"""Live singing in the page: microphone and headphones in an AudioWorklet, a WebSocket, a worker thread per session."""
