import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { inspect } from "node:util";

import {
  ConnectionFailed,
  DuplicateClientTag,
  Gateway,
  GatewayError,
  NotFound,
  Problem,
  Unauthorized,
  version,
  WaitTimeout,
} from "message-gateway-client";

import { KEY, message, problem, scripted, thrown } from "./scripted.js";

const HELLO = { to: "+819012345678", text: "Hello" };

test("a request has the key, a name of its own, and what was asked for", async () => {
  const { gateway, taken } = await scripted([message()]);
  await gateway.send(HELLO, { waitSeconds: 5 });
  const [request] = taken;
  assert.equal(request?.method, "POST");
  assert.equal(request?.url, "/messages");
  assert.deepEqual(JSON.parse(request?.body ?? ""), HELLO);
  assert.equal(request?.headers.authorization, `Bearer ${KEY}`);
  assert.equal(request?.headers["user-agent"], `message-gateway-typescript/${version}`);
  assert.equal(request?.headers["content-type"], "application/json");
  assert.equal(request?.headers.prefer, "wait=5");
});

test("a gateway may be below a path", async () => {
  const { taken, url, clock } = await scripted([message()]);
  await new Gateway({ url: `${url}/sms/`, key: KEY, clock }).get("msg_1");
  await new Gateway({ url: `${url}/sms`, key: KEY, clock }).get("a/b?c", { refresh: true });
  assert.deepEqual(taken.map((each) => each.url), ["/sms/messages/msg_1", "/sms/messages/a%2Fb%3Fc?refresh=true"]);
});

test("url and key come from the environment", async () => {
  const { taken, url } = await scripted([message()]);
  process.env.GATEWAY_URL = url;
  process.env.GATEWAY_KEY = "from-the-environment";
  try {
    await new Gateway().get("msg_1");
  } finally {
    delete process.env.GATEWAY_URL;
    delete process.env.GATEWAY_KEY;
  }
  assert.equal(taken[0]?.headers.authorization, "Bearer from-the-environment");
  assert.throws(() => new Gateway({ key: KEY }), GatewayError);
  assert.throws(() => new Gateway({ url }), GatewayError);
});

test("a key and a password are quoted nowhere", async () => {
  const { gateway, url } = await scripted([problem(401, "unauthorized", { detail: "No such key." })]);
  const refused = await thrown(gateway.send(HELLO), Unauthorized);
  const lost = await thrown((await scripted(["lost"])).gateway.send(HELLO), ConnectionFailed);
  for (const shown of [gateway, refused, lost]) {
    assert.ok(!inspect(shown, { depth: 10, showHidden: true }).includes(KEY));
    assert.ok(!JSON.stringify(shown).includes(KEY));
  }
  for (const [wrong, secret] of [
    [{ url, key: "se\ncret" }, "cret"],
    [{ url: "http://user:secret@gateway.example", key: KEY }, "secret"],
    [{ url: "secret", key: KEY }, "secret"],
    [{ url: "ftp://gateway.example", key: KEY }, KEY],
  ] as const) {
    assert.throws(
      () => new Gateway(wrong),
      (error) => error instanceof GatewayError && !inspect(error).includes(secret),
    );
  }
});

test("a problem has all it tells", async () => {
  const told = {
    errors: [{ pointer: "/to", detail: "is no number" }, "garbage", { pointer: 7, detail: {} }],
    messageId: "msg_7",
    provider: "main",
    providerCode: "130",
    providerMessage: "no",
    retryable: false,
  };
  const { gateway } = await scripted([problem(409, "duplicate_client_tag", told)]);
  const error = await thrown(gateway.send(HELLO), DuplicateClientTag);
  assert.equal(error.name, "DuplicateClientTag");
  assert.equal(error.status, 409);
  assert.equal(error.code, "duplicate_client_tag");
  assert.equal(error.instance, "req-1");
  assert.deepEqual(error.errors, [{ pointer: "/to", detail: "is no number" }]);
  assert.equal(error.messageId, "msg_7");
  assert.equal(error.provider, "main");
  assert.equal(error.providerCode, "130");
  assert.equal(error.providerMessage, "no");
  assert.equal(error.message, "POST /messages: 409 duplicate_client_tag: Why.; /to: is no number");
});

test("a refusal without a problem is one all the same", async () => {
  for (const body of ["", "<h1>No</h1>", "null", "[1]", '{"code": 7, "errors": "x", "retryable": "yes"}', '{"a":']) {
    const { gateway } = await scripted([{ status: 404, body, headers: { "X-Request-Id": "req-9" } }]);
    const error = await thrown(gateway.get("msg_1"), NotFound);
    assert.equal(error.code, "unknown");
    assert.equal(error.title, "Not Found");
    assert.equal(error.instance, "req-9");
    assert.deepEqual(error.errors, []);
    assert.equal(error.retryable, false);
  }
});

test("what a later gateway may say does not trouble", async () => {
  const { gateway } = await scripted([
    message("msg_1", { status: "teleported", priority: "cosmic", more: { of: "it" } }),
    problem(418, "no_coffee"),
  ]);
  const status: string = (await gateway.get("msg_1")).status;
  assert.equal(status, "teleported");
  const error = await thrown(gateway.get("msg_1"), Problem);
  assert.equal(error.code as string, "no_coffee");
});

test("pages are asked for as they are needed; a short or empty one may have a next", async () => {
  const items = (...ids: string[]): object[] => ids.map((id) => ({ id }));
  const { gateway, taken } = await scripted([
    { body: { items: items("a", "b"), nextCursor: "c1" } },
    { body: { items: [], nextCursor: "c2" } },
    { body: { items: items("c"), nextCursor: null } },
  ]);
  const list = gateway.messages({ groupTag: "a&b" });
  assert.equal(taken.length, 0);
  assert.equal((await list.next()).value?.id, "a");
  assert.equal(taken.length, 1);
  const rest: string[] = [];
  for await (const each of list) rest.push(each.id);
  assert.deepEqual(rest, ["b", "c"]);
  assert.deepEqual(taken.map(({ url }) => url), [
    "/messages?limit=100&groupTag=a%26b",
    "/messages?limit=100&groupTag=a%26b&cursor=c1",
    "/messages?limit=100&groupTag=a%26b&cursor=c2",
  ]);
});

test("events are read on after the last, orphans and reservations by their cursor", async () => {
  const { gateway, taken } = await scripted([
    { body: { items: [{ id: "evt_5" }], nextCursor: "evt_5" } },
    { body: { items: [{ id: "evt_6" }], nextCursor: null } },
    { body: { items: [{ reference: "o" }], nextCursor: null } },
    { body: { items: [{ id: "r" }], nextCursor: null } },
  ]);
  const ids: string[] = [];
  for await (const each of gateway.events({ after: "evt_4", type: "message.*" })) ids.push(each.id);
  for await (const each of gateway.orphans({ limit: 5 })) ids.push(each.reference);
  for await (const each of gateway.reservations({ date: "2026-11-21" })) ids.push(each.id);
  assert.deepEqual(ids, ["evt_5", "evt_6", "o", "r"]);
  assert.deepEqual(taken.map(({ url }) => url), [
    "/events?limit=100&after=evt_4&type=message.*",
    "/events?limit=100&after=evt_5&type=message.*",
    "/receipts/orphans?limit=5",
    "/reservations?limit=100&date=2026-11-21",
  ]);
});

test("each thing is read by its id", async () => {
  const { gateway, taken } = await scripted([message("it")]);
  for (const call of [gateway.get("m"), gateway.getReservation("r"), gateway.getVerification("v")]) {
    assert.equal((await call).id, "it");
  }
  assert.equal((await gateway.getActivation("a")).id, "it");
  const paths = ["/activations/a", "/messages/m", "/numbers/verify/v", "/reservations/r"];
  assert.deepEqual(taken.map(({ url }) => url).sort(), paths);
});

test("a huge page is read whole; what is no page, or leads to itself, is refused", async () => {
  const many = Array.from({ length: 50_000 }, (_, index) => ({ id: `msg_${index}`, text: "x".repeat(100) }));
  const { gateway } = await scripted([{ body: { items: many, nextCursor: null } }]);
  let count = 0;
  for await (const each of gateway.messages()) count += each.id ? 1 : 0;
  assert.equal(count, 50_000);
  for (const body of [{}, { items: null, nextCursor: null }, { items: [], nextCursor: "c1" }]) {
    const { gateway } = await scripted([{ body }]);
    await thrown(gateway.messages().next(), GatewayError);
  }
});

test("a page that fails for a while is asked for again, where the list was", async () => {
  const { gateway, taken } = await scripted([
    { body: { items: [{ id: "a" }], nextCursor: "c1" } },
    "lost",
    { body: { items: [{ id: "b" }], nextCursor: null } },
  ]);
  const ids: string[] = [];
  for await (const each of gateway.messages()) ids.push(each.id);
  assert.deepEqual(ids, ["a", "b"]);
  assert.equal(taken[2]?.url, taken[1]?.url);
});

test("delivery is waited for, ever more patiently", async () => {
  const { gateway, clock } = await scripted([
    ...["queued", "submitting", "submitted", "submitted", "submitted", "submitted", "submitted"].map((status) =>
      message("msg_1", { status }),
    ),
    message("msg_1", { status: "delivered" }),
  ]);
  assert.equal((await gateway.waitUntilDelivered("msg_1")).status, "delivered");
  assert.deepEqual(clock.slept, [0.25, 0.5, 1, 2, 4, 5, 5]);
});

test("what is final is waited for no longer, whatever it is", async () => {
  const { gateway, clock } = await scripted([message("msg_1", { status: "failed", final: true })]);
  assert.equal((await gateway.waitUntilDelivered("msg_1")).status, "failed");
  assert.deepEqual(clock.slept, []);
});

test("an outcome is waited for, and not whether a late word lifts it", async () => {
  for (const status of ["undelivered", "failed", "expired", "canceled"]) {
    const { gateway, clock } = await scripted([message("msg_1", { status, final: false })]);
    assert.equal((await gateway.waitUntilDelivered("msg_1", { timeoutSeconds: 0 })).status, status);
    assert.deepEqual(clock.slept, []);
  }
});

test("a wait that is over says how it stood", async () => {
  const { gateway, clock, taken } = await scripted([message("ver_1", { status: "pending" })]);
  const call = gateway.waitUntilVerified("ver_1", { timeoutSeconds: 2 });
  const error = await thrown<WaitTimeout<{ status: string }>>(call, WaitTimeout);
  assert.equal(error.last?.status, "pending");
  assert.equal(error.message, "ver_1 is still pending after 2 s");
  assert.deepEqual(clock.slept, [0.25, 0.5, 1, 0.25]);
  assert.equal(taken[0]?.url, "/numbers/verify/ver_1");
});

test("a number is given ten minutes", async () => {
  const { gateway, clock } = await scripted([message("ver_1", { status: "pending" })]);
  await thrown(gateway.waitUntilVerified("ver_1", { timeoutSeconds: undefined }), WaitTimeout);
  assert.equal(clock.slept.reduce((sum, each) => sum + each), 600);
});

test("a wait is over in time where nobody answers, and ends with the caller's signal", async () => {
  const { gateway } = await scripted(["silent"]);
  const error = await thrown(gateway.waitUntilDelivered("msg_1", { timeoutSeconds: 0.1 }), WaitTimeout);
  assert.equal(error.last, undefined);
  const long = await scripted([message("msg_1"), message("msg_1", { final: true })], { clock: undefined });
  assert.ok((await long.gateway.waitUntilDelivered("msg_1", { timeoutSeconds: Infinity })).final);
  const reason = new Error("enough");
  const call = gateway.waitUntilDelivered("msg_1", { signal: AbortSignal.abort(reason) });
  assert.equal(await thrown(call, Error), reason);
  await thrown((await scripted([problem(404, "not_found")])).gateway.waitUntilDelivered("msg_1"), NotFound);
});

test("operations that answer no JSON are reached too", async () => {
  const { gateway } = await scripted([{ body: "up 1\n", headers: { "Content-Type": "text/plain" } }]);
  assert.equal((await gateway.api.GET("/metrics", { parseAs: "text" })).data, "up 1\n");
});

test("the version is the package's", () => {
  const its = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string };
  assert.equal(version, its.version);
});
