"""Recording prompts for training a voice: lines with every phone of the language, and singing exercises.

They were written for this project, and take about five minutes in all.
"""

import re
from pathlib import PurePath

LINES: dict[str, tuple[str, ...]] = {
    "en": (
        "Joyce bought a huge jar of orange jam before the show.",
        "The young king gazed at the blue sea without a word.",
        "We should measure the garage twice, just to be sure.",
        "Both of my brothers thought the path was rather smooth.",
        "Why did the yellow cat choose to sleep in your coat?",
        "Nothing pleases a thirsty horse like fresh cool water.",
        "The judge heard her voice and asked for a short pause.",
        "Five thin foxes ran over the frozen field at dawn.",
        "Please put the good book back on the wooden shelf.",
        "Our neighbour usually sings while he washes the car.",
        "She paid eight pounds for a pair of grey leather boots.",
        "A pure white cloud was hanging above the quiet town.",
        "They chose the treasure chest with the shiny brass lock.",
        "I never knew how loud a mouse could be at midnight.",
        "Zoe was amazed to see a zebra in the village zoo.",
        "Few people view the beach from that tower these days.",
        "Go and fetch the bag of sugar for the ginger cake.",
        "The boy enjoys the noise of coins falling in the fountain.",
        "Thick fog covered the southern bay throughout the morning.",
        "Could you pour me another cup of that lovely tea?",
        "Lucky for us, the runner jumped over the rubber duck.",
        "He took a deep breath, and then he began to breathe slowly.",
        "What an unusual vision: a beige mirage beyond the dune!",
        "Put every penny you have on the number thirty-three.",
        "The nurse heard the first bird chirp early this Thursday.",
        "Warm winds blow softly where the wild roses grow.",
        "Can anybody explain why the clock has stopped again?",
        "Father asked for half a glass of calm, clear lemonade.",
        "Oh no, don't throw those old photos onto the road!",
        "I'm here, you're there, and the air between us is bare.",
    ),
    "ko": (
        "바닷가에 서면 짭짤한 바람이 먼저 인사를 건넵니다.",
        "할머니께서 끓여 주신 된장찌개가 참 구수했어요.",
        "꽃잎이 흩날리는 길을 따라 천천히 걸었습니다.",
        "왜 그렇게 급하게 뛰어가는지 아무도 몰랐다.",
        "의자 옆에 놓인 하얀 상자를 좀 치워 줄래요?",
        "새벽 기차를 타려고 일찍 잠자리에 들었어요.",
        "뜨거운 우유 한 잔과 빵 두 조각이면 충분해.",
        "저 멀리 푸른 들판 너머로 해가 지고 있네요.",
        "책을 읽다가 깜빡 졸아서 내릴 곳을 지나쳤다.",
        "여덟 마리 오리가 줄지어 연못을 건너갑니다.",
        "귀여운 강아지가 꼬리를 흔들며 반겨 주었어요.",
        "웬일로 오늘은 창문을 활짝 열어 두었을까?",
        "얇은 외투만 걸치고 나왔더니 몹시 춥더라.",
        "닭이 울기 전에 밭일을 모두 끝냈다고 합니다.",
        "괜찮다고 말했지만 사실은 무척 서운했어.",
        "쌀을 씻어 밥을 안치고 국거리를 썰었다.",
        "예쁜 별이 쏟아질 듯 밤하늘을 수놓았어요.",
        "짝꿍이 빌려 준 연필로 그림을 쓱쓱 그렸지.",
        "넓은 마당 한쪽에 키 큰 감나무가 서 있습니다.",
        "원하는 만큼 마음껏 웃고 떠들어도 좋아요.",
        "값진 보물은 늘 가까운 곳에 숨어 있다더군.",
        "햇볕에 말린 이불에서 포근한 냄새가 납니다.",
        "흙길을 맨발로 밟으니 느낌이 색달랐다.",
        "그 애는 얘기를 참 재미있게 하는 재주가 있어.",
        "톡톡 튀는 팝콘 소리에 모두가 고개를 돌렸다.",
        "겨울이 오면 호숫가에 하얀 눈꽃이 핍니다.",
        "바퀴 달린 가방을 끌고 비탈길을 올라갔어요.",
        "무얼 먹을지 고르느라 한참을 망설였네.",
        "외딴섬의 등대는 밤마다 홀로 불을 밝힌다.",
        "앉았던 자리를 정리하고 조용히 문을 닫았습니다.",
    ),
}
"""By language; together they contain every phone of it (a test counts them)."""

EXERCISES: dict[str, tuple[str, ...]] = {
    "en": (
        "Hold “ah” on a comfortable note for as long as it stays steady.",
        "Hold “ee”, then “oo”, then “oh” on the same note, about three seconds each.",
        "Slide on “ah” from your lowest note to your highest, and back down.",
        "Sing five steps up and down on “la”; begin low, and go up a little each time, five times.",
        "The same on “no”, beginning in the middle of your voice and going up, five times.",
        "Sing three notes up and down on “mee”, as high as it goes without force.",
        "Hold one note and go from as soft as you can to loud, and back.",
        "Sing short, bouncing notes on “ha”: eight on each of four pitches.",
        "Hum any tune you like for about fifteen seconds.",
        "Sing the first verse of a song that you know by heart, without any music.",
    ),
    "ko": (
        "편안한 음에서 “아”를 흔들리지 않게 오래 냅니다.",
        "같은 음에서 “이”, “우”, “오”를 차례로 삼 초씩 냅니다.",
        "“아”로 가장 낮은 음에서 가장 높은 음까지 미끄러졌다가 내려옵니다.",
        "“라”로 다섯 음을 오르내립니다. 낮게 시작해 조금씩 올리며 다섯 번 합니다.",
        "“노”로 똑같이 하되, 중간 높이에서 시작해 올리며 다섯 번 합니다.",
        "“미”로 세 음을 오르내리며, 힘주지 않고 낼 수 있는 데까지 올라갑니다.",
        "한 음을 아주 여리게 시작해 크게 냈다가 다시 여리게 줄입니다.",
        "“하”로 짧게 튀는 음을 냅니다. 네 높이에서 여덟 번씩 합니다.",
        "좋아하는 가락을 십오 초쯤 콧노래로 부릅니다.",
        "외우는 노래의 첫 절을 반주 없이 부릅니다.",
    ),
}

GOAL_SECONDS = 300.0


def list_prompts(language: str) -> tuple[str, ...]:
    """All lines and exercises, interleaved so that neither tires the voice."""
    lines, exercises = LINES[language], EXERCISES[language]
    each = len(lines) // len(exercises)
    mixed: list[str] = []
    for at, exercise in enumerate(exercises):
        mixed += [*lines[at * each : (at + 1) * each], exercise]
    return (*mixed, *lines[len(exercises) * each :])


def name_take(language: str, at: int) -> str:
    """Name the take of a prompt, so that its text can be found by the file name."""
    return f"line-{language}-{at:03d}"


def find_text_of_take(title: str) -> tuple[str, str] | None:
    """Find the language and text of a prompt by the file name of its take; None for exercises and other files."""
    named = re.fullmatch(r"line-([a-z]{2})-(\d{3})", PurePath(title).stem)
    if named is None or named[1] not in LINES:
        return None
    language, at = named[1], int(named[2])
    everything = list_prompts(language)
    return (language, everything[at]) if at < len(everything) and everything[at] in LINES[language] else None
