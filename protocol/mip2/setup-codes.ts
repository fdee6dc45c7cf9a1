/**
 * Codes of a Setup response with status 0: why there will be no data connection. The server receives nothing
 * else about the failure.
 */
export const SETUP_CODES = [
  "AGENT_BUSY",
  "DESKTOP_UNKNOWN",
  "PROXY_NOT_ALLOWED",
  "PROXY_UNREACHABLE",
  "ENDPOINT_REFUSED",
  "ENDPOINT_TIMEOUT",
  "DESKTOP_DECLINED",
  "SERVER_PASSWORD_WRONG",
  "SERVER_PASSWORD_MISSING",
  "SERVER_USER_MISSING",
  "SERVER_CERTIFICATE",
  "SERVER_TLS_VERSION",
  "SERVER_SECURITY_UNSUPPORTED",
  "SERVER_PROTOCOL",
] as const;
export type SetupCode = (typeof SETUP_CODES)[number];
