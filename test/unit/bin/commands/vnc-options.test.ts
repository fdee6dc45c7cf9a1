import { writeFile } from "node:fs/promises";
import path from "node:path";
import { rootCertificates } from "node:tls";
import { afterEach, describe, expect, test } from "vitest";
import { readVncFlags, type VncFlags } from "../../../../bin/commands/vnc-options.ts";
import { CleanupStack } from "../../../support/cleanup-stack.ts";

const cleanup = new CleanupStack();
afterEach(() => cleanup.close());
const NAMES = new Set(["lab-1", "lab=2"]);
const PIN = "AB".repeat(32);

async function makeFiles(): Promise<{ secret: string; pem: string; empty: string }> {
  const folder = await cleanup.makeFolder();
  const files = {
    secret: path.join(folder, "s"),
    pem: path.join(folder, "p"),
    empty: path.join(folder, "e"),
  };
  await writeFile(files.secret, "geheim\n");
  await writeFile(files.pem, rootCertificates[0]!);
  await writeFile(files.empty, "");
  return files;
}

describe("what the flags say of a desktop's VNC server", () => {
  test("is gathered by name", async () => {
    const { secret, pem } = await makeFiles();
    const flags: VncFlags = {
      vncPasswordFile: [`lab-1=${secret}`],
      vncUser: ["lab-1=ada=countess"],
      vncCaFile: [`lab-1=${pem}`],
      vncClientCertFile: [`lab-1=${pem}`],
      vncMslogon: ["lab-1"],
    };
    const logins = await readVncFlags(flags, NAMES);
    expect(logins.get("lab-1")).toEqual({
      vncPassword: Buffer.from("geheim"),
      vncUser: "ada=countess",
      tls: { kind: "ca", pem: rootCertificates[0], client: rootCertificates[0] },
      msLogon: true,
    });
    expect(logins.get("lab=2")).toEqual({});
  });

  test.each([
    ["UTF-8", "p£\n", "70c2a3"],
    ["Latin-1", Buffer.from("p\xa3\r\n", "latin1"), "70a3"],
    ["two line ends, of which one belongs to it", "p\n\n", "700a"],
  ])("takes a password as the bytes of its file: %s", async (_name, content, hex) => {
    const file = path.join(await cleanup.makeFolder(), "s");
    await writeFile(file, content);
    const logins = await readVncFlags({ vncPasswordFile: [`lab-1=${file}`] }, NAMES);
    expect(logins.get("lab-1")).toEqual({ vncPassword: Buffer.from(hex, "hex") });
  });

  test.each([
    ["1.0", "TLSv1"],
    ["1.1", "TLSv1.1"],
  ])("allows TLS %s", async (version, tlsMinVersion) => {
    const logins = await readVncFlags({ vncTlsMin: [`lab-1=${version}`] }, NAMES);
    expect(logins.get("lab-1")).toEqual({ tlsMinVersion });
  });

  test.each([PIN, PIN.toLowerCase(), PIN.replaceAll("AB", ":AB").slice(1)])(
    "takes the fingerprint %s",
    async (pin) => {
      const logins = await readVncFlags({ vncTlsFingerprint: [`lab-1=${pin}`] }, NAMES);
      expect(logins.get("lab-1")).toEqual({ tls: { kind: "fingerprint", sha256: PIN.toLowerCase() } });
    },
  );

  test.each<[string, (files: { secret: string; pem: string; empty: string }) => VncFlags, string]>([
    ["another desktop", () => ({ vncUser: ["lab-3=ada"] }), "DESKTOP_UNUSED"],
    ["another desktop, for MSLogonII", () => ({ vncMslogon: ["lab-3"] }), "DESKTOP_UNUSED"],
    ["an empty password", ({ empty }) => ({ vncPasswordFile: [`lab-1=${empty}`] }), "FILE_EMPTY"],
    ["no such file", () => ({ vncCaFile: ["lab-1=/nowhere/ca.pem"] }), "FILE_UNREADABLE"],
    ["a CA file without a certificate", ({ secret }) => ({ vncCaFile: [`lab-1=${secret}`] }), "VNC_TLS"],
    ["an empty CA file", ({ empty }) => ({ vncCaFile: [`lab-1=${empty}`] }), "VNC_TLS"],
    ["a short fingerprint", () => ({ vncTlsFingerprint: ["lab-1=abcd"] }), "VNC_TLS"],
    [
      "both a CA and a fingerprint",
      ({ pem }) => ({ vncCaFile: [`lab-1=${pem}`], vncTlsFingerprint: [`lab-1=${PIN}`] }),
      "VNC_TLS",
    ],
    ["a TLS version that is none", () => ({ vncTlsMin: ["lab-1=1.2"] }), "VNC_TLS"],
    ["a client certificate alone", ({ pem }) => ({ vncClientCertFile: [`lab-1=${pem}`] }), "VNC_TLS"],
  ])("%s: no", async (_name, flags, code) => {
    await expect(readVncFlags(flags(await makeFiles()), NAMES)).rejects.toMatchObject({ code });
  });
});
