"""What is said of a file that cannot be read."""

from pydantic import ValidationError


class UnreadableProofError(Exception):
    """A line of a proof file cannot be read, or the file ends too early. Says which line, counted from 1, and why."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(f"line {line} {_printable(text)}")
        self.line = line
        self.text = text


def told(error: ValidationError) -> str:
    """Say in one sentence what is wrong with the members of a line."""
    return "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())


def _printable(text: str) -> str:
    """Because a file may hold line ends and other signs by which a terminal would show what is not so."""
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)
