"""Looks whether something was posted, after an answer that did not say.

Found is certain: the key itself was read back or, in a list that shows no keys at all, one more message that says the same than
is known to be another's. Not found (None) is only said after looking where it would have to be; a list that cannot be read, or
not to its end, raises. Lists may lag behind, so None is worth more some time later: look twice. `origin_id` is compared as text,
since it comes back as a number or a string. Filters may be ignored, so nothing rests on them.
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime
from itertools import pairwise

from bridge.clock import Clock
from bridge.errors import CredentialsError, LaterError, MissingError, ReamazeError, RefusedError
from bridge.model import Receipt
from bridge.reamaze import lists
from bridge.reamaze import slug as slugs
from bridge.reamaze.alike import CLOCKS_APART, Sought, opens
from bridge.reamaze.answers import JsonObject, receipt, text
from bridge.reamaze.lists import Look
from bridge.reamaze.requests import DATA_KEY

#: Messages of one conversation are posted in order, so a missing one is among the newest.
NEWEST_MESSAGES = 600
NEWEST_CONVERSATIONS = 600
#: Three pages: a customer quotes what is new to them.
READ_MESSAGES = 90
#: What is this old, or was fetched so long ago for the first time, shows its key if it has one.
SHOWS_ITS_KEY_AFTER = 2 * CLOCKS_APART
SHOWS_ITS_KEY_WITHIN_S = 600.0
#: Single conversations fetched in one look.
CANDIDATES = 60
REMEMBERED = 10_000


class Known:
    """Which key made which conversation, as far as seen: what is fetched once is not fetched at the next look.

    That none made it is remembered too, but only where a key had its time to show up.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._keys: OrderedDict[str, str | None] = OrderedDict()
        #: When, by a clock that does not jump, a conversation without a key was first fetched.
        self._keyless: OrderedDict[str, float] = OrderedDict()
        #: Whether a conversation was seen that holds a key: then one without is nobody's of the bridge.
        self.keeps_keys = False

    def learn(self, slug: str, key: str | None) -> None:
        self._keys[slug] = key
        if len(self._keys) > REMEMBERED:
            self._keys.popitem(last=False)

    def keyless(self, slug: str, created_at: datetime | None) -> None:
        """It was fetched and showed no key."""
        now_s = self._clock.monotonic_s()
        old = created_at is not None and created_at < self._clock.now() - SHOWS_ITS_KEY_AFTER
        if old or now_s - self._keyless.setdefault(slug, now_s) >= SHOWS_ITS_KEY_WITHIN_S:
            self.learn(slug, None)
            self._keyless.pop(slug, None)
        elif len(self._keyless) > REMEMBERED:
            self._keyless.popitem(last=False)

    def claim(self, slug: str, key: str) -> bool:
        """Take it for the one that this key made, unless another took it: two mails that say the same may be under way."""
        if self._keys.get(slug) not in (None, key):
            return False
        self.learn(slug, key)
        return True

    def is_another(self, slug: str, key: str) -> bool:
        return slug in self._keys and self._keys[slug] != key


async def find_message(look: Look, slug: str, sought: Sought) -> Receipt | None:
    """The message among the newest of the conversation: by its key or, where none of them shows a key, by what it says.

    Raises MissingError when there is no such conversation, LaterError when its newest messages could not be read.
    """
    path = f"/conversations/{slugs.segment(slug)}/messages"
    read = _Read()
    keyless: list[JsonObject] | None = []
    async for page in lists.pages(look, path, "messages", {}, at_most=NEWEST_MESSAGES):
        for item in page.items:
            if _origin_id(item) == sought.key:
                return Receipt(slug=slug, created_at=text(item.get("created_at")), found=True)
        # A key that is there and empty is shown: its message came by another way than the API.
        if keyless is not None and any("origin_id" in item for item in page.items):
            keyless = None
        if keyless is not None:
            keyless += page.items
        read.see(page)
        if page.last or (keyless and sought.floor is not None and read.beyond(sought.floor)):
            return sought.among(slug, keyless or ())
    if not read.newest_first:
        raise LaterError(
            "whether it was posted cannot be told: the conversation's list of messages is too long"
        )
    return sought.among(slug, keyless or ())


async def bodies(look: Look, slug: str) -> tuple[str, ...]:
    """What was said in the conversation, as far back as its newest messages go; notes are not said."""
    path = f"/conversations/{slugs.segment(slug)}/messages"
    found: list[str] = []
    async for page in lists.pages(look, path, "messages", {}, at_most=READ_MESSAGES):
        said = (item.get("body") for item in page.items if item.get("visibility") in (None, 0))
        found += [body for body in said if isinstance(body, str) and body]
    return tuple(found)


async def find_conversation(
    look: Look, known: Known, sought: Sought, email: str, since: datetime
) -> Receipt | None:
    """The conversation that the message opened, looked for in three ways; `since` is no later than the call.

    A way that Re:amaze refuses is closed. Raises when all are closed, and LaterError when a list was too long to be sure.
    """
    search = _Search(look, known, sought, email.strip().casefold(), since - CLOCKS_APART)
    closed: list[ReamazeError] = []
    ways = (search.by_data, search.by_sender, search.by_messages)
    for way in ways:
        try:
            found = await way()
        except (RefusedError, MissingError, CredentialsError) as error:
            closed.append(error)
            continue
        if found is not None:
            return found
    if len(closed) == len(ways):
        raise _nowhere_to_look(closed)
    if search.unsure:
        raise LaterError(f"whether it was posted cannot be told yet: {search.unsure}")
    return None


def _nowhere_to_look(closed: list[ReamazeError]) -> ReamazeError:
    """A token that may see nothing is wrong altogether; other refusals may pass."""
    for error in closed:
        if isinstance(error, CredentialsError):
            return error
    return LaterError(f"Re:amaze shows no list to look in: {closed[-1].reason}", status=closed[-1].status)


class _Search:
    """One look for a conversation; the three ways share what they have fetched."""

    def __init__(self, look: Look, known: Known, sought: Sought, email: str, floor: datetime) -> None:
        self._look = look
        self._known = known
        self._sought = sought
        self._key = sought.key
        self._email = email
        self._floor = floor
        self._left = CANDIDATES
        #: Why a list was not read to its end; "" while all were.
        self.unsure = ""

    async def by_data(self) -> Receipt | None:
        """By the data key: a handful at most where the filter works, everything where it is ignored."""
        query = {f"data[{DATA_KEY}]": self._key, "filter": "all"}
        async for page in lists.pages(self._look, "/conversations", "conversations", query, at_most=1):
            for item in page.items:
                # Where the filter worked, the author may be another: contacts can be merged.
                plausible = self._plausible(item) if len(page.items) > 3 else True
                if plausible and (found := await self._verified(item)) is not None:
                    return found
        return None

    async def by_sender(self) -> Receipt | None:
        # Without `sort` the list is by creation, so it need not be read beyond the floor.
        query = {"for": self._email, "filter": "all"}
        read = _Read()
        async for page in lists.pages(
            self._look, "/conversations", "conversations", query, at_most=NEWEST_CONVERSATIONS
        ):
            for item in page.items:
                if self._plausible(item) and (found := await self._verified(item)) is not None:
                    return found
            read.see(page)
            if page.last or read.beyond(self._floor):
                return None
        self.unsure = "the sender's list of conversations is too long"
        return None

    async def by_messages(self) -> Receipt | None:
        """By the sender's messages: one call where the account keeps the opening message's `origin_id`.

        Where the list shows no key at all, and no conversation was seen to keep one, by what the message says.
        """
        query = {"sent_by": self._email, "start_date": self._floor.isoformat()}
        read = _Read()
        alike: list[JsonObject] = []
        keyless = not self._known.keeps_keys
        async for page in lists.pages(self._look, "/messages", "messages", query, at_most=NEWEST_MESSAGES):
            for item in page.items:
                conversation = item.get("conversation")
                if _origin_id(item) == self._key and isinstance(conversation, dict):
                    found = receipt(conversation)
                    if found.slug:
                        return Receipt(slug=found.slug, created_at=text(item.get("created_at")), found=True)
                keyless = keyless and "origin_id" not in item
                if opens(item, self._sought):
                    alike.append(item)
            read.see(page)
            if page.last or read.beyond(self._floor):
                return await self._nobodys(alike) if keyless else None
        self.unsure = "the sender's list of messages is too long"
        return None

    async def _nobodys(self, alike: list[JsonObject]) -> Receipt | None:
        """The first that opens a conversation which is not known to be another's; it is this one's from now on."""
        taken = self._sought.taken
        if taken is None:
            return None
        for item in alike:
            slug = receipt(item["conversation"]).slug
            if slug and not await taken(slug) and self._known.claim(slug, self._key):
                return Receipt(slug=slug, created_at=text(item.get("created_at")), found=True)
        return None

    def _plausible(self, item: JsonObject) -> bool:
        """Whether the item of a list could be it: young enough, and by the sender as far as it says."""
        created_at = lists.time(item.get("created_at"))
        author = lists.email(item.get("author"))
        return (created_at is None or created_at >= self._floor) and author in ("", self._email)

    async def _verified(self, item: JsonObject) -> Receipt | None:
        """The receipt, if the conversation itself holds the key. Lists leave `data` out, so it is fetched."""
        slug = receipt(item).slug
        if not slug or self._known.is_another(slug, self._key):
            return None
        data = item.get("data")
        if not (isinstance(data, dict) and DATA_KEY in data):
            if self._left == 0:
                self.unsure = "too many conversations of the sender are new"
                return None
            self._left -= 1
            try:
                item = await self._look(f"/conversations/{slugs.segment(slug)}", {})
            except MissingError:
                return None
            data = item.get("data")
        made_by = str(data[DATA_KEY]) if isinstance(data, dict) and DATA_KEY in data else None
        if made_by is not None:
            self._known.keeps_keys = True
            self._known.learn(slug, made_by)
        else:
            self._known.keyless(slug, lists.time(item.get("created_at")))
        if made_by != self._key:
            return None
        return Receipt(slug=slug, created_at=text(item.get("created_at")), found=True)


class _Read:
    """How far a list has been read. It may be left early only where it is seen to run from new to old."""

    def __init__(self) -> None:
        self._times: list[datetime] = []

    def see(self, page: lists.Page) -> None:
        times = (lists.time(item.get("created_at")) for item in page.items)
        self._times += [at for at in times if at is not None]

    @property
    def newest_first(self) -> bool:
        return (
            len(self._times) > 1
            and self._times[0] > self._times[-1]
            and all(newer >= older for newer, older in pairwise(self._times))
        )

    def beyond(self, floor: datetime) -> bool:
        """Whether what follows is older than that."""
        return self.newest_first and self._times[-1] < floor


def _origin_id(item: JsonObject) -> str | None:
    value = item.get("origin_id")
    return None if value is None else str(value)
