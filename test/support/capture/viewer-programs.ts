import { writeFile } from "node:fs/promises";
import path from "node:path";
import type { CaptureFixture } from "./capture-fixture.ts";
import { findFreePort } from "../free-port.ts";
import type { CleanupStack } from "../cleanup-stack.ts";
import type { RgbColour } from "../bitmap.ts";
import { startProcess } from "../test-process.ts";
import { writeVncPassword } from "../vnc-password.ts";

/** What a viewer is to open, and by which token. */
interface CaptureTarget {
  readonly desktop: string;
  readonly token: string;
  /** For the repeater: the ID of the desktop. */
  readonly repeaterId: string;
}

export interface CapturedViewer {
  /** Waits until it shows this colour. */
  waitForColour(colour: RgbColour): Promise<void>;
  /** @param signal SIGKILL: without a chance to take leave */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** What it received where that went encrypted over the wire, in a way that the capture cannot open. */
  readonly receivedBytes?: () => Buffer;
}

export interface CapturedViewerKind {
  readonly name: string;
  /** Stays when a session runs; otherwise it takes one picture and leaves. */
  readonly stays: boolean;
  /** Whether it asks for DesktopName, so that a server would tell it of a rename. */
  readonly asksForNames: boolean;
  /** Whether it sends `LOGIN_NAME` beside the token, as a person's viewer does. */
  readonly sendsLoginName: boolean;
  readonly open: (
    captureFixture: CaptureFixture,
    cleanup: CleanupStack,
    visit: CaptureTarget,
  ) => Promise<CapturedViewer>;
}

const MOST = 150_000;
/** The user name that a viewer gives where it is asked for one. */
export const LOGIN_NAME = "vcanary-login";

type Program = (
  captureFixture: CaptureFixture,
  secretFile: string,
  visit: CaptureTarget,
  cleanup: CleanupStack,
) => Promise<string[]> | string[];

/** A program with a window, started at the viewer's computer. */
function windowViewer(
  name: string,
  asksForNames: boolean,
  program: Program,
  env: NodeJS.ProcessEnv = {},
): CapturedViewerKind {
  return {
    name,
    stays: true,
    asksForNames,
    sendsLoginName: Object.keys(env).length > 0,
    open: async (captureFixture, cleanup, visit) => {
      const { viewerComputer: place, display } = captureFixture;
      const command = await program(
        captureFixture,
        await writeVncPassword(display.folder, visit.token),
        visit,
        cleanup,
      );
      const [first = "", ...rest] = [...place.commandPrefix, ...command];
      const login = Object.keys(env).length === 0 ? {} : { ...env, VNC_PASSWORD: visit.token };
      const viewer = startProcess(cleanup, first, rest, { env: { ...display.env, ...place.env, ...login } });
      return {
        waitForColour: async (colour) => {
          await display.waitForColour(colour, MOST);
        },
        stop: async (signal) => {
          await viewer.stop(signal);
        },
      };
    },
  };
}

function tigerVncViewer(name: string, security: string, env?: NodeJS.ProcessEnv): CapturedViewerKind {
  return windowViewer(
    name,
    true,
    ({ viewerComputer: viewerPlace, ports, caFile }, secret) => [
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

export const WINDOW_VIEWERS: readonly CapturedViewerKind[] = [
  tigerVncViewer("TigerVNC by VncAuth", "VncAuth"),
  tigerVncViewer("TigerVNC by X509Vnc", "X509Vnc"),
  tigerVncViewer("TigerVNC by X509Plain", "X509Plain", { VNC_USERNAME: LOGIN_NAME }),
  windowViewer("xtightvncviewer", false, ({ viewerComputer: viewerPlace, ports }, secret) => [
    ...["xtightvncviewer", "-shared", "-passwd", secret, `${viewerPlace.address}::${ports.rfb}`],
  ]),
  windowViewer("ssvncviewer, plain", false, ({ viewerComputer: viewerPlace, ports }, secret) =>
    ssvnc(secret, `${viewerPlace.address}::${ports.rfb}`),
  ),
  windowViewer("ssvncviewer inside TLS", false, async (captureFixture, secret, _visit, cleanup) =>
    ssvnc(secret, `127.0.0.1::${await startTunnel(captureFixture, cleanup)}`),
  ),
  windowViewer(
    "ssvncviewer by the repeater",
    false,
    ({ viewerComputer: viewerPlace, ports }, secret, { repeaterId }) =>
      ssvnc(secret, "-repeater", `ID:${repeaterId}`, `${viewerPlace.address}::${ports.repeaterViewers}`),
  ),
];

/** stunnel at the viewer's computer, as ssvnc's own program starts it. */
async function startTunnel(
  { viewerComputer: viewerPlace, ports, caFile }: CaptureFixture,
  cleanup: CleanupStack,
): Promise<number> {
  const [port, config] = [await findFreePort(), path.join(await cleanup.makeFolder(), "stunnel.conf")];
  const lines = [
    ...["foreground = yes", "pid =", "[rfb]", "client = yes", `accept = 127.0.0.1:${port}`],
    ...[`connect = ${viewerPlace.address}:${ports.listen}`, "verifyChain = yes", `CAfile = ${caFile}`],
  ];
  await writeFile(config, `${lines.join("\n")}\n`);
  const [program = "", ...args] = [...viewerPlace.commandPrefix, "stunnel4", config];
  await startProcess(cleanup, program, args).waitForOutput(/Configuration successful/);
  return port;
}

/** RFB 3.3, one picture. */
export const SNAPSHOT_VIEWER: CapturedViewerKind = {
  name: "vncsnapshot",
  stays: false,
  asksForNames: false,
  sendsLoginName: false,
  open: async ({ viewerComputer: place, display, ports }, cleanup, { token }) => {
    const secret = await writeVncPassword(display.folder, token);
    const file = path.join(await cleanup.makeFolder(), "picture.jpg");
    const what = ["-encodings", "raw", "-passwd", secret, `${place.address}::${ports.rfb}`, file];
    const [program = "", ...args] = [...place.commandPrefix, "vncsnapshot", ...what];
    const viewer = startProcess(cleanup, program, args, { env: { ...display.env, ...place.env } });
    return {
      waitForColour: async () => {
        const { code } = await viewer.waitForExit();
        if (code !== 0) throw new Error(viewer.output);
      },
      stop: async (signal) => {
        await viewer.stop(signal);
      },
    };
  },
};
