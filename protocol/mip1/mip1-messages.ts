import { ProtocolError } from "../errors.ts";
import { encodeLengthPrefixed, encodeU32, encodeU8 } from "../bytes/encoders.ts";
import { text, u32, u8, type Grammar } from "../bytes/grammar.ts";

/**
 * MiP 1 as its specification defines it (appendix A.5 of the thesis): U8 type, then the fields. There is no
 * frame length, and all integers are big-endian. Old agents use it: they send one Handshake and Setup
 * responses, and receive Setup requests.
 */
export const Mip1MessageType = { handshake: 0, setupRequest: 1, setupResponse: 2 } as const;

/** Figure 26, and the *user* type that the programs also know. */
export const Mip1IdentifierType = { proxy: 0, virtualMachine: 1, resource: 2, user: 3 } as const;
export type Mip1IdentifierType = (typeof Mip1IdentifierType)[keyof typeof Mip1IdentifierType];

export const MIP1_LIMITS = {
  /** Of a job identifier, in bytes. */
  identifier: 1024,
  /** Of a host name, in bytes. */
  host: 255,
  /** Of a ticket, in bytes: the largest of figures 29 and 30. */
  ticket: 65355,
  port: 65535,
  status: 127,
} as const;

/** agent → proxy, once: identifies the agent. */
export interface Mip1Handshake {
  readonly type: typeof Mip1MessageType.handshake;
  readonly identifierType: Mip1IdentifierType;
  readonly identifier: string;
}

/** proxy → agent: dial `endpoint`, dial `proxy`, and connect the two under this ticket. */
export interface Mip1SetupRequest {
  readonly type: typeof Mip1MessageType.setupRequest;
  readonly ticket: number;
  readonly proxyHost: string;
  readonly proxyPort: number;
  readonly endpointHost: string;
  readonly endpointPort: number;
}

/**
 * agent → proxy: status 1 on the new data connection and again on the control connection; status 0 on the
 * control connection only.
 */
export interface Mip1SetupResponse {
  readonly type: typeof Mip1MessageType.setupResponse;
  readonly ticket: number;
  readonly status: number;
}

export type Mip1Message = Mip1Handshake | Mip1SetupRequest | Mip1SetupResponse;

/**
 * One message.
 * @throws ProtocolError `MIP1_MESSAGE`, LimitError `LENGTH_LIMIT`
 */
export function* readMip1Message(): Grammar<Mip1Message> {
  const type = yield* u8();
  switch (type) {
    case Mip1MessageType.handshake:
      return yield* readHandshake();
    case Mip1MessageType.setupRequest:
      return yield* readSetupRequest();
    case Mip1MessageType.setupResponse:
      return yield* readSetupResponse();
    default:
      throw new ProtocolError("MIP1_MESSAGE", `unknown MiP 1 message type ${type}`);
  }
}

function* readHandshake(): Grammar<Mip1Handshake> {
  const identifierType = yield* u8();
  if (!isIdentifierType(identifierType)) {
    throw new ProtocolError("MIP1_MESSAGE", `unknown MiP 1 identifier type ${identifierType}`);
  }
  const identifier = yield* text(MIP1_LIMITS.identifier, "MiP 1 identifier");
  return { type: Mip1MessageType.handshake, identifierType, identifier };
}

function isIdentifierType(value: number): value is Mip1IdentifierType {
  return value <= Mip1IdentifierType.user;
}

function* readSetupRequest(): Grammar<Mip1SetupRequest> {
  const ticket = yield* atMost(MIP1_LIMITS.ticket, "ticket", u32());
  const proxyHost = yield* text(MIP1_LIMITS.host, "MiP 1 proxy host");
  const proxyPort = yield* atMost(MIP1_LIMITS.port, "proxy port", u32());
  const endpointHost = yield* text(MIP1_LIMITS.host, "MiP 1 endpoint host");
  const endpointPort = yield* atMost(MIP1_LIMITS.port, "endpoint port", u32());
  return { type: Mip1MessageType.setupRequest, ticket, proxyHost, proxyPort, endpointHost, endpointPort };
}

function* readSetupResponse(): Grammar<Mip1SetupResponse> {
  const ticket = yield* atMost(MIP1_LIMITS.ticket, "ticket", u32());
  const status = yield* atMost(MIP1_LIMITS.status, "status", u8());
  return { type: Mip1MessageType.setupResponse, ticket, status };
}

function* atMost(max: number, what: string, field: Grammar<number>): Grammar<number> {
  const value = yield* field;
  if (value > max) throw new ProtocolError("MIP1_MESSAGE", `MiP 1 ${what} ${value} is above ${max}`);
  return value;
}

export function encodeMip1Message(message: Mip1Message): Buffer {
  switch (message.type) {
    case Mip1MessageType.handshake:
      return Buffer.concat([
        Buffer.of(message.type, message.identifierType),
        encodeLengthPrefixed(message.identifier),
      ]);
    case Mip1MessageType.setupRequest:
      return Buffer.concat([
        encodeU8(message.type),
        encodeU32(message.ticket),
        encodeLengthPrefixed(message.proxyHost),
        encodeU32(message.proxyPort),
        encodeLengthPrefixed(message.endpointHost),
        encodeU32(message.endpointPort),
      ]);
    case Mip1MessageType.setupResponse:
      return Buffer.concat([encodeU8(message.type), encodeU32(message.ticket), encodeU8(message.status)]);
  }
}
