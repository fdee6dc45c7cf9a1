import type { TestCertificate } from "../../support/certificate-files.ts";
import type { CleanupStack } from "../../support/cleanup-stack.ts";
import type { GuacamoleAddress } from "../desktops/guacamole-session.ts";
import type { RfbAddress } from "../stream/viewer-connection.ts";

export interface PeerContext {
  readonly cleanup: CleanupStack;
  readonly certificate: TestCertificate;
  /** The VNC server on 127.0.0.1 that viewers are to reach. */
  readonly vncPort: number;
}

/** One way to the VNC server. */
export interface Target {
  /** As `--only` takes it. */
  readonly name: string;
  readonly title: string;
  /** The target with the same kind of viewer whose figures count as 1. */
  readonly reference: "haproxy" | "haproxy-tls";
  readonly route:
    | { readonly kind: "rfb"; readonly address: RfbAddress }
    | { readonly kind: "guacamole"; readonly address: GuacamoleAddress };
  /** The processes whose work is counted, with their children. */
  readonly pids: readonly number[];
}

/** A gateway to compare with. */
export interface Peer {
  /** As `--only` takes it: all its targets. */
  readonly name: string;
  /** The targets that {@link start} gives. */
  readonly targets: readonly string[];
  /** What brings the programs that are not on this machine; undefined when they are all there. */
  findMissing(): string | undefined;
  /** Starts it; `cleanup` stops it. */
  start(context: PeerContext): Promise<Target[]>;
}
