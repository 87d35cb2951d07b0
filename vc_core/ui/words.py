"""Every fixed word of the pages, in English and Korean; the browser's language decides."""

import gradio as gr
from gradio.i18n import I18nData

from vc_core.reading import Limits
from vc_core.ui.finding_words import FINDING_WORDS
from vc_core.ui.visitors import EXPIRY_HOURS
from vc_core.ui.voice_words import VOICE_WORDS

LIMITS = Limits()

WORDS: dict[str, tuple[str, str]] = {
    "tagline": ("A studio for songs and voices.", "노래와 목소리를 위한 스튜디오."),
    "stop": ("Stop", "중지"),
    "advanced": ("Advanced", "고급 설정"),
    "example_song": ("Try a 24-second song", "24초 노래로 해 보기"),
    "format": ("File format of the results", "결과 파일 형식"),
    "choose_voice": ("Voice", "목소리"),
    "compare_title": ("Compare", "비교하기"),
    "compare_heard": ("What you hear", "들을 소리"),
    "compare_play": ("▶ Compare", "▶ 비교해 듣기"),
    "compare_pause": ("❚❚ Pause", "❚❚ 일시 정지"),
    "compare_position": ("Position", "재생 위치"),
    "compare_hint": (
        "All play in step. Choose which you hear; the X key goes to the next.",
        "모두 같은 위치에서 재생됩니다. 들을 소리를 고르거나, X 키로 다음 소리로 넘어갑니다.",
    ),
    "compare_before": ("Before", "원래 소리"),
    "compare_after": ("After", "바뀐 소리"),
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
    "preview": ("Preview (15 s)", "15초 미리 듣기"),
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
    # Cover
    "tab_cover": ("Cover", "커버"),
    "send_cover": ("Send to “Cover”", "“커버”로 보내기"),
    "cover_about": (
        "A song, sung by another voice over its own music: ready to play.",
        "노래를 다른 목소리가 원래 반주에 맞춰 부릅니다. 바로 들을 수 있습니다.",
    ),
    "limits_cover": (
        "WAV, FLAC, MP3, OGG, M4A or WebM, or the sound of an MP4 or MKV video; up to 1 hour.",
        "WAV, FLAC, MP3, OGG, M4A, WebM 또는 MP4·MKV 영상의 소리. 최대 1시간.",
    ),
    "link": ("or a link to a sound file", "또는 소리 파일의 링크"),
    "fetch_link": ("Fetch", "가져오기"),
    "cover_key": ("Key, to suit the voice", "목소리에 맞는 키"),
    "cover_key_octaves": ("Singing moves by octaves only", "노래만 옥타브로 옮기기"),
    "cover_key_together": ("Singing and music move together", "노래와 반주를 함께 옮기기"),
    "cover_key_off": ("Nothing is moved", "그대로"),
    "cover": ("Make the cover", "커버 만들기"),
    "cover_preview": ("Preview (15 s)", "15초 미리 듣기"),
    "cover_check": ("Check the key", "키 확인"),
    "cost": ("It takes about {} seconds, and at most {} GB of memory.", "약 {}초 걸리고, 메모리는 최대 {}GB를 씁니다."),
    "cost_guess": (
        "It may take about {} seconds, a guess until the first one is done, and at most {} GB of memory.",
        "약 {}초 걸릴 것으로 짐작합니다. 한 번 만들고 나면 더 정확해집니다. 메모리는 최대 {}GB를 씁니다.",
    ),
    "cost_lease": ("A GPU is asked for {} seconds.", "GPU를 {}초 동안 빌립니다."),
    "vocals_shift": ("Singing, moved further (semitones)", "노래를 더 옮기기 (반음)"),
    "music_shift": ("Music, moved further (semitones)", "반주를 더 옮기기 (반음)"),
    "separated_by": ("Separated by", "보컬 분리 방법"),
    "vocals_clean": ("It is vocals alone", "반주 없는 노래입니다"),
    "vocals_clean_info": ("Nothing is separated, and nothing mixed in.", "분리하거나 섞지 않습니다."),
    "vocals_db": ("Vocals louder or softer (dB)", "보컬 크기 (데시벨)"),
    "music_db": ("Music louder or softer (dB)", "반주 크기 (데시벨)"),
    "match_room": ("The original’s room", "원곡의 울림"),
    "match_room_info": (
        "Where the original rings, the new voice is made to ring as long and as loud.",
        "원래 목소리가 울리면, 새 목소리도 그만큼 울리게 합니다.",
    ),
    "match_loudness": ("As loud as the song", "원곡만큼 크게"),
    "backing_way": ("Backing vocals", "코러스"),
    "backing_together": ("Sung with the lead, by the same voice", "주 보컬과 함께 같은 목소리로"),
    "backing_left": ("Left as they are", "원래대로 두기"),
    "backing_voice": ("Sung by another voice", "다른 목소리로"),
    "backing_info": (
        "What stands in the middle is taken for the lead; what stands to the sides, and echoes, for backing. "
        "Another voice sings one line: several at once become the strongest of them.",
        "가운데에서 들리는 소리를 주 보컬로, 양옆의 소리와 주 보컬의 메아리를 코러스로 봅니다. "
        "다른 목소리는 한 줄만 부르므로, 여럿이 함께 부르면 가장 큰 소리를 따릅니다.",
    ),
    "backing_singer": ("Voice of the backing vocals", "코러스를 부를 목소리"),
    "backing_vocals": ("Backing vocals", "코러스"),
    "share": ("Share these settings", "이 설정을 공유하기"),
    "share_settings": ("Make the link", "링크 만들기"),
    "settings_link": ("Link that opens the page with these settings", "이 설정으로 페이지를 여는 링크"),
    "cover_empty": (
        "The cover will appear here, with its parts.",
        "커버와 그 부분들이 여기에 나타납니다.",
    ),
    "cover_result": ("Cover", "완성된 커버"),
    "key_picture": ("The song’s notes over the voice’s range", "목소리 음역 위의 노래 음"),
    "cover_parts": ("Its parts", "커버의 부분"),
    "cover_vocals": ("New vocals", "새 보컬"),
    "original_vocals": ("Original vocals", "원래 보컬"),
    "job": ("Number of this job", "작업 번호"),
    "cover_goes_on": (
        f"Once begun, it goes on if you close the page: the page’s address finds it again for {EXPIRY_HOURS:g} hours.",
        f"시작하면 페이지를 닫아도 계속됩니다. {EXPIRY_HOURS:g}시간 동안 이 페이지의 주소로 다시 찾을 수 있습니다.",
    ),
    "key_moved": (
        "The singing is moved by {} semitones, the music by {}.",
        "노래는 {}반음, 반주는 {}반음 옮깁니다.",
    ),
    "key_unknown": (
        "This voice doesn’t tell its range, so no key is proposed.",
        "음역을 알 수 없는 목소리라 키를 제안하지 않습니다.",
    ),
    "key_outside": (
        "{} % of the singing lies outside {}–{}, what the voice was trained on; it may sound strained there.",
        "노래의 {}%가 목소리가 배운 음역({}~{}) 밖에 있어, 그 부분은 어색할 수 있습니다.",
    ),
    "key_legend": (
        "In the picture: grey as it is sung, green after the move, red outside the voice’s range (the band).",
        "그림에서 회색은 원래 음, 초록색은 옮긴 음, 빨간색은 음역(띠) 밖의 음입니다.",
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
    "engine_relgan": ("RelGAN (experimental)", "RelGAN (실험적)"),
    "notice_own": (
        "A model of your own: it gives the emotions that it was trained on.",
        "직접 학습한 모델: 학습한 감정을 냅니다.",
    ),
    "notice_relgan": (
        "Learned happy, angry, sad, afraid and surprised from synthetic voices; hardly better than their averages.",
        "합성 음성에서 기쁨, 화남, 슬픔, 두려움, 놀람을 배웠습니다. 평균값만 쓰는 것보다 크게 낫지는 않습니다.",
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
    # Train your voice
    "tab_train_voice": ("Train your voice", "목소리 학습"),
    "train_voice_about": (
        "From recordings to a voice that can sing any song: bring them, have them examined, choose a method, listen.",
        "녹음에서 어떤 노래든 부를 수 있는 목소리까지. 녹음을 가져오고, 진단받고, 방법을 골라, 들어 봅니다.",
    ),
    "step_recordings": ("Recordings", "녹음"),
    "step_doctor": ("Check-up", "진단"),
    "step_method": ("Method", "방법"),
    "step_training": ("Training", "학습"),
    "next_step": ("Next", "다음"),
    "train_found_again": ("Look after my trainings", "내 학습 보기"),
    "train_recordings_about": (
        "One voice alone, speaking or singing, without music: about five minutes are good, one minute is a beginning. "
        "Your files stay as they are.",
        "반주 없이 한 사람의 말이나 노래. 오 분쯤이 좋고, 일 분으로도 시작할 수 있습니다. 파일은 그대로 둡니다.",
    ),
    "train_files": ("Sound files, or a zip file of them", "소리 파일 또는 zip 파일"),
    "record_lines": ("Record line by line", "한 줄씩 녹음하기"),
    "line_language": ("Language of the lines", "읽을 문장의 언어"),
    "take": ("Your take", "내 녹음"),
    "take_keep": ("Keep it, next line", "저장하고 다음 줄"),
    "take_skip": ("Skip this line", "이 줄 건너뛰기"),
    "takes_delete": ("Delete all takes", "녹음 모두 삭제"),
    "takes_kept": ("{} lines kept, {} of {}", "{}줄 저장됨, {} / {}"),
    "with_takes": ("Train on the lines I have recorded", "녹음한 줄도 학습에 쓰기"),
    "train_separate": ("There is music in them", "반주가 섞여 있음"),
    "train_separate_info": ("The vocals are taken out first.", "먼저 보컬을 분리합니다."),
    "train_denoise": ("There is noise in them", "잡음이 섞여 있음"),
    "train_denoise_info": ("Steady noise is made quieter.", "지속되는 잡음을 줄입니다."),
    "doctor_about": (
        "Listens for noise, music, rooms, clipping, copies, other voices, and for the sounds of the language, before "
        "you wait for anything.",
        "학습을 기다리기 전에 잡음, 반주, 울림, 찌그러짐, 중복, 다른 목소리가 있는지, 말소리는 고른지 들어 봅니다.",
    ),
    "doctor": ("Examine", "진단하기"),
    "verdict_go": ("Go: these are good recordings.", "좋음: 바로 학습할 수 있는 녹음입니다."),
    "verdict_care": ("Go with care: it will work, and could be better.", "주의: 학습은 되지만 더 나아질 수 있습니다."),
    "verdict_no": ("No-go: not as they are.", "보류: 이대로는 쓰기 어렵습니다."),
    "usable": ("{} can be used.", "{} 분량을 쓸 수 있습니다."),
    "sounds_heard": ("Sounds of the language that are heard: {} of {}.", "들린 말소리: {}가지 (모두 {}가지)."),
    "sounds_missing": ("Not heard: {}.", "들리지 않은 소리: {}."),
    "pitches": ("How often each pitch is heard, low to high", "음높이별로 들린 정도 (낮은 음에서 높은 음)"),
    "voice_name": ("Name of the voice", "목소리 이름"),
    "whose_voice": ("Whose voice is it?", "누구의 목소리인가요?"),
    "consent_promise": (
        "I may use these recordings, and will not deceive anybody with this voice.",
        "이 녹음을 쓸 권리가 있으며, 이 목소리로 누구도 속이지 않겠습니다.",
    ),
    "method_instant": ("Instant: minutes, without a GPU", "즉석: GPU 없이 몇 분"),
    "method_notice_instant": (
        "Starts from a decoder that has heard many voices, so a minute of sound and some minutes of time are enough.",
        "여러 목소리를 들은 디코더에서 시작하므로, 소리 일 분과 시간 몇 분이면 됩니다.",
    ),
    "method_so-vits": ("so-vits-svc: hours, on a graphics card", "so-vits-svc: GPU로 몇 시간"),
    "method_notice_so-vits": (
        "The fullest likeness, from ten minutes of recordings or more. Downloads 1.5 GB to start from, the first time; "
        "without a graphics card it takes days.",
        "녹음 십 분 이상에서 가장 닮은 목소리를 얻습니다. 처음에는 시작용 파일 1.5 GB를 내려받습니다. "
        "GPU가 없으면 며칠이 걸립니다.",
    ),
    "method_kmeans": ("Clusters for so-vits: minutes", "so-vits용 군집: 몇 분"),
    "method_notice_kmeans": (
        "Makes no voice, but what a so-vits voice can be drawn towards for a clearer likeness.",
        "목소리가 아니라, so-vits 목소리를 더 닮게 끌어당길 군집을 만듭니다.",
    ),
    "method_diffusion": ("Diffusion for so-vits: hours, on a graphics card", "so-vits용 디퓨전: GPU로 몇 시간"),
    "method_notice_diffusion": (
        "Makes no voice, but draws what a so-vits voice sings anew, more finely. It needs the vocoder NSF-HiFiGAN.",
        "목소리가 아니라, so-vits 목소리가 부른 것을 더 곱게 다시 그립니다. NSF-HiFiGAN 보코더가 필요합니다.",
    ),
    "estimate": ("How long will it take here?", "여기서는 얼마나 걸릴까요?"),
    "estimate_said": (
        "About {} on this machine: {} steps of {} s each, measured just now.",
        "이 컴퓨터에서 약 {}. {}단계, 한 단계에 {}초 (방금 측정).",
    ),
    "train_settings": ("Settings of the method", "방법의 설정"),
    "train_settings_info": ("One in each line: name = value.", "한 줄에 하나씩: 이름 = 값"),
    "train_epochs": ("Epochs, instead of steps", "에포크 (단계 대신)"),
    "log_interval": ("Note losses every … steps", "손실 기록 간격 (단계)"),
    "eval_interval": ("Listen every … steps", "들어 보기 간격 (단계)"),
    "train_start": ("Start training", "학습 시작"),
    "trainings": ("Training", "학습 목록"),
    "trainings_none": (
        "No training yet. It will be found here again, also after a reload.",
        "아직 학습이 없습니다. 새로 고쳐도 여기에서 다시 찾을 수 있습니다.",
    ),
    "train_stop": ("Stop", "중지"),
    "train_resume": ("Resume", "이어서 학습"),
    "train_take": ("Put the best so far into the library", "지금까지 가장 좋은 목소리를 목록에 넣기"),
    "train_delete": ("Delete this training", "이 학습 삭제"),
    "train_chart": ("Losses and score: lower is better", "손실과 점수: 낮을수록 좋음"),
    "train_heard_at": ("Listen to step", "들어 볼 단계"),
    "train_sample": ("Sample", "들어 보기"),
    "train_step_of": ("Step {} of {}, after {} of training.", "{} / {}단계, 학습 시간 {}."),
    "train_best": ("Best so far: step {}, score {:.4g}.", "지금까지 최고: {}단계, 점수 {:.4g}."),
    "state_waiting": ("waiting", "대기 중"),
    "state_preparing": ("preparing", "준비 중"),
    "state_training": ("training", "학습 중"),
    "state_evaluating": ("singing", "들어 보는 중"),
    "state_stopped": ("stopped", "멈춤"),
    "state_finished": ("finished", "완료"),
    "state_failed": ("failed", "실패"),
    "state_interrupted": ("interrupted", "중단됨"),
    "advice_early": ("It is too early to say how it goes.", "아직 판단하기 이릅니다."),
    "advice_improving": ("It is still getting better: let it go on.", "계속 나아지고 있습니다. 더 학습하세요."),
    "advice_plateau": (
        "No better since step {}: you can stop, and the best is kept.",
        "{}단계 이후 나아지지 않습니다. 멈춰도 되며 가장 좋은 것이 남습니다.",
    ),
    "advice_worse": (
        "Getting worse since step {}: stop, and the best is kept.",
        "{}단계 이후 나빠지고 있습니다. 멈추세요. 가장 좋은 것이 남습니다.",
    ),
} | VOICE_WORDS
WORDS |= FINDING_WORDS

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
