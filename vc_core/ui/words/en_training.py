"""The words of “Train your voice”, in English."""

TRAINING_WORDS: dict[str, str] = {
    "tab_train_voice": "Train your voice",
    "train_voice_about": (
        "From recordings to a voice that can sing any song: add recordings, check them, choose a method, train and "
        "listen."
    ),
    "step_recordings": "Recordings",
    "step_doctor": "Check",
    "step_method": "Method",
    "step_training": "Training",
    "next_step": "Next",
    "train_found_again": "Go to my trainings",
    "train_recordings_about": (
        "One voice only, speaking or singing, without music. About 5 minutes is good; 1 minute is enough to start. "
        "Your files are not changed."
    ),
    "train_files": "Audio files, or a zip file of them",
    "record_lines": "Record line by line",
    "line_language": "Language of the lines",
    "take": "Your take",
    "take_keep": "Keep, next line",
    "take_skip": "Skip this line",
    "takes_delete": "Delete all takes",
    "takes_kept": "{} lines recorded, {} of {}",
    "with_takes": "Also train on my recorded lines",
    "slice_title": "Cut a long recording",
    "slice_about": (
        "Training cuts recordings by itself. Here you can get the slices, to look through them or to train elsewhere."
    ),
    "slice_min": "Shortest slice (seconds)",
    "slice_max": "Longest slice (seconds)",
    "slice_threshold": "Silence threshold (dB)",
    "slice_silence": "Shortest silence to cut at (seconds)",
    "slice_kept": "Silence kept at each end (seconds)",
    "slice_hop": "Interval of the level measurement (seconds)",
    "slice": "Cut",
    "slices": "Slices as a zip file",
    "slices_made": "{} slices, {} in all.",
    "train_separate": "The recordings contain music",
    "train_separate_info": "Separates the vocals first.",
    "train_denoise": "The recordings contain noise",
    "train_denoise_info": "Reduces steady background noise.",
    "doctor_about": (
        "Looks for noise, music, reverb, clipping, duplicates, other voices and missing speech sounds, before you "
        "spend time on training."
    ),
    "doctor": "Check recordings",
    "verdict_go": "Good: ready for training.",
    "verdict_care": "Fair: this will work, but could be better.",
    "verdict_no": "Not good enough yet.",
    "usable": "Usable: {}.",
    "sounds_heard": "Speech sounds found: {} of {}.",
    "sounds_missing": "Missing: {}.",
    "pitches": "How often each pitch occurs, low to high",
    "voice_name": "Name of the voice",
    "whose_voice": "Whose voice is it?",
    "consent_promise": "I have the right to use these recordings, and will not use this voice to deceive anyone.",
    "method_instant": "Instant: minutes, without a GPU",
    "method_notice_instant": (
        "Starts from a model trained on many voices, so 1 minute of audio and a few minutes of training are enough."
    ),
    "method_so-vits": "so-vits-svc: hours, with a GPU",
    "method_notice_so-vits": (
        "The closest likeness, from 10 minutes of recordings or more. Downloads 1.5 GB of pretrained weights the "
        "first time. Takes days without a GPU."
    ),
    "method_kmeans": "Clusters for so-vits: minutes",
    "method_notice_kmeans": (
        "Does not make a voice, but clusters that bring a so-vits voice closer to its singer. Enter the name of that "
        "voice."
    ),
    "method_retrieval": "Retrieval for so-vits: minutes",
    "method_notice_retrieval": (
        "Does not make a voice, but collects frames of the recordings, which a so-vits voice can take over for a "
        "closer likeness. Enter the name of that voice."
    ),
    "method_diffusion": "Diffusion for so-vits: hours, with a GPU",
    "method_notice_diffusion": (
        "Does not make a voice, but refines the output of a so-vits voice. Enter the name of that voice. Needs the "
        "NSF-HiFiGAN vocoder."
    ),
    "method_relgan": "RelGAN, for emotions: hours, with a GPU",
    "method_notice_relgan": (
        "Needs a folder for each emotion (neutral, happy, sad …), or ESD, RAVDESS or CREMA-D, whose licences then hold "
        "for the result. So far no better than the averages of the emotions."
    ),
    "method_cyclegan": "CycleGAN, from one speaker to another: hours, with a GPU",
    "method_notice_cyclegan": (
        "Needs a folder for each of two speakers, who need not say the same. Trained for minutes on natural voices, it "
        "was no better than their averages."
    ),
    "estimate": "How long will it take here?",
    "estimate_said": "About {} on this machine: {} steps of {} s each, just measured.",
    "train_settings": "Method settings",
    "train_settings_info": "One per line: name = value",
    "train_epochs": "Epochs (instead of steps)",
    "log_interval": "Log losses every … steps",
    "eval_interval": "Evaluate every … steps",
    "train_start": "Start training",
    "trainings": "Training",
    "trainings_none": "No trainings yet. They stay listed here, even after a reload.",
    "train_stop": "Stop",
    "train_resume": "Resume",
    "train_take": "Add the best version so far to the library",
    "train_delete": "Delete this training",
    "train_needs": "Before you start: {}.",
    "train_needs_recordings": "recordings",
    "train_needs_name": "a name for the voice",
    "train_needs_owner": "whose voice it is",
    "train_needs_promise": "your promise, by its check mark",
    "trash_sure": "Yes, delete",
    "trash_undo": "Undo the deletion",
    "chart_step": "Step",
    "chart_score": "Score of each evaluation (lower is better)",
    "chart_losses": "Losses (lower is better)",
    "train_heard_at": "Step to listen to",
    "train_sample": "Sample",
    "train_step_of": "Step {} of {}, after {} of training.",
    "train_best": "Best so far: step {}, score {:.4g}.",
    "state_waiting": "waiting",
    "state_preparing": "preparing",
    "state_training": "training",
    "state_evaluating": "evaluating",
    "state_stopped": "stopped",
    "state_finished": "finished",
    "state_failed": "failed",
    "state_interrupted": "interrupted",
    "advice_early": "Too early to tell.",
    "advice_improving": "Still improving: keep training.",
    "advice_plateau": "No improvement since step {}. You can stop; the best version is kept.",
    "advice_worse": "Getting worse since step {}. Stop now; the best version is kept.",
}
