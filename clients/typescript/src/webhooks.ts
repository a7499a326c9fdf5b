/** For whoever is told of events. */
import { Webhook } from "standardwebhooks";

import { fields } from "./answers.js";
import { WebhookRefused } from "./problems.js";
import type { GatewayEvent } from "./types.js";

export { GatewayError, WebhookRefused } from "./problems.js";
export type { GatewayEvent } from "./types.js";

/** Of fetch, or of node's requests. */
export type WebhookHeaders = Headers | Readonly<Record<string, string | readonly string[] | undefined>>;

/** The event that was told, where one of the secrets signed it within the last five minutes.
 *
 * `body` is what came, byte by byte, not what a parser made of it. `secrets`: two while the secret is rotated. Each try
 * to tell an event has the same `id`: remember it where acting twice would harm. Throws WebhookRefused. */
export function verifyWebhook(
  body: string | Uint8Array | ArrayBuffer,
  headers: WebhookHeaders,
  secrets: string | readonly string[],
): GatewayEvent {
  const text = typeof body === "string" ? body : decode(body);
  const given = plain(headers);
  let refusal: unknown = new Error("there is no secret");
  for (const webhook of [secrets].flat().map((secret) => new Webhook(secret))) {
    try {
      webhook.verify(text, given, { jsonParse: false });
    } catch (error) {
      refusal = error;
      continue;
    }
    return event(text);
  }
  throw new WebhookRefused(refusal instanceof Error ? refusal.message : String(refusal), { cause: refusal });
}

function event(text: string): GatewayEvent {
  const { id, type, data } = fields(text);
  if (typeof id === "string" && typeof type === "string" && typeof data === "object" && data !== null) {
    return JSON.parse(text) as GatewayEvent;
  }
  throw new WebhookRefused("what was signed is no event");
}

function decode(body: Uint8Array | ArrayBuffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(body);
  } catch (error) {
    throw new WebhookRefused("the body is not UTF-8", { cause: error });
  }
}

function plain(headers: WebhookHeaders): Record<string, string> {
  const all = headers instanceof Headers ? [...headers] : Object.entries(headers);
  return Object.fromEntries(all.flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])));
}
