"""Signal processing: windowing, F0, WORLD vocoder, loudness (BS.1770), reverb, transposition, training clips."""
