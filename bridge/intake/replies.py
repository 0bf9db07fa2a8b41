"""Every reply of the SMTP dialogue, named once: code, RFC 3463 enhanced code and text.

5xx stands for policy and syntax alone, where trying again cannot help. Whatever is the bridge's own trouble is 4xx, so that
the peer keeps the mail. No text holds an exception, a path or a version.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Reply:
    code: int
    #: "" where RFC 2034 has none: the greeting, EHLO and 354.
    enhanced: str
    text: str
    #: The whole line with its CRLF.
    wire: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        words = f"{self.code} {self.enhanced} {self.text}" if self.enhanced else f"{self.code} {self.text}"
        object.__setattr__(self, "wire", words.encode("ascii") + b"\r\n")

    @property
    def short(self) -> str:
        """The codes alone, for the log."""
        return f"{self.code} {self.enhanced}".rstrip()


# -- 2xx and 3xx -----------------------------------------------------------------------------------

OK = Reply(250, "2.0.0", "Ok")
SENDER_OK = Reply(250, "2.1.0", "Ok")
RECIPIENT_OK = Reply(250, "2.1.5", "Ok")
CANNOT_VERIFY = Reply(252, "2.0.0", "Send some mail and see")
HELP = Reply(214, "2.0.0", "See RFC 5321")
BYE = Reply(221, "2.0.0", "Bye")
START_TLS = Reply(220, "2.0.0", "Ready to start TLS")
LOGGED_IN = Reply(235, "2.7.0", "Welcome")
SEND_CONTENT = Reply(354, "", "End data with <CR><LF>.<CR><LF>")


def queued(mail_id: str) -> Reply:
    """The promise: the mail is on disk and will end as delivered, held or dead-lettered."""
    return Reply(250, "2.0.0", f"Ok: queued as {mail_id}")


# -- 421: and the connection is closed ---------------------------------------------------------------

TOO_MANY_CONNECTIONS = Reply(421, "4.3.2", "Too many connections, try again later")
STOPPING = Reply(421, "4.3.2", "Service is stopping, try again later")
TIMED_OUT = Reply(421, "4.4.2", "Timed out waiting for you, closing")
SESSION_TOO_LONG = Reply(421, "4.4.2", "This connection was open for too long, closing")
TOO_MUCH_JUNK = Reply(421, "4.7.0", "Too many commands that are not understood or lead nowhere, closing")
TOO_MANY_LOGINS = Reply(421, "4.7.0", "Too many failed logins, try again later")
NOT_SMTP = Reply(421, "4.7.0", "This is not a web server, closing")

# -- 4xx: later --------------------------------------------------------------------------------------

TRY_LATER = Reply(451, "4.3.0", "Local trouble, try again later")
NO_ROUTE_NOW = Reply(451, "4.3.5", "Not configured to take this mail at the moment, try again later")
STUCK = Reply(452, "4.3.1", "Mail for this recipient does not get away at the moment, try again later")
NO_ROOM = Reply(452, "4.3.1", "No room for this mail at the moment, try again later")
TOO_MANY_RECIPIENTS = Reply(452, "4.5.3", "Too many recipients, send the others in another mail")
NO_TLS_NOW = Reply(454, "4.7.0", "TLS is not available at the moment")

# -- 5xx: never --------------------------------------------------------------------------------------

UNKNOWN_COMMAND = Reply(500, "5.5.1", "Command not recognised")
BAD_LINE = Reply(500, "5.5.2", "Command line cannot be read")
LINE_TOO_LONG = Reply(500, "5.5.2", "Command line is too long")
BARE_LF_LINE = Reply(500, "5.5.2", "Lines must end with <CR><LF>")
HELO_SYNTAX = Reply(501, "5.5.4", "A host name is needed")
MAIL_SYNTAX = Reply(501, "5.5.4", "Syntax: MAIL FROM:<address> [parameters]")
RCPT_SYNTAX = Reply(501, "5.5.4", "Syntax: RCPT TO:<address> [parameters]")
NO_ARGUMENT = Reply(501, "5.5.4", "This command takes no argument")
BAD_PARAMETER = Reply(501, "5.5.4", "A parameter has no usable value")
NULL_RECIPIENT = Reply(501, "5.1.3", "A recipient is needed")
LOGIN_SYNTAX = Reply(501, "5.5.2", "An answer to AUTH is base64 of UTF-8, as its mechanism says")
LOGIN_CANCELLED = Reply(501, "5.7.0", "Login cancelled")
NOT_IMPLEMENTED = Reply(502, "5.5.1", "Command not implemented")
USE_LHLO = Reply(500, "5.5.1", "This is LMTP, say LHLO")
USE_EHLO = Reply(500, "5.5.1", "This is SMTP, say EHLO")
NESTED_MAIL = Reply(503, "5.5.1", "The last mail is not finished yet")
NEED_MAIL = Reply(503, "5.5.1", "MAIL comes first")
NEED_RECIPIENT = Reply(503, "5.5.1", "RCPT comes first")
EHLO_FIRST = Reply(503, "5.5.1", "EHLO comes first")
LOGIN_ALREADY = Reply(503, "5.5.1", "You are logged in already")
UNKNOWN_MECHANISM = Reply(504, "5.5.4", "AUTH is PLAIN or LOGIN here")
TLS_ALREADY = Reply(503, "5.5.1", "TLS is already in use")
NEED_TLS = Reply(530, "5.7.0", "Say STARTTLS first")
NEED_LOGIN = Reply(530, "5.7.0", "Log in first, by AUTH")
BAD_LOGIN = Reply(535, "5.7.8", "Name or password is wrong")
LOGIN_NEEDS_TLS = Reply(538, "5.7.11", "Passwords are taken by TLS alone: say STARTTLS first")
UNKNOWN_RECIPIENT = Reply(550, "5.1.1", "No such recipient here")
BARE_LF = Reply(550, "5.6.0", "Bare <LF> in the content; lines must end with <CR><LF>")
TOO_LARGE = Reply(552, "5.3.4", "Mail is larger than the limit announced by SIZE")
BAD_RECIPIENT = Reply(553, "5.1.3", "Recipient's address cannot be read")
BAD_REVERSE_PATH = Reply(553, "5.1.7", "Sender's address cannot be read")
NOT_ALLOWED = Reply(554, "5.7.1", "This host may not send mail here")
TOO_MANY_HOPS = Reply(554, "5.4.6", "Too many hops, the mail goes round in a loop")
OWN_LOOP = Reply(554, "5.4.6", "This mail has been here before, it goes round in a loop")
BINARY_REFUSED = Reply(555, "5.5.4", "BODY can be 7BIT or 8BITMIME")
