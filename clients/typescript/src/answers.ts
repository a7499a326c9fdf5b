import type { Told } from "./problems.js";
import type { Code, Pointer } from "./types.js";

/** What may be answered otherwise soon, where the problem does not deny it; a proxy's page says only that. */
export const PASSING = new Set([429, 502, 503, 504]);

/** What an answer is; `json`: whether it has to be JSON. A refusal tells something whatever came with it, be it a web
 * page or nothing at all. */
export async function read(answer: Response, json: boolean): Promise<"success" | "unexpected" | Told> {
  if (answer.ok && (!json || answer.status === 204)) return "success";
  const body = await answer.clone().text();
  if (answer.ok) return object(body) ? "success" : "unexpected";
  return answer.status < 400 ? "unexpected" : told(answer, fields(body));
}

function told({ status, statusText, headers }: Response, body: Record<string, unknown>): Told {
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
    retryAfterSeconds: retryAfter(headers),
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

/** The seconds that the header asks for; a date is counted from the answer's own `Date`. */
function retryAfter(headers: Headers): number | undefined {
  const header = headers.get("Retry-After") ?? "";
  if (/^\d+(\.\d+)?$/.test(header)) return Number(header);
  if (!/^[A-Z]/i.test(header)) return undefined; // Date.parse makes a date of "-5"
  const seconds = (Date.parse(header) - Date.parse(headers.get("Date") ?? "")) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function isPointer(value: unknown): value is Pointer {
  if (typeof value !== "object" || value === null || !("pointer" in value && "detail" in value)) return false;
  return typeof value.pointer === "string" && typeof value.detail === "string";
}
