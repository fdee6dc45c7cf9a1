// 20,000 rules, 50,000 people and 20,000 desktops in both databases: what a first sign-in costs with 100 groups, the list of what one
// may see after it, and a check where a ticket or a token is used. Boundary publishes 34.1 s for a first login with as many rules.
import { randomBytes } from "node:crypto";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { openStores } from "../../dist/proxy/index.js";
import { Rights } from "../../dist/proxy/rights/rights.js";
import { systemClock } from "../../dist/protocol/index.js";
import { AccountLinker } from "../../dist/web/server/sign-in/account-linker.js";
import { GroupMemberships } from "../../dist/web/server/sign-in/group-memberships.js";
import { desktopAccess, viewerOf, visibleScope } from "../../dist/web/server/view/permissions.js";
import { loadReadModel } from "../../dist/web/server/view/read-model.js";
import { queryPostgres, startPostgres } from "../support/postgres.ts";
import { quantile } from "./measurements.mjs";

const BOUNDARY_MS = 34_100;
const GOALS = { signInMs: 1_000, listMs: 50, checkMs: 1 };
const GROUPS = 5_000;
const GROUPS_OF_EACH = 10;
const GROUPS_OF_NEWCOMER = 100;
const HOSTS = 100;
const REPEATS = 20;
const CHECKS = 10_000;

/** Plain SQL that both databases know: 0 to `count` - 1 as `i`. */
const series = (count) =>
  `(with recursive s(i) as (select 0 union all select i + 1 from s where i < ${count - 1}) select i from s) as s`;

function fill({ people, rules }) {
  return [
    `insert into users (id, name, name_key, role, password_hash, provider, created_at)
       select 'u' || i, 'person-' || i, 'person-' || i, 'user', '', 'ldap', 0 from ${series(people)}`,
    `insert into groups (id, name, name_key, source, known_as, known_key, limits, created_at)
       select 'g' || i, 'group-' || i, 'group-' || i, 'ldap', 'cn=group-' || i, 'cn=group-' || i, '{}', 0 from ${series(GROUPS)}`,
    `insert into group_members (group_id, user_id)
       select 'g' || ((s.i * 7 + j.i * 501) % ${GROUPS}), 'u' || s.i
       from ${series(people)} cross join ${series(GROUPS_OF_EACH).replace(/as s$/, "as j")}`,
    // One person is in all groups: all rules are theirs.
    `insert into users (id, name, name_key, role, password_hash, provider, created_at)
       values ('all', 'everywhere', 'everywhere', 'user', '', 'ldap', 0)`,
    `insert into group_members (group_id, user_id) select 'g' || i, 'all' from ${series(GROUPS)}`,
    `insert into agents (id, name, kind, public_key, created_at, epoch)
       select 'a' || i, 'host-' || i, 'agent', 'k', 0, 1 from ${series(HOSTS)}`,
    `insert into desktops (id, agent_id, name, state, created_at, last_seen_at)
       select 'd' || i, 'a' || (i % ${HOSTS}), 'lab-' || i, 'online', i, 0 from ${series(rules)}`,
    // In a hundred rules one has a pattern, and in two hundred one is about a host.
    `insert into grants (id, holder_id, group_id, may, target, pattern, name, exact, created_by, created_at)
       select 'r' || i, 'g' || (i % ${GROUPS}), 'g' || (i % ${GROUPS}), case when i % 2 = 0 then 'view' else 'control' end,
         case when i % 200 = 1 then 'host' else 'desktop' end,
         case when i % 200 = 1 then 'host-' || (i / 200) when i % 100 = 0 then 'lab-' || i || '?' else 'lab-' || i end,
         case when i % 200 = 1 then 'host-' || (i / 200) when i % 100 = 0 then 'lab-' || i || '?' else 'lab-' || i end,
         case when i % 100 = 0 then 0 else 1 end, 'soak', i from ${series(rules)}`,
  ];
}

export async function measureGrants(service, { quick, say }) {
  const size = quick ? { people: 5_000, rules: 20_000 } : { people: 50_000, rules: 20_000 };
  const file = path.join(service.folder, "grants.db");
  const sqlite = await measureIn(
    `sqlite:${file}`,
    { size, say: (text) => say(`SQLite: ${text}`) },
    (statements) => {
      const database = new DatabaseSync(file);
      database.exec("begin");
      for (const statement of statements) database.exec(statement);
      database.exec("commit");
      database.close();
    },
  );
  const server = await startPostgres();
  try {
    const url = await server.createDatabase();
    const postgres = await measureIn(
      url,
      { size, say: (text) => say(`PostgreSQL: ${text}`) },
      async (statements) => {
        for (const statement of [...statements, "analyze"]) await queryPostgres(url, statement);
      },
    );
    const figures = { SQLite: sqlite, PostgreSQL: postgres };
    return {
      title: `${size.rules} rules, ${size.people} people, ${GROUPS} groups`,
      goal: `first sign-in with ${GROUPS_OF_NEWCOMER} groups ${GOALS.signInMs} ms (Boundary: ${BOUNDARY_MS / 1000} s), list ${GOALS.listMs} ms, check ${GOALS.checkMs} ms`,
      figure: Object.entries(figures).map(describe).join("; "),
      met: Object.values(figures).every(
        (one) =>
          one.signInMs <= GOALS.signInMs && one.listMs <= GOALS.listMs && one.check.p99 <= GOALS.checkMs,
      ),
      details: { ...size, ...figures },
    };
  } finally {
    await server.stop();
  }
}

async function measureIn(database, { size, say }, run) {
  const masterKey = randomBytes(32);
  await (await openStores({ database, masterKey }, systemClock)).close();
  await run(fill(size));
  say("filled");
  const stores = await openStores({ database, masterKey }, systemClock);
  try {
    const noAudit = { auditDurably: () => Promise.resolve(), audit: () => undefined };
    const memberships = new GroupMemberships({ groups: stores.groups, ...noAudit });
    const linker = new AccountLinker({ users: stores.users, memberships, ...noAudit });
    const [signIns, lists, changes] = [[], [], []];
    let [seen, newcomer] = [0, null];
    for (let turn = 0; turn < REPEATS; turn += 1) {
      // A server that has just started knows nobody's rights.
      const server = serverOf(stores);
      const signIn = await time(() =>
        linker.link("ldap", { create: true, denyGroups: [], denyPeople: [] }, personOf(turn)),
      );
      newcomer = signIn.result.user;
      const first = await time(() => server.list(newcomer.id));
      seen = first.result;
      signIns.push(signIn.ms + first.ms);
      lists.push((await time(() => server.list(newcomer.id))).ms);
      changes.push(await timeChange(stores, server.rights, newcomer.id));
    }
    say("signed in");
    const server = serverOf(stores);
    const checks = await timeChecks(stores, server.rights, newcomer.id);
    const everything = await time(() => server.list("all"));
    return {
      signInMs: quantile(signIns, 0.5),
      signInLongestMs: Math.max(...signIns),
      listMs: quantile(lists, 0.5),
      listLongestMs: Math.max(...lists),
      seen,
      check: { p50: quantile(checks, 0.5), p99: quantile(checks, 0.99) },
      changeMs: quantile(changes, 0.5),
      allRulesMs: everything.ms,
      allRulesSeen: everything.result,
    };
  } finally {
    await stores.close();
  }
}

function serverOf(stores) {
  const rights = new Rights(stores, systemClock);
  const proxy = { stores, rights, canAskHost: () => false, openSessions: () => [] };
  const known = { imageTitle: (id) => id, takesScripts: () => false, guestAddresses: () => [] };
  const list = async (userId) => {
    const viewer = await viewerOf(rights, { userId, role: "user" });
    const model = await loadReadModel(proxy, known, visibleScope(viewer));
    return [...model.desktops.values()].filter((desktop) => desktopAccess(viewer, desktop, model) !== null)
      .length;
  };
  return { rights, list };
}

function personOf(turn) {
  const groups = Array.from(
    { length: GROUPS_OF_NEWCOMER },
    (_, index) => `cn=group-${(turn * 37 + index * 49) % GROUPS}`,
  );
  // Groups that mean nothing here are most of what a directory sends.
  const others = Array.from({ length: GROUPS_OF_NEWCOMER }, (_, index) => `cn=other-${index}`);
  return { subject: `new-${turn}`, name: `newcomer-${turn}`, email: null, groups: [...groups, ...others] };
}

async function timeChecks(stores, rights, userId) {
  const desktops = await stores.desktops.findMany(Array.from({ length: 500 }, (_, index) => `d${index * 7}`));
  const times = [];
  for (let check = 0; check < CHECKS; check += 1) {
    const desktop = desktops[check % desktops.length];
    times.push((await time(() => rights.mayUse(userId, desktop, "control"))).ms);
  }
  return times;
}

/** From a grant that was taken back on this server until it is refused here. */
async function timeChange(stores, rights, userId) {
  const desktop = await stores.desktops.find("d9999");
  const grant = {
    holder: { userId },
    may: "manage",
    target: "desktop",
    pattern: "lab-9999",
    createdBy: "soak",
  };
  const { id } = await stores.grants.add(grant);
  await rights.refresh();
  if (!(await rights.mayUse(userId, desktop, "manage"))) throw new Error("a grant did not count");
  const { ms } = await time(async () => {
    await stores.grants.remove(id);
    await rights.refresh();
    if (await rights.mayUse(userId, desktop, "manage")) throw new Error("a grant that was removed counted");
  });
  return ms;
}

async function time(act) {
  const since = performance.now();
  const result = await act();
  return { result, ms: performance.now() - since };
}

function describe([name, one]) {
  const ms = (value) => (value < 1 ? value.toFixed(3) : value.toFixed(1));
  return [
    `${name}: first sign-in and list ${ms(one.signInMs)} ms (longest ${ms(one.signInLongestMs)}), x ${Math.round(BOUNDARY_MS / one.signInMs)} faster than Boundary`,
    `list of ${one.seen} desktops ${ms(one.listMs)} ms (longest ${ms(one.listLongestMs)})`,
    `check p50 ${ms(one.check.p50)} ms, p99 ${ms(one.check.p99)} ms`,
    `a grant taken back counts after ${ms(one.changeMs)} ms`,
    `who has all rules: ${one.allRulesSeen} desktops in ${ms(one.allRulesMs)} ms`,
  ].join(", ");
}
