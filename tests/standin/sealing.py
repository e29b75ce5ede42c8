"""Hidden steps that travel with the client: encrypted here, read back here, and nothing to anybody in between."""

from cryptography.fernet import Fernet, InvalidToken

__all__ = ["Seal"]


class Seal:
    """Encrypts with a key of its own: what one running stand-in sealed, no other can open."""

    def __init__(self) -> None:
        self._cipher = Fernet(Fernet.generate_key())

    def close(self, text: str) -> str:
        return self._cipher.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str | None:
        """None where it was not sealed here, or was changed since."""
        try:
            return self._cipher.decrypt(sealed.encode()).decode()
        except InvalidToken:
            return None
