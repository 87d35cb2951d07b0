"""In Korean, with the messages of the shell about output files."""

MANY_FILES_WORDS: dict[str, str] = {
    "many_files": "여러 파일",
    "many_about": (
        "모든 파일에 이 탭의 설정이 적용됩니다. 페이지를 닫아도 작업은 계속되며, 페이지 주소로 다시 찾을 수 있습니다."
    ),
    "many_input": "오디오 파일",
    "many_folder": "폴더 추가",
    "many_separate": "모두 분리",
    "many_cover": "모두 커버 만들기",
    "many_convert": "모두 변환",
    "many_emotion": "모두 감정 입히기",
    "many_retry": "끝나지 않은 파일 다시 시도",
    "many_archive": "모든 결과(zip 파일)",
    "many_title": "파일과 결과",
    "many_file": "파일",
    "many_state": "상태",
    "many_results": "결과",
    "many_play": "{} 재생",
    "many_pause": "{} 일시 정지",
    "many_download": "{} 다운로드",
    "file_waiting": "대기 중",
    "file_running": "작업 중",
    "file_done": "완료",
    "file_failed": "실패",
    "file_stopped": "중지됨",
}
MANY_FILES_ERRORS: dict[str, str] = {
    "Choose the files first.": "먼저 파일을 선택하세요.",
    "At most {most} files can be done at once.": "한 번에 파일 {most}개까지 처리할 수 있습니다.",
    "There is no part “{part}”. There are: {known}.": "“{part}” 트랙이 없습니다. 사용할 수 있는 것: {known}.",
    "Nothing is written as “{ending}”. A file ends in {known}; a folder of such a name must exist already.":
        "“{ending}” 형식으로는 저장할 수 없습니다. 파일 확장자는 {known}입니다. "
        "그런 이름의 폴더라면 먼저 만들어 두세요.",
    "“{file}” is one file, for one source. For several, name a folder.":
        "“{file}”은(는) 파일 하나여서 원본도 하나여야 합니다. 여러 개라면 폴더를 지정하세요.",
    "This writes several files. Name a folder instead of “{file}”.":
        "파일이 여러 개 만들어집니다. “{file}” 대신 폴더를 지정하세요.",
    "Without a question, say --yes.": "확인 없이 진행하려면 --yes를 쓰세요.",
}  # fmt: skip
