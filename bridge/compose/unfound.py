"""Why a rule of a route found nothing in a mail, and what stands nearest to what it looks for: for `check` and `explain`.

Pure, and bounded like the rules themselves. Never part of a delivery.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping

from bridge.compose import address, candidates, labels, values, words
from bridge.compose import fields as reading
from bridge.config.schema import AuthorRule, FieldRule, KeyPattern, Route, Sender
from bridge.config.templates import OWN_SUBJECT
from bridge.config.values import names_in
from bridge.model import Mail

_MAX_SHOWN = 60
_MAX_NEAR = 300
#: What a type of two readings can be made, so that there is one.
_ONE_READING = {
    "number": "`type: number-comma` or `number-point` says which mark the decimals have",
    "date": "`type: date-dmy` or `date-mdy` says what comes first",
}


def fields(mail: Mail, route: Route, found: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The names of the route's fields without a value of the mail's own, each with the reason."""
    lines, others = labels.lines(mail), labels.of_route(route)
    for rule in route.fields:
        if found.get(rule.name, "") in ("", rule.default):
            why = _field(rule, mail, lines, others)
            if why:
                yield rule.name, why


def patterns(mail: Mail, route: Route) -> Iterator[tuple[str, str]]:
    """`key` or `slug`, and what keeps a pattern of the route for it from fitting."""
    for pattern in route.conversation.patterns:
        why = _expression(pattern.match, _texts(pattern, mail), pattern.where)
        if why:
            yield "key" if pattern.key else "slug", f"the pattern {why}"


def templates(mail: Mail, route: Route, found: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """`key`, `new_subject` or `tags`, and what the route's template for it lacks."""
    why = dict(fields(mail, route, found))
    wanted = [("key", route.conversation.key), ("new_subject", route.subject)]
    for what, template in (*wanted, *(("tags", tag) for tag in route.tags)):
        for name in names_in(template):
            if name not in found and name != OWN_SUBJECT:
                yield what, f"{template} lacks {name}: {why.get(name, 'it has no value')}"


def authors(
    mail: Mail, route: Route, sender: Sender, own: Collection[str], found: Mapping[str, str]
) -> Iterator[str]:
    """What keeps each of the route's rules from finding the author, up to the one that finds it."""
    meant = candidates.rules_for(mail, route, sender)
    for rule in route.author:
        why = _author(rule, mail, route, own, found)
        if rule not in meant and not rule.when_from:
            yield f"the rule {rule.use} reads no answers and forwards, whoever sends them; name who sends forms in `when_from`"
        elif rule not in meant:
            senders = ", ".join(entry.email for entry in mail.authors[:3]) or "nobody"
            yield f"the rule {rule.use} is only for mail from {', '.join(rule.when_from)}, and this is from {senders}"
        elif not why:
            return
        else:
            yield f"the rule {rule.use} finds none: {why}"


# -- one rule --------------------------------------------------------------------------------------


def _field(rule: FieldRule, mail: Mail, lines: list[labels.Line], others: tuple[str, ...]) -> str:
    bare = rule.model_copy(update={"match": ""})
    texts = [text for text in reading.written(bare, mail, lines, others) if not values.says_nothing(text)]
    if not texts:
        return _missing(rule.use, rule.label, mail, lines)
    if rule.match:
        why = _expression(rule.match, texts, f"behind “{rule.label}”" if rule.label else rule.use)
        if why:
            return why
    tried = [text for text in reading.written(rule, mail, lines, others) if not values.says_nothing(text)]
    if not tried or any(values.read(rule.type, text) for text in tried):
        return ""
    hint = _ONE_READING.get(rule.type, "")
    return f"“{_shown(tried[0])}” {values.WANTED[rule.type]}{hint and '; '}{hint}"


def _author(
    rule: AuthorRule, mail: Mail, route: Route, own: Collection[str], found: Mapping[str, str]
) -> str:
    if rule.use == "fixed":
        return ""
    texts, missing = _written(rule, mail, route, found)
    if not texts:
        return missing
    read = [entry.email for entry in map(address.read, texts) if entry is not None]
    if not read:
        return f"“{_shown(texts[0])}” is no address"
    ours = all(address.listed(email, own) for email in read)
    return f"{read[0]} is an address of ours" if ours else ""


def _written(
    rule: AuthorRule, mail: Mail, route: Route, found: Mapping[str, str]
) -> tuple[tuple[str, ...], str]:
    """Where the rule takes an address from, and the reason where that is not there."""
    match rule.use:
        case "reply-to":
            return tuple(entry.email for entry in mail.reply_to), "the mail has no Reply-To"
        case "header":
            return mail.headers_named(rule.email), _missing("header", rule.email, mail, [])
        case "body":
            lines = labels.lines(mail)
            texts = tuple(labels.values(lines, rule.email, labels.of_route(route)))
            return texts, _missing("body", rule.email, mail, lines)
        case _:
            why = dict(fields(mail, route, found))
            lacking = (name for name in names_in(rule.email) if name not in found)
            missing = "; ".join(f"{name}: {why.get(name, 'it has no value')}" for name in lacking)
            return tuple(filter(None, [reading.filled(rule.email, found)])), f"{rule.email} lacks {missing}"


# -- what was looked for, and what is there --------------------------------------------------------


def _missing(use: str, wanted: str, mail: Mail, lines: list[labels.Line]) -> str:
    if use == "header":
        there = {name for name, value in mail.headers[:_MAX_NEAR] if value.strip()}
        return f"the mail has no header field {wanted}{_nearest(wanted, there)}"
    if use == "subject" or not wanted:
        return f"the mail's {use} is empty"
    if any(labels.begins(line, wanted) for line in lines):
        return f"nothing stands behind “{wanted}” in this mail"
    there = {label for line in lines[:_MAX_NEAR] if (label := labels.of_line(line))}
    return f"no line begins with “{wanted}” and a colon{_nearest(labels.name(wanted), there)}"


def _nearest(wanted: str, there: Iterable[str]) -> str:
    """The name in the mail that was probably meant."""
    known = {name.lower(): name for name in there}
    near = difflib.get_close_matches(wanted.lower(), known, n=1, cutoff=0.5)
    near = near or [name for name in known if wanted.lower() in name or name in wanted.lower()][:1]
    return f"; the nearest is “{known[near[0]]}”" if near else ""


def _expression(expression: str, texts: Iterable[str], where: str) -> str:
    """What keeps the expression from fitting; "" where it fits."""
    texts = list(texts)
    if not texts:
        return f"{expression} has nothing to look at: {where} is not in the mail"
    if any(re.search(expression, text) for text in texts):
        return ""
    said = f"{expression} fits nowhere in “{_shown(texts[0])}” ({where})"
    if any(re.search(expression, text, re.IGNORECASE) for text in texts):
        said += "; it does but for its capitals: begin it with (?i)"
    return said


def _texts(pattern: KeyPattern, mail: Mail) -> Iterable[str]:
    where, _, name = pattern.where.partition(":")
    if where == "header":
        return [value[: reading.MAX_FIELD] for value in mail.headers_named(name)]
    return [words.text(mail, reading.MAX_BODY) if where == "body" else mail.subject[: reading.MAX_FIELD]]


def _shown(text: str) -> str:
    return words.one_line(text, _MAX_SHOWN)
