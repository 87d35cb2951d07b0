"""Messages of a training's page in Korean: what was added to the library, and what was deleted."""

TRAINING_ERRORS: dict[str, str] = {
    "This version is in the library already, as “{name}”.": "이 결과는 이미 “{name}”(으)로 목록에 있습니다.",
    "It is in the library as “{name}”, beside the voice that had its name.": (
        "같은 이름의 목소리가 이미 있어 “{name}”(으)로 목록에 추가했습니다."
    ),
    "“{name}” is in the library.": "“{name}” 목소리를 목록에 추가했습니다.",
    "It has been deleted. For a day, this can be undone.": "삭제했습니다. 하루 동안 취소할 수 있습니다.",
}
