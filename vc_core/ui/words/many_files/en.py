"""In English."""

MANY_FILES_WORDS: dict[str, str] = {
    "many_files": "Several files",
    "many_about": (
        "All files get the settings of this tab. The work goes on when you close the page; its address finds it again."
    ),
    "many_input": "Audio files",
    "many_folder": "Add a folder",
    "many_separate": "Separate all",
    "many_cover": "Make all covers",
    "many_convert": "Convert all",
    "many_emotion": "Add emotion to all",
    "many_retry": "Retry what is not done",
    "many_archive": "All results as a zip file",
    "many_title": "Files and their results",
    "many_file": "File",
    "many_state": "State",
    "many_results": "Results",
    "many_play": "Play {}",
    "many_pause": "Pause {}",
    "many_download": "Download {}",
    "file_waiting": "Waiting",
    "file_running": "At work",
    "file_done": "Done",
    "file_failed": "Failed",
    "file_stopped": "Stopped",
}
