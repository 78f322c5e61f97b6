"""Passwords that many people have, so that guessing begins with them.

No list of leaked passwords but what those are made of: a few words everybody uses, written by hand for this app, with
digits, signs, a year or a second such word around them, letters swapped for look-alikes; and rows of keys.
"""

from __future__ import annotations

import re

_WORDS = frozenset(
    [
        "password",
        "passwort",
        "passwd",
        "passphrase",
        "contrasena",
        "motdepasse",
        "senha",
        "parola",
        "haslo",
        "heslo",
        "losenord",
        "wachtwoord",
        "salasana",
        "letmein",
        "welcome",
        "willkommen",
        "bienvenue",
        "hello",
        "hallo",
        "admin",
        "administrator",
        "root",
        "user",
        "guest",
        "login",
        "master",
        "secret",
        "geheim",
        "default",
        "changeme",
        "change",
        "me",
        "test",
        "tester",
        "testing",
        "temp",
        "qwerty",
        "qwertz",
        "azerty",
        "iloveyou",
        "ilove",
        "you",
        "love",
        "lovely",
        "forever",
        "loveme",
        "babygirl",
        "baby",
        "girl",
        "boy",
        "princess",
        "prinzessin",
        "prince",
        "king",
        "queen",
        "angel",
        "angels",
        "sunshine",
        "sunflower",
        "flower",
        "flowers",
        "butterfly",
        "rainbow",
        "star",
        "stars",
        "starwars",
        "superman",
        "batman",
        "spiderman",
        "ironman",
        "pokemon",
        "pikachu",
        "naruto",
        "minecraft",
        "fortnite",
        "nintendo",
        "football",
        "fussball",
        "soccer",
        "baseball",
        "basketball",
        "hockey",
        "tennis",
        "liverpool",
        "arsenal",
        "chelsea",
        "barcelona",
        "realmadrid",
        "juventus",
        "bayern",
        "yankees",
        "cowboys",
        "ferrari",
        "porsche",
        "mercedes",
        "mustang",
        "harley",
        "dragon",
        "monkey",
        "tiger",
        "lion",
        "eagle",
        "falcon",
        "shadow",
        "hunter",
        "killer",
        "ninja",
        "warrior",
        "soldier",
        "computer",
        "internet",
        "google",
        "facebook",
        "instagram",
        "youtube",
        "samsung",
        "apple",
        "iphone",
        "android",
        "microsoft",
        "windows",
        "linux",
        "michael",
        "michelle",
        "jessica",
        "jennifer",
        "ashley",
        "daniel",
        "andrew",
        "anthony",
        "joshua",
        "matthew",
        "charlie",
        "jordan",
        "george",
        "thomas",
        "robert",
        "william",
        "alexander",
        "maria",
        "sophie",
        "hannah",
        "julia",
        "nicole",
        "amanda",
        "summer",
        "winter",
        "spring",
        "autumn",
        "sommer",
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
        "london",
        "paris",
        "berlin",
        "madrid",
        "america",
        "canada",
        "mexico",
        "brasil",
        "england",
        "germany",
        "france",
        "italia",
        "jesus",
        "christ",
        "god",
        "blessed",
        "family",
        "mother",
        "father",
        "mama",
        "papa",
        "friends",
        "friend",
        "cookie",
        "chocolate",
        "cheese",
        "pepper",
        "banana",
        "orange",
        "freedom",
        "trustno",
        "trust",
        "noone",
        "one",
        "mustno",
        "whatever",
        "nothing",
        "access",
        "system",
        "server",
        "database",
        "habit",
        "habits",
        "tracker",
        "my",
        "the",
        "is",
        "a",
        "i",
        "and",
        "correcthorsebatterystaple",
    ]
)
_ROWS = (
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "abcdefghijklmnopqrstuvwxyz",
)
_COLUMNS = "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p"
_DIGITS = "01234567890123456789"
_LOOK_ALIKES = str.maketrans({"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i"})
_SHORTEST_ROW = 4


def is_common(password: str) -> bool:
    """Whether a password is one of the first that anybody would try."""
    text = password.casefold()
    if _is_row(text) or _is_repeated(text):
        return True
    # What stands around the words is as common as the words.
    core = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", text)
    kinds = {core, core.translate(_LOOK_ALIKES), text.translate(_LOOK_ALIKES)}
    return any(_is_made_of_words(re.sub(r"[\W\d_]+", "", kind)) for kind in kinds)


def _is_made_of_words(text: str, most: int = 2) -> bool:
    """Whether a text is one to `most` common words, or rows of keys, one behind the other."""
    reach = {0: 0}  # how many words it takes to get so far
    for start in range(len(text)):
        if reach.get(start, most) >= most:
            continue
        for end in range(start + 1, len(text) + 1):
            part = text[start:end]
            if part in _WORDS or (len(part) >= _SHORTEST_ROW and _is_row(part)):
                reach[end] = min(reach.get(end, most), reach[start] + 1)
    return bool(text) and len(text) in reach


def _is_row(text: str) -> bool:
    """Whether a text is keys or digits in a row, forwards or backwards."""
    rows = (*_ROWS, _COLUMNS, _DIGITS)
    parts = re.findall(r"\d+|\D+", text)
    whole = any(text in row or text[::-1] in row for row in rows)
    return whole or (len(parts) > 1 and all(any(part in row or part[::-1] in row for row in rows) for part in parts))


def _is_repeated(text: str) -> bool:
    """Whether a text is a short piece again and again."""
    return any(text == (text[:size] * len(text))[: len(text)] for size in range(1, min(5, len(text) // 2 + 1)))
