"""The messages of one plan as Re:amaze is told them, made from what its steps brought so far. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from bridge.compose import body as bodies
from bridge.compose import note as notes
from bridge.model import Draft, File, Message, User
from bridge.plan import Plan, PlannedStep
from bridge.spool import ConversationRow


@dataclass(slots=True)
class Progress:
    """What the steps so far brought; rebuilt from their stored answers after a restart."""

    conversation: ConversationRow
    #: Index in `Draft.files` → URL.
    urls: dict[int, str] = field(default_factory=dict)
    #: Index in `Draft.files` → why it could not be staged.
    missing: dict[int, str] = field(default_factory=dict)
    #: What the message under way says, by `alike.content`.
    said: str = ""
    #: The post stands in another conversation than the one later mails go to.
    elsewhere: bool = False

    def stands_in(self, slug: str, *, fresh: bool, found: bool) -> str | None:
        """Where the post stands, and what belongs to it goes. Returns the slug that is news of the conversation, if it is.

        An older mail that is taken up again may have been posted before its conversation was replaced by another one, which
        stays the one that later mails go to.
        """
        known = self.conversation
        if known.slug == slug:
            return None
        self.conversation = known.with_slug(slug)
        self.elsewhere = not fresh or (found and known.slug is not None)
        return None if self.elsewhere else slug


def post(plan: Plan, progress: Progress, key: str) -> Message:
    attached = [index for index in plan.attached if index in progress.urls]
    first = attached if plan.together else attached[:1]
    draft = plan.draft
    return Message(
        user=draft.user,
        body=body(draft, progress),
        key=key,
        attachments=tuple(progress.urls[index] for index in first),
        recipients=draft.recipients,
        suppress_notifications=draft.suppress_notifications,
        tags=draft.tags,
        data=draft.data,
        contact=draft.contact,
    )


def body(draft: Draft, progress: Progress) -> str:
    """The words, with the links of the pictures in them and the names of what is missing."""
    urls = {draft.files[index].leaf: url for index, url in progress.urls.items()}
    said = bodies.resolve(draft.body, urls)
    names = [draft.files[index].name for index in progress.missing]
    if names:
        said += "\n\n" + "\n".join(
            f"(The file {notes.escape(name)} could not be attached.)" for name in names
        )
    return said


def follow_up(plan: Plan, progress: Progress, step: PlannedStep, key: str) -> Message:
    file = file_of(plan, step)
    attached = plan.attached
    place = next(place for place, index in enumerate(attached, 1) if index == step.file)
    return Message(
        user=plan.draft.user,
        body=f"File {place} of {len(attached)}: {notes.escape(file.name)}",
        key=key,
        attachments=(progress.urls[attached[place - 1]],),
        suppress_notifications=True,
    )


def note(lines: list[str], *, user: str, mail_id: str, key: str) -> Message:
    return Message(
        user=User("Mail bridge", user),
        body=notes.render(lines, mail_id=mail_id),
        key=key,
        suppress_notifications=True,
        internal=True,
    )


def note_lines(plan: Plan, progress: Progress) -> list[str]:
    """What the internal note has to say; nothing for no note."""
    lost = [
        f"The file {plan.draft.files[index].name} could not be passed on: {reason}."
        for index, reason in progress.missing.items()
    ]
    return [*plan.draft.note, *lost]


def file_of(plan: Plan, step: PlannedStep) -> File:
    if step.file is None:
        raise ValueError(f"the step {step.name} has no file")
    return plan.draft.files[step.file]
