r"""Status and words → kind: what a failure means for the reader.

The words come first.  Servers put anything behind ``5.0.0`` and ``5.7.1``, and
many call a full mailbox permanent; but those that say "user unknown" mean it.
Where both say nothing, a bounce is soft: nobody is given up for a failure that
explains nothing, and three campaigns in a row tell the same more surely.

Words are compared without regard to case, accents and the kind of apostrophe.
Source: RFC 3463 §3 (enhanced codes); RFC 5321 §4.2.2 (replies); the words are
those of servers as they are, gathered from what they say.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from newsletter.delivery.bounces.verdicts import Kind

MAX_JUDGED = 4096  # characters of a text that are looked at
_ENHANCED = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.]*\d)")
_REPLY = re.compile(r"(?<![\d.\w/=-])([245])\d\d(?=[ -]|$)(?! ?(?:bytes|kb|mb|hours|seconds|minutes|days))")
_ADDRESS = re.compile(r"[^\s<>()]{0,80}@[^\s<>(),;]*")
_ACCENTS = re.compile("([a-z])[\u0300-\u036f]+")  # of Latin letters only: a Cyrillic short i is a letter of its own
_LIST = r"spamhaus|spamcop|barracuda|sorbs|surbl|uribl|abuseat|dnsbl|rbl|mailspike|uceprotect|invaluement"
_URL = re.compile(rf"\bhttps?:(?!\S*(?:{_LIST}))\S+", re.IGNORECASE)
_HOST = re.compile(rf"\b(?![\w.-]*(?:{_LIST}))[a-z0-9_-]+(?:\.[a-z0-9_-]+){{2,}}\b")


@dataclass(frozen=True, slots=True)
class Codes:
    """The codes of one failure.  ``transient`` if the last answer was *not now* (4yz)."""

    status: str
    transient: bool


def _any_of(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(alternatives))


# What they say of the sender's address is not about the recipient, though it may sound so.
_ABOUT_SENDER = _any_of(
    r"\bsender(?:'s)?\b.{0,40}\b(?:reject|denied|refused|invalid|unknown|not found|not exist|verif|blocked|block)",
    r"\b(?:domain of (?:the )?sender|sender (?:address|domain|id)|envelope sender|mail from)\b.{0,60}"
    r"\b(?:not|no|does|denied|reject|invalid|unknown|fail|unresolv)",
    r"\bnot accepting mail from\b|\bfrom: domain\b|(?:relay|daily|hourly|sending|send|rate) (?:\w+ )?quota",
    r"remitente.{0,40}(?:rechazad|denegad|invalid|no existe|bloquead)",
)
# Nor has a recipient any part in these, whatever else is said.
_ACCUSED = _any_of(
    rf"(?:{_LIST})|block(?:ed|ing)?[ -]?list|black ?list|deny ?list|real-?time black|lista negra|liste noire|"
    r"schwarze liste|reputation|complaint|unsolicited|unwanted|\bspam(?:my|ming)?\b|correo no deseado|no solicitado",
)
_FULL = _any_of(
    r"\bquota\b|over ?quota|overquota|\bcuota\b|diskquota",
    r"(?:mail ?box|mail ?folder|inbox|account|store|directory|storage|disk|disc|folder)"
    r"[^.;]{0,40}\b(?:full|exceed(?:ed|s)|overdrawn|exhausted|over (?:its|the|their) )",
    r"(?:not|n't) have enough (?:\w+ ){0,2}(?:storage|disk|space|room)|"
    r"(?:not enough|insufficient|no|out of|low on|lack of|exceed\w*) (?:\w+ ){0,2}(?:storage|disk|disc|space|room)\b",
    r"(?:storage|space) (?:limit|not enough|exceeded|full)|not enough space|space not enough|mailbox size limit",
    r"too much mail|buzon[^.;]{0,30}(?:llen|lleno|capacidad)|llen[oa] (?:el )?buzon|sin espacio|espacio insuficiente",
    r"capacidad (?:maxima )?(?:del buzon )?(?:excedid|superad)",
    r"boite[^.;]{0,40}(?:pleine|saturee)|quota depasse|espace (?:disque )?insuffisant",
    r"postfach[^.;]{0,30}voll|speicherplatz|casella[^.;]{0,30}piena|spazio insufficiente|esaurito lo spazio",
    r"caixa[^.;]{0,30}(?:cheia|lotada)|mailbox (?:is |zit )?vol\b|postvak[^.;]{0,20}vol\b|skrzynka[^.;]{0,30}pelna",
    r"переполнен|превышен|квот|容量|いっぱい|溢れ|已满|空间不足",
)
_NOT_NOW = _any_of(
    r"temporar|receiving mail at a rate|receiving mail too quickly|try(?:ing)? (?:again|later)|retry (?:later|time)|"
    r"later\b.{0,20}try|please resend",
    r"gr[ae]y-?list|time(?:d)?[ -]?out|expired|too long in (?:the )?queue|in the queue too long|maximum[- ]time",
    r"exceeded maximum delivery|delivery attempts|delivery failed \d+ attempts|allowed queue period|gave up after",
    r"connection (?:refused|reset|dropped|was dropped|timed|lost|closed|failed)|lost connection|no route to host",
    r"(?:could not|couldn't|cannot|can't|unable to|wasn't able to) (?:connect|establish|initiate|contact|reach)",
    r"network (?:is )?unreachable|network error|not responding|no answer from host|did not respond",
    r"unavailable or busy|server (?:is )?busy|too busy|resources|system (?:error|failure|problem|not accepting)",
    r"local configuration error|configuration error|internal (?:server )?error|mail system (?:full|error)|"
    r"command died|"
    r"i/o error|input/output error|lock(?:ed|ing)?\b.{0,20}(?:fail|mailbox)|mailbox.{0,15}locked|"
    r"mail server.{0,10}problem",
    r"too many hops|hop count|loop(?:s|ing|ed)?\b|routing loop|has not been collected|suspend(?:ed|ido)",
    r"temporal(?:mente)?|intente(?:lo)? (?:de nuevo|mas tarde)|reintent|tiempo de espera|no responde",
    r"temporaire|reessay|voruberge|spater erneut|zeituberschreitung|temporane|riprov|tijdelijk|tymczasow",
    r"временн|попробуйте позже|しばらく|一時的|暂时|稍后",
)
_GONE = _any_of(
    r"(?:user|recipient|addressee|mailbox|mail ?box|account|address|alias|local part|subscriber|customer|member)"
    r"(?:'s)?(?: name| id| address| account)?[^.;:]{0,40}?\b(?:unknown|not known|not found|not exist|doesn't exist|"
    r"no longer (?:exist|valid|active|in use|available|with|receiving)|nonexist|non-exist|not recogni[sz]ed|"
    r"not (?:a )?(?:valid|listed|registered|present|local)|is invalid|invalid|disabled|discontinued|deactivated|"
    r"closed|terminated|deleted|removed|not available here|could ?n[o']t be found|cannot be found|undeliverable)",
    r"(?:unknown|no such|invalid|nonexist[ea]nt|non-exist[ea]nt|bad|undefined|illegal|unrecogni[sz]ed|dead|wrong|"
    r"unlisted|obsolete|disabled|inactive|not an? (?:existing|known|valid))(?: \w+){0,2}? "
    r"(?:user|recipient|addressee|mailbox|account|address|alias|local|person|rcpt|userid|e-?mail (?:address|account|"
    r"box)|mail (?:address|account)|box)\b",
    r"\bno (?:mailbox|account|user|person|recipient|one|valid recipients|such|address|local mailbox)\b[^.;]{0,30}"
    r"(?:here|by that|with that|of that|this name|such|found|exist|were found|in this|at this)",
    r"no such (?:user|person|address|account|domain|host|name|here|local)|is not our (?:user|customer)",
    r"(?:user|account|mailbox|recipient|person)\b[^.;]{0,40}\bdoes ?n[o']t (?:exist|have)|"
    r"doesn't have an? \S+ account|not listed in|recipnotfound|nameserver query|"
    r"(?:email|e-mail|mail) address[^.;]{0,30}(?:wrong|invalid|no longer|not exist|does not|could ?n[o']t be found)",
    r"(?:mailbox|user) (?:is )?unavailable|not a known user|not our customer|not found in (?:the )?directory|"
    r"destinat(?:ion|or)[^.;]{0,20} unknown|bad destination|does not have a final|"
    r"recipient address rejected: access denied|"
    r"has (?:left|moved|retired)|no longer (?:with|works|employed)|moved to|"
    r"did not exactly match|unknown (?:or illegal )?user|user .{1,64} (?:is )?unknown|unknown local",
    r"(?:host|domain)(?: name| or domain name)?[^.;:]{0,40}(?:unknown|not found|not exist|no such|invalid|nonexist)|"
    r"unknown (?:host|domain)|(?:unroute?able|unresolvable|invalid|no such|bad) (?:mail )?(?:domain|host|address)|"
    r"could ?n[o']t find (?:any |a )?(?:host|mail exchanger|domain|mx)|nxdomain|null ?mx|does ?n[o']t (?:accept|"
    r"receive)(?: any)? (?:e-?mail|mail)|no mx|no smtp service|illegal host|"
    r"all relevant mx records point to non-existent",
    r"(?:usuari[oa]|cuenta|buzon|direccion|destinatari[oa]|correo)[^.;]{0,40}"
    r"(?:no existe|inexistente|desconocid|no (?:se )?encontr|no valid|invalid|deshabilitad|cancelad|dad[oa] de baja)",
    r"no existe (?:el |la |ese |esa |tal |un |una )?(?:usuari|cuenta|buzon|direccion|destinatari|dominio)|"
    r"dominio[^.;]{0,20}(?:no existe|inexistente|desconocido)|no se (?:pudo|ha podido) encontrar",
    r"(?:utilisateur|destinataire|adresse|compte|boite|domaine)[^.;]{0,60}(?:inconnu|n'existe (?:pas|plus)|"
    r"inexistant|"
    r"introuvable|non recense|invalide|desactive)",
    r"(?:empfanger|benutzer|postfach|adresse|konto|domain)[^.;]{0,40}(?:unbekannt|existiert nicht|nicht gefunden|"
    r"nicht vorhanden|ungultig|nicht bekannt|gibt es nicht|deaktiviert)|unbekannter (?:empfanger|benutzer)",
    r"(?:utente|destinatario|indirizzo|casella|dominio)[^.;]{0,40}(?:sconosciut|inesistente|non esiste|non trovat|"
    r"non valid|disattivat)|(?:usuario|destinatario|conta|endereco|caixa)[^.;]{0,40}(?:nao existe|desconhecid|"
    r"nao encontrad|invalid|desativad)",
    r"(?:gebruiker|ontvanger|adres|mailbox)[^.;]{0,40}(?:onbekend|bestaat niet|niet gevonden)|"
    r"(?:anvandaren?|mottagaren?|adressen|brukeren|modtageren?)[^.;]{0,40}(?:okand|finnes? (?:inte|ikke)|ukendt|"
    r"hittades inte|findes ikke)|gick inte att hitta|(?:uzytkownik|adres|skrzynk)[^.;]{0,40}(?:nie istnieje|nieznan)",
    r"(?:пользовател|адрес|ящик|получател|домен)[^.;]{0,40}(?:не существует|не найден|неизвест|не зарегистрирован)|"
    r"нет такого|несуществующ|存在しません|見つかりません|宛先不明|(?<!可能)不存在|無此|无此",
)
# Said of a recipient where nothing else is said.
_TURNED_AWAY = _any_of(
    r"recipient (?:address )?rejected|rejected recipient|undeliverable address|does not like recipient"
)
_ABOUT_US = _any_of(
    r"\bblocked\b|\bblocking\b|bloquead[oa]|blockiert|gesperrt|bloccat|bloquee?\b",
    r"\bjunk\b|\bbulk\b|abus(?:e|ive)|complain|phish|malware|virus|infected|suspicious|"
    r"indesirable|unerwunscht|спам|スパム|迷惑|垃圾",
    r"\bspf\b|\bdkim\b|\bdmarc\b|\barc\b|authenticat|not authenticated|unauthenticated|autentic|authentifi|"
    r"reverse (?:dns|lookup|host|hostname)|\bptr\b|\brdns\b|\bhelo\b|\behlo\b|forged|spoof|\btls\b|starttls|encrypt",
    r"relay(?:ing)?\b|\bpolic(?:y|ies)\b|politica|politique|richtlinie|prohibit|not permitted|not allowed|"
    r"administrative(?:ly)?|access (?:denied|restrict)|permission|not authori[sz]ed|unauthori[sz]ed|restricted|"
    r"only accept|refuse[sd]?\b|denied|banned|forbidden|no permit|denegad|refuse|abgelehnt|verweigert|rejeitad",
    r"content (?:rejected|filter|restrict|policy)|message (?:was )?(?:rejected|refused|content)|reject(?:ed|"
    r"s)? (?:by|for|due)|"
    r"(?:messages?|mail|attachment|size)[^.;]{0,40}(?:too (?:large|big|long)|exceed)|exceed[^.;]{0,40}size|too large|"
    r"maximum[^.;]{0,30}size|size limit|(?:line|size) limit exceeded|attachment|rfc ?\d{3,4}|non-?compliant|"
    r"malformed|bare (?:lf|cr)|"
    r"messages? without|no resent-from|header|line too long|unsupported|not rfc",
    r"rate[- ]?(?:limit|control)|throttl|too many (?:connections|messages|recipients|mails|errors|concurrent)|"
    r"sending (?:limit|quota|rate)|unusual (?:rate|volume)|sending[^.;]{0,30}too (?:fast|many|much)|daily (?:limit|"
    r"quota)",
)
# Of a failure with a 5yz code.  None for the detail stands for any.
_HARD_CODES = frozenset({"1.1", "1.2", "1.3", "1.6", "1.10", "2.1"})
_SENDER_CODES = frozenset({"1.7", "1.8", "2.3", "3.4", "4.5"})
_SENDER_SUBJECTS = frozenset({"5", "6", "7"})  # protocol, content, security and policy


def read_codes(*texts: str) -> Codes:
    """The codes in these texts, the first that says something first.

    ``5.0.0`` says nothing but "no", so that a code further on is better.
    """
    found = [match for text in texts for match in _ENHANCED.finditer(text[:MAX_JUDGED])]
    telling = next((match for match in found if match[2] != "0" or match[3] != "0"), None)
    best = telling or (found[0] if found else None)
    classes = [match[1] for match in found]
    classes += [match[1] for text in texts for match in _REPLY.finditer(text[:MAX_JUDGED])]
    status = ".".join(best.groups()) if best else ""
    return Codes(status, status.startswith("4") or ("4" in classes and "5" not in classes))


def by_words(text: str, codes: Codes) -> Kind | None:
    """What the words say; None if they say nothing that is known."""
    plain = _plain(text)
    not_there = Kind.SOFT if codes.transient else Kind.HARD
    for pattern, kind in (
        (_ABOUT_SENDER, Kind.SENDER),
        (_FULL, Kind.SOFT),
        (_ACCUSED, Kind.SENDER),
        (_NOT_NOW, Kind.SOFT),
        (_GONE, not_there),
        (_ABOUT_US, Kind.SENDER),
    ):
        if pattern.search(plain):
            return kind
    return None


def by_status(codes: Codes) -> Kind | None:
    """What the enhanced code says; None for one that says only yes or no."""
    kind, _dot, detail = codes.status.partition(".")
    subject = detail.partition(".")[0]
    if subject in _SENDER_SUBJECTS or detail in _SENDER_CODES:
        return Kind.SENDER
    if detail in _HARD_CODES and kind == "5" and not codes.transient:
        return Kind.HARD
    return Kind.SOFT if subject in ("2", "3", "4") or codes.transient else None


def judge(codes: Codes, *texts: str) -> Kind:
    """The kind of a failure: by the first text that says something, else by its codes, else soft.

    ``texts`` go from the most to the least particular; the codes stand between the first and the others.
    """
    first, *others = texts or ("",)
    return (
        by_words(first, codes)
        or by_status(codes)
        or next((kind for text in others if (kind := by_words(text, codes))), None)
        or (Kind.HARD if not codes.transient and _TURNED_AWAY.search(_plain(first)) else Kind.SOFT)
    )


def _plain(text: str) -> str:
    """The text as the patterns want it, without addresses, links and names of hosts: these can hold any word."""
    text = _ADDRESS.sub(" ", _URL.sub(" ", text[:MAX_JUDGED])).replace("\u2019", "'").casefold()
    bare = unicodedata.normalize("NFC", _ACCENTS.sub(r"\1", unicodedata.normalize("NFKD", text)))
    return " ".join(_HOST.sub(" ", bare).split())
