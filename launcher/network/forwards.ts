import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { z } from "zod";
import { LaunchError } from "../../protocol/index.ts";
import { OUTER } from "./addresses.ts";
import type { PortForward } from "./policy.ts";

const REPLY_MS = 5000;

const reply = z.object({
  return: z
    .object({ entries: z.array(z.object({ host_port: z.number(), proto: z.string() })).optional() })
    .optional(),
  error: z.object({ desc: z.string() }).optional(),
});

/**
 * Opens the host's ports that lead into a machine which runs; those that are open already stay. An adopted machine is
 * given those that its launcher did not come to.
 * @param apiSocket slirp4netns's
 * @throws LaunchError `FORWARD_FAILED`
 */
export async function openForwards(apiSocket: string, forwards: readonly PortForward[]): Promise<void> {
  if (forwards.length === 0) return;
  const { entries = [] } = await ask(apiSocket, { execute: "list_hostfwd" });
  for (const { protocol, hostAddress, hostPort } of forwards) {
    if (entries.some((entry) => entry.host_port === hostPort && entry.proto === protocol)) continue;
    await ask(apiSocket, {
      execute: "add_hostfwd",
      arguments: {
        proto: protocol,
        host_addr: hostAddress,
        host_port: hostPort,
        guest_addr: OUTER.self,
        guest_port: hostPort,
      },
    });
  }
}

/** One request per connection, in slirp4netns's words. */
async function ask(
  apiSocket: string,
  request: Readonly<Record<string, unknown>>,
): Promise<NonNullable<z.infer<typeof reply>["return"]>> {
  const socket = connect(apiSocket);
  socket.setTimeout(REPLY_MS, () => socket.destroy(new Error("slirp4netns does not answer")));
  try {
    await once(socket, "connect");
    socket.end(JSON.stringify(request));
    const answer = reply.parse(JSON.parse(await text(socket)));
    if (answer.error !== undefined) throw new Error(answer.error.desc);
    return answer.return ?? {};
  } catch (cause) {
    throw new LaunchError("FORWARD_FAILED", "a port could not be forwarded", {
      cause,
      safeMessage: "A port of the host could not be forwarded into the machine. It may be in use.",
    });
  } finally {
    socket.destroy();
  }
}
