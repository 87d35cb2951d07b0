"""In Korean."""

START_WORDS: dict[str, str] = {
    "tab_start": "시작",
    "start_about": "노래 한 곡을 나만의 버전으로 만드는 다섯 단계입니다. 단계를 누르면 해당 탭이 열립니다.",
    "start_hear": "예제 듣기",
    "start_hear_one": "{} 듣기",
    "start_heard": "재생 중: {}",
    "start_song": "노래",
    "start_song_about": "내 노래를 가져오거나 예제를 써 보세요.",
    "start_separate": "분리",
    "start_separate_about": "음악에서 보컬을 분리합니다.",
    "start_convert": "변환",
    "start_convert_about": "보컬을 다른 목소리로 바꿉니다.",
    "start_emotion": "감정",
    "start_emotion_about": "슬프게, 기쁘게 또는 차분하게 만듭니다.",
    "start_mix": "믹스",
    "start_mix_about": "보컬을 다시 음악과 합칩니다. 커버는 이 모든 단계를 한 번에 처리합니다.",
    "start_made": "예제는 합성한 노래입니다. 새 보컬은 이 앱으로 미리 만든 것으로, AI로 생성한 슬픈 목소리입니다.",
}
