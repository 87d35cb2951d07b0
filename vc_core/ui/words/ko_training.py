"""The words of “Train your voice”, in Korean."""

TRAINING_WORDS: dict[str, str] = {
    "tab_train_voice": "목소리 학습",
    "train_voice_about": (
        "녹음만 있으면 어떤 노래든 부르는 목소리를 만들 수 있습니다. 녹음을 추가하고, 점검하고, 방법을 골라 학습한 "
        "뒤 들어 보세요."
    ),
    "step_recordings": "녹음",
    "step_doctor": "점검",
    "step_method": "방법",
    "step_training": "학습",
    "next_step": "다음",
    "train_found_again": "내 학습으로 이동",
    "train_recordings_about": (
        "반주 없이 한 사람이 말하거나 노래한 녹음을 준비하세요. 5분 정도가 좋고, 1분으로도 시작할 수 있습니다. "
        "파일은 바뀌지 않습니다."
    ),
    "train_files": "오디오 파일 또는 오디오가 든 zip 파일",
    "record_lines": "한 문장씩 녹음하기",
    "line_language": "문장 언어",
    "take": "내 녹음",
    "take_keep": "저장하고 다음 문장",
    "take_skip": "이 문장 건너뛰기",
    "takes_delete": "녹음 모두 삭제",
    "takes_kept": "{}문장 저장됨, {} / {}",
    "with_takes": "녹음한 문장도 학습에 사용",
    "slice_title": "긴 녹음 자르기",
    "slice_about": (
        "학습할 때는 녹음을 자동으로 자릅니다. 조각을 직접 살펴보거나 다른 곳에서 학습하려면 여기서 내려받으세요."
    ),
    "slice_min": "가장 짧은 조각 (초)",
    "slice_max": "가장 긴 조각 (초)",
    "slice_threshold": "무음 기준 (데시벨)",
    "slice_silence": "자를 수 있는 최소 무음 (초)",
    "slice_kept": "양 끝에 남길 무음 (초)",
    "slice_hop": "음량 측정 간격 (초)",
    "slice": "자르기",
    "slices": "조각 zip 파일",
    "slices_made": "조각 {}개, 모두 {}.",
    "train_separate": "녹음에 반주가 있음",
    "train_separate_info": "먼저 보컬을 분리합니다.",
    "train_denoise": "녹음에 잡음이 있음",
    "train_denoise_info": "일정하게 깔린 잡음을 줄입니다.",
    "doctor_about": (
        "학습에 시간을 들이기 전에 잡음, 반주, 울림, 클리핑, 중복, 다른 사람의 목소리, 빠진 말소리가 있는지 점검합니다."
    ),
    "doctor": "녹음 점검",
    "verdict_go": "좋음: 바로 학습할 수 있습니다.",
    "verdict_care": "보통: 학습할 수 있지만 더 나아질 수 있습니다.",
    "verdict_no": "아직 학습하기에 부족합니다.",
    "usable": "사용 가능: {}.",
    "sounds_heard": "확인된 말소리: {} / {}가지.",
    "sounds_missing": "빠진 소리: {}.",
    "pitches": "음높이 분포 (낮은 음에서 높은 음)",
    "voice_name": "목소리 이름",
    "whose_voice": "누구의 목소리인가요?",
    "consent_promise": "이 녹음을 사용할 권리가 있으며, 이 목소리로 다른 사람을 속이지 않겠습니다.",
    "method_instant": "빠른 학습: GPU 없이 몇 분",
    "method_notice_instant": "여러 목소리로 미리 학습한 모델에서 시작하므로, 녹음 1분과 학습 몇 분이면 충분합니다.",
    "method_so-vits": "so-vits-svc: GPU로 몇 시간",
    "method_notice_so-vits": (
        "10분 이상의 녹음으로 가장 닮은 목소리를 만듭니다. 처음에는 사전 학습 가중치 1.5GB를 내려받습니다. GPU가 "
        "없으면 며칠이 걸립니다."
    ),
    "method_kmeans": "so-vits용 클러스터: 몇 분",
    "method_notice_kmeans": (
        "목소리가 아니라, so-vits 목소리를 가수와 더 닮게 해 주는 클러스터를 만듭니다. 그 목소리의 이름을 입력하세요."
    ),
    "method_retrieval": "so-vits용 검색 표: 몇 분",
    "method_notice_retrieval": (
        "목소리가 아니라, so-vits 목소리가 더 닮게 가져다 쓸 녹음 프레임을 모읍니다. 그 목소리의 이름을 입력하세요."
    ),
    "method_diffusion": "so-vits용 디퓨전: GPU로 몇 시간",
    "method_notice_diffusion": (
        "목소리가 아니라, so-vits 목소리의 결과를 더 섬세하게 다듬는 디퓨전 모델을 만듭니다. 그 목소리의 이름을 "
        "입력하세요. NSF-HiFiGAN 보코더가 필요합니다."
    ),
    "method_relgan": "RelGAN, 감정용: GPU로 몇 시간",
    "method_notice_relgan": (
        "감정마다(neutral, happy, sad …) 폴더가 하나씩 필요합니다. ESD, RAVDESS, CREMA-D도 쓸 수 있지만 결과에 그 "
        "라이선스가 적용됩니다. 지금까지는 감정별 평균값보다 낫지 않았습니다."
    ),
    "method_cyclegan": "CycleGAN, 한 사람에서 다른 사람으로: GPU로 몇 시간",
    "method_notice_cyclegan": (
        "두 사람의 녹음을 각각의 폴더에 넣으세요. 같은 말이 아니어도 됩니다. 자연스러운 음성으로 몇 분 학습했을 때는 "
        "두 사람의 평균값보다 낫지 않았습니다."
    ),
    "estimate": "여기서는 얼마나 걸릴까요?",
    "estimate_said": "이 컴퓨터에서 약 {}. {}단계, 단계당 {}초 (방금 측정).",
    "train_settings": "학습 방법 설정",
    "train_settings_info": "한 줄에 하나씩: 이름 = 값",
    "train_epochs": "에포크 (단계 대신)",
    "log_interval": "손실 기록 간격 (단계)",
    "eval_interval": "평가 간격 (단계)",
    "train_start": "학습 시작",
    "trainings": "학습 목록",
    "trainings_none": "아직 학습이 없습니다. 새로 고쳐도 여기에 남아 있습니다.",
    "train_stop": "중지",
    "train_resume": "이어서 학습",
    "train_take": "지금까지 가장 좋은 결과를 목록에 추가",
    "train_delete": "이 학습 삭제",
    "train_needs": "시작하려면 필요합니다: {}.",
    "train_needs_recordings": "녹음",
    "train_needs_name": "목소리 이름",
    "train_needs_owner": "누구의 목소리인지",
    "train_needs_promise": "약속에 체크",
    "trash_sure": "네, 삭제합니다",
    "trash_undo": "삭제 취소",
    "chart_step": "단계",
    "chart_score": "평가 점수 (낮을수록 좋음)",
    "chart_losses": "손실 (낮을수록 좋음)",
    "train_heard_at": "들어 볼 단계",
    "train_sample": "샘플",
    "train_step_of": "{} / {}단계, 학습 시간 {}.",
    "train_best": "최고 기록: {}단계, 점수 {:.4g}.",
    "state_waiting": "대기 중",
    "state_preparing": "준비 중",
    "state_training": "학습 중",
    "state_evaluating": "평가 중",
    "state_stopped": "중지됨",
    "state_finished": "완료",
    "state_failed": "실패",
    "state_interrupted": "중단됨",
    "advice_early": "아직 판단하기 이릅니다.",
    "advice_improving": "계속 나아지고 있습니다. 더 학습하세요.",
    "advice_plateau": "{}단계 이후 나아지지 않습니다. 중지해도 가장 좋은 결과는 보관됩니다.",
    "advice_worse": "{}단계 이후 나빠지고 있습니다. 중지하세요. 가장 좋은 결과는 보관됩니다.",
}
