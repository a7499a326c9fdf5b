/** One walk through a live gateway: `npm run smoke`, with GATEWAY_URL and GATEWAY_KEY in the environment.
 *
 * GATEWAY_TO: the number; default one that is delivered in the sandbox. With GATEWAY_WEBHOOK_PORT and
 * GATEWAY_WEBHOOK_SECRET an endpoint listens there on 127.0.0.1, whom the gateway should tell of events. */
import { strict as assert } from "node:assert";
import { randomUUID } from "node:crypto";
import { createServer, type IncomingHttpHeaders } from "node:http";

import { Gateway, NotFound, Problem, type GatewayEvent } from "message-gateway-client";
import { verifyWebhook, WebhookRefused } from "message-gateway-client/webhooks";

const { GATEWAY_TO: to = "+819012345678", GATEWAY_WEBHOOK_PORT: port, GATEWAY_WEBHOOK_SECRET: secret } = process.env;
const run = randomUUID();
const gateway = new Gateway();

/** What the endpoint was told, in its order. */
const told: { body: Buffer; headers: IncomingHttpHeaders }[] = [];
const endpoint = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    told.push({ body: Buffer.concat(chunks), headers: request.headers });
    response.writeHead(204).end();
  });
});

try {
  if (port) await new Promise<void>((resolve) => endpoint.listen(Number(port), "127.0.0.1", resolve));
  await walk();
  console.log("all went well");
} finally {
  endpoint.close();
  endpoint.closeAllConnections();
}

async function walk(): Promise<void> {
  const message = { to, text: "Hello from TypeScript", clientTag: `${run}-1`, groupTag: run };
  const sent = await gateway.send(message);
  console.log(`sent ${sent.id}`);

  const again = await gateway.send(message);
  assert.equal(again.id, sent.id);
  console.log("sent again under its tag: the same message");

  const settled = await gateway.waitUntilDelivered(sent.id, { timeoutSeconds: 30 });
  // A vendor that reports nothing leaves it at that.
  assert.ok(["delivered", "submitted"].includes(settled.status), `settled: ${settled.status}`);
  const read = await gateway.get(sent.id);
  assert.equal(read.to, sent.to);
  assert.ok(read.events?.length);
  console.log(`${settled.status}; its timeline: ${read.events.map(({ status }) => status).join(", ")}`);

  const batch = await gateway.sendBatch({
    messages: [2, 3, 4].map((each) => ({ ...message, clientTag: `${run}-${each}` })),
  });
  assert.ok(batch.items.every((item) => item.message));
  const ids = new Set<string>();
  for await (const each of gateway.messages({ groupTag: run, limit: 2 })) ids.add(each.id);
  assert.equal(ids.size, 4);
  console.log("sent a batch; listed 4 messages, 2 a page");

  const sendAt = new Date(Date.now() + 3_600_000).toISOString();
  const reserved = await gateway.reserve({ to, text: "For later", sendAt, groupTag: run });
  const waiting: string[] = [];
  for await (const each of gateway.reservations({ groupTag: run })) waiting.push(each.id);
  assert.deepEqual(waiting, [reserved.id]);
  const canceled = await gateway.cancelReservation(reserved.id);
  assert.equal(canceled.status, "canceled");
  console.log(`reserved ${reserved.id}, listed and canceled it`);

  const wrong = await gateway.send({ to: "nobody", text: "Hello" }).catch((error: unknown) => error);
  assert.ok(wrong instanceof Problem && wrong.status === 400 && wrong.code === "invalid_request");
  assert.equal(wrong.errors[0]?.pointer, "/to");
  const missing = await gateway.get("msg_00000000000000000000000000").catch((error: unknown) => error);
  assert.ok(missing instanceof NotFound && missing.instance);
  console.log(`refused: ${wrong.code} at ${wrong.errors[0]?.pointer}, ${missing.code}`);

  let last: GatewayEvent | undefined;
  for await (const event of gateway.events({ type: "message.*" })) last = event;
  assert.ok(last);
  console.log(`read the events up to ${last.type}`);

  if (!port || !secret) return console.log("no GATEWAY_WEBHOOK_PORT and GATEWAY_WEBHOOK_SECRET: webhooks left out");
  const hook = await heard((event) => event.data.id === sent.id && event.data.status === settled.status, secret);
  const forged = Buffer.from(hook.body.toString().replace(sent.id, reserved.id));
  assert.throws(() => verifyWebhook(forged, hook.headers, secret), WebhookRefused);
  console.log(`told of ${sent.id}, ${settled.status}; a forged telling is refused`);
}

/** What the endpoint is told within 20 seconds and fits; each is verified. */
async function heard(fits: (event: GatewayEvent) => boolean, secret: string): Promise<(typeof told)[number]> {
  for (let looks = 0; looks < 200; looks++) {
    const found = told.find(({ body, headers }) => fits(verifyWebhook(body, headers, secret)));
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("the endpoint was not told");
}
