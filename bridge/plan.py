"""The plan of one delivery: what will be said and in which steps, fixed when the mail is first taken up.

A plan is stored as JSON with the delivery, so neither a restart nor a change of config changes a delivery under way. Each step
has a key made from the delivery's id and the step's name alone: the same step has the same key whenever and however
often it is tried, and Re:amaze is told it as `origin_id`.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from bridge.model import Decision, Draft, File, New, User

#: Changes with the JSON's shape; a plan of an older shape is still read.
VERSION = 1


class Action(StrEnum):
    STAGE = "stage"  #: make one file fetchable
    POST = "post"  #: create the conversation or append to it, with the first file
    FOLLOW = "follow-up"  #: a quiet message for one further file
    NOTE = "note"  #: the internal note


@dataclass(frozen=True, slots=True)
class PlannedStep:
    action: Action
    #: Index in `Draft.files`; None for a step without a file.
    file: int | None = None

    @property
    def name(self) -> str:
        return self.action.value if self.file is None else f"{self.action.value} {self.file}"

    def key(self, delivery: str) -> str:
        """32 lower-case ASCII letters and digits, the same for the same delivery and step for ever."""
        digest = hashlib.sha256(f"{delivery}\0{self.name}".encode()).digest()
        return base64.b32encode(digest)[:32].decode().lower()


@dataclass(frozen=True, slots=True)
class Plan:
    draft: Draft
    #: What to open where there is no conversation to append to.
    new: New
    steps: tuple[PlannedStep, ...]
    #: Every attached file in one message (`attachments`) rather than one each.
    together: bool = False
    #: The conversation that the post was last addressed to, None for a new one: where it is looked for after a doubt.
    slug: str | None = None

    @property
    def attached(self) -> tuple[int, ...]:
        """Indexes of the files that are attached rather than shown in the body."""
        return tuple(index for index, file in enumerate(self.draft.files) if not file.inline)


def make(draft: Draft, new: New, *, together: bool, slug: str | None = None) -> Plan:
    """The steps for a draft: stage every file, post, one follow-up per further file, the note.

    A note with nothing to say is not posted; whether there is, is known only when the other steps are done.
    """
    attached = [index for index, file in enumerate(draft.files) if not file.inline]
    steps = [PlannedStep(Action.STAGE, index) for index in range(len(draft.files))]
    steps.append(PlannedStep(Action.POST))
    if not together:
        steps += [PlannedStep(Action.FOLLOW, index) for index in attached[1:]]
    steps.append(PlannedStep(Action.NOTE))
    return Plan(draft, new, tuple(steps), together, slug)


def to_json(plan: Plan) -> str:
    return json.dumps(
        {
            "version": VERSION,
            "draft": plan.draft,
            "new": plan.new,
            "steps": [[step.action.value, step.file] for step in plan.steps],
            "together": plan.together,
            "slug": plan.slug,
        },
        ensure_ascii=False,
        default=_plain,
        separators=(",", ":"),
    )


def _plain(value: Any) -> Any:
    """A value of the model as JSON's encoder wants it."""
    if isinstance(value, Path):
        return str(value)
    return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}


def from_json(text: str) -> Plan:
    """The plan that `to_json` wrote. Raises ValueError, KeyError or TypeError on anything else."""
    stored = json.loads(text)
    draft = stored["draft"]
    return Plan(
        draft=Draft(
            user=User(**draft["user"]),
            subject=draft["subject"],
            body=draft["body"],
            files=tuple(File(**{**file, "path": Path(file["path"])}) for file in draft["files"]),
            recipients=tuple(draft["recipients"]),
            suppress_notifications=draft["suppress_notifications"],
            tags=tuple(draft["tags"]),
            # Plans of the first releases know no custom fields.
            data=tuple((name, value) for name, value in draft.get("data", ())),
            contact=tuple((name, value) for name, value in draft.get("contact", ())),
            note=tuple(draft["note"]),
            decisions=tuple(Decision(**decision) for decision in draft["decisions"]),
            known_lines=draft.get("known_lines", 0),
        ),
        new=New(**stored["new"]),
        steps=tuple(PlannedStep(Action(action), file) for action, file in stored["steps"]),
        together=stored["together"],
        slug=stored["slug"],
    )
