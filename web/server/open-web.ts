import type http from "node:http";
import type { Logger } from "pino";
import { ConfigError, formatHostPort, type Clock } from "../../protocol/index.ts";
import {
  LOCAL_PROVIDER,
  type AccountRole,
  type AuditEntry,
  type PeopleSignIn,
  type Proxy,
} from "../../proxy/index.ts";
import { buildApp } from "./build-app.ts";
import { BearerGuard } from "./guard/bearer.ts";
import { guardLogin, guardSite } from "./guard/caller.ts";
import { rolesWith } from "./guard/powers.ts";
import { answerRepeatedRequests } from "./guard/answer-repeated-requests.ts";
import { sendSecurityHeaders } from "./guard/security-headers.ts";
import { listenOnAdminSocket } from "./listen/admin-socket.ts";
import { LiveUpdates } from "./live/live-updates.ts";
import { EventStreamRegistry } from "./live/event-stream-registry.ts";
import { createFirstAdministrator, type FirstAdministrator } from "./sign-in/first-administrator.ts";
import { ApiTokens } from "./sign-in/api-tokens.ts";
import { DeviceLogins } from "./sign-in/device-logins.ts";
import { Invitations } from "./sign-in/invitations.ts";
import { SignUps } from "./sign-in/sign-ups.ts";
import { AccountLinker } from "./sign-in/account-linker.ts";
import { Confirmations } from "./sign-in/confirmations.ts";
import { Devices } from "./sign-in/devices.ts";
import { FactorGate } from "./sign-in/factors/factor-gate.ts";
import { PasskeyChallenges } from "./sign-in/factors/passkey-challenges.ts";
import { Passkeys } from "./sign-in/factors/passkeys.ts";
import { SecondFactors } from "./sign-in/factors/second-factors.ts";
import { GroupMemberships } from "./sign-in/group-memberships.ts";
import { Logins } from "./sign-in/logins.ts";
import { isLoopbackHost } from "./sign-in/loopback.ts";
import { Passwords } from "./sign-in/passwords.ts";
import { PasswordThrottle } from "./sign-in/password-throttle.ts";
import {
  describeSignInOptions,
  LOCAL_SIGN_IN,
  openSignInProviders,
  type SignInOptions,
} from "./sign-in/providers/index.ts";
import { ProviderTests } from "./sign-in/provider-tests.ts";
import { RedirectSignIn } from "./sign-in/redirect-sign-in.ts";
import { SignInService } from "./sign-in/sign-in-service.ts";
import { SignInSteps } from "./sign-in/sign-in-steps.ts";
import type { Orchestrator } from "../../orchestrator/index.ts";
import { HealthCheck } from "./view/health.ts";
import { ScreenViews } from "./view/screen-views.ts";
import { servePages } from "./serve-pages.ts";
import { routeAccess } from "./routes/access-routes.ts";
import { routeAccount } from "./routes/account-routes.ts";
import { routeAdministration } from "./routes/administration-routes.ts";
import { routeAuthorityRotation } from "./routes/authority-routes.ts";
import { routeApiTokens } from "./routes/api-token-routes.ts";
import { routeDeviceLogins } from "./routes/device-login-routes.ts";
import { routeAudit } from "./routes/audit-routes.ts";
import { routeDisks } from "./routes/disk-routes.ts";
import { routeDocs } from "./routes/docs-routes.ts";
import { routeDesktops } from "./routes/desktop-routes.ts";
import { routeEvents } from "./routes/event-routes.ts";
import { routeFactors } from "./routes/factor-routes.ts";
import { routeGrants } from "./routes/grant-routes.ts";
import { routeGroups } from "./routes/group-routes.ts";
import { routeHosts } from "./routes/host-routes.ts";
import { routeInvitations } from "./routes/invitation-routes.ts";
import { routeLogin } from "./routes/login-routes.ts";
import { routeMachineCommands } from "./routes/machine-command-routes.ts";
import { routeMachines } from "./routes/machine-routes.ts";
import { routeRedirectSignIn } from "./routes/redirect-sign-in-routes.ts";
import { routeRepeater } from "./routes/repeater-routes.ts";
import { routeAuthority, routeAuthorityFile, routeHealth, routeService } from "./routes/service-routes.ts";
import { routeSignInSettings } from "./routes/sign-in-settings-routes.ts";
import { routeSignUps } from "./routes/sign-up-routes.ts";
import { routeTokens } from "./routes/token-routes.ts";
import { routeUsers } from "./routes/user-routes.ts";
import { openViewerSignIn } from "./viewer-sign-in.ts";
import { loadReadModel, type LoadReadModel } from "./view/read-model.ts";

export interface WebOptions {
  readonly proxy: Proxy;
  readonly orchestrator: Orchestrator;
  /** Path of the administrator's Unix socket, at most 107 bytes; made with mode 0600. */
  readonly adminSocket: string;
  /** The built pages. */
  readonly clientDir: string;
  /** The sign-in providers that are used; absent: the server's own accounts. */
  readonly signIn?: SignInOptions;
  /** The file that says so. */
  readonly signInFile?: string;
  /** Roles whose people have to have a second factor; absent: none. */
  readonly requireFactorFor?: readonly AccountRole[];
  /** Proxies in front of it bring people of other computers. */
  readonly behindProxies?: boolean;
  /** Whether people may ask for accounts of this server; absent: no. */
  readonly signUp?: boolean;
  /** What an administrator types on the server for a join secret; absent: the page shows none. */
  readonly joinCommand?: string;
  readonly log: Logger;
  readonly clock: Clock;
}

export interface Web {
  /** For `proxy.start()`, which hands it every connection that speaks HTTP. */
  readonly server: http.Server;
  /** For `proxy.start()`: people who sign in from VNC viewers. */
  readonly viewerSignIn: PeopleSignIn;
  /**
   * Makes the first account, if there is none; password in plaintext. Null: there was an account already. To be called once the
   * start can fail no more: a password that nobody saw cannot be had again.
   * @throws RequestError `AUDIT_UNAVAILABLE`
   */
  createFirstAdministrator(): Promise<FirstAdministrator | null>;
  /** Ends every request and stream and removes the socket. Idempotent. Closes neither proxy nor orchestrator. */
  close(): Promise<void>;
}

/**
 * Opens the REST API and the pages; listens on the administrator's socket when it returns.
 * When this fails, nothing of it stays open.
 * @throws ConfigError `ADMIN_SOCKET_PATH`, `ADMIN_SOCKET_IN_USE`
 */
export async function openWeb(options: WebOptions): Promise<Web> {
  const { proxy, orchestrator, adminSocket, clientDir, log, clock } = options;
  const { stores } = proxy;
  await using opened = new AsyncDisposableStack();
  const passwords = new Passwords();
  const logins = new Logins(stores, clock);
  const apiTokens = new ApiTokens(stores, clock);
  const deviceLogins = new DeviceLogins(stores.deviceLogins, clock);
  const throttle = new PasswordThrottle(clock);
  const devices = await Devices.open(stores.service);
  const pagesUrl = () => new URL(`https://${formatHostPort(proxy.advertised.web)}`).href;
  const loopbackOnly =
    options.behindProxies !== true &&
    [proxy.addresses.listen.host, proxy.advertised.web.host].every(isLoopbackHost);
  const { signUp = false } = options;
  const services = { stores, passwords, clock, log, pagesUrl, loopbackOnly };
  const signInOptions = options.signIn ?? LOCAL_SIGN_IN;
  const providers = openSignInProviders(signInOptions, services);
  for (const { provider } of providers) opened.defer(() => provider.close?.());
  const local = providers.find(({ kind }) => kind === LOCAL_PROVIDER) ?? null;
  if (signUp && local === null)
    throw new ConfigError(
      "SIGN_IN_OPTIONS",
      'Who asks for an account gets a password here: add the provider "local".',
    );
  const audit = (entry: AuditEntry): void => {
    proxy.audit(entry);
  };
  const auditDurably = (entry: AuditEntry): Promise<void> => proxy.auditDurably(entry);
  const steps = new SignInSteps(stores.signInSteps, clock);
  const advertised = () => proxy.advertised.web;
  const challenges = await PasskeyChallenges.open(stores.service, steps, clock);
  const passkeys = new Passkeys({ advertised, challenges });
  const factors = new SecondFactors({ stores, passkeys, advertised, audit, clock });
  const requireFor = options.requireFactorFor ?? [];
  const gate = new FactorGate({ users: stores.users, factors, requireFor, auditDurably });
  const memberships = new GroupMemberships({ groups: stores.groups, auditDurably });
  const linker = new AccountLinker({ users: stores.users, memberships, auditDurably, audit });
  const signUps = new SignUps({ store: stores.signUps, passwords, clock });
  const signIn = new SignInService({
    ...{ providers, linker, steps, factors, gate, throttle, audit, log },
    users: stores.users,
    ...(signUp && { signUps }),
  });
  const invitations = new Invitations({
    ...{ stores, passwords, throttle, clock, pagesUrl },
    makers: rolesWith("administer"),
  });
  const mailing = providers.find(({ provider }) => provider.sendMail !== undefined)?.provider;
  const confirmations = new Confirmations({
    ...{ providers, factors, throttle, proxy, clock },
    logins: stores.logins,
  });
  const redirects = new RedirectSignIn({ providers, signIn, steps, throttle, audit, log });
  const { catalogue, events } = orchestrator;
  const images = {
    imageTitle: (image: string) => catalogue.titleOf(image),
    takesScripts: (image: string) => catalogue.takesScripts(image),
    guestAddresses: (machineId: string) => orchestrator.addresses.of(machineId),
  };
  const readModel: LoadReadModel = (scope) => loadReadModel(proxy, images, scope);
  const liveUpdates = new LiveUpdates({ proxy, events, loadReadModel: readModel, clock, log });
  const live = opened.adopt(liveUpdates, (it) => {
    it.close();
  });
  const filterOpen = async (hashes: readonly string[]) =>
    new Set([...(await logins.filterOpen(hashes)), ...(await apiTokens.filterOpen(hashes))]);
  const streams = opened.adopt(
    new EventStreamRegistry({ live, logins: { filterOpen }, rights: proxy.rights, clock }),
    (it) => {
      it.close();
    },
  );

  const app = opened.adopt(await buildApp(log), (it) => it.close());
  await sendSecurityHeaders(app, advertised);
  guardSite(app, { stores, requesterOf: (request) => proxy.requesterOf(request) });
  const health = new HealthCheck(() => stores.users.count(), clock);
  routeHealth(app, health);
  routeAuthorityFile(app, proxy);
  await servePages(app, clientDir);
  await app.register(
    (api, _options, done) => {
      guardLogin(api, {
        logins,
        bearers: new BearerGuard({
          apiTokens,
          clock,
          audit: (entry) => {
            proxy.audit(entry);
          },
        }),
        form: signIn.form,
        isShared: (id) => providers.some((one) => one.id === id && one.provider.shared === true),
        takeHttpConnection: (request) => {
          proxy.takeHttpConnection(request);
        },
      });
      api.addHook("onRequest", async (_request, reply) => {
        void reply.header("cache-control", "no-store");
      });
      answerRepeatedRequests(api, { store: stores.repeatedRequests, clock, log });
      routeHealth(api, health);
      routeAuthority(api, proxy);
      routeAuthorityRotation(api, proxy);
      const loginContext = {
        proxy,
        logins,
        devices,
        endStreams: (hash: string) => {
          streams.endLogin(hash);
        },
      };
      routeLogin(api, { ...loginContext, signIn, redirects, apiTokens });
      routeRedirectSignIn(api, { ...loginContext, redirects });
      routeAccount(api, { proxy, logins, passwords, throttle });
      routeFactors(api, { proxy, factors, gate, confirmations, providers, steps, logins });
      routeApiTokens(api, { proxy, apiTokens });
      routeDeviceLogins(api, { proxy, apiTokens, deviceLogins });
      routeUsers(api, { proxy, passwords, clock });
      const sendMail = mailing?.sendMail?.bind(mailing);
      routeInvitations(api, { ...loginContext, invitations, signIn, local, sendMail, clock });
      routeSignUps(api, { proxy, signUps, open: signUp, clock });
      routeGroups(api, proxy);
      routeGrants(api, proxy);
      routeAccess(api, proxy, readModel);
      routeSignInSettings(api, {
        ...{ proxy, providers, factors, requiredFor: requireFor },
        file: options.signInFile ?? null,
        options: describeSignInOptions(signInOptions),
        tests: new ProviderTests({ providers, clock, log }),
      });
      routeService(api, proxy, options.joinCommand ?? null);
      routeDesktops(api, proxy, readModel);
      const machineContext = { proxy, orchestrator, loadReadModel: readModel };
      routeMachines(api, { ...machineContext, screenViews: new ScreenViews(clock) });
      routeMachineCommands(api, machineContext);
      routeHosts(api, proxy, orchestrator);
      routeDisks(api, proxy, orchestrator.disks);
      routeTokens(api, { proxy, quotas: orchestrator.quotas, clock, loadReadModel: readModel });
      routeAdministration(api, proxy);
      routeRepeater(api, proxy, readModel);
      routeAudit(api, proxy);
      routeEvents(api, streams);
      routeDocs(api);
      done();
    },
    { prefix: "/api/v1" },
  );

  await listenOnAdminSocket(app, adminSocket);
  const open = opened.move();
  let closed: Promise<void> | undefined;
  return {
    server: app.server,
    viewerSignIn: openViewerSignIn({ proxy, signIn, logins, loadReadModel: readModel }),
    createFirstAdministrator: () => createFirstAdministrator({ stores, auditDurably }, passwords),
    close: () => (closed ??= open.disposeAsync()),
  };
}
