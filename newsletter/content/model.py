"""The base of all models of an issue: frozen, refusing unknown keys, reporting all mistakes at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    ModelWrapValidatorHandler,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from newsletter.content.fields import Vocabulary, vocabulary
from newsletter.content.problems import Problem, merge_problems, raise_problems


class Model(BaseModel):
    """The base of all: frozen, strict about keys, and all its mistakes reported at once.

    pydantic runs a model's own validators only when every field is valid, so
    staff would learn of "ends before it starts" one round after a typo.  What
    compares several keys is therefore a ``cross_check`` of the raw mapping.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def cross_check(cls, raw: Mapping[str, Any], words: Vocabulary | None) -> list[Problem]:
        """Problems between the keys of one mapping as written; must accept any nonsense."""
        return []

    @model_validator(mode="wrap")
    @classmethod
    def _report_all(cls, data: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo) -> Self:
        problems = cls.cross_check(data, vocabulary(info)) if isinstance(data, Mapping) else []
        try:
            model = handler(data)
        except ValidationError as error:
            if not problems:
                raise
            raise merge_problems(error, problems) from None
        raise_problems(problems)
        return model
