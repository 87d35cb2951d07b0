"""The words of live singing, in English."""

LIVE_WORDS: dict[str, str] = {
    "live": "Or sing live into the microphone",
    "live_about": (
        "You hear yourself in the chosen voice while you sing; voice and key can be changed meanwhile. "
        "Nothing is stored unless you record. Instant voices work everywhere; others need a GPU."
    ),
    "look_ahead": "Delay",
    "look_ahead_shortest": "Shortest, with less clear words",
    "look_ahead_short": "Short",
    "look_ahead_clearest": "Longer, with the clearest words",
    "live_start": "Start singing",
    "live_wait": "One moment …",
    "live_record": "Record what I sing",
    "live_recorded": "What you sang",
    "live_microphone": "Microphone",
    "live_channel": "Channel",
    "live_all_channels": "All",
    "live_speaker": "Headphones",
    "live_default": "Default device",
    "live_volume": "Volume of the voice",
    "live_input": "You",
    "live_output": "Voice",
    "live_network": "Network",
    "live_engine": "Conversion",
    "live_total": "Total delay",
    "live_gaps": "Dropouts",
    "live_headphones": "Wear headphones, or the microphone hears the voice again and howls.",
    "live_feedback": "This sounds like feedback, so the voice was muted. Put on headphones, then turn the volume up.",
    "live_slow": "The server can’t keep up, so some of what you sing is left out.",
    "live_denied": "The browser doesn’t allow the microphone. Allow it for this page, then start again.",
    "live_no_microphone": "No microphone was found. Connect one, then start again.",
    "live_insecure": "Browsers allow the microphone only on pages with HTTPS, or on this machine itself.",
    "live_failed": "The microphone or the audio output can’t be used. Choose another, then start again.",
    "live_lost": "The connection to the server was lost. Start again.",
}
