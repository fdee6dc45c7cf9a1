import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { z } from "zod";
import { LaunchError } from "../../protocol/index.ts";
import { SLIRP_NETWORK } from "./network-addresses.ts";
import type { PortForward } from "./network-policy.ts";

const REPLY_MS = 5000;

/** What was asked for, or `error`; an order that was followed is answered by `return`. */
const reply = z.object({
  entries: z.array(z.object({ proto: z.string(), host_addr: z.string(), host_port: z.number() })).default([]),
  error: z.object({ desc: z.string() }).optional(),
});

/**
 * Opens the host's ports that lead into a running machine; those that are open stay. An adopted machine gets those that
 * its former launcher did not open.
 * @param apiSocket slirp4netns's
 * @throws LaunchError `FORWARD_FAILED`
 */
export async function openPortForwards(apiSocket: string, forwards: readonly PortForward[]): Promise<void> {
  if (forwards.length === 0) return;
  const { entries } = await ask(apiSocket, { execute: "list_hostfwd" });
  for (const { protocol, hostAddress, hostPort } of forwards) {
    const isOpen = entries.some(
      (entry) => entry.proto === protocol && entry.host_addr === hostAddress && entry.host_port === hostPort,
    );
    if (isOpen) continue;
    await ask(apiSocket, {
      execute: "add_hostfwd",
      arguments: {
        proto: protocol,
        host_addr: hostAddress,
        host_port: hostPort,
        guest_addr: SLIRP_NETWORK.self,
        guest_port: hostPort,
      },
    });
  }
}

/** One request per connection, in slirp4netns's API. */
async function ask(
  apiSocket: string,
  request: Readonly<Record<string, unknown>>,
): Promise<z.infer<typeof reply>> {
  const socket = connect(apiSocket);
  socket.setTimeout(REPLY_MS, () => socket.destroy(new Error("slirp4netns does not answer")));
  try {
    await once(socket, "connect");
    socket.end(JSON.stringify(request));
    const answer = reply.parse(JSON.parse(await text(socket)));
    if (answer.error !== undefined) throw new Error(answer.error.desc);
    return answer;
  } catch (cause) {
    throw new LaunchError("FORWARD_FAILED", "a port could not be forwarded", {
      cause,
      safeMessage: "A port of the host could not be forwarded into the machine. It may be in use.",
    });
  } finally {
    socket.destroy();
  }
}
