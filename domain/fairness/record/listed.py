"""A published draw against the record of its organization: whether it is the draw that the record tells of."""

from collections.abc import Iterable, Iterator, Sequence

from domain.fairness.draws.document import DrawDocument
from domain.fairness.draws.reading import ProofReader
from domain.fairness.findings import Finding, fails, holds, still_open
from domain.fairness.record.check import CheckedRecord
from domain.fairness.record.life import Life


def check_listed(lines: Iterable[object], record: CheckedRecord) -> list[Finding]:
    """Check a draw, given as the decoded lines of its proof file, against a record that was checked.

    The findings are listed, promises, freeze, draw, steps, standing and repeated. What the file tells and the record does
    not tell yet is open: the record is older. What the record tells and the file does not is wrong.
    Raises UnreadableProofError as `check_draw` does.
    """
    reader = ProofReader(lines)
    document = reader.document()
    for _ in reader.leaves():
        pass
    hashes = [step.hash for step, _ in reader.steps()]
    reader.end()
    life = record.lives.get(document.distribution_id)
    if life is None:
        return [fails("listed", f"Draw {document.distribution_id} is NOT in the log.")]
    return list(_compared(document, hashes, life, record))


def _compared(document: DrawDocument, hashes: Sequence[str], life: Life, record: CheckedRecord) -> Iterator[Finding]:
    yield holds("listed", "The draw stands in the log.")
    yield _promises(document, life)
    yield _frozen(document, life)
    yield _drawn(document, life)
    yield _steps(hashes, life)
    yield _standing(document, life)
    yield _repeated(life, record)


def _promises(document: DrawDocument, life: Life) -> Finding:
    if (document.seed_commitment, document.rules_hash) != (life.seed_commitment, life.rules_hash):
        return fails("promises", "Server seed and rules are NOT those that the log says were committed to.")
    return holds("promises", "Server seed and rules are those that the log says were committed to.")


def _frozen(document: DrawDocument, life: Life) -> Finding:
    told = None if life.sealed is None else (life.sealed.tree_head, life.sealed.log_size, life.sealed_at)
    published = (document.tree_head, document.log_size, document.sealed_at) if document.is_sealed else None
    return _same("freeze", published, told, "frozen entries")


def _drawn(document: DrawDocument, life: Life) -> Finding:
    told = None if life.drawn is None else (life.drawn.seed, life.drawn_at)
    published = None if document.seed is None else (document.seed, document.drawn_at)
    return _same("draw", published, told, "seed")


def _same(check: str, published: object, told: object, what: str) -> Finding:
    if published is None and told is None:
        return still_open(check, f"Neither tells of the {what} yet.")
    if told is None:
        return still_open(check, f"The log does not tell of the {what} yet: it is older than the file.")
    if published != told:
        return fails(check, f"What the file says of the {what}, or its time, is NOT what the log tells.")
    return holds(check, f"The log tells of the same {what}, at the same time.")


def _steps(hashes: Sequence[str], life: Life) -> Finding:
    for head in life.heads:
        if head.size > len(hashes):
            text = f"The log tells of {head.size} steps, but the file has {len(hashes)}: it is older, or was cut off."
            return fails("steps", text, step=len(hashes))
        if hashes[head.size - 1] != head.head:
            text = f"Step {head.size - 1} is NOT the one that the log tells of."
            return fails("steps", text, step=head.size - 1)
    known = life.heads[-1].size if life.heads else 0
    return holds("steps", f"The first {known} of {len(hashes)} steps are those that the log tells of.")


def _standing(document: DrawDocument, life: Life) -> Finding:
    if life.void is not None and document.draw_status != "void":
        return fails("standing", f"By the log the draw is void, but the file says {document.draw_status}.")
    if life.void is None and document.draw_status == "void":
        return still_open("standing", "The log does not tell yet that the draw is void: it is older than the file.")
    return holds("standing", "The draw is void, here and there." if life.void else "By the log the draw counts.")


def _repeated(life: Life, record: CheckedRecord) -> Finding:
    by = [str(other.draw_id) for other in record.lives.values() if other.replaces == life.draw_id]
    if by and life.void is None:
        return fails("repeated", f"{', '.join(by)} says to repeat this draw, which is not void.")
    if by:
        return holds("repeated", f"This draw was repeated, and the log says so: by {', '.join(by)}.")
    repeats = "" if life.replaces is None else f" It repeats {life.replaces}."
    return holds("repeated", f"No other draw says to repeat this one.{repeats}")
