import type { Told } from "./problems.js";
import type { Code, Pointer } from "./types.js";

/** What may be answered otherwise soon, where the problem does not deny it; a proxy's page says only that. */
export const PASSING = new Set([429, 502, 503, 504]);

/** What an answer is; `json`: whether it has to be JSON. A refusal tells something whatever came with it, be it a web
 * page or nothing at all. */
export async function read(answer: Response, json: boolean, now: number): Promise<"success" | "unexpected" | Told> {
  if (answer.ok && (!json || answer.status === 204)) return "success";
  const body = await answer.clone().text();
  if (answer.ok) return object(body) ? "success" : "unexpected";
  return answer.status < 400 ? "unexpected" : told(answer, fields(body), now);
}

function told({ status, statusText, headers }: Response, body: Record<string, unknown>, now: number): Told {
  const title = text(body.title) ?? (statusText || "Unknown status");
  return {
    status,
    title,
    detail: text(body.detail) ?? title,
    code: (text(body.code) ?? "unknown") as Code,
    instance: text(body.instance) ?? headers.get("X-Request-Id") ?? undefined,
    errors: Array.isArray(body.errors) ? body.errors.filter(isPointer) : [],
    messageId: text(body.messageId),
    provider: text(body.provider),
    providerCode: text(body.providerCode),
    providerMessage: text(body.providerMessage),
    retryable: typeof body.retryable === "boolean" ? body.retryable : PASSING.has(status),
    retryAfterSeconds: retryAfter(headers, now),
  };
}

/** The fields of a JSON object; none where it is something else. */
export function fields(json: string): Record<string, unknown> {
  return object(json) ?? {};
}

function object(json: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

/** Seconds that the header tells, as such or as a date: of the answer's own clock, where it has one. */
function retryAfter(headers: Headers, now: number): number | undefined {
  const header = headers.get("Retry-After");
  if (header === null) return undefined;
  if (/^\d+$/.test(header)) return Number(header);
  const date = Date.parse(headers.get("Date") ?? "") / 1000;
  const seconds = Date.parse(header) / 1000 - (Number.isNaN(date) ? now : date);
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function isPointer(value: unknown): value is Pointer {
  return typeof value === "object" && value !== null && "pointer" in value && "detail" in value;
}
