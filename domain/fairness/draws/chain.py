"""One pass over the step log of a draw: its chain, and what it says of winners."""

from collections.abc import Iterable, Iterator

from domain.fairness.draws import steps
from domain.fairness.draws.document import DrawDocument, DrawStatus
from domain.fairness.draws.outcome import ContradictionError, Outcome, Phase
from domain.fairness.draws.steplog import Step, StepLog
from domain.fairness.draws.steps import Body
from domain.fairness.findings import Finding, fails, holds, still_open
from domain.fairness.members import instant_text


class StepAudit:
    """What the step log says, read once as a stream: each line with the hash that it must have."""

    def __init__(
        self, lines: Iterable[tuple[Step, str]], document: DrawDocument, outcome: Outcome, *, follows: bool
    ) -> None:
        """Read all lines; of the chain and of the outcome only the first fault is kept.

        `follows`: the leaves are in order, so that something follows from them.
        """
        self._follows = follows
        self._document, self._outcome = document, outcome
        self._broken: Finding | None = None
        self._contradiction: Finding | None = None
        self._since: dict[type[Body], str] = {}
        self._at = 0
        head = document.tree_head
        self._log = StepLog(0, "") if head is None else StepLog.opened(document.distribution_id, bytes.fromhex(head))
        for step, recomputed in lines:
            self._link(step, recomputed)
            self._follow(step)

    @property
    def size(self) -> int:
        """How many lines there are."""
        return self._log.size

    def findings(self) -> Iterator[Finding]:
        """Compare the log with the document, and with what follows from entries and order."""
        yield self._chain()
        yield self._outcome_found()
        yield self._status()

    def _link(self, step: Step, recomputed: str) -> None:
        fault = self._log.chain.fault(step.link, recomputed, called="step")
        if fault is None and step.at < self._at:
            fault = "it is dated before the line before it"
        if fault is not None and self._broken is None:
            self._broken = fails("steps", f"Step {self._log.size} is wrong: {fault}.", step=self._log.size)
        self._log, self._at = StepLog(self._log.size + 1, step.hash), step.at

    def _follow(self, step: Step) -> None:
        self._since.setdefault(type(step.body), instant_text(step.at))
        if self._contradiction is None:
            try:
                self._outcome.apply(step)
            except ContradictionError as error:
                self._contradiction = fails("outcome", f"Step {step.n} is wrong: {error}.", step=step.n)

    def _chain(self) -> Finding:
        published = self._document.steps
        if published is None and self.size == 0:
            return still_open("steps", "There is no step before the entries are frozen.")
        if self._broken is not None:
            return self._broken
        if published is None or self.size != published.size:
            frozen = 0 if published is None else published.size
            text = f"There are {self.size} steps, but the document says {frozen}."
            return fails("steps", text, step=min(self.size, frozen))
        if self._log.head != published.head:
            return fails("steps", "The last step is NOT the one that the document names.", step=self.size - 1)
        return holds("steps", f"The {self.size} steps are one unbroken chain, up to the one that the document names.")

    def _outcome_found(self) -> Finding:
        if not self._follows:
            return still_open("outcome", "A leaf is wrong, so that nothing follows from the entries.")
        if self._contradiction is not None:
            return self._contradiction
        if self._outcome.phase is Phase.VOID and not self._outcome.is_selected:
            return holds("outcome", "The draw was void before anybody had won, and no step before that is wrong.")
        if not self._outcome.is_selected:
            text = "so far the steps agree with the entries" if self.size else "no step is published"
            return still_open("outcome", f"It is not settled who won: {text}; the draw is {self._outcome.phase.value}.")
        return holds("outcome", "Whoever won, and won later, follows from the entries, the seed and the steps.")

    def _status(self) -> Finding:
        document, expected = self._document, self._expected_status()
        if document.draw_status not in expected:
            told = " or ".join(sorted(expected))
            return fails("status", f"The document says {document.draw_status}, but by its steps the draw is {told}.")
        for member, said, body in (
            ("sealedAt", document.sealed_at, steps.Sealed),
            ("drawnAt", document.drawn_at, steps.Drawn),
        ):
            if said != self._since.get(body):
                return fails("status", f"{member} is {said}, but the step says {self._since.get(body)}.")
        return holds("status", "Status and times of the document are those of the steps.")

    def _expected_status(self) -> set[DrawStatus]:
        if steps.Void in self._since:
            return {"void"}
        if steps.CompletedAll in self._since or steps.ClaimClosed in self._since:
            return {"completed"}
        if steps.Drawn in self._since:
            return {"drawn"}
        return {"sealed"} if self._since else {"pending", "void"}
