import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { once } from "node:events";
import http from "node:http";
import net from "node:net";
import { buffer } from "node:stream/consumers";
import { pino, type Logger } from "pino";
import { onTestFinished } from "vitest";
import type { ImageSummary, MachineStatus } from "../../protocol/index.ts";
import type { AccountRole, HostPort } from "../../proxy/index.ts";
import { quotaTable } from "../../orchestrator/index.ts";
import type { SignInOptions, Web } from "../../web/index.ts";
import { FakeProxy } from "./fake-proxy.ts";
import { ManualClock } from "./manual-clock.ts";
import { openNewStores } from "./migrated-database.ts";
import { openWebAndOrchestrator } from "./open-web-and-orchestrator.ts";

/** `admin`, `anna` and `ben` all have this password in tests. */
export const PASSWORD = "correct horse";
/** A cheap hash of {@link PASSWORD}: the parameters travel in it. */
const CHEAP_HASH = "$scrypt$ln=4,r=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$YHJsphM3HKAKftHfaVWhK5FVAPpM7ctGm4gr-cXDtME";

export interface WebResponse {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: unknown;
  readonly raw: Buffer;
}

export interface WebFixture {
  readonly web: Web;
  readonly proxy: FakeProxy;
  readonly clock: ManualClock;
  readonly dir: string;
  readonly socket: string;
  readonly port: number;
  readonly adminId: string;
  readonly annaId: string;
  /** A request as from a page of ours over TLS, with this cookie if given. */
  ask(method: string, url: string, options?: WebRequestOptions): Promise<WebResponse>;
  /** A request of the administrator on the Unix socket, with no header that a page would send. */
  askLocally(method: string, url: string, body?: unknown): Promise<WebResponse>;
  /** Signs in and returns the cookie. */
  signIn(name: string): Promise<string>;
}

interface WebRequestOptions {
  readonly as?: string | undefined;
  readonly body?: unknown;
  /** Instead of `body`: exactly this. */
  readonly payload?: string;
  /** Undefined takes a header away that `ask` would send by itself. */
  readonly headers?: Record<string, string | undefined>;
  readonly from?: string;
}

export interface WebFixtureOptions {
  readonly log?: Logger;
  readonly clientDir?: string;
  /** As `--limits` has them. */
  readonly limits?: unknown;
  /** As `--server-images`. */
  readonly imagesDir?: string;
  /** As the file of `--sign-in`. */
  readonly signIn?: SignInOptions;
  /** Default: one of its own. */
  readonly clock?: ManualClock;
  /** Roles that need a second factor. */
  readonly requireFactorFor?: readonly AccountRole[];
  /** Whether people may ask for accounts. */
  readonly signUp?: boolean;
  /** Where people find the server. */
  readonly advertise?: HostPort;
}

/** A web with real stores, a scripted proxy and a clock that stands still; everything ends with the test. */
export async function openWebFixture(options: WebFixtureOptions = {}): Promise<WebFixture> {
  const dir = await mkdtemp(path.join(tmpdir(), "postern-web-"));
  const clock = options.clock ?? new ManualClock();
  const stores = await openNewStores(dir, clock);
  const proxy = new FakeProxy(stores);
  if (options.advertise) proxy.advertised.web = options.advertise;
  const admin = await stores.users.add({ name: "admin", role: "admin", passwordHash: CHEAP_HASH });
  const anna = await stores.users.add({ name: "anna", role: "user", passwordHash: CHEAP_HASH });
  await stores.users.add({ name: "ben", role: "user", passwordHash: CHEAP_HASH });
  const socket = path.join(dir, "admin.sock");
  const web = await openWebAndOrchestrator({
    proxy,
    adminSocket: socket,
    clientDir: options.clientDir ?? path.join(dir, "pages"),
    quotas: quotaTable.parse(options.limits ?? {}),
    imagesDir: options.imagesDir ?? null,
    ...(options.requireFactorFor && { requireFactorFor: options.requireFactorFor }),
    ...(options.signUp !== undefined && { signUp: options.signUp }),
    ...(options.signIn && { signIn: options.signIn }),
    log: options.log ?? pino({ level: "silent" }),
    clock,
  });
  const front = await startHttpFront(web.server);
  onTestFinished(async () => {
    await web.close();
    await front.close();
    await stores.close();
    await rm(dir, { recursive: true });
  });
  const ask: WebFixture["ask"] = (method, url, request) =>
    askServer({ host: "127.0.0.1", port: front.port }, method, url, request);
  return {
    web,
    proxy,
    clock,
    dir,
    socket,
    port: front.port,
    adminId: admin.id,
    annaId: anna.id,
    ask,
    askLocally: (method, url, body) =>
      askServer({ socketPath: socket }, method, url, { body, headers: { "sec-fetch-site": "none" } }),
    signIn: async (name) =>
      cookieOf(await ask("POST", "/api/v1/login", { body: { name, password: PASSWORD } })),
  };
}

/** The cookie that an answer sets, as a browser sends it back. */
export function cookieOf(answer: WebResponse): string {
  const set = answer.headers["set-cookie"];
  return set?.[0]?.split(";")[0] ?? "";
}

async function askServer(
  target: http.RequestOptions,
  method: string,
  url: string,
  { as, body, payload: text, headers = {}, from }: WebRequestOptions = {},
): Promise<WebResponse> {
  const changes = method !== "GET" && method !== "HEAD";
  const payload = changes && method !== "DELETE" ? (text ?? JSON.stringify(body ?? {})) : "";
  const request = http.request({
    ...target,
    method,
    path: url,
    agent: false,
    ...(from !== undefined && { localAddress: from }),
    headers: withoutUndefined({
      host: "desk.test:8443",
      "sec-fetch-site": changes ? "same-origin" : undefined,
      "content-type": payload === "" ? undefined : "application/json",
      "content-length": payload === "" ? undefined : String(Buffer.byteLength(payload)),
      cookie: as,
      ...headers,
    }),
  });
  request.end(payload);
  const [response] = (await once(request, "response")) as [http.IncomingMessage];
  const raw = await buffer(response);
  const isJson =
    /^application\/(problem\+)?json\b/.test(response.headers["content-type"] ?? "") && raw.length > 0;
  const parsed: unknown = isJson ? JSON.parse(raw.toString()) : raw.toString();
  return { status: response.statusCode ?? 0, headers: response.headers, body: parsed, raw };
}

function withoutUndefined(headers: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

/** Hands its connections to the web as the proxy does with those that speak HTTP. */
async function startHttpFront(web: http.Server): Promise<{ port: number; close: () => Promise<void> }> {
  const front = net.createServer({ noDelay: true }, (socket) => {
    socket.on("error", () => undefined);
    web.emit("connection", socket);
  });
  front.listen(0, "127.0.0.1");
  await once(front, "listening");
  const { port } = front.address() as net.AddressInfo;
  return {
    port,
    close: async () => {
      front.close();
      await once(front, "close");
    },
  };
}

export const MEMTEST: ImageSummary = {
  id: "memtest86plus",
  title: "Memtest86+",
  description: "Tests the memory.",
  memoryMb: { default: 256, min: 64 },
  cpus: { default: 1, min: 1 },
  available: true,
};

export function makeMachineStatus(id: string, change: Partial<MachineStatus> = {}): MachineStatus {
  return {
    id,
    name: "m",
    image: MEMTEST.id,
    state: "preparing",
    cpus: 1,
    memoryMb: 256,
    since: 0,
    ...change,
  };
}
