"""An AI CROSS adapter, and delivery reports as the vendor writes them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from gateway.model.values import Secret
from gateway.providers.aicross import TYPE, AICross, AICrossSettings

REFERENCE = "01jd0a1b2c3d4e5f6g7h8j9k0mg1"
FORM = "application/x-www-form-urlencoded"


def configured(**settings: Any) -> AICross:
    basics = {"token": Secret("tok-tok-tok"), "client_id": "1234", "sms_code": "80013"}
    return TYPE.build("main", AICrossSettings(**basics | settings))


aicross = configured()


def ms(*moment: int) -> int:
    return int(datetime(*moment[:6], tzinfo=UTC).timestamp()) * 1000 + (moment[6] if len(moment) > 6 else 0)


def notification(**fields: Any) -> dict[str, Any]:
    basics: dict[str, Any] = {
        "type": "DLR",
        "dateTime": "2024/01/05 09:30:01",
        "messageId": "0001234240105093000100a1B2c3D4e",
        "phoneNumber": "+818012345678",
        "smsCode": "80013",
        "carrierId": "103",
        "carrierName": "NTT Docomo",
        "messageText": "very private",
        "clientId": "1234",
        "clientTag": REFERENCE,
        "statusId": "2",
        "statusDescription": "Message delivered",
        "rawdata": {"carrier": "103", "type": "", "data": {"code": "", "ntwkErr": ""}},
        "detailedStatusId": 2,
        "separatedSuccessCount": 1,
    }
    return basics | fields


def xml(fields: dict[str, Any], prolog: str = '<?xml version="1.0" encoding="UTF-8"?>') -> str:
    def elements(fields: dict[str, Any]) -> str:
        return "".join(
            f"<{name}>{elements(value) if isinstance(value, dict) else f'<![CDATA[{value}]]>'}</{name}>\n"
            for name, value in fields.items()
        )

    each = f'<eventNotification type="DLR">{elements(fields)}</eventNotification>'
    return f"{prolog}<eventNotifications>\n {each}\n</eventNotifications>"
