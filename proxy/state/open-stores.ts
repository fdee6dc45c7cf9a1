import type { Kysely } from "kysely";
import { type Clock, ConfigError, describeError, RequestError } from "../../protocol/index.ts";
import type { StateOptions, Stores } from "./stores.ts";
import type { Tables } from "./tables.ts";
import { Sealer } from "./sealer.ts";
import { migrate } from "./migrate.ts";
import { openPostgres, openPostgresForMigration } from "./postgres.ts";
import { openSqlite } from "./sqlite.ts";
import { SqlAgentStore } from "./agent-store.ts";
import { SqlApiTokenStore } from "./api-token-store.ts";
import { SqlDataDiskStore } from "./data-disk-store.ts";
import { SqlDesktopStore } from "./desktop-store.ts";
import { SqlDeviceLoginStore } from "./device-login-store.ts";
import { SqlFactorStore } from "./factor-store.ts";
import { SqlGrantStore } from "./grant-store.ts";
import { SqlGroupStore } from "./group-store.ts";
import { SqlInvitationStore } from "./invitation-store.ts";
import { SqlJoinSecretStore } from "./join-secret-store.ts";
import { SqlLabelStore } from "./label-store.ts";
import { SqlLoginStore } from "./login-store.ts";
import { SqlMachineStore } from "./machine-store.ts";
import { SqlProviderSessionStore } from "./provider-session-store.ts";
import { SqlRepeatedRequestStore } from "./repeated-request-store.ts";
import { SqlRepeaterIdStore } from "./repeater-id-store.ts";
import { SqlServiceStore } from "./service-store.ts";
import { SqlSessionStore } from "./session-store.ts";
import { SqlSignInStepStore } from "./sign-in-step-store.ts";
import { SqlSignUpStore } from "./sign-up-store.ts";
import { SqlTicketStore } from "./ticket-store.ts";
import { SqlTokenStore } from "./token-store.ts";
import { SqlUserStore } from "./user-store.ts";

/** A value that only the right master key opens. */
const KEY_CHECK = "master-key-check";

/**
 * Opens the database, brings its tables up to date and checks that the master key fits. The caller closes.
 * @throws ConfigError `DATABASE_OPTION`, `DATABASE_UNREACHABLE`, `DATABASE_NEWER`, `MASTER_KEY_WRONG`
 */
export async function openStores(options: StateOptions, clock: Clock): Promise<Stores> {
  const db = await connect(options.database, clock);
  try {
    if (isPostgres(options.database)) await migratePostgres(options.database);
    else await migrate(db);
    const stores = buildStores(db, new Sealer(options.masterKey), clock);
    await stores.service.getOrCreate(KEY_CHECK, () => "fits");
    return stores;
  } catch (error) {
    await db.destroy();
    throw error instanceof ConfigError ? error : describeFailure(options.database, error);
  }
}

function isPostgres(database: string): boolean {
  return /^postgres(ql)?:\/\//.test(database);
}

async function migratePostgres(url: string): Promise<void> {
  const db = openPostgresForMigration(url);
  try {
    await migrate(db);
  } finally {
    await db.destroy();
  }
}

async function connect(database: string, clock: Clock): Promise<Kysely<Tables>> {
  if (isPostgres(database)) return openPostgres(database, clock);
  const file = /^sqlite:(.+)$/s.exec(database)?.[1];
  if (file === undefined) {
    throw new ConfigError(
      "DATABASE_OPTION",
      "The database must be given as sqlite:PATH or postgres://USER@HOST/NAME.",
      { safeMessage: "The server's database option is wrong." },
    );
  }
  try {
    return await openSqlite(file);
  } catch (error) {
    throw describeFailure(database, error);
  }
}

function buildStores(db: Kysely<Tables>, sealer: Sealer, clock: Clock): Stores {
  let closed: Promise<void> | undefined;
  return {
    agents: new SqlAgentStore(db, clock),
    desktops: new SqlDesktopStore(db, clock),
    tokens: new SqlTokenStore(db, clock, sealer),
    tickets: new SqlTicketStore(db),
    joinSecrets: new SqlJoinSecretStore(db),
    repeaterIds: new SqlRepeaterIdStore(db),
    sessions: new SqlSessionStore(db, clock),
    users: new SqlUserStore(db, clock),
    logins: new SqlLoginStore(db),
    apiTokens: new SqlApiTokenStore(db),
    deviceLogins: new SqlDeviceLoginStore(db),
    invitations: new SqlInvitationStore(db),
    signUps: new SqlSignUpStore(db),
    groups: new SqlGroupStore(db, clock),
    grants: new SqlGrantStore(db, clock),
    labels: new SqlLabelStore(db, clock),
    signInSteps: new SqlSignInStepStore(db, sealer),
    providerSessions: new SqlProviderSessionStore(db, sealer),
    factors: new SqlFactorStore(db, clock, sealer),
    repeatedRequests: new SqlRepeatedRequestStore(db, sealer),
    machines: new SqlMachineStore(db, clock),
    dataDisks: new SqlDataDiskStore(db),
    service: new SqlServiceStore(db, clock, sealer),
    close: () => (closed ??= db.destroy()),
  };
}

/** The option may hold a password, so the message names the kind of database only, or SQLite's file. */
function describeFailure(database: string, failure: unknown): ConfigError {
  const error = failure instanceof RequestError ? (failure.cause ?? failure) : failure;
  const what = database.startsWith("sqlite:")
    ? `The database file ${database.slice(7)}`
    : "The PostgreSQL database";
  return new ConfigError(
    "DATABASE_UNREACHABLE",
    `${what} cannot be opened: ${describeError(error)}. Check the database option and that the database runs.`,
    { safeMessage: "The server's database cannot be opened.", cause: error },
  );
}
