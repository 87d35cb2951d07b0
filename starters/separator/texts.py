"""Sentences by language, for the training and the test split."""

import numpy as np

TRAINING = {
    "en": (
        "The river runs slowly under the old stone bridge.",
        "Oh, hold me now, the night is falling over town.",
        "She sells fresh bread and cheese at the corner every Thursday.",
        "Fire in the sky, we are never going home again.",
        "Please remember to bring your passport and two photographs.",
        "I was dreaming of a garden where the roses grow.",
        "Why would anybody choose such a heavy purple jacket?",
        "Dancing in the shadows, dancing all alone, yeah, yeah.",
        "The judge asked both witnesses to speak more clearly.",
        "Love, you came like thunder, and you left me like the rain.",
        "Seven hungry wolves were watching from the hill.",
        "Hey, hey, baby, won't you tell me what you need?",
        "My father fixed the engine with a piece of wire.",
        "Hallelujah, sing it louder, sing until the walls come down.",
        "Temperatures will drop to minus five by early evening.",
        "Under a thousand stars I am calling out your name.",
        "Which of these boxes should go to the second floor?",
        "Ooh, la la la, na na na, hey, oh.",
        "The museum opens at nine, except on public holidays.",
        "Wild horses running, the desert is wide and the moon is low.",
        "He whispered something about a treasure in the cave.",
        "Breathe in, breathe out, and leave your worries far behind.",
        "Just one more summer, one more chance, one more goodbye.",
        "A small grey mouse jumped over the sleeping dog.",
    ),
    "ko": (
        "오늘 밤 하늘에 별이 정말 많이 떠 있네요.",
        "사랑한다는 말을 아직 하지 못했어.",
        "다음 역에서 내려서 버스로 갈아타세요.",
        "바람이 불어오는 곳으로 나는 걸어가네.",
        "어머니는 시장에서 사과와 배를 샀습니다.",
        "너를 처음 만난 그날을 기억하고 있어.",
        "이 문제는 생각보다 훨씬 어려웠다.",
        "눈물이 흘러도 나는 다시 일어설 거야.",
        "창문을 열면 바다 냄새가 들어와요.",
        "우리 함께 노래하자, 아침이 올 때까지.",
        "커피 두 잔하고 빵 하나 주세요.",
        "꿈속에서라도 다시 한 번 보고 싶어.",
    ),
    "es": (
        "El sol se esconde detrás de las montañas azules.",
        "Ay, corazón, no me dejes solo esta noche.",
        "¿Cuánto cuesta el billete para el tren de las ocho?",
        "Bailando bajo la lluvia, cantando tu canción.",
        "Mi abuela guarda las cartas en una caja de madera.",
        "Vuela, paloma blanca, vuela sobre el mar.",
    ),
    "fr": (
        "Les enfants jouent dans la cour de l'école.",
        "Je t'aimerai toujours, même quand viendra l'hiver.",
        "Le médecin arrivera demain matin vers dix heures.",
        "Sous les ponts de la ville, l'eau chante doucement.",
        "Voulez-vous un peu plus de soupe aux champignons ?",
        "Reste encore une nuit, mon amour, ma douleur.",
    ),
    "de": (
        "Der Zug nach Hamburg hat heute zwanzig Minuten Verspätung.",
        "Komm, wir tanzen durch die stille Nacht.",
        "Im Keller stehen noch drei Flaschen Wein.",
        "Über den Wolken höre ich deine Stimme.",
        "Könnten Sie mir bitte den kürzesten Weg zeigen?",
        "Alle Träume ziehen langsam übers Meer.",
    ),
    "it": (
        "La finestra si apre sul giardino pieno di limoni.",
        "Amore mio, torna presto da me.",
        "Domani compriamo il pesce al mercato del porto.",
        "Canto per te una vecchia melodia.",
        "Nessuno sapeva dove fosse finita la chiave.",
    ),
    "ru": (
        "Зимой в деревне рано темнеет.",
        "Ой, ты, ветер, унеси мою печаль.",
        "Поезд прибывает на третью платформу.",
        "Я помню тихий голос твой над рекой.",
    ),
    "ja": (
        "あしたのあさ、いっしょにうみへいきましょう。",
        "さくらのはなが、かぜにまいおどる。",
        "このみせのラーメンはとてもおいしいです。",
        "きみのこえが、いまもきこえる。",
    ),
    "pl": (
        "Stary zegar na wieży bije co godzinę.",
        "Zaśpiewaj mi jeszcze jedną piosenkę.",
        "Wczoraj kupiliśmy świeże jabłka na targu.",
    ),
    "cmn": (
        "今天晚上我们去看电影吧。",
        "月亮照着安静的小河。",
        "请问火车站怎么走？",
    ),
}

TEST = {
    "en": (
        "Nobody noticed the letter lying beneath the table.",
        "Carry me over the water, carry me back to the shore.",
        "Twelve engineers repaired the broken antenna before lunch.",
        "And the morning comes too soon, and the music fades away.",
        "Could you open that window, it is getting warm in here.",
        "Golden days are gone, but I can still hear you laughing.",
    ),
    "ko": (
        "기차가 떠난 뒤에도 그는 오래 서 있었다.",
        "비가 오는 거리에서 너의 이름을 불러 본다.",
        "도서관은 저녁 여섯 시에 문을 닫습니다.",
        "저 달빛 아래 우리 둘이 춤을 추네.",
    ),
    "pt": (
        "O barco chegou ao porto antes da meia-noite.",
        "Saudade é o vento que leva o meu coração.",
        "Preciso de uma caneta azul e de duas folhas de papel.",
    ),
    "nl": (
        "De fietsen staan achter het huis van de buren.",
        "Zing met mij tot de zon weer opkomt.",
        "Hij heeft gisteren zijn bril laten vallen.",
    ),
    "sv": (
        "Snön ligger tung över taken i byn.",
        "Sjung för mig en visa om sommarens ljus.",
        "Kan du köpa mjölk på vägen hem?",
    ),
}

_ONSETS = ("", "b", "d", "f", "g", "h", "k", "l", "m", "n", "p", "r", "s", "t", "v", "z", "tr", "st", "pl", "sh", "ch")
_VOWELS = ("a", "e", "i", "o", "u", "ai", "ou")
_CODAS = ("", "", "", "n", "s", "l", "r", "m", "t")


def invent_text(generator: np.random.Generator) -> str:
    """Invent words with all combinations of phones."""
    words = [
        "".join(
            "".join(generator.choice(part) for part in (_ONSETS, _VOWELS, _CODAS))
            for _ in range(generator.integers(1, 4))
        )
        for _ in range(generator.integers(4, 10))
    ]
    return " ".join(words) + "."
