from __future__ import annotations

from hypothesis import settings

# A busy machine may take longer over one example than over all others together.
settings.register_profile("no hurry", deadline=None)
settings.load_profile("no hurry")
