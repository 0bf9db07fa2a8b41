"""Which links of a plan are to be made afresh: a mail can wait for longer than the links that were made for it. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from bridge.config.schema import DAY_S, Staging
from bridge.plan import Action, Plan, PlannedStep
from bridge.spool import Step


def ending(plan: Plan, stored: Sequence[Step], settings: Staging, now: datetime) -> tuple[int, ...]:
    """Places of the staged files whose link Re:amaze was not told yet and that has lived half of its life.

    Half, because it is fetched some time after it is told, and files are there to be opened later on.
    """
    said = {step.name for step in stored if step.answer is not None}
    posted = PlannedStep(Action.POST).name in said
    found: list[int] = []
    for place, (planned, step) in enumerate(zip(plan.steps, stored, strict=False)):
        if planned.action is not Action.STAGE or planned.file is None or step.answer is None:
            continue
        follow_up = PlannedStep(Action.FOLLOW, planned.file)
        told = posted and (follow_up not in plan.steps or follow_up.name in said)
        inline = plan.draft.files[planned.file].inline
        days = settings.keep_inline_days if inline else settings.keep_days
        if not told and _ends_before(step.answer, now + timedelta(seconds=days * DAY_S / 2)):
            found.append(place)
    return tuple(found)


def _ends_before(answer: str, moment: datetime) -> bool:
    """Whether the stored answer holds a link that ends before then; a file that was refused has none."""
    expires_at = json.loads(answer).get("expires_at")
    return expires_at is not None and datetime.fromisoformat(expires_at) < moment
