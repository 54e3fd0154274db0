"""What is remembered: one module per noun, each a few statements over :class:`~doorward.store.database.Database`."""

from doorward.store.cipher import Cipher
from doorward.store.objects import ObjectId
from doorward.store.store import Store

__all__ = ["Cipher", "ObjectId", "Store"]
