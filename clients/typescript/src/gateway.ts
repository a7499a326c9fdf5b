import { client, type Api } from "./client.js";
import { paged, type Everything } from "./paging.js";
import { Conflict, GatewayError, WaitTimeout } from "./problems.js";
import { clock as world, limited, type Clock } from "./retries.js";
import type * as types from "./types.js";

export interface GatewayOptions {
  /** Where the gateway is; default: GATEWAY_URL of the environment. */
  url?: string | undefined;
  /** The API key; default: GATEWAY_KEY of the environment. */
  key?: string | undefined;
  /** How often a request is tried again that may be repeated; default 4. */
  retries?: number | undefined;
  /** How long one try may take; default 35. */
  timeoutSeconds?: number | undefined;
  /** How long is waited between the tries of a request, all together; default 60. */
  patienceSeconds?: number | undefined;
  /** Default: the global one. */
  fetch?: ((request: Request) => Promise<Response>) | undefined;
  /** Default: the world's. */
  clock?: Clock | undefined;
}

export interface CallOptions {
  /** Ends the call, its waits and repeats; what it throws is the signal's reason. */
  signal?: AbortSignal | undefined;
}

export interface PostOptions extends CallOptions {
  /** Default: a new one at each call that has no clientTag, kept over its repeats. */
  idempotencyKey?: string | undefined;
}

export interface SendOptions extends PostOptions {
  /** Waits so long for the vendor's answer, 30 at most; default: not at all. */
  waitSeconds?: number | undefined;
}

export interface WaitOptions extends CallOptions {
  /** Default 60, for a number 600. */
  timeoutSeconds?: number | undefined;
}

const PAGE = 100;
/** Seconds between two looks at what is waited for. */
const [FIRST_LOOK, LAST_LOOK] = [0.25, 5];
/** All but `delivered` and `verified` may still be lifted by a vendor's late word, for which nobody waits days. */
const OUTCOMES = new Set(["delivered", "undelivered", "failed", "expired", "canceled", "verified"]);

/** A message gateway. Every call throws Problem, ConnectionFailed or UnexpectedAnswer where it fails. */
export class Gateway {
  /** Every operation of the document, with the same key, repeats and problems: `(await api.GET("/usage")).data`. */
  readonly api: Api;
  readonly #clock: Clock;

  constructor(options: GatewayOptions = {}) {
    const { retries = 4, timeoutSeconds = 35, patienceSeconds = 60, clock = world } = options;
    const url = address(options.url ?? environment("GATEWAY_URL"));
    const key = options.key ?? environment("GATEWAY_KEY");
    // Checked here: fetch would quote it in its error.
    if (!key || !/^[\x21-\x7e]+$/.test(key)) throw new GatewayError("there is no key, or it is none");
    const fetch = options.fetch ?? ((request: Request) => globalThis.fetch(request));
    this.api = client(url, key, fetch, { retries, timeoutSeconds, patienceSeconds, clock });
    this.#clock = clock;
  }

  /** Sends one message; with `sendAt` it is a reservation. */
  async send(message: types.MessageIn, options: SendOptions = {}): Promise<types.Message> {
    return (await this.api.POST("/messages", { body: message, ...init(options) })).data;
  }

  /** Sends up to 1000 messages. Each is answered for itself: look for `problem` in the items. */
  async sendBatch(batch: types.BatchIn, options: PostOptions = {}): Promise<types.BatchAccepted> {
    return (await this.api.POST("/messages/batch", { body: batch, ...init(options) })).data;
  }

  /** A message and its timeline; `refresh` asks the vendor where it can be asked. */
  async get(id: string, options: CallOptions & { refresh?: boolean } = {}): Promise<types.Message> {
    const query = options.refresh ? { refresh: true } : {};
    return (await this.api.GET("/messages/{id}", { params: { path: { id }, query }, ...init(options) })).data;
  }

  /** The messages, newest first, page by page as they are asked for. */
  messages(query: types.MessagesQuery = {}, options: CallOptions = {}): Everything<types.Message> {
    return paged(async (cursor) => {
      const params = { query: { limit: PAGE, ...query, ...(cursor && { cursor }) } };
      return (await this.api.GET("/messages", { params, ...init(options) })).data;
    });
  }

  /** Cancels what has not left. Throws Conflict where it has. */
  async cancel(id: string, options: PostOptions = {}): Promise<types.Message> {
    return (await this.api.POST("/messages/{id}/cancel", { params: { path: { id } }, ...init(options) })).data;
  }

  /** Polls until a message is delivered or has another outcome: look at its `status`. Throws WaitTimeout. */
  waitUntilDelivered(id: string, options: WaitOptions = {}): Promise<types.Message> {
    return this.#settled(id, (signal) => this.get(id, { signal }), options);
  }

  /** Makes a message for later. */
  async reserve(reservation: types.ReservationIn, options: PostOptions = {}): Promise<types.Message> {
    return (await this.api.POST("/reservations", { body: reservation, ...init(options) })).data;
  }

  /** A reservation. */
  async getReservation(id: string, options: CallOptions = {}): Promise<types.Message> {
    return (await this.api.GET("/reservations/{id}", { params: { path: { id } }, ...init(options) })).data;
  }

  /** The reservations, the next one first. */
  reservations(query: types.ReservationsQuery = {}, options: CallOptions = {}): Everything<types.Message> {
    return paged(async (cursor) => {
      const params = { query: { limit: PAGE, ...query, ...(cursor && { cursor }) } };
      return (await this.api.GET("/reservations", { params, ...init(options) })).data;
    });
  }

  /** Changes a reservation's time or text. Throws Conflict where it has left. */
  async changeReservation(id: string, body: types.ReservationPatch, options: CallOptions = {}): Promise<types.Message> {
    return (await this.api.PATCH("/reservations/{id}", { params: { path: { id } }, body, ...init(options) })).data;
  }

  /** Cancels a reservation. Throws Conflict where it has left, or was canceled before. */
  async cancelReservation(id: string, options: CallOptions = {}): Promise<types.Message> {
    const params = { path: { id } };
    try {
      return (await this.api.DELETE("/reservations/{id}", { params, ...init(options) })).data;
    } catch (error) {
      // The answer that was lost may be the one that canceled it.
      if (!(error instanceof Conflict && error.mayHaveBeenAccepted)) throw error;
      const reservation = await this.getReservation(id, options);
      if (reservation.status !== "canceled") throw error;
      return reservation;
    }
  }

  /** Whether a number still belongs to whom it did. */
  async verify(number: types.OwnerIn, options?: PostOptions): Promise<types.Owner>;
  /** Begins to verify a number, by a code in a message or by a call. */
  async verify(number: types.ProofIn, options?: PostOptions): Promise<types.Verification>;
  async verify(
    number: types.OwnerIn | types.ProofIn,
    options: PostOptions = {},
  ): Promise<types.Owner | types.Verification> {
    return (await this.api.POST("/numbers/verify", { body: number, ...init(options) })).data;
  }

  /** How a verification stands. */
  async getVerification(id: string, options: CallOptions = {}): Promise<types.Verification> {
    return (await this.api.GET("/numbers/verify/{id}", { params: { path: { id } }, ...init(options) })).data;
  }

  /** Tries a code. A wrong one is no problem but an answer, and five are tried at most. */
  async checkCode(id: string, code: string, options: PostOptions = {}): Promise<types.Check> {
    const params = { path: { id } };
    return (await this.api.POST("/numbers/verify/{id}/check", { params, body: { code }, ...init(options) })).data;
  }

  /** Another code, or another call. */
  async resendCode(id: string, options: PostOptions = {}): Promise<types.Verification> {
    return (await this.api.POST("/numbers/verify/{id}/resend", { params: { path: { id } }, ...init(options) })).data;
  }

  /** Polls until a number is verified, or will not be any more. Throws WaitTimeout. */
  waitUntilVerified(id: string, options: WaitOptions = {}): Promise<types.Verification> {
    const look = (signal: AbortSignal): Promise<types.Verification> => this.getVerification(id, { signal });
    return this.#settled(id, look, { ...options, timeoutSeconds: options.timeoutSeconds ?? 600 });
  }

  /** Sets off a call tree, once. */
  async activate(rule: string, options: PostOptions & { clientTag?: string } = {}): Promise<types.Activation> {
    const body = options.clientTag === undefined ? { rule } : { rule, clientTag: options.clientTag };
    return (await this.api.POST("/activations", { body, ...init(options) })).data;
  }

  /** An activation and its calls, as far as the vendor's log has them. */
  async getActivation(id: string, options: CallOptions = {}): Promise<types.ActivationLog> {
    return (await this.api.GET("/activations/{id}", { params: { path: { id } }, ...init(options) })).data;
  }

  /** What is left at the vendors, where they tell. */
  async balance(provider?: string, options: CallOptions = {}): Promise<types.Balance[]> {
    const query = provider === undefined ? {} : { provider };
    return (await this.api.GET("/balance", { params: { query }, ...init(options) })).data.balances;
  }

  /** What happened, oldest first, to the latest there is now; go on later with `after` the last one's id. */
  events(query: types.EventsQuery = {}, options: CallOptions = {}): Everything<types.GatewayEvent> {
    return paged(async (after) => {
      const params = { query: { limit: PAGE, ...query, ...(after && { after }) } };
      return (await this.api.GET("/events", { params, ...init(options) })).data;
    }, query.after);
  }

  /** What vendors told that belongs to no message; needs a key with the scope `admin`. */
  orphans(query: types.OrphansQuery = {}, options: CallOptions = {}): Everything<types.Orphan> {
    return paged(async (cursor) => {
      const params = { query: { limit: PAGE, ...query, ...(cursor && { cursor }) } };
      return (await this.api.GET("/receipts/orphans", { params, ...init(options) })).data;
    });
  }

  /** Looks until there is an outcome, and once in any case. */
  async #settled<T extends { final: boolean; status: string }>(
    id: string,
    look: (signal: AbortSignal) => Promise<T>,
    { timeoutSeconds = 60, signal }: WaitOptions,
  ): Promise<T> {
    const ends = this.#clock.now() + timeoutSeconds;
    const limit = limited(signal, timeoutSeconds || Infinity);
    let last: T | undefined;
    try {
      for (let pause = FIRST_LOOK; ; pause = Math.min(LAST_LOOK, pause * 2)) {
        last = await look(limit.signal);
        if (last.final || OUTCOMES.has(last.status)) return last;
        const left = ends - this.#clock.now();
        if (left <= 0) break;
        await this.#clock.sleep(Math.min(pause, left), limit.signal);
      }
    } catch (error) {
      signal?.throwIfAborted();
      if (!limit.signal.aborted) throw error;
    } finally {
      limit.end();
    }
    const how = last ? `${id} is still ${last.status}` : `nothing is known of ${id}`;
    throw new WaitTimeout(`${how} after ${timeoutSeconds} s`, last);
  }
}

/** What openapi-fetch is told of a call. */
function init({ signal, idempotencyKey, waitSeconds }: SendOptions): { signal?: AbortSignal; headers: Headers } {
  const headers = new Headers();
  if (idempotencyKey !== undefined) headers.set("Idempotency-Key", idempotencyKey);
  if (waitSeconds !== undefined) headers.set("Prefer", `wait=${waitSeconds}`);
  return signal ? { signal, headers } : { headers };
}

/** The address that was meant. A wrong one is not quoted: it may hold a password. */
function address(url: string | undefined): string {
  const found = url && URL.canParse(url) ? new URL(url) : undefined;
  if (!found || !/^https?:$/.test(found.protocol)) throw new GatewayError("there is no url, or none of http or https");
  if (found.username || found.password || found.search || found.hash) {
    throw new GatewayError("the url has more than an address");
  }
  return found.href;
}

function environment(name: string): string | undefined {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  return process?.env?.[name];
}
