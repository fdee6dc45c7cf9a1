import type http from "node:http";
import type { Logger } from "pino";
import type { Clock } from "../../protocol/index.ts";
import type { Proxy } from "../../proxy/index.ts";
import { buildApp } from "./build-app.ts";
import { guardLogin, guardSite } from "./guard/caller.ts";
import { sendSecurityHeaders } from "./guard/headers.ts";
import { listenOnAdminSocket } from "./listen/admin-socket.ts";
import { Live } from "./live/live.ts";
import { Streams } from "./live/streams.ts";
import { createFirstLogin, type FirstLogin } from "./login/first-login.ts";
import { Logins } from "./login/logins.ts";
import { Passwords } from "./login/passwords.ts";
import { LoginThrottle } from "./login/throttle.ts";
import { Catalogue } from "./machines/catalogue.ts";
import { NO_LIMITS, type LimitTable } from "./machines/limits/limits.ts";
import { DiskRoom } from "./disks/index.ts";
import { ServerImages } from "./images/index.ts";
import { Looks } from "./machines/looks.ts";
import { openMachineRoom } from "./machines/machine-room.ts";
import { servePages } from "./pages.ts";
import { routeAdministration } from "./routes/administration.ts";
import { routeAuthorityActs } from "./routes/authority.ts";
import { routeAudit } from "./routes/audit.ts";
import { routeDisks } from "./routes/disks.ts";
import { routeDesktops } from "./routes/desktops.ts";
import { routeEvents } from "./routes/events.ts";
import { routeHosts } from "./routes/hosts.ts";
import { routeLogin } from "./routes/login.ts";
import { routeMachineActs } from "./routes/machine-acts.ts";
import { routeMachines } from "./routes/machines.ts";
import { routeRepeater } from "./routes/repeater.ts";
import { routeAuthority, routeAuthorityFile, routeHealth, routeService } from "./routes/service.ts";
import { routeTokens } from "./routes/tokens.ts";
import { takeSnapshot } from "./view/snapshot.ts";

export interface WebOptions {
  readonly proxy: Proxy;
  /** Path of the administrator's Unix socket, at most 107 bytes; made with mode 0600. */
  readonly adminSocket: string;
  /** The built pages. */
  readonly clientDir: string;
  /** What people may have of machines; absent: no limits. */
  readonly limits?: LimitTable;
  /** Images that hosts get from this server; absent: none. */
  readonly imagesDir?: string | null;
  readonly log: Logger;
  readonly clock: Clock;
}

export interface Web {
  /** For `proxy.start()`, which hands it every connection that speaks HTTP. */
  readonly server: http.Server;
  /** The administrator that this start made, password in plaintext; null: there was an account already. */
  readonly firstLogin: FirstLogin | null;
  /** Ends every request and stream and removes the socket. Idempotent. Does not close the proxy. */
  close(): Promise<void>;
}

/**
 * Opens the REST API and the pages; listens on the administrator's socket when it returns.
 * @throws ConfigError `ADMIN_SOCKET_PATH`, `ADMIN_SOCKET_IN_USE`, `SERVER_IMAGES`
 */
export async function openWeb(options: WebOptions): Promise<Web> {
  const { proxy, adminSocket, clientDir, limits = NO_LIMITS, log, clock } = options;
  const { stores } = proxy;
  const passwords = new Passwords();
  const logins = new Logins(stores, clock);
  const throttle = new LoginThrottle(clock);
  const { imagesDir = null } = options;
  const images = imagesDir === null ? null : await ServerImages.open(imagesDir, clock, log);
  const catalogue = new Catalogue(proxy, images, log);
  const snapshot = () =>
    takeSnapshot(proxy, {
      imageTitle: (image) => catalogue.titleOf(image),
      takesScripts: (image) => catalogue.takesScripts(image),
    });
  const live = new Live({ proxy, takeSnapshot: snapshot, clock, log });
  const streams = new Streams(live, logins, clock);
  const disks = new DiskRoom({ proxy, clock, log });
  const machines = openMachineRoom({ proxy, catalogue, images, disks, live, limits, clock, log });
  const looks = new Looks(clock);

  const app = await buildApp(log);
  await sendSecurityHeaders(app, () => proxy.advertised.web);
  guardSite(app, { stores, requesterOf: (request) => proxy.requesterOf(request) });
  routeHealth(app, proxy);
  routeAuthorityFile(app, proxy);
  await servePages(app, clientDir);
  await app.register(
    (api, _options, done) => {
      guardLogin(api, logins);
      api.addHook("onRequest", async (_request, reply) => {
        void reply.header("cache-control", "no-store");
      });
      routeHealth(api, proxy);
      routeAuthority(api, proxy);
      routeAuthorityActs(api, proxy);
      routeLogin(api, {
        proxy,
        logins,
        passwords,
        throttle,
        endStreams: (hash) => {
          streams.endLogin(hash);
        },
      });
      routeService(api, proxy);
      routeDesktops(api, proxy, snapshot);
      routeMachines(api, { proxy, room: machines, screens: machines.screens, looks, takeSnapshot: snapshot });
      routeMachineActs(api, proxy, machines, snapshot);
      routeHosts(api, proxy, catalogue, machines);
      routeDisks(api, proxy, disks);
      routeTokens(api, { proxy, clock, takeSnapshot: snapshot });
      routeAdministration(api, proxy);
      routeRepeater(api, proxy, snapshot);
      routeAudit(api, proxy);
      routeEvents(api, streams);
      done();
    },
    { prefix: "/api/v1" },
  );

  let closed: Promise<void> | undefined;
  const close = (): Promise<void> =>
    (closed ??= (async () => {
      machines.close();
      disks.close();
      await images?.close();
      live.close();
      streams.close();
      await app.close();
    })());
  try {
    await listenOnAdminSocket(app, adminSocket);
    // Only now: had the start failed here, nobody would have seen the password.
    const firstLogin = await createFirstLogin(stores, passwords);
    machines.placeSoon();
    return { server: app.server, firstLogin, close };
  } catch (error) {
    await close();
    throw error;
  }
}
