import { appleDhSecurity, msLogonSecurity, tightSecurity, type VncAccount } from "../test-vnc-security.ts";
import { ByteReader } from "../byte-reader.ts";
import { TEST_DESKTOP_SIZE, serveTestDesktop } from "../test-vnc-desktop.ts";
import { startTestVncServer, type TestVncSecurity } from "../test-vnc-server.ts";
import { RsaAesServer } from "../rsa-aes-server.ts";
import { listBarColours } from "./bars.ts";
import type { ServerFlag, ServerKind } from "./server-kinds.ts";

const USER: readonly ServerFlag[] = ["--vnc-user", "--vnc-password-file"];

function testServer(
  kind: Pick<ServerKind, "id" | "title" | "runs" | "flags" | "enters">,
  makeSecurity: (account: VncAccount) => TestVncSecurity,
): ServerKind {
  return {
    ...kind,
    from: "our own test server",
    login: "own",
    size: TEST_DESKTOP_SIZE,
    start: async (serverFixture, number) =>
      (
        await startTestVncServer(
          serverFixture.cleanup,
          [makeSecurity(serverFixture.own)],
          listBarColours(number),
        )
      ).port,
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
    size: TEST_DESKTOP_SIZE,
    enters,
    start: async ({ cleanup, own: { password } }, number) => {
      const server = new RsaAesServer([type], password, (stream) => {
        stream.on("error", () => undefined);
        const client = {
          reader: new ByteReader(stream),
          write: (bytes: Buffer | readonly number[]) => stream.write(Buffer.from(bytes)),
        };
        serveTestDesktop(client, listBarColours(number)).catch(() => stream.destroy());
      });
      return cleanup.add(await server.start()).port;
    },
  };
}

/** What no server of Debian has. */
export const TEST_SERVERS: readonly ServerKind[] = [
  rsaAes("own-ra2", "RA2", 5, "ra2"),
  rsaAes("own-ra2ne", "RA2ne", 6, "ra2ne"),
  rsaAes("own-ra2-256", "RA2_256", 129, "ra2_256"),
  rsaAes("own-ra2ne-256", "RA2ne_256", 130, "ra2ne_256"),
  testServer(
    {
      id: "own-tight-none",
      title: "Tight, none",
      runs: "security type 16 with a tunnel to decline, no authentication, and capabilities behind ServerInit",
      flags: [],
      enters: "tight none",
    },
    (account) => tightSecurity("none", account, 2),
  ),
  testServer(
    {
      id: "own-tight-vncauth",
      title: "Tight, VncAuth",
      runs: "security type 16 with VncAuth inside, and capabilities behind ServerInit",
      flags: ["--vnc-password-file"],
      enters: "tight vncAuth",
    },
    (account) => tightSecurity("vncAuth", account, 0),
  ),
  testServer(
    {
      id: "own-apple-dh",
      title: "Apple DH",
      runs: "security type 30, as macOS Screen Sharing has it",
      flags: USER,
      enters: "appleDh",
    },
    (account) => appleDhSecurity(account),
  ),
  testServer(
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
