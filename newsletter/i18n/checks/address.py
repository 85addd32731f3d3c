"""Tú or usted: whether a Spanish edition speaks to its readers in one way.

Only forms that can be nothing else count: "puedes" and "escríbenos" are tú,
"escríbanos" and "le invitamos" are usted.  "Su", "le", "comparte" may be
anybody's; "ustedes" is how Latin America speaks to several of either kind.
What somebody is quoted as saying does not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from newsletter.content.problems import Problem
from newsletter.i18n.checks.findings import Check
from newsletter.i18n.checks.text import Pair, any_of, listed
from newsletter.wording import said

_QUOTED = re.compile(r"“[^”]*”|«[^»]*»|\"[^\"]*\"")
_START = r"(?:^|(?<=[.!?:…;¡¿\n])|(?<=[.!?:…;] ))\s*[¡¿“«\"]?"

_TU_FORMS = frozenset(
    listed("""
    tú ti contigo tu tus eres estás tienes puedes quieres sabes debes vas vienes haces dices necesitas conoces vives
    hablas recibes lees podrás tendrás serás estarás harás verás irás vendrás recibirás encontrarás podrías querrías
    deberías tendrías serías quieras puedas tengas vengas hagas estés seas sepas conozcas recibas
    fuiste hiciste viniste pudiste quisiste dijiste estuviste tuviste diste leíste escribiste recibiste decidiste
    saliste participaste firmaste donaste llamaste marchaste ayudaste apoyaste compartiste llegaste mandaste enviaste
    luchaste contaste pasaste empezaste trabajaste compraste
    haz escríbenos ayúdanos acompáñanos avísanos cuéntanos llámanos mándanos envíanos síguenos conócenos dinos danos
    visítanos apóyanos búscanos únete súmate inscríbete regístrate suscríbete conéctate apúntate anímate entérate
    prepárate acuérdate mándalo mándaselo compártelo léelo míralo pásalo fírmala
""")
)
_USTED_FORMS = frozenset(
    listed("""
    usted escríbanos ayúdenos acompáñenos avísenos cuéntenos llámenos mándenos envíenos síganos conózcanos díganos denos
    visítenos apóyenos búsquenos únase súmese inscríbase regístrese suscríbase conéctese apúntese anímese entérese
    prepárese acuérdese mándelo compártalo léalo mírelo páselo fírmela
""")
)
_PARTICIPLE = re.compile(r"\bhas [a-záéíóú]+(?:ado|ido|to|cho|so)\b", re.IGNORECASE)
_INVITED = re.compile(r"\ble (?:invitamos|rogamos|saludamos|esperamos el|damos la bienvenida)\b", re.IGNORECASE)
# Requests, at the beginning of a sentence and before what cannot follow a subjunctive by chance.
_REQUESTS = frozenset(
    listed("""
        escriba llame comparta haga lea mire marche traiga apoye participe asista visite envíe confirme ayude pida diga
        venga done firme descargue conozca sepa entre
    """)
)
_REQUEST = re.compile(
    rf"{_START}(?:{'|'.join(word.capitalize() for word in sorted(_REQUESTS))})"
    r" (?:a|al|la|el|las|los|un|una|esta|este|con|hoy|ahora|aquí|más|sobre|su|en|y)\b"
)
# On a button a verb is a request, which in running text might tell what somebody does.
_TU_BUTTON = re.compile(
    r"^[¡]?(?:Dona|Firma|Lee|Mira|Comparte|Escribe|Llama|Apoya|Confirma|Participa|Marcha|Ven|Pide|Manda|Descarga)\b"
    r"(?! de\b)"
)
_USTED_BUTTON = re.compile(
    r"^[¡]?(?:Done|Firme|Lea|Mire|Comparta|Escriba|Llame|Apoye|Confirme|Participe|Marche|Venga|Pida|Mande|Descargue)\b"
)


def check_address(pairs: Iterable[Pair]) -> Iterator[tuple[Pair, Problem]]:
    """If both ways stand in one Spanish edition: each message that goes the rarer one."""
    familiar: list[tuple[Pair, str]] = []
    formal: list[tuple[Pair, str]] = []
    for pair in pairs:
        if pair.target.language != "es":
            continue
        words = pair.target.vocabulary
        button = pair.context.endswith(".label")
        text = _QUOTED.sub(" ", pair.target.plain)
        familiar_patterns = [any_of(forms)] if (forms := pair.target.those_in(_TU_FORMS)) else []
        formal_patterns = [any_of(forms)] if (forms := pair.target.those_in(_USTED_FORMS)) else []
        if "has" in words:
            familiar_patterns.append(_PARTICIPLE)
        if "le" in words:
            formal_patterns.append(_INVITED)
        if words & _REQUESTS:
            formal_patterns.append(_REQUEST)
        if button:
            familiar_patterns.append(_TU_BUTTON)
            formal_patterns.append(_USTED_BUTTON)
        for found_in, patterns in ((familiar, familiar_patterns), (formal, formal_patterns)):
            found = next((found for pattern in patterns if (found := pattern.search(text))), None)
            if found:
                found_in.append((pair, found.group().strip(' \n¡¿“«"')))
    if not familiar or not formal:
        return
    rarer, usual = (formal, familiar) if len(formal) <= len(familiar) else (familiar, formal)
    names = ("usted", "tú") if rarer is formal else ("tú", "usted")
    for pair, form in rarer:
        values = {"this": names[0], "other": names[1], "form": form, "usual": usual[0][1]}
        message = said("‘%(form)s’ says %(this)s, and the edition otherwise says %(other)s (‘%(usual)s’)", **values)
        hint = said("say %(other)s here too, or %(this)s everywhere", **values)
        yield pair, Problem(Check.FORM_OF_ADDRESS, message, hint)
