import assert from "node:assert/strict";
import { test } from "node:test";

import { verifyWebhook, WebhookRefused } from "message-gateway-client/webhooks";
import { Webhook } from "standardwebhooks";

const SECRET = `whsec_${Buffer.alloc(32, 1).toString("base64")}`;
const OLD_SECRET = `whsec_${Buffer.alloc(32, 2).toString("base64")}`;
const EVENT = {
  id: "evt_1",
  type: "message.delivered",
  timestamp: "2026-11-20T00:00:00Z",
  data: { id: "msg_1", status: "delivered", final: true, text: "こんにちは" },
};

function signed(body: string, secret = SECRET, ageSeconds = 0): Record<string, string> {
  const at = new Date(Date.now() - ageSeconds * 1000);
  return {
    "webhook-id": "evt_1",
    "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
    "webhook-signature": new Webhook(secret).sign("evt_1", at, body),
  };
}

test("a body is taken as text or bytes, headers as node or fetch have them", () => {
  const body = JSON.stringify(EVENT);
  const headers = signed(body);
  const bytes = new TextEncoder().encode(body);
  assert.deepEqual(verifyWebhook(body, headers, SECRET), EVENT);
  assert.deepEqual(verifyWebhook(Buffer.from(body), { ...headers, host: undefined, via: ["a", "b"] }, SECRET), EVENT);
  assert.deepEqual(verifyWebhook(bytes, new Headers(headers), [SECRET]), EVENT);
  assert.deepEqual(verifyWebhook(bytes.buffer as ArrayBuffer, headers, [SECRET]), EVENT);
  const shouted = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]));
  assert.deepEqual(verifyWebhook(body, shouted, SECRET), EVENT);
});

test("while a secret is rotated both count, on either side", () => {
  const body = JSON.stringify(EVENT);
  const headers = signed(body, OLD_SECRET);
  assert.equal(verifyWebhook(body, headers, [SECRET, OLD_SECRET]).id, "evt_1");
  const both = `${signed(body)["webhook-signature"]} ${headers["webhook-signature"]}`;
  assert.equal(verifyWebhook(body, { ...headers, "webhook-signature": both }, OLD_SECRET).id, "evt_1");
});

test("what is forged, old, from the future or without a signature is refused", () => {
  const body = JSON.stringify(EVENT);
  const headers = signed(body);
  const { "webhook-signature": _, ...unsigned } = headers;
  for (const [given, its, secrets] of [
    [body.replace("msg_1", "msg_2"), headers, SECRET],
    [body, signed(body, OLD_SECRET), SECRET],
    [body, headers, []],
    [body, signed(body, SECRET, 301), SECRET],
    [body, signed(body, SECRET, -301), SECRET],
    [body, { ...headers, "webhook-id": "evt_2" }, SECRET],
    [body, { ...headers, "webhook-timestamp": "now" }, SECRET],
    [body, { ...headers, "webhook-signature": "v1" }, SECRET],
    [body, { ...headers, "webhook-signature": "" }, SECRET],
    [body, unsigned, SECRET],
    [body, {}, SECRET],
    ["", headers, SECRET],
    [Buffer.from([0xff, 0xfe]), headers, SECRET],
  ] as const) {
    assert.throws(() => verifyWebhook(given, its, secrets), WebhookRefused);
  }
});

test("what is signed and no event is refused", () => {
  for (const body of ["", "null", "[]", "nonsense", "{}", '{"id": "evt_1", "type": "x", "data": null}']) {
    assert.throws(() => verifyWebhook(body, signed(body), SECRET), WebhookRefused);
  }
});

test("an event of a later gateway is taken as it is", () => {
  const body = JSON.stringify({ ...EVENT, type: "fax.jammed", more: 1 });
  const event: { type: string } = verifyWebhook(body, signed(body), SECRET);
  assert.equal(event.type, "fax.jammed");
});

test("a secret that is none is a mistake of one's own", () => {
  assert.throws(
    () => verifyWebhook("{}", {}, "whsec_"),
    (error) => !(error instanceof WebhookRefused),
  );
});
