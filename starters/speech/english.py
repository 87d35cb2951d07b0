"""English sentences for the natural-speech corpus, put together by a small grammar: many words in many melodies."""

from collections.abc import Callable, Sequence

from starters.separator import texts
from starters.separator.effects import Generator
from starters.speech.sentences import build_sentence

_PEOPLE = (
    "teacher", "pilot", "gardener", "grandmother", "painter", "carpenter", "nurse", "lawyer", "driver", "student",
    "uncle", "niece", "poet", "sailor", "butcher", "tailor", "waiter", "dancer", "guide", "clerk", "soldier", "priest",
    "plumber", "champion", "stranger", "twin", "author", "chef", "drummer", "landlord", "mechanic", "widow", "hunter",
    "queen", "shepherd", "guard", "toddler", "athlete", "surgeon", "cashier", "fiddler", "magician", "visitor",
)  # fmt: skip
_CREATURES = (
    "dog", "kitten", "horse", "goat", "sheep", "rooster", "eagle", "whale", "spider", "turtle", "monkey", "rabbit",
    "squirrel", "donkey", "beetle", "lizard", "penguin", "tiger", "pigeon", "mosquito", "dolphin", "hedgehog", "ox",
)  # fmt: skip
_THINGS = (
    "ladder", "candle", "blanket", "violin", "suitcase", "umbrella", "kettle", "hammer", "mirror", "wallet", "basket",
    "guitar", "lantern", "necklace", "photograph", "notebook", "telephone", "carpet", "shovel", "engine", "package",
    "helmet", "bicycle", "feather", "statue", "ribbon", "barrel", "parcel", "compass", "whistle", "clock", "scarf",
    "vase", "drawer", "glove", "wheel", "sword", "postcard", "camera", "pillow", "bucket", "trumpet", "puzzle", "map",
    "treasure", "machine", "fence", "curtain", "sculpture", "envelope", "thermometer", "razor", "brush", "cushion",
)  # fmt: skip
_FOODS = (
    "cherries", "mushrooms", "yogurt", "pepper", "onions", "chocolate", "porridge", "garlic", "walnuts", "vinegar",
    "spaghetti", "cucumber", "beef", "sausages", "ginger", "strawberries", "rye bread", "tuna", "butter", "noodles",
    "pumpkin soup", "lemonade", "peaches", "oatmeal", "maple syrup", "a boiled egg", "cabbage", "grape jelly",
)  # fmt: skip
_ADJECTIVES = (
    "ancient", "brave", "clumsy", "dusty", "elegant", "fragile", "gentle", "hollow", "icy", "jealous", "kind", "lazy",
    "muddy", "narrow", "orange", "patient", "quick", "rusty", "silver", "tiny", "unusual", "violet", "weary", "young",
    "zigzag", "curious", "foolish", "generous", "heavy", "cheap", "yellow", "wooden", "furious", "shiny", "rough",
    "thick", "loyal", "awkward", "peculiar", "bright", "smooth", "stubborn", "royal", "spotted", "enormous", "vivid",
)  # fmt: skip
_TRANSITIVE = (
    "lifted", "dropped", "borrowed", "repaired", "admired", "hid", "burned", "polished", "sketched", "delivered",
    "wrapped", "swallowed", "chased", "weighed", "dragged", "noticed", "buried", "squeezed", "destroyed", "offered",
    "recognized", "shook", "collected", "ignored", "exchanged", "photographed", "rescued", "knocked over", "unlocked",
    "scratched", "sold", "described", "fetched", "trusted", "tied up", "discovered", "crushed", "preserved", "judged",
)  # fmt: skip
_INTRANSITIVE = (
    "laughed out loud", "fell asleep", "ran away", "sneezed twice", "waited patiently", "began to argue", "sat down",
    "danced for joy", "refused to answer", "turned around", "whistled a tune", "lost the way", "grew up too fast",
    "kept on dreaming", "looked very pleased", "shouted for help", "walked home", "stood perfectly still", "burst out",
    "moved to Chicago", "learned to juggle", "caught a cold", "stayed up late", "joined the choir", "gave up smoking",
)  # fmt: skip
_PLACES = (
    "behind the barn", "at the airport", "in the attic", "across the street", "under the stairs", "beside the fountain",
    "on the edge of town", "inside the tunnel", "near the lighthouse", "at the bottom of the lake", "in the kitchen",
    "over the fence", "between the hedges", "outside the theatre", "along the railway", "on a tiny island",
    "around the corner", "through the thick fog", "above the clouds", "by the open window", "in the village square",
    "next to the bakery", "at the back of the bus", "on the third floor", "in the middle of nowhere",
)  # fmt: skip
_TIMES = (
    "yesterday", "last winter", "every other Sunday", "in the early morning", "at midnight", "two weeks ago",
    "for once", "during the storm", "just before breakfast", "after a long pause", "since Tuesday", "as usual",
    "in February", "on their birthday", "once a month", "long ago", "at twenty past seven", "the other day",
    "in the autumn of that year",
)  # fmt: skip
_MANNERS = (
    "slowly", "quite carefully", "without thinking", "with great care", "rather suddenly", "for no reason", "quietly",
    "in a hurry", "by mistake", "with a smile", "as if by magic", "against all advice", "foolishly", "on purpose",
)  # fmt: skip
_NAMES = (
    "Abigail", "Benjamin", "Charlotte", "Dorothy", "Edward", "Fiona", "Gareth", "Hannah", "Isaac", "Jasmine", "Keith",
    "Laura", "Matthew", "Naomi", "Oliver", "Patricia", "Quentin", "Rebecca", "Samuel", "Theodore", "Ursula", "Victor",
    "Wendy", "Xavier", "Yvonne", "Zachary", "Joyce", "Hugh", "Ruth", "Arthur", "Chloe", "Thatcher", "Vaughn", "Beth",
)  # fmt: skip
_NUMBERS = (
    "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fifteen",
    "sixteen", "eighteen", "nineteen", "twenty", "thirty-six", "forty", "fifty-one", "seventy", "ninety-nine",
    "a hundred", "three hundred and five", "a thousand", "two million",
)  # fmt: skip
_OPINIONS = (
    "it was too expensive", "nobody would mind", "the weather might change", "we had met before", "she was joking",
    "the bridge would hold", "there was enough time", "the answer was obvious", "he had forgotten us", "it could work",
    "the moon looked larger than usual", "they should have asked first", "both of them were wrong", "this would happen",
)  # fmt: skip
_REPLIES = (
    "Yes, of course.", "No, thank you.", "I beg your pardon?", "What a pity!", "Good morning, everyone.", "Not at all.",
    "Never mind.", "Are you sure?", "That's enough, thanks.", "Oh, how wonderful!", "Maybe later.", "Who's there?",
    "Let's go!", "I don't think so.", "Well, well, well.", "Why not?", "See you on Wednesday.", "Hurry up, please!",
    "Just a moment.", "You must be joking.", "As you wish.", "Here we are.", "Huh, that's odd.", "Easy does it.",
)  # fmt: skip
_ADVICE = (
    "Turn left at", "Don't touch", "Please bring back", "Be careful with", "Always clean", "Try to imagine", "Look at",
    "Remember", "Write down the price of", "Ask somebody about", "Keep an eye on", "Choose", "Forget about", "Measure",
)  # fmt: skip


def choose_english(generator: Generator) -> str:
    """One sentence or two."""
    if generator.random() < 0.08:
        return _pick(_REPLIES, generator)
    text = _sentence(generator)
    return f"{text} {_sentence(generator)}" if generator.random() < 0.3 else text


def _sentence(generator: Generator) -> str:
    kind = generator.random()
    if kind < 0.12:
        return build_sentence(generator)
    if kind < 0.17:
        return _pick(texts.TRAINING["en"], generator)
    text = _FORMS[generator.integers(len(_FORMS))](generator)
    return text[0].upper() + text[1:]


def _pick(words: Sequence[str], generator: Generator) -> str:
    return words[generator.integers(len(words))]


def _who(generator: Generator) -> str:
    if generator.random() < 0.3:
        return _pick(_NAMES, generator)
    return _noun(_PEOPLE if generator.random() < 0.7 else _CREATURES, generator)


def _noun(nouns: Sequence[str], generator: Generator) -> str:
    described = f"{_pick(_ADJECTIVES, generator)} " if generator.random() < 0.5 else ""
    words = described + _pick(nouns, generator)
    article = _pick(("the", "the", "this", "my", "our", "her", "their", "your", "that", "a"), generator)
    return f"{'an' if article == 'a' and words[0] in 'aeiou' and words[:3] != 'uni' else article} {words}"


def _what(generator: Generator) -> str:
    return _noun(_THINGS if generator.random() < 0.8 else _CREATURES, generator)


def _end(generator: Generator) -> str:
    endings = (_PLACES, _TIMES, _MANNERS)
    chosen = [_pick(endings[at], generator) for at in generator.choice(3, generator.integers(0, 3), replace=False)]
    return "".join(f" {words}" for words in chosen)


def _action(generator: Generator) -> str:
    if generator.random() < 0.35:
        return _pick(_INTRANSITIVE, generator)
    return f"{_pick(_TRANSITIVE, generator)} {_what(generator)}"


_FORMS: tuple[Callable[[Generator], str], ...] = (
    lambda g: f"{_who(g)} {_action(g)}{_end(g)}.",
    lambda g: f"{_who(g)} {_action(g)}{_end(g)}.",
    lambda g: f"{_pick(_TIMES, g)}, {_who(g)} {_action(g)}.",
    lambda g: f"{_who(g)} {_action(g)}, and {_who(g)} {_action(g)}.",
    lambda g: f"when {_who(g)} {_action(g)}, {_who(g)} {_action(g)}{_end(g)}.",
    lambda g: f"do you think that {_who(g)} {_action(g)}?",
    lambda g: f"where did {_who(g)} find {_what(g)}?",
    lambda g: f"which {_pick(_THINGS, g)} is {_pick(('yours', 'cheaper', 'missing', 'the oldest', 'too large'), g)}?",
    lambda g: f"{_who(g)} thought that {_pick(_OPINIONS, g)}, but {_who(g)} {_action(g)}.",
    lambda g: (
        f"I would like some {_pick(_FOODS, g)}, some {_pick(_FOODS, g)}, and {_pick(_NUMBERS, g)} spoons, please."
    ),
    lambda g: f"{_pick(_ADVICE, g)} {_what(g)}{_end(g)}.",
    lambda g: f"{_pick(_ADVICE, g)} {_what(g)}, {_pick(_NAMES, g)}!",
    lambda g: f"{_who(g)} counted {_pick(_NUMBERS, g)} {_pick(_CREATURES[:4], g)}s and {_pick(_NUMBERS, g)} chairs.",
    lambda g: f"if {_who(g)} is {_pick(_ADJECTIVES, g)}, why is {_who(g)} so {_pick(_ADJECTIVES, g)}?",
    lambda g: f"{_pick(_NAMES, g)}, {_pick(_NAMES, g)} and {_who(g)} {_action(g)}{_end(g)}.",
    lambda g: f"what {_pick(('a strange', 'a lovely', 'an ugly', 'a useful'), g)} {_pick(_THINGS, g)} that was!",
    lambda g: f"there is nothing {_pick(_PLACES, g)} except {_what(g)} and {_what(g)}.",
    lambda g: f"we never knew why {_who(g)} {_action(g)}; {_pick(_OPINIONS, g)}.",
)
