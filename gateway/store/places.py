"""Where a message stands beside its record: in which line of a queue, by what entry, and as what usage counts it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from gateway.model.message import Content, State, together


def line(state: State, content: Content) -> str:
    """Where it queues among its provider's messages: fair between clients, and those that may leave for one of certain
    providers are found without looking at the rest."""
    if state.handover:  # to be kept by this vendor, and by no other
        return state.client
    gone = (state.provider, *state.refused.split())
    ways = [name for name in content.route if name not in gone]
    return f"{state.client}+{','.join(ways)}" if ways and not state.open else state.client


def entry(id_: str, state: State, content: Content, parties: Mapping[str, int]) -> str:
    """The id. Where the provider takes several messages in a request (`parties`: how many), after it what says which
    may share one: 8 characters of their wording, 6 of the receiver, and how many may."""
    most = parties.get(state.provider, 1)
    if most == 1:
        return id_
    alike = repr((*together(state, content), state.party)).encode()
    receiver = hashlib.blake2b(content.to.encode(), digest_size=3).hexdigest()
    return f"{id_}{hashlib.blake2b(alike, digest_size=4).hexdigest()}{receiver}{min(most, state.party or most)}"


def kind(state: State) -> str:
    """As what usage counts it."""
    return f"{state.provider}|{state.carrier}|{state.status}"
