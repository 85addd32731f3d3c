"""The words that stand in a translator's file, in the translator's language, and how they are recognised.

A file is written in the language that is translated into, if its words are
here, otherwise in English.  It is read in any: columns and states are
recognised in every language below, whatever their case and accents.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from newsletter.i18n.catalog import State


@dataclass(frozen=True, slots=True)
class Words:
    """What one language calls the columns and states, and what a volunteer must know before the first row."""

    columns: Mapping[str, str]
    states: Mapping[State, str]
    before: str
    title: str
    counts: str
    instructions: tuple[str, ...]


COLUMNS = ("state", "source", "translation", "note", "context", "key", "source hash", "exported")
"""The names by which the program knows the columns of a spreadsheet, in their order there."""

_ENGLISH = Words(
    columns={name: name for name in COLUMNS},
    states={State.TRANSLATED: "done", State.FUZZY: "fuzzy", State.MISSING: "missing"},
    before="before",
    title="Translation of {issue} into {language}",
    counts="{total} texts: {translated} done, {fuzzy} to look over, {missing} to translate",
    instructions=(
        (
            "Write in the column “translation” and nowhere else. Leave a cell empty if you are not sure; "
            "it will be asked for again."
        ),
        (
            "“missing” is to be translated. “fuzzy” was translated, but the text has changed: mend it. If it is right "
            "as it stands, write “done” in place of “fuzzy”."
        ),
        (
            "Keep what stands in braces, such as {first_name|friend}; translate only the word after the bar. "
            "Keep the signs ** * # - and the addresses in round brackets."
        ),
        "Rows may be moved. Leave the small grey letters alone: by them each text finds its way back.",
    ),
)
_SPANISH = Words(
    columns={
        "state": "estado",
        "source": "original",
        "translation": "traducción",
        "note": "nota",
        "context": "lugar",
        "key": "clave",
        "source hash": "huella",
        "exported": "exportado",
    },
    states={State.TRANSLATED: "hecho", State.FUZZY: "revisar", State.MISSING: "falta"},
    before="antes",
    title="Traducción de {issue} al {language}",
    counts="{total} textos: {translated} hechos, {fuzzy} por revisar, {missing} por traducir",
    instructions=(
        "Escribe solo en la columna «traducción». Si tienes dudas, deja la celda vacía: te la volveremos a pedir.",
        (
            "«falta» está por traducir. «revisar» ya se tradujo, pero el texto cambió: corrígelo. "
            "Si está bien como está, escribe «hecho» en lugar de «revisar»."
        ),
        (
            "Conserva lo que va entre llaves, como {first_name|friend}, y traduce solo la palabra tras la barra. "
            "Conserva los signos ** * # - y las direcciones entre paréntesis."
        ),
        "Puedes cambiar el orden de las filas. No toques las letritas grises: con ellas cada texto encuentra su lugar.",
    ),
)
_BY_LANGUAGE = {"en": _ENGLISH, "es": _SPANISH}

# Further words that people write into the column of states.
_SYNONYMS = {
    State.TRANSLATED: ("translated", "finished", "ok", "hecha", "listo", "lista", "terminado", "terminada"),
    State.FUZZY: ("needs work", "por revisar", "dudoso", "dudosa"),
    State.MISSING: ("untranslated", "sin traducir", "por traducir", "pendiente"),
}


def words_for(locale: str) -> Words:
    """The words of the locale's language, or the English ones."""
    return _BY_LANGUAGE.get(locale.replace("_", "-").partition("-")[0].lower(), _ENGLISH)


def plain(word: str) -> str:
    """A word as it is compared: without case, accents, and spaces or stops around it."""
    letters = unicodedata.normalize("NFKD", word.casefold())
    return " ".join("".join(c for c in letters if not unicodedata.combining(c)).split()).strip(" .!:*")


_COLUMN_NAMES = {plain(shown): name for words in _BY_LANGUAGE.values() for name, shown in words.columns.items()}
_STATE_NAMES = {plain(shown): state for words in _BY_LANGUAGE.values() for state, shown in words.states.items()} | {
    plain(word): state for state, others in _SYNONYMS.items() for word in others
}


def column(word: str) -> str:
    """The column that is called so, or ""."""
    return _COLUMN_NAMES.get(plain(word), "")


def parse_state(word: str) -> State | None:
    """The state that is called so; None for a word that is none."""
    return _STATE_NAMES.get(plain(word))
