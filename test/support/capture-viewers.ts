import { writeFile } from "node:fs/promises";
import path from "node:path";
import type { CaptureLab } from "./capture-lab.ts";
import { findFreePort } from "./free-port.ts";
import type { Owner } from "./owner.ts";
import type { Colour } from "./pixels.ts";
import { startProcess } from "./process.ts";
import { writeVncPassword } from "./vnc-password.ts";

/** What a viewer is to open, and by which token. */
export interface Visit {
  readonly desktop: string;
  readonly token: string;
  /** For the repeater: the ID of the desktop. */
  readonly repeaterId: string;
}

export interface OpenViewer {
  /** Waits until it shows this colour. */
  shows(colour: Colour): Promise<void>;
  /** @param signal SIGKILL: without a chance to take leave */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** What it received where that went encrypted over the wire, in a way that the capture cannot open. */
  readonly heard?: () => Buffer;
}

export interface ViewerKind {
  readonly name: string;
  /** Stays when a session runs; otherwise it takes one picture and leaves. */
  readonly stays: boolean;
  /** Whether it asks for DesktopName, so that a server would tell it of a rename. */
  readonly asksForNames: boolean;
  readonly open: (lab: CaptureLab, owner: Owner, visit: Visit) => Promise<OpenViewer>;
}

const MOST = 150_000;
/** The user name that a person gives at X509Plain. */
export const LOGIN_NAME = "vcanary-login";

type Program = (
  lab: CaptureLab,
  secretFile: string,
  visit: Visit,
  owner: Owner,
) => Promise<string[]> | string[];

/** A program with a window, started at the viewer's computer. */
function windowed(
  name: string,
  asksForNames: boolean,
  program: Program,
  env: NodeJS.ProcessEnv = {},
): ViewerKind {
  return {
    name,
    stays: true,
    asksForNames,
    open: async (lab, owner, visit) => {
      const { viewerPlace: place, display } = lab;
      const command = await program(lab, await writeVncPassword(display.folder, visit.token), visit, owner);
      const [first = "", ...rest] = [...place.as, ...command];
      const login = Object.keys(env).length === 0 ? {} : { ...env, VNC_PASSWORD: visit.token };
      const viewer = startProcess(owner, first, rest, { env: { ...display.env, ...place.env, ...login } });
      return {
        shows: async (colour) => {
          await display.waitForColour(colour, MOST);
        },
        stop: async (signal) => {
          await viewer.stop(signal);
        },
      };
    },
  };
}

function tiger(name: string, security: string, env?: NodeJS.ProcessEnv): ViewerKind {
  return windowed(
    name,
    true,
    ({ viewerPlace, ports, caFile }, secret) => [
      ...["vncviewer", "-AlertOnFatalError", "0", "-ReconnectOnError", "0", "-SecurityTypes", security],
      ...["-X509CA", caFile, ...(env ? [] : ["-passwd", secret])],
      `${viewerPlace.address}::${ports.listen}`,
    ],
    env,
  );
}

const ssvnc = (secret: string, ...more: string[]): string[] => [
  "ssvncviewer",
  "-shared",
  "-passwd",
  secret,
  ...more,
];

export const WINDOWED: readonly ViewerKind[] = [
  tiger("TigerVNC by VncAuth", "VncAuth"),
  tiger("TigerVNC by X509Vnc", "X509Vnc"),
  tiger("TigerVNC by X509Plain", "X509Plain", { VNC_USERNAME: LOGIN_NAME }),
  windowed("xtightvncviewer", false, ({ viewerPlace, ports }, secret) => [
    ...["xtightvncviewer", "-shared", "-passwd", secret, `${viewerPlace.address}::${ports.rfb}`],
  ]),
  windowed("ssvncviewer, plain", false, ({ viewerPlace, ports }, secret) =>
    ssvnc(secret, `${viewerPlace.address}::${ports.rfb}`),
  ),
  windowed("ssvncviewer inside TLS", false, async (lab, secret, _visit, owner) =>
    ssvnc(secret, `127.0.0.1::${await startTunnel(lab, owner)}`),
  ),
  windowed("ssvncviewer by the repeater", false, ({ viewerPlace, ports }, secret, { repeaterId }) =>
    ssvnc(secret, "-repeater", `ID:${repeaterId}`, `${viewerPlace.address}::${ports.repeaterViewers}`),
  ),
];

/** stunnel at the viewer's computer, as ssvnc's own program starts it. */
async function startTunnel({ viewerPlace, ports, caFile }: CaptureLab, owner: Owner): Promise<number> {
  const [port, config] = [await findFreePort(), path.join(await owner.makeFolder(), "stunnel.conf")];
  const lines = [
    ...["foreground = yes", "pid =", "[rfb]", "client = yes", `accept = 127.0.0.1:${port}`],
    ...[`connect = ${viewerPlace.address}:${ports.listen}`, "verifyChain = yes", `CAfile = ${caFile}`],
  ];
  await writeFile(config, `${lines.join("\n")}\n`);
  const [program = "", ...args] = [...viewerPlace.as, "stunnel4", config];
  await startProcess(owner, program, args).waitForOutput(/Configuration successful/);
  return port;
}

/** RFB 3.3, one picture. */
export const SNAPSHOT: ViewerKind = {
  name: "vncsnapshot",
  stays: false,
  asksForNames: false,
  open: async ({ viewerPlace: place, display, ports }, owner, { token }) => {
    const secret = await writeVncPassword(display.folder, token);
    const file = path.join(await owner.makeFolder(), "picture.jpg");
    const what = ["-encodings", "raw", "-passwd", secret, `${place.address}::${ports.rfb}`, file];
    const [program = "", ...args] = [...place.as, "vncsnapshot", ...what];
    const viewer = startProcess(owner, program, args, { env: { ...display.env, ...place.env } });
    return {
      shows: async () => {
        const { code } = await viewer.waitForExit();
        if (code !== 0) throw new Error(viewer.output);
      },
      stop: async (signal) => {
        await viewer.stop(signal);
      },
    };
  },
};
