"""Journals under a policy from somebody's own file: the head names its text by a hash, and whoever executes brings it.

No code is kept in a journal, so none is ever taken out of one: what runs is the file that the reader has named.
"""

from dataclasses import replace

from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.papers import Head
from deleverage.rulebook.file_policy import FilePolicy
from deleverage.rulebook.rules import Rules


def without_code(rules: Rules) -> Rules:
    """Return rules as they are written down: of a policy from a file what identifies it."""
    policy = rules.policy
    return replace(rules, policy=policy.named()) if isinstance(policy, FilePolicy) else rules


def with_code(head: Head, policy: FilePolicy | None) -> Head:
    """Return a head whose rules can be executed; NO_POLICY where ``policy`` is not the one that it names."""
    named = head.rules.policy
    if not isinstance(named, FilePolicy):
        if policy is not None:
            raise JournalFault(Why.NO_POLICY, "the policy is the law's own, of no file", policy.name, named.name)
        return head
    if policy is None:
        raise JournalFault(Why.NO_POLICY, "its file has to be named", "none", _told(named))
    if policy.named() != named:
        raise JournalFault(Why.NO_POLICY, "the file is another one", _told(policy), _told(named))
    return replace(head, rules=replace(head.rules, policy=policy))


def require_code(head: Head) -> None:
    """Raise NO_POLICY where the rules of a head have a policy's name only."""
    if type(head.rules.policy) is FilePolicy:
        with_code(head, None)


def _told(policy: FilePolicy) -> str:
    parameters = ", ".join(policy.parameters)
    return ascii(f"{policy.policy}({parameters}), SHA-256 of the text {policy.source_sha256}")[1:-1]
