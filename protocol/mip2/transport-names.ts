/** Protocol names by which one TLS port distinguishes its clients. */

/** ALPN of an agent that uses MiP 1. */
export const MIP1_ALPN = "mip/1";
/** ALPN of an agent that uses MiP 2. */
export const MIP2_ALPN = "mip/2";
/** Path and subprotocol of an agent's WebSocket. */
export const MIP2_WEBSOCKET_PATH = "/mip";
export const MIP2_WEBSOCKET_PROTOCOL = "mip.v2";
/** Path of a viewer's WebSocket. */
export const RFB_WEBSOCKET_PATH = "/rfb";
