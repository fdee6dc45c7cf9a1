import { z } from "zod";
import { foldName } from "../../protocol/index.ts";
import {
  desktop,
  groupRow,
  host,
  machine,
  userRow,
  type Desktop,
  type GroupRow,
  type Host,
  type Machine,
  type UserRow,
} from "../../web/api/schemas.ts";
import { AdminApiError, type AdminApi } from "../admin-api.ts";
import { ExitCode } from "../terminal/exit-codes.ts";

type NamingApi = Pick<AdminApi, "get" | "formatCommand">;

/** A kind of thing that the command line can name, and the error for no match. */
interface NamedResource<Row> {
  readonly path: string;
  readonly row: z.ZodType<Row>;
  readonly unknown: {
    readonly code: string;
    readonly list: string;
    readonly message: (reference: string) => string;
  };
}

/** Of which several may have one name. */
interface AmbiguousResource<Row> extends NamedResource<Row> {
  readonly ambiguous: { readonly code: string; readonly message: (reference: string) => string };
}

const HOSTS: AmbiguousResource<Host> = {
  path: "/hosts",
  row: host,
  unknown: {
    code: "HOST_UNKNOWN",
    list: "vm hosts",
    message: (reference) => `There is no host ${reference}.`,
  },
  ambiguous: {
    code: "HOST_AMBIGUOUS",
    message: (reference) => `Several hosts are called ${reference}. Name one by id.`,
  },
};

const MACHINES: AmbiguousResource<Machine> = {
  path: "/machines",
  row: machine,
  unknown: {
    code: "MACHINE_UNKNOWN",
    list: "vm list",
    message: (reference) => `There is no machine ${reference}.`,
  },
  ambiguous: {
    code: "MACHINE_AMBIGUOUS",
    message: (reference) => `Several machines are called ${reference}. Name one by id.`,
  },
};

const DESKTOPS: AmbiguousResource<Desktop> = {
  path: "/desktops",
  row: desktop,
  unknown: {
    code: "DESKTOP_UNKNOWN",
    list: "desktop list",
    message: (reference) => `There is no desktop ${reference}.`,
  },
  ambiguous: {
    code: "DESKTOP_AMBIGUOUS",
    message: (reference) => `Several desktops are called ${reference}. Name one as AGENT/NAME, or by id.`,
  },
};

/** By its id or its name. @throws AdminApiError `HOST_UNKNOWN`, `HOST_AMBIGUOUS` */
export async function findHost(api: NamingApi, reference: string): Promise<Host> {
  return findByIdOrName(api, await api.get(HOSTS.path, z.array(HOSTS.row)), reference, HOSTS);
}

/** By its id or its name. @throws AdminApiError `MACHINE_UNKNOWN`, `MACHINE_AMBIGUOUS` */
export async function findMachine(api: NamingApi, reference: string): Promise<Machine> {
  return findByIdOrName(api, await api.get(MACHINES.path, z.array(MACHINES.row)), reference, MACHINES);
}

const USERS: NamedResource<UserRow> = {
  path: "/users",
  row: userRow,
  unknown: {
    code: "USER_UNKNOWN",
    list: "user list",
    message: (reference) => `There is no account ${reference}.`,
  },
};
const GROUPS: NamedResource<GroupRow> = {
  path: "/groups",
  row: groupRow,
  unknown: {
    code: "GROUP_UNKNOWN",
    list: "group list",
    message: (reference) => `There is no group ${reference}.`,
  },
};
/** Names of accounts and groups are found by a search: there may be too many for a list. */
const MOST_FOUND = 1000;

/** By its name, whatever its case, or its id. @throws AdminApiError `USER_UNKNOWN` */
export function findUser(api: NamingApi, reference: string): Promise<UserRow> {
  return findBySearch(api, reference, USERS);
}

/** By its name, whatever its case, or its id. @throws AdminApiError `GROUP_UNKNOWN` */
export function findGroup(api: NamingApi, reference: string): Promise<GroupRow> {
  return findBySearch(api, reference, GROUPS);
}

async function findBySearch<Row extends { readonly id: string; readonly name: string }>(
  api: NamingApi,
  reference: string,
  resource: NamedResource<Row>,
): Promise<Row> {
  const query = new URLSearchParams({ search: reference, limit: String(MOST_FOUND) });
  const rows = await api.get(`${resource.path}?${query.toString()}`, z.array(resource.row));
  const named = rows.find(({ name }) => foldName(name) === foldName(reference));
  if (named !== undefined) return named;
  try {
    return await api.get(`${resource.path}/${encodeURIComponent(reference)}`, resource.row);
  } catch (error) {
    if (!(error instanceof AdminApiError) || error.code !== resource.unknown.code) throw error;
    throw createUnknownError(api, reference, resource);
  }
}

/**
 * By its id, its name, or `AGENT/NAME` with the agent's name or id. @throws AdminApiError `DESKTOP_UNKNOWN`, `DESKTOP_AMBIGUOUS`
 */
export async function findDesktop(api: NamingApi, reference: string): Promise<Desktop> {
  const rows = await api.get(DESKTOPS.path, z.array(DESKTOPS.row));
  const wanted = findByAgent(rows, reference);
  const named = wanted.length > 0 ? wanted.map((row) => ({ ...row, name: reference })) : rows;
  return findByIdOrName(api, named, reference, DESKTOPS);
}

/** The desktops that `AGENT/NAME` can mean; an agent's id takes precedence over an agent's name. */
function findByAgent(rows: readonly Desktop[], reference: string): readonly Desktop[] {
  const byId = rows.filter(({ agent, name }) => `${agent.id}/${name}` === reference);
  return byId.length > 0 ? byId : rows.filter(({ agent, name }) => `${agent.name}/${name}` === reference);
}

/** An id takes precedence over a name, so that a name chosen by one person cannot hide another thing's id. */
function findByIdOrName<Row extends { readonly id: string; readonly name: string }>(
  api: NamingApi,
  rows: readonly Row[],
  reference: string,
  resource: AmbiguousResource<Row>,
): Row {
  const byId = rows.find(({ id }) => id === reference);
  if (byId !== undefined) return byId;
  const named = rows.filter(({ name }) => name === reference);
  const [only, ...others] = named;
  if (only === undefined) throw createUnknownError(api, reference, resource);
  if (others.length === 0) return only;
  const ids = named.map(({ id }) => id);
  const { code, message } = resource.ambiguous;
  throw new AdminApiError(code, message(reference), ExitCode.usage, ids);
}

function createUnknownError(
  api: NamingApi,
  reference: string,
  { unknown }: NamedResource<unknown>,
): AdminApiError {
  const text = `${unknown.message(reference)} List them: ${api.formatCommand(unknown.list)}`;
  return new AdminApiError(unknown.code, text, ExitCode.failed);
}
