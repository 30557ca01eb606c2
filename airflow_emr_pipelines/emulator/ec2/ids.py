"""Ids as AWS makes them."""

from __future__ import annotations

import random
import string

ID_CHARACTERS = string.ascii_uppercase + string.digits
HEX = "0123456789abcdef"


def new_id(prefix: str, length: int = 13, characters: str = ID_CHARACTERS) -> str:
    """An id as AWS makes them, such as j-1K48XXXXXXHCB."""
    return prefix + "".join(random.choices(characters, k=length))
