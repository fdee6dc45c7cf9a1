import { isIP } from "node:net";
import { z } from "zod";
import { GUEST_ADDRESS, TimeoutError, type Clock } from "../../protocol/index.ts";
import { AgentConnection } from "./agent-connection.ts";

/** How long an agent may take for one answer, in milliseconds. */
const ANSWER_MS = 5000;
/** How long a whole conversation may take, in milliseconds. */
const CONVERSATION_MS = 10_000;
/** Addresses of one guest that are told. */
const MAX_ADDRESSES = 8;

const interfaces = z.array(
  z.object({ "ip-addresses": z.array(z.object({ "ip-address": z.string().max(64) })).default([]) }),
);

/** A guest's QEMU agent. What it says comes from the guest and proves nothing to the host. */
interface GuestChannel {
  /** The machine's `guestAgentSocket`: one conversation at a time. */
  readonly socket: string;
  readonly clock: Clock;
  /** Ends the conversation. */
  readonly signal: AbortSignal;
}

/**
 * Sets the guest's clock to the host's.
 * @see https://qemu.readthedocs.io/en/v7.2.0/interop/qemu-ga-ref.html
 * @throws LaunchError `GUEST_AGENT_REFUSED`, TimeoutError `GUEST_AGENT_SILENT`, PeerClosed `GUEST_AGENT_CLOSED`
 */
export function setGuestTime(channel: GuestChannel): Promise<void> {
  return converse(channel, async (agent) => {
    // In nanoseconds, as a number: JSON of JavaScript would round it, by less than a microsecond.
    await agent.ask("guest-set-time", { time: channel.clock.now() * 1_000_000 }, ANSWER_MS);
  });
}

/** The guest's addresses, without those that lead nowhere from outside. @throws as {@link setGuestTime} */
export function readGuestAddresses(channel: GuestChannel): Promise<string[]> {
  return converse(channel, async (agent) => {
    const found = interfaces.safeParse(await agent.ask("guest-network-get-interfaces", {}, ANSWER_MS));
    const all = (found.data ?? []).flatMap((one) => one["ip-addresses"].map((each) => each["ip-address"]));
    return [...new Set(all)].filter(isTold).slice(0, MAX_ADDRESSES);
  });
}

/** What servers take: without the zone of one link, which isIP allows. */
function isTold(address: string): boolean {
  return isIP(address) !== 0 && GUEST_ADDRESS.test(address) && !isLocal(address);
}

/** Loopback, and addresses of one link. */
function isLocal(address: string): boolean {
  return /^(?:127\.|169\.254\.|::1$|fe[89ab][0-9a-f]:)/i.test(address);
}

async function converse<T>(
  { socket, clock, signal }: GuestChannel,
  ask: (agent: AgentConnection) => Promise<T>,
): Promise<T> {
  // An agent that sends leftovers without end, each in time, would keep the machine's queue for good.
  const deadline = new AbortController();
  const cancel = clock.after(CONVERSATION_MS, () => {
    deadline.abort(new TimeoutError("GUEST_AGENT_SILENT", "the guest agent's conversation has no end"));
  });
  const both = AbortSignal.any([signal, deadline.signal]);
  let agent: AgentConnection | undefined;
  try {
    agent = await AgentConnection.open(socket, { clock, timeoutMs: ANSWER_MS, signal: both });
    return await ask(agent);
  } finally {
    cancel();
    agent?.close();
  }
}
