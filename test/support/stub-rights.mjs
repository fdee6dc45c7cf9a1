/** The stub's groups, grants and sign-in settings. */
import { randomBytes } from "node:crypto";

const DAY = 86_400_000;

const user = (name) => ({ kind: "user", id: `u-${name}`, name });
const group = (name) => ({ kind: "group", id: `g-${name}`, name });

export function firstGroups() {
  const row = (name, members, extra = {}) => ({
    ...{ id: `g-${name}`, name, source: "own", knownAs: name, limits: {}, members },
    ...{ createdAt: Date.now() - 30 * DAY, ...extra },
  });
  return [
    row("teachers", 12, { limits: { machines: 5, memoryMb: 16_384, cpus: null } }),
    row("students", 140, {
      ...{ source: "campus", knownAs: "cn=students,ou=groups,dc=example,dc=org" },
      limits: { machines: 2, lifetimeSeconds: 28_800, may: ["internet"] },
    }),
    row("microscope-users", 3),
    ...Array.from({ length: 70 }, (_, index) => row(`course-${String(index + 1).padStart(2, "0")}`, index)),
  ];
}

function firstGrants() {
  const row = (id, to, may, kind, pattern) => ({
    ...{ id, to, may, on: { kind, pattern }, createdAt: Date.now() - 20 * DAY },
  });
  return [
    row("r1", group("teachers"), "control", "desktop", "lab-*"),
    row("r2", group("students"), "view", "label", "room-12"),
    row("r3", user("tess"), "manage", "desktop", "plant-gateway/Test bench 3"),
    row("r4", group("teachers"), "create", "image", "fedora-workstation"),
    row("r5", user("gone"), "none", "host", "rack-*"),
    row("r6", group("microscope-users"), "view", "desktop", "lab-pc/Microscope"),
  ];
}

function provider(id, kind, extra) {
  return {
    ...{
      id,
      kind,
      create: true,
      viewers: true,
      allowGroups: null,
      denyGroups: [],
      denyPeople: [],
      roles: [],
    },
    ...{
      requireFactor: false,
      passkeyAlone: kind === "local",
      options: [],
      testable: kind !== "local",
      ...extra,
    },
  };
}

const SETTINGS = {
  file: "/etc/postern/sign-in.json",
  providers: [
    provider("local", "local", {}),
    provider("campus", "ldap", {
      ...{ allowGroups: ["students", "staff"], denyPeople: ["mallory"] },
      roles: [{ role: "admin", groups: ["cn=admins,ou=groups,dc=example,dc=org"] }],
      options: [
        { name: "urls", value: "ldaps://ldap.example.org, ldaps://ldap2.example.org" },
        { name: "bindDn", value: "cn=reader,dc=example,dc=org" },
        { name: "bindPassword", value: null },
        { name: "searchBase", value: "ou=people,dc=example,dc=org" },
      ],
    }),
    provider("company", "oidc", {
      ...{ create: false, requireFactor: true, viewers: false },
      options: [
        { name: "issuer", value: "https://id.example.org" },
        { name: "clientId", value: "postern" },
        { name: "clientSecret", value: null },
      ],
    }),
  ],
  secondFactor: { requiredFor: ["admin"], passkeys: true },
};
const TESTS = {
  campus: {
    ...{ works: false, milliseconds: 31 },
    text: {
      en: 'The certificate of ldaps://ldap.example.org is not trusted (SELF_SIGNED_CERT_IN_CHAIN): it is for ldap.example.org, issued by Example CA. Give that authority\'s certificate as "ca".',
      fr: 'Le certificat de ldaps://ldap.example.org n\'est pas reconnu (SELF_SIGNED_CERT_IN_CHAIN) : il est pour ldap.example.org, émis par Example CA. Donnez le certificat de cette autorité par "ca".',
    },
  },
  company: {
    ...{ works: true, milliseconds: 212 },
    text: {
      en: "The provider answers, and its keys can be read.",
      fr: "Le fournisseur répond, et ses clés sont lisibles.",
    },
  },
};

export function createRights() {
  const groups = firstGroups();
  let grants = firstGrants();
  let members = ["ada", "tess", "nora"].map((name) => ({ id: `u-${name}`, name }));
  const ok = (body) => ({ status: 200, body });

  function serveGroup({ method, part, one }, body) {
    if (part === "members") {
      if (method === "GET") return ok(members);
      if (method === "POST") members = [...members, { id: `u-${body.user}`, name: body.user }];
      else members = members.slice(1);
      return { status: 204 };
    }
    if (method === "PATCH") Object.assign(one, body);
    if (method !== "DELETE") return ok(one);
    groups.splice(groups.indexOf(one), 1);
    return { status: 204 };
  }

  function serveGrants(method, id, query, body) {
    if (method === "DELETE") {
      grants = grants.filter((grant) => grant.id !== id);
      return { status: 204 };
    }
    if (method === "POST") {
      const [kind, name] = body.to.split(":");
      const [target, pattern] = [
        body.on.slice(0, body.on.indexOf(":")),
        body.on.slice(body.on.indexOf(":") + 1),
      ];
      const made = {
        ...{
          id: randomBytes(4).toString("hex"),
          to: kind === "user" ? user(name) : group(name),
          may: body.may,
        },
        ...{ on: { kind: target, pattern }, createdAt: Date.now() },
      };
      grants = [...grants, made];
      return { status: 201, body: made };
    }
    const to = query.get("to");
    return ok(
      grants
        .filter((one) => to === null || `${one.to.kind}:${one.to.name}` === to)
        .filter(({ on }) => on.kind === (query.get("target") ?? on.kind))
        .filter(({ on }) => on.pattern.toLowerCase().includes((query.get("search") ?? "").toLowerCase())),
    );
  }

  function serve({ method, path, query }, body) {
    const [, kind, id, part] = path.split("/");
    if (kind === "sign-in-settings") return ok(id === undefined ? SETTINGS : TESTS[id]);
    if (kind === "grants") return serveGrants(method, id, query, body);
    if (part === "access")
      return kind === "users"
        ? ok({
            ...{ role: "user", groups: [groups[0], groups[1]], grants: grants.slice(0, 3), more: false },
            machines: [{ id: "m1", name: "spectra-analysis", level: "manage" }],
            desktops: [{ id: "d1", name: "Test bench 3", agent: "plant-gateway", level: "view" }],
          })
        : ok({
            ...{ owner: kind === "machines" ? members[0] : null, grants: grants.slice(0, 3), more: false },
            people: [
              { id: "u-tess", name: "tess", level: "manage" },
              { id: "u-nora", name: "nora", level: "view" },
              { id: "u-gone", name: "gone", level: null },
            ],
          });
    if (id === undefined && method === "POST") {
      const made = {
        id: `g-${body.name}`,
        knownAs: body.name,
        limits: {},
        members: 0,
        createdAt: Date.now(),
        ...body,
      };
      groups.push(made);
      return { status: 201, body: made };
    }
    if (id === undefined)
      return ok(
        groups
          .filter(({ name }) => name.includes((query.get("search") ?? "").toLowerCase()))
          .filter(({ name }) => name > (query.get("after") ?? ""))
          .sort((one, other) => (one.name < other.name ? -1 : 1))
          .slice(0, Number(query.get("limit"))),
      );
    const one = groups.find((found) => found.id === id);
    if (one === undefined)
      return { status: 404, body: { error: { code: "GROUP_UNKNOWN", message: "unknown" } } };
    return serveGroup({ method, part, one }, body);
  }

  return { serve };
}
