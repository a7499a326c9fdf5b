from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.batch_in_carrier import BatchInCarrier, check_batch_in_carrier
from ..models.batch_in_duplicate_risk import BatchInDuplicateRisk, check_batch_in_duplicate_risk
from ..models.batch_in_held_by import BatchInHeldBy, check_batch_in_held_by
from ..models.batch_in_priority import BatchInPriority, check_batch_in_priority
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.batch_in_metadata import BatchInMetadata
    from ..models.message_in import MessageIn
    from ..models.options_in import OptionsIn
    from ..models.template_in import TemplateIn


T = TypeVar("T", bound="BatchIn")


@_attrs_define
class BatchIn:
    """Messages to send together: `messages` alone, or `to` and the other fields, which are those of one message, but for
    `clientTag`, which names a single one.

        Attributes:
            messages (list[Any | MessageIn] | None): 1 to 1000 bodies as for one message. One that is none, or that cannot
                be sent, is answered with its problem and keeps no other from being sent.
            to (list[Any | str] | None): 1 to 1000 numbers, in place of `messages`: each gets a message of its own, made of
                the other fields. One that cannot be used, or was given before, is answered with its problem.
            text (str | None): What the handset shows.
            template (TemplateIn | None): A text with holes, and what goes into each of them. The operator's configuration
                is looked through first, then the templates kept at the vendors this message may go to.
            subject (str | None): Korean LMS only.
            from_ (str | None): The sender the handset shows; default: the configured one.
            group_tag (str | None): Whatever you want to find messages by, together.
            send_at (datetime.datetime | None): Makes it a reservation; at most 90 days ahead.
            held_by (BatchInHeldBy | None): Who keeps a reservation until its time. `gateway`: it can be changed and
                canceled to the last moment. `provider`: it is handed to the vendor at once, or refused where none can keep it.
                Default: as the provider is configured, else `gateway`.
            expires_at (datetime.datetime | None): Never handed to a vendor after this; default 24 h.
            priority (BatchInPriority | None): `high` for one-time codes: these go first. Default `normal`.
            provider (str | None): Pins one configured provider. Default: the gateway chooses by its routes.
            carrier (BatchInCarrier | None): A hint: the recipient's carrier, for vendors that want to know.
            duplicate_risk (BatchInDuplicateRisk | None): What to do when a vendor's answer is lost and nobody can be
                asked. `avoid` (default): leave the message `uncertain`. `accept`: send it again, at the risk that it arrives
                twice.
            metadata (BatchInMetadata | None): Up to 20 pairs of your own, returned as given.
            options (OptionsIn | None): Options that only one type of vendor knows. Those of other types than the message's
                provider are ignored.
    """

    messages: list[Any | MessageIn] | None = None
    to: list[Any | str] | None = None
    text: str | None = None
    template: TemplateIn | None = None
    subject: str | None = None
    from_: str | None = None
    group_tag: str | None = None
    send_at: datetime.datetime | None = None
    held_by: BatchInHeldBy | None = None
    expires_at: datetime.datetime | None = None
    priority: BatchInPriority | None = None
    provider: str | None = None
    carrier: BatchInCarrier | None = None
    duplicate_risk: BatchInDuplicateRisk | None = None
    metadata: BatchInMetadata | None = None
    options: OptionsIn | None = None

    def to_dict(self) -> dict[str, Any]:
        from ..models.message_in import MessageIn  # noqa: PLC0415

        messages: list[Any | dict[str, Any]] | None = None
        if not isinstance(self.messages, Unset):
            messages = []
            for messages_item_data in self.messages:
                messages_item: Any | dict[str, Any]
                if isinstance(messages_item_data, MessageIn):
                    messages_item = messages_item_data.to_dict()
                else:
                    messages_item = messages_item_data
                messages.append(messages_item)

        to: list[Any | str] | None = None
        if not isinstance(self.to, Unset):
            to = []
            for to_item_data in self.to:
                to_item: Any | str
                to_item = to_item_data
                to.append(to_item)

        text = self.text

        template: dict[str, Any] | None = None
        if not isinstance(self.template, Unset):
            template = self.template.to_dict()

        subject = self.subject

        from_ = self.from_

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

        field_dict.update({})
        if messages is not UNSET:
            field_dict["messages"] = messages
        if to is not UNSET:
            field_dict["to"] = to
        if text is not UNSET:
            field_dict["text"] = text
        if template is not UNSET:
            field_dict["template"] = template
        if subject is not UNSET:
            field_dict["subject"] = subject
        if from_ is not UNSET:
            field_dict["from"] = from_
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
        from ..models.batch_in_metadata import BatchInMetadata  # noqa: PLC0415
        from ..models.message_in import MessageIn  # noqa: PLC0415
        from ..models.options_in import OptionsIn  # noqa: PLC0415
        from ..models.template_in import TemplateIn  # noqa: PLC0415

        d = dict(src_dict)
        _messages = d.pop("messages", UNSET)
        messages: list[Any | MessageIn] | None = None
        if _messages is not UNSET:
            messages = []
            for messages_item_data in _messages:

                def _parse_messages_item(data: object) -> Any | MessageIn:
                    try:
                        if not isinstance(data, dict):
                            raise TypeError()
                        messages_item_type_0 = MessageIn.from_dict(data)

                        return messages_item_type_0
                    except (TypeError, ValueError, AttributeError, KeyError):
                        pass
                    return cast(Any | MessageIn, data)

                messages_item = _parse_messages_item(messages_item_data)

                messages.append(messages_item)

        _to = d.pop("to", UNSET)
        to: list[Any | str] | None = None
        if _to is not UNSET:
            to = []
            for to_item_data in _to:

                def _parse_to_item(data: object) -> Any | str:
                    return cast(Any | str, data)

                to_item = _parse_to_item(to_item_data)

                to.append(to_item)

        text = d.pop("text", UNSET)

        _template = d.pop("template", UNSET)
        template: TemplateIn | None
        if isinstance(_template, Unset):
            template = None
        else:
            template = TemplateIn.from_dict(_template)

        subject = d.pop("subject", UNSET)

        from_ = d.pop("from", UNSET)

        group_tag = d.pop("groupTag", UNSET)

        _send_at = d.pop("sendAt", UNSET)
        send_at: datetime.datetime | None
        if isinstance(_send_at, Unset):
            send_at = None
        else:
            send_at = datetime.datetime.fromisoformat(_send_at)

        _held_by = d.pop("heldBy", UNSET)
        held_by: BatchInHeldBy | None
        if isinstance(_held_by, Unset):
            held_by = None
        else:
            held_by = check_batch_in_held_by(_held_by)

        _expires_at = d.pop("expiresAt", UNSET)
        expires_at: datetime.datetime | None
        if isinstance(_expires_at, Unset):
            expires_at = None
        else:
            expires_at = datetime.datetime.fromisoformat(_expires_at)

        _priority = d.pop("priority", UNSET)
        priority: BatchInPriority | None
        if isinstance(_priority, Unset):
            priority = None
        else:
            priority = check_batch_in_priority(_priority)

        provider = d.pop("provider", UNSET)

        _carrier = d.pop("carrier", UNSET)
        carrier: BatchInCarrier | None
        if isinstance(_carrier, Unset):
            carrier = None
        else:
            carrier = check_batch_in_carrier(_carrier)

        _duplicate_risk = d.pop("duplicateRisk", UNSET)
        duplicate_risk: BatchInDuplicateRisk | None
        if isinstance(_duplicate_risk, Unset):
            duplicate_risk = None
        else:
            duplicate_risk = check_batch_in_duplicate_risk(_duplicate_risk)

        _metadata = d.pop("metadata", UNSET)
        metadata: BatchInMetadata | None
        if isinstance(_metadata, Unset):
            metadata = None
        else:
            metadata = BatchInMetadata.from_dict(_metadata)

        _options = d.pop("options", UNSET)
        options: OptionsIn | None
        if isinstance(_options, Unset):
            options = None
        else:
            options = OptionsIn.from_dict(_options)

        batch_in = cls(
            messages=messages,
            to=to,
            text=text,
            template=template,
            subject=subject,
            from_=from_,
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

        return batch_in
