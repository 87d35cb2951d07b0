"""The words and error messages of live singing, in Korean."""

LIVE_WORDS: dict[str, str] = {
    "live": "또는 마이크로 실시간 노래하기",
    "live_about": (
        "노래하는 동안 고른 목소리로 바로 들립니다. 목소리와 키는 부르는 중에도 바꿀 수 있습니다. "
        "녹음하지 않으면 저장되지 않습니다. 빠른 학습 목소리는 어디서나 되고, 그 밖의 목소리에는 GPU가 필요합니다."
    ),
    "look_ahead": "지연",
    "look_ahead_shortest": "가장 짧게 (발음이 덜 또렷함)",
    "look_ahead_short": "짧게",
    "look_ahead_clearest": "길게 (발음이 가장 또렷함)",
    "live_start": "노래 시작",
    "live_wait": "잠시만요…",
    "live_record": "부른 노래 녹음하기",
    "live_recorded": "부른 노래",
    "live_microphone": "마이크",
    "live_channel": "채널",
    "live_all_channels": "모두",
    "live_speaker": "헤드폰",
    "live_default": "기본 장치",
    "live_volume": "목소리 음량",
    "live_input": "내 소리",
    "live_output": "바뀐 목소리",
    "live_network": "네트워크",
    "live_engine": "변환",
    "live_total": "전체 지연",
    "live_gaps": "끊김",
    "live_headphones": "헤드폰을 쓰세요. 그러지 않으면 마이크가 바뀐 목소리를 다시 받아 하울링이 생깁니다.",
    "live_feedback": "하울링이 생긴 것 같아 소리를 껐습니다. 헤드폰을 쓰고 음량을 다시 올리세요.",
    "live_slow": "서버가 따라가지 못해 노래 일부가 빠지고 있습니다.",
    "live_denied": "브라우저에서 마이크를 허용하지 않았습니다. 이 페이지에 마이크를 허용한 뒤 다시 시작하세요.",
    "live_no_microphone": "마이크를 찾을 수 없습니다. 마이크를 연결한 뒤 다시 시작하세요.",
    "live_insecure": "브라우저는 HTTPS 페이지나 이 컴퓨터 자체에서만 마이크를 허용합니다.",
    "live_failed": "마이크나 출력 장치를 쓸 수 없습니다. 다른 장치를 고른 뒤 다시 시작하세요.",
    "live_lost": "서버와의 연결이 끊어졌습니다. 다시 시작하세요.",
}

# fmt: off
LIVE_ERRORS: dict[str, str] = {
    "“{voice}” can't sing live without a GPU. Choose an instant voice, such as Clara.":
        "“{voice}”은(는) GPU 없이 실시간으로 노래할 수 없습니다. Clara 같은 빠른 학습 목소리를 고르세요.",
    "What the microphone sent is not sound. Start again.":
        "마이크에서 받은 데이터가 소리가 아닙니다. 다시 시작하세요.",
    "No sound arrives from your microphone. Start again.": "마이크에서 소리가 오지 않습니다. 다시 시작하세요.",
    "More sound arrived than can be sung in that time. Start again.":
        "그 시간에 부를 수 있는 것보다 많은 소리가 도착했습니다. 다시 시작하세요.",
    "The {minutes:g} minutes of a session are over. Start again.":
        "한 번에 노래할 수 있는 {minutes:g}분이 지났습니다. 다시 시작하세요.",
    "You are singing live already. Stop there first.": "이미 실시간으로 노래하고 있습니다. 먼저 그쪽을 중지하세요.",
    "The server is busy: {count} people are singing live. Try again later.":
        "서버가 바쁩니다. {count}명이 실시간으로 노래하고 있습니다. 나중에 다시 시도하세요.",
}
