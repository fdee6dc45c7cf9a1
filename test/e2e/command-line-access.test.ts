// What the command line promises about getting in: tokens, tickets, lists, and the WebSocket path /rfb.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { CleanupStack } from "../support/cleanup-stack.ts";
import { type PosternServer, runPostern, startAgentProgram, startServerProgram } from "../support/postern.ts";
import { connectRfb, connectRfbOverWebSocket } from "../support/rfb-client.ts";
import { waitFor } from "../support/wait-for.ts";
import { startXvnc, type Xvnc } from "../support/xvnc.ts";

const DESKTOP = "lab-1";
const SHARED_NAME = "bench";
const LISTED = "https://portal.example.org";

const shared = new CleanupStack();
const cleanup = new CleanupStack();
let server: PosternServer;
let xvnc: Xvnc;

beforeAll(async () => {
  [server, xvnc] = await Promise.all([
    startServerProgram(shared, { args: ["--allow-origin", LISTED] }),
    startXvnc(shared, { name: "secret-name" }),
  ]);
  for (const name of ["first", "second"]) {
    const desktops = { [SHARED_NAME]: xvnc.endpoint, ...(name === "first" && { [DESKTOP]: xvnc.endpoint }) };
    await startAgentProgram(shared, server, { desktops, args: ["--name", name] });
  }
});
afterEach(() => cleanup.close());
afterAll(() => shared.close());

async function view(password: string): Promise<string> {
  const viewer = await connectRfb(cleanup, { host: "127.0.0.1", port: server.rfb });
  return (await viewer.handshake({ password })).name;
}

interface Made {
  readonly id: string;
  readonly token: string;
  readonly expiresAt: number;
  readonly address: string;
}

describe("tokens", () => {
  test("have 8 characters, live an hour, and may be used again until then", async () => {
    const before = Date.now();
    const made = await server.ask<Made>("token", "create", "--desktop", DESKTOP);
    expect(made.token).toMatch(/^[A-Za-z0-9]{8}$/);
    expect(made.address).toBe(`127.0.0.1:${server.rfb}`);
    expect(made.expiresAt).toBeGreaterThanOrEqual(before + 3_600_000);
    expect(made.expiresAt).toBeLessThan(Date.now() + 3_601_000);
    expect(await view(made.token)).toBe(DESKTOP);
    expect(await view(made.token)).toBe(DESKTOP);
  });

  test("end with their --ttl, or when they are revoked", async () => {
    const short = await server.ask<Made>("token", "create", "--desktop", DESKTOP, "--ttl", "2");
    expect(await view(short.token)).toBe(DESKTOP);
    await waitFor("its end", () => Date.now() > short.expiresAt);
    await expect(view(short.token)).rejects.toThrow(/wrong or has expired/);
    const long = await server.ask<Made>("token", "create", "--desktop", DESKTOP);
    const { code } = await runPostern(["token", "revoke", long.id, "--data", server.data]);
    expect(code).toBe(0);
    await expect(view(long.token)).rejects.toThrow(/wrong or has expired/);
  });

  test("are not made for nonsense", async () => {
    const create = ["token", "create", "--data", server.data, "--desktop"];
    const cases: [string[], number, RegExp][] = [
      [[...create, "nowhere"], 1, /no desktop of this name/],
      [[...create, DESKTOP, "--ttl", "0"], 2, /--ttl/],
      [[...create, DESKTOP, "--ttl", "soon"], 2, /--ttl/],
      [[...create, DESKTOP, "--role", "king"], 2, /view, control/],
    ];
    for (const [args, code, words] of cases) {
      const result = await runPostern(args);
      expect({ args, ...result }).toMatchObject({ code, stdout: "" });
      expect(result.stderr).toMatch(words);
    }
  });

  test("an ambiguous name ends with status 2 and the choices on standard error; each choice works", async () => {
    for (const what of ["token", "ticket"]) {
      const args = [what, "create", "--data", server.data, "--desktop", SHARED_NAME, "--json"];
      const { code, stdout, stderr } = await runPostern(args);
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr.split("\n").map((line) => line.trim())).toEqual(
        expect.arrayContaining([`first/${SHARED_NAME}`, `second/${SHARED_NAME}`]),
      );
    }
    expect(await view(await server.createToken(`second/${SHARED_NAME}`))).toBe(SHARED_NAME);
  });
});

test("lists are arrays of objects with id, name and state", async () => {
  await view(await server.createToken(DESKTOP));
  for (const list of ["desktop", "session", "token"]) {
    const rows = await server.ask<Record<string, unknown>[]>(list, "list");
    expect(rows.length, list).toBeGreaterThan(0);
    for (const row of rows)
      for (const key of ["id", "name", "state"]) expect(row, list).toHaveProperty(key, expect.any(String));
  }
  expect(await server.ask("vm", "list")).toEqual([]);
});

test("--advertise is what tickets and tokens say", async () => {
  const args = ["--advertise", "desk.example.org:4433"];
  const other = await startServerProgram(cleanup, { args });
  await startAgentProgram(cleanup, other, { desktops: { [DESKTOP]: xvnc.endpoint } });
  expect((await other.createTicket(DESKTOP)).url).toBe("wss://desk.example.org:4433/rfb");
  const { address } = await other.ask<Made>("token", "create", "--desktop", DESKTOP);
  expect(address).toBe(`desk.example.org:${other.rfb}`);
});

describe("the WebSocket path /rfb", () => {
  const connect = (protocols: string[], headers: Record<string, string> = {}, path = "/rfb") =>
    connectRfbOverWebSocket(cleanup, `wss://127.0.0.1:${server.listen}${path}`, protocols, { headers });

  test("takes no Origin, a listed one and our own; others are refused", async () => {
    for (const headers of [{}, { origin: LISTED }, { origin: server.origin }])
      expect((await connect(["binary"], headers)).protocol).toBe("binary");
    for (const origin of ["https://evil.example.org", `${LISTED}.evil.org`, "null", `${LISTED}:444`])
      await expect(connect(["binary"], { origin }), origin).rejects.toThrow("403");
  });

  test("takes no sub-protocol, or `binary` out of a list; others are refused", async () => {
    expect((await connect([])).protocol).toBe("");
    expect((await connect(["binary"])).protocol).toBe("binary");
    expect((await connect(["binary", "base64"])).protocol).toBe("binary");
    for (const protocols of [["base64"], ["binary", "postern.ticket.short"]])
      await expect(connect(protocols), protocols.join()).rejects.toThrow("400");
    await expect(connect([], {}, "/other")).rejects.toThrow("404");
  });

  test("with a ticket the answer is `binary` and security None; it works once", async () => {
    const { url, protocols } = await server.createTicket(DESKTOP);
    expect(new URL(url)).toMatchObject({ host: `127.0.0.1:${server.listen}`, pathname: "/rfb", search: "" });
    expect(protocols[0]).toBe("binary");
    const viewer = await connect(protocols);
    expect(viewer.protocol).toBe("binary");
    expect(await viewer.handshake()).toMatchObject({ offered: [1], name: DESKTOP });
    await expect((await connect(protocols)).handshake()).rejects.toThrow(/used already/);
  });

  test("without a ticket the token is asked for in-band", async () => {
    const viewer = await connect(["binary"]);
    const password = await server.createToken(DESKTOP);
    expect(await viewer.handshake({ password })).toMatchObject({
      offered: [2],
      name: DESKTOP,
    });
  });

  test("a text message ends the connection", async () => {
    const { WebSocket } = await import("ws");
    const socket = new WebSocket(`wss://127.0.0.1:${server.listen}/rfb`, { rejectUnauthorized: false });
    const code = await new Promise((resolve, reject) => {
      socket.on("error", reject);
      socket.on("open", () => {
        socket.send("RFB 003.008\n");
      });
      socket.on("close", resolve);
    });
    expect(code).toBe(1003);
  });
});
