import { readdir, readFile, readlink } from "node:fs/promises";
import { createServer } from "node:net";
import { formatHostPort } from "../../protocol/index.ts";
import { adviceFinding, missingFinding, okFinding, type Finding } from "../model/finding.ts";

export interface PortFacts {
  readonly address: string;
  readonly state: "free" | "busy" | "forbidden" | "no-address";
  /** The process that listens there, as far as this account may see. */
  readonly by: string | null;
  /** Whether it is the server of the data folder. */
  readonly ours: boolean;
  /** Whether the port was asked for, and is not a default. */
  readonly asked: boolean;
}

export interface PortQuestion {
  readonly host: string;
  readonly port: number;
  readonly asked: boolean;
}

/** Listens for a moment, to learn whether a server could. @param serverPid the process that may listen already */
export async function collectPortFacts(question: PortQuestion, serverPid: number | null): Promise<PortFacts> {
  const { host, port, asked } = question;
  const address = formatHostPort({ host, port });
  const state = await tryToListen(host, port);
  const pid = state === "busy" ? await findListener(port) : null;
  const name = pid === null ? null : await readFile(`/proc/${pid}/comm`, "utf8").catch(() => null);
  return {
    ...{ address, state, asked },
    by: name === null ? null : `${name.trim()} (process ${pid ?? ""})`,
    ours: pid !== null && pid === serverPid,
  };
}

function tryToListen(host: string, port: number): Promise<PortFacts["state"]> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve("busy");
      else resolve(error.code === "EACCES" ? "forbidden" : "no-address");
    });
    server.listen({ host, port, exclusive: true }, () => {
      server.close(() => {
        resolve("free");
      });
    });
  });
}

/** The process that listens on a port; null where this account may not see it. */
async function findListener(port: number): Promise<number | null> {
  const inodes = new Set<string>();
  for (const table of ["tcp", "tcp6"]) {
    const text = await readFile(`/proc/net/${table}`, "utf8").catch(() => "");
    for (const inode of listListeningInodes(text, port)) inodes.add(`socket:[${inode}]`);
  }
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    for (const fd of await readdir(`/proc/${pid}/fd`).catch(() => [])) {
      const target = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => "");
      if (inodes.has(target)) return Number(pid);
    }
  }
  return null;
}

/** Inodes of sockets in state LISTEN (0A) on a port, from /proc/net/tcp. */
export function listListeningInodes(table: string, port: number): string[] {
  const hexPort = port.toString(16).toUpperCase().padStart(4, "0");
  return table.split("\n").flatMap((line) => {
    const [, local = "", , state, , , , , , inode] = line.trim().split(/\s+/);
    return state === "0A" && local.endsWith(`:${hexPort}`) && inode !== undefined ? [inode] : [];
  });
}

export function checkPort({ address, state, by, ours, asked }: PortFacts): Finding {
  const wrong = asked ? missingFinding : adviceFinding;
  switch (state) {
    case "free":
      return okFinding("port", `${address} is free.`);
    case "busy":
      return ours
        ? okFinding("port", `The server listens on ${address}.`)
        : wrong(
            "port",
            `${address} is taken${by === null ? "" : ` by ${by}`}.`,
            "Stop it, or give --listen another port.",
          );
    case "forbidden":
      return wrong(
        "port",
        `${address} is closed to this account.`,
        "Choose a port above 1023, run as root, or: sysctl net.ipv4.ip_unprivileged_port_start=0",
      );
    case "no-address":
      return wrong(
        "port",
        `${address} is no address of this machine.`,
        "ip address shows those that it has.",
      );
  }
}
