"""One attempt at one delivery: follow its plan from the first step that is not done.

The plan is fixed and stored before anything is said. Each step is marked begun before its call and done with its answer; both are
on disk before the next thing happens. So whenever the process dies, the next attempt knows which step may or may
not have reached Re:amaze, and looks there before it speaks again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, assert_never

from bridge import log, plan
from bridge.delivery import doubt, drafting, links, messages
from bridge.delivery.messages import Progress
from bridge.delivery.once import Once
from bridge.delivery.parts import Parts
from bridge.errors import (
    FileGoneError,
    MissingError,
    ReamazeError,
    StagingError,
    StagingRefusedError,
)
from bridge.faults import point
from bridge.model import Conversation, Delivered, Draft, Existing, File, Message, New, Receipt
from bridge.plan import Action, Plan, PlannedStep
from bridge.reamaze import alike
from bridge.spool import Item, Step


@dataclass(slots=True)
class _Unwritten:
    """What is known and not yet stored. It is stored with the next thing that must be, and before anything follows from it."""

    #: The plan is new.
    plan: bool = False
    #: The last step that was done, and its answer.
    finished: tuple[int, str] | None = None
    #: What that answer called the conversation.
    slug: str | None = None


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
        self._progress = Progress(item.conversation)
        self._plan: Plan
        self._once = Once(item.id, look_again_s=parts.config.reamaze.look_again_s, clock=parts.clock)
        self._unwritten = _Unwritten()

    async def run(self) -> Delivered:
        """The end of the plan; what its last answer brought is for the caller to store, together with the end.

        Raises the ReamazeError tree, StagingLaterError, SpoolError or NoRouteError; what was done until then is stored.
        """
        stored = await self._prepare()
        for index, step in enumerate(self._plan.steps):
            answer = stored[index].answer if index < len(stored) else None
            if answer is not None:
                self._remember(step, json.loads(answer), fresh=False)
                continue
            if self._silent(step):
                continue
            began_at = stored[index].begun_at if index < len(stored) else None
            await self._write(begun=index)
            point(f"begun-{step.action.value}")
            self._once.in_doubt = began_at is not None
            self._once.arrives_within_s = self._arrives_within_s(began_at)
            try:
                result = await self._do(step, began_at)
            except (ReamazeError, StagingError):
                if not self._once.in_doubt:
                    await self._parts.spool.record(self._item.seq, undone=index)
                raise
            point(f"called-{step.action.value}")
            self._unwritten.finished = (index, json.dumps(result, ensure_ascii=False))
            self._remember(step, result, fresh=True)
        point("all-steps-done")
        route = self._parts.route(self._item.route)
        said: frozenset[bytes] = frozenset()
        if not self._progress.elsewhere:
            said = drafting.heard(self._plan, route, missing=self._progress.missing)
        slug = self._progress.conversation.slug or ""
        return Delivered(slug, self._unwritten.finished, self._unwritten.slug, said)

    def _arrives_within_s(self, began_at: datetime | None) -> float:
        """How long a call that an earlier process began may still be under way: no longer than one is given to be answered."""
        started_at = self._parts.started_at
        if began_at is None or began_at >= started_at:
            return 0.0
        up_s = max(0.0, (self._parts.clock.now() - started_at).total_seconds())
        return max(0.0, self._parts.config.reamaze.read_timeout_s - up_s)

    async def _write(self, *, begun: int | None = None) -> None:
        """Store what came since the last time, and that a step is begun: one transaction a call."""
        unwritten, self._unwritten = self._unwritten, _Unwritten()
        made = self._plan if unwritten.plan else None
        await self._parts.spool.record(
            self._item.seq,
            plan=None if made is None else plan.to_json(made),
            steps=() if made is None else [(step.name, step.key(self._item.id)) for step in made.steps],
            finished=unwritten.finished,
            slug=unwritten.slug,
            begun=begun,
        )

    # -- the plan ----------------------------------------------------------------------------------

    async def _prepare(self) -> tuple[Step, ...]:
        """Take up the stored plan, or make one. Returns the steps as they are stored."""
        if self._item.plan is not None:
            self._plan = plan.from_json(self._item.plan)
            return await self._with_fresh_links(self._item.steps)
        route = self._parts.route_of(self._item)
        if route is None:
            raise NoRouteError(self._item.route)
        conversation = self._progress.conversation
        draft = await drafting.draft(self._parts, self._item, route, conversation)
        new = New(channel=route.channel, subject=conversation.subject or draft.subject)
        if conversation.slug is None and conversation.candidate_slug is not None:
            always = conversation.candidate_always
            draft = await self._adopt(conversation.candidate_slug, draft, always=always)
        self._plan = plan.make(
            draft,
            new,
            together=self._parts.config.reamaze.attachments == "list",
            slug=self._progress.conversation.slug,
        )
        self._unwritten.plan = True
        point("planned")
        return ()

    async def _store(self, made: Plan) -> None:
        """Write another plan down; what was done of an earlier version of it stays done."""
        self._plan = made
        self._unwritten.plan = True
        await self._write()

    async def _adopt(self, slug: str, draft: Draft, *, always: bool) -> Draft:
        """Take over a conversation the index does not know, where it exists and the sender takes part in it.

        Returns the draft, with a remark where the sender does not.
        """
        try:
            taken = await self._client.takes_part(slug, draft.user.email)
        except MissingError:
            await self._learn(None)
            return draft
        if taken or always:
            await self._learn(slug)
            return await drafting.again(self._parts, self._item, draft, self._progress.conversation)
        await self._learn(None)
        remark = f"A conversation `{slug}` exists, but this sender takes no part in it: a new one was opened."
        return replace(draft, note=(*draft.note, remark))

    async def _learn(self, slug: str | None) -> None:
        await self._parts.spool.set_slug(self._progress.conversation.number, slug)
        self._progress.conversation = self._progress.conversation.with_slug(slug)
        point("learned")

    # -- the steps ---------------------------------------------------------------------------------

    def _silent(self, step: PlannedStep) -> bool:
        """Whether nothing is to be said, which follows from the stored answers alone and needs no record of its own."""
        match step.action:
            case Action.STAGE | Action.POST:
                return False
            case Action.FOLLOW:
                # The first attached file that could be staged went with the post.
                posted = next((index for index in self._plan.attached if index in self._progress.urls), None)
                return step.file == posted or step.file not in self._progress.urls
            case Action.NOTE:
                return not messages.note_lines(self._plan, self._progress)
            case _ as never:
                assert_never(never)

    async def _do(self, step: PlannedStep, began_at: datetime | None) -> dict[str, Any]:
        """The step's answer, as it is stored."""
        if step.action is Action.STAGE:
            return await self._stage(messages.file_of(self._plan, step))
        receipt = await self._told(step, step.key(self._item.id), began_at)
        return {
            "slug": receipt.slug,
            "created_at": receipt.created_at,
            "found": receipt.found,
            "said": self._progress.said,
        }

    async def _told(self, step: PlannedStep, key: str, began_at: datetime | None) -> Receipt:
        match step.action:
            case Action.POST:
                return await self._post(key, began_at)
            case Action.FOLLOW:
                follow_up = messages.follow_up(self._plan, self._progress, step, key)
                return await self._append(follow_up, began_at)
            case Action.NOTE:
                brand = self._parts.config.reamaze.brands[self._item.brand]
                lines = messages.note_lines(self._plan, self._progress)
                note = messages.note(lines, user=brand.user, mail_id=self._item.id, key=key)
                return await self._append(note, began_at)
            case Action.STAGE:
                raise ValueError("staging a file tells Re:amaze nothing")
            case _ as never:
                assert_never(never)

    def _remember(self, step: PlannedStep, answer: dict[str, Any], *, fresh: bool) -> None:
        """Take a step's answer, fresh or stored, into the progress."""
        match step.action:
            case Action.STAGE:
                if step.file is not None and "url" in answer:
                    self._progress.urls[step.file] = answer["url"]
                elif step.file is not None:
                    self._progress.missing[step.file] = answer["refused"]
            case Action.POST:
                news = self._progress.stands_in(answer["slug"], fresh=fresh, found=answer["found"])
                if news is not None:
                    self._unwritten.slug = news
                    point("learned")
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
        return {
            "url": staged.url,
            "expires_at": staged.expires_at.isoformat(),
            "sha256": staged.sha256,
            "attached": not file.inline,
        }

    async def _with_fresh_links(self, stored: tuple[Step, ...]) -> tuple[Step, ...]:
        fresh = list(stored)
        now = self._parts.clock.now()
        for place in links.ending(self._plan, stored, self._parts.config.staging, now):
            answer = await self._stage(messages.file_of(self._plan, self._plan.steps[place]))
            # A file that is refused by now is missing from here on: the link that is left may end at any time.
            fresh[place] = replace(stored[place], answer=json.dumps(answer))
        return tuple(fresh)

    async def _decode_again(self) -> None:
        """Put the mail's files back into the store, where they waited longer than it keeps them; the plan stands."""
        route = self._parts.route(self._item.route)
        if route is None:
            raise NoRouteError(self._item.route)
        await drafting.whole(self._parts, self._item, route)

    async def _post(self, key: str, began_at: datetime | None) -> Receipt:
        message = messages.post(self._plan, self._progress, key)
        self._progress.said = alike.content(message)

        async def look() -> Receipt | None:
            # Where it was addressed to then: by now the conversation may have another slug.
            if self._plan.slug is not None:
                return await self._find(self._plan.slug, message, began_at)
            # By a clock that was ahead then, it would have been posted before it came.
            since = min(self._item.received_at, self._parts.clock.now())
            sought = doubt.sought_anew(self._parts, self._item.brand, message, since)
            return await self._client.find_conversation(sought, message.user.email, since)

        return await self._once.say(look, lambda: self._say(message), began=began_at is not None)

    async def _find(self, slug: str, message: Message, began_at: datetime | None) -> Receipt | None:
        began_at = began_at or self._parts.clock.now()
        sought = await doubt.sought(self._parts, self._progress.conversation, slug, message, began_at)
        return await self._client.find_message(slug, sought)

    async def _say(self, message: Message) -> Receipt:
        match await self._address():
            case New() as new:
                return await self._once.hear(self._client.create(new, message))
            case Existing(slug, otherwise):
                try:
                    return await self._once.hear(self._client.append(slug, message))
                except MissingError:
                    await self._lose(slug)
                    message = replace(message, body=messages.body(self._plan.draft, self._progress))
                    self._progress.said = alike.content(message)
                    return await self._once.hear(self._client.create(otherwise, message))
            case _ as never:
                assert_never(never)

    async def _address(self) -> Conversation:
        """Where the post goes. It is in the plan before it is said."""
        slug = self._progress.conversation.slug
        if slug != self._plan.slug:
            await self._store(replace(self._plan, slug=slug))
        return self._plan.new if slug is None else Existing(slug, self._plan.new)

    async def _lose(self, slug: str) -> None:
        """The conversation is gone: address a new one, and let the note say so."""
        remark = f"The conversation `{slug}` no longer exists at Re:amaze: a new one was opened."
        draft = await drafting.restored(self._parts, self._item, self._plan.draft)
        if remark not in draft.note:
            draft = replace(draft, note=(*draft.note, remark))
        await self._store(replace(self._plan, draft=draft, slug=None))
        await self._learn(None)

    async def _append(self, message: Message, began_at: datetime | None) -> Receipt:
        """Add what belongs to the post, in the conversation that holds it."""
        slug = self._slug()
        self._progress.said = alike.content(message)
        return await self._once.say(
            lambda: self._find(slug, message, began_at),
            lambda: self._once.hear(self._client.append(slug, message)),
            began=began_at is not None,
        )

    def _slug(self) -> str:
        slug = self._progress.conversation.slug
        if slug is None:
            raise MissingError("the conversation lost its slug between two messages of one mail")
        return slug
