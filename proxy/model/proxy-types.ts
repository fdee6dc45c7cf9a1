/** What the parts of the proxy, and those who use it, say to each other. */
import type { AgentRole, HostPort, MachineStatus, TypedEventEmitter } from "../../protocol/index.ts";
import type { AuditAction } from "./audit-actions.ts";

export type { HostPort };

/** Paths of PEM files. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** What happens in the proxy, for the pages' live updates. Each event is small and names ids only. */
export interface ProxyEvents {
  "agent.changed": { agentId: string };
  "desktop.changed": { desktopId: string };
  "session.changed": { sessionId: string; desktopId: string };
  "machine.state": { agentId: string; machine: MachineStatus };
  "machine.removed": { agentId: string; machineId: string };
  "image.changed": { agentId: string };
}

/** A listener's promise holds the agent's next frame back ({@link TypedEventEmitter.deliver}). */
export type ProxyEventEmitter = TypedEventEmitter<ProxyEvents, void | Promise<void>>;

export interface ConnectedAgent {
  readonly id: string;
  readonly name: string;
  readonly kind: AgentRole | "mip1";
  /** A host that may have machines. */
  readonly admitted: boolean;
}

/** Where the server is to listen. */
export interface ListenOptions {
  /** TLS: web, WebSocket, agents. Port 0: any. */
  readonly listen: HostPort;
  /** Plain RFB; null: none. */
  readonly rfbListen: HostPort | null;
  /** UltraVNC's repeater, mode II: for viewers, and for VNC servers that dial in; absent: none. */
  readonly repeaterViewers?: HostPort | null;
  readonly repeaterServers?: HostPort | null;
}

/** Where the server listens. */
export interface ListeningAddresses {
  readonly listen: HostPort;
  readonly rfb: HostPort | null;
  readonly repeaterViewers?: HostPort | null;
  readonly repeaterServers?: HostPort | null;
}

/** A number for UltraVNC's repeater protocol. */
export interface RepeaterId {
  readonly number: string;
  readonly expiresAt: number;
}

export interface IssuedTicket {
  /** wss://ADVERTISED/rfb */
  readonly url: string;
  /** Sub-protocols to offer: `binary`, and one that carries the ticket. */
  readonly protocols: readonly string[];
  readonly expiresAt: number;
}

/** Who reads the audit log. */
export type AuditReader = Pick<AuditEntry, "actor" | "actorName" | "source" | "method" | "tokenId">;

export interface AuditEntry {
  readonly action: AuditAction;
  readonly outcome: "success" | "failure";
  /** The user's id. */
  readonly actor?: string;
  readonly actorName?: string;
  /** A code of docs/errors.md. */
  readonly reason?: string;
  readonly source?: { readonly address: string; readonly port: number };
  /** The other one of two peers. */
  readonly otherSource?: { readonly address: string; readonly port: number };
  readonly sessionId?: string;
  readonly desktopId?: string;
  readonly desktopName?: string;
  readonly machineId?: string;
  readonly machineName?: string;
  readonly agentId?: string;
  /** A data disk, as `OWNER/NAME`. */
  readonly diskName?: string;
  /** The id of a token, never its value. */
  readonly tokenId?: string;
  /** The name of who made the token. */
  readonly tokenOwner?: string;
  /** The account that something was done to: id and name. */
  readonly targetId?: string;
  readonly targetName?: string;
  /** The group: id and name. */
  readonly groupId?: string;
  readonly groupName?: string;
  readonly grantId?: string;
  /** What a grant is about, as `desktop:lab-*`; the labels that were set. */
  readonly grant?: string;
  /** The credential: `token`, `ticket`, … */
  readonly method?: string;
  /** The transport: `rfb`, `websocket`, … */
  readonly transport?: string;
  readonly role?: string;
  /** A number of items or bytes. */
  readonly count?: number;
  readonly bytesToViewer?: number;
  readonly bytesToServer?: number;
  readonly durationMs?: number;
}
