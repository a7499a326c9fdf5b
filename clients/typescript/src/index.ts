export { Gateway } from "./gateway.js";
export type { CallOptions, GatewayOptions, PostOptions, SendOptions, WaitOptions } from "./gateway.js";
export type { Api } from "./client.js";
export type { Clock } from "./retries.js";
export type { components, operations, paths } from "./generated/schema.js";
export { paged, type Everything, type Page } from "./paging.js";
export {
  ConnectionFailed,
  Conflict,
  DuplicateClientTag,
  GatewayError,
  NotFound,
  Problem,
  RateLimited,
  RequestFailed,
  Unauthorized,
  Unavailable,
  UnexpectedAnswer,
  WaitTimeout,
} from "./problems.js";
export type * from "./types.js";
export { version } from "./version.js";
