"""What an embedded server says when it cannot serve."""


class EmbeddedServerError(RuntimeError):
    """An embedded server cannot start or stop; the message says what the operator can do."""
