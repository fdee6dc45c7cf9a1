import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import https from "node:https";
import path from "node:path";
import { pino } from "pino";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { createProgram } from "../../../../bin/program.ts";
import { startServer, type RunningServer } from "../../../../bin/programs/start-server.ts";
import { askOverHttps } from "../../../../bin/remote/https-request.ts";
import { CleanupStack } from "../../../support/cleanup-stack.ts";

const cleanup = new CleanupStack();
let server: RunningServer;
let url: string;
let folder: string;
let ca: string;
let admin: { name: string; password: string };

/** Runs a command as a person does, and returns what it printed. */
async function run(...args: string[]): Promise<string> {
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

const data = () => path.join(folder, "server");
const list = () => path.join(folder, "config", "postern", "servers.json");
const readList = async () => JSON.parse(await readFile(list(), "utf8")) as Record<string, { token: string }>;

/** A person's browser. */
class Person {
  #cookie = "";

  async signIn(): Promise<void> {
    const answer = await this.ask("POST", "/login", admin);
    this.#cookie = answer.headers.getSetCookie()[0]?.split(";")[0] ?? "";
  }

  async ask(
    method: string,
    path_: string,
    body?: unknown,
  ): Promise<{ status: number; headers: Headers; text: string }> {
    const payload = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const headers = {
        "sec-fetch-site": "same-origin",
        cookie: this.#cookie,
        ...(payload !== undefined && { "content-type": "application/json" }),
      };
      const request = https.request(
        new URL(`/api/v1${path_}`, url),
        { method, ca, headers, agent: false },
        (response) => {
          let text = "";
          response.on("data", (chunk: Buffer) => (text += chunk.toString()));
          response.on("end", () => {
            const sent = new Headers();
            for (const cookie of response.headers["set-cookie"] ?? []) sent.append("set-cookie", cookie);
            resolve({ status: response.statusCode ?? 0, headers: sent, text });
          });
        },
      );
      request.on("error", reject);
      request.end(payload);
    });
  }
}

beforeAll(async () => {
  folder = await cleanup.makeFolder();
  vi.stubEnv("POSTERN_RUNTIME_DIR", path.join(folder, "run"));
  await mkdir(path.join(folder, "run"));
  const anywhere = { host: "127.0.0.1", port: 0 };
  server = await startServer(
    {
      ...{ listen: anywhere, rfbListen: null, repeaterViewers: null, repeaterServers: null, advertise: null },
      ...{ dataDir: data(), database: null, allowOrigins: [], siteCertificate: null, proxyProtocolFrom: [] },
      mip1: { allow: [], endpoint: { host: "127.0.0.1", port: 5901 } },
      ...{
        trustedProxies: [],
        limits: { file: null, user: {} },
        signInFile: null,
        requireFactorFor: [],
        plainSignIn: false,
        imagesDir: null,
      },
      onFirstLogin: (login) => (admin = login),
    },
    pino({ level: "silent" }),
  );
  ca = server.proxy.authority.certificate;
  url = `https://127.0.0.1:${server.ports["listen"]}`;
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await server.close();
  await cleanup.close();
});
beforeEach(async () => {
  vi.stubEnv("XDG_CONFIG_HOME", path.join(folder, "config"));
  await writeFile(path.join(folder, "ca.pem"), ca);
});

async function makeToken(...scopes: string[]): Promise<string> {
  const flags = scopes.flatMap((scope) => ["--scope", scope]);
  const made = await run("api-token", "create", "--name", "tests", ...flags, "--data", data(), "--json");
  const { token } = JSON.parse(made) as { token: string };
  const file = path.join(folder, "token");
  await writeFile(file, `${token}\n`, { mode: 0o600 });
  return file;
}

test("with a token: commands go to the server elsewhere, until logout ends the token there", async () => {
  const file = await makeToken("read", "admin");
  const { fingerprint } = server.proxy;
  const signed = await run(
    "login",
    url,
    "--token-file",
    file,
    "--fingerprint",
    fingerprint,
    "--name",
    "desk",
    "--json",
  );
  expect(JSON.parse(signed)).toEqual({ server: "desk", url, user: admin.name, role: "admin" });
  expect((await stat(list())).mode & 0o777).toBe(0o600);
  const users = JSON.parse(await run("user", "list", "--server", "desk", "--json")) as { name: string }[];
  expect(users.map(({ name }) => name)).toEqual([admin.name]);
  await expect(run("vm", "start", "m", "--server", "desk")).rejects.toMatchObject({
    code: "MACHINE_UNKNOWN",
  });
  await expect(run("token", "create", "--desktop", "d", "--server", "desk")).rejects.toMatchObject({
    code: "SCOPE_REQUIRED",
    exitCode: 4,
  });
  const { token } = (await readList())["desk"]!;
  await run("logout", "desk");
  expect(await readList()).toEqual({});
  const question = { method: "GET", url, path: "/api/v1/me", ca, token };
  expect(await askOverHttps(question)).toMatchObject({ status: 401 });
  await expect(run("user", "list", "--server", "desk")).rejects.toMatchObject({ code: "SERVER_UNKNOWN" });
});

test("without one: a person types the code at the page, gives less than was asked for, and the command goes on", async () => {
  const person = new Person();
  await person.signIn();
  let shown = "";
  const write = vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    shown += String(text);
    return true;
  });
  const signing = run(
    "login",
    url,
    "--ca",
    path.join(folder, "ca.pem"),
    "--name",
    "desk",
    "--scope",
    "read",
    "--scope",
    "machines",
  );
  await vi.waitFor(() => expect(shown).toMatch(/[A-Z]{4}-[A-Z]{4}/), { timeout: 10_000 });
  write.mockRestore();
  const [code = ""] = /[A-Z]{4}-[A-Z]{4}/.exec(shown) ?? [];
  expect(shown).toContain(`${url}/device`);
  const question = await person.ask("GET", `/device-logins/${code.toLowerCase()}`);
  expect(JSON.parse(question.text)).toMatchObject({ scopes: ["read", "machines"], address: "127.0.0.1" });
  expect((await person.ask("POST", `/device-logins/${code}/confirm`, { scopes: ["admin"] })).status).toBe(
    404,
  );
  expect((await person.ask("POST", `/device-logins/${code}/confirm`, { scopes: ["read"] })).status).toBe(204);
  await signing;
  expect(await run("vm", "list", "--server", "desk", "--json")).toBe("[]\n");
  await expect(run("vm", "create", "none", "--server", "desk")).rejects.toMatchObject({
    code: "SCOPE_REQUIRED",
  });
  await run("logout");
});

test("what does not prove who it is gets no token", async () => {
  const file = await makeToken("read");
  await expect(run("login", url, "--token-file", file)).rejects.toMatchObject({
    code: "SERVER_UNTRUSTED",
    exitCode: 3,
  });
  const wrong = "0".repeat(64);
  await expect(run("login", url, "--token-file", file, "--fingerprint", wrong)).rejects.toMatchObject({
    code: "FINGERPRINT_WRONG",
  });
  await expect(run("login", url.replace("https", "http"))).rejects.toMatchObject({ code: "SERVER_URL" });
  await writeFile(path.join(folder, "no-token"), "hello\n");
  await expect(run("login", url, "--token-file", path.join(folder, "no-token"))).rejects.toMatchObject({
    code: "TOKEN_FILE",
  });
  await expect(run("vm", "list")).rejects.toMatchObject({ code: "SERVER_UNNAMED" });
});
