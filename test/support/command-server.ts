import { mkdir } from "node:fs/promises";
import path from "node:path";
import { pino } from "pino";
import { vi } from "vitest";
import { createProgram } from "../../bin/program.ts";
import { startServer, type RunningServer } from "../../bin/programs/start-server.ts";

/** Runs a command in this process as a person does, and returns what it printed. */
export async function runCommand(...args: string[]): Promise<string> {
  let printed = "";
  const write = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    printed += String(text);
    return true;
  });
  try {
    await createProgram().parseAsync(args, { from: "user" });
  } finally {
    write.mockRestore();
  }
  return printed;
}

export interface CommandServer {
  readonly server: RunningServer;
  /** Its data folder. */
  readonly data: string;
  readonly admin: { readonly name: string; readonly password: string };
}

/** A server in this process, for commands in this process. The caller closes it and takes the environment back. */
export async function startCommandServer(folder: string): Promise<CommandServer> {
  vi.stubEnv("POSTERN_RUNTIME_DIR", path.join(folder, "run"));
  await mkdir(path.join(folder, "run"));
  const data = path.join(folder, "server");
  const anywhere = { host: "127.0.0.1", port: 0 };
  let admin = { name: "", password: "" };
  const server = await startServer(
    {
      ...{ listen: anywhere, rfbListen: null, repeaterViewers: null, repeaterServers: null, advertise: null },
      ...{ dataDir: data, database: null, allowOrigins: [], siteCertificate: null, proxyProtocolFrom: [] },
      mip1: { allow: [], endpoint: { host: "127.0.0.1", port: 5901 } },
      ...{ trustedProxies: [], limits: { file: null, user: {} }, signInFile: null, plainSignIn: false },
      ...{ requireFactorFor: [], imagesDir: null },
      onFirstLogin: (login) => (admin = login),
    },
    pino({ level: "silent" }),
  );
  return { server, data, admin };
}
