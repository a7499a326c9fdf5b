"""The vendors this gateway speaks to. The one list of them."""

from __future__ import annotations

from gateway.provider import ProviderTypes
from gateway.providers import aicross, iotcall, koreasms, mediasms

TYPES: ProviderTypes = {
    provider_type.name: provider_type for provider_type in (aicross.TYPE, mediasms.TYPE, koreasms.TYPE, iotcall.TYPE)
}
