import path from "node:path";
import { startDisplay } from "../x-display.ts";
import { CleanupStack } from "../cleanup-stack.ts";
import { startQemuVnc, startX11vnc } from "../vnc-servers.ts";
import { writeVncPassword } from "../vnc-password.ts";
import { startXvnc } from "../xvnc.ts";
import { paintBars } from "./bars.ts";
import { writeBootSector } from "./bars-boot-sector.ts";
import type { ServerFixture } from "./server-fixture.ts";

type Start = (serverFixture: ServerFixture, number: number) => Promise<number>;

export const X_SIZE = { width: 400, height: 300 };
const NAME = "NAME-CANARY";

/** @param type TigerVNC's name of the only security type that it offers */
export function startBarsXvnc(type: string): Start {
  return async ({ cleanup, tls, vncPassword, system }, number) => {
    const secret = await writeVncPassword(tls.folder, vncPassword);
    const { display, port } = await startXvnc(cleanup, {
      name: NAME,
      ...X_SIZE,
      args: [
        ...["-SecurityTypes", type, "-rfbauth", secret, "-PlainUsers", system.user],
        ...["-X509Cert", tls.certificate, "-X509Key", tls.key],
      ],
    });
    await display.paintRootWith(paintBars(number, X_SIZE));
    return port;
  };
}

/** @param args FILE in them is the file with certificate and key */
export function startBarsX11vnc(args: readonly string[] = []): Start {
  return async ({ cleanup, tls, vncPassword }, number) => {
    const given = args.map((arg) => (arg === "FILE" ? tls.both : arg));
    const { display, port } = await startX11vnc(cleanup, vncPassword, given);
    await display.paintRootWith(paintBars(number, X_SIZE));
    return port;
  };
}

/** It listens nowhere: port 0. It ends after each viewer, and dials in again for the next. */
export async function startDialingX11vnc(
  { cleanup, repeater }: ServerFixture,
  number: number,
): Promise<number> {
  // An owner of its own: what dials again while the outer one closes would be stopped and dial for ever.
  const dialled = new CleanupStack();
  let isWanted = true;
  let dialing = Promise.resolve();
  cleanup.add({
    stop: async () => {
      isWanted = false;
      await dialled.close();
      await dialing;
    },
  });
  const display = await startDisplay(dialled, X_SIZE);
  await display.paintRootWith(paintBars(number, X_SIZE));
  const connect = `repeater=ID:${await repeater.createNumber("x11vnc-repeater")}+127.0.0.1:${repeater.port}`;
  const dial = () =>
    display.start("x11vnc", ["-display", display.name, "-rfbport", "0", "-connect", connect]);
  let running = dial();
  dialing = (async () => {
    for (;;) {
      await running.exited;
      if (!isWanted) return;
      running = dial();
    }
  })();
  return 0;
}

/** @param vnc what follows the address of -vnc */
export function startBarsQemu(vnc: string, tlsKind?: "x509" | "anon"): Start {
  return async ({ cleanup, tls, vncPassword }, number) => {
    const disk = path.join(tls.folder, `boot-${number}.img`);
    await writeBootSector(disk, number);
    const credentials = {
      x509: `tls-creds-x509,id=tls,dir=${tls.folder},endpoint=server,verify-peer=off`,
      anon: "tls-creds-anon,id=tls,endpoint=server",
    };
    const objects = [
      `secret,id=pw,data=${vncPassword}`,
      ...(tlsKind === undefined ? [] : [credentials[tlsKind]]),
    ];
    const drive = ["-drive", `file=${disk},format=raw,if=ide,snapshot=on`];
    return (await startQemuVnc(cleanup, vnc, objects, drive)).port;
  };
}
