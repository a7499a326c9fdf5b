import { fields, PASSING, read } from "./answers.js";
import { ConnectionFailed, problem, UnexpectedAnswer, type Course, type Problem, type Told } from "./problems.js";

/** Time and chance, for tests to hold. */
export interface Clock {
  /** Seconds; from when does not matter. */
  now(): number;
  /** Rejects with the signal's reason once that aborts. */
  sleep(seconds: number, signal?: AbortSignal): Promise<void>;
  /** From 0 to below 1. */
  random(): number;
}

export interface Patience {
  /** How often a request is tried again. */
  readonly retries: number;
  /** How long one try may take. */
  readonly timeoutSeconds: number;
  /** How long is waited between the tries of a request, all together. */
  readonly patienceSeconds: number;
  readonly clock: Clock;
}

type Fetch = (request: Request) => Promise<Response>;

const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);
const REPEATABLE = new Set([...SAFE, "PUT", "DELETE"]);
const [SHORTEST, LONGEST] = [0.5, 8];

/** Errors before the first byte of a request. */
const NEVER_LEFT = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "UND_ERR_CONNECT_TIMEOUT",
  "CERT_HAS_EXPIRED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

/** The `Accept` of requests whose answer has to be JSON. */
export const JSON_ONLY = "application/json, application/problem+json";

/** A `fetch` that tries again what may be repeated, and answers successes only; the rest it throws as RequestFailed. */
export function repeating(fetch: Fetch, { retries, timeoutSeconds, patienceSeconds, clock }: Patience): Fetch {
  return async (request) => {
    const name = `${request.method} ${new URL(request.url).pathname}`;
    const body = await request.clone().text();
    const idempotencyKey = request.headers.get("Idempotency-Key") || undefined;
    const repeatable = REPEATABLE.has(request.method) || idempotencyKey !== undefined || hasTag(body);
    const changes = !SAFE.has(request.method);
    const json = request.headers.get("Accept") === JSON_ONLY;
    let mayHaveBeenAccepted = false;
    let patience = patienceSeconds;
    for (let tries = 1; ; tries++) {
      const course = (open: boolean): Course => {
        mayHaveBeenAccepted ||= changes && open;
        return { tries, mayHaveBeenAccepted, repeatable, idempotencyKey };
      };
      let failure: Problem | ConnectionFailed;
      let again: boolean;
      let asked = 0;
      const pause = ((1 + clock.random()) / 2) * Math.min(LONGEST, SHORTEST * 2 ** (tries - 1));
      try {
        const answer = await once(fetch, request, body, timeoutSeconds);
        const its = await read(answer, json);
        if (its === "success") return answer;
        if (its === "unexpected") throw new UnexpectedAnswer(name, course(true), answer.status);
        failure = problem(name, course(leavesOpen(its)), its);
        again = repeatable && its.retryable && PASSING.has(its.status);
        asked = its.retryAfterSeconds ?? 0;
      } catch (error) {
        if (error instanceof UnexpectedAnswer) throw error;
        request.signal.throwIfAborted();
        const left = !neverLeft(error);
        failure = new ConnectionFailed(name, course(left), error);
        again = repeatable || !left;
      }
      if (!again || tries > retries || asked > patience) throw failure;
      // On top of what is asked for: all that were told the same would come back in the same moment.
      const wait = Math.min(patience, asked + pause);
      patience -= wait;
      await clock.sleep(wait, request.signal);
    }
  };
}

/** One try: an answer counts once its last byte is here. */
async function once(fetch: Fetch, request: Request, body: string, timeoutSeconds: number): Promise<Response> {
  const limit = limited(request.signal, timeoutSeconds);
  try {
    const answer = await fetch(new Request(request, { signal: limit.signal, ...(body && { body }) }));
    // A redirect is not followed: the body would be lost. A browser hides which one it is.
    if (answer.type === "opaqueredirect") return new Response(null, { status: 307, statusText: "Redirect" });
    const bytes = await answer.arrayBuffer();
    const { status, statusText, headers } = answer;
    return new Response(bytes.byteLength > 0 ? bytes : null, { status, statusText, headers });
  } finally {
    limit.end();
  }
}

/** A signal that aborts with another one, or when the time is over. */
export function limited(signal: AbortSignal | undefined, seconds: number): { signal: AbortSignal; end(): void } {
  const controller = new AbortController();
  const follow = (): void => controller.abort(signal?.reason);
  const late = (): void => controller.abort(new DOMException(`no answer within ${seconds} s`, "TimeoutError"));
  const timer = setTimeout(late, milliseconds(seconds));
  signal?.addEventListener("abort", follow);
  if (signal?.aborted) follow();
  return {
    signal: controller.signal,
    end: () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", follow);
    },
  };
}

/** As many as a timer takes: of more it makes one. */
function milliseconds(seconds: number): number {
  return Math.min(seconds * 1000, 2 ** 31 - 1);
}

/** Whether a body names itself with a clientTag. */
export function hasTag(body: string): boolean {
  return typeof fields(body).clientTag === "string";
}

/** Whether it may have been accepted all the same, as far as this version knows. */
function leavesOpen({ status, code }: Told): boolean {
  return status >= 500 && code !== "overloaded" && code !== "provider_unavailable" && code !== "provider_error";
}

function neverLeft(error: unknown): boolean {
  for (let each = error; each instanceof Error; each = each.cause) {
    if ("code" in each && NEVER_LEFT.has(String(each.code))) return true;
  }
  return false;
}

/** The world's. */
export const clock: Clock = {
  now: () => performance.now() / 1000,
  random: Math.random,
  sleep: (seconds, signal) =>
    new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", end);
        if (signal?.aborted) reject(signal.reason);
        else resolve();
      };
      const timer = setTimeout(end, milliseconds(seconds));
      signal?.addEventListener("abort", end);
      if (signal?.aborted) end();
    }),
};
