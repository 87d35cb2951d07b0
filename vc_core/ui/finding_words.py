"""What the doctor of “Train your voice” finds, in English as the core says it, and in Korean."""

from vc_core.training.findings import IN_ENGLISH

_IN_KOREAN: dict[str, tuple[str, str]] = {
    "no voice": ("클립 {all}개 중 {some}개에서 목소리가 들리지 않습니다.", "빼거나 다시 녹음하세요."),
    "music": ("클립 {all}개 중 {some}개에 반주가 섞여 있습니다.", "먼저 보컬을 분리하세요."),
    "hum": (
        "클립 {all}개 중 {some}개에서 웅 하는 전기음이 들립니다.",
        "잡음을 줄이거나, 조명과 충전기, 긴 케이블에서 떨어져 다시 녹음하세요.",
    ),
    "noise": ("클립 {all}개 중 {some}개에 잡음이 섞여 있습니다.", "잡음을 줄이거나, 조용한 곳을 찾으세요."),
    "room": (
        "클립 {all}개 중 {some}개에서 방이 울립니다.",
        "마이크 가까이에서, 커튼이나 옷, 침대처럼 부드러운 것 사이에서 녹음하세요.",
    ),
    "clipping": (
        "클립 {all}개 중 {some}개에서 큰 소리가 잘렸습니다.",
        "입력 음량을 낮춰 다시 녹음하세요. 고칠 수 없는 문제입니다.",
    ),
    "offset": (
        "클립 {all}개 중 {some}개의 파형이 영점을 벗어나 있습니다.",
        "저절로 바로잡으니 그대로 두어도 됩니다. 다만 마이크에 문제가 있을 수 있습니다.",
    ),
    "quiet": (
        "클립 {all}개 중 {some}개의 목소리가 아주 작습니다.",
        "키우면 잡음도 함께 커집니다. 더 가까이에서, 또는 입력 음량을 높여 녹음하세요.",
    ),
    "dull": (
        "클립 {all}개 중 {some}개에 전화 목소리처럼 높은 소리가 없습니다.",
        "원본을 찾아보세요. 통화나 강한 압축으로 잃은 소리는 되살릴 수 없습니다.",
    ),
    "unreadable": ("“{title}”은(는) 쓸 수 없습니다: {reason}", "빼거나 다시 가져오세요."),
    "silent": ("“{title}”에는 소리가 없습니다.", "빼거나 다시 녹음하세요."),
    "other voice": (
        "클립 {all}개 중 {some}개에서 다른 사람의 목소리가 들리는 듯합니다.",
        "정말 그렇다면 빼세요. 목소리가 섞이게 됩니다.",
    ),
    "duplicate": (
        "클립 {all}개 중 {some}개에서 다른 클립과 같은 녹음이 또 들립니다.",
        "같은 것은 빼세요. 도움이 되지 않습니다.",
    ),
    "uneven": (
        "어떤 녹음은 다른 녹음보다 {louder_db:.0f}데시벨 큽니다.",
        "크기는 고르게 맞추지만, 작은 녹음은 잡음도 함께 커집니다.",
    ),
    "too little": (
        "쓸 수 있는 소리가 {usable:.0f}초뿐입니다.",
        "적어도 {least:.0f}초는 가져오세요. 몇 분이면 더 좋습니다.",
    ),
    "narrow": (
        "모든 소리가 {low_hz:.0f}~{high_hz:.0f}Hz 사이에 있습니다.",
        "더 높은 음과 낮은 음도 넣으세요. 그러지 않으면 이 음역을 벗어난 노래에서 나빠집니다.",
    ),
    "few sounds": (
        "이 언어의 소리 {all}가지 중 {heard}가지만 들립니다. 들리지 않은 소리: {missing}.",
        "다른 문장도 읽어 보세요. 여기서 한 줄씩 녹음할 수 있는 문장이 좋습니다.",
    ),
}

FINDING_WORDS: dict[str, tuple[str, str]] = {
    f"{word}_{kind}": (english[at], _IN_KOREAN[kind][at])
    for kind, english in IN_ENGLISH.items()
    for at, word in enumerate(("finding", "remedy"))
}
