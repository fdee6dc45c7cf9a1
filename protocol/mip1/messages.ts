import { ProtocolError } from "../errors.ts";
import { encodeLengthPrefixed, encodeU32, encodeU8 } from "../bytes/encode.ts";
import { text, u32, u8, type Grammar } from "../bytes/grammar.ts";

/**
 * MiP 1 as its specification has it (appendix A.5 of the thesis): U8 type, then the fields; no frame length, all integers
 * big-endian. Agents of that time speak it: one Handshake, Setup responses from them, Setup requests to them.
 */
export const MessageType = { handshake: 0, setupRequest: 1, setupResponse: 2 } as const;

/** Figure 26, and the *user* that the programs know beside it. */
export const IdentifierType = { proxy: 0, virtualMachine: 1, resource: 2, user: 3 } as const;
export type IdentifierType = (typeof IdentifierType)[keyof typeof IdentifierType];

export const LIMITS = {
  /** Bytes of a job identifier. */
  identifier: 1024,
  /** Bytes of a host name. */
  host: 255,
  /** The largest ticket, as figures 29 and 30 have it. */
  ticket: 65355,
  port: 65535,
  status: 127,
} as const;

/** agent → proxy, once: who it is. */
export interface Handshake {
  readonly type: typeof MessageType.handshake;
  readonly identifierType: IdentifierType;
  readonly identifier: string;
}

/** proxy → agent: dial `endpoint`, dial `proxy`, and bring the two together under this ticket. */
export interface SetupRequest {
  readonly type: typeof MessageType.setupRequest;
  readonly ticket: number;
  readonly proxyHost: string;
  readonly proxyPort: number;
  readonly endpointHost: string;
  readonly endpointPort: number;
}

/** agent → proxy: status 1 on the new data connection and again on the control connection, 0 on the latter alone. */
export interface SetupResponse {
  readonly type: typeof MessageType.setupResponse;
  readonly ticket: number;
  readonly status: number;
}

export type Message = Handshake | SetupRequest | SetupResponse;

/**
 * One message.
 * @throws ProtocolError `MIP1_MESSAGE`, LimitError `LENGTH_LIMIT`
 */
export function* readMessage(): Grammar<Message> {
  const type = yield* u8();
  switch (type) {
    case MessageType.handshake:
      return yield* readHandshake();
    case MessageType.setupRequest:
      return yield* readSetupRequest();
    case MessageType.setupResponse:
      return yield* readSetupResponse();
    default:
      throw new ProtocolError("MIP1_MESSAGE", `unknown MiP 1 message type ${type}`);
  }
}

function* readHandshake(): Grammar<Handshake> {
  const identifierType = yield* u8();
  if (!isIdentifierType(identifierType)) {
    throw new ProtocolError("MIP1_MESSAGE", `unknown MiP 1 identifier type ${identifierType}`);
  }
  const identifier = yield* text(LIMITS.identifier, "MiP 1 identifier");
  return { type: MessageType.handshake, identifierType, identifier };
}

function isIdentifierType(value: number): value is IdentifierType {
  return value <= IdentifierType.user;
}

function* readSetupRequest(): Grammar<SetupRequest> {
  const ticket = yield* atMost(LIMITS.ticket, "ticket", u32());
  const proxyHost = yield* text(LIMITS.host, "MiP 1 proxy host");
  const proxyPort = yield* atMost(LIMITS.port, "proxy port", u32());
  const endpointHost = yield* text(LIMITS.host, "MiP 1 endpoint host");
  const endpointPort = yield* atMost(LIMITS.port, "endpoint port", u32());
  return { type: MessageType.setupRequest, ticket, proxyHost, proxyPort, endpointHost, endpointPort };
}

function* readSetupResponse(): Grammar<SetupResponse> {
  const ticket = yield* atMost(LIMITS.ticket, "ticket", u32());
  const status = yield* atMost(LIMITS.status, "status", u8());
  return { type: MessageType.setupResponse, ticket, status };
}

function* atMost(max: number, what: string, field: Grammar<number>): Grammar<number> {
  const value = yield* field;
  if (value > max) throw new ProtocolError("MIP1_MESSAGE", `MiP 1 ${what} ${value} is above ${max}`);
  return value;
}

export function encodeMessage(message: Message): Buffer {
  switch (message.type) {
    case MessageType.handshake:
      return Buffer.concat([
        Buffer.of(message.type, message.identifierType),
        encodeLengthPrefixed(message.identifier),
      ]);
    case MessageType.setupRequest:
      return Buffer.concat([
        encodeU8(message.type),
        encodeU32(message.ticket),
        encodeLengthPrefixed(message.proxyHost),
        encodeU32(message.proxyPort),
        encodeLengthPrefixed(message.endpointHost),
        encodeU32(message.endpointPort),
      ]);
    case MessageType.setupResponse:
      return Buffer.concat([encodeU8(message.type), encodeU32(message.ticket), encodeU8(message.status)]);
  }
}
