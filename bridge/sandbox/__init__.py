"""A local Re:amaze with a page to look at: for `demo`, for trying a config, and for the tests.

One implementation of the API as it is documented, as strict as that allows, and with a switch for everything that is not.
"""

from bridge.sandbox.behaviour import Behaviour
from bridge.sandbox.sandbox import Sandbox, read_journal
from bridge.sandbox.state import Attachment, Conversation, Message, Person, Stored
from bridge.sandbox.wire import Call, Unanswered

__all__ = [
    "Attachment",
    "Behaviour",
    "Call",
    "Conversation",
    "Message",
    "Person",
    "Sandbox",
    "Stored",
    "Unanswered",
    "read_journal",
]
