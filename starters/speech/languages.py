"""Sentences in other languages for the natural-speech corpus: a subject, what it does, and where or when."""

from dataclasses import dataclass

from starters.separator import texts
from starters.separator.effects import Generator


@dataclass(frozen=True)
class Language:
    """`parts` in their order; one of each makes a sentence. `written` are whole ones."""

    parts: tuple[tuple[str, ...], ...]
    written: tuple[str, ...] = ()
    space: str = " "
    stop: str = "."


LANGUAGES = {
    "es": Language((
        ("El vecino", "Mi hermana", "La profesora", "Un viejo marinero", "El niño rubio", "Nuestra jefa",
         "Joaquín", "La guitarrista", "El perro negro", "Una mujer elegante", "El guardia", "Cualquiera"),
        ("compró un reloj de plata", "olvidó las llaves", "quiere aprender a nadar",
         "escribe cartas muy largas", "rompió la ventana", "cuenta chistes", "lleva zapatos azules",
         "encontró un billete", "dibuja caballos", "prepara chocolate caliente", "pregunta por ti",
         "vende naranjas y ajo"),
        ("en la plaza", "todos los jueves", "sin decir nada", "cerca del río", "antes de cenar",
         "con mucha paciencia", "desde el año pasado", "junto a la iglesia", "por la mañana", "bajo la lluvia",
         "cuando llega el verano"),
    ), texts.TRAINING["es"]),
    "fr-fr": Language((
        ("Le boulanger", "Ma cousine", "Un vieux pêcheur", "La jeune femme", "Notre voisin", "Le chat gris",
         "Geneviève", "Le juge", "Une infirmière", "Son oncle", "L'ingénieur", "Tout le monde"),
        ("cherche un parapluie", "a perdu sa montre", "chante une chanson douce", "veut acheter des fleurs",
         "lit le journal", "a cassé la bouteille", "mange du pain beurré", "attend le train",
         "rêve d'un long voyage", "peint la porte en jaune", "ne répond jamais", "joue du violon"),
        ("au bord du lac", "depuis lundi", "sans faire de bruit", "chaque matin", "dans la cuisine",
         "avec plaisir", "pendant l'hiver", "sous le pont", "à huit heures et demie", "près de la gare",
         "quand il pleut"),
    ), texts.TRAINING["fr"]),
    "it": Language((
        ("Il nonno", "La maestra", "Un giovane medico", "Mia zia", "Il gatto bianco", "Giovanna", "Il cuoco",
         "Ognuno", "La ragazza straniera", "Un pescatore", "Il sindaco", "Nostra figlia"),
        ("ha perso gli occhiali", "canta sottovoce", "compra delle arance", "scrive una lunga lettera",
         "vuole imparare il tedesco", "ha rotto lo specchio", "prepara gli gnocchi", "aspetta l'autobus",
         "legge un giallo", "sogna il mare", "chiude sempre la porta", "suona la chitarra"),
        ("in piazza", "ogni giovedì", "senza fretta", "vicino alla chiesa", "prima di cena", "con gioia",
         "da ieri sera", "sotto la pioggia", "d'inverno", "nel giardino", "quando torna a casa"),
    ), texts.TRAINING["it"]),
    "pt-br": Language((
        ("O vizinho", "Minha irmã", "A professora", "Um velho pescador", "O menino", "João", "A cozinheira",
         "Ninguém", "O cachorro preto", "Uma mulher elegante", "Nosso chefe", "O músico"),
        ("perdeu as chaves", "comprou pão quente", "quer aprender a nadar", "escreve cartas longas",
         "quebrou o espelho", "toca violão", "trouxe um guarda-chuva", "encontrou um relógio",
         "desenha cavalos", "vende laranjas", "sempre fecha a janela", "contou uma história"),
        ("na praça", "toda quinta-feira", "sem dizer nada", "perto do rio", "antes do jantar",
         "com muita paciência", "desde o ano passado", "ao lado da igreja", "de manhã", "debaixo da chuva",
         "quando chega o verão"),
    )),
    "hi": Language((
        ("मेरा भाई", "वह लड़की", "हमारे अध्यापक", "बूढ़ा किसान", "छोटा बच्चा", "मेरी माँ", "राजेश", "पड़ोसी",
         "डॉक्टर साहब", "उसका दोस्त"),
        ("कल शाम को", "हर सोमवार", "बाज़ार में", "नदी के किनारे", "बिना कुछ बोले", "सुबह जल्दी", "बारिश में",
         "घर के पीछे", "बड़े प्यार से"),
        ("फल ख़रीदता है", "गाना गा रहा है", "चाय पी रहा है", "किताब पढ़ता है", "पत्र लिखता है",
         "मुझे बुलाता है", "खाना बनाता है", "टहलने जाता है", "चाबी भूल जाता है", "ज़ोर से हँसता है"),
    ), stop="।"),
    "de": Language((
        ("Der Nachbar", "Meine Schwester", "Die junge Ärztin", "Ein alter Fischer", "Das Mädchen",
         "Unser Lehrer", "Jürgen", "Die Königin", "Der schwarze Hund", "Niemand", "Ihr Onkel", "Die Bäckerin"),
        ("kauft frische Brötchen", "sucht den Schlüssel", "schreibt lange Briefe", "singt ein leises Lied",
         "möchte schwimmen lernen", "hört Musik", "spielt gern Geige", "wartet auf den Zug",
         "erzählt eine Geschichte", "zeichnet Pferde", "trägt einen grünen Mantel", "öffnet das Fenster"),
        ("am Marktplatz", "jeden Donnerstag", "ohne ein Wort", "in der Nähe des Flusses", "vor dem Frühstück",
         "mit viel Geduld", "seit letztem Jahr", "neben der Kirche", "im Frühling", "bei Regen",
         "um halb acht"),
    ), texts.TRAINING["de"]),
    "ko": Language((
        ("우리 형은", "옆집 아주머니가", "젊은 의사는", "그 아이는", "할아버지께서", "내 친구가", "선생님은",
         "검은 고양이가", "아무도", "지영이는"),
        ("매주 목요일", "시장에서", "조용히", "강가에서", "아침 일찍", "비가 오는데도", "작년부터",
         "학교 앞에서", "웃으면서", "혼자"),
        ("노래를 불러요", "편지를 씁니다", "사과를 샀어요", "기차를 기다린다", "책을 읽고 있다", "춤을 춥니다",
         "열쇠를 찾았어요", "커피를 마신다", "그림을 그려요", "문을 열지 않았다"),
    ), texts.TRAINING["ko"]),
    "ja": Language((
        ("となりのひとは", "わたしのあねが", "わかいせんせいは", "あのこどもは", "おじいさんが", "ともだちは",
         "くろいねこが", "だれかが"),
        ("まいしゅう", "かわのそばで", "しずかに", "あさはやく", "えきのまえで", "きょねんから", "ひとりで",
         "たのしそうに"),
        ("うたをうたいます", "てがみをかいた", "りんごをかいました", "でんしゃをまっている", "ほんをよむ",
         "おちゃをのみます", "かぎをさがした", "えをかいています"),
    ), texts.TRAINING["ja"], stop="。", space="、"),
}  # fmt: skip
"""By espeak-ng's names. Japanese is in hiragana, for espeak-ng can't read characters."""
INVENTED_READ_AS = ("es", "it", "fr-fr", "de", "en-us", "en-gb", "pt-br")


def choose_foreign(language: str, generator: Generator) -> str:
    """A sentence, now and then one of the written ones, now and then a question."""
    spoken = LANGUAGES[language]
    if spoken.written and generator.random() < 0.15:
        return spoken.written[generator.integers(len(spoken.written))]
    words = [part[generator.integers(len(part))] for part in spoken.parts]
    stop = "?" if generator.random() < 0.15 else spoken.stop
    return spoken.space.join(words) + stop


def invented_words(generator: Generator) -> tuple[str, str]:
    """Words of no language, and the language as which they are read."""
    return texts.invent_text(generator), INVENTED_READ_AS[generator.integers(len(INVENTED_READ_AS))]
