"""The values that a form or a legacy system writes into its mails, read by a route's rules and checked for what they have to be.

Total, but for the time of a rule's own expression. A value that is not what its rule says is not used, and a remark says so; what
can be read in two ways is none of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from string import Formatter

from bridge.compose import labels, values, words
from bridge.config.schema import FieldRule, Route
from bridge.config.templates import OWN_SUBJECT
from bridge.model import Decision, Mail

#: How much of a mail a rule's expression is run on.
MAX_BODY = 100_000
MAX_FIELD = 10_000
#: Values of one rule that are tried.
_MAX_TRIED = 20
_MAX_TAG = 60


@dataclass(frozen=True, slots=True)
class Fields:
    """What was found, by the rules' names."""

    values: Mapping[str, str] = field(default_factory=dict)
    #: Sentences for the note.
    remarks: tuple[str, ...] = ()
    decisions: tuple[Decision, ...] = ()

    def sent_to(self, route: Route, whose: str) -> tuple[tuple[str, str], ...]:
        """The values that become custom fields of the `conversation` or the `contact`."""
        return tuple(
            (rule.name, self.values[rule.name])
            for rule in route.fields
            if rule.send == whose and rule.name in self.values
        )


NONE = Fields()


def read(mail: Mail, route: Route) -> Fields:
    """The fields of the mail; none where the route has no rules."""
    if not route.fields:
        return NONE
    found: dict[str, str] = {}
    remarks: list[str] = []
    decisions: list[Decision] = []
    lines = labels.lines(mail) if any(rule.by_label for rule in route.fields) else []
    others = labels.of_route(route)
    for rule in route.fields:
        texts = (text for text in written(rule, mail, lines, others) if not values.says_nothing(text))
        tried = list(islice(texts, _MAX_TRIED))
        value = next(filter(None, (values.read(rule.type, text) for text in tried)), "")
        if value:
            decisions.append(Decision(f"field {rule.name}", f"“{value}”, as {_place(rule)}"))
        elif tried:
            shown = words.one_line(tried[0], 80)
            remark = (
                f"The field {rule.name} says “{shown}”, which {values.WANTED[rule.type]}: it was not used."
            )
            remarks.append(remark)
            decisions.append(Decision(f"field {rule.name}", remark))
        if not value and rule.default:
            value = rule.default
            decisions.append(Decision(f"field {rule.name}", f"“{value}”, its default"))
        if value:
            found[rule.name] = value
    return Fields(found, tuple(remarks), tuple(decisions))


def written(rule: FieldRule, mail: Mail, lines: list[labels.Line], others: tuple[str, ...]) -> Iterator[str]:
    """The texts in which the rule finds its value, the best first; `others` are all labels of its route."""
    match rule.use:
        case "header":
            texts: Iterable[str] = (value[:MAX_FIELD] for value in mail.headers_named(rule.label))
        case "subject":
            texts = (mail.subject[:MAX_FIELD],)
        case _ if rule.label:
            texts = labels.values(lines, rule.label, others)
        case _:
            texts = (words.text(mail, MAX_BODY),)
    if not rule.match:
        yield from texts
        return
    pattern = re.compile(rule.match)
    for text in texts:
        for match in pattern.finditer(text):
            yield next(filter(None, match.groups()), "") if pattern.groups else match[0]


def _place(rule: FieldRule) -> str:
    places = {"body": "in the body", "subject": "in the subject", "header": f"in header {rule.label}"}
    where = f"behind “{rule.label}”" if rule.by_label else places[rule.use]
    if rule.match:
        return f"`match` finds it {where}"
    return f"the body says {where}" if rule.by_label else f"header {rule.label}"


# -- templates -------------------------------------------------------------------------------------


def filled(template: str, values: Mapping[str, str], *, partly: bool = False) -> str:
    """The template with its `{name}` filled in; "" where one of them has no value, unless it may be filled `partly`."""
    made = ""
    # Read with the syntax of the schema's check, but never by str.format, whose fields reach into objects.
    for literal, name, _, _ in Formatter().parse(template):
        value = values.get(name, "") if name is not None else ""
        if name is not None and not value and not partly:
            return ""
        made += literal + value
    return " ".join(made.split())


def subject(route: Route, own: str, values: Mapping[str, str]) -> str:
    """The subject of a new conversation: by the route's template, or the mail's own."""
    return (route.subject and filled(route.subject, {**values, OWN_SUBJECT: own})) or own


def tags(route: Route, values: Mapping[str, str]) -> tuple[str, ...]:
    """The tags of a new conversation, without those of which a field is missing."""
    made = (filled(tag, values)[:_MAX_TAG].strip() for tag in route.tags)
    return tuple(dict.fromkeys(filter(None, made)))


def key(route: Route, values: Mapping[str, str]) -> str:
    """The conversation's own name, where the route makes one of its fields and all of them were found; else ""."""
    return filled(route.conversation.key, values)
