"""The words and messages of takes and presets, in Korean."""

from vc_core.ui.server.sessions import EXPIRY_HOURS

TAKES_WORDS: dict[str, str] = {
    "takes": "테이크",
    "takes_about": (
        "이 세션에서 만든 모든 결과입니다. 하나를 고르면 들을 수 있고, 둘을 고르면 나란히 맞춰 재생합니다. "
        "페이지를 닫거나 새로 고칠 때, "
        f"그리고 {EXPIRY_HOURS:g}시간 뒤에 삭제됩니다. 보관한 테이크는 이 컴퓨터에 남습니다."
    ),
    "takes_about_shared": (
        "이 세션에서 만든 모든 결과입니다. 하나를 고르면 들을 수 있고, 둘을 고르면 나란히 맞춰 재생합니다. "
        "페이지를 닫거나 새로 고칠 때, "
        f"그리고 {EXPIRY_HOURS:g}시간 뒤에 모두 삭제되니 필요한 것은 내려받으세요. "
        "테이크가 너무 많아지면 보관한 것은 마지막에 삭제됩니다."
    ),
    "takes_choose": "테이크 하나, 또는 비교할 둘",
    "take_sound": "테이크",
    "take_files": "파일",
    "take_put_back": "설정 되돌리기",
    "take_keep": "보관",
    "take_is_kept": "보관됨",
    "take_is_preview": "미리 듣기",
    "take_delete": "이 테이크 삭제",
    "take_title": "제목",
    "take_rename": "이름 바꾸기",
    "presets": "프리셋",
    "presets_about": "이 탭의 설정을 노래 없이 이름으로 저장합니다. 명령어 `vc`에서도 `--preset`으로 쓸 수 있습니다.",
    "presets_about_shared": (
        "이 탭의 설정을 노래 없이 이름으로 저장합니다. 페이지를 닫거나 새로 고치면 삭제되니 필요한 것은 내보내세요."
    ),
    "preset": "프리셋",
    "preset_name": "현재 설정을 저장할 이름",
    "preset_save": "저장",
    "preset_delete": "이 프리셋 삭제",
    "preset_export": "내보내기",
    "preset_import": "프리셋 가져오기",
}
TAKES_ERRORS: dict[str, str] = {
    "This take is not there any more.": "이 테이크는 더 이상 없습니다.",
    "Give the take a title.": "테이크의 제목을 입력하세요.",
    "There is nothing to restore.": "복원할 것이 없습니다.",
    "Give the preset a name first.": "먼저 프리셋의 이름을 입력하세요.",
    "This is no preset of Voice Studio.": "Voice Studio의 프리셋이 아닙니다.",
    "“{file}” is no preset of Voice Studio.": "“{file}”은(는) Voice Studio의 프리셋이 아닙니다.",
    "“{file}” is no preset: it has more than {count} KB.": "“{file}”은(는) 프리셋이 아닙니다. {count}KB보다 큽니다.",
    "A preset has a name of at most {count} letters.": "프리셋의 이름은 {count}자까지입니다.",
    "The setting “{name}” is a text of at most {count} letters.": "“{name}” 설정은 {count}자까지의 글입니다.",
    "There is no setting “{name}” in “{task}”.": "“{task}”에는 “{name}” 설정이 없습니다.",
    "The setting “{name}” has a value of the wrong type.": "“{name}” 설정의 값이 올바른 형식이 아닙니다.",
    "There is no preset “{name}”. There are: {known}.": "“{name}” 프리셋이 없습니다. 있는 프리셋: {known}.",
    "There are {count} presets already. Delete one first.": "프리셋이 이미 {count}개 있습니다. 먼저 하나를 삭제하세요.",
    "“{file}” is a preset for “{other}”, not for “{task}”.": (
        "“{file}”은(는) “{task}”가 아니라 “{other}”의 프리셋입니다."
    ),
    "This is not there any more, the rest was set: {missing}.": (
        "더 이상 없는 것은 빼고 나머지를 설정했습니다: {missing}."
    ),
}
