"""Mail addresses, telephone numbers and names in a query, as staff write them into an action.

Source: RFC 3966 §5.1.4 (global numbers); RFC 3986 §3.4 (query).
"""

from __future__ import annotations

import re
from typing import Annotated

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, StringConstraints

from newsletter.content.problems import Problem, raise_problems
from newsletter.wording import said

_BETWEEN_DIGITS = re.compile(r"[ ().\-\u00a0]")
_GLOBAL = re.compile(r"\+[1-9]\d{5,14}")  # E.164: at most 15 digits
_SHORT = re.compile(r"\d{3,12}")


def dialled(number: str) -> str:
    """The digits of a number, with its "+": what a ``tel:`` address holds."""
    return _BETWEEN_DIGITS.sub("", number)


def _phone(number: str) -> str:
    digits = dialled(number)
    if not _GLOBAL.fullmatch(digits) and not _SHORT.fullmatch(digits):
        hint = said("write it with the code of the country: +1 802 555 0100")
        message = said("'%(number)s' is no telephone number", number=number[:40])
        raise_problems([Problem("bad-phone", message, hint, number)])
    return " ".join(number.split())


def _mail(address: str) -> str:
    try:
        return validate_email(address, check_deliverability=False, allow_smtputf8=False).normalized
    except EmailNotValidError as error:
        message = said("'%(address)s' is no address: %(why)s", address=address[:80], why=error)
        raise_problems([Problem("bad-address", message, "", address)])
        raise


PhoneNumber = Annotated[str, StringConstraints(strict=True, max_length=40), AfterValidator(_phone)]
MailAddress = Annotated[str, StringConstraints(strict=True, max_length=254), AfterValidator(_mail)]
_NAME = r"[A-Za-z0-9_.~\[\]-]{1,40}"
QueryName = Annotated[str, StringConstraints(strict=True, pattern=rf"^({_NAME})?$")]
QueryPair = Annotated[str, StringConstraints(strict=True, pattern=rf"^({_NAME}(=[A-Za-z0-9_.~-]{{0,40}})?)?$")]
