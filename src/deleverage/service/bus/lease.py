"""Who should try to write a domain's journal: a lease in the bus's key-value store, kept by renewing it.

It only saves two workers from taking the journal from each other all the time. What is safe does not hang on it: the
journal itself lets the writer of the newest epoch write, and nobody else.
"""

import asyncio
from contextlib import suppress
from time import monotonic
from typing import Any

LASTS_S = 4.0
_BUCKET = "deleverage-leases"
_PATIENCE_S = 1.0


class Lease:
    """A claim on a name. ``held`` says whether it was this worker's when it was renewed last."""

    def __init__(self, client: Any, name: str, holder: str, lasts_s: float = LASTS_S) -> None:
        """Claim nothing yet."""
        self._js = client.jetstream(timeout=_PATIENCE_S)
        self._name, self._holder, self._lasts_s = name, holder.encode(), lasts_s
        self._revision: int | None = None
        self._renewed_s = 0.0

    @property
    def held(self) -> bool:
        """Whether the lease is this worker's, as far as anybody can know without asking."""
        return self._revision is not None and monotonic() - self._renewed_s < self._lasts_s

    async def take(self) -> bool:
        """Take it, or keep it; return whether it is held."""
        try:
            bucket = await self._bucket()
            if self._revision is None:
                self._revision = await bucket.create(self._name, self._holder)
            else:
                self._revision = await bucket.update(self._name, self._holder, last=self._revision)
            self._renewed_s = monotonic()
        except Exception as error:
            from nats.js.errors import APIError

            if isinstance(error, APIError):  # another has it, the bus was emptied, or an answer got lost
                self._revision = await self._own()
        return self.held

    async def _own(self) -> int | None:
        """Return the revision of the lease where it is this worker's all the same."""
        with suppress(Exception):
            found = await (await self._bucket()).get(self._name)
            if found.value == self._holder:
                return int(found.revision)
        return None

    async def keep(self) -> None:
        """Renew it until this is cancelled."""
        while True:
            await asyncio.sleep(self._lasts_s / 4)
            await self.take()

    async def give_back(self) -> None:
        """Let another have it at once."""
        if self._revision is not None:
            with suppress(Exception):
                await (await self._bucket()).delete(self._name, last=self._revision)
            self._revision = None

    async def _bucket(self) -> Any:
        from nats.js.errors import NotFoundError

        try:
            return await self._js.key_value(_BUCKET)
        except NotFoundError:
            return await self._js.create_key_value(bucket=_BUCKET, ttl=self._lasts_s, history=1)
