"""One attempt at one delivery: follow its plan from the first step that is not done.

The plan is fixed and stored before anything is said. Each step is marked begun before its call and done with its answer; both are
on disk before the next thing happens. So whenever the process dies, the next attempt knows which step may or may
not have reached Re:amaze, and looks there before it speaks again.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Any, assert_never

from bridge import convert, log, plan
from bridge.compose import body as bodies
from bridge.compose import note
from bridge.config.schema import Route
from bridge.delivery.parts import Parts
from bridge.errors import (
    FileGoneError,
    LaterError,
    MissingError,
    OutageError,
    ReamazeError,
    RefusedError,
    StagingError,
    StagingRefusedError,
)
from bridge.faults import point
from bridge.model import Conversation, Draft, Existing, File, Message, New, Receipt, User
from bridge.plan import Action, Plan, PlannedStep
from bridge.spool import ConversationRow, Item, Step
from bridge.workers import WorkerError


@dataclass(slots=True)
class _Progress:
    """What the steps so far brought; rebuilt from their stored answers after a restart."""

    conversation: ConversationRow
    #: Index in `Draft.files` → URL.
    urls: dict[int, str] = field(default_factory=dict)
    #: Index in `Draft.files` → why it could not be staged.
    missing: dict[int, str] = field(default_factory=dict)
    #: Remarks that came up on the way and belong into the note.
    remarks: list[str] = field(default_factory=list)


class NoRouteError(Exception):
    """The route of a waiting mail is no longer in the config."""


class Attempt:
    """Carries one claimed item to the end of its plan."""

    def __init__(self, parts: Parts, item: Item) -> None:
        if item.conversation is None:
            raise ValueError(f"{item.id} was claimed before it was sorted")
        self._parts = parts
        self._item = item
        self._client = parts.clients[item.brand]
        self._progress = _Progress(item.conversation)
        #: Whether a call of the step under way may have been heard without its answer reaching us.
        self._in_doubt = False

    async def run(self) -> str:
        """The slug of the conversation that now holds the message.

        Raises the ReamazeError tree, StagingLaterError, SpoolError or NoRouteError; what was done until then is stored.
        """
        current, stored = await self._plan()
        done: tuple[int, str] | None = None
        for index, step in enumerate(current.steps):
            answer = stored[index].answer if index < len(stored) else None
            if answer is not None:
                await self._remember(step, json.loads(answer))
                continue
            if self._silent(current, step):
                continue
            began = index < len(stored) and stored[index].begun_at is not None
            await self._parts.spool.record(self._item.seq, finished=done, begun=index)
            done = None
            point(f"begun-{step.action.value}")
            self._in_doubt = began
            try:
                result = await self._do(current, step, began=began)
            except (ReamazeError, StagingError):
                if not self._in_doubt:
                    await self._parts.spool.record(self._item.seq, undone=index)
                raise
            point(f"called-{step.action.value}")
            done = (index, json.dumps(result, ensure_ascii=False))
            await self._remember(step, result)
        if done is not None:
            await self._parts.spool.record(self._item.seq, finished=done)
        point("all-steps-done")
        return self._progress.conversation.slug or ""

    # -- the plan ----------------------------------------------------------------------------------

    async def _plan(self) -> tuple[Plan, tuple[Step, ...]]:
        """The stored plan and its steps, or a new one, stored."""
        if self._item.plan is not None:
            return plan.from_json(self._item.plan), self._item.steps
        route = self._parts.route(self._item.route)
        if route is None:
            raise NoRouteError(self._item.route)
        draft = await draft_of(self._parts, self._item, route)
        conversation = self._progress.conversation
        new = New(channel=route.channel, subject=conversation.subject or draft.subject)
        if conversation.slug is None and conversation.candidate_slug is not None:
            await self._adopt(conversation.candidate_slug, draft.user, always=conversation.candidate_always)
        made = plan.make(draft, new, together=self._parts.config.reamaze.attachments == "list")
        steps = [(step.name, step.key(self._item.id)) for step in made.steps]
        await self._parts.spool.record(self._item.seq, plan=plan.to_json(made), steps=steps)
        point("planned")
        return made, ()

    async def _adopt(self, slug: str, user: User, *, always: bool) -> None:
        """Take over a conversation the index does not know, where it exists and the sender takes part in it."""
        try:
            taken = await self._client.takes_part(slug, user.email)
        except MissingError:
            await self._learn(None)
            return
        if taken or always:
            await self._learn(slug)
        else:
            await self._learn(None)
            self._progress.remarks.append(
                f"A conversation `{slug}` exists, but this sender takes no part in it: a new one was opened."
            )

    async def _learn(self, slug: str | None) -> None:
        await self._parts.spool.set_slug(self._progress.conversation.number, slug)
        self._progress.conversation = self._progress.conversation.with_slug(slug)

    # -- the steps ---------------------------------------------------------------------------------

    def _silent(self, current: Plan, step: PlannedStep) -> bool:
        """Whether nothing is to be said, which follows from the stored answers alone and needs no record of its own."""
        match step.action:
            case Action.STAGE | Action.POST:
                return False
            case Action.FOLLOW:
                # The first attached file that could be staged went with the post.
                posted = next((index for index in current.attached if index in self._progress.urls), None)
                return step.file == posted or step.file not in self._progress.urls
            case Action.NOTE:
                return not self._note_lines(current)
            case _ as never:
                assert_never(never)

    async def _do(self, current: Plan, step: PlannedStep, *, began: bool) -> dict[str, Any]:
        """The step's answer, as it is stored."""
        if step.action is Action.STAGE:
            return await self._stage(_file_of(current, step))
        receipt = await self._told(current, step, step.key(self._item.id), began=began)
        return {
            "slug": receipt.slug,
            "created_at": receipt.created_at,
            "found": receipt.found,
            "remarks": self._progress.remarks,
        }

    async def _told(self, current: Plan, step: PlannedStep, key: str, *, began: bool) -> Receipt:
        match step.action:
            case Action.POST:
                return await self._post(current, key, began=began)
            case Action.FOLLOW:
                return await self._follow(current, step, key, began=began)
            case Action.NOTE:
                return await self._note(current, key, began=began)
            case Action.STAGE:
                raise ValueError("staging a file tells Re:amaze nothing")
            case _ as never:
                assert_never(never)

    async def _remember(self, step: PlannedStep, answer: dict[str, Any]) -> None:
        """Take a step's answer, fresh or stored, into the progress."""
        match step.action:
            case Action.STAGE:
                if step.file is not None and "url" in answer:
                    self._progress.urls[step.file] = answer["url"]
                elif step.file is not None:
                    self._progress.missing[step.file] = answer["refused"]
            case Action.POST:
                self._progress.remarks = list(answer["remarks"])
                if self._progress.conversation.slug != answer["slug"]:
                    await self._learn(answer["slug"])
            case Action.FOLLOW | Action.NOTE:
                pass
            case _ as never:
                assert_never(never)

    async def _stage(self, file: File) -> dict[str, Any]:
        try:
            try:
                staged = await self._parts.staging.stage(file, self._item.id)
            except FileGoneError:
                await self._decode_again()
                staged = await self._parts.staging.stage(file, self._item.id)
        except StagingRefusedError as error:
            log.warning("file-refused", id=self._item.id, size_bytes=file.size_bytes, reason=str(error))
            return {"refused": str(error)}
        return {"url": staged.url, "expires_at": staged.expires_at.isoformat()}

    async def _decode_again(self) -> None:
        """Put the mail's files back into the store, where they waited longer than it keeps them; the plan stands."""
        route = self._parts.route(self._item.route)
        if route is None:
            raise NoRouteError(self._item.route)
        await draft_of(self._parts, self._item, route)

    async def _post(self, current: Plan, key: str, *, began: bool) -> Receipt:
        attached = [index for index in current.attached if index in self._progress.urls]
        first = attached if current.together else attached[:1]
        draft = current.draft
        message = Message(
            user=draft.user,
            body=self._body(draft),
            key=key,
            attachments=tuple(self._progress.urls[index] for index in first),
            recipients=draft.recipients,
            suppress_notifications=draft.suppress_notifications,
            tags=draft.tags,
        )
        if began and (found := await self._look(key, draft.user.email)) is not None:
            return found
        return await self._say(self._conversation(current), message)

    def _conversation(self, current: Plan) -> Conversation:
        slug = self._progress.conversation.slug
        return current.new if slug is None else Existing(slug, current.new)

    async def _say(self, conversation: Conversation, message: Message) -> Receipt:
        match conversation:
            case New():
                return await self._heard(self._client.create(conversation, message))
            case Existing(slug, otherwise):
                try:
                    return await self._heard(self._client.append(slug, message))
                except MissingError:
                    await self._learn(None)
                    self._progress.remarks.append(
                        f"The conversation `{slug}` no longer exists at Re:amaze: a new one was opened."
                    )
                    return await self._heard(self._client.create(otherwise, message))
            case _ as never:
                assert_never(never)

    async def _follow(self, current: Plan, step: PlannedStep, key: str, *, began: bool) -> Receipt:
        slug = self._slug()
        if step.file is None:
            raise ValueError(f"the step {step.name} has no file")
        place = current.attached.index(step.file) + 1
        message = Message(
            user=current.draft.user,
            body=f"File {place} of {len(current.attached)}: {note.escape(current.draft.files[step.file].name)}",
            key=key,
            attachments=(self._progress.urls[step.file],),
            suppress_notifications=True,
        )
        if began and (found := await self._look(key, current.draft.user.email)) is not None:
            return found
        return await self._heard(self._client.append(slug, message))

    async def _note(self, current: Plan, key: str, *, began: bool) -> Receipt:
        slug = self._slug()
        brand = self._parts.config.reamaze.brands[self._item.brand]
        message = Message(
            user=User("Mail bridge", brand.user),
            body=note.render(self._note_lines(current), mail_id=self._item.id),
            key=key,
            suppress_notifications=True,
            internal=True,
        )
        if began and (found := await self._look(key, brand.user)) is not None:
            return found
        return await self._heard(self._client.append(slug, message))

    async def _heard(self, call: Awaitable[Receipt]) -> Receipt:
        """The answer of a call that changes something; whether it may have been heard is known afterwards."""
        self._in_doubt = True
        try:
            return await call
        except (RefusedError, MissingError, LaterError, OutageError):
            # Each of these says that nothing was done.
            self._in_doubt = False
            raise

    def _note_lines(self, current: Plan) -> list[str]:
        lost = [
            f"The file {current.draft.files[index].name} could not be passed on: {reason}."
            for index, reason in self._progress.missing.items()
        ]
        return [*current.draft.note, *self._progress.remarks, *lost]

    def _slug(self) -> str:
        slug = self._progress.conversation.slug
        if slug is None:
            raise MissingError("the conversation lost its slug between two messages of one mail")
        return slug

    def _body(self, draft: Draft) -> str:
        urls = {draft.files[index].leaf: url for index, url in self._progress.urls.items()}
        body = bodies.resolve(draft.body, urls)
        names = [draft.files[index].name for index in self._progress.missing]
        if names:
            body += "\n\n" + "\n".join(
                f"(The file {note.escape(name)} could not be attached.)" for name in names
            )
        return body

    async def _look(self, key: str, email: str) -> Receipt | None:
        """The message of that key, if an earlier, unclear call did arrive; None after looking twice, some time apart."""
        slug = self._progress.conversation.slug
        for look in (1, 2):
            if slug is not None:
                found = await self._client.find_message(slug, key)
            else:
                found = await self._client.find_conversation(key, email, self._item.received_at)
            if found is not None:
                log.info("found", id=self._item.id, slug=found.slug, look=look)
                return found
            if look == 1:
                await asyncio.sleep(self._parts.config.reamaze.look_again_s)
        # Looked for twice and not there: the earlier call was not heard.
        self._in_doubt = False
        return None


async def draft_of(parts: Parts, item: Item, route: Route) -> Draft:
    """The draft of a mail, by as much effort as a worker survives: in full, then plain, then the original alone."""
    remarks = _remarks(item)
    for effort in convert.Effort:
        try:
            return await parts.workers.run(
                convert.draft, parts.job(item, route, effort=effort, remarks=remarks)
            )
        except WorkerError as error:
            log.warning("conversion-failed", id=item.id, effort=effort.value, reason=str(error))
            remarks = (*remarks, f"The conversion ({effort.value}) {error}.")
    job = parts.job(item, route, remarks=remarks)
    author = convert.author_of(item.envelope, parts.config.sender)
    return await asyncio.to_thread(convert.unreadable, job, "failed at every effort", author.user)


def _remarks(item: Item) -> tuple[str, ...]:
    if item.stranger:
        return ("The sender had not taken part in this conversation before.",)
    return ()


def _file_of(current: Plan, step: PlannedStep) -> File:
    if step.file is None:
        raise ValueError(f"the step {step.name} has no file")
    return current.draft.files[step.file]
