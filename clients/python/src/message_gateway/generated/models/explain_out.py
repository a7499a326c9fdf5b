from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.guarantee import Guarantee, check_guarantee

if TYPE_CHECKING:
    from ..models.explain_out_segments import ExplainOutSegments
    from ..models.passed_over_out import PassedOverOut
    from ..models.reservation_plan_out import ReservationPlanOut


T = TypeVar("T", bound="ExplainOut")


@_attrs_define
class ExplainOut:
    """What would become of a message sent now, and why. Nothing was sent.

    Attributes:
        chosen (None | str): The provider it would go to; null: none can carry it.
        passed_over (list[PassedOverOut]): The providers it would not go to, each with the reason.
        segments (ExplainOutSegments): How long the text is for each provider that can carry it, by the provider's name.
        guarantee (Guarantee | None): What the chosen provider promises about a lost answer. `deduplicated`: it is sent
            again, and the vendor refuses a second one. `queryable`: the vendor is asked. `blind`: the message is
            `uncertain`.
        reservation (None | ReservationPlanOut): How it would be kept until `sendAt`; null without one.
        warnings (list[str]): What you should know; each for people.
    """

    chosen: None | str
    passed_over: list[PassedOverOut]
    segments: ExplainOutSegments
    guarantee: Guarantee | None
    reservation: None | ReservationPlanOut
    warnings: list[str]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.reservation_plan_out import ReservationPlanOut  # noqa: PLC0415

        chosen: None | str
        chosen = self.chosen

        passed_over = []
        for passed_over_item_data in self.passed_over:
            passed_over_item = passed_over_item_data.to_dict()
            passed_over.append(passed_over_item)

        segments = self.segments.to_dict()

        guarantee: None | str
        if isinstance(self.guarantee, str):
            guarantee = self.guarantee
        else:
            guarantee = self.guarantee

        reservation: dict[str, Any] | None
        if isinstance(self.reservation, ReservationPlanOut):
            reservation = self.reservation.to_dict()
        else:
            reservation = self.reservation

        warnings = self.warnings

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "chosen": chosen,
                "passedOver": passed_over,
                "segments": segments,
                "guarantee": guarantee,
                "reservation": reservation,
                "warnings": warnings,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.explain_out_segments import ExplainOutSegments  # noqa: PLC0415
        from ..models.passed_over_out import PassedOverOut  # noqa: PLC0415
        from ..models.reservation_plan_out import ReservationPlanOut  # noqa: PLC0415

        d = dict(src_dict)

        def _parse_chosen(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        chosen = _parse_chosen(d.pop("chosen"))

        passed_over = []
        _passed_over = d.pop("passedOver")
        for passed_over_item_data in _passed_over:
            passed_over_item = PassedOverOut.from_dict(passed_over_item_data)

            passed_over.append(passed_over_item)

        segments = ExplainOutSegments.from_dict(d.pop("segments"))

        def _parse_guarantee(data: object) -> Guarantee | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                guarantee_type_0 = check_guarantee(data)

                return guarantee_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Guarantee | None, data)

        guarantee = _parse_guarantee(d.pop("guarantee"))

        def _parse_reservation(data: object) -> None | ReservationPlanOut:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                reservation_type_0 = ReservationPlanOut.from_dict(data)

                return reservation_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | ReservationPlanOut, data)

        reservation = _parse_reservation(d.pop("reservation"))

        warnings = cast(list[str], d.pop("warnings"))

        explain_out = cls(
            chosen=chosen,
            passed_over=passed_over,
            segments=segments,
            guarantee=guarantee,
            reservation=reservation,
            warnings=warnings,
        )

        explain_out.additional_properties = d
        return explain_out

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
