import type { FastifyRequest } from "fastify";
import { expect, test, vi } from "vitest";
import type { z } from "zod";
import type * as buildAppModule from "../../../../../web/server/build-app.ts";
import type * as parseInputModule from "../../../../../web/server/guard/parse-input.ts";
import { OPERATIONS, type Operation } from "../../../../../web/api/operations/index.ts";
import { ApiPeople, ASKERS } from "../../../../support/api-people.ts";
import { FakeOpenIdProvider } from "../../../../support/fake-openid-provider.ts";
import { ManualClock } from "../../../../support/manual-clock.ts";
import { openWebFixture } from "../../../../support/web-fixture.ts";

const seen = vi.hoisted(() => ({
  /** Every route that the server has, as `METHOD /path`. */
  routes: new Set<string>(),
  /** The shapes that requests were checked against, by what was checked. */
  checked: new Map<unknown, unknown>(),
}));

vi.mock("../../../../../web/server/build-app.ts", async (load) => {
  const actual = await load<typeof buildAppModule>();
  const buildApp: typeof actual.buildApp = async (log) => {
    const app = await actual.buildApp(log);
    app.addHook("onRoute", ({ method, url }) => {
      if (url.startsWith("/api/")) seen.routes.add(`${String(method)} ${url.slice("/api/v1".length)}`);
    });
    return app;
  };
  return { ...actual, buildApp };
});
vi.mock("../../../../../web/server/guard/parse-input.ts", async (load) => {
  const actual = await load<typeof parseInputModule>();
  const parseInput: typeof actual.parseInput = (schema, input) => {
    seen.checked.set(schema, input);
    return actual.parseInput(schema, input);
  };
  return { parseInput, parseId: (request: FastifyRequest) => actual.parseId(request) };
});

/**
 * Who gets what of things that belong to `user`. `+`: it is done; `-`: as if it were not there; `login`, `role`, `scope`: nobody is
 * signed in, the role does not allow it, the API token's scopes do not (`token` has an administrator's API token with every scope but
 * the one that it takes, `never`: no token may); `own`: only its owner may. Other words are codes. A sign-in at another service that
 * comes to nothing is `+`, for it leads to the sign-in page. Columns: anonymous, user, other, operator, auditor, admin, token.
 */
const EXPECTED = `
POST /login                                +      +      +      +      +      +      +
POST /login/step                           LOGIN_STEP_GONE LOGIN_STEP_GONE LOGIN_STEP_GONE LOGIN_STEP_GONE LOGIN_STEP_GONE LOGIN_STEP_GONE LOGIN_STEP_GONE
POST /logout                               login  +      +      +      +      +      +
GET /me                                    login  +      +      +      +      +      +
POST /me/password                          login  +      +      +      +      +      never
GET /me/logins                             login  +      +      +      +      +      scope
DELETE /me/logins/:id                      login  +      +      +      +      +      never
DELETE /me/logins                          login  +      +      +      +      +      never
POST /me/api-tokens                        login  +      +      +      +      +      never
GET /me/api-tokens                         login  +      +      +      +      +      scope
DELETE /me/api-tokens/:id                  login  +      +      +      +      +      never
POST /device-logins                        +      +      +      +      +      +      +
POST /device-logins/token                  DEVICE_LOGIN_GONE DEVICE_LOGIN_GONE DEVICE_LOGIN_GONE DEVICE_LOGIN_GONE DEVICE_LOGIN_GONE DEVICE_LOGIN_GONE DEVICE_LOGIN_GONE
GET /device-logins/:code                   login  +      +      +      +      +      never
POST /device-logins/:code/confirm          login  +      +      +      +      +      never
DELETE /device-logins/:code                login  +      +      +      +      +      never
POST /login/step/show                      +      +      +      +      +      +      +
POST /login/passkey/options                +      +      +      +      +      +      +
POST /login/passkey                        +      +      +      +      +      +      +
GET /sign-in/:provider                     +      +      +      +      +      +      +
GET /sign-in/:provider/callback            +      +      +      +      +      +      +
POST /sign-in/:provider/backchannel-logout +      +      +      +      +      +      +
GET /me/account                            login  +      +      +      +      +      scope
GET /me/confirm                            login  +      +      +      +      +      never
POST /me/confirm                           login  +      +      +      +      +      never
GET /me/factors                            login  +      +      +      +      +      scope
POST /me/factors/totp                      login  +      +      +      +      +      never
POST /me/factors/totp/confirm              login  +      +      +      +      +      never
POST /me/factors/passkey                   login  +      +      +      +      +      never
POST /me/factors/passkey/confirm           login  +      +      +      +      +      never
POST /me/factors/recovery-codes            login  +      +      +      +      +      never
DELETE /me/factors/:id                     login  +      +      +      +      +      never
GET /users/:id/factors                     login  role   role   role   +      +      scope
DELETE /users/:id/factors                  login  role   role   role   role   +      never
GET /users/:id/holdings                    login  role   role   role   +      +      scope
GET /machines                              login  +      +      +      +      +      scope
POST /machines                             login  +      +      +      LIMIT_MACHINES +      scope
GET /machines/:id                          login  +      -      +      +      +      scope
DELETE /machines/:id                       login  +      -      +      own    +      scope
POST /machines/:id/start                   login  +      -      +      own    +      scope
POST /machines/:id/pause                   login  +      -      +      own    +      scope
POST /machines/:id/resume                  login  +      -      +      own    +      scope
POST /machines/:id/reset                   login  +      -      +      own    +      scope
POST /machines/:id/keep                    login  +      -      +      own    +      scope
POST /machines/:id/save                    login  +      -      +      own    +      scope
POST /machines/:id/stop                    login  +      -      +      own    +      scope
POST /machines/:id/extend                  login  LIMIT_LIFETIME -      LIMIT_LIFETIME own    LIMIT_LIFETIME scope
POST /machines/:id/close                   login  MACHINE_NOT_ONE_SHOT -      MACHINE_NOT_ONE_SHOT own    MACHINE_NOT_ONE_SHOT scope
POST /machines/:id/adopt                   login  role   role   +      role   +      scope
GET /machines/:id/screen.png               login  +      -      +      own    +      scope
GET /machines/:id/snapshots                login  +      -      +      own    +      scope
POST /machines/:id/snapshots               login  +      -      +      own    +      scope
DELETE /machines/:id/snapshots/:name       login  +      -      +      own    +      scope
POST /machines/:id/snapshots/:name/restore login  +      -      +      own    +      scope
GET /machines/:id/boot-log                 login  +      -      +      own    +      scope
GET /machines/:id/credential               login  +      -      own    own    own    never
POST /machines/:id/save-as-image           login  role   role   role   role   +      scope
GET /images                                login  +      +      +      +      +      scope
GET /allowance                             login  +      +      +      +      +      scope
GET /disks                                 login  +      +      +      +      +      scope
DELETE /disks/:owner/:name                 login  +      -      +      -      +      scope
POST /disks/:owner/:name/move              login  role   role   DISK_HOST role   DISK_HOST scope
GET /desktops                              login  +      +      +      +      +      scope
POST /desktops/shown                       login  +      +      +      +      +      scope
DELETE /desktops/:id                       login  role   role   +      role   +      scope
GET /desktops/:id/profile                  login  +      -      +      -      +      scope
POST /tokens                               login  +      -      +      own    +      scope
GET /tokens                                login  +      +      +      +      +      scope
PATCH /tokens/:id                          login  +      -      +      -      +      scope
DELETE /tokens/:id                         login  +      -      +      -      +      scope
POST /tickets                              login  +      -      +      own    +      scope
POST /repeater-ids                         login  role   role   +      role   +      scope
GET /users                                 login  role   role   role   +      +      scope
POST /users                                login  role   role   role   role   +      scope
POST /users/taken                          login  role   role   role   +      +      scope
GET /users/:id                             login  role   role   role   +      +      scope
PATCH /users/:id                           login  role   role   role   role   +      scope
DELETE /users/:id                          login  role   role   role   role   +      scope
POST /users/:id/password                   login  role   role   role   role   +      never
GET /users/:id/logins                      login  role   role   role   +      +      scope
DELETE /users/:id/logins/:loginId          login  role   role   role   role   +      scope
DELETE /users/:id/logins                   login  role   role   role   role   +      scope
POST /users/:id/api-tokens                 login  role   role   role   role   +      never
GET /users/:id/api-tokens                  login  role   role   role   +      +      scope
DELETE /users/:id/api-tokens/:tokenId      login  role   role   role   role   +      scope
GET /invitations                           login  role   role   role   +      +      scope
POST /invitations                          login  role   role   role   role   +      scope
DELETE /invitations/:id                    login  role   role   role   role   +      scope
POST /invitations/show                     +      +      +      +      +      +      +
POST /invitations/accept                   +      +      +      +      +      +      +
POST /sign-up                              +      +      +      +      +      +      +
GET /sign-up-requests                      login  role   role   role   +      +      scope
POST /sign-up-requests/:id/approve         login  role   role   role   role   +      scope
DELETE /sign-up-requests/:id               login  role   role   role   role   +      scope
GET /groups                                login  role   role   role   +      +      scope
POST /groups                               login  role   role   role   role   +      scope
GET /groups/:id                            login  role   role   role   +      +      scope
PATCH /groups/:id                          login  role   role   role   role   +      scope
DELETE /groups/:id                         login  role   role   role   role   +      scope
GET /groups/:id/members                    login  role   role   role   +      +      scope
POST /groups/:id/members                   login  role   role   role   role   +      scope
DELETE /groups/:id/members/:userId         login  role   role   role   role   +      scope
GET /grants                                login  role   role   role   +      +      scope
POST /grants                               login  role   role   role   role   +      scope
DELETE /grants/:id                         login  role   role   role   role   +      scope
GET /labels                                login  role   role   +      +      +      scope
PUT /agents/:id/labels                     login  role   role   role   role   +      scope
PUT /desktops/:id/labels                   login  role   role   role   role   +      scope
GET /users/:id/access                      login  role   role   role   +      +      scope
GET /desktops/:id/access                   login  role   role   role   +      +      scope
GET /machines/:id/access                   login  role   role   role   +      +      scope
GET /sign-in-settings                      login  role   role   role   +      +      scope
POST /sign-in-settings/:provider/test      login  role   role   role   role   +      scope
GET /hosts                                 login  role   role   +      +      +      scope
POST /hosts/:id/drain                      login  role   role   +      role   +      scope
GET /agents                                login  role   role   +      +      +      scope
DELETE /agents/:id                         login  role   role   role   role   +      scope
POST /agents/:id/rotate                    login  role   role   +      role   +      scope
POST /agents/:id/role                      login  role   role   role   role   +      scope
POST /join-secrets                         login  role   role   role   role   +      scope
GET /sessions                              login  role   role   +      +      +      scope
DELETE /sessions/:id                       login  role   role   +      role   +      scope
GET /audit                                 login  role   role   role   +      +      scope
GET /audit/key                             login  role   role   role   +      +      scope
GET /ca                                    +      +      +      +      +      +      +
GET /ca/status                             login  role   role   role   role   +      scope
POST /ca/rotate                            login  role   role   role   role   +      scope
POST /ca/retire                            login  role   role   role   role   +      scope
GET /service                               login  +      +      +      +      +      +
GET /healthz                               +      +      +      +      +      +      +
GET /events                                login  +      +      +      +      +      scope
GET /openapi.json                          +      +      +      +      +      +      +
GET /docs                                  +      +      +      +      +      +      +
GET /docs/style.css                        +      +      +      +      +      +      +
`;

const SHORT: Readonly<Record<string, string>> = {
  LOGIN_REQUIRED: "login",
  ADMIN_REQUIRED: "role",
  SCOPE_REQUIRED: "scope",
  API_TOKEN_FORBIDDEN: "never",
  MACHINE_FORBIDDEN: "own",
  DESKTOP_FORBIDDEN: "own",
  CREDENTIAL_FORBIDDEN: "own",
  MACHINE_UNKNOWN: "-",
  DESKTOP_UNKNOWN: "-",
  TOKEN_UNKNOWN: "-",
  DISK_UNKNOWN: "-",
};

/** `GET /me  login + + + + + +`, in columns. */
function formatRow(operation: Operation, cells: readonly string[]): string {
  return [`${operation.method} ${operation.path}`.padEnd(42), ...cells.map((cell) => cell.padEnd(6))]
    .join(" ")
    .trimEnd();
}

/** What is wrong with an answer, by the table of the API. */
function findFault({ method, path, answers }: Operation, status: number, body: unknown): string[] {
  const answer = answers.find((one) => one.status === status);
  const name = `${method} ${path} ${status}`;
  if (answer === undefined) return [`${name} is not described`];
  if (answer.schema === undefined || answer.mediaType !== undefined) return [];
  const { data, error } = answer.schema.safeParse(body);
  if (error !== undefined) return [`${name}: ${error.message}`];
  return JSON.stringify(sortKeys(data)) === JSON.stringify(sortKeys(body))
    ? []
    : [`${name} has other fields`];
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, one]) => [key, sortKeys(one)]),
  );
}

test(
  "every route: who gets what, and that requests and answers are as they are described",
  { timeout: 240_000 },
  async () => {
    const clock = new ManualClock();
    const openId = await FakeOpenIdProvider.start(clock);
    const signIn = [{ provider: "local" }, openId.options];
    const people = await ApiPeople.open(await openWebFixture({ clock, signIn, signUp: true }), openId);
    expect([...seen.routes].filter((route) => !route.startsWith("HEAD ")).sort()).toEqual(
      OPERATIONS.map(({ method, path }) => `${method} ${path}`).sort(),
    );
    const rows: string[] = [];
    const faults: string[] = [];
    for (const operation of OPERATIONS) {
      const cells: string[] = [];
      seen.checked.clear();
      for (const asker of ASKERS) {
        const { status, code, body } = await people.ask(operation, asker);
        cells.push(status < 400 ? "+" : (SHORT[code] ?? code));
        if (status < 400) faults.push(...findFault(operation, status, body));
        else if (status === 400) faults.push(`${operation.method} ${operation.path}: its example is refused`);
      }
      rows.push(formatRow(operation, cells));
      for (const schema of [operation.body, operation.query] satisfies (z.ZodType | undefined)[])
        // The fields of a sign-in are those of its providers; a form has its own reader.
        if (
          schema !== undefined &&
          operation.path !== "/login" &&
          operation.bodyType === undefined &&
          !seen.checked.has(schema)
        )
          faults.push(
            `${operation.method} ${operation.path} is checked against another shape than the described one`,
          );
    }
    expect(`\n${rows.join("\n")}\n`).toEqual(EXPECTED);
    expect(faults).toEqual([]);
  },
);
