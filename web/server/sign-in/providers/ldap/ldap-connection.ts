import { once } from "node:events";
import { connect, isIP, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls, type PeerCertificate, type TLSSocket } from "node:tls";
import { BindRequest, ExtendedRequest, FilterParser, SearchRequest } from "ldapts";
import {
  Conversation,
  errorCode,
  LimitError,
  TimeoutError,
  type Clock,
} from "../../../../../protocol/index.ts";
import { isLoopbackAddress } from "../../../../../proxy/index.ts";
import { LDAP_FAULTS, LdapFault, type CertificateNames } from "./ldap-faults.ts";
import {
  ldapMessage,
  MalformedLdap,
  OversizedLdap,
  type LdapAnswer,
  type LdapEntry,
  type LdapResult,
} from "./ldap-messages.ts";

/** Connection and TLS of one address; then the next one is tried. */
const LDAP_CONNECT_LIMIT_MS = 2500;
/** Everything that a directory sends on one connection. */
const MAX_LDAP_BYTES = 4_194_304;
/** References to other servers in one search; none is followed. */
const MAX_LDAP_REFERENCES = 100;
/** What the directory itself is asked to spend on a search, in seconds. */
const SEARCH_SECONDS = 5;
const MAX_CERTIFICATE_NAME = 120;

const START_TLS = "1.3.6.1.4.1.1466.20037";

export interface LdapTarget {
  /** As the administrator wrote it. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly security: "tls" | "startTls" | "none";
  /** Whose certificate is expected: a name or an address. */
  readonly identity: string;
  /** PEM; absent: the authorities that Node.js comes with. */
  readonly ca: string | undefined;
}

export interface LdapSearch {
  readonly base: string;
  readonly scope: "base" | "sub";
  readonly filter: string;
  readonly attributes: readonly string[];
  /** More entries than that end the connection. */
  readonly limit: number;
}

export interface LdapFindings {
  readonly result: LdapResult;
  readonly entries: readonly LdapEntry[];
}

/**
 * One connection to a directory: encrypted before anything is said, bounded in time and bytes, one request at a time. Whatever goes
 * wrong is an {@link LdapFault}, and then the connection is of no more use.
 */
export class LdapConnection {
  readonly #target: LdapTarget;
  readonly #socket: Socket;
  readonly #conversation: Conversation;
  #lastId = 0;

  private constructor(target: LdapTarget, socket: Socket, conversation: Conversation) {
    this.#target = target;
    this.#socket = socket;
    this.#conversation = conversation;
  }

  /** @param limitMs for all that is done on the connection. @throws LdapFault */
  static async open(target: LdapTarget, clock: Clock, limitMs: number): Promise<LdapConnection> {
    const endsAt = clock.monotonic() + limitMs;
    const gaveUp = new AbortController();
    const cancel = clock.after(Math.min(LDAP_CONNECT_LIMIT_MS, limitMs), () => {
      gaveUp.abort(new LdapFault(LDAP_FAULTS.timedOut(target.url)));
    });
    const { signal } = gaveUp;
    const socket = connect({ host: target.host, port: target.port, noDelay: true });
    // A failure has been told by then, or nobody waits for the connection any more.
    socket.on("error", () => undefined);
    try {
      await awaitConnect(socket, target, signal);
      const limits = { deadlineMs: endsAt - clock.monotonic(), maxBytes: MAX_LDAP_BYTES };
      const conversation = new Conversation(socket, limits, clock, signal);
      const connection = new LdapConnection(target, socket, conversation);
      try {
        await connection.#secure(signal);
      } catch (error) {
        connection.close();
        throw error;
      }
      return connection;
    } catch (error) {
      socket.destroy();
      throw signal.aborted ? signal.reason : error;
    } finally {
      cancel();
    }
  }

  /** A simple bind. A name without a password would be a success that proves nothing: it is never sent. @throws LdapFault */
  bind(dn: string, password: string): Promise<LdapResult> {
    if (dn === "" || password === "") throw new Error("a bind needs a name and a password");
    return this.#bind(dn, password);
  }

  /** Back to nobody's rights. @throws LdapFault */
  bindAnonymously(): Promise<LdapResult> {
    return this.#bind("", "");
  }

  async #bind(dn: string, password: string): Promise<LdapResult> {
    const id = this.#nextId();
    const answer = await this.#ask(id, new BindRequest({ messageId: id, dn, password }));
    if (answer.kind !== "bind") throw new LdapFault(LDAP_FAULTS.malformed(this.#target.url));
    return answer.result;
  }

  /** Aliases and references are not followed. @throws LdapFault */
  async search({ base, scope, filter, attributes, limit }: LdapSearch): Promise<LdapFindings> {
    const id = this.#nextId();
    const request = new SearchRequest({
      messageId: id,
      baseDN: base,
      scope,
      filter: FilterParser.parseString(filter),
      attributes: [...attributes],
      sizeLimit: limit,
      timeLimit: SEARCH_SECONDS,
    });
    const entries: LdapEntry[] = [];
    let references = 0;
    let answer = await this.#ask(id, request);
    for (; answer.kind !== "done"; answer = await this.#read(id)) {
      if (answer.kind === "entry") entries.push(answer.entry);
      else if (answer.kind === "reference") references += 1;
      else throw new LdapFault(LDAP_FAULTS.malformed(this.#target.url));
      if (entries.length > limit || references > MAX_LDAP_REFERENCES)
        throw new LdapFault(LDAP_FAULTS.tooMuch(this.#target.url));
    }
    return { result: answer.result, entries };
  }

  /** Idempotent. */
  close(): void {
    this.#conversation.release().destroy();
    this.#socket.destroy();
  }

  async #secure(signal: AbortSignal): Promise<void> {
    const { security, url } = this.#target;
    if (security === "none") return;
    if (security === "startTls") {
      const id = this.#nextId();
      const answer = await this.#ask(id, new ExtendedRequest({ messageId: id, oid: START_TLS }));
      if (answer.kind !== "extended") throw new LdapFault(LDAP_FAULTS.malformed(url));
      if (answer.result.code !== 0) throw new LdapFault(LDAP_FAULTS.startTlsRefused(url, answer.result.code));
    }
    await this.#guard(() =>
      this.#conversation.replaceStream((stream) => openTls(stream, this.#target, signal)),
    );
  }

  #nextId(): number {
    return (this.#lastId += 1);
  }

  async #ask(id: number, request: { write(): Buffer }): Promise<LdapAnswer> {
    await this.#guard(() => this.#conversation.write(request.write()));
    return this.#read(id);
  }

  async #read(id: number): Promise<LdapAnswer> {
    const message = await this.#guard(() => this.#conversation.read(ldapMessage()));
    const { url } = this.#target;
    if (message.id === 0) throw new LdapFault(LDAP_FAULTS.closed(url));
    if (message.id !== id) throw new LdapFault(LDAP_FAULTS.malformed(url));
    return message.answer;
  }

  async #guard<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw describeFault(error, this.#target.url);
    }
  }
}

function describeFault(error: unknown, url: string): LdapFault {
  if (error instanceof LdapFault) return error;
  if (error instanceof MalformedLdap) return new LdapFault(LDAP_FAULTS.malformed(url), error);
  if (error instanceof OversizedLdap || error instanceof LimitError)
    return new LdapFault(LDAP_FAULTS.tooMuch(url), error);
  if (error instanceof TimeoutError) return new LdapFault(LDAP_FAULTS.timedOut(url), error);
  return new LdapFault(LDAP_FAULTS.closed(url), error);
}

async function awaitConnect(socket: Socket, target: LdapTarget, signal: AbortSignal): Promise<void> {
  try {
    await once(socket, "connect", { signal });
  } catch (error) {
    throw new LdapFault(LDAP_FAULTS.cannotConnect(target.url, errorCode(error)), error);
  }
  if (target.security === "none" && !isLoopbackAddress(socket.remoteAddress ?? ""))
    throw new LdapFault(LDAP_FAULTS.notLoopback(target.url));
}

/** When this returns, the certificate holds: authority, dates and name, as Node.js judges them. */
async function openTls(stream: Duplex, target: LdapTarget, signal: AbortSignal): Promise<TLSSocket> {
  const { url, identity, ca } = target;
  // What came with the answer to STARTTLS was not encrypted and must not be taken for what comes next.
  if (stream.readableLength > 0) throw new LdapFault(LDAP_FAULTS.startTlsInjected(url));
  const secured = connectTls({
    socket: stream,
    host: identity,
    ...(isIP(identity) === 0 && { servername: identity }),
    ...(ca !== undefined && { ca }),
    minVersion: "TLSv1.2",
    // So that the administrator can be told whose certificate it is. Nothing is said to one that does not hold.
    rejectUnauthorized: false,
  });
  secured.on("error", () => undefined);
  try {
    await once(secured, "secureConnect", { signal });
    if (!secured.authorized) throw describeDistrust(secured, target);
    return secured;
  } catch (error) {
    secured.destroy();
    if (error instanceof LdapFault) throw error;
    throw new LdapFault(LDAP_FAULTS.tlsFailed(url, errorCode(error)), error);
  }
}

function describeDistrust(secured: TLSSocket, { url, identity }: LdapTarget): LdapFault {
  // Node.js keeps the code where its type says an error.
  const code = String(secured.authorizationError);
  const certificate = nameCertificate(secured.getPeerCertificate());
  const isName = code === "ERR_TLS_CERT_ALTNAME_INVALID";
  return new LdapFault(
    isName
      ? LDAP_FAULTS.certificateName(url, identity, certificate)
      : LDAP_FAULTS.certificateAuthority(url, code, certificate),
  );
}

/** Of one that has shown none, nothing is known. */
function nameCertificate(peer: Partial<PeerCertificate>): CertificateNames {
  return {
    names: shorten(peer.subjectaltname ?? peer.subject?.CN ?? "?"),
    issuer: shorten(peer.issuer?.CN ?? peer.issuer?.O ?? "?"),
  };
}

function shorten(name: string | string[]): string {
  const text = [name]
    .flat()
    .join(", ")
    .replace(/[^\p{L}\p{N}\p{P}\p{S} ]/gu, "?");
  return text.length > MAX_CERTIFICATE_NAME ? `${text.slice(0, MAX_CERTIFICATE_NAME)}…` : text;
}
