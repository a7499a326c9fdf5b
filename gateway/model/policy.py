"""What the rules of the lifecycle need to know of the provider that carries a message."""

from __future__ import annotations

import msgspec

from gateway.model.outcome import Guarantee


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """Of one provider, for one message. Times in ms."""

    guarantee: Guarantee
    reports: bool
    """It pushes delivery reports, or can be asked: news may still come after `submitted`."""
    queryable: bool
    checkable: bool = False
    """It can be asked whether it keeps a reservation."""
    settle_after: int
    """A message the vendor is asked about and does not list becomes `uncertain` after this."""
    no_news_after: int
    """What nobody tells anything of any more is final after this."""
    reconcile_after: int
    """A message without a receipt is asked for after this, and then after twice as long each time."""
    onward: str = ""
    """The provider that carries the message where this one cannot or will not; "" where there is none."""
    onward_serves: bool = False
    """It takes requests now."""
    onward_wraps: bool = False
    """It comes before this one in the message's route: the message has been there, or was passed over."""
    routed: bool = False
    """Its route has other providers, configured or not."""
    configured: bool = True
    resend_blind: bool = False


NOBODY = Policy(
    guarantee=Guarantee.BLIND,
    reports=True,
    queryable=False,
    settle_after=15 * 60_000,
    no_news_after=72 * 3_600_000,
    reconcile_after=30 * 60_000,
    configured=False,
)
"""For a provider that is no longer configured: nothing is assumed, nothing is sent."""
