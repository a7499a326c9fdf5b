from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

from ..models.message_in_carrier import MessageInCarrier, check_message_in_carrier
from ..models.message_in_duplicate_risk import MessageInDuplicateRisk, check_message_in_duplicate_risk
from ..models.message_in_held_by import MessageInHeldBy, check_message_in_held_by
from ..models.message_in_priority import MessageInPriority, check_message_in_priority
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.message_in_metadata import MessageInMetadata
    from ..models.options_in import OptionsIn
    from ..models.template_in import TemplateIn


T = TypeVar("T", bound="MessageIn")


@_attrs_define
class MessageIn:
    """A message to send. It has either `text` or `template`; `heldBy` only together with `sendAt`.

    Attributes:
        to (str): E.164, or national in the configured default region.
        text (str | None): What the handset shows.
        template (TemplateIn | None): A text with holes, and what goes into each of them. The operator's configuration
            is looked through first, then the templates kept at the vendors this message may go to.
        subject (str | None): Korean LMS only.
        from_ (str | None): The sender the handset shows; default: the configured one.
        client_tag (str | None): Unique per client: the same tag is the same message.
        group_tag (str | None): Whatever you want to find messages by, together.
        send_at (datetime.datetime | None): Makes it a reservation; at most 90 days ahead.
        held_by (MessageInHeldBy | None): Who keeps a reservation until its time. `gateway`: it can be changed and
            canceled to the last moment. `provider`: it is handed to the vendor at once, or refused where none can keep it.
            Default: as the provider is configured, else `gateway`.
        expires_at (datetime.datetime | None): Never handed to a vendor after this; default 24 h.
        priority (MessageInPriority | None): `high` for one-time codes: these go first. Default `normal`.
        provider (str | None): Pins one configured provider. Default: the gateway chooses by its routes.
        carrier (MessageInCarrier | None): A hint: the recipient's carrier, for vendors that want to know.
        duplicate_risk (MessageInDuplicateRisk | None): What to do when a vendor's answer is lost and nobody can be
            asked. `avoid` (default): leave the message `uncertain`. `accept`: send it again, at the risk that it arrives
            twice.
        metadata (MessageInMetadata | None): Up to 20 pairs of your own, returned as given.
        options (OptionsIn | None): Options that only one type of vendor knows. Those of other types than the message's
            provider are ignored.
    """

    to: str
    text: str | None = None
    template: TemplateIn | None = None
    subject: str | None = None
    from_: str | None = None
    client_tag: str | None = None
    group_tag: str | None = None
    send_at: datetime.datetime | None = None
    held_by: MessageInHeldBy | None = None
    expires_at: datetime.datetime | None = None
    priority: MessageInPriority | None = None
    provider: str | None = None
    carrier: MessageInCarrier | None = None
    duplicate_risk: MessageInDuplicateRisk | None = None
    metadata: MessageInMetadata | None = None
    options: OptionsIn | None = None

    def to_dict(self) -> dict[str, Any]:
        to = self.to

        text = self.text

        template: dict[str, Any] | None = None
        if not isinstance(self.template, Unset):
            template = self.template.to_dict()

        subject = self.subject

        from_ = self.from_

        client_tag = self.client_tag

        group_tag = self.group_tag

        send_at: str | None = None
        if not isinstance(self.send_at, Unset):
            send_at = self.send_at.isoformat()

        held_by: str | None = None
        if not isinstance(self.held_by, Unset):
            held_by = self.held_by

        expires_at: str | None = None
        if not isinstance(self.expires_at, Unset):
            expires_at = self.expires_at.isoformat()

        priority: str | None = None
        if not isinstance(self.priority, Unset):
            priority = self.priority

        provider = self.provider

        carrier: str | None = None
        if not isinstance(self.carrier, Unset):
            carrier = self.carrier

        duplicate_risk: str | None = None
        if not isinstance(self.duplicate_risk, Unset):
            duplicate_risk = self.duplicate_risk

        metadata: dict[str, Any] | None = None
        if not isinstance(self.metadata, Unset):
            metadata = self.metadata.to_dict()

        options: dict[str, Any] | None = None
        if not isinstance(self.options, Unset):
            options = self.options.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "to": to,
            }
        )
        if text is not UNSET:
            field_dict["text"] = text
        if template is not UNSET:
            field_dict["template"] = template
        if subject is not UNSET:
            field_dict["subject"] = subject
        if from_ is not UNSET:
            field_dict["from"] = from_
        if client_tag is not UNSET:
            field_dict["clientTag"] = client_tag
        if group_tag is not UNSET:
            field_dict["groupTag"] = group_tag
        if send_at is not UNSET:
            field_dict["sendAt"] = send_at
        if held_by is not UNSET:
            field_dict["heldBy"] = held_by
        if expires_at is not UNSET:
            field_dict["expiresAt"] = expires_at
        if priority is not UNSET:
            field_dict["priority"] = priority
        if provider is not UNSET:
            field_dict["provider"] = provider
        if carrier is not UNSET:
            field_dict["carrier"] = carrier
        if duplicate_risk is not UNSET:
            field_dict["duplicateRisk"] = duplicate_risk
        if metadata is not UNSET:
            field_dict["metadata"] = metadata
        if options is not UNSET:
            field_dict["options"] = options

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.message_in_metadata import MessageInMetadata  # noqa: PLC0415
        from ..models.options_in import OptionsIn  # noqa: PLC0415
        from ..models.template_in import TemplateIn  # noqa: PLC0415

        d = dict(src_dict)
        to = d.pop("to")

        text = d.pop("text", UNSET)

        _template = d.pop("template", UNSET)
        template: TemplateIn | None
        if isinstance(_template, Unset):
            template = None
        else:
            template = TemplateIn.from_dict(_template)

        subject = d.pop("subject", UNSET)

        from_ = d.pop("from", UNSET)

        client_tag = d.pop("clientTag", UNSET)

        group_tag = d.pop("groupTag", UNSET)

        _send_at = d.pop("sendAt", UNSET)
        send_at: datetime.datetime | None
        if isinstance(_send_at, Unset):
            send_at = None
        else:
            send_at = datetime.datetime.fromisoformat(_send_at)

        _held_by = d.pop("heldBy", UNSET)
        held_by: MessageInHeldBy | None
        if isinstance(_held_by, Unset):
            held_by = None
        else:
            held_by = check_message_in_held_by(_held_by)

        _expires_at = d.pop("expiresAt", UNSET)
        expires_at: datetime.datetime | None
        if isinstance(_expires_at, Unset):
            expires_at = None
        else:
            expires_at = datetime.datetime.fromisoformat(_expires_at)

        _priority = d.pop("priority", UNSET)
        priority: MessageInPriority | None
        if isinstance(_priority, Unset):
            priority = None
        else:
            priority = check_message_in_priority(_priority)

        provider = d.pop("provider", UNSET)

        _carrier = d.pop("carrier", UNSET)
        carrier: MessageInCarrier | None
        if isinstance(_carrier, Unset):
            carrier = None
        else:
            carrier = check_message_in_carrier(_carrier)

        _duplicate_risk = d.pop("duplicateRisk", UNSET)
        duplicate_risk: MessageInDuplicateRisk | None
        if isinstance(_duplicate_risk, Unset):
            duplicate_risk = None
        else:
            duplicate_risk = check_message_in_duplicate_risk(_duplicate_risk)

        _metadata = d.pop("metadata", UNSET)
        metadata: MessageInMetadata | None
        if isinstance(_metadata, Unset):
            metadata = None
        else:
            metadata = MessageInMetadata.from_dict(_metadata)

        _options = d.pop("options", UNSET)
        options: OptionsIn | None
        if isinstance(_options, Unset):
            options = None
        else:
            options = OptionsIn.from_dict(_options)

        message_in = cls(
            to=to,
            text=text,
            template=template,
            subject=subject,
            from_=from_,
            client_tag=client_tag,
            group_tag=group_tag,
            send_at=send_at,
            held_by=held_by,
            expires_at=expires_at,
            priority=priority,
            provider=provider,
            carrier=carrier,
            duplicate_risk=duplicate_risk,
            metadata=metadata,
            options=options,
        )

        return message_in
