/** Short names for the document's types. */
import type { components, operations } from "./generated/schema.js";

type Schemas = components["schemas"];

export type MessageIn = Schemas["MessageIn"];
export type Message = Schemas["MessageOut"];
export type Status = Schemas["Status"];
export type BatchIn = Schemas["BatchIn"];
export type BatchAccepted = Schemas["BatchAcceptedOut"];
export type Batch = Schemas["BatchOut"];
export type ReservationIn = Schemas["ReservationIn"];
export type ReservationPatch = Schemas["ReservationPatchIn"];
export type Verification = Schemas["VerificationOut"];
export type OwnerIn = Schemas["OwnerIn"];
export type Owner = Schemas["OwnerOut"];
export type ProofIn = Exclude<Schemas["VerificationIn"], OwnerIn>;
export type Check = Schemas["CheckOut"];
export type Activation = Schemas["ActivationOut"];
export type ActivationLog = Schemas["ActivationLogOut"];
export type Balance = Schemas["BalanceOut"];
export type Orphan = Schemas["OrphanOut"];
/** A union on `type`; a later gateway may have further types. `data` may be forgotten but for id, status and final. */
export type GatewayEvent = Schemas["FeedEventOut"];
/** The codes of problems; a later gateway may have further ones. */
export type Code = Schemas["Code"];
/** What a batch, a balance or a list tells of one of its items. */
export type ProblemDetails = Schemas["Problem"];
export type Pointer = Schemas["Pointer"];

type Query<Operation extends keyof operations> = NonNullable<operations[Operation]["parameters"]["query"]>;
/** What a list is narrowed to. `limit` is the size of a page, not of the list; 100 unless given. */
export type MessagesQuery = Omit<Query<"listMessages">, "cursor">;
export type ReservationsQuery = Omit<Query<"listReservations">, "cursor">;
export type EventsQuery = Query<"listEvents">;
export type OrphansQuery = Omit<Query<"listOrphans">, "cursor">;
