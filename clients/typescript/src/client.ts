import createClient, { type Client, type FetchResponse, type MaybeOptionalInit, type ParseAs } from "openapi-fetch";

import { keyed } from "./generated/operations.js";
import type { paths } from "./generated/schema.js";
import { hasTag, JSON_ONLY, repeating, type Patience } from "./retries.js";
import { version } from "./version.js";

type Method = "get" | "put" | "post" | "delete" | "patch";
type PathsWith<M extends Method> = {
  [P in keyof paths]: paths[P] extends Record<M, object> ? P : never;
}[keyof paths];
type Operation<P extends keyof paths, M extends Method> = paths[P][M] extends infer O extends object ? O : never;
/** What an operation is told. It may be left out where nothing in it is required. */
type Told<P extends keyof paths, M extends Method, As> =
  MaybeOptionalInit<paths[P], M> extends infer Init
    ? undefined extends Init
      ? [init?: Exclude<Init, undefined> & { parseAs?: As }]
      : [init: Init & { parseAs?: As }]
    : never;

/** One method of the client. What would be its `error` is thrown: there is always an answer. */
type Call<M extends Method> = <P extends PathsWith<M>, As extends ParseAs = "json">(
  path: P,
  ...init: Told<P, M, As>
) => Promise<Extract<FetchResponse<Operation<P, M>, { parseAs: As }, `${string}/${string}`>, { error?: never }>>;

/** openapi-fetch's client of every operation of the document. */
export interface Api extends Pick<Client<paths>, "use" | "eject"> {
  GET: Call<"get">;
  PUT: Call<"put">;
  POST: Call<"post">;
  DELETE: Call<"delete">;
  PATCH: Call<"patch">;
}

/** The client of a gateway: with the key, an Idempotency-Key where one is taken, repeats, and problems thrown. */
export function client(
  url: string,
  key: string,
  fetch: (request: Request) => Promise<Response>,
  patience: Patience,
): Api {
  const headers: Record<string, string> = { Authorization: `Bearer ${key}` };
  // A browser names itself.
  if (!("document" in globalThis)) headers["User-Agent"] = `message-gateway-typescript/${version}`;
  const api = createClient<paths>({ baseUrl: url, headers, redirect: "manual", fetch: repeating(fetch, patience) });
  api.use({
    async onRequest({ request, schemaPath, options }) {
      if (options.parseAs === "json") request.headers.set("Accept", JSON_ONLY);
      if (request.method !== "POST" || !keyed.has(schemaPath) || request.headers.has("Idempotency-Key")) return;
      // A tag does the same, and a tag and a key that name different messages are refused.
      if (hasTag(await request.clone().text())) return;
      request.headers.set("Idempotency-Key", crypto.randomUUID());
    },
  });
  return api as unknown as Api;
}
