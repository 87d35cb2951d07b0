"""Text-to-speech (TTS) with espeak-ng."""
