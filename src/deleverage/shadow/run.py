"""A stream from its source to the report: read, understood, followed, and remembered between moments."""

from collections.abc import Iterable

from deleverage.domain.domain import Domain
from deleverage.rulebook.book import Book
from deleverage.shadow.acts import Key
from deleverage.shadow.follow import Follower
from deleverage.shadow.progress import FORMAT, BadProgress, Progress, chained, load, save
from deleverage.shadow.shape import LONGEST_LINE, BadLine, Header, Why
from deleverage.shadow.source import Line, SourceFault, lines_of
from deleverage.shadow.tally import Tally
from deleverage.shadow.translators import Translator, translator_of
from deleverage.shadow.wanted import BROKEN_OFF, END, HEADLESS, INTERRUPTED, STRICT, Followed, Wanted


class Run:
    """One stream being followed."""

    def __init__(self, wanted: Wanted) -> None:
        """Begin at the beginning, or where the progress file says."""
        self.wanted = wanted
        self.header: Header | None = None
        self.follower: Follower | None = None
        self.tally, self.chain, self.line, self.offset, self.saved = Tally(), "", 0, 0, 0
        self.translator: Translator = translator_of(wanted.shape)
        self.resumed_at = 0
        found = load(wanted.progress, wanted.source, wanted.options) if wanted.progress is not None else None
        if found is not None:
            self._resume(found)

    def follow(self) -> Followed:
        """Follow to the end; SourceFault where there is nothing to follow, BadProgress where it is another stream."""
        ended, sentence, broken = END, "", False
        try:
            for line in lines_of(self.wanted.source, self.offset, self.wanted.wait, self.wanted.stopped):
                self._take(line)
                if self.tally.bad and (self.wanted.strict or self.header is None):
                    ended = STRICT if self.header is not None else HEADLESS
                    break
                if self.wanted.stopped():
                    ended = INTERRUPTED
                    break
            else:
                ended = INTERRUPTED if self.wanted.stopped() else END
        except KeyboardInterrupt:  # somewhere in the middle: what was kept before is what a restart goes on with
            ended, broken = INTERRUPTED, True
        except SourceFault as fault:
            if self.line == self.resumed_at:
                raise
            ended, sentence = BROKEN_OFF, str(fault)
        if ended in (END, BROKEN_OFF, INTERRUPTED) and not broken:
            self._save()
        if ended == END and self.follower is not None:
            before = self.tally.differences
            self.follower.end()
            self._tell(before)
            for half in self.translator.kept():
                self.tally.skip(self.line, Why.UNPAIRED.name, f"{half} {Why.UNPAIRED.value}")
        return Followed(self.tally, ended, self.header, sentence, self.resumed_at)

    def _take(self, line: Line) -> None:
        before = self.tally.differences
        self.line, self.offset = self.line + 1, line.end
        self.chain = chained(self.chain, line.content)
        self.tally.lines += 1
        try:
            self._understand(line.content)
        except BadLine as bad:
            self.tally.skip(self.line, bad.why.name, bad.sentence)
        self._tell(before)
        if self.line - self.saved >= self.wanted.save_every and line.ended:
            self._save()

    def _understand(self, content: bytes) -> None:
        if len(content) > LONGEST_LINE:
            raise BadLine(Why.TOO_LONG)
        if not content.strip():
            return
        if self.header is None:
            self._begin(self.translator.header(content))
        for told in self.translator.read(content, self.line, self._book()):
            assert self.follower is not None
            self.follower.hear(self.line, told)

    def _book(self) -> Book:
        return self.follower.latest.book if self.follower is not None else Book()

    def _begin(self, header: Header) -> None:
        self.header = header
        domain = Domain.open(self.wanted.rules_of(header))
        self._follow_with(header, domain, ())

    def _follow_with(self, header: Header, domain: Domain, standing: Iterable[Key]) -> None:
        steps = self.wanted.steps or header.steps
        self.follower = Follower(domain, steps, self.wanted.tolerance, self.tally, set(standing))

    def _resume(self, found: Progress) -> None:
        rules = self.wanted.rules_of(found.header)
        if rules.hash() != found.rules_hash:
            raise BadProgress("the progress file is of other rules")
        self._require_same(found)
        self.header, self.tally, self.chain = found.header, found.tally, found.chain
        self.line = self.saved = self.resumed_at = found.line
        self.offset = found.offset
        self.translator.take(found.halves)
        self._follow_with(found.header, Domain(found.book, rules, "columns"), found.standing)

    def _require_same(self, found: Progress) -> None:
        """Read again what was read before: another stream under the same name is refused."""
        chain, number = "", 0
        if "://" in self.wanted.source:
            return  # what an address said once it need not say again
        for line in lines_of(self.wanted.source, 0, False, lambda: False):
            if number == found.line:
                break
            chain, number = chained(chain, line.content), number + 1
        if (chain, number) != (found.chain, found.line):
            raise BadProgress(f"{self.wanted.source} does not begin with the {found.line} lines that were followed")

    def _save(self) -> None:
        """Keep where we are, if no moment is open."""
        follower, path = self.follower, self.wanted.progress
        if path is None or follower is None or self.header is None or follower.moment is not None:
            return
        book = follower.domain.book.copy()
        save(
            path,
            Progress(
                format=FORMAT,
                source=self.wanted.source,
                options=self.wanted.options,
                rules_hash=follower.domain.rules.hash(),
                offset=self.offset,
                line=self.line,
                chain=self.chain,
                header=self.header,
                tally=self.tally,
                standing=tuple(sorted(follower.standing)),
                halves=self.translator.kept(),
                book=book,
            ),
        )
        self.saved = self.line

    def _tell(self, before: int) -> None:
        if before == 0 and self.tally.divergences:
            self.wanted.told(self.tally.divergences[0])
