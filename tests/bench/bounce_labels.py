"""What each mail of the corpora is, read by a person before the rules were written; nothing was changed to suit them.

*hard*: says that the mailbox or its domain is not there.  *soft*: says that it
is full, slow, broken or out of reach.  *sender*: objects to us or the message.
*unclear*: failed, and does not say why; it counts as a bounce, and as neither
hard nor soft.  *delay*: goes on trying.  *none*: no bounce at all.
"""

from __future__ import annotations

FLUFL = {
    "hard": """bounce_02 dsn_10 dsn_11 dsn_12 dsn_13 dsn_14 dsn_15 dsn_16 dsn_18 exim_01 groupwise_01 groupwise_02
        llnl_01 microsoft_01 microsoft_02 microsoft_04 postfix_01 qmail_03 qmail_04 qmail_05 simple_04 simple_05
        simple_06 simple_08 simple_11 simple_12 simple_13 simple_15 simple_19 simple_23 simple_25 simple_26 simple_27
        simple_29 simple_30 simple_33 simple_34 simple_36 simple_37 simple_39 simple_41 simple_43 smtp32_04 smtp32_06
        smtp32_07 yahoo_03 yahoo_05 yahoo_06 yahoo_07 yahoo_08 yahoo_09 yahoo_10 yahoo_11 yahoo_13 yale_01""",
    "soft": """bounce_01 bounce_03 dsn_01 dsn_02 dsn_04 dumbass_01 hotpop_01 netscape_01 newmailru_01 postfix_02
        postfix_03 postfix_04 qmail_02 qmail_06 qmail_07 sendmail_01 simple_01 simple_02 simple_07 simple_09 simple_14
        simple_18 simple_32 simple_38 simple_44 simple_45 smtp32_01 smtp32_02 yahoo_01 yahoo_02 yahoo_04""",
    "sender": "aol_01 dsn_03 dsn_09 postfix_05 simple_42",
    "unclear": """caiwireless_01 microsoft_03 qmail_01 simple_10 simple_16 simple_17 simple_20 simple_24 simple_31
        sina_01 smtp32_03 smtp32_05 yahoo_12""",
    "delay": "dsn_05 dsn_06 dsn_07 dsn_08 dsn_17 simple_03 simple_21 simple_22 simple_28 simple_35 simple_40",
    "none": "groupwise_03 qmail_08",
}

# Of `bounced`, what is not a copy of the above.
BOUNCED = {
    "hard": """longer-status malformed_bounce_01 tt_1234175799 tt_1234177688 tt_1234210655 tt_1234211357 tt_1234211932
        tt_1234241665 tt_1234285532 tt_bounce_01 tt_bounce_02 tt_bounce_05 tt_bounce_07 tt_bounce_17 tt_bounce_22
        tt_bounce_23 tt_bounce_24 tt_bounce_25 undeliverable_gmail""",
    "soft": """empty-status local-address tt_1234211929 tt_1234211931 tt_1234285668 tt_bounce_08 tt_bounce_09
        tt_bounce_10 tt_bounce_11 tt_bounce_13 tt_bounce_14 tt_bounce_16 tt_bounce_20 unknown_code_bounce_01""",
    "sender": "tt_bounce_03 tt_bounce_04 tt_bounce_06",
    "unclear": "tt_bounce_15 tt_bounce_21",
    "delay": "tt_bounce_12_soft tt_bounce_18 tt_bounce_19",
    "complaint": "bounce-auto-respond",
    "none": "tt_1234210666 tt_1234211024 tt_1234241664",
}

# The reasons of Sisimai, https://libsisimai.org/en/reason/, in our words.  "filtered", "suspend", "onhold" and
# "undefined" name no cause that tells the two apart; the second half of the list never was a failure.
SISIMAI = {
    "hard": "userunknown hostunknown hasmoved notaccept",
    "soft": "mailboxfull expired networkerror systemerror systemfull mailererror",
    "sender": """rejected blocked authfailure policyviolation requireptr spamdetected securityerror norelaying
        contenterror notcompliantrfc badreputation virusdetected syntaxerror speeding mesgtoobig exceedlimit
        toomanyconn failedstarttls ratelimited emailtoolarge""",
    "unclear": "filtered suspend onhold undefined",
    "complaint": "feedback",
    "none": "vacation delivered",
}


def by_name(labels: dict[str, str]) -> dict[str, str]:
    """Name → label."""
    return {name: label for label, names in labels.items() for name in names.split()}
