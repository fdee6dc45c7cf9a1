/** The stub's invitations, and people who ask for an account. The link that it makes works in it. */
import { randomBytes } from "node:crypto";
import { firstGroups } from "./stub-rights.mjs";

const HOUR = 3_600_000;

export function createNewcomers() {
  const now = Date.now();
  const groups = firstGroups();
  const invitation = (id, about) => ({
    ...{ id, role: "user", groups: [], name: null, email: null, by: "ada" },
    ...{
      createdAt: now,
      expiresAt: now + 72 * HOUR,
      secret: randomBytes(32).toString("base64url"),
      ...about,
    },
  });
  const invitations = new Map(
    [
      invitation("i1", { name: "olaf", role: "operator", email: "olaf.nordmann@example.org" }),
      invitation("i2", { groups: [groups[0]], by: null }),
    ].map((one) => [one.id, one]),
  );
  const request = (id, name, reason, about = {}) => ({
    ...{
      id,
      name,
      reason,
      source: "192.0.2.40",
      createdAt: now - HOUR,
      expiresAt: now + 300 * HOUR,
      taken: false,
    },
    ...about,
  });
  const requests = new Map(
    [
      request("r1", "nina", "Master student, course on diffraction, group B"),
      request("r2", "tess", "I forgot my password, please let me in again", { taken: true }),
      request(
        "r3",
        "maximilian.wolkenstein",
        "Guest at the beamline from Monday to Friday, proposal 20260114",
        {
          source: "2001:db8:17:4::/64",
        },
      ),
    ].map((one) => [one.id, one]),
  );
  const show = ({ secret: _secret, ...row }) => row;
  const refusal = (status, code) => ({ status, body: { error: { code, message: code } } });
  const find = (secret) => [...invitations.values()].find((one) => one.secret === secret);

  /** For everybody. @param open signs somebody in */
  const openRoutes = (add, open) => ({
    "POST /sign-up": ({ name, reason }) => {
      const id = randomBytes(4).toString("hex");
      requests.set(id, request(id, name, reason, { createdAt: Date.now() }));
      return { status: 204 };
    },
    "POST /invitations/show": ({ secret }) => {
      const found = find(secret);
      return found === undefined ? refusal(410, "INVITATION_GONE") : { status: 200, body: show(found) };
    },
    "POST /invitations/accept": ({ secret, name }) => {
      const found = find(secret);
      if (found === undefined) return refusal(410, "INVITATION_GONE");
      const made = add({ name: found.name ?? name, role: found.role });
      if (made.status !== 201) return made;
      invitations.delete(found.id);
      return open(found.name ?? name);
    },
  });

  function serve(method, path, body, add) {
    const [, kind, id, act] = path.split("/");
    const rows = kind === "invitations" ? invitations : requests;
    if (method === "GET") return { status: 200, body: [...rows.values()].map(show) };
    if (method === "DELETE") return rows.delete(id) ? { status: 204 } : refusal(404, "INVITATION_UNKNOWN");
    if (act === "approve") {
      const made = add({ ...body, name: rows.get(id).name });
      if (made.status === 201) rows.delete(id);
      return made;
    }
    if (body.mail === true) return refusal(409, "MAIL_OFF");
    const made = invitation(randomBytes(4).toString("hex"), {
      ...{ role: body.role, name: body.name ?? null, email: body.email ?? null },
      ...{ groups: groups.filter((group) => body.groups.includes(group.id)) },
      expiresAt: Date.now() + body.ttlSeconds * 1000,
    });
    invitations.set(made.id, made);
    const url = `http://127.0.0.1:${process.argv[2] ?? 8099}/invitation#${made.secret}`;
    return { status: 201, body: { ...show(made), url, mailed: false } };
  }

  return { openRoutes, serve };
}
