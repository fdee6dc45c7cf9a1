/** The stub's accounts and sign-ins: more people than fit on one page, and one who is asked for a code. */
import { randomBytes } from "node:crypto";
import { createFactors } from "./stub-factors.mjs";
import { createNewcomers } from "./stub-newcomers.mjs";

const PASSWORD = "postern";
const CODE = "123456";
const DAY = 86_400_000;
const POWERS = {
  user: [],
  operator: ["oversee", "operate"],
  admin: ["oversee", "operate", "administer", "audit"],
  auditor: ["oversee", "audit"],
};
const BROWSERS = [
  "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile Safari/604.1",
];

const field = (name, kind, [en, fr], autocomplete) => ({
  ...{ name, kind, autocomplete, maxLength: name === "code" ? 6 : 64, label: { en, fr } },
  missing: { en: `${en}?`, fr: `${fr} ?` },
});
const button = (en, fr, href = null) => ({ label: { en, fr }, href });
const FORM = {
  signUp: true,
  fields: [
    field("name", "text", ["Name", "Nom"], "username"),
    field("password", "password", ["Password", "Mot de passe"], "current-password"),
  ],
  buttons: [
    button("Sign in", "Se connecter"),
    ...(process.env.PROVIDERS === "1"
      ? [
          { ...button("Send me a code by e-mail", "M’envoyer un code par e-mail"), without: ["password"] },
          button("Sign in with the university", "Connexion par l’université", "/api/v1/sign-in/campus"),
          button("Sign in with the clinic", "Connexion par la clinique", "/api/v1/sign-in/clinic"),
        ]
      : []),
  ],
};
if (process.env.PASSKEYS === "1") FORM.passkey = { use: "alone" };
const CODE_FIELD = field(
  "code",
  "text",
  ["Code from your app", "Code de votre application"],
  "one-time-code",
);
const RECOVERY_FIELD = field("recovery", "text", ["Recovery code", "Code de secours"], "off");
const GO_ON = button("Go on", "Continuer");
const PASSWORD_FIELD = field("password", "password", ["Password", "Mot de passe"], "current-password");
const CONFIRM_FORM = {
  fields: [CODE_FIELD],
  buttons: [GO_ON],
  passkey: { use: "get", options: {} },
  alternatives: [
    { label: { en: "Use your app", fr: "Utiliser l’application" }, fields: [CODE_FIELD] },
    { label: { en: "Use your password", fr: "Utiliser le mot de passe" }, fields: [PASSWORD_FIELD] },
  ],
};
const CODE_FORM = {
  fields: [CODE_FIELD],
  buttons: [GO_ON],
  alternatives: [
    { label: { en: "Use your app", fr: "Utiliser l’application" }, fields: [CODE_FIELD] },
    { label: { en: "Use a recovery code", fr: "Utiliser un code de secours" }, fields: [RECOVERY_FIELD] },
  ],
};
const ENROLMENT_FORM = {
  text: { en: "Scan the code with an authenticator app.", fr: "Scannez le code avec une application." },
  fields: [CODE_FIELD],
  buttons: [GO_ON],
  totp: {
    uri: "otpauth://totp/Postern:nora?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Postern",
    secret: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
  },
};
const RECOVERY_FORM = {
  text: {
    en: "Keep these codes. They are shown this once.",
    fr: "Gardez ces codes, affichés une seule fois.",
  },
  fields: [],
  buttons: [GO_ON],
  recoveryCodes: Array.from({ length: 10 }, (_, index) => `k${index}fq-7m2x-rw8d-p4tz`),
};

function person(name, role, extra = {}) {
  const now = Date.now();
  return {
    ...{ id: `u-${name}`, name, role, state: "enabled", provider: "local", email: `${name}@example.org` },
    ...{ createdAt: now - 90 * DAY, lastLoginAt: now - 3 * 3_600_000, ...extra },
  };
}

function firstPeople() {
  return [
    person("ada", "admin"),
    person("otto", "operator"),
    person("ute", "auditor", { lastLoginAt: null }),
    person("tess", "user"),
    person("nora", "user"),
    person("gone", "user", { state: "disabled", email: null }),
    ...Array.from({ length: 140 }, (_, index) =>
      person(`student-${String(index + 1).padStart(3, "0")}`, "user", { provider: "campus" }),
    ),
  ];
}

const refusal = (status, code) => ({ status, body: { error: { code, message: code } } });

export function createPeople() {
  const people = new Map(firstPeople().map((one) => [one.id, one]));
  /** Name by cookie. */
  const cookies = new Map();
  const steps = new Map();
  const logins = new Map();
  const factors = createFactors((answer) => answer === PASSWORD || answer === CODE);
  const newcomers = createNewcomers();
  const find = (name) => [...people.values()].find((one) => one.name === name);

  function listLogins(name) {
    if (!logins.has(name))
      logins.set(
        name,
        BROWSERS.map((browser, index) => ({
          ...{ id: `l${index}`, address: `192.0.2.${10 + index}`, browser, current: index === 0 },
          ...{ createdAt: Date.now() - index * DAY - 60_000, lastSeenAt: Date.now() - index * 3_600_000 },
          expiresAt: Date.now() + DAY,
        })),
      );
    return logins.get(name);
  }

  function describe(cookie) {
    const found = find(cookies.get(cookie));
    if (found === undefined || found.state === "disabled") return null;
    return { name: found.name, role: found.role, powers: POWERS[found.role] };
  }

  function open(name) {
    const cookie = randomBytes(8).toString("hex");
    cookies.set(cookie, name);
    return { status: 200, body: describe(cookie), cookie };
  }

  function openStep(name, form) {
    const id = randomBytes(8).toString("hex");
    steps.set(id, { name, form, tries: 0 });
    return { status: 202, body: { step: { id, form } } };
  }

  const signInRoutes = {
    "POST /login/passkey/options": () => refusal(409, "PASSKEY_HOST"),
    ...newcomers.openRoutes((person) => add(person), open),
    "POST /login": ({ name, password }) => {
      if (password === undefined) return openStep(name, CODE_FORM);
      if (name === "down") return refusal(503, "LOGIN_UNAVAILABLE");
      if (password !== PASSWORD || find(name)?.state !== "enabled") return refusal(401, "LOGIN_REFUSED");
      if (name === "tess") return openStep(name, CODE_FORM);
      return name === "nora" ? openStep(name, ENROLMENT_FORM) : open(name);
    },
    "POST /login/step": ({ id, answers }) => {
      const step = steps.get(id);
      if (step === undefined || (step.tries += 1) > 5) return refusal(410, "LOGIN_STEP_GONE");
      const isRight = step.form.fields.length === 0 || (answers.code ?? answers.recovery) === CODE;
      if (!isRight) return refusal(401, "LOGIN_REFUSED");
      steps.delete(id);
      return step.form === ENROLMENT_FORM ? openStep(step.name, RECOVERY_FORM) : open(step.name);
    },
  };

  function list(query) {
    const search = query.get("search") ?? "";
    return [...people.values()]
      .filter(({ name, email }) => `${name} ${email ?? ""}`.includes(search.toLowerCase()))
      .filter(({ role }) => role === (query.get("role") ?? role))
      .filter(({ state }) => state === (query.get("state") ?? state))
      .filter(({ name }) => name > (query.get("after") ?? ""))
      .sort((one, other) => (one.name < other.name ? -1 : 1))
      .slice(0, Number(query.get("limit")));
  }

  function add({ name, role, email = null }) {
    if (find(name) !== undefined) return refusal(409, "USER_EXISTS");
    const made = person(name, role, { email, lastLoginAt: null, createdAt: Date.now() });
    people.set(made.id, made);
    return { status: 201, body: { ...made, password: randomBytes(12).toString("base64url") } };
  }

  function serveLogins(method, name, id) {
    if (method === "GET") return { status: 200, body: listLogins(name) };
    logins.set(
      name,
      listLogins(name).filter((login) => login.current || (id !== undefined && login.id !== id)),
    );
    return { status: 204 };
  }

  function serveOne(method, one, rest, body) {
    if (rest === "factors" && method === "GET") return { status: 200, body: factors.list(one.name) };
    if (rest === "factors") return (factors.reset(one.name), { status: 204 });
    const holdings = { logins: listLogins(one.name).length, tokens: 2, machines: 0, dataDisks: 0 };
    if (one.name === "otto") Object.assign(holdings, { machines: 2, dataDisks: 1 });
    if (rest === "holdings") return { status: 200, body: holdings };
    if (rest === "password")
      return { status: 200, body: { password: randomBytes(12).toString("base64url") } };
    if (rest.startsWith("logins")) return serveLogins(method, one.name, rest.split("/")[1]);
    if (method === "DELETE") return people.delete(one.id) && { status: 204 };
    if (method === "PATCH") Object.assign(one, body);
    return { status: 200, body: one };
  }

  function serve({ method, path, query, cookie }, body) {
    const { name } = describe(cookie);
    const made = factors.serve({ method, path, name, cookie }, body, CONFIRM_FORM);
    if (made !== null) return made;
    const isCritical = body.role === "admin" || (path.endsWith("/factors") && method === "DELETE");
    if (isCritical && !factors.isConfirmed(cookie)) return refusal(403, "CONFIRM_REQUIRED");
    if (path === "/me/account") return { status: 200, body: find(name) };
    if (path === "/me/password")
      return body.current === PASSWORD ? { status: 204 } : refusal(403, "CONFIRM_REQUIRED");
    if (path.startsWith("/me/logins")) return serveLogins(method, name, path.split("/")[3]);
    if (/^\/(invitations|sign-up-requests)/.test(path)) return newcomers.serve(method, path, body, add);
    if (path === "/users") return method === "GET" ? { status: 200, body: list(query) } : add(body);
    const [, , id, ...rest] = path.split("/");
    const one = people.get(id);
    return one === undefined ? refusal(404, "USER_UNKNOWN") : serveOne(method, one, rest.join("/"), body);
  }

  return { form: FORM, signInRoutes, describe, serve, signOut: (cookie) => cookies.delete(cookie) };
}
