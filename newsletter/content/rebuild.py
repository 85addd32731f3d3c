"""A copy of a frozen model with some of its values changed, however deep they stand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import BaseModel

_M = TypeVar("_M", bound=BaseModel)


def rebuild(model: _M, change: Callable[[Any], Any]) -> _M:
    """Copy ``model`` with every value that is no model itself replaced by ``change(value)``."""
    changed = {name: _changed(getattr(model, name), change) for name in type(model).model_fields}
    return model.model_copy(update=changed)


def _changed(value: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(value, BaseModel):
        return rebuild(value, change)
    if isinstance(value, tuple):
        return tuple(_changed(item, change) for item in value)
    return change(value)
