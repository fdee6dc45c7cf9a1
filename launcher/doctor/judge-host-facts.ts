import type { Finding } from "../model/finding.ts";
import { judgeGpuReadiness } from "../gpu/gpu-readiness.ts";
import { checkAccel } from "./checks/accel-check.ts";
import { checkQemu } from "./checks/qemu-check.ts";
import { checkCapacity } from "./checks/capacity-check.ts";
import {
  checkCertificate,
  checkClock,
  checkNetwork,
  checkNode,
  checkPort,
  checkSocket,
} from "./checks/environment-checks.ts";
import { checkTools } from "./checks/tools-check.ts";
import type { DoctorFacts } from "./doctor-facts.ts";

/** What the facts mean, in the order in which people read it. */
export function judgeHostFacts(facts: DoctorFacts): Finding[] {
  return [
    checkNode(facts.node),
    ...checkQemu(facts.qemu),
    ...checkAccel(facts.accel),
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
