// An OpenID provider in a process of its own: `node openid-provider.mjs JSON`, with {port, clients, groups}. Any name and password sign in.
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { Provider } from "oidc-provider";

const { port, clients, groups = [] } = JSON.parse(process.argv[2]);
const issuer = `http://localhost:${port}`;
const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });

const provider = new Provider(issuer, {
  clients,
  jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), kid: "one", use: "sig", alg: "RS256" }] },
  cookies: { keys: [randomBytes(32).toString("hex")] },
  features: {
    devInteractions: { enabled: true },
    rpInitiatedLogout: { enabled: true },
    backchannelLogout: { enabled: true },
  },
  claims: { profile: ["preferred_username", "groups"], email: ["email", "email_verified"] },
  // Its own way to ask refuses addresses of this computer.
  fetch: (url, { dispatcher: _, ...request }) => fetch(url, request),
  // In the ID token, as most providers of companies have it.
  conformIdTokenClaims: false,
  findAccount: (_context, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      preferred_username: id,
      groups,
      email: `${id}@example.org`,
      email_verified: true,
    }),
  }),
  // The company's own application: people are not asked what it may know.
  async loadExistingGrant(context) {
    const grant = new provider.Grant({
      clientId: context.oidc.client.clientId,
      accountId: context.oidc.session.accountId,
    });
    grant.addOIDCScope("openid profile email");
    await grant.save();
    return grant;
  },
});
for (const event of ["backchannel.success", "backchannel.error", "server_error"])
  provider.on(event, (_context, error) => {
    process.stdout.write(`${event} ${error instanceof Error ? `${error.message} ${error.cause}` : ""}\n`);
  });
// Node's own resolver knows two addresses of localhost.
provider.listen(port, "127.0.0.1", () => {
  process.stdout.write("ready\n");
});
