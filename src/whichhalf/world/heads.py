"""How calls begin: type, name, properties or traits. Every distinct beginning is rendered once."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from whichhalf.world import catalog
from whichhalf.world.draws import Ints
from whichhalf.world.payments import CHARGE, Payments


class Heads:
    """Beginnings of JSON lines by code: `{"type":"track","event":"Signed Up",…,`."""

    def __init__(self) -> None:
        self._codes: dict[bytes, int] = {}
        self.pages = self._all(
            {"type": "page", "name": title.split(":")[0], "properties": {"path": path}}
            for path, title, *_ in catalog.PAGES
        )
        self.screens = self._all(
            {"type": "screen", "name": name, "properties": {}} for name in catalog.SCREENS
        )
        self.tracks = self._all(
            {"type": "track", "event": name, "properties": {"position": place}}
            for place, name in enumerate(catalog.TRACKS)
        )
        self.signed_up = self.track("Signed Up", {"method": "email"})
        self.signed_in = self.track("Signed In", {"method": "password"})
        self.installed = self.track("Application Installed", {"version": "4.2.0", "build": "4200"})
        self.opened = self.track(
            "Application Opened", {"version": "4.2.0", "from_background": False}
        )
        self.identify = self.code({"type": "identify", "traits": {"plan": "free"}})
        self.group = self.code({"type": "group", "groupId": "g-1", "traits": {"name": "Beta"}})

    def code(self, head: dict[str, Any]) -> int:
        """Return the code of a call that begins so."""
        return self._codes.setdefault(orjson.dumps(head)[:-1] + b",", len(self._codes))

    def track(self, event: str, properties: dict[str, Any]) -> int:
        """Return the code of a track call."""
        return self.code({"type": "track", "event": event, "properties": properties})

    def aliases(self, previous: Ints) -> Ints:
        """Return the codes of alias calls that name these user ids as the previous ones."""
        return self._all({"type": "alias", "previousId": str(number)} for number in previous)

    def orders(self, payments: Payments) -> Ints:
        """Return the codes of the Order Completed calls of all charges."""
        chosen = payments.kind == CHARGE
        columns = (payments.cents, payments.currency, payments.pack, payments.quantity)
        rows = np.stack([column[chosen] for column in columns], axis=1)
        distinct, index = np.unique(rows, axis=0, return_inverse=True)
        return self._all(self._order(row, payments) for row in distinct.tolist())[index.reshape(-1)]

    def rendered(self) -> pa.Array:
        """Return all beginnings, by code."""
        return pa.array([head.decode() for head in self._codes], pa.string())

    def _order(self, row: list[int], payments: Payments) -> dict[str, Any]:
        cents, currency, pack, quantity = row
        price = float(Decimal(cents) / 100)
        product = {"product_id": catalog.PACKS[pack][0], "quantity": quantity}
        properties = {"revenue": price, "currency": payments.currencies[currency]}
        head = {"type": "track", "event": "Order Completed"}
        return head | {"properties": properties | {"products": [product]}}

    def _all(self, heads: Any) -> Ints:
        return np.array([self.code(head) for head in heads], np.int64)
