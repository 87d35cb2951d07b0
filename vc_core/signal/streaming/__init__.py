"""Signal processing of live streams: pitch tracker and resampler with a short delay."""
