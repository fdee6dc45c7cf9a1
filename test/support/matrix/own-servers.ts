import { appleDhSecurity, msLogonSecurity, tightSecurity, type Account } from "../own-security.ts";
import { ByteReader } from "../byte-reader.ts";
import { OWN_SIZE, showOwnDesktop } from "../own-desktop.ts";
import { startOwnVncServer, type OwnSecurity } from "../own-vnc-server.ts";
import { RsaAesServer } from "../rsa-aes-server.ts";
import { listBarColours } from "./bars.ts";
import type { ServerFlag, ServerKind } from "./server-kinds.ts";

const USER: readonly ServerFlag[] = ["--vnc-user", "--vnc-password-file"];

function own(
  kind: Pick<ServerKind, "id" | "title" | "runs" | "flags" | "enters">,
  makeSecurity: (account: Account) => OwnSecurity,
): ServerKind {
  return {
    ...kind,
    from: "our own test server",
    login: "own",
    size: OWN_SIZE,
    start: async (bench, number) =>
      (await startOwnVncServer(bench.owner, [makeSecurity(bench.own)], listBarColours(number))).port,
  };
}

/** RSA-AES is played with the product's own code, which noVNC checks as a viewer. */
function rsaAes(id: string, title: string, type: 5 | 6 | 129 | 130, enters: string): ServerKind {
  return {
    id,
    title,
    from: "our own test server",
    runs: `security type ${type}, as RealVNC's servers and TigerVNC 1.13 and newer have it`,
    flags: ["--vnc-password-file"],
    login: "own",
    size: OWN_SIZE,
    enters,
    start: async ({ owner, own: { password } }, number) => {
      const server = new RsaAesServer([type], password, (stream) => {
        stream.on("error", () => undefined);
        const client = {
          reader: new ByteReader(stream),
          write: (bytes: Buffer | readonly number[]) => stream.write(Buffer.from(bytes)),
        };
        showOwnDesktop(client, listBarColours(number)).catch(() => stream.destroy());
      });
      return owner.own(await server.start()).port;
    },
  };
}

/** What no server of Debian has. */
export const OWN_SERVERS: readonly ServerKind[] = [
  rsaAes("own-ra2", "RA2", 5, "ra2"),
  rsaAes("own-ra2ne", "RA2ne", 6, "ra2ne"),
  rsaAes("own-ra2-256", "RA2_256", 129, "ra2_256"),
  rsaAes("own-ra2ne-256", "RA2ne_256", 130, "ra2ne_256"),
  own(
    {
      id: "own-tight-none",
      title: "Tight, none",
      runs: "security type 16 with a tunnel to decline, no authentication, and capabilities behind ServerInit",
      flags: [],
      enters: "tight none",
    },
    (account) => tightSecurity("none", account, 2),
  ),
  own(
    {
      id: "own-tight-vncauth",
      title: "Tight, VncAuth",
      runs: "security type 16 with VncAuth inside, and capabilities behind ServerInit",
      flags: ["--vnc-password-file"],
      enters: "tight vncAuth",
    },
    (account) => tightSecurity("vncAuth", account, 0),
  ),
  own(
    {
      id: "own-apple-dh",
      title: "Apple DH",
      runs: "security type 30, as macOS Screen Sharing has it",
      flags: USER,
      enters: "appleDh",
    },
    (account) => appleDhSecurity(account),
  ),
  own(
    {
      id: "own-mslogon",
      title: "MSLogonII",
      runs: "security type 113, as UltraVNC has it",
      flags: [...USER, "--vnc-mslogon"],
      enters: "msLogonII",
    },
    msLogonSecurity,
  ),
];
