"""Messages of files, voices and pages in Korean, by their English templates."""

# fmt: off
KOREAN_ERRORS: dict[str, str] = {
    # a mix of stems
    "Nothing is left to mix: every stem is muted.": "믹스할 것이 없습니다. 모든 트랙이 음소거되어 있습니다.",
    "The level of “{stem}” is a number from {lowest:g} to {highest:g} dB.": (
        "“{stem}”의 음량은 {lowest:g}에서 {highest:g}dB 사이의 숫자여야 합니다."
    ),
    "Give one level for each stem: there are {stems} stems and {levels} levels.": (
        "트랙마다 음량을 하나씩 정하세요. 트랙은 {stems}개, 음량은 {levels}개입니다."
    ),
    "“{other}” has another sample rate than “{first}”. Mix the stems of one song.": (
        "“{other}”의 샘플레이트가 “{first}”와(과) 다릅니다. 한 노래의 트랙끼리 믹스하세요."
    ),
    # batch
    "There is no sound file in what you named.": "지정한 곳에 오디오 파일이 없습니다.",
    "“{file}” can't be read as a list of files.": "“{file}”을(를) 파일 목록으로 읽을 수 없습니다.",
    "“{file}” needs a column `source`, filled in every row.":
        "“{file}”에는 모든 행이 채워진 `source` 열이 있어야 합니다.",
    "Ray is not installed. Install it on each machine of the cluster: pip install ray==2.60.0":
        "Ray가 설치되어 있지 않습니다. 클러스터의 모든 컴퓨터에 설치하세요: pip install ray==2.60.0",
    "The Ray cluster “{address}” can't be joined. It is started with `ray start --head`, and needs the same "
    "versions of Ray and Python as this machine.":
        "Ray 클러스터 “{address}”에 연결할 수 없습니다. `ray start --head`로 시작되어 있어야 하며, Ray와 Python "
        "버전이 이 컴퓨터와 같아야 합니다.",
    "No worker can start. Install Voice Studio on each machine of the cluster.":
        "작업 프로세스를 시작할 수 없습니다. 클러스터의 모든 컴퓨터에 Voice Studio를 설치하세요.",
    # checkpoints
    "Check the connection, and try again later.": "연결을 확인하고 나중에 다시 시도하세요.",
    "Your token is not valid: log in again with `hf auth login`.":
        "토큰이 올바르지 않습니다. `hf auth login`으로 다시 로그인하세요.",
    "Your token may not read it.": "이 토큰으로는 읽을 수 없습니다.",
    "Too many downloads in a short time: wait some minutes.":
        "짧은 시간에 너무 많이 내려받았습니다. 몇 분 뒤에 다시 시도하세요.",
    "The Hub refused {checkpoint} (status {status}). {advice}":
        "Hub가 {checkpoint} 요청을 거부했습니다(상태 코드 {status}). {advice}",
    "“{text}” is not the name of a repo. Write it as owner/name, or paste its link from the Hub.":
        "“{text}”은(는) 저장소 이름이 아닙니다. owner/name 형식으로 쓰거나 Hub 링크를 붙여 넣으세요.",
    "Only links to the Hugging Face Hub (huggingface.co) can be opened here.":
        "여기서는 Hugging Face Hub(huggingface.co) 링크만 열 수 있습니다.",
    "This link is not one of a model repo. It should look like huggingface.co/owner/name.":
        "모델 저장소 링크가 아닙니다. huggingface.co/owner/name 형식이어야 합니다.",
    "“{part}” can't be a file or a revision of a repo.": "“{part}”은(는) 저장소의 파일이나 리비전이 될 수 없습니다.",
    "The Hub can't be reached, and {checkpoint} was not downloaded before. {advice}":
        "Hub에 연결할 수 없고, {checkpoint}을(를) 전에 내려받은 적도 없습니다. {advice}",
    "“{repo}” can't be the name of a repo. Write it as owner/name.":
        "“{repo}”은(는) 저장소 이름이 될 수 없습니다. owner/name 형식으로 쓰세요.",
    "{repo} asks for its terms to be accepted at {page} first. Log in with `hf auth login`, or set HF_TOKEN.":
        "{repo}을(를) 사용하려면 먼저 {page}에서 약관에 동의해야 합니다. `hf auth login`으로 로그인하거나 HF_TOKEN을 "
        "설정하세요.",
    "The Hub has no repo “{repo}”, or it is private. Check the name. If it is private: Log in with `hf auth login`, "
    "or set HF_TOKEN.":
        "Hub에 “{repo}” 저장소가 없거나 비공개입니다. 이름을 확인하세요. 비공개라면 `hf auth login`으로 로그인하거나 "
        "HF_TOKEN을 설정하세요.",
    "{repo} has no revision “{revision}”. See {page}/commits/main.":
        "{repo}에 “{revision}” 리비전이 없습니다. {page}/commits/main을 확인하세요.",
    "The Hub has disabled {repo}. Choose another one.":
        "Hub에서 {repo} 저장소가 비활성화되었습니다. 다른 저장소를 고르세요.",
    "{repo} has no file “{file}”. Its files are at {page}/tree/main.":
        "{repo}에 “{file}” 파일이 없습니다. 파일 목록은 {page}/tree/main에 있습니다.",
    "“{name}” is larger than {gigabytes:g} GB. A voice's checkpoint is not; look again.":
        "“{name}”이(가) {gigabytes:g}GB보다 큽니다. 목소리 체크포인트가 아닌 듯하니 다시 확인하세요.",
    "“{file}” is far too large for the index of a checkpoint.": "“{file}”은(는) 체크포인트 색인으로는 너무 큽니다.",
    "The checkpoint is not complete: “{file}” is missing. Download it again.":
        "체크포인트에 “{file}” 파일이 빠져 있습니다. 다시 내려받으세요.",
    "The checkpoint “{file}” is damaged or cut off. Download it again.":
        "체크포인트 “{file}”이(가) 손상되었거나 잘렸습니다. 다시 내려받으세요.",
    "There is no file “{file}”.": "“{file}” 파일이 없습니다.",
    "“{file}” is larger than {gigabytes:g} GB, so it is not a voice's checkpoint.":
        "“{file}”이(가) {gigabytes:g}GB보다 커서 목소리 체크포인트로 볼 수 없습니다.",
    "“{file}” holds no named weights.": "“{file}”에 이름 있는 가중치가 없습니다.",
    "{names} and {count} more": "{names} 외 {count}개",
    "“{file}” was not loaded: it holds code beside its weights, or is damaged. Ask its author for a safetensors "
    "file.":
        "“{file}”을(를) 불러오지 않았습니다. 가중치 외에 코드가 들어 있거나 손상된 파일입니다. 제작자에게 safetensors "
        "파일을 요청하세요.",
    "“{file}” is not a whole checkpoint. Download it again.":
        "“{file}”은(는) 온전한 체크포인트가 아닙니다. 다시 내려받으세요.",
    "“{file}” is broken: its tensor {name} is empty or not a plain one.":
        "“{file}”이(가) 손상되었습니다. 텐서 {name}이(가) 비어 있거나 지원되지 않는 형식입니다.",
    "it lacks weights": "빠진 가중치가 있습니다",
    "it has unknown weights": "알 수 없는 가중치가 있습니다",
    "it has misshapen weights": "모양이 다른 가중치가 있습니다",
    "“{source}” does not fit this engine: {problem} ({listed}).":
        "“{source}”은(는) 이 엔진과 맞지 않습니다. {problem} ({listed}).",
    "“{source}” is broken: {name} holds values that are not numbers.":
        "“{source}”이(가) 손상되었습니다. {name}에 숫자가 아닌 값이 있습니다.",
    "“{file}” is not a whole safetensors file. Download it again.":
        "“{file}”은(는) 온전한 safetensors 파일이 아닙니다. 다시 내려받으세요.",
    # cli
    "separation engine": "분리 방법",
    "number of workers": "작업 프로세스 수",
    "cluster": "클러스터",
    "again": "다시 실행",
    "voice": "목소리",
    "reference": "참조 녹음",
    "consent": "동의",
    "Name a voice with --voice; or a recording of one with --reference, and whose it is with --consent ({choices}).":
        "--voice로 목소리를 지정하거나, --reference로 목소리 녹음을, --consent로 누구의 목소리인지 지정하세요"
        "({choices}).",
    "--clean-up is for convert alone.": "--clean-up은 convert에서만 쓸 수 있습니다.",
    "Name a voice to {task} with: --voice NAME. `vc voices list` shows them.":
        "{task} 작업에 쓸 목소리를 --voice NAME으로 지정하세요. 목록은 `vc voices list`로 볼 수 있습니다.",
    "There is no {what} called “{chosen}”. There are: {known}.":
        "{what}에 “{chosen}”은(는) 없습니다. 가능한 값: {known}.",
    "Name a song, or more than one.": "노래를 하나 이상 지정하세요.",
    "singer": "가수",
    "checkpoint": "체크포인트",
    "config": "설정 파일",
    "clusters": "클러스터",
    "diffusion": "디퓨전",
    "language": "언어",
    "speed": "빠르기",
    "This training does not run now.": "지금 진행 중인 학습이 아닙니다.",
    "{message}": "{message}",
    "“{name}” should not be used: {faults}": "“{name}”은(는) 사용하지 않는 것이 좋습니다. {faults}",
    # cover
    "key mode": "키 맞추기",
    "vocals' shift in semitones": "노래 이동 (반음)",
    "music's shift in semitones": "반주 이동 (반음)",
    "clean vocals": "반주 없는 노래",
    "emotion": "감정",
    "intensity": "세기",
    "vocals' gain in dB": "보컬 음량 (데시벨)",
    "music's gain in dB": "반주 음량 (데시벨)",
    "matching of the reverb": "잔향 맞추기",
    "matching of the loudness": "음량 맞추기",
    "mode for backing vocals": "코러스 처리",
    "Choose a voice for the backing vocals, or leave them as they are.":
        "코러스를 부를 목소리를 고르거나, 코러스를 원래대로 두세요.",
    "No backing vocals were found at the sides, so all vocals were treated as the lead.":
        "양옆에서 코러스를 찾지 못해 모든 보컬을 주 보컬로 처리했습니다.",
    "This song has a very high sample rate for its length. Save it at 48,000 Hz, or cut it.":
        "노래 길이에 비해 샘플 레이트가 너무 높습니다. 48,000Hz로 저장하거나 잘라서 사용하세요.",
    # device
    "This machine has no “{name}” device. It has: {known}.":
        "이 컴퓨터에는 “{name}” 장치가 없습니다. 사용할 수 있는 장치: {known}.",
    "The device ran out of memory. Close other programs that use it, or choose another device.":
        "장치의 메모리가 부족합니다. 메모리를 쓰는 다른 프로그램을 닫거나 다른 장치를 고르세요.",
    # emotion
    "The intensity goes from 0 to {highest:g}, and can't be {intensity:g}.":
        "세기는 0부터 {highest:g}까지이며, {intensity:g}은(는) 쓸 수 없습니다.",
    "There is no emotion called “{name}” here. There are: {known}.": "“{name}” 감정은 없습니다. 가능한 감정: {known}.",
    "“{model}” is no model of emotions.": "“{model}”은(는) 감정 모델이 아닙니다.",
    # engine
    "There is no engine “{name}” here. There are: {known}.": "“{name}” 엔진은 없습니다. 가능한 엔진: {known}.",
    "“{label}” is not installed here: pip install '{package}'":
        "“{label}”이(가) 설치되어 있지 않습니다: pip install '{package}'",
    # files
    "{file} is not the file that was expected: its hash differs. It was deleted; try again.":
        "{file}의 해시가 예상과 달라 삭제했습니다. 다시 시도하세요.",
    "{url} can't be had (status {status}). {advice}": "{url}을(를) 내려받을 수 없습니다(상태 코드 {status}). {advice}",
    "{host} can't be reached, so {file} was not downloaded. {advice}":
        "{host}에 연결할 수 없어 {file}을(를) 내려받지 못했습니다. {advice}",
    "{file} is larger than {gigabytes:g} GB. It was not kept.":
        "{file}이(가) {gigabytes:g}GB보다 커서 저장하지 않았습니다.",
    "This file is damaged or cut off, some time after {time}. Export it again.":
        "{time} 이후 부분이 손상되었거나 잘린 파일입니다. 다시 내보내 주세요.",
    "This file can't be read: it is damaged, or in a format that isn't known. Try to export it as WAV.":
        "파일을 읽을 수 없습니다. 손상되었거나 알 수 없는 형식입니다. WAV로 내보내 보세요.",
    "This file has {channels} channels. Mix it down to 8 or fewer.":
        "이 파일은 {channels}채널입니다. 8채널 이하로 믹스다운하세요.",
    "There is no sound in this file. If it is a video, it has no sound track.":
        "이 파일에는 소리가 없습니다. 영상이라면 오디오 트랙이 없는 파일입니다.",
    "This link is passed on too many times. Open it in a browser, and copy the last address.":
        "링크가 너무 여러 번 다른 주소로 넘어갑니다. 브라우저에서 열어 마지막 주소를 복사하세요.",
    "The file behind this link is larger than {gigabytes:g} GB.": "링크의 파일이 {gigabytes:g}GB보다 큽니다.",
    "Only links that begin with http:// or https:// can be opened.":
        "http:// 또는 https://로 시작하는 링크만 열 수 있습니다.",
    "Links with a name and a password in them are not opened here.":
        "사용자 이름과 비밀번호가 들어 있는 링크는 열지 않습니다.",
    "This link leads into a private network, or to an unusual port. Only public links can be opened.":
        "사설 네트워크나 특수한 포트로 연결되는 링크입니다. 공개 링크만 열 수 있습니다.",
    "The server of this link refused it (status {status}). Check the link.":
        "링크의 서버가 요청을 거부했습니다(상태 코드 {status}). 링크를 확인하세요.",
    "This link leads to no file that can be used here ({kind}). Take the address of the file itself.":
        "여기서 쓸 수 있는 파일로 연결되지 않는 링크입니다({kind}). 파일 자체의 주소를 넣으세요.",
    "The server of this link packs its files, which is not opened here. Download it yourself.":
        "링크의 서버가 파일을 압축해서 보내므로 여기서 열 수 없습니다. 직접 내려받아 사용하세요.",
    "This is not a link. It should look like https://example.org/song.mp3.":
        "링크가 아닙니다. https://example.org/song.mp3 형식이어야 합니다.",
    "There is no server called “{host}”. Check the link.": "“{host}” 서버를 찾을 수 없습니다. 링크를 확인하세요.",
    "{host} can't be reached, or broke off. Check the link, and try again later.":
        "{host}에 연결할 수 없거나 연결이 끊겼습니다. 링크를 확인하고 나중에 다시 시도하세요.",
    "The server of this link is too slow. Download the file yourself, and open it here.":
        "링크의 서버가 너무 느립니다. 파일을 직접 내려받아 여기서 여세요.",
    "This recording is longer than {hours:g} hours. Cut it into parts.":
        "녹음이 {hours:g}시간보다 깁니다. 나누어서 사용하세요.",
    "A sample rate of {sample_rate:,} Hz is out of range. Use 8,000 to 192,000 Hz.":
        "샘플 레이트 {sample_rate:,}Hz는 지원하지 않습니다. 8,000~192,000Hz를 사용하세요.",
    "This file is empty (0 bytes). The upload or the export may have been cut off.":
        "빈 파일입니다(0바이트). 업로드나 내보내기가 중간에 끊겼을 수 있습니다.",
    "This file is larger than {gigabytes:g} GB. Save it as FLAC, or cut it into parts.":
        "파일이 {gigabytes:g}GB보다 큽니다. FLAC으로 저장하거나 나누어서 사용하세요.",
    "This is not a sound file. Use WAV, FLAC, MP3, OGG, M4A or WebM, or a video in MP4 or MKV.":
        "오디오 파일이 아닙니다. WAV, FLAC, MP3, OGG, M4A, WebM 또는 MP4·MKV 영상을 사용하세요.",
    "This file is cut off: its end is missing. Download or export it again.":
        "파일 끝부분이 잘렸습니다. 다시 내려받거나 내보내 주세요.",
    "This file has {what} at {when}, so it is not valid sound. Export it again.":
        "{when}에 {what} 있어 올바른 오디오가 아닙니다. 다시 내보내 주세요.",
    "This file ends at {time}. Choose an earlier part of it.": "이 파일은 {time}에 끝납니다. 더 앞부분을 고르세요.",
    "This file has a header, but no sound in it. Export it again, or pick another one.":
        "파일에 헤더만 있고 소리가 없습니다. 다시 내보내거나 다른 파일을 고르세요.",
    "This file is cut off after {time}: its end is missing. Download or export it again.":
        "파일이 {time} 이후로 잘렸습니다. 다시 내려받거나 내보내 주세요.",
    "“{file}” is a folder. Pick a sound file in it.": "“{file}”은(는) 폴더입니다. 폴더 안의 오디오 파일을 고르세요.",
    "“{file}” is a device or a pipe, not a file. Save the sound as a file first.":
        "“{file}”은(는) 파일이 아니라 장치나 파이프입니다. 먼저 소리를 파일로 저장하세요.",
    "“{file}” can't be the name of a file.": "{file}은(는) 파일 이름이 될 수 없습니다.",
    "Nothing can be written into “{folder}”: {reason}.": "“{folder}”에 쓸 수 없습니다: {reason}.",
    "A value that was sent has the wrong type or form. `view_api` describes what is expected.":
        "보낸 값의 형식이 잘못되었습니다. 알맞은 형식은 `view_api`에 있습니다.",
    "“{value}” is not one of the choices: {choices}.": "“{value}”은(는) 고를 수 없는 값입니다: {choices}.",
    "{problem}. Make room, then try again.": "{problem}. 공간을 확보한 뒤 다시 시도하세요.",
    "The {title} is not a number.": "{title} 값이 숫자가 아닙니다.",
    "The {title} has a value of the wrong type.": "{title} 값의 형식이 잘못되었습니다.",
    "There is no file “{file}”. It may have been moved or deleted.":
        "“{file}” 파일이 없습니다. 옮겨졌거나 삭제되었을 수 있습니다.",
    "“{file}” can't be read: {reason}.": "“{file}”을(를) 읽을 수 없습니다: {reason}.",
    "values far beyond full scale": "최대 음량을 크게 넘는 값이",
    "values that are not numbers (NaN)": "숫자가 아닌 값(NaN)이",
    "The watermark can't work here: Perth needs torchaudio, and setuptools below version 81.":
        "워터마크를 사용할 수 없습니다. Perth에는 torchaudio와 81보다 낮은 버전의 setuptools가 필요합니다.",
    "The watermark is not installed: pip install resemble-perth==1.0.1 torchaudio":
        "워터마크가 설치되어 있지 않습니다: pip install resemble-perth==1.0.1 torchaudio",
    "The result would replace “{file}”, the recording that it is made from. Name another place with --out.": (
        "결과가 원본 녹음 “{file}”을(를) 덮어쓰게 됩니다. --out으로 다른 위치를 지정하세요."
    ),
    "“{file}” exists already. Choose another name, or overwrite it with --force.":
        "“{file}”이(가) 이미 있습니다. 다른 이름을 고르거나 --force로 덮어쓰세요.",
    "The share of the start is from 0 to less than 1.": "시작 모델의 비율은 0 이상 1 미만이어야 합니다.",
    "start of the preview": "미리 듣기 시작 위치",
    "There is no format “{name}”. There are: {known}.": "“{name}” 형식은 없습니다. 가능한 형식: {known}.",
    "format": "형식",
    "Peaks were lowered by up to {decibels:.1f} dB, or they would have clipped; {format} keeps them.":
        "클리핑을 막기 위해 피크를 최대 {decibels:.1f}dB 낮췄습니다. {format} 형식은 피크를 유지합니다.",
    "Saved at {rate:,} Hz: {format} can't have {asked:,} Hz.":
        "{format} 형식은 {asked:,}Hz를 지원하지 않아 {rate:,}Hz로 저장했습니다.",
    "“{file}” can't be written: {reason}.": "“{file}”을(를) 쓸 수 없습니다: {reason}.",
    "The disk is full, so “{file}” was not written. Make room and try again.":
        "디스크가 가득 차서 “{file}”을(를) 저장하지 못했습니다. 공간을 확보하고 다시 시도하세요.",
    "This zip file was refused: “{file}” {misplaced}": "zip 파일을 열지 않았습니다. “{file}” {misplaced}",
    "This zip file was refused: “{file}” is only a link. Pack the file itself.":
        "zip 파일을 열지 않았습니다. “{file}”은(는) 링크입니다. 파일 자체를 압축하세요.",
    # options
    "The {title} is a number from {lowest:g} to {highest:g}.":
        "{title}: {lowest:g}~{highest:g} 사이의 숫자여야 합니다.",
    "The {title} is a number from {lowest:g} on.": "{title}: {lowest:g} 이상의 숫자여야 합니다.",
    "The {title} is missing.": "{title} 값이 없습니다.",
    "The {title} is a whole number.": "{title}: 정수여야 합니다.",
    "There is no {title} “{value}”. There are: {known}.": "{title}: “{value}”은(는) 없습니다. 가능한 값: {known}.",
    # recipes
    "source emotion": "현재 감정",
    "tempo": "빠르기",
    "singing": "노래 여부",
    "method": "방법",
    "number of stems": "트랙 수",
    "treble": "고음 분리",
    "sum to the song": "합치면 원곡",
    "shortest slice": "가장 짧은 조각",
    "longest slice": "가장 긴 조각",
    "shortest silence": "최소 무음",
    "retained silence": "남길 무음",
    "hop": "측정 간격",
    "The longest slice must be at least {seconds:g} seconds longer than the shortest.":
        "가장 긴 조각은 가장 짧은 조각보다 {seconds:g}초 이상 길어야 합니다.",
    "These recordings are silent, so there is nothing to cut.": "녹음에 소리가 없어 자를 것이 없습니다.",
    "This file is damaged: it has far more chunks than a sound file. Export it again.":
        "파일이 손상되었습니다. 오디오 파일이라기에는 청크가 너무 많습니다. 다시 내보내세요.",
    "The result was not saved: it has values that are not numbers, or far beyond full scale. The weights of the "
    "voice or the model may be damaged.":
        "결과를 저장하지 않았습니다. 숫자가 아닌 값이나 최대 음량을 크게 넘는 값이 있습니다. 목소리나 모델의 가중치가 "
        "손상되었을 수 있습니다.",
    # models
    "The checkpoint is broken: {name} does not fit its direction.":
        "체크포인트가 손상되었습니다. {name}의 크기가 방향 텐서와 맞지 않습니다.",
    # signal
    "The model gave values that are not numbers. Its weights may be damaged.":
        "모델이 숫자가 아닌 값을 출력했습니다. 가중치가 손상되었을 수 있습니다.",
    "No voice can be heard in this recording. Pick one in which somebody speaks or sings.":
        "녹음에서 목소리를 찾을 수 없습니다. 말하거나 노래하는 녹음을 고르세요.",
    "Music can be moved by up to {most:g} semitones.": "반주는 최대 {most:g}반음까지 옮길 수 있습니다.",
    # speech
    "espeak-ng can't find its data. Install the package espeakng-loader again, in a shorter path.":
        "espeak-ng가 데이터를 찾지 못합니다. espeakng-loader 패키지를 더 짧은 경로에 다시 설치하세요.",
    "There is nothing to say in this text. Write some words.": "읽을 내용이 없습니다. 단어를 입력하세요.",
    "Write a text first.": "먼저 텍스트를 입력하세요.",
    "This text has {letters:,} letters; up to {most:,} can be said at once. Split it.":
        "텍스트가 {letters:,}자입니다. 한 번에 {most:,}자까지 읽을 수 있으니 나누어 입력하세요.",
    "There is no language “{name}” here. There are: {known}.":
        "“{name}” 언어는 지원하지 않습니다. 가능한 언어: {known}.",
    "The speed goes from {slowest} to {fastest} words per minute.": "빠르기는 분당 {slowest}~{fastest}단어입니다.",
    # ui
    "Something went wrong that should not have. Your files are still here; please try again, or report it.":
        "예상하지 못한 오류가 발생했습니다. 파일은 그대로 있으니 다시 시도하거나 문제를 신고해 주세요.",
    "This was stopped. Start it again: what was done is kept for some hours.":
        "작업을 중지했습니다. 다시 시작하면 이미 끝난 부분을 이어서 사용합니다(몇 시간 동안 보관).",
    "The server was restarted while it worked on this. Start it again: what was done is kept.":
        "작업 중에 서버가 다시 시작되었습니다. 다시 시작하면 이미 끝난 부분을 이어서 사용합니다.",
    "There is no such job. Its link may be cut off.": "해당 작업이 없습니다. 링크가 잘렸을 수 있습니다.",
    "You have {count} jobs at work. Wait for one of them, or stop one.":
        "진행 중인 작업이 {count}개입니다. 하나가 끝날 때까지 기다리거나 하나를 중지하세요.",
    "The server is busy: {count} jobs are at work. Try again later.":
        "서버가 바쁩니다. 진행 중인 작업이 {count}개입니다. 나중에 다시 시도하세요.",
    "You have {count} trainings at work. Wait for one of them, or stop one.":
        "진행 중인 학습이 {count}개입니다. 하나가 끝날 때까지 기다리거나 하나를 중지하세요.",
    "The server is busy: {count} trainings are at work. Wait for one of them, or try again later.":
        "서버가 바쁩니다. 진행 중인 학습이 {count}개입니다. 하나가 끝날 때까지 기다리거나 나중에 다시 시도하세요.",
    "There is no such job any more: results are kept for {hours:g} hours.":
        "해당 작업이 더 이상 없습니다. 결과는 {hours:g}시간 동안만 보관됩니다.",
    "Choose a voice first.": "먼저 목소리를 고르세요.",
    "Choose a recording first.": "먼저 녹음을 고르세요.",
    "Choose a song first.": "먼저 노래를 고르세요.",
    "Bring recordings first, or record some lines.": "먼저 녹음을 추가하거나 문장을 녹음하세요.",
    "Record the line first: press the microphone.": "먼저 마이크를 눌러 문장을 녹음하세요.",
    "Choose a training first.": "먼저 학습을 고르세요.",
    "This training is not at work.": "진행 중인 학습이 아닙니다.",
    "It ends after this step, and keeps it.": "이 단계를 마치고 저장한 뒤 끝납니다.",
    "“{name}” is sound: each of its {count} files is the one that was made.":
        "“{name}” 목소리는 온전합니다. 파일 {count}개가 모두 만들었을 때와 같습니다.",
    "Choose either a zip file or a voice on the Hub.": "zip 파일과 Hub의 목소리 중 하나만 고르세요.",
    "“{voice}” should not be used: {faults}": "“{voice}”은(는) 사용하지 않는 것이 좋습니다. {faults}",
    "“{name}” has been deleted.": "“{name}” 목소리를 삭제했습니다.",
    "Choose a sound file first.": "먼저 오디오 파일을 고르세요.",
    "“{name}” has been added.": "“{name}” 목소리를 추가했습니다.",
    "Published: {address}": "공개했습니다: {address}",
    # voices
    "It needs the vocoder NSF-HiFiGAN for 44.1 kHz: put its files “{model}” and “{config}” into {folder}.":
        "44.1kHz용 NSF-HiFiGAN 보코더가 필요합니다. “{model}”과(와) “{config}” 파일을 {folder}에 넣으세요.",
    "“{file}” is another vocoder: diffusion is trained for the one with {mels} mel bands from {low:g} to {high:g} Hz.":
        "“{file}”은(는) 다른 보코더입니다. 디퓨전은 {low:g}~{high:g}Hz의 멜 대역 {mels}개를 쓰는 보코더용으로 "
        "학습합니다.",
    "{error} Voices of RVC and so-vits-svc need ContentVec ({megabytes} MB): without a connection, put its {file} into "
    "{folder}.":
        "{error} RVC와 so-vits-svc 목소리에는 ContentVec({megabytes}MB)이 필요합니다. "
        "연결할 수 없다면 {file} 파일을 {folder}에 "
        "넣으세요.",
    "“{file}” is no model of emotions: it does not know the neutral one.":
        "“{file}”은(는) 감정 모델이 아닙니다. 중립 감정이 없습니다.",
    "“{file}” is no model of emotions: it has no network.": "“{file}”은(는) 감정 모델이 아닙니다. 네트워크가 없습니다.",
    "There are only {seconds:.1f} seconds of voice in this recording. Give at least {least:.0f}; ten are a good start.":
        "녹음에 목소리가 {seconds:.1f}초뿐입니다. 최소 {least:.0f}초가 필요하고, 10초면 충분합니다.",
    "This recording is mostly noise, hum or whispering. Record a voice that speaks or sings, in a quiet room.":
        "녹음이 대부분 잡음이나 험, 속삭임입니다. 조용한 곳에서 말하거나 노래하는 목소리를 녹음하세요.",
    "“{file}” is no decoder of the instant engine.": "“{file}”은(는) 빠른 학습 엔진의 디코더가 아닙니다.",
    "This voice was trained for an earlier version of the instant engine. Train it anew from the same recordings; a "
    "training keeps them in its folder.":
    "이 목소리는 빠른 학습 엔진의 이전 버전용으로 학습되었습니다. 같은 녹음으로 "
    "다시 학습하세요. 녹음은 학습 폴더에 남아 있습니다.",
    "There is no voice called “{name}”. There are: {known}.": "“{name}” 목소리가 없습니다. 있는 목소리: {known}.",
    "A voice's name needs 1 to {longest} letters.": "목소리 이름은 1~{longest}자여야 합니다.",
    "The voice “{voice}” does not say whose voice it is ({choices}).":
        "목소리 “{voice}”이(가) 누구의 것인지 나와 있지 않습니다({choices}).",
    "The voice “{voice}” must state its licence and its origin.":
        "목소리 “{voice}”에는 라이선스와 출처가 있어야 합니다.",
    "The voice “{voice}” has a sample rate of {sample_rate} Hz. It can have 8,000 to 192,000 Hz.":
        "목소리 “{voice}”의 샘플레이트가 {sample_rate}Hz입니다. 8,000~192,000Hz만 쓸 수 있습니다.",
    "The pitch range of “{voice}” makes no sense: {range}.": "“{voice}”의 음역이 올바르지 않습니다: {range}.",
    "none yet": "아직 없음",
    "The voice “{voice}” was not taken in: {fault}": "목소리 “{voice}”을(를) 추가하지 않았습니다. {fault}",
    "There is a voice called “{name}” already. Delete that, or give this another name.":
        "“{name}” 목소리가 이미 있습니다. 기존 목소리를 삭제하거나 다른 이름을 쓰세요.",
    "“{name}” comes with the app and can't be deleted.": "“{name}”은(는) 앱에 포함된 목소리라 삭제할 수 없습니다.",
    "The voice's {card} is too large to be one.": "목소리의 {card} 파일이 너무 큽니다.",
    "This is no voice: it has no {card}.": "목소리가 아닙니다. {card} 파일이 없습니다.",
    "The voice's {card} can't be read.": "목소리의 {card} 파일을 읽을 수 없습니다.",
    "The voice's {card} is not valid: {where}: {problem}.":
        "목소리의 {card} 파일이 올바르지 않습니다. {where}: {problem}.",
    "it holds a file that its card does not list ({name}).": "카드에 없는 파일이 들어 있습니다({name}).",
    "it holds no weights.": "가중치가 없습니다.",
    "{before} Also: {fault}": "{before} 또한: {fault}",
    "its text": "본문",
    "it lists a file that a voice may not have ({name}).": "목소리에 허용되지 않는 파일이 목록에 있습니다({name}).",
    "its file {name} is missing.": "{name} 파일이 없습니다.",
    "its file {name} has been changed or damaged.": "{name} 파일이 바뀌었거나 손상되었습니다.",
    "is not where a voice's file can be.": "항목이 목소리 파일이 있을 수 없는 위치에 있습니다.",
    "{repo} is no voice of Voice Studio: it has no {card}.":
        "{repo}은(는) Voice Studio 목소리가 아닙니다. {card} 파일이 없습니다.",
    "“{voice}” was not published: {fault}": "“{voice}”을(를) 공개하지 않았습니다. {fault}",
    "To publish, paste a token with write access from huggingface.co/settings/tokens.":
        "공개하려면 huggingface.co/settings/tokens에서 만든 쓰기 권한 토큰을 붙여 넣으세요.",
    "This zip file is too large: a voice has at most {files} files and {gigabytes:g} GB.":
        "zip 파일이 너무 큽니다. 목소리는 파일 {files}개, {gigabytes:g}GB까지 가능합니다.",
    "This zip file was refused: a voice may not have a file like “{file}”.":
        "zip 파일을 열지 않았습니다. 목소리에는 “{file}” 같은 파일이 들어갈 수 없습니다.",
    "This zip file is damaged, locked with a password, or holds a file twice.":
        "zip 파일이 손상되었거나, 암호로 잠겨 있거나, 같은 파일이 두 번 들어 있습니다.",
    "“{file}” is no voice of CycleGAN: it has no network.":
        "“{file}”은(는) CycleGAN 목소리가 아닙니다. 네트워크가 없습니다.",
    "“{source}” does not say how “{name}” sounds, so it is no model of this engine.":
        "“{source}”에 “{name}”의 음성 통계가 없어 이 엔진의 모델로 쓸 수 없습니다.",
    "“{source}” is broken: what it says of “{name}” is out of range.":
        "“{source}”이(가) 손상되었습니다. “{name}”의 값이 범위를 벗어났습니다.",
}
