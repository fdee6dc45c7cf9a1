/** The stub's second factors and API tokens. The first critical act of each login asks for a confirmation. */
import { randomBytes } from "node:crypto";

const DAY = 86_400_000;
const SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
const CODES = Array.from({ length: 10 }, (_, index) => `k${index}fq-7m2x-rw8d-p4tz`);

const makeId = () => randomBytes(4).toString("hex");
const refusal = (status, code) => ({ status, body: { error: { code, message: code } } });
const factor = (kind, name, lastUsedAt) => ({
  ...{ id: makeId(), kind, name, lastUsedAt, createdAt: Date.now() - 20 * DAY },
});
const token = (name, scopes, more = {}) => ({
  ...{ id: makeId(), name, scopes, sources: [], lastUsedAt: null },
  ...{ createdAt: Date.now() - DAY, expiresAt: Date.now() + 29 * DAY, ...more },
});

/** @param isRight whether a password or a code is the one of the stub */
export function createFactors(isRight) {
  const factors = new Map([
    ["ada", [factor("totp", "", Date.now() - 3_600_000), factor("passkey", "Firefox · Linux", null)]],
  ]);
  const tokens = new Map([
    [
      "ada",
      [
        token("nightly build", ["read", "machines"], { lastUsedAt: Date.now() - 40_000 }),
        token("plant 4", ["read"], { sources: ["192.0.2.0/24"] }),
      ],
    ],
  ]);
  const confirmed = new Set();
  const listOf = (map, name) => map.get(name) ?? [];

  function list(name) {
    const known = listOf(factors, name);
    const recoveryCodes = known.length === 0 ? 0 : 8;
    return {
      factors: known,
      recoveryCodes,
      required: name === "nora",
      passkeys: process.env.PASSKEYS === "1",
    };
  }

  function add(name, made) {
    const known = listOf(factors, name);
    factors.set(name, [...known.filter(({ kind }) => kind !== "totp" || made.kind !== "totp"), made]);
    return { status: 201, body: { factor: made, ...(known.length === 0 && { recoveryCodes: CODES }) } };
  }

  const routes = {
    "GET /me/factors": ({ name }) => ({ status: 200, body: list(name) }),
    "GET /me/api-tokens": ({ name }) => ({ status: 200, body: listOf(tokens, name) }),
    "POST /me/factors/totp": ({ name }) => {
      const uri = `otpauth://totp/Postern:${name}?secret=${SECRET}&issuer=Postern`;
      return { status: 201, body: { id: makeId(), secret: SECRET, uri } };
    },
    "POST /me/factors/recovery-codes": () => ({ status: 200, body: { recoveryCodes: CODES } }),
    "POST /me/api-tokens": ({ name }, { ttlSeconds, ...given }) => {
      const made = token(given.name, given.scopes, { ...given, expiresAt: Date.now() + ttlSeconds * 1000 });
      tokens.set(name, [made, ...listOf(tokens, name)]);
      return { status: 201, body: { ...made, token: `pst_${randomBytes(32).toString("base64url")}` } };
    },
  };
  const open = {
    "POST /me/factors/totp/confirm": ({ name }, { code }) =>
      isRight(code) ? add(name, factor("totp", "", null)) : refusal(403, "FACTOR_WRONG"),
    "GET /me/confirm": (_, __, form) => ({ status: 200, body: { confirmedUntil: null, form } }),
    "POST /me/confirm": ({ cookie }, { answers }) => {
      if (!Object.values(answers).some(isRight)) return refusal(403, "PASSWORD_WRONG");
      confirmed.add(cookie);
      return { status: 204 };
    },
  };

  /** Null: it is no route of these. @param form what a confirmation asks */
  function serve(request, body, form) {
    const { method, path, name, cookie } = request;
    const key = `${method} ${path}`;
    if (open[key] !== undefined) return open[key](request, body, form);
    const [, kind, id] = /^\/me\/(factors|api-tokens)\/(\w+)$/.exec(path) ?? [];
    const removes = method === "DELETE" && kind !== undefined;
    if (routes[key] === undefined && !removes) return null;
    if (method !== "GET" && kind !== "api-tokens" && !confirmed.has(cookie))
      return refusal(403, "CONFIRM_REQUIRED");
    if (!removes) return routes[key](request, body);
    const from = kind === "factors" ? factors : tokens;
    from.set(
      name,
      listOf(from, name).filter((one) => one.id !== id),
    );
    return { status: 204 };
  }

  return {
    serve,
    list,
    isConfirmed: (cookie) => confirmed.has(cookie),
    reset: (name) => factors.delete(name),
  };
}
