import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Logger } from "pino";
import { systemClock } from "../../protocol/index.ts";
import {
  loadMasterKey,
  openProxy,
  openStores,
  type AccountRole,
  type HostPort,
  type Mip1Options,
  type Proxy,
} from "../../proxy/index.ts";
import { openWeb } from "../../web/index.ts";
import { loadSignInOptions } from "./sign-in-file.ts";
import { loadLimits, type LimitsFileOptions } from "./limits-file.ts";
import { locateAdminSocket, refuseIfAlreadyRunning } from "./check-start.ts";
import { openDataDir, openRuntimeDir, RUNTIME_FILE, writeAtomically } from "./data-dirs.ts";
import { nameProgram, quoteWord } from "../terminal/program-name.ts";
import { answerWhileStarting } from "./start-socket.ts";
import { openOrchestrator } from "../../orchestrator/index.ts";

export interface ServerOptions {
  readonly listen: HostPort;
  readonly rfbListen: HostPort | null;
  readonly repeaterViewers: HostPort | null;
  readonly repeaterServers: HostPort | null;
  readonly advertise: HostPort | null;
  readonly dataDir: string;
  /** `sqlite:PATH` or `postgres://…`; null: a SQLite file in the data folder. */
  readonly database: string | null;
  readonly allowOrigins: readonly string[];
  readonly mip1: Mip1Options;
  /** Null: browsers and viewers receive the service's own certificate. */
  readonly siteCertificate: { readonly cert: string; readonly key: string } | null;
  readonly proxyProtocolFrom: readonly string[];
  readonly trustedProxies: readonly string[];
  readonly limits: LimitsFileOptions;
  /** The file of the sign-in providers; null: this server's own accounts alone. */
  readonly signInFile: string | null;
  /** Roles whose people have to have a second factor. */
  readonly requireFactorFor: readonly AccountRole[];
  /** Whether people may ask for accounts; absent: no. */
  readonly signUp?: boolean;
  /** Names and passwords may be typed into viewers whose connection is not encrypted. */
  readonly plainSignIn: boolean;
  /** The folder of images that hosts get from this server. Null: none. */
  readonly imagesDir: string | null;
  /** Called once in the lifetime of the service, when everything listens. */
  readonly onFirstLogin: (login: FirstLoginCredentials) => void;
}

export interface FirstLoginCredentials {
  readonly name: string;
  readonly password: string;
}

export interface RunningServer {
  readonly proxy: Proxy;
  /** Of each listener, by its name. */
  readonly ports: Readonly<Record<string, number>>;
  close(): Promise<void>;
}

/** Opens state, proxy, orchestrator and web in this process, and logs when everything listens. */
export async function startServer(options: ServerOptions, log: Logger): Promise<RunningServer> {
  const dataDir = await openDataDir(options.dataDir);
  const runtimeDir = await openRuntimeDir(dataDir);
  await refuseIfAlreadyRunning(dataDir);
  const adminSocket = locateAdminSocket(dataDir);
  const endStart = await answerWhileStarting(runtimeDir);

  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const limits = await loadLimits(options.limits);
    const signIn = options.signInFile === null ? null : await loadSignInOptions(options.signInFile);
    const database = options.database ?? `sqlite:${join(dataDir, "postern.db")}`;
    const masterKey = await loadMasterKey(dataDir);
    const stores = await openStores({ database, masterKey }, systemClock);
    closers.push(() => stores.close());
    const {
      listen,
      rfbListen,
      repeaterViewers,
      repeaterServers,
      advertise,
      allowOrigins,
      siteCertificate,
      proxyProtocolFrom,
      trustedProxies,
      mip1,
      plainSignIn,
    } = options;
    const proxy = await openProxy({
      listen,
      rfbListen,
      repeaterViewers,
      repeaterServers,
      advertise,
      allowOrigins,
      mip1,
      siteCertificate,
      proxyProtocolFrom,
      trustedProxies,
      plainSignIn,
      dataDir,
      stores,
      log,
      clock: systemClock,
    });
    closers.push(() => proxy.close());
    const orchestrator = await openOrchestrator({
      proxy,
      imagesDir: options.imagesDir,
      quotas: limits,
      log,
      clock: systemClock,
    });
    closers.push(() => orchestrator.close());
    const web = await openWeb({
      proxy,
      orchestrator,
      adminSocket,
      clientDir: findClientDir(),
      ...(signIn !== null && { signIn }),
      ...(options.signInFile !== null && { signInFile: resolve(options.signInFile) }),
      requireFactorFor: options.requireFactorFor,
      behindProxies: trustedProxies.length + proxyProtocolFrom.length > 0,
      signUp: options.signUp ?? false,
      joinCommand: nameProgram(`postern join create --data ${quoteWord(dataDir)} --json`),
      log,
      clock: systemClock,
    });
    closers.push(() => web.close());
    orchestrator.start();
    await proxy.start(web.server, web.viewerSignIn);
    await writeAtomically(
      join(dataDir, RUNTIME_FILE),
      JSON.stringify({
        ...{ pid: process.pid, adminSocket, fingerprint: proxy.fingerprint },
        listen: proxy.addresses.listen,
      }),
      0o600,
    );
    // Last: a start that fails leaves no account whose password the next one would not tell.
    const login = await web.createFirstAdministrator();
    if (login !== null) options.onFirstLogin(login);
    return { proxy, ports: listPorts(proxy), close };
  } catch (error) {
    await close();
    throw error;
  } finally {
    await endStart();
  }
}

function listPorts(proxy: Proxy): Record<string, number> {
  const places = Object.entries(proxy.addresses) as [string, HostPort | null][];
  return Object.fromEntries(places.flatMap(([name, place]) => (place ? [[name, place.port]] : [])));
}

/** The built pages are beside the built programs. When the sources run, they are in dist/. */
function findClientDir(): string {
  const built = fileURLToPath(new URL("../../web/client", import.meta.url));
  return existsSync(join(built, "index.html")) && !existsSync(join(built, "tsconfig.json"))
    ? built
    : fileURLToPath(new URL("../../dist/web/client", import.meta.url));
}
