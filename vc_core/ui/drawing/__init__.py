"""Pictures of audio: spectrograms and pitch curves."""
