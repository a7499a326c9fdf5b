from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.message_out_held_by import MessageOutHeldBy, check_message_out_held_by
from ..models.message_out_priority import MessageOutPriority, check_message_out_priority
from ..models.status import Status, check_status
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.event_out import EventOut
    from ..models.message_out_metadata import MessageOutMetadata
    from ..models.reason_out import ReasonOut
    from ..models.segments_out import SegmentsOut
    from ..models.template_out import TemplateOut


T = TypeVar("T", bound="MessageOut")


@_attrs_define
class MessageOut:
    """A message and where it stands.

    Attributes:
        id (str): Names the message everywhere. Ids sort by creation.
        status (Status): `scheduled`, `queued`, `submitting`: not with a vendor yet. `submitted`: a vendor has it.
            `delivered`, `undelivered`: what the vendor says became of it. `failed`: refused before or by the vendor.
            `expired`: not handed over in time. `canceled`: by you. `uncertain`: the vendor's answer was lost, it may or may
            not have it. `final` tells whether further change is expected.
        final (bool): No further change is expected. A vendor's late word may still correct it.
        to (str): The recipient in E.164; empty once erased.
        text (str): The text as sent; empty once erased, and where the vendor fills in a template of its own.
        expires_at (datetime.datetime): After this it is handed to no vendor any more.
        priority (MessageOutPriority): How urgent it is.
        provider (str): The provider it is with, or was last.
        reason (None | ReasonOut): Why it did not arrive; null where nothing went wrong.
        created_at (datetime.datetime): When it was accepted.
        updated_at (datetime.datetime): When it last changed.
        template (TemplateOut | None): A text that is kept, and filled in, at the vendor.
        subject (str | None): The subject.
        from_ (str | None): The sender asked for.
        client_tag (str | None): Your tag.
        group_tag (str | None): Your group.
        batch_id (str | None): The batch it came with.
        metadata (MessageOutMetadata | None): Your pairs.
        send_at (datetime.datetime | None): When the reservation is due; of what a vendor keeps, by the vendor's clock.
        carrier (str | None): The recipient's carrier: the vendor's word, or your hint before it.
        segments (SegmentsOut | None): An estimate of the parts a text is cut into; what the vendor bills is
            `billedSegments`.
        billed_segments (int | None): The parts the vendor says it bills.
        events (list[EventOut] | None): The timeline, oldest first; only where one message is read.
        held_by (MessageOutHeldBy | None): Who keeps the reservation, or kept it: `gateway`, or `provider` for the
            vendor.
        cancelable_until (datetime.datetime | None): Until then the reservation can be canceled; null: its
            holder lets go of none, or it waits no more.
    """

    id: str
    status: Status
    final: bool
    to: str
    text: str
    expires_at: datetime.datetime
    priority: MessageOutPriority
    provider: str
    reason: None | ReasonOut
    created_at: datetime.datetime
    updated_at: datetime.datetime
    template: TemplateOut | None = None
    subject: str | None = None
    from_: str | None = None
    client_tag: str | None = None
    group_tag: str | None = None
    batch_id: str | None = None
    metadata: MessageOutMetadata | None = None
    send_at: datetime.datetime | None = None
    carrier: str | None = None
    segments: SegmentsOut | None = None
    billed_segments: int | None = None
    events: list[EventOut] | None = None
    held_by: MessageOutHeldBy | None = None
    cancelable_until: datetime.datetime | None = None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.reason_out import ReasonOut  # noqa: PLC0415

        id = self.id

        status: str = self.status

        final = self.final

        to = self.to

        text = self.text

        expires_at = self.expires_at.isoformat()

        priority: str = self.priority

        provider = self.provider

        reason: dict[str, Any] | None
        if isinstance(self.reason, ReasonOut):
            reason = self.reason.to_dict()
        else:
            reason = self.reason

        created_at = self.created_at.isoformat()

        updated_at = self.updated_at.isoformat()

        template: dict[str, Any] | None = None
        if not isinstance(self.template, Unset):
            template = self.template.to_dict()

        subject = self.subject

        from_ = self.from_

        client_tag = self.client_tag

        group_tag = self.group_tag

        batch_id = self.batch_id

        metadata: dict[str, Any] | None = None
        if not isinstance(self.metadata, Unset):
            metadata = self.metadata.to_dict()

        send_at: str | None = None
        if not isinstance(self.send_at, Unset):
            send_at = self.send_at.isoformat()

        carrier = self.carrier

        segments: dict[str, Any] | None = None
        if not isinstance(self.segments, Unset):
            segments = self.segments.to_dict()

        billed_segments = self.billed_segments

        events: list[dict[str, Any]] | None = None
        if not isinstance(self.events, Unset):
            events = []
            for events_item_data in self.events:
                events_item = events_item_data.to_dict()
                events.append(events_item)

        held_by: str | None = None
        if not isinstance(self.held_by, Unset):
            held_by = self.held_by

        cancelable_until: None | str
        if isinstance(self.cancelable_until, Unset):
            cancelable_until = None
        elif isinstance(self.cancelable_until, datetime.datetime):
            cancelable_until = self.cancelable_until.isoformat()
        else:
            cancelable_until = self.cancelable_until

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "status": status,
                "final": final,
                "to": to,
                "text": text,
                "expiresAt": expires_at,
                "priority": priority,
                "provider": provider,
                "reason": reason,
                "createdAt": created_at,
                "updatedAt": updated_at,
            }
        )
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
        if batch_id is not UNSET:
            field_dict["batchId"] = batch_id
        if metadata is not UNSET:
            field_dict["metadata"] = metadata
        if send_at is not UNSET:
            field_dict["sendAt"] = send_at
        if carrier is not UNSET:
            field_dict["carrier"] = carrier
        if segments is not UNSET:
            field_dict["segments"] = segments
        if billed_segments is not UNSET:
            field_dict["billedSegments"] = billed_segments
        if events is not UNSET:
            field_dict["events"] = events
        if held_by is not UNSET:
            field_dict["heldBy"] = held_by
        if cancelable_until is not UNSET:
            field_dict["cancelableUntil"] = cancelable_until

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.event_out import EventOut  # noqa: PLC0415
        from ..models.message_out_metadata import MessageOutMetadata  # noqa: PLC0415
        from ..models.reason_out import ReasonOut  # noqa: PLC0415
        from ..models.segments_out import SegmentsOut  # noqa: PLC0415
        from ..models.template_out import TemplateOut  # noqa: PLC0415

        d = dict(src_dict)
        id = d.pop("id")

        status = check_status(d.pop("status"))

        final = d.pop("final")

        to = d.pop("to")

        text = d.pop("text")

        expires_at = datetime.datetime.fromisoformat(d.pop("expiresAt"))

        priority = check_message_out_priority(d.pop("priority"))

        provider = d.pop("provider")

        def _parse_reason(data: object) -> None | ReasonOut:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                reason_type_0 = ReasonOut.from_dict(data)

                return reason_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | ReasonOut, data)

        reason = _parse_reason(d.pop("reason"))

        created_at = datetime.datetime.fromisoformat(d.pop("createdAt"))

        updated_at = datetime.datetime.fromisoformat(d.pop("updatedAt"))

        _template = d.pop("template", UNSET)
        template: TemplateOut | None
        if isinstance(_template, Unset):
            template = None
        else:
            template = TemplateOut.from_dict(_template)

        subject = d.pop("subject", UNSET)

        from_ = d.pop("from", UNSET)

        client_tag = d.pop("clientTag", UNSET)

        group_tag = d.pop("groupTag", UNSET)

        batch_id = d.pop("batchId", UNSET)

        _metadata = d.pop("metadata", UNSET)
        metadata: MessageOutMetadata | None
        if isinstance(_metadata, Unset):
            metadata = None
        else:
            metadata = MessageOutMetadata.from_dict(_metadata)

        _send_at = d.pop("sendAt", UNSET)
        send_at: datetime.datetime | None
        if isinstance(_send_at, Unset):
            send_at = None
        else:
            send_at = datetime.datetime.fromisoformat(_send_at)

        carrier = d.pop("carrier", UNSET)

        _segments = d.pop("segments", UNSET)
        segments: SegmentsOut | None
        if isinstance(_segments, Unset):
            segments = None
        else:
            segments = SegmentsOut.from_dict(_segments)

        billed_segments = d.pop("billedSegments", UNSET)

        _events = d.pop("events", UNSET)
        events: list[EventOut] | None = None
        if _events is not UNSET:
            events = []
            for events_item_data in _events:
                events_item = EventOut.from_dict(events_item_data)

                events.append(events_item)

        _held_by = d.pop("heldBy", UNSET)
        held_by: MessageOutHeldBy | None
        if isinstance(_held_by, Unset):
            held_by = None
        else:
            held_by = check_message_out_held_by(_held_by)

        def _parse_cancelable_until(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                cancelable_until_type_0 = datetime.datetime.fromisoformat(data)

                return cancelable_until_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        cancelable_until = _parse_cancelable_until(d.pop("cancelableUntil", UNSET))

        message_out = cls(
            id=id,
            status=status,
            final=final,
            to=to,
            text=text,
            expires_at=expires_at,
            priority=priority,
            provider=provider,
            reason=reason,
            created_at=created_at,
            updated_at=updated_at,
            template=template,
            subject=subject,
            from_=from_,
            client_tag=client_tag,
            group_tag=group_tag,
            batch_id=batch_id,
            metadata=metadata,
            send_at=send_at,
            carrier=carrier,
            segments=segments,
            billed_segments=billed_segments,
            events=events,
            held_by=held_by,
            cancelable_until=cancelable_until,
        )

        message_out.additional_properties = d
        return message_out

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
