import { LimitError, ProtocolError } from "../errors.ts";
import {
  bytes,
  checkLength,
  lengthPrefixed,
  parseAll,
  text,
  u32,
  u8,
  type Grammar,
} from "../bytes/grammar.ts";
import { encodeLengthPrefixed, encodeU32, encodeU8 } from "../bytes/encoders.ts";
import { hasFewJsonMarks } from "../bytes/json-structure.ts";

/** Frame: U8 type · U32 body length · body. @see docs/protocol.md */
export const FrameType = {
  handshake: 0,
  setupRequest: 1,
  setupResponse: 2,
  challenge: 3,
  proof: 4,
  welcome: 5,
  refused: 6,
  publish: 7,
  withdraw: 8,
  ping: 9,
  pong: 10,
  drain: 11,
  request: 12,
  reply: 13,
  event: 14,
  spare: 15,
  spareWanted: 16,
  rotate: 17,
  newKey: 18,
  authority: 19,
} as const;
export type FrameType = (typeof FrameType)[keyof typeof FrameType];

/** The identifier type of MiP 1. MiP 2 agents are resources. */
export const Mip2IdentifierType = { proxy: 0, virtualMachine: 1, resource: 2, user: 3 } as const;

/** Limits of single fields and bodies, in bytes. */
export const MIP2_LIMITS = {
  identifier: 64,
  proxyId: 64,
  host: 255,
  desktop: 64,
  code: 64,
  signature: 64,
  /** JSON before the peer has proven its identity. */
  unprovenBody: 4096,
  /** JSON afterwards. Screenshots are sent in it. */
  body: 1024 * 1024,
  /** Brackets, commas and strings of such a body: they cost more than bytes. A list of a thousand machines has fewer. */
  bodyMarks: 32_768,
  /** A body that nobody asked for: publish, withdraw, event, new key. */
  unaskedBody: 64 * 1024,
  unaskedMarks: 4096,
} as const;

const UNASKED: ReadonlySet<number> = new Set([
  FrameType.publish,
  FrameType.withdraw,
  FrameType.event,
  FrameType.newKey,
]);

export const NONCE_BYTES = 32;
export const TICKET_BYTES = 16;
export const MIP2_VERSION = 1;

/** agent → server, first frame of a control connection (type 0) or of a spare connection (type 15). */
export interface Mip2Handshake {
  readonly identifierType: number;
  readonly identifier: string;
  readonly nonce: Buffer;
  /** MiP 2 revisions that the agent speaks, e.g. [1]. */
  readonly versions: readonly number[];
}
/** server → agent. */
export interface Challenge {
  readonly version: number;
  readonly proxyId: string;
  readonly nonce: Buffer;
}
/** server → agent: dial `proxyHost:proxyPort` and connect that connection to `desktop`, with this ticket. */
export interface Mip2SetupRequest {
  readonly ticket: Buffer;
  readonly proxyHost: string;
  readonly proxyPort: number;
  readonly desktop: string;
}
/**
 * agent → server. Status 1: the first frame of a data connection (raw RFB from ClientInit on follows it).
 * Status 0: on the control connection, with a code that says why there will be no data connection. Status 2: on the
 * control connection, the VNC server may be asking a person, so the answer takes longer; older servers ignore it.
 */
export interface Mip2SetupResponse {
  readonly ticket: Buffer;
  readonly status: number;
  readonly code: string;
}

/** Status of a Setup response that postpones the answer. */
export const SETUP_PENDING = 2;

export type Frame =
  | { readonly type: typeof FrameType.handshake | typeof FrameType.spare; readonly value: Mip2Handshake }
  | { readonly type: typeof FrameType.challenge; readonly value: Challenge }
  | { readonly type: typeof FrameType.setupRequest; readonly value: Mip2SetupRequest }
  | { readonly type: typeof FrameType.setupResponse; readonly value: Mip2SetupResponse }
  | { readonly type: typeof FrameType.ping | typeof FrameType.pong; readonly value: Buffer }
  | { readonly type: JsonFrameType; readonly value: unknown };

export type JsonFrameType =
  | typeof FrameType.proof
  | typeof FrameType.welcome
  | typeof FrameType.refused
  | typeof FrameType.publish
  | typeof FrameType.withdraw
  | typeof FrameType.drain
  | typeof FrameType.request
  | typeof FrameType.reply
  | typeof FrameType.event
  | typeof FrameType.spareWanted
  | typeof FrameType.rotate
  | typeof FrameType.newKey
  | typeof FrameType.authority;

/**
 * One frame.
 * @param maxBody `MIP2_LIMITS.unprovenBody` until the peer has proven its identity, then `MIP2_LIMITS.body`
 * @throws ProtocolError `MIP_FRAME`, LimitError `LENGTH_LIMIT`
 */
export function* readFrame(maxBody: number): Grammar<Frame> {
  const type = yield* u8();
  if (type > FrameType.authority) throw new ProtocolError("MIP_FRAME", `unknown MiP 2 frame type ${type}`);
  const length = yield* u32();
  const isUnasked = UNASKED.has(type);
  checkLength(length, isUnasked ? Math.min(maxBody, MIP2_LIMITS.unaskedBody) : maxBody, "MiP 2 frame");
  const body = Buffer.from(yield* bytes(length));
  return decodeBody(type as FrameType, body);
}

function decodeBody(type: FrameType, body: Buffer): Frame {
  switch (type) {
    case FrameType.handshake:
    case FrameType.spare:
      return { type, value: parseWhole(readHandshake(), body) };
    case FrameType.challenge:
      return { type, value: parseWhole(readChallenge(), body) };
    case FrameType.setupRequest:
      return { type, value: parseWhole(readSetupRequest(), body) };
    case FrameType.setupResponse:
      return { type, value: parseWhole(readSetupResponse(), body) };
    case FrameType.ping:
    case FrameType.pong:
      checkLength(body.length, 64, "ping");
      return { type, value: body };
    default:
      return { type, value: parseJson(body, UNASKED.has(type) ? "unaskedMarks" : "bodyMarks") };
  }
}

function parseWhole<T>(grammar: Grammar<T>, body: Buffer): T {
  const parsed = parseAll(grammar, body);
  if ("missing" in parsed) throw new ProtocolError("MIP_FRAME", "a MiP 2 frame ends inside a field");
  if (parsed.rest.length > 0) {
    throw new ProtocolError("MIP_FRAME", "a MiP 2 frame is longer than its fields");
  }
  return parsed.value;
}

function parseJson(body: Buffer, limit: "bodyMarks" | "unaskedMarks"): unknown {
  if (!hasFewJsonMarks(body, MIP2_LIMITS[limit]))
    throw new LimitError(
      "LENGTH_LIMIT",
      `the JSON of a MiP 2 frame has more than ${MIP2_LIMITS[limit]} marks`,
    );
  try {
    return JSON.parse(body.toString("utf8"));
  } catch (cause) {
    throw new ProtocolError("MIP_FRAME", "a MiP 2 frame holds no JSON", { cause });
  }
}

function* readHandshake(): Grammar<Mip2Handshake> {
  const identifierType = yield* u8();
  const identifier = yield* text(MIP2_LIMITS.identifier, "Handshake.identifier");
  const nonce = Buffer.from(yield* bytes(NONCE_BYTES));
  const count = yield* u8();
  const versions = [...(yield* bytes(count))];
  return { identifierType, identifier, nonce, versions };
}

function* readChallenge(): Grammar<Challenge> {
  const version = yield* u8();
  const proxyId = yield* text(MIP2_LIMITS.proxyId, "Challenge.proxyId");
  const nonce = Buffer.from(yield* bytes(NONCE_BYTES));
  return { version, proxyId, nonce };
}

function* readSetupRequest(): Grammar<Mip2SetupRequest> {
  const ticket = Buffer.from(yield* bytes(TICKET_BYTES));
  const proxyHost = yield* text(MIP2_LIMITS.host, "SetupRequest.proxyHost");
  const proxyPort = yield* u32();
  const desktop = yield* text(MIP2_LIMITS.desktop, "SetupRequest.desktop");
  if (proxyPort > 65535) throw new ProtocolError("MIP_FRAME", `proxy port ${proxyPort} is no port`);
  return { ticket, proxyHost, proxyPort, desktop };
}

function* readSetupResponse(): Grammar<Mip2SetupResponse> {
  const ticket = Buffer.from(yield* bytes(TICKET_BYTES));
  const status = yield* u8();
  const code = (yield* lengthPrefixed(MIP2_LIMITS.code, "SetupResponse.code")).toString("utf8");
  return { ticket, status, code };
}

function encodeFrame(type: FrameType, ...fields: Buffer[]): Buffer {
  const length = fields.reduce((sum, field) => sum + field.length, 0);
  return Buffer.concat([encodeU8(type), encodeU32(length), ...fields]);
}

export function encodeHandshake(
  value: Mip2Handshake,
  type: typeof FrameType.handshake | typeof FrameType.spare = FrameType.handshake,
): Buffer {
  return encodeFrame(
    type,
    encodeU8(value.identifierType),
    encodeLengthPrefixed(value.identifier),
    value.nonce,
    Buffer.of(value.versions.length, ...value.versions),
  );
}

export function encodeChallenge(value: Challenge): Buffer {
  return encodeFrame(
    FrameType.challenge,
    encodeU8(value.version),
    encodeLengthPrefixed(value.proxyId),
    value.nonce,
  );
}

export function encodeSetupRequest(value: Mip2SetupRequest): Buffer {
  return encodeFrame(
    FrameType.setupRequest,
    value.ticket,
    encodeLengthPrefixed(value.proxyHost),
    encodeU32(value.proxyPort),
    encodeLengthPrefixed(value.desktop),
  );
}

export function encodeSetupResponse(value: Mip2SetupResponse): Buffer {
  return encodeFrame(
    FrameType.setupResponse,
    value.ticket,
    encodeU8(value.status),
    encodeLengthPrefixed(value.code),
  );
}

export function encodePing(type: typeof FrameType.ping | typeof FrameType.pong, payload: Buffer): Buffer {
  return encodeFrame(type, payload);
}

/** Any of the JSON frames. The value must fit the frame's schema in `messages.ts`. */
export function encodeJsonFrame(type: JsonFrameType, value: unknown): Buffer {
  return encodeFrame(type, Buffer.from(JSON.stringify(value), "utf8"));
}
