"""In English."""

START_WORDS: dict[str, str] = {
    "tab_start": "Start",
    "start_about": "From a song to your own version of it, in five steps. Each opens its tab.",
    "start_hear": "Hear the example",
    "start_hear_one": "Hear: {}",
    "start_heard": "You hear: {}",
    "start_song": "Song",
    "start_song_about": "Bring a song of your own, or try the example.",
    "start_separate": "Separate",
    "start_separate_about": "Take the vocals out of the music.",
    "start_convert": "Convert",
    "start_convert_about": "Give the vocals another voice.",
    "start_emotion": "Emotion",
    "start_emotion_about": "Make them sad, happy or calm.",
    "start_mix": "Mix",
    "start_mix_about": "Put them back into the music. A cover does all of it at once.",
    "start_made": "The example is a synthetic song. This app made its new vocals beforehand: AI-generated, and sad.",
}
