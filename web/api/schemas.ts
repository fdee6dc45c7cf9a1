/** The REST API's shapes: the one place that server, pages and CLI share. All under `/api/v1`, JSON. */
export * from "./agent-schemas.ts";
export * from "./api-token-schemas.ts";
export * from "./audit-schemas.ts";
export * from "./desktop-schemas.ts";
export * from "./disk-schemas.ts";
export * from "./error-schemas.ts";
export * from "./factor-schemas.ts";
export * from "./field-schemas.ts";
export * from "./image-schemas.ts";
export * from "./live-event.ts";
export * from "./machine-schemas.ts";
export * from "./rights-schemas.ts";
export * from "./service-schemas.ts";
export * from "./session-schemas.ts";
export * from "./sign-in-schemas.ts";
export * from "./token-schemas.ts";
export * from "./user-schemas.ts";
