import type { Accel } from "../../protocol/index.ts";
import type { GpuReadinessFacts } from "../gpu/gpu-readiness.ts";

/** How long the little probe guest took, in milliseconds; null: it did not come to its end. */
export interface AccelFacts {
  readonly device: "absent" | "closed" | "open";
  /** Whether KVM is worth using; null: not tried. */
  readonly result: { readonly accel: Accel; readonly why: string } | null;
  readonly kvmMs: number | null;
  readonly tcgMs: number | null;
}

export interface NodeFacts {
  /** `v26.10.0` */
  readonly version: string;
  /** It is the one that set-up brought along, not the system's. */
  readonly isBundled: boolean;
}

export interface QemuFacts {
  /** `7.2.22`; null: there is no qemu-system-x86_64. */
  readonly version: string | null;
  /** Every device it can emulate. */
  readonly devices: readonly string[];
  readonly img: boolean;
}

export interface ToolFacts {
  readonly virtiofsd: boolean;
  readonly virtCustomize: boolean;
  /** A kernel that this account may read, for libguestfs. */
  readonly readableKernel: boolean;
  readonly swtpm: boolean;
  readonly uefi: boolean;
}

export interface CapacityFacts {
  readonly memoryBytes: number;
  readonly memoryFreeBytes: number;
  readonly processors: number;
  /** Where machines live. */
  readonly folder: string;
  readonly diskFreeBytes: number;
}

export interface PortFacts {
  readonly address: string;
  readonly state: "free" | "busy" | "forbidden" | "no-address";
  /** Who listens there, as far as this account may see. */
  readonly by: string | null;
  /** It is the server of the data folder. */
  readonly ours: boolean;
  /** Somebody asked for this very port. */
  readonly asked: boolean;
}

export interface CertificateFacts {
  readonly address: string;
  /** Null: no TLS answers there. */
  readonly shown: { readonly subject: string; readonly notBefore: number; readonly notAfter: number } | null;
}

/** What the network of machines can do; the same words as the launcher's own probe. */
export interface NetworkFacts {
  readonly kind: "namespace" | "restricted";
  readonly obstacles?: readonly { readonly what: string; readonly remedy: string }[];
}

/** Everything that `doctor` looked at. */
export interface DoctorFacts {
  readonly node: NodeFacts;
  readonly accel: AccelFacts;
  readonly qemu: QemuFacts;
  readonly tools: ToolFacts;
  readonly capacity: CapacityFacts;
  readonly gpu: GpuReadinessFacts;
  /** Null: not looked at. */
  readonly network: NetworkFacts | null;
  readonly ports: readonly PortFacts[];
  /** Null: not a server's data folder. */
  readonly certificate: CertificateFacts | null;
  readonly clock: { readonly now: number; readonly synchronized: boolean | null };
  /** The longest path of a socket of each kind. */
  readonly sockets: readonly { readonly path: string; readonly remedy: string }[];
}
