"""The pieces of the pages as HTML. Every value from outside goes through `escape` or `markdown.render`."""

from __future__ import annotations

import heapq
import json
import zlib
from collections.abc import Iterable
from datetime import datetime
from html import escape
from urllib.parse import quote

from bridge.sandbox import markdown, style
from bridge.sandbox.shape import file_path
from bridge.sandbox.state import STATUS_NAMES, Attachment, Conversation, Message, Person, Stored
from bridge.sandbox.wire import Call

_FACES = 8
#: Conversations or calls on one page.
SHOWN = 500
_SNIPPET_CHARS = 160


def document(title: str, content: str, *, here: str, conversations: int, calls: int) -> str:
    """A whole page; `here` is the tab it belongs to."""
    tabs = (("inbox", "/", f"Inbox ({conversations})"), ("calls", "/calls", f"API calls ({calls})"))
    links = "".join(
        f'<a href="{url}"{" class=here aria-current=page" if name == here else ""}>{text}</a>'
        for name, url, text in tabs
    )
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style.CSS}</style></head><body>"
        '<div class="top"><div><span class="mark" aria-hidden="true">R:</span><b>Help desk</b>'
        f"<nav>{links}</nav><small>A local stand-in of Re:amaze, for trying and testing</small></div></div>"
        f"{content}</body></html>"
    )


# -- the inbox -------------------------------------------------------------------------------------


def sidebar(conversations: Iterable[Conversation], channels: Iterable[str], chosen: str) -> str:
    """The channels with how many conversations each has."""
    counts = dict.fromkeys(channels, 0)
    total = 0
    for conversation in conversations:
        counts[conversation.channel] = counts.get(conversation.channel, 0) + 1
        total += 1
    links = [_side_link("", "All conversations", total, chosen)]
    links += [_side_link(slug, channel_name(slug), count, chosen) for slug, count in counts.items()]
    return f'<nav class="side" aria-label="Channels"><h2>Channels</h2>{"".join(links)}</nav>'


def _side_link(slug: str, name: str, count: int, chosen: str) -> str:
    url = f"/?channel={quote(slug, safe='')}" if slug else "/"
    here = " class=here" if slug == chosen else ""
    return f'<a href="{url}"{here}>{escape(name)} <span>{count}</span></a>'


def inbox(conversations: Iterable[Conversation], *, brands: bool) -> str:
    """The conversations that changed last, the newest on top."""
    newest = heapq.nlargest(SHOWN, conversations, key=lambda c: (c.changed_at, c.messages[-1].number))
    return (
        f'<main class="card">{"".join(_row(conversation, brands=brands) for conversation in newest)}</main>'
    )


def nothing(base_url: str, user: str) -> str:
    """What an empty inbox says."""
    return (
        '<main class="card"><div class="empty"><h1>No conversations yet</h1><p>Mail that a bridge posts here shows up as it '
        "would at Re:amaze.</p>"
        f"<p>Set a brand’s <code>base_url</code> to <code>{escape(base_url)}</code> "
        f"and its <code>user</code> to <code>{escape(user)}</code>.</p></div></main>"
    )


def missing() -> str:
    return (
        '<div class="frame"><main class="card empty"><h1>No such conversation</h1>'
        '<a href="/">← Inbox</a></main></div>'
    )


def _row(conversation: Conversation, *, brands: bool) -> str:
    author, last = conversation.author, conversation.messages[-1]
    files = sum(len(message.files) for message in conversation.messages)
    counts = f"<span>{style.SPEECH} {len(conversation.messages)}</span>"
    if files:
        counts += f"<span>{style.CLIP} {files}</span>"
    brand = f'<span class="tag">{escape(conversation.brand)}</span> ' if brands else ""
    email = escape(author.email if author.name else "")
    prefix = "" if last.user is author else f"{last.user.name or last.user.email}: "
    return (
        f'<a class="row" href="{conversation_path(conversation)}">{face(author)}<div>'
        f'<div class="who"><b dir="auto">{escape(author.name or author.email)}</b> {email}</div>'
        f'<div class="subject" dir="auto">{escape(_subject(conversation))}</div>'
        f'<div class="snippet" dir="auto">{escape(prefix + snippet(last.body))}</div></div>'
        f'<div class="facts"><span>{moment(conversation.changed_at)}</span>'
        f'<span>{brand}<span class="tag">{escape(channel_name(conversation.channel))}</span> {_status(conversation)}</span>'
        f'<span class="counts">{counts}</span></div></a>'
    )


# -- one conversation ------------------------------------------------------------------------------


def conversation(item: Conversation, *, hard_breaks: bool) -> str:
    messages = "".join(_message(message, hard_breaks=hard_breaks) for message in item.messages)
    count = len(item.messages)
    return (
        '<div class="frame talk"><main><a class="back" href="/">← Inbox</a>'
        f'<div class="title"><h1 dir="auto">{escape(_subject(item))}</h1>'
        f'<p>{_status(item)}<span class="tag">{escape(channel_name(item.channel))}</span>'
        f"<span>{count} message{'s' if count != 1 else ''}</span></p></div>{messages}</main>{_details(item)}</div>"
    )


def _message(message: Message, *, hard_breaks: bool) -> str:
    side = "note" if message.internal else "staff" if message.user.staff else "customer"
    label = {
        "note": f'<span class="label">{style.LOCK} Internal note</span>',
        "staff": '<span class="label">Staff</span>',
        "customer": "",
    }[side]
    shown = {a.url: file_path(a.stored) for a in message.attachments if a.stored and _is_picture(a.stored)}
    body = markdown.render(message.body, hard_breaks=hard_breaks, pictures_at=shown)
    files = "".join(_file(attachment) for attachment in message.attachments if not attachment.picture)
    return (
        f'<article class="message {side}" id="m{message.number}">{face(message.user)}<div class="bubble"><header>'
        f'<b dir="auto">{escape(message.user.name or message.user.email)}</b>'
        f'<span class="mail">{escape(message.user.email if message.user.name else "")}</span>{label}'
        f'{moment(message.created_at)}</header><div class="body" dir="auto">{body}</div>'
        f"{f'<div class=files>{files}</div>' if files else ''}{_meta(message)}</div></article>"
    )


def _file(attachment: Attachment) -> str:
    stored = attachment.stored
    if stored is None:
        why = attachment.failure or "not fetched yet"
        name = escape(attachment.url.rpartition("/")[2] or attachment.url)
        return (
            f'<span class="file missing" title="{escape(attachment.url)}"><span class="kind">!</span>'
            f"<span><b>{name}</b><small>{escape(why)}</small></span></span>"
        )
    path = escape(file_path(stored))
    ending = stored.name.rpartition(".")[2][:4].upper() if "." in stored.name else "FILE"
    icon = (
        f'<img src="{path}" alt="">' if _is_picture(stored) else f'<span class="kind">{escape(ending)}</span>'
    )
    return (
        f'<a class="file" href="{path}" title="{escape(stored.name)}">{icon}<span><b dir="auto">{escape(stored.name)}</b>'
        f"<small>{size(stored.size_bytes)}</small></span></a>"
    )


def _meta(message: Message) -> str:
    parts = [f'<a href="/calls?open={message.call}#c{message.call}">call {message.call}</a>']
    if message.key:
        parts.append(f'<span class="mono">{escape(message.key)}</span>')
    if any(flag.startswith("suppress_notification") for flag in message.flags):
        parts.append(f"<span>{style.QUIET} quiet</span>")
    if message.recipients:
        parts.append(f"<span>also to {escape(', '.join(message.recipients))}</span>")
    return f'<div class="meta">{"".join(parts)}</div>'


def _details(item: Conversation) -> str:
    people = "".join(_participant(person) for person in item.followers)
    blocks = [f"<h2>Participants</h2>{people}"]
    if item.tags:
        tags = "".join(f'<span class="tag">{escape(tag)}</span>' for tag in item.tags)
        blocks.append(f'<h2>Tags</h2><div class="tags">{tags}</div>')
    if item.assignee:
        blocks.append(f"<h2>Assignee</h2><p>{escape(item.assignee.name or item.assignee.email)}</p>")
    blocks.append(f"<h2>Opened</h2><p>{moment(item.created_at)}</p>")
    blocks.append(f'<h2>Slug</h2><p class="mono">{escape(item.slug)}</p>')
    if item.data:
        rows = "".join(
            f"<dt>{escape(key)}</dt><dd>{escape(str(value))}</dd>" for key, value in item.data.items()
        )
        blocks.append(f"<h2>Custom data</h2><dl>{rows}</dl>")
    return f'<aside class="card details" aria-label="Details">{"".join(blocks)}</aside>'


def _participant(person: Person) -> str:
    staff = ' <span class="label">Staff</span>' if person.staff else ""
    email = f"<small>{escape(person.email)}</small>" if person.name else ""
    return (
        f'<div class="person">{face(person, small=True)}<span>'
        f"<bdi>{escape(person.name or person.email)}</bdi>{staff}{email}</span></div>"
    )


# -- the calls -------------------------------------------------------------------------------------


def calls(items: Iterable[Call], opened: str) -> str:
    rows = "".join(_call(item, opened=str(item.number) == opened) for item in items)
    if not rows:
        rows = '<div class="empty"><h1>No calls yet</h1><p>Every call of the API is listed here with its answer.</p></div>'
    return f'<div class="frame"><main class="card calls">{rows}</main></div>'


def _call(item: Call, *, opened: bool) -> str:
    code = "none" if item.status is None else "bad" if item.status >= 400 else ""
    query = f"?{item.query}" if item.query else ""
    fault = f'<span class="fault">{escape(item.fault)}</span>' if item.fault else "<span></span>"
    sent = _pretty(item.request) if item.request is not None else "(no body)"
    return (
        f'<details id="c{item.number}"{" open" if opened else ""}><summary><span class="nr">{item.number}</span>'
        f"<time>{item.at.astimezone():%H:%M:%S}</time>"
        f'<span class="method">{escape(item.method)}</span><span class="path mono">{escape(item.path + query)}</span>{fault}'
        f'<span class="code {code}">{item.status or "none"}</span></summary><div class="json">'
        f"<div><h3>Request</h3><pre>{escape(sent)}</pre></div>"
        f"<div><h3>Answer</h3><pre>{escape(_answer(item.answer))}</pre></div></div></details>"
    )


def _pretty(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _answer(text: str) -> str:
    try:
        return _pretty(json.loads(text))
    except (ValueError, RecursionError):
        return text or "(nothing)"


# -- small things ----------------------------------------------------------------------------------


def conversation_path(item: Conversation) -> str:
    return f"/conversations/{quote(item.brand, safe='')}/{quote(item.slug, safe='')}"


def face(person: Person, *, small: bool = False) -> str:
    words = (person.name or person.email).replace(".", " ").split()
    letters = "".join(word[0] for word in words[:: max(1, len(words) - 1)][:2]).upper() or "?"
    colour = zlib.crc32(person.email.lower().encode()) % _FACES
    return (
        f'<span class="face c{colour}{" small" if small else ""}" aria-hidden="true">{escape(letters)}</span>'
    )


def moment(at: datetime) -> str:
    local = at.astimezone()
    return f'<time datetime="{local.isoformat()}">{local.day} {local:%b %Y, %H:%M}</time>'


def size(size_bytes: int) -> str:
    """As a person writes it: "812 bytes", "14 KB", "2.3 MB"."""
    if size_bytes < 1024:
        return f"{size_bytes} byte{'' if size_bytes == 1 else 's'}"
    if size_bytes < 1024 * 1024:
        return f"{round(size_bytes / 1024)} KB"
    return f"{size_bytes / 1024 / 1024:.1f} MB"


def snippet(body: str) -> str:
    """The first words without their markup."""
    words = body[: _SNIPPET_CHARS * 4].replace("\\", "").split()
    plain = " ".join(word.strip("*_#>|`") for word in words)
    return plain[:_SNIPPET_CHARS].strip()


def channel_name(slug: str) -> str:
    return slug.replace("-", " ").replace("_", " ").capitalize()


def _subject(item: Conversation) -> str:
    return item.subject or "(no subject)"


def _status(item: Conversation) -> str:
    name = STATUS_NAMES[item.status]
    return f'<span class="pill s{item.status}">{name}</span>'


def _is_picture(stored: Stored) -> bool:
    return stored.content_type in PICTURES


#: What a page shows as a picture; SVG is a document with scripts and is not among them.
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
