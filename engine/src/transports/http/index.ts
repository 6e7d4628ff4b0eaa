/** HTTP: the API of an engine, the way between engines, and commands to participants. */

// Serving
export { engineApi } from "./api/engine-api.ts";
export type { EngineApiOptions } from "./api/engine-api.ts";
export type { ApiEngine } from "./api/api-app.ts";
export { checkKeyGrace, checkKeyLifetime, checkKeyName } from "./access/key-rules.ts";
export { RING_MS } from "./access/key-ring.ts";
export { manageKeys } from "./access/manage-keys.ts";
export type { ApiKey, Keys, KeyWish, NewKey } from "./access/manage-keys.ts";
export type { AccessOptions } from "./access/access.ts";
export { traceRequests } from "./trace-requests.ts";

// Between the engines of a deployment
export { httpPeers } from "./peers.ts";
export type { HttpPeersOptions } from "./peers.ts";

// To participants, and at one
export { httpTransport } from "./http-transport.ts";
export type { HttpTransportOptions } from "./http-transport.ts";
export { commandRoute } from "./command-route.ts";
export type { CommandRouteOptions } from "./command-route.ts";
