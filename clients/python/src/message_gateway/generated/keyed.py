"""Where a POST takes an Idempotency-Key."""

KEYED_PATHS = (
    "/activations",
    "/batches/{id}/cancel",
    "/messages",
    "/messages/batch",
    "/messages/{id}/cancel",
    "/numbers/verify",
    "/numbers/verify/{id}/check",
    "/numbers/verify/{id}/resend",
    "/reservations",
    "/reservations/cancel",
    "/short-urls",
)
