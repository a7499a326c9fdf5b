/** Written by clients/typescript/generate from the OpenAPI document. Do not edit. */

/** The paths whose POST takes an `Idempotency-Key`. */
export const keyed: ReadonlySet<string> = new Set([
  "/messages",
  "/messages/{id}/cancel",
  "/messages/batch",
  "/batches/{id}/cancel",
  "/reservations",
  "/reservations/cancel",
  "/numbers/verify",
  "/numbers/verify/{id}/resend",
  "/numbers/verify/{id}/check",
  "/activations",
  "/short-urls",
]);
