import assert from "node:assert/strict";
import { test } from "node:test";

import {
  Conflict,
  ConnectionFailed,
  Gateway,
  Problem,
  RateLimited,
  RequestFailed,
  Unavailable,
  UnexpectedAnswer,
} from "message-gateway-client";

import { Held, KEY, message, nobody, problem, scripted, thrown, type Answer } from "./scripted.js";

const HELLO = { to: "+819012345678", text: "Hello" };
const BUSY = { retryable: true };

test("a refusal that passes is waited for, under the same key", async () => {
  const { gateway, taken, clock } = await scripted([
    problem(503, "overloaded", BUSY, { "Retry-After": "3" }),
    message("msg_1"),
  ]);
  assert.equal((await gateway.send(HELLO)).id, "msg_1");
  assert.deepEqual(clock.slept, [3.5]); // what it asks for, and a random part
  const [first, second] = taken.map(({ headers, body }) => ({ key: headers["idempotency-key"], body }));
  assert.match(String(first?.key), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.deepEqual(first, second);
});

test("each call has a key of its own, and a caller's own key is taken", async () => {
  const { gateway, taken } = await scripted([message()]);
  await gateway.send(HELLO);
  await gateway.send(HELLO);
  await gateway.send(HELLO, { idempotencyKey: "mine" });
  const keys = taken.map(({ headers }) => headers["idempotency-key"]);
  assert.equal(new Set(keys).size, 3);
  assert.equal(keys[2], "mine");
});

test("with a clientTag there is no key, and it is repeated all the same", async () => {
  const { gateway, taken } = await scripted(["lost", message()]);
  await gateway.send({ ...HELLO, clientTag: "order-1" });
  assert.equal(taken.length, 2);
  assert.ok(taken.every(({ headers }) => headers["idempotency-key"] === undefined));
});

test("every POST that takes a key has one, by the client of operations too; no other has", async () => {
  const { gateway, taken } = await scripted([{ body: {} }]);
  await gateway.sendBatch({ messages: [HELLO] });
  await gateway.reserve({ ...HELLO, sendAt: "2030-01-01T00:00:00Z" });
  await gateway.cancel("msg_1");
  await gateway.checkCode("ver_1", "123456");
  await gateway.resendCode("ver_1");
  await gateway.activate("fire");
  await gateway.api.POST("/short-urls", { body: { longUrl: "https://example.com" } });
  assert.ok(taken.every(({ headers }) => headers["idempotency-key"]));
  taken.length = 0;
  await gateway.api.POST("/messages/explain", { body: HELLO });
  await gateway.get("msg_1");
  await gateway.changeReservation("msg_1", { text: "Later" });
  assert.ok(taken.every(({ headers }) => headers["idempotency-key"] === undefined));
});

for (const lost of ["lost", "cut"] as const) {
  test(`an answer that is ${lost} is asked for again`, async () => {
    const { gateway, taken } = await scripted([lost, lost, message("msg_2")]);
    assert.equal((await gateway.send(HELLO)).id, "msg_2");
    assert.equal(new Set(taken.map(({ headers }) => headers["idempotency-key"])).size, 1);
    assert.equal(taken.length, 3);
  });
}

test("a try that takes too long is a lost one", async () => {
  const { gateway, taken } = await scripted(["silent", message("msg_1")], { timeoutSeconds: 0.05 });
  assert.equal((await gateway.send(HELLO)).id, "msg_1");
  assert.equal(taken.length, 2);
});

test("a try may take for ever", async () => {
  const { gateway, taken } = await scripted([message("msg_1")], { timeoutSeconds: Infinity });
  assert.equal((await gateway.send(HELLO)).id, "msg_1");
  assert.equal(taken.length, 1);
});

test("a key that is empty protects nothing", async () => {
  const { gateway } = await scripted(["lost"]);
  const error = await thrown(gateway.send(HELLO, { idempotencyKey: "" }), ConnectionFailed);
  assert.deepEqual([error.tries, error.repeatable, error.idempotencyKey], [1, false, undefined]);
});

test("what a refusal leaves open, by its code", async () => {
  for (const [code, open] of [
    ["overloaded", false],
    ["provider_unavailable", false],
    ["store_unavailable", true],
    ["a_code_of_a_later_version", true],
  ] as const) {
    const { gateway, taken } = await scripted([problem(503, code, BUSY)]);
    const error = await thrown(gateway.send(HELLO), Unavailable);
    assert.equal(error.mayHaveBeenAccepted, open);
    assert.equal(error.idempotencyKey, taken[0]?.headers["idempotency-key"]);
    assert.equal(error.message.includes("safe to repeat"), open);
  }
});

test("lost answers that outlive the repeats: it may have been accepted, and is safe to repeat", async () => {
  const { gateway, taken, clock } = await scripted(["lost"]);
  const error = await thrown(gateway.send(HELLO), ConnectionFailed);
  assert.equal(taken.length, 5);
  assert.equal(error.tries, 5);
  assert.ok(error.mayHaveBeenAccepted && error.repeatable);
  assert.equal(error.idempotencyKey, taken[0]?.headers["idempotency-key"]);
  assert.match(error.message, /POST \/messages was not answered \(5 tries\).*safe to repeat with the idempotencyKey /);
  assert.deepEqual(clock.slept, [0.5, 1, 2, 4]); // at their longest
});

test("what never left was not accepted, and may be repeated whatever it is", async () => {
  const clock = new Held(0.5);
  const gone = new Gateway({ url: await nobody(), key: KEY, clock, retries: 2 });
  const error = await thrown(gone.changeReservation("msg_1", { text: "Later" }), ConnectionFailed);
  assert.ok(!error.mayHaveBeenAccepted && !error.repeatable);
  assert.equal(error.tries, 3);
  assert.deepEqual(clock.slept, [0.375, 0.75]); // half of it for certain: a restart is ridden out
});

test("what could be done twice is not repeated", async () => {
  for (const answer of ["lost", problem(503, "store_unavailable", BUSY)] as Answer[]) {
    const { gateway, taken } = await scripted([answer]);
    const call = gateway.changeReservation("msg_1", { text: "Later" });
    const error = await thrown(call, RequestFailed);
    assert.ok(error instanceof (answer === "lost" ? ConnectionFailed : Unavailable));
    assert.equal(taken.length, 1);
    assert.ok(error.mayHaveBeenAccepted && !error.repeatable);
  }
});

test("what is refused for good is not repeated", async () => {
  for (const refused of [
    problem(502, "provider_error", { retryable: false }),
    problem(503, "provider_unavailable", { retryable: false }),
    problem(504, "provider_timeout", { retryable: false }),
    problem(400, "invalid_request", { retryable: false }),
    problem(500, "internal_error", { retryable: true }),
  ]) {
    const { gateway, taken } = await scripted([refused]);
    await thrown(gateway.send(HELLO), Problem);
    assert.equal(taken.length, 1);
  }
});

test("what passes is repeated, a proxy's page too", async () => {
  for (const passing of [
    problem(429, "rate_limited", BUSY),
    problem(502, "provider_error", BUSY),
    problem(504, "provider_timeout", BUSY),
    problem(503, "a_code_of_a_later_version", BUSY),
    { status: 502, body: "<h1>Bad Gateway</h1>" },
    { status: 503, body: "<h1>Starting</h1>" },
    { status: 504, body: "" },
  ]) {
    const { gateway, taken } = await scripted([passing, { body: { items: [], nextCursor: null } }]);
    for await (const each of gateway.messages()) assert.fail(each.id);
    assert.equal(taken.length, 2);
  }
});

test("no longer is waited than the caller's patience", async () => {
  const { gateway, taken, clock } = await scripted([
    problem(429, "rate_limited", BUSY, { "Retry-After": "40" }),
    problem(429, "rate_limited", BUSY, { "Retry-After": "21" }),
  ]);
  const error = await thrown(gateway.send(HELLO), RateLimited);
  assert.deepEqual(clock.slept, [40.5]);
  assert.equal(taken.length, 2);
  assert.equal(error.retryAfterSeconds, 21);
  assert.ok(!error.mayHaveBeenAccepted);
});

test("a Retry-After may be a date; of what is none, nothing is made", async () => {
  const date = { Date: "Fri, 01 Jan 2027 00:00:00 GMT", "Retry-After": "Fri, 01 Jan 2027 00:00:07 GMT" };
  const { gateway, clock } = await scripted([
    problem(503, "overloaded", BUSY, date),
    problem(503, "overloaded", BUSY, { "Retry-After": "soon" }),
    problem(503, "overloaded", BUSY, { "Retry-After": "-5" }),
    problem(503, "overloaded", BUSY, { "Retry-After": "1.5" }),
    message(),
  ]);
  await gateway.send(HELLO);
  assert.deepEqual(clock.slept, [7.5, 1, 2, 5.5]);
});

test("a refusal after a lost answer does not say that nothing was accepted", async () => {
  const { gateway } = await scripted(["lost", problem(401, "unauthorized")]);
  const error = await thrown(gateway.send(HELLO), Problem);
  assert.ok(error.mayHaveBeenAccepted);
  assert.equal(error.tries, 2);
});

test("an answer that is not the gateway's is no success", async () => {
  for (const answer of [
    { status: 200, body: "<h1>Please log in</h1>", headers: { "Content-Type": "text/html" } },
    { status: 200, body: "", headers: {} },
    { status: 200, body: "[]", headers: { "Content-Type": "application/json" } },
    { status: 302, body: "", headers: { Location: "http://127.0.0.1:1/elsewhere" } },
  ]) {
    const { gateway, taken } = await scripted([answer]);
    const error = await thrown(gateway.send(HELLO), UnexpectedAnswer);
    assert.equal(error.status, answer.status);
    assert.ok(error.mayHaveBeenAccepted && error.repeatable);
    assert.equal(taken.length, 1);
  }
});

test("an abort ends the try, and the wait for the next, with the caller's own reason", async () => {
  const reason = new Error("enough");
  const { gateway, taken } = await scripted(["silent"], { retries: 0 });
  const ended = new AbortController();
  const call = thrown(gateway.send(HELLO, { signal: ended.signal }), Error);
  while (taken.length === 0) await new Promise(setImmediate);
  ended.abort(reason);
  assert.equal(await call, reason);

  const waiting = await scripted([problem(503, "overloaded", BUSY, { "Retry-After": "50" })], { clock: undefined });
  const stopped = new AbortController();
  const wait = thrown(waiting.gateway.send(HELLO, { signal: stopped.signal }), Error);
  while (waiting.taken.length === 0) await new Promise(setImmediate);
  stopped.abort(reason);
  assert.equal(await wait, reason);
});

test("a cancel whose answer was lost is found canceled", async () => {
  const canceled = message("msg_1", { status: "canceled" });
  const { gateway, taken } = await scripted(["lost", problem(409, "not_cancelable"), canceled]);
  assert.equal((await gateway.cancelReservation("msg_1")).status, "canceled");
  assert.deepEqual(taken.map(({ method }) => method), ["DELETE", "DELETE", "GET"]);

  const before = await scripted([problem(409, "not_cancelable"), canceled]);
  await thrown(before.gateway.cancelReservation("msg_1"), Conflict);
});
