import type { Finding } from "../finding.ts";
import { judgeGpuReadiness } from "../gpu/index.ts";
import { checkAccel } from "./checks/accel.ts";
import { checkQemu } from "./checks/qemu.ts";
import { checkRoomOfHost } from "./checks/room.ts";
import {
  checkCertificate,
  checkClock,
  checkNetwork,
  checkNode,
  checkPort,
  checkSocket,
} from "./checks/surroundings.ts";
import { checkTools } from "./checks/tools.ts";
import type { DoctorFacts } from "./facts.ts";

/** What the facts mean, in the order in which people read it. */
export function judgeHost(facts: DoctorFacts): Finding[] {
  return [
    checkNode(facts.nodeVersion),
    ...checkQemu(facts.qemu),
    ...checkAccel(facts.accel),
    ...checkRoomOfHost(facts.room),
    ...checkNetwork(facts.network),
    ...checkTools(facts.tools, facts.qemu),
    ...judgeGpuReadiness(facts.gpu),
    ...facts.ports.map(checkPort),
    ...checkCertificate(facts.certificate, facts.clock.now),
    checkClock(facts.clock),
    ...facts.sockets.map(checkSocket),
  ];
}
