"""The words of takes and presets, in English."""

from vc_core.ui.server.sessions import EXPIRY_HOURS

TAKES_WORDS: dict[str, str] = {
    "takes": "Takes",
    "takes_about": (
        "Every result of this session. Choose one to hear it, or two to play them in step. They are deleted when the "
        f"page is closed or reloaded, and after {EXPIRY_HOURS:g} hours; what you keep stays on this machine."
    ),
    "takes_about_shared": (
        "Every result of this session. Choose one to hear it, or two to play them in step. All are deleted when the "
        f"page is closed or reloaded, and after {EXPIRY_HOURS:g} hours: download what you need. "
        "Those that you keep are deleted last when there are too many."
    ),
    "takes_choose": "One take, or two to compare",
    "take_sound": "Take",
    "take_files": "Files",
    "take_put_back": "Put settings back",
    "take_keep": "Keep",
    "take_is_kept": "kept",
    "take_is_preview": "preview",
    "take_delete": "Delete this take",
    "take_title": "Title",
    "take_rename": "Rename",
    "presets": "Presets",
    "presets_about": "The settings of this tab under a name, without the song. `vc` takes them too, with `--preset`.",
    "presets_about_shared": (
        "The settings of this tab under a name, without the song. They are deleted when the page is closed or "
        "reloaded: export what you need."
    ),
    "preset": "Preset",
    "preset_name": "Save the present settings as",
    "preset_save": "Save",
    "preset_delete": "Delete this preset",
    "preset_export": "Export",
    "preset_import": "Import a preset",
}
