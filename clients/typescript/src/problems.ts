import type { Code, Pointer } from "./types.js";

/** Whatever this package throws, but for an abort of yours. */
export class GatewayError extends Error {
  override readonly name: string = "GatewayError";
}

/** How a request went that failed. */
export interface Course {
  /** How often it was tried. */
  readonly tries: number;
  /** It was to change something, and nobody knows whether it did: an answer was lost, or says so. */
  readonly mayHaveBeenAccepted: boolean;
  /** The same call again does nothing twice; with `idempotencyKey`, where that is why. */
  readonly repeatable: boolean;
  readonly idempotencyKey: string | undefined;
}

/** A request that failed. */
export abstract class RequestFailed extends GatewayError implements Course {
  readonly tries: number;
  readonly mayHaveBeenAccepted: boolean;
  readonly repeatable: boolean;
  readonly idempotencyKey: string | undefined;

  constructor(message: string, course: Course, options?: ErrorOptions) {
    super(message + advice(course), options);
    this.tries = course.tries;
    this.mayHaveBeenAccepted = course.mayHaveBeenAccepted;
    this.repeatable = course.repeatable;
    this.idempotencyKey = course.idempotencyKey;
  }
}

/** No answer came, at the last try either; `cause` says why. */
export class ConnectionFailed extends RequestFailed {
  override readonly name = "ConnectionFailed";

  constructor(request: string, course: Course, cause: unknown) {
    super(`${request} was not answered (${times(course)}): ${why(cause)}`, course, { cause });
  }
}

/** An answer that is neither the gateway's nor a refusal: a web page, a redirection. Is the URL right? */
export class UnexpectedAnswer extends RequestFailed {
  override readonly name = "UnexpectedAnswer";

  constructor(
    request: string,
    course: Course,
    readonly status: number,
  ) {
    super(`${request} was answered with something else than JSON (${status})`, course);
  }
}

/** What an answer told of a problem. What it left out is undefined. */
export interface Told {
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly code: Code | "unknown";
  readonly instance: string | undefined;
  readonly errors: readonly Pointer[];
  readonly messageId: string | undefined;
  readonly provider: string | undefined;
  readonly providerCode: string | undefined;
  readonly providerMessage: string | undefined;
  readonly retryable: boolean;
  readonly retryAfterSeconds: number | undefined;
}

/** The gateway, or what stands before it, refused. */
export class Problem extends RequestFailed implements Told {
  override readonly name: string = "Problem";
  /** The HTTP status. */
  readonly status: number;
  /** The kind of problem, in words. */
  readonly title: string;
  /** What to change, for people. */
  readonly detail: string;
  /** The kind of problem, for programs; `unknown` where something before the gateway answered. */
  readonly code: Code | "unknown";
  /** The request id: quote it to the operator. */
  readonly instance: string | undefined;
  /** Each place in the request that is wrong. */
  readonly errors: readonly Pointer[];
  /** The message, verification or activation it is about. */
  readonly messageId: string | undefined;
  /** The provider it is about. */
  readonly provider: string | undefined;
  /** The vendor's own code. */
  readonly providerCode: string | undefined;
  /** The vendor's own words. */
  readonly providerMessage: string | undefined;
  /** The same request may succeed later. */
  readonly retryable: boolean;
  /** How long to wait before. */
  readonly retryAfterSeconds: number | undefined;

  constructor(request: string, course: Course, told: Told) {
    const places = told.errors.map((each) => `; ${each.pointer}: ${each.detail}`).join("");
    super(`${request}: ${told.status} ${told.code}: ${told.detail}${places}`, course);
    this.status = told.status;
    this.title = told.title;
    this.detail = told.detail;
    this.code = told.code;
    this.instance = told.instance;
    this.errors = told.errors;
    this.messageId = told.messageId;
    this.provider = told.provider;
    this.providerCode = told.providerCode;
    this.providerMessage = told.providerMessage;
    this.retryable = told.retryable;
    this.retryAfterSeconds = told.retryAfterSeconds;
  }
}

/** 401: no key, or a wrong one. */
export class Unauthorized extends Problem {
  override readonly name = "Unauthorized";
}

/** 404: there is no such thing, or it is another client's. */
export class NotFound extends Problem {
  override readonly name = "NotFound";
}

/** 409: it has gone on, or is under way already; `code` says which. */
export class Conflict extends Problem {
  override readonly name: string = "Conflict";
}

/** The clientTag was used for other content; `messageId` names what has it. */
export class DuplicateClientTag extends Conflict {
  override readonly name = "DuplicateClientTag";
}

/** 429: more than the client may, or the number, or the rule. Nothing was accepted. */
export class RateLimited extends Problem {
  override readonly name = "RateLimited";
}

/** 503: not now; `mayHaveBeenAccepted` says what is known of the request. */
export class Unavailable extends Problem {
  override readonly name = "Unavailable";
}

/** It did not come to that in time; `last` is how it stood. */
export class WaitTimeout<T> extends GatewayError {
  override readonly name = "WaitTimeout";

  constructor(
    message: string,
    readonly last: T | undefined,
  ) {
    super(message);
  }
}

/** Not from the gateway, too old, or not readable: answer it with 400. */
export class WebhookRefused extends GatewayError {
  override readonly name = "WebhookRefused";
}

const KINDS: Readonly<Record<number, typeof Problem>> = {
  401: Unauthorized,
  404: NotFound,
  409: Conflict,
  429: RateLimited,
  503: Unavailable,
};

/** The problem that an answer tells. */
export function problem(request: string, course: Course, told: Told): Problem {
  if (told.code === "duplicate_client_tag") return new DuplicateClientTag(request, course, told);
  return new (KINDS[told.status] ?? Problem)(request, course, told);
}

function times({ tries }: Course): string {
  return tries === 1 ? "1 try" : `${tries} tries`;
}

function advice({ mayHaveBeenAccepted, repeatable, idempotencyKey }: Course): string {
  if (!mayHaveBeenAccepted) return "";
  if (!repeatable) return "; it may have been accepted";
  const how = idempotencyKey ? `with the idempotencyKey ${idempotencyKey}` : "as it is";
  return `; it may have been accepted; safe to repeat ${how}`;
}

/** Of fetch's errors the cause tells more than the error. */
function why(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message || cause.name : String(cause);
}
