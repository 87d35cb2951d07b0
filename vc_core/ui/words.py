"""Every fixed word of the pages, in English and Korean; the browser's language decides."""

import gradio as gr
from gradio.i18n import I18nData

from vc_core.reading import Limits

LIMITS = Limits()

WORDS: dict[str, tuple[str, str]] = {
    "tagline": ("A studio for songs and voices.", "노래와 목소리를 위한 스튜디오."),
    "stop": ("Stop", "중지"),
    "advanced": ("Advanced", "고급 설정"),
    "example_song": ("Try a 24-second song", "24초 노래로 해 보기"),
    "format": ("File format of the results", "결과 파일 형식"),
    "choose_voice": ("Voice", "목소리"),
    # Separate vocals
    "tab_separate_vocals": ("Separate vocals", "보컬 분리"),
    "send_separate_vocals": ("Send to “Separate vocals”", "“보컬 분리”로 보내기"),
    "separate_vocals_about": (
        "Take a song apart: the voice on one side, the music on the other.",
        "노래를 목소리와 반주로 나눕니다.",
    ),
    "song": ("Song", "노래"),
    "limits": (
        "WAV, FLAC, MP3, OGG, M4A or WebM, or the sound of an MP4 or MKV video; "
        f"up to {LIMITS.hours:g} hours and {LIMITS.gigabytes:g} GB.",
        f"WAV, FLAC, MP3, OGG, M4A, WebM 또는 MP4·MKV 영상의 소리. 최대 {LIMITS.hours:g}시간, {LIMITS.gigabytes:g}GB.",
    ),
    "limits_voice": (
        "WAV, FLAC, MP3, OGG, M4A or WebM, or the sound of an MP4 or MKV video; up to 30 minutes.",
        "WAV, FLAC, MP3, OGG, M4A, WebM 또는 MP4·MKV 영상의 소리. 최대 30분.",
    ),
    "open_video": ("Take it from a video", "영상에서 가져오기"),
    "engine": ("Method", "방법"),
    "engine_starter": ("Starter model", "기본 모델"),
    "notice_starter": (
        "Comes with the app. It was trained on synthetic sound only: often cleaner than the preview, at times not.",
        "앱에 들어 있는 모델입니다. 합성한 소리로만 학습해, 미리 듣기보다 대체로 깨끗하지만 아닐 때도 있습니다.",
    ),
    "engine_spleeter": ("Spleeter", "Spleeter 모델"),
    "notice_spleeter": (
        "Deezer's models, trained on real songs. Fast.",
        "실제 노래로 학습한 Deezer의 모델입니다. 빠릅니다.",
    ),
    "engine_demucs": ("Demucs", "Demucs 모델"),
    "notice_demucs": (
        "Much cleaner than Spleeter, and many times slower without a GPU.",
        "Spleeter보다 훨씬 깨끗하지만, GPU가 없으면 몇 배 느립니다.",
    ),
    "engine_demucs-ft": ("Demucs, fine-tuned", "Demucs (미세 조정)"),
    "notice_demucs-ft": (
        "The cleanest. For four parts it takes four times as long as Demucs.",
        "가장 깨끗합니다. 네 부분으로 나눌 때는 Demucs보다 네 배 오래 걸립니다.",
    ),
    "engine_spleeter-original": ("Spleeter, the original package", "Spleeter (원래 패키지)"),
    "notice_spleeter-original": (
        "Deezer's own program, for comparison: the same parts, more slowly and with more memory.",
        "비교를 위한 Deezer의 원래 프로그램입니다. 결과는 같지만 더 느리고 메모리를 더 씁니다.",
    ),
    "engine_repet": ("Quick preview, no model", "빠른 미리 듣기 (모델 없음)"),
    "notice_repet": (
        "A preview: it works without any model, and leaves some of the music in the vocals.",
        "미리 듣기입니다. 모델 없이 작동하며, 보컬에 반주가 조금 남습니다.",
    ),
    "stems": ("Parts", "나눌 개수"),
    "preview": ("Preview 15 seconds", "15초 미리 듣기"),
    "preview_from": ("Preview from this second on", "미리 듣기를 시작할 위치(초)"),
    "treble": ("Separate up to 16 kHz", "16kHz까지 분리"),
    "treble_info": (
        "The models hear up to 11 kHz; what is above goes to the last part. Beyond that they guess.",
        "모델은 11kHz까지만 듣고, 그 위의 소리는 마지막 부분에 남깁니다. 그 이상은 짐작입니다.",
    ),
    "sum_to_song": ("The parts add up to the song", "나눈 소리를 합치면 원곡이 되게"),
    "sum_to_song_info": (
        "What no part claims goes to the last one, so that nothing is lost.",
        "어디에도 속하지 않는 소리는 마지막 부분에 넣어, 잃는 소리가 없게 합니다.",
    ),
    "drums": ("Drums", "드럼"),
    "bass": ("Bass", "베이스"),
    "piano": ("Piano", "피아노"),
    "other": ("Other instruments", "그 밖의 악기"),
    "all_stems": ("All parts in one zip", "모두 담은 zip"),
    "pictures": ("Before and after", "전과 후"),
    "needs_download": (
        "Its model ({} MB) is downloaded the first time.",
        "처음 쓸 때 모델({}MB)을 내려받습니다.",
    ),
    "needs_install": (
        "It is not installed here; the README says how to add it.",
        "여기에는 설치되어 있지 않습니다. 설치 방법은 README에 있습니다.",
    ),
    "separate": ("Separate", "분리하기"),
    "vocals": ("Vocals", "보컬"),
    "accompaniment": ("Accompaniment", "반주"),
    "stems_empty": (
        "The parts will appear here, to listen to and to download.",
        "나뉜 소리가 여기에 나타나며, 듣고 내려받을 수 있습니다.",
    ),
    # Add emotion
    "tab_add_emotion": ("Add emotion", "감정 더하기"),
    "send_add_emotion": ("Send to “Add emotion”", "“감정 더하기”로 보내기"),
    "add_emotion_about": (
        "Let a voice sound happy, sad, angry … as much as you like.",
        "목소리를 기쁘게, 슬프게, 화나게. 원하는 만큼 바꿉니다.",
    ),
    "a_voice": ("A voice, speaking or singing, without music", "반주 없는 목소리 (말이나 노래)"),
    "example_line": ("Try a spoken line", "말소리 예제로 해 보기"),
    "emotion_wanted": ("Emotion", "감정"),
    "emotion_source": ("Emotion that is in it now", "지금 담긴 감정"),
    "intensity": ("Intensity: 0 changes nothing, 1 is the full emotion", "세기: 0은 그대로, 1은 완전한 감정"),
    "emotion": ("Add emotion", "감정 더하기"),
    "emotion_steps": ("Hear five steps", "다섯 단계로 듣기"),
    "changes_tempo": ("The emotion changes the speed", "감정에 따라 빠르기도 바꾸기"),
    "is_singing": ("It is singing", "노래입니다"),
    "is_singing_info": ("Melody and beat stay as they are.", "멜로디와 박자는 그대로 둡니다."),
    "engine_rules": ("Rules of phonetics", "음성학 규칙"),
    "notice_rules": (
        "Works without a model: pitch, speed, loudness and colour move as phonetics describes each emotion.",
        "모델 없이 작동합니다. 음높이, 빠르기, 크기, 음색을 음성학이 설명하는 대로 바꿉니다.",
    ),
    "emotion_empty": ("The result will appear here.", "결과가 여기에 나타납니다."),
    "emotion_result": ("Result", "결과"),
    "curves": ("Pitch and loudness, before and after", "음높이와 크기, 전과 후"),
    "curves_legend": (
        "In the picture: pitch above, loudness below; grey before, green after.",
        "그림에서 위는 음높이, 아래는 크기입니다. 회색은 전, 초록색은 후입니다.",
    ),
    "step_0": ("0 %: as it was", "0%: 원래대로"),
    "step_25": ("25 %", "25% 세기"),
    "step_50": ("50 %", "50% 세기"),
    "step_75": ("75 %", "75% 세기"),
    "step_100": ("100 %", "100% 세기"),
    "emotion_neutral": ("None (neutral)", "없음 (중립)"),
    "emotion_guess": ("Guess it", "추측하기"),
    "emotion_happy": ("Happy", "기쁨"),
    "emotion_angry": ("Angry", "화남"),
    "emotion_sad": ("Sad", "슬픔"),
    "emotion_fear": ("Afraid", "두려움"),
    "emotion_surprise": ("Surprised", "놀람"),
    "emotion_disgust": ("Disgusted", "혐오"),
    "emotion_bored": ("Bored", "지루함"),
    "emotion_calm": ("Calm", "차분함"),
    "emotion_excited": ("Excited", "신남"),
    "emotion_despair": ("In despair", "절망"),
    "emotion_panic": ("In panic", "공황"),
    # Voices
    "tab_voices": ("Voices", "목소리 목록"),
    "voices_about": (
        "The voices you can convert to: whose they are, and whether their files are intact.",
        "변환에 쓸 수 있는 목소리입니다. 누구의 목소리인지, 파일이 온전한지 확인합니다.",
    ),
    "no_voices": (
        "No voices yet. Add one below: a zip file that somebody gave you, or a voice on the Hub.",
        "아직 목소리가 없습니다. 아래에서 받은 zip 파일이나 Hub의 목소리를 추가하세요.",
    ),
    "consent_synthetic": ("A synthetic voice, of no real person", "실제 사람이 아닌 합성 목소리"),
    "consent_own": ("The voice of the person who trained it", "학습한 사람 본인의 목소리"),
    "consent_permission": ("Someone’s voice, with their written permission", "서면으로 허락받은 목소리"),
    "licence": ("Licence", "라이선스"),
    "pitch_range": ("Pitch range", "음역"),
    "origin": ("Origin", "출처"),
    "check_files": ("Check its files", "파일 검사"),
    "export_voice": ("Export as zip", "zip으로 내보내기"),
    "delete_voice": ("Delete", "삭제"),
    "delete_sure": ("Yes, delete it for good", "네, 완전히 삭제합니다"),
    "keep_it": ("No, keep it", "아니요, 그대로 둡니다"),
    "exported": ("Exported voice", "내보낸 목소리"),
    "add_voice": ("Add a voice", "목소리 추가"),
    "add_by_file": ("Voice as a zip file", "목소리 zip 파일"),
    "add_by_repo": ("or a voice on the Hugging Face Hub", "또는 Hugging Face Hub의 목소리"),
    "add_by_repo_info": ("owner/name, or its link", "owner/name 또는 링크"),
    "add_name": ("Another name for it", "다른 이름"),
    "add_name_info": ("Leave empty to keep its own.", "비워 두면 원래 이름을 씁니다."),
    "add": ("Add", "추가"),
    "publish_voice": ("Publish a voice on the Hub", "Hub에 목소리 공개"),
    "publish_repo": ("Repo to publish to", "공개할 저장소"),
    "publish_repo_info": ("your-name/name-of-the-voice", "내-이름/목소리-이름"),
    "token": ("Access token with write permission", "쓰기 권한이 있는 액세스 토큰"),
    "token_info": (
        "From huggingface.co/settings/tokens. It is used once and not kept.",
        "huggingface.co/settings/tokens에서 만듭니다. 한 번만 쓰고 저장하지 않습니다.",
    ),
    "private": ("Only I can see it", "나만 볼 수 있게"),
    "publish": ("Publish", "공개하기"),
    "check_origin": ("Was this made here?", "여기서 만든 소리인가요?"),
    "check_origin_about": (
        "Every converted file says that it is AI-generated, by which voice and when. Read it back here.",
        "변환된 모든 파일에는 AI로 만들었다는 사실과 목소리, 시각이 적혀 있습니다. 여기서 읽어 봅니다.",
    ),
    "sound_file": ("Sound file", "소리 파일"),
    "check": ("Check", "확인"),
}

TRANSLATIONS = gr.I18n(
    en={key: english for key, (english, _) in WORDS.items()},
    ko={key: korean for key, (_, korean) in WORDS.items()},
)


def word(key: str) -> I18nData:
    """The word in the visitor's language; a key without one is a mistake of ours."""
    if key not in WORDS:
        raise KeyError(f"no word for {key!r}")
    return TRANSLATIONS(key)


def said_to(request: gr.Request | None, key: str) -> str:
    """The word as plain text, for what is put together on the server."""
    languages = request.headers.get("accept-language", "") if request else ""
    return WORDS[key][1 if languages.lower().startswith("ko") else 0]
