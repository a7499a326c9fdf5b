"""Contains all the data models used in inputs/outputs"""

from .activation_event_out import ActivationEventOut
from .activation_event_out_type import ActivationEventOutType
from .activation_in import ActivationIn
from .activation_log_out import ActivationLogOut
from .activation_out import ActivationOut
from .activation_status import ActivationStatus
from .balance_list import BalanceList
from .balance_out import BalanceOut
from .batch_accepted_out import BatchAcceptedOut
from .batch_in import BatchIn
from .batch_in_carrier import BatchInCarrier
from .batch_in_duplicate_risk import BatchInDuplicateRisk
from .batch_in_held_by import BatchInHeldBy
from .batch_in_metadata import BatchInMetadata
from .batch_in_priority import BatchInPriority
from .batch_item_out import BatchItemOut
from .batch_out import BatchOut
from .batch_out_counts import BatchOutCounts
from .call_in_in import CallInIn
from .call_in_in_lines import CallInInLines
from .call_message_out import CallMessageOut
from .call_out import CallOut
from .call_out_in import CallOutIn
from .callback_url_out import CallbackUrlOut
from .capabilities_out import CapabilitiesOut
from .capabilities_out_verification_item import CapabilitiesOutVerificationItem
from .check_in import CheckIn
from .check_out import CheckOut
from .check_out_result import CheckOutResult
from .code import Code
from .event_list import EventList
from .event_out import EventOut
from .explain_out import ExplainOut
from .explain_out_segments import ExplainOutSegments
from .failed_cancel_out import FailedCancelOut
from .feed_event_out import FeedEventOut
from .forgotten_out import ForgottenOut
from .guarantee import Guarantee
from .history_out import HistoryOut
from .keeping_out import KeepingOut
from .last_result_out import LastResultOut
from .limits_out import LimitsOut
from .limits_out_charset import LimitsOutCharset
from .listed_template_out import ListedTemplateOut
from .liveness import Liveness
from .me_out import MeOut
from .media_sms_options import MediaSMSOptions
from .message_event_out import MessageEventOut
from .message_event_out_type import MessageEventOutType
from .message_in import MessageIn
from .message_in_carrier import MessageInCarrier
from .message_in_duplicate_risk import MessageInDuplicateRisk
from .message_in_held_by import MessageInHeldBy
from .message_in_metadata import MessageInMetadata
from .message_in_priority import MessageInPriority
from .message_list import MessageList
from .message_out import MessageOut
from .message_out_held_by import MessageOutHeldBy
from .message_out_metadata import MessageOutMetadata
from .message_out_priority import MessageOutPriority
from .options_in import OptionsIn
from .orphan_list import OrphanList
from .orphan_out import OrphanOut
from .orphan_out_outcome import OrphanOutOutcome
from .owner_in import OwnerIn
from .owner_out import OwnerOut
from .owner_out_result import OwnerOutResult
from .passed_over_out import PassedOverOut
from .pointer import Pointer
from .problem import Problem
from .provider_list import ProviderList
from .provider_out import ProviderOut
from .provider_out_guarantee import ProviderOutGuarantee
from .provider_out_health import ProviderOutHealth
from .provider_problem_out import ProviderProblemOut
from .push_out import PushOut
from .pushed_field_out import PushedFieldOut
from .queue_depth_out import QueueDepthOut
from .readiness import Readiness
from .readiness_providers import ReadinessProviders
from .reason_out import ReasonOut
from .redeliver_in import RedeliverIn
from .redelivered_out import RedeliveredOut
from .reservation_in import ReservationIn
from .reservation_in_carrier import ReservationInCarrier
from .reservation_in_duplicate_risk import ReservationInDuplicateRisk
from .reservation_in_held_by import ReservationInHeldBy
from .reservation_in_metadata import ReservationInMetadata
from .reservation_in_priority import ReservationInPriority
from .reservation_patch_in import ReservationPatchIn
from .reservation_plan_out import ReservationPlanOut
from .reservation_plan_out_held_by import ReservationPlanOutHeldBy
from .reservations_cancel_in import ReservationsCancelIn
from .reservations_canceled_out import ReservationsCanceledOut
from .rule_list import RuleList
from .rule_number_in import RuleNumberIn
from .rule_number_out import RuleNumberOut
from .rule_numbers_in import RuleNumbersIn
from .rule_numbers_out import RuleNumbersOut
from .rule_out import RuleOut
from .segments_out import SegmentsOut
from .segments_out_encoding import SegmentsOutEncoding
from .short_url_in import ShortUrlIn
from .short_url_out import ShortUrlOut
from .sms_code_in import SmsCodeIn
from .standing import Standing
from .status import Status
from .store_health import StoreHealth
from .store_health_eviction import StoreHealthEviction
from .store_health_survives import StoreHealthSurvives
from .template_in import TemplateIn
from .template_in_values import TemplateInValues
from .template_list import TemplateList
from .template_out import TemplateOut
from .usage_list import UsageList
from .usage_out import UsageOut
from .usage_out_counts import UsageOutCounts
from .verification_event_out import VerificationEventOut
from .verification_event_out_type import VerificationEventOutType
from .verification_out import VerificationOut
from .verification_out_method import VerificationOutMethod
from .verification_status import VerificationStatus
from .webhook_event_out import WebhookEventOut
from .webhook_event_out_data import WebhookEventOutData
from .webhook_list import WebhookList
from .webhook_out import WebhookOut
from .webhook_test_out import WebhookTestOut

__all__ = (
    "ActivationEventOut",
    "ActivationEventOutType",
    "ActivationIn",
    "ActivationLogOut",
    "ActivationOut",
    "ActivationStatus",
    "BalanceList",
    "BalanceOut",
    "BatchAcceptedOut",
    "BatchIn",
    "BatchInCarrier",
    "BatchInDuplicateRisk",
    "BatchInHeldBy",
    "BatchInMetadata",
    "BatchInPriority",
    "BatchItemOut",
    "BatchOut",
    "BatchOutCounts",
    "CallInIn",
    "CallInInLines",
    "CallMessageOut",
    "CallOut",
    "CallOutIn",
    "CallbackUrlOut",
    "CapabilitiesOut",
    "CapabilitiesOutVerificationItem",
    "CheckIn",
    "CheckOut",
    "CheckOutResult",
    "Code",
    "EventList",
    "EventOut",
    "ExplainOut",
    "ExplainOutSegments",
    "FailedCancelOut",
    "FeedEventOut",
    "ForgottenOut",
    "Guarantee",
    "HistoryOut",
    "KeepingOut",
    "LastResultOut",
    "LimitsOut",
    "LimitsOutCharset",
    "ListedTemplateOut",
    "Liveness",
    "MeOut",
    "MediaSMSOptions",
    "MessageEventOut",
    "MessageEventOutType",
    "MessageIn",
    "MessageInCarrier",
    "MessageInDuplicateRisk",
    "MessageInHeldBy",
    "MessageInMetadata",
    "MessageInPriority",
    "MessageList",
    "MessageOut",
    "MessageOutHeldBy",
    "MessageOutMetadata",
    "MessageOutPriority",
    "OptionsIn",
    "OrphanList",
    "OrphanOut",
    "OrphanOutOutcome",
    "OwnerIn",
    "OwnerOut",
    "OwnerOutResult",
    "PassedOverOut",
    "Pointer",
    "Problem",
    "ProviderList",
    "ProviderOut",
    "ProviderOutGuarantee",
    "ProviderOutHealth",
    "ProviderProblemOut",
    "PushOut",
    "PushedFieldOut",
    "QueueDepthOut",
    "Readiness",
    "ReadinessProviders",
    "ReasonOut",
    "RedeliverIn",
    "RedeliveredOut",
    "ReservationIn",
    "ReservationInCarrier",
    "ReservationInDuplicateRisk",
    "ReservationInHeldBy",
    "ReservationInMetadata",
    "ReservationInPriority",
    "ReservationPatchIn",
    "ReservationPlanOut",
    "ReservationPlanOutHeldBy",
    "ReservationsCancelIn",
    "ReservationsCanceledOut",
    "RuleList",
    "RuleNumberIn",
    "RuleNumberOut",
    "RuleNumbersIn",
    "RuleNumbersOut",
    "RuleOut",
    "SegmentsOut",
    "SegmentsOutEncoding",
    "ShortUrlIn",
    "ShortUrlOut",
    "SmsCodeIn",
    "Standing",
    "Status",
    "StoreHealth",
    "StoreHealthEviction",
    "StoreHealthSurvives",
    "TemplateIn",
    "TemplateInValues",
    "TemplateList",
    "TemplateOut",
    "UsageList",
    "UsageOut",
    "UsageOutCounts",
    "VerificationEventOut",
    "VerificationEventOutType",
    "VerificationOut",
    "VerificationOutMethod",
    "VerificationStatus",
    "WebhookEventOut",
    "WebhookEventOutData",
    "WebhookList",
    "WebhookOut",
    "WebhookTestOut",
)
