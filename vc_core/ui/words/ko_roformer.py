"""Korean messages about separation: RoFormer models and ensembles."""

ROFORMER_ERRORS: dict[str, str] = {
    "model": "모델",
    "These two can't be combined: one separates into {first}, the other into {second}.": (
        "이 둘은 합칠 수 없습니다. 하나는 {first}(으)로, 다른 하나는 {second}(으)로 나눕니다."
    ),
    "“{text}” is no ensemble. It is a rule ({rules}) and two engines: {example}.": (
        "“{text}”은(는) 조합이 아닙니다. 규칙({rules})과 방법 두 가지를 {example}처럼 적으세요."
    ),
    "This model separates no vocals ({stems}), so nothing can follow.": (
        "이 모델은 보컬을 분리하지 않으므로({stems}) 다음 단계를 진행할 수 없습니다."
    ),
    "clean-up": "정리 방법",
    "step after the separation": "분리한 다음의 단계",
    "No backing vocals were found, so all vocals were treated as the lead.": (
        "코러스를 찾지 못해 모든 보컬을 리드로 처리했습니다."
    ),
    "The mean of “{first}” and “{second}”.": "“{first}”와(과) “{second}”의 평균입니다.",
    "What “{first}” and “{second}” both find: the least music in the vocals.": (
        "“{first}”와(과) “{second}”이(가) 함께 찾은 소리만 남겨, 보컬에 음악이 가장 적게 남습니다."
    ),
    "What “{first}” or “{second}” finds: the most of the voice, and more music in it.": (
        "“{first}”나 “{second}” 중 하나라도 찾은 소리를 남깁니다. 목소리가 가장 많이, 음악도 더 많이 남습니다."
    ),
    "On a shared page, only the models that are listed can be chosen.": (
        "공유 페이지에서는 목록에 있는 모델만 고를 수 있습니다."
    ),
    "“{label}” has no models to choose from: leave the model out.": (
        "“{label}”에는 고를 수 있는 모델이 없습니다. 모델을 비워 두세요."
    ),
    "The stems of this model can't be told apart: {names}.": "이 모델의 트랙을 구별할 수 없습니다: {names}.",
    "“{name}” can't be the name of a stem.": "“{name}”은(는) 트랙 이름으로 쓸 수 없습니다.",
    "“{file}” was refused: it names Python objects, which could run code. Only tuples are read.": (
        "“{file}”을(를) 거부했습니다. 코드를 실행할 수 있는 Python 객체가 적혀 있습니다. 튜플만 읽습니다."
    ),
    "“{file}” is not a yaml file that can be read.": "“{file}”은(는) 읽을 수 있는 yaml 파일이 아닙니다.",
    "“{file}” is not the config of a RoFormer ({reason:.80}).": (
        "“{file}”은(는) RoFormer의 설정 파일이 아닙니다({reason:.80})."
    ),
    "Installed from {origin}.": "{origin}에서 설치했습니다.",
    "“{config}” names {stated} stems ({names}), and “{source}” has {found}: they don't belong together.": (
        "“{config}”에는 트랙이 {stated}개({names}) 적혀 있지만 “{source}”에는 {found}개가 있어 서로 맞지 않습니다."
    ),
    "“{source}” is not a RoFormer that is known here ({reason:.80}).": (
        "“{source}”은(는) 여기에서 아는 RoFormer가 아닙니다({reason:.80})."
    ),
    "“{config}” and “{source}” don't belong together: {name} is {stated} in one, and {found} in the other.": (
        "“{config}”와(과) “{source}”이(가) 서로 맞지 않습니다. "
        "{name}이(가) 한쪽에서는 {stated}, 다른 쪽에서는 {found}입니다."
    ),
    "The model “{name}” is damaged. Delete “{file}”, and choose it again.": (
        "“{name}” 모델이 손상되었습니다. “{file}”을(를) 지우고 다시 고르세요."
    ),
    "“{source}” is no RoFormer: it has no weights of a band split.": (
        "“{source}”은(는) RoFormer가 아닙니다. 대역을 나누는 가중치가 없습니다."
    ),
    "“{source}” has rotary frequencies of its own ({name}).": (
        "“{source}”의 회전 위치 주파수가 표준과 다릅니다({name})."
    ),
    "“{source}” is no RoFormer: it holds more than weights, or none.": (
        "“{source}”은(는) RoFormer가 아닙니다. 가중치가 없거나, 가중치가 아닌 것이 들어 있습니다."
    ),
    "“{source}” is a variant that can't be used here: it has {kind}. Plain BS- and Mel-Band RoFormers can.": (
        "“{source}”은(는) 여기에서 쓸 수 없는 변형 모델입니다({kind}). "
        "일반 BS-RoFormer와 Mel-Band RoFormer만 쓸 수 있습니다."
    ),
    "“{file}” has no config: put its .yaml beside it, under the same name.": (
        "“{file}”에 설정 파일이 없습니다. 같은 이름의 .yaml 파일을 옆에 두세요."
    ),
    "{file} is not the file that was expected: its hash differs.": (
        "{file}은(는) 예상한 파일이 아닙니다. 해시가 다릅니다."
    ),
    "{source} has several models. Name one as {source}:{first}; there are {files}.": (
        "{source}에 모델이 여러 개 있습니다. {source}:{first}처럼 하나를 고르세요. 있는 모델: {files}."
    ),
    "{source} has no RoFormer: no .ckpt file.": "{source}에 RoFormer가 없습니다. .ckpt 파일이 없습니다.",
    "There is no model “{name}”. There are: {known}. Any other is named by its repo on the Hub or its link.": (
        "“{name}” 모델이 없습니다. 있는 모델: {known}. 다른 모델은 Hub의 저장소 이름이나 링크로 고르세요."
    ),
    "none stated": "밝히지 않음",
    "contradictory statements": "서로 엇갈림",
    "free unless commercial, as reported": "비상업적 사용은 자유롭다고 알려짐",
    "{about}. {megabytes} MB, {quality}licence: {licence}.": "{about}. {megabytes}MB, {quality}라이선스: {licence}.",
    "Vocals, by Kimberley Jensen: the usual choice": "보컬 (Kimberley Jensen), 기본 모델",
    "Vocals, by unwa: a quarter of the download": "보컬 (unwa), 내려받는 크기가 4분의 1",
    "Accompaniment, by unwa": "반주 (unwa)",
    "Vocals, drums, bass, guitar, piano and the rest": "보컬, 드럼, 베이스, 기타, 피아노, 그 밖의 악기",
    "Lead vocals apart from backing vocals, by Gabox": "리드 보컬과 코러스 분리 (Gabox)",
    "Lead vocals apart from backing vocals, by becruily": "리드 보컬과 코러스 분리 (becruily)",
    "Takes reverb away, by anvuew": "잔향 제거 (anvuew)",
    "Takes reverb away, by anvuew: the smaller one": "잔향 제거 (anvuew), 작은 모델",
    "Takes noise away, by aufr33": "잡음 제거 (aufr33)",
}
