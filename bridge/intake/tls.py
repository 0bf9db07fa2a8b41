"""The certificate of a listener, read again when its files change, so that a renewal needs no restart."""

from __future__ import annotations

import ssl

from bridge import log
from bridge.config.schema import Tls
from bridge.errors import StartError

#: A peer that does not get on with its handshake is let go.
HANDSHAKE_TIMEOUT_S = 30.0

#: OpenSSL's names of what a person can mend.
_CAUSES = {
    "KEY_VALUES_MISMATCH": "the key does not belong to the certificate",
    "EE_KEY_TOO_SMALL": "the key is too short to be safe",
    "CA_MD_TOO_WEAK": "the certificate is signed in a way that is no longer safe",
}


class Certificate:
    def __init__(self, listener: str, settings: Tls) -> None:
        """Raises StartError when the files cannot be used."""
        self._listener = listener
        self._settings = settings
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        try:
            self._seen = self._stamps()
            self._load()
        except (OSError, ssl.SSLError) as error:
            raise StartError(
                f"cannot use the certificate of listener {listener}: {_cause(error)}. `tls.certificate` "
                f"({settings.certificate}) must hold the certificate with its chain and `tls.key` ({settings.key}) "
                f"its key, both PEM without a passphrase and readable for the bridge's user"
            ) from error

    def refresh(self) -> None:
        """Use the files as they are now; keep what was read before where they cannot be used."""
        try:
            stamps = self._stamps()
            if stamps == self._seen:
                return
            self._seen = stamps
            self._load()
        except (OSError, ssl.SSLError) as error:
            log.warning(
                "trouble", doing="reading the certificate", listener=self._listener, error=_cause(error)
            )
            return
        log.info("certificate", listener=self._listener, read="again")

    def _load(self) -> None:
        # Without a password OpenSSL asks for one on the terminal, and the daemon would wait for a person.
        self.context.load_cert_chain(self._settings.certificate, self._settings.key, password=b"")

    def _stamps(self) -> tuple[tuple[int, int], ...]:
        stats = (self._settings.certificate.stat(), self._settings.key.stat())
        return tuple((stat.st_mtime_ns, stat.st_size) for stat in stats)


def _cause(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        # OpenSSL names a key that is locked, or a file that is no PEM, by the place in its own code.
        return _CAUSES.get(error.reason or "", "a file is not in PEM, or the key has a passphrase")
    return str(getattr(error, "strerror", None) or error)


def failure(error: Exception) -> str:
    """Why a handshake came to nothing, in OpenSSL's word for it or the error's kind."""
    return f"TLS handshake failed: {getattr(error, 'reason', None) or type(error).__name__}"
