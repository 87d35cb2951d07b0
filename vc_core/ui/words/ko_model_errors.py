"""Messages of engines and of training in Korean, by their English templates."""

# fmt: off
KOREAN_MODEL_ERRORS: dict[str, str] = {
    # conversion
    "The voice “{voice}” needs the engine “{engine}”. Here are: {known}.":
        "목소리 “{voice}”에는 “{engine}” 엔진이 필요합니다. 사용할 수 있는 엔진: {known}.",
    "key shift in semitones": "키 이동 (반음)",
    "automatic key": "자동 키",
    "formant shift in semitones": "포먼트 이동 (반음)",
    "breath in dB": "숨소리 (데시벨)",
    "seed": "시드",
    # live
    "block in seconds": "블록 길이 (초)",
    "block in milliseconds": "블록 길이 (밀리초)",
    "look-ahead in seconds": "미리 듣는 시간 (초)",
    "look-ahead in milliseconds": "미리 듣는 시간 (밀리초)",
    "input": "입력 장치",
    "output": "출력 장치",
    "channel": "채널",
    "There is no look-ahead of {value:g} s. There are: {known}.":
        "미리 듣는 시간을 {value:g}초로 할 수 없습니다. 가능한 값: {known}.",
    "The package sounddevice is missing here. Install it: pip install '{package}'.":
        "sounddevice 패키지가 없습니다. 설치하세요: pip install '{package}'.",
    "PortAudio is missing here. Install it: apt install libportaudio2, or the like of your system.":
        "PortAudio가 없습니다. 설치하세요: apt install libportaudio2 또는 시스템에 맞는 명령.",
    "The sound devices could not be opened ({error}). Choose others: vc live --devices.":
        "오디오 장치를 열 수 없습니다({error}). 다른 장치를 고르세요: vc live --devices.",
    "pitch method": "음높이 검출 방법",
    "The voice “{voice}” has a sample rate that WORLD can't sing at. It can at {known} Hz.":
        "목소리 “{voice}”의 샘플 레이트는 WORLD에서 지원하지 않습니다. 지원하는 값: {known}Hz.",
    "The voice “{voice}” has a sample rate that the instant engine can't sing at.":
        "목소리 “{voice}”의 샘플 레이트는 빠른 학습 엔진에서 지원하지 않습니다.",
    "it has the decoder “nsf-snake-hifigan”": "“nsf-snake-hifigan” 디코더를 쓰는 모델은",
    "it is of the “tiny” kind": "“tiny” 모델은",
    "it is of the “tiny” kind, whose flow shares its layers": "계층을 공유하는 플로를 쓰는 “tiny” 모델은",
    "“{source}” can't be used: it has a transformer flow, which is not supported here.":
        "“{source}”을(를) 사용할 수 없습니다. 트랜스포머 플로를 쓰는 모델은 지원하지 않습니다.",
    "“{source}” can't be used: it hears through “{encoder}”. Voices that hear through vec256l9 or vec768l12 can.":
        "“{source}”을(를) 사용할 수 없습니다. 인코더가 “{encoder}”입니다. vec256l9와 vec768l12만 지원합니다.",
    "The config does not fit “{source}”: its upsample_rates don't make its hop_length.":
        "설정 파일이 “{source}”과(와) 맞지 않습니다. upsample_rates의 곱이 hop_length와 다릅니다.",
    "The config does not fit “{source}”: it has {singers} singers, and not “{singer}”.":
        "설정 파일이 “{source}”과(와) 맞지 않습니다. 가수가 {singers}명이며 “{singer}”은(는) 없습니다.",
    "The voice of “{source}” can't be used: it hears through “{encoder}”. Voices that hear through vec256l9 or "
    "vec768l12 can.":
        "“{source}”의 목소리를 사용할 수 없습니다. 인코더가 “{encoder}”입니다. vec256l9와 vec768l12만 지원합니다.",
    "“{file}” is too large to be a config.": "“{file}”은(는) 설정 파일로는 너무 큽니다.",
    "There is no config “{file}”. It lies beside the checkpoint, as config.json.":
        "설정 파일 “{file}”이(가) 없습니다. 체크포인트 옆의 config.json 파일입니다.",
    "“{file}” is not a config: it can't be read as JSON.":
        "“{file}”은(는) 설정 파일이 아닙니다. JSON으로 읽을 수 없습니다.",
    "“{file}” is not a so-vits config that makes sense ({reason:.80}).":
        "“{file}”은(는) 올바른 so-vits 설정 파일이 아닙니다({reason:.80}).",
    "“{source}” can't be used: {reason}, which is not supported here.":
        "“{source}”을(를) 사용할 수 없습니다. {reason} 지원하지 않습니다.",
    "“{source}” is not the generator of a so-vits voice ({reason:.60}). Its name usually begins with G_.":
        "“{source}”은(는) so-vits 목소리의 생성기가 아닙니다({reason:.60}). 파일 이름은 보통 G_로 시작합니다.",
    "The diffusion hears {found} numbers where the voice hears {needed}.":
        "디퓨전 모델은 특징 {found}개를 받지만, 목소리는 {needed}개를 냅니다.",
    "The vocoder does not fit the voice or the diffusion: its hop or its mels are others.":
        "보코더가 목소리나 디퓨전 모델과 맞지 않습니다. 홉이나 멜 개수가 다릅니다.",
    "“{file}” holds more than weights, or none.": "“{file}”에 가중치 외의 것이 있거나 가중치가 없습니다.",
    "There is no config “{file}”.": "설정 파일 “{file}”이(가) 없습니다.",
    "“{file}” is not a config that can be read.": "“{file}”을(를) 설정 파일로 읽을 수 없습니다.",
    "The configs of the diffusion make no sense ({reason:.80}).":
        "디퓨전 모델의 설정이 올바르지 않습니다({reason:.80}).",
    "This is no diffusion model of so-vits-svc 4.1 (its name usually begins with model_).":
        "so-vits-svc 4.1의 디퓨전 모델이 아닙니다. 파일 이름은 보통 model_로 시작합니다.",
    "This is no NSF-HiFiGAN vocoder, or its config is another's.":
        "NSF-HiFiGAN 보코더가 아니거나, 설정 파일이 다른 모델의 것입니다.",
    "Choose one of the checkpoint's singers: {singers}.": "체크포인트의 가수 중에서 고르세요: {singers}.",
    "The voice has no singer “{name}”. It has: {known}.":
        "이 목소리에는 가수 “{name}”이(가) 없습니다. 있는 가수: {known}.",
    "“{source}” describes a network that is too large.": "“{source}”에 정의된 네트워크가 너무 큽니다.",
    "This voice can't predict a melody. Turn “predicted pitch” off.":
        "이 목소리는 멜로디를 예측할 수 없습니다. 멜로디 예측을 끄세요.",
    "“{source}” describes a network that can't be built: {reason:.100}":
        "“{source}”에 정의된 네트워크를 만들 수 없습니다: {reason:.100}",
    "noise scale": "노이즈 스케일",
    "predicted pitch": "멜로디 예측",
    "silence threshold": "무음 기준",
    "cluster ratio": "클러스터 비율",
    "retrieval ratio": "녹음 프레임 비율",
    "protection": "보호",
    "loudness ratio": "음량 비율",
    "diffusion depth": "디퓨전 깊이",
    "diffusion speedup": "디퓨전 가속",
    "precision": "정밀도",
    "Shares of a blend are numbers from 0 to 1, and not all of them 0.":
        "블렌드 비율은 0~1 사이의 숫자이며, 모두 0일 수는 없습니다.",
    "“{value}” can't be the {name}.": "{name} 값으로 “{value}”을(를) 쓸 수 없습니다.",
    "{repo} has no file “{file}” to choose.": "{repo}에는 고를 수 있는 “{file}” 파일이 없습니다.",
    "The voice has no {what} of “{speaker}” ({file}). Set that ratio to 0.":
        "이 목소리에는 “{speaker}”의 {what} 데이터({file})가 없습니다. 해당 비율을 0으로 설정하세요.",
    "recorded moments": "녹음 프레임",
    "“{file}” does not fit the voice: “{name}” is not made of {width} numbers each.":
        "“{file}”이(가) 목소리와 맞지 않습니다. “{name}”의 벡터 길이가 {width}이(가) 아닙니다.",
    "This voice has no diffusion. Set its depth to 0.":
        "이 목소리에는 디퓨전 모델이 없습니다. 디퓨전 깊이를 0으로 설정하세요.",
    "“{file}” holds more than weights, or none. A so-vits generator's name begins with G_.":
        "“{file}”에 가중치 외의 것이 있거나 가중치가 없습니다. so-vits 생성기의 파일 이름은 G_로 시작합니다.",
    "“{file}” has clusters of other singers: {singers}.":
        "“{file}”에는 다른 가수의 클러스터가 들어 있습니다: {singers}.",
    "“{file}” is no file of clusters.": "“{file}”은(는) 클러스터 파일이 아닙니다.",
    "“{file}” does not fit the voice: it hears {width} numbers, not {found}.":
        "“{file}”이(가) 목소리와 맞지 않습니다. 목소리의 특징은 {width}개인데 클러스터는 {found}개입니다.",
    "“{file}” is broken: it holds values that are not numbers.":
        "“{file}”이(가) 손상되었습니다. 숫자가 아닌 값이 있습니다.",
    # separation
    "“{label}” separates into {counts} parts, not into {stems}. Choose another.":
        "“{label}”은(는) {counts}개의 트랙으로 나눌 수 있으며, {stems}개로는 나눌 수 없습니다. 다른 방법을 고르세요.",
    "{error} Demucs needs {names} from {url}, or from you in {folder}.":
        "{error} Demucs에는 {names} 파일이 필요합니다. {url}에서 내려받거나 {folder}에 직접 넣으세요.",
    "“{file}” is not a network of Demucs' hybrid transformer (htdemucs).":
        "“{file}”은(는) Demucs 하이브리드 트랜스포머(htdemucs) 네트워크가 아닙니다.",
    "“{file}” is damaged: its name tells another hash. Delete it and download it again.":
        "“{file}”이(가) 손상되었습니다. 이름에 적힌 해시와 다릅니다. 삭제하고 다시 내려받으세요.",
    "“{file}” does not say how its network is built.": "“{file}”에 네트워크 구성 정보가 없습니다.",
    "“{source}” describes a network that can't be built here: {reason:.100}":
        "“{source}”에 정의된 네트워크를 여기서 만들 수 없습니다: {reason:.100}",
    "The original Spleeter is not installed. Run `make spleeter-env` in the project's folder.":
        "원본 Spleeter가 설치되어 있지 않습니다. 프로젝트 폴더에서 `make spleeter-env`를 실행하세요.",
    "The original Spleeter has ended unexpectedly: {reason}. Try again, or choose another engine.":
        "원본 Spleeter가 예기치 않게 종료되었습니다: {reason}. 다시 시도하거나 다른 방법을 고르세요.",
    "it may have run out of memory": "메모리가 부족했을 수 있음",
    "“{source}” holds neither {model}.safetensors nor {model}/{archived}.":
        "“{source}”에 {model}.safetensors도 {model}/{archived}도 없습니다.",
    "“{file}” is not a model of {stems} stems.": "“{file}”은(는) {stems}트랙 모델이 아닙니다.",
    "The original Spleeter can't read “{file}”. It needs {model}/{archived}.":
        "원본 Spleeter는 “{file}”을(를) 읽을 수 없습니다. {model}/{archived} 파일이 필요합니다.",
    "{file} can't be unpacked: it is damaged. Try again.":
        "{file}이(가) 손상되어 압축을 풀 수 없습니다. 다시 시도하세요.",
    "{file} holds no {name}, so it is not one of Spleeter's models.":
        "{file}에 {name} 파일이 없어 Spleeter 모델이 아닙니다.",
    "This checkpoint is not one of {stems} stems: it holds {networks:g} networks.":
        "이 체크포인트는 {stems}트랙용이 아닙니다. 네트워크가 {networks:g}개 들어 있습니다.",
    "“{source}” does not say which stems it separates, so it is no separation model.":
        "“{source}”에 분리할 트랙 정보가 없어 분리 모델로 쓸 수 없습니다.",
    "“{source}” does not say how its networks are built, so it is no separation model.":
        "“{source}”에 네트워크 구성 정보가 없어 분리 모델로 쓸 수 없습니다.",
    "“{source}” does not fit this engine: its convolutions are missing or misshapen.":
        "“{source}”은(는) 이 엔진과 맞지 않습니다. 합성곱 계층이 없거나 모양이 다릅니다.",
    "This checkpoint is not complete: it lacks {name}. Download it again.":
        "체크포인트에 {name} 항목이 빠져 있습니다. 다시 내려받으세요.",
    "This checkpoint is not one of Spleeter's: {name} has the wrong shape.":
        "이 체크포인트는 Spleeter 모델이 아닙니다. {name}의 모양이 다릅니다.",
    # training
    "There is no start “{start}”. There are {known}, and files of `vc train start`, which end in {suffix}.":
        "시작점 “{start}”이(가) 없습니다. {known}, 또는 `vc train start`로 만든 {suffix} 파일을 쓸 수 있습니다.",
    "The start “meta” does not come with this version. Choose plain, or a file of `vc train start`.":
        "이 버전에는 시작점 “meta”가 없습니다. plain을 고르거나 `vc train start`로 만든 파일을 쓰세요.",
    "The start “{file}” belongs to another version of the instant engine. Make it anew with `vc train start`.":
        "시작점 “{file}”은(는) 빠른 학습 엔진의 다른 버전에 속합니다. `vc train start`로 다시 만드세요.",
    "A start is made by one of these: {known}.": "시작점을 만드는 방법은 다음과 같습니다: {known}.",
    "A start needs the recordings of at least {fewest} voices, each in a folder of its own.":
        "시작점에는 목소리가 {fewest}개 이상 필요하며, 목소리마다 녹음을 별도의 폴더에 넣어야 합니다.",
    "The file of a start ends in {suffix}.": "시작점 파일의 이름은 {suffix}로 끝나야 합니다.",
    "No voice was heard in the recordings of “{folder}”.": "“{folder}”의 녹음에서 목소리가 들리지 않았습니다.",
    "On a page a training starts from: {known}. A file of your own is for `vc train instant --start`.":
        "페이지에서 학습은 다음에서 시작합니다: {known}. 직접 만든 파일은 `vc train instant --start`에 쓰세요.",
    "CycleGAN learns from recordings of two people, in a folder each, and found: {found}.":
        "CycleGAN은 두 사람의 녹음을 각각의 폴더에서 배웁니다. 찾은 폴더: {found}.",
    "none": "없음",
    "One recording is too few to learn from. Give at least two of each.":
        "녹음 하나로는 학습할 수 없습니다. 종류마다 두 개 이상 준비하세요.",
    "RelGAN learns from at least {fewest} emotions, “{neutral}” among them, and found: {found}. Name a folder after "
    "each.":
        "RelGAN에는 “{neutral}”을(를) 포함해 감정이 {fewest}가지 이상 필요합니다. 찾은 감정: {found}. 폴더 이름을 "
        "감정 이름으로 지정하세요.",
    "No voice was heard in these recordings. Choose some in which somebody sings or speaks.":
        "녹음에서 목소리를 찾을 수 없습니다. 노래하거나 말하는 녹음을 고르세요.",
    "There are only {seconds:.0f} seconds of sound in these recordings. Give at least {least:.0f}; a minute is a "
    "good start.":
        "녹음에 소리가 {seconds:.0f}초밖에 없습니다. {least:.0f}초 이상 준비하세요. 1분 정도면 시작하기에 좋습니다.",
    "There are {count} {what} here. Choose fewer devices.": "여기에는 {what} {count}개뿐입니다. 장치 수를 줄이세요.",
    "One of the devices that trained together has stopped, as when its memory is full. What was saved is kept: "
    "resume.":
        "함께 학습하던 장치 하나가 메모리 부족 등으로 멈췄습니다. 저장된 내용은 남아 있으니 이어서 학습하세요.",
    "graphics cards": "그래픽 카드가",
    "cores": "CPU 코어가",
    "“{folder}” holds no recordings by emotion. Put them into folders such as happy, neutral, sad.":
        "“{folder}”에 감정별 녹음이 없습니다. happy, neutral, sad처럼 감정별 폴더에 나누어 넣으세요.",
    "Bring a folder for each of two people, with recordings in them. There are: {found}.":
        "두 사람의 녹음을 각각의 폴더에 넣어 준비하세요. 찾은 폴더: {found}.",
    "Nothing can be learned from these recordings: {reason}": "이 녹음으로는 학습할 수 없습니다. {reason}",
    "they are silent.": "소리가 없습니다.",
    "“{title}” was left out: {error}": "“{title}”을(를) 제외했습니다. {error}",
    "There are no recordings in this. Bring sound files, or a zip file of them.":
        "녹음이 없습니다. 오디오 파일이나 오디오가 든 zip 파일을 준비하세요.",
    "“{name}” is no sound and was left out.": "“{name}”은(는) 오디오가 아니라서 제외했습니다.",
    "Bring a folder or a zip file that has a folder for each kind of recording.":
        "녹음 종류마다 폴더가 하나씩 있는 폴더나 zip 파일을 준비하세요.",
    "The sounds of “{name}” are not known here. There are: {known}.":
        "“{name}”의 말소리 정보가 없습니다. 가능한 언어: {known}.",
    "leads out of it, or has no name for a file. Pack it again.":
        "항목이 zip 파일 밖을 가리키거나 파일 이름으로 쓸 수 없습니다. 다시 압축하세요.",
    "This zip file holds a file twice. Pack it again.": "zip 파일에 같은 파일이 두 번 들어 있습니다. 다시 압축하세요.",
    "This zip file is damaged, or locked with a password. Pack it again.":
        "zip 파일이 손상되었거나 암호로 잠겨 있습니다. 다시 압축하세요.",
    "This zip file unpacks to more than {gigabytes:g} GB. Split it.":
        "zip 파일의 압축을 풀면 {gigabytes:g}GB가 넘습니다. 나누어 주세요.",
    "This zip file holds more than {files:,} files. Split it.":
        "zip 파일에 {files:,}개가 넘는 파일이 있습니다. 나누어 주세요.",
    "The disk is full, so the zip file was not unpacked. Make room and try again.":
        "디스크가 가득 차서 zip 파일의 압축을 풀지 못했습니다. 공간을 확보하고 다시 시도하세요.",
    "The disk is full": "디스크가 가득 찼습니다",
    "The disk quota is used up": "디스크 할당량을 모두 썼습니다",
    "{problem}. {kept} Make room, then resume.": "{problem}. {kept} 공간을 확보한 뒤 이어서 학습하세요.",
    "None of this run's checkpoints is whole any more. Start it anew.":
        "이 학습의 체크포인트가 모두 손상되었습니다. 새로 시작하세요.",
    "There is no such run. It may have been deleted.": "해당 학습이 없습니다. 삭제되었을 수 있습니다.",
    "This run is being worked on already. Wait until it ends, or stop it first.":
        "이미 진행 중인 학습입니다. 끝날 때까지 기다리거나 먼저 중지하세요.",
    "This run is being worked on already.": "이미 진행 중인 학습입니다.",
    "There is no voice yet: it is kept at the first evaluation. Wait for that.":
        "아직 목소리가 없습니다. 첫 평가 때 저장되니 기다려 주세요.",
    "Intervals are whole steps from 1 on, and nothing can be kept a negative number of times.":
        "간격은 1 이상의 정수여야 하고, 보관 개수는 음수일 수 없습니다.",
    "Epochs and seconds can't be negative.": "에포크와 초는 음수일 수 없습니다.",
    "A voice needs a name of 1 to {longest} letters.": "목소리 이름은 1~{longest}자여야 합니다.",
    "Say whose voice it is: your own, a synthetic one, or somebody's who has agreed in writing ({choices}).":
        "누구의 목소리인지 밝히세요. 본인, 합성 음성, 또는 서면으로 동의한 사람의 목소리여야 합니다({choices}).",
    "Say under which licence the voice may be used.": "목소리를 어떤 라이선스로 사용할 수 있는지 밝히세요.",
    "There is a voice called “{name}” already. Choose another name.":
        "“{name}” 목소리가 이미 있습니다. 다른 이름을 고르세요.",
    "Train for at least one step.": "한 단계 이상 학습해야 합니다.",
    "There are only {seconds:.1f} seconds of sound in this. Bring minutes.":
        "소리가 {seconds:.1f}초밖에 없습니다. 몇 분 분량을 준비하세요.",
    "TensorBoard is not here. Install it: pip install tensorboard.":
        "TensorBoard가 없습니다. 설치하세요: pip install tensorboard.",
    "Something went wrong that should not have; log.txt in the run's folder has it. It can be resumed.":
        "예상하지 못한 오류가 발생했습니다. 자세한 내용은 학습 폴더의 log.txt에 있습니다. 이어서 학습할 수 있습니다.",
    "This lease of the device is over. It can be resumed.": "장치 사용 시간이 끝났습니다. 이어서 학습할 수 있습니다.",
    "The device ran out of memory. Choose a smaller batch, and start anew.":
        "장치의 메모리가 부족합니다. 배치 크기를 줄여 새로 시작하세요.",
    "“{name}” is in the library: what was learned by step {step}.":
        "“{name}” 목소리를 목록에 추가했습니다. {step}단계까지 학습한 결과입니다.",
    "At step {step} the loss is no longer a number; what was learned until step {saved} is kept. Start anew with a "
    "lower rate.":
        "{step}단계에서 손실이 숫자가 아니게 되었습니다. {saved}단계까지 학습한 내용은 남아 있습니다. 학습률을 낮춰 "
        "새로 시작하세요.",
    "The last checkpoint is kept.": "마지막 체크포인트는 남아 있습니다.",
    "What was learned until step {step} is kept.": "{step}단계까지 학습한 내용은 남아 있습니다.",
    "Stopped. It can be resumed.": "중지했습니다. 이어서 학습할 수 있습니다.",
    "There is no setting “{name}”. There are: {known}.": "“{name}” 설정은 없습니다. 가능한 설정: {known}.",
    "The setting “{where}” can't be so: {problem}.": "“{where}” 설정 값이 올바르지 않습니다: {problem}.",
    "“{line}” is no setting. Write one in each line, such as: steps = 400.":
        "“{line}”은(는) 설정이 아닙니다. 한 줄에 하나씩, steps = 400처럼 쓰세요.",
    "The package so-vits-svc-fork is missing here. Install it: pip install so-vits-svc-fork.":
        "so-vits-svc-fork 패키지가 없습니다. 설치하세요: pip install so-vits-svc-fork.",
    "A clip can't be learned from: what is heard in it is not made of numbers.":
        "학습할 수 없는 클립이 있습니다. 추출한 특징에 숫자가 아닌 값이 있습니다.",
    "There are only {moments:,} frames of “{name}”, too few for {clusters:,} clusters. Choose fewer clusters, or "
    "bring more recordings.":
        "“{name}”의 프레임이 {moments:,}개뿐이라 클러스터 {clusters:,}개를 만들 수 없습니다. 클러스터 수를 줄이거나 "
        "녹음을 더 준비하세요.",
    "“{name}” is not the file that was wanted: its SHA-256 is {digest}. Correct the setting if you trust it, or "
    "choose the revision that has the right one.":
        "“{name}”은(는) 지정한 파일이 아닙니다. SHA-256이 {digest}입니다. 믿을 수 있는 파일이면 설정을 고치고, 아니면 "
        "올바른 리비전을 고르세요.",
    "“{file}” did not arrive whole, so it was deleted. Start again to download it anew.":
        "“{file}”을(를) 끝까지 받지 못해 삭제했습니다. 다시 시작하면 새로 내려받습니다.",
    "“{file}” does not fit this template: {missing} of its weights are missing or have another shape, such as "
    "{example}. Choose the template that it was trained with.":
        "“{file}”이(가) 이 템플릿과 맞지 않습니다. {example} 등 가중치 {missing}개가 없거나 모양이 다릅니다. 학습할 "
        "때 쓴 템플릿을 고르세요.",
    "“{file}” is broken: {name} holds values that are not numbers.":
        "“{file}”이(가) 손상되었습니다. {name}에 숫자가 아닌 값이 있습니다.",
    "{error} Training starts from pretrained weights ({megabytes:,} MB): without a connection, put {generator} and "
    "{judges} into {folder}, or start from scratch.":
        "{error} 학습은 사전 학습 가중치({megabytes:,}MB)에서 시작합니다. 연결할 수 없다면 {generator}과(와) "
        "{judges}을(를) {folder}에 넣거나, 처음부터 학습하세요.",
    "The revision is a commit, a branch or a tag, without slashes.":
        "리비전은 슬래시가 없는 커밋, 브랜치 또는 태그입니다.",
    "A training has 1 to {most} devices.": "학습 장치는 1~{most}개입니다.",
    "The batch size, clusters, frames and checkpoints to keep can't be negative.":
        "배치 크기, 클러스터 수, 프레임 수, 보관할 체크포인트 수는 음수일 수 없습니다.",
    "There can be 1 to {most:,} frames.": "프레임은 1~{most:,}개입니다.",
    "“{name}” is a voice of the engine {own}, and this is for voices of {engine}. Name another.":
        "“{name}”은(는) {own} 엔진의 목소리인데, 이 방법은 {engine} 목소리용입니다. 다른 목소리를 지정하세요.",
    "Loss weights can't be negative.": "손실 가중치는 음수일 수 없습니다.",
    "Masked frames are from 0 to all frames of an excerpt, and steps can't be negative.":
        "가릴 프레임은 0부터 발췌 구간의 프레임 수까지이고, 단계 수는 음수일 수 없습니다.",
    "The width is a number from {narrowest:g} to 1.": "너비는 {narrowest:g}~1 사이의 숫자입니다.",
    "A step needs at least one excerpt, of at least {fewest} frames, divisible by {divisor}.":
        "한 단계에는 발췌 구간이 하나 이상 필요하고, 구간의 프레임은 {fewest}개 이상이며 {divisor}로 나누어떨어져야 "
        "합니다.",
    "Learning rates are above 0 and at most 0.1, and the average's decay is from 0 to below 1.":
        "학습률은 0보다 크고 0.1 이하, 이동 평균의 감쇠율은 0 이상 1 미만이어야 합니다.",
    "The learning rate is above 0 and at most 0.1, and its decay above 0 and at most 1.":
        "학습률은 0보다 크고 0.1 이하, 감쇠율은 0보다 크고 1 이하여야 합니다.",
    "The width is from 0.05 to 1, and there are 1 to {judges} judges.":
        "너비는 0.05~1이고, 판별기는 1~{judges}개입니다.",
    "Only the full width and all judges can start from what is pretrained. Start from scratch.":
        "사전 학습 가중치에서 시작하려면 너비를 줄이지 않고 모든 판별기를 써야 합니다. 처음부터 학습하세요.",
    "There can be 1 to 50,000 clusters, and a step needs at least one moment.":
        "클러스터는 1~50,000개이고, 한 단계에 프레임이 하나 이상 필요합니다.",
    "It learns to lead here from 1 to 1000 steps back.": "학습할 디퓨전 깊이는 1~1000단계입니다.",
    "Excerpts last 0.2 to 20 seconds, and a step hears at least one.":
        "발췌 구간은 0.2~20초이고, 한 단계에 하나 이상 필요합니다.",
    "There are 1 to 100 layers, with an even number of channels from 8 to 4096.":
        "계층은 1~100개이고, 채널은 8~4096 사이의 짝수입니다.",
    "A SHA-256 has 64 digits from 0 to 9 and a to f.": "SHA-256은 0~9와 a~f로 된 64자리입니다.",
    "There are only {clips} clips of “{name}” in which something can be heard, and at least {fewest} are needed. "
    "Bring more recordings: ten minutes are a good start.":
        "“{name}”의 클립 중 소리가 있는 것이 {clips}개뿐이며, {fewest}개 이상 필요합니다. 녹음을 더 준비하세요. 10분 "
        "정도면 시작하기에 좋습니다.",
    "Half precision “fp16” needs an NVIDIA graphics card. Choose “full”, or “bf16”.":
        "반정밀도 “fp16”에는 NVIDIA 그래픽 카드가 필요합니다. “full”이나 “bf16”을 고르세요.",
    # RVC
    "Choose either a model on the Hub, or upload its files.": "Hub의 모델을 고르거나, 모델 파일을 올리세요.",
    "index": "인덱스",
    "speaker number": "가수 번호",
    "{source} has no voice: no .pth file, and no zip file with one.":
        "{source}에 목소리가 없습니다. .pth 파일이나 그것이 든 zip 파일이 없습니다.",
    "“{source}” is broken: some of the layers for pitch are missing.":
        "“{source}”이(가) 손상되었습니다. 음높이 계층의 일부가 없습니다.",
    "“{source}” has a decoder of an unknown layout (kernels {kernels}).":
        "“{source}”의 디코더 구조를 알 수 없습니다(커널 {kernels}).",
    "The sample rate of “{source}” can't be told from its weights. Import the file that RVC exported.":
        "“{source}”의 가중치만으로는 샘플 레이트를 알 수 없습니다. RVC에서 내보낸 파일을 가져오세요.",
    "“{source}” contradicts itself: it says {stated}, and its weights are for {found}.":
        "“{source}”의 정보가 서로 맞지 않습니다. {stated}라고 적혀 있지만 가중치는 {found}용입니다.",
    "“{source}” is not the generator of an RVC voice ({reason:.60}).":
        "“{source}”은(는) RVC 목소리의 생성기가 아닙니다({reason:.60}).",
    "“{source}” can't be used: it has the vocoder “{vocoder}”. Voices with HiFi-GAN can.":
        "“{source}”을(를) 사용할 수 없습니다. 보코더가 “{vocoder}”입니다. HiFi-GAN만 지원합니다.",
    "“{source}” can't be used: its encoder is “{encoder}”. Voices with ContentVec can.":
        "“{source}”을(를) 사용할 수 없습니다. 인코더가 “{encoder}”입니다. ContentVec만 지원합니다.",
    "“{index}” belongs to another voice: its features have {found} numbers, and those of “{model}” {width}.":
        "“{index}”은(는) 다른 목소리의 것입니다. 특징이 {found}개이며, “{model}”의 특징은 {width}개입니다.",
    "Choose the index of “{model}”, or “none”: {indexes}.":
    "“{model}”의 인덱스를 고르거나 “none”을 "
    "고르세요: {indexes}.",
    "“{source}” is a discriminator, which only training needs. The voice's name begins with G_, or is its own.":
        "“{source}”은(는) 학습에만 쓰는 판별기입니다. 목소리 파일의 이름은 G_로 시작하거나 목소리의 이름입니다.",
    "“{source}” is of a vocoder, not of a voice.": "“{source}”은(는) 목소리가 아니라 보코더입니다.",
    "“{source}” is of so-vits-svc, and its config.json is missing. Import both together.":
        "“{source}”은(는) so-vits-svc 모델이며 config.json이 없습니다. 두 파일을 함께 가져오세요.",
    "“{source}” has no config that makes sense.": "“{source}”의 설정이 올바르지 않습니다.",
    "“{source}” has a decoder with other residual blocks than RVC's.":
        "“{source}”의 디코더에 RVC와 다른 잔차 블록이 있습니다.",
    "“{source}” has a sample rate that RVC doesn't have: {rate}.":
        "“{source}”의 샘플 레이트는 RVC에 없는 값입니다: {rate}.",
    "“{source}” is no RVC voice: it holds more than weights, or none.":
        "“{source}”은(는) RVC 목소리가 아닙니다. 가중치 외의 것이 있거나 가중치가 없습니다.",
    "“{file}” is larger than {gigabytes:g} GB, so it is no voice's index.":
        "“{file}”은(는) {gigabytes:g}GB보다 커서 목소리의 인덱스가 아닙니다.",
    "“{file}” is not an index that can be read ({reason:.60}).":
    "“{file}”은(는) 읽을 수 있는 인덱스가 "
    "아닙니다({reason:.60}).",
    "The voice has no speaker {number}. Its speakers are 0 to {last}.":
        "이 목소리에는 {number}번 가수가 없습니다. 0번부터 {last}번까지 있습니다.",
    "This voice has no index. Set the retrieval ratio to 0, or import it with its index.":
        "이 목소리에는 인덱스가 없습니다. 검색 비율을 0으로 하거나, 인덱스와 함께 다시 가져오세요.",
    "The index of this voice is broken. Import the voice again.":
        "이 목소리의 인덱스가 손상되었습니다. 목소리를 다시 가져오세요.",
    "“{name}” is no RVC voice, so there is no .pth of it.":
    "“{name}”은(는) RVC 목소리가 아니어서 "
    ".pth 파일이 없습니다.",
    "“{name}” has no content features of its recordings, so there is no index of it.":
        "“{name}”에는 녹음의 특징이 없어 인덱스를 만들 수 없습니다.",
    "is not where a model's file can be.": "모델 파일이 있을 수 없는 위치에 있습니다.",
    "“{file}” can't be opened here. Unpack it, and pack a zip file.":
        "“{file}”은(는) 열 수 없습니다. 압축을 풀어 zip 파일로 다시 압축하세요.",
    "There are too few sounds in these recordings for an index.": "녹음에 소리가 너무 적어 인덱스를 만들 수 없습니다.",
    "Only an .index is made from recordings.": "녹음으로는 .index 파일만 만들 수 있습니다.",
    "Its index “{index}” is named differently from “{checkpoint}”. Make sure that it is this voice's.":
        "인덱스 “{index}”의 이름이 “{checkpoint}”와(과) 다릅니다. 이 목소리의 인덱스가 맞는지 확인하세요.",
    "Its index is also that of “{name}”. Make sure that both are one singer.":
        "이 인덱스는 “{name}”의 인덱스와 같습니다. 두 목소리가 같은 가수인지 확인하세요.",
    "The index of “{voice}” does not fit: its features are unlike this song's. Try the retrieval ratio 0.":
        "“{voice}”의 인덱스가 맞지 않습니다. 인덱스의 특징이 이 노래와 전혀 다릅니다. 검색 비율을 0으로 해 보세요.",
    "This link leads to no zip file and no .pth file. Take the address of the file.":
        "zip 파일이나 .pth 파일로 연결되지 않는 링크입니다. 파일의 주소를 넣으세요.",
    "This repo has several zip files. Import one by its link: {files}.":
        "이 저장소에는 zip 파일이 여러 개 있습니다. 링크로 하나를 가져오세요: {files}.",
    "This zip file was refused: “{file}” is too large to be a model's.":
        "이 zip 파일은 거부되었습니다. “{file}”이(가) 모델 파일로는 너무 큽니다.",
    "“{folder}” holds too many files. Choose the model's own folder.":
        "“{folder}”에 파일이 너무 많습니다. 모델이 든 폴더를 고르세요.",
    "This zip file holds too many files.": "이 zip 파일에는 파일이 너무 많습니다.",
}
