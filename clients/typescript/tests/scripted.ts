/** A server that answers what a test tells it to, and a clock that a test holds. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { after } from "node:test";

import { Gateway, type Clock, type GatewayOptions } from "message-gateway-client";

export const KEY = "key-of-the-tests";

export interface Taken {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  body: string;
}

export type Answer = { status?: number; headers?: Record<string, string>; body?: unknown } | "lost" | "cut" | "silent";

/** Slept seconds are noted, and pass at once. */
export class Held implements Clock {
  time = 1_800_000_000;
  readonly slept: number[] = [];

  constructor(private readonly chance = 1) {}

  now(): number {
    return this.time;
  }

  random(): number {
    return this.chance;
  }

  async sleep(seconds: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.slept.push(seconds);
    this.time += seconds;
    await new Promise(setImmediate);
  }
}

/** A gateway whose server gives these answers in turn, the last one for good; what it took; and its clock. */
export async function scripted(
  answers: Answer[],
  options: GatewayOptions = {},
): Promise<{ gateway: Gateway; taken: Taken[]; clock: Held; url: string }> {
  const taken: Taken[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
    request.on("end", () => {
      const answer = answers[Math.min(taken.length, answers.length - 1)];
      taken.push({ method: request.method ?? "", url: request.url ?? "", headers: request.headers, body });
      give(response, answer ?? {});
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  after(() => {
    server.close();
    server.closeAllConnections();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const clock = new Held();
  return { gateway: new Gateway({ url, key: KEY, clock, ...options }), taken, clock, url };
}

/** Where nobody listens. */
export async function nobody(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

function give(response: ServerResponse, answer: Answer): void {
  if (answer === "silent") return;
  if (answer === "lost") {
    response.destroy();
    return;
  }
  if (answer === "cut") {
    response.writeHead(202, { "Content-Type": "application/json", "Content-Length": "1000" });
    response.write('{"id": "msg_');
    response.flushHeaders();
    setImmediate(() => response.destroy());
    return;
  }
  const { status = 200, headers = {}, body } = answer;
  const json = typeof body === "object";
  response.writeHead(status, { ...(json && { "Content-Type": "application/json" }), ...headers });
  response.end(json ? JSON.stringify(body) : body);
}

/** A message as the gateway answers it, as far as tests look. */
export function message(id = "msg_1", more: object = {}): { body: object; status: number } {
  return { status: 202, body: { id, status: "queued", final: false, ...more } };
}

/** A problem as the gateway answers it. */
export function problem(status: number, code: string, more: object = {}, headers: Record<string, string> = {}): Answer {
  const body = { type: `/problems/${code}`, title: code, status, detail: "Why.", instance: "req-1", code, ...more };
  return { status, headers: { "Content-Type": "application/problem+json", ...headers }, body };
}

/** What a call rejects with, which has to be of this class. */
export async function thrown<E extends Error>(
  call: Promise<unknown>,
  kind: abstract new (...arguments_: never[]) => E,
): Promise<E> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof kind) return error;
  throw new Error(`expected ${kind.name}`, { cause: error });
}
