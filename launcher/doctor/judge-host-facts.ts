import { judgeGpuReadiness, type GpuReadinessFacts } from "../gpu/gpu-readiness.ts";
import type { Finding } from "../model/finding.ts";
import { checkAccel, type AccelFacts } from "./accel.ts";
import { checkAccount, type AccountFacts } from "./account.ts";
import { checkCapacity, type CapacityFacts } from "./capacity.ts";
import { checkCertificate, type CertificateFacts } from "./certificate.ts";
import { checkClock, type ClockFacts } from "./time-sync.ts";
import {
  checkNetwork,
  checkNode,
  checkSocket,
  type NetworkFacts,
  type NodeFacts,
  type SocketFacts,
} from "./environment.ts";
import { checkPort, type PortFacts } from "./port.ts";
import { checkQemu, checkTools, type QemuFacts, type ToolFacts } from "./programs.ts";

/** Everything that `doctor` collects. */
export interface DoctorFacts {
  readonly node: NodeFacts;
  readonly accel: AccelFacts;
  readonly account: AccountFacts;
  readonly qemu: QemuFacts;
  readonly tools: ToolFacts;
  readonly capacity: CapacityFacts;
  readonly gpu: GpuReadinessFacts;
  /** Null: not examined. */
  readonly network: NetworkFacts | null;
  readonly ports: readonly PortFacts[];
  /** Null: not a server's data folder. */
  readonly certificate: CertificateFacts | null;
  readonly clock: ClockFacts;
  /** The longest path of a socket of each kind. */
  readonly sockets: readonly SocketFacts[];
}

/** The findings, in the order in which they are shown. */
export function judgeHostFacts(facts: DoctorFacts): Finding[] {
  return [
    checkNode(facts.node),
    ...checkQemu(facts.qemu),
    ...checkAccel(facts.accel),
    ...checkAccount(facts.account),
    ...checkCapacity(facts.capacity),
    ...checkNetwork(facts.network),
    ...checkTools(facts.tools, facts.qemu),
    ...judgeGpuReadiness(facts.gpu),
    ...facts.ports.map(checkPort),
    ...checkCertificate(facts.certificate, facts.clock.now),
    checkClock(facts.clock),
    ...facts.sockets.map(checkSocket),
  ];
}
