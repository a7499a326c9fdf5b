/** What the type checker says; nothing here is run. Where it should complain and does not, that is an error too. */
import {
  WaitTimeout,
  type Activation,
  type Gateway,
  type GatewayEvent,
  type Message,
  type ProblemDetails,
  type Verification,
} from "message-gateway-client";
import { verifyWebhook } from "message-gateway-client/webhooks";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function is<_Holds extends true>(): void {}

export async function requests(gateway: Gateway): Promise<void> {
  await gateway.send({ to: "+819012345678", text: "Hello" });
  await gateway.send({ to: "+819012345678", template: { id: "welcome", values: { name: "you" } }, priority: "high" });
  // @ts-expect-error to whom?
  await gateway.send({ text: "Hello" });
  // @ts-expect-error no such field
  await gateway.send({ to: "+819012345678", text: "Hello", clienTag: "typo" });
  // @ts-expect-error no such priority
  await gateway.send({ to: "+819012345678", text: "Hello", priority: "urgent" });
  // @ts-expect-error a time is text
  await gateway.send({ to: "+819012345678", text: "Hello", sendAt: new Date() });
  // @ts-expect-error a reservation has a time
  await gateway.reserve({ to: "+819012345678", text: "Hello" });
  // @ts-expect-error no such condition
  gateway.messages({ group: "x" });
  // @ts-expect-error the iterator keeps the cursor
  gateway.messages({ cursor: "x" });
  // @ts-expect-error no such status
  gateway.messages({ status: "lost" });
}

export async function answers(gateway: Gateway): Promise<void> {
  const message = await gateway.get("msg_1");
  is<Equal<typeof message, Message>>();
  is<Equal<typeof message.clientTag, string | undefined>>();
  message.events?.at(-1)?.status satisfies Message["status"] | undefined;
  // @ts-expect-error no such field
  message.sentAt;
  for await (const each of gateway.messages({ status: "delivered" })) is<Equal<typeof each, Message>>();
  for await (const each of gateway.events()) is<Equal<typeof each, GatewayEvent>>();
  for (const item of (await gateway.sendBatch({ messages: [] })).items) {
    // @ts-expect-error it may have a problem instead
    item.message.id;
    if (item.problem) is<Equal<typeof item.problem, ProblemDetails>>();
  }
}

export async function verifications(gateway: Gateway): Promise<void> {
  const owner = await gateway.verify({ method: "owner", number: "+819012345678", referenceDate: "2026-01-01" });
  is<Equal<typeof owner.result, "changed_owner" | "same_owner" | "unknown">>();
  const begun = await gateway.verify({ method: "call_in", number: "+819012345678", validMinutes: 5 });
  is<Equal<typeof begun, Verification>>();
  // @ts-expect-error a date belongs to an owner
  await gateway.verify({ method: "call_in", number: "+819012345678", validMinutes: 5, referenceDate: "2026-01-01" });
  // @ts-expect-error how often does it ring?
  await gateway.verify({ method: "call_out", number: "+819012345678", validMinutes: 5 });
  // @ts-expect-error no such method
  await gateway.verify({ method: "fax", number: "+819012345678" });
}

export function events(body: string, headers: Headers): string {
  const event = verifyWebhook(body, headers, "whsec_");
  // @ts-expect-error not every event is about a message
  event.data.segments;
  switch (event.type) {
    case "message.delivered":
    case "message.failed":
      // @ts-expect-error it may be forgotten
      event.data.to;
      if ("to" in event.data) is<Equal<typeof event.data, Message>>();
      return event.data.status;
    case "verification.verified":
      if ("method" in event.data) is<Equal<typeof event.data, Verification>>();
      return event.data.id;
    case "activation.started":
      if ("rule" in event.data) is<Equal<typeof event.data, Activation>>();
      return event.data.id;
    // @ts-expect-error no such event
    case "message.read":
      return "";
    default:
      return event.type;
  }
}

export async function operations(gateway: Gateway): Promise<void> {
  const { data } = await gateway.api.GET("/usage", { params: { query: { month: "2026-11" } } });
  is<Equal<(typeof data.items)[number]["provider"], string>>();
  const { data: me } = await gateway.api.GET("/me");
  me.client satisfies string;
  const text = await gateway.api.GET("/metrics", { parseAs: "text" });
  is<Equal<typeof text.data, string>>();
  // @ts-expect-error whose numbers?
  await gateway.api.GET("/rules/{rule}/numbers");
  // @ts-expect-error there is no such operation
  await gateway.api.GET("/nowhere");
  // @ts-expect-error nor this one
  await gateway.api.POST("/me");
  // @ts-expect-error no such field
  await gateway.api.POST("/short-urls", { body: { longUrl: "https://example.com", short: true } });
}

export function waits(error: unknown): void {
  if (error instanceof WaitTimeout) error.message satisfies string;
}
