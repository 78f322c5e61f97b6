"""Names the platform gives to things. Randomness and time are handed in, so that a test owns both."""

from __future__ import annotations

import hashlib
from random import Random

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_WORDS = str.split(
    "able apt brave brief civil cosy deft early fair fleet fond good handy keen kind loyal mellow neat noble open "
    "prompt ready sage solid spry steady sunny tidy trim true vivid warm witty"
)
_THINGS = str.split(
    "acorn anvil apple badge barge basil bell birch canoe cedar chair clock cork drum easel ferry flute gable goose "
    "heron hinge kettle ladle lamp loom maple mill oar otter paddle plum quill raft reed spoon stork teapot wren"
)


class Identifiers:
    """Makes identifiers in Fly's shapes."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._last_ulid = (0, 0)

    def hex(self, digits: int) -> str:
        """`digits` random hexadecimal characters."""
        return f"{self._random.getrandbits(4 * digits):0{digits}x}"

    def machine(self) -> str:
        """14 hexadecimal characters."""
        return self.hex(14)

    def nonce(self) -> str:
        """12 hexadecimal characters, for a lease."""
        return self.hex(12)

    def ulid(self, now: float) -> str:
        """A 26-character ULID for `now` (seconds); grows strictly, also within one millisecond."""
        moment, entropy = int(now * 1000), self._random.getrandbits(80)
        if moment <= self._last_ulid[0]:
            moment, entropy = self._last_ulid[0], self._last_ulid[1] + 1
        self._last_ulid = (moment, entropy)
        number = (moment << 80) | entropy
        return "".join(_CROCKFORD[(number >> shift) & 31] for shift in range(125, -1, -5))

    def slug(self, length: int = 16) -> str:
        """Lower-case letters and digits, e.g. for ids of volumes and releases."""
        return "".join(self._random.choices("0123456789abcdefghijklmnopqrstuvwxyz", k=length))

    def machine_name(self) -> str:
        """Two words and a number."""
        return f"{self._random.choice(_WORDS)}-{self._random.choice(_THINGS)}-{self._random.randint(1, 9999)}"

    def private_ip(self, machine_id: str, host: int, network: str) -> str:
        """An address in a private network, given by its `private_network`; the host shows in the fifth group."""
        low = int(machine_id, 16)
        return f"{network}:{host:x}:{(low >> 32) & 0xFFFF:x}:{(low >> 16) & 0xFFFF:x}:2"


def private_network(platform: str, network: str) -> str:
    """The first four groups of the addresses in one of Fly's private networks, below fdaa::/16.

    Args:
        platform: tells platforms apart that share an engine, which has each network once.
    """
    digest = hashlib.sha256(f"{platform}\n{network}".encode()).digest()
    return f"fdaa:{int.from_bytes(digest[:2]):x}:{int.from_bytes(digest[2:4]):x}:a7b"
