import { TEST_SERVERS } from "./test-servers.ts";
import { BOOT_SIZE } from "./bars-boot-sector.ts";
import { startBarsQemu, startBarsX11vnc, startBarsXvnc, startDialingX11vnc, X_SIZE } from "./real-servers.ts";
import type { ServerFixture } from "./server-fixture.ts";

/** A VNC server of the matrix: what it is, what the agent is told about it, and what has to come of it. */
export interface ServerKind {
  /** The desktop's name too. */
  readonly id: string;
  readonly title: string;
  /** Where it comes from: Debian's program, or a test server of our own. */
  readonly from: "TigerVNC's Xvnc" | "x11vnc" | "QEMU" | "our own test server";
  /** The part of its command line that matters; of our own, what it plays. */
  readonly runs: string;
  /** The agent's flags besides --desktop; `null`: there is no agent, it dials in by the repeater. */
  readonly flags: readonly ServerFlag[] | null;
  /** Whose password its flags give. */
  readonly login?: "vnc" | "system" | "own";
  /** How the agent entered, in its log's words. */
  readonly enters: string;
  readonly size: { readonly width: number; readonly height: number };
  /** Starts it with the bars of this number on its screen; gives its port on 127.0.0.1. */
  start(serverFixture: ServerFixture, number: number): Promise<number>;
}

export type ServerFlag = "--vnc-password-file" | "--vnc-user" | "--vnc-ca-file" | "--vnc-mslogon";

const PASSWORD: readonly ServerFlag[] = ["--vnc-password-file"];
const CERTIFIED: readonly ServerFlag[] = ["--vnc-password-file", "--vnc-ca-file"];
const VENCRYPT_ONLY = ["-ssl", "FILE", "-anontls", "never", "-vencrypt", "nodh:force"];

const XVNC: readonly ServerKind[] = [
  {
    id: "xvnc-none",
    title: "Xvnc, None",
    from: "TigerVNC's Xvnc",
    runs: "Xvnc -SecurityTypes None",
    flags: [],
    enters: "none",
    size: X_SIZE,
    start: startBarsXvnc("None"),
  },
  {
    id: "xvnc-vncauth",
    title: "Xvnc, VncAuth",
    from: "TigerVNC's Xvnc",
    runs: "Xvnc -SecurityTypes VncAuth -rfbauth FILE",
    flags: PASSWORD,
    enters: "vncAuth",
    size: X_SIZE,
    start: startBarsXvnc("VncAuth"),
  },
  {
    id: "xvnc-x509vnc",
    title: "Xvnc, X509Vnc",
    from: "TigerVNC's Xvnc",
    runs: "Xvnc -SecurityTypes X509Vnc -rfbauth FILE -X509Cert FILE -X509Key FILE",
    flags: CERTIFIED,
    enters: "veNCrypt x509Vnc",
    size: X_SIZE,
    start: startBarsXvnc("X509Vnc"),
  },
  {
    id: "xvnc-x509plain",
    title: "Xvnc, X509Plain",
    from: "TigerVNC's Xvnc",
    runs: "Xvnc -SecurityTypes X509Plain -PlainUsers USER -X509Cert FILE -X509Key FILE",
    flags: [...CERTIFIED, "--vnc-user"],
    login: "system",
    enters: "veNCrypt x509Plain",
    size: X_SIZE,
    start: startBarsXvnc("X509Plain"),
  },
  {
    id: "xvnc-tlsvnc",
    title: "Xvnc, TLSVnc",
    from: "TigerVNC's Xvnc",
    runs: "Xvnc -SecurityTypes TLSVnc -rfbauth FILE",
    flags: PASSWORD,
    enters: "veNCrypt tlsVnc",
    size: X_SIZE,
    start: startBarsXvnc("TLSVnc"),
  },
];

const X11VNC: readonly ServerKind[] = [
  {
    id: "x11vnc-rfbauth",
    title: "x11vnc, rfbauth",
    from: "x11vnc",
    runs: "x11vnc -rfbauth FILE",
    flags: PASSWORD,
    enters: "vncAuth",
    size: X_SIZE,
    start: startBarsX11vnc(),
  },
  {
    id: "x11vnc-ssl",
    title: "x11vnc, ssl",
    from: "x11vnc",
    runs: `x11vnc -rfbauth FILE ${VENCRYPT_ONLY.join(" ")}`,
    flags: CERTIFIED,
    enters: "veNCrypt x509Vnc",
    size: X_SIZE,
    start: startBarsX11vnc(VENCRYPT_ONLY),
  },
  {
    id: "x11vnc-repeater",
    title: "x11vnc, repeater",
    from: "x11vnc",
    runs: "x11vnc -connect repeater=ID:NUMBER+SERVER:5500",
    flags: null,
    enters: "by the repeater",
    size: X_SIZE,
    start: startDialingX11vnc,
  },
];

const QEMU: readonly ServerKind[] = [
  {
    id: "qemu-none",
    title: "QEMU, none",
    from: "QEMU",
    runs: "qemu-system-x86_64 -vnc :1",
    flags: [],
    enters: "none",
    size: BOOT_SIZE,
    start: startBarsQemu(""),
  },
  {
    id: "qemu-password",
    title: "QEMU, password",
    from: "QEMU",
    runs: "qemu-system-x86_64 -object secret,id=pw,file=FILE -vnc :1,password-secret=pw",
    flags: PASSWORD,
    enters: "vncAuth",
    size: BOOT_SIZE,
    start: startBarsQemu(",password-secret=pw"),
  },
  {
    id: "qemu-x509",
    title: "QEMU, tls-creds-x509",
    from: "QEMU",
    runs: "qemu-system-x86_64 -object tls-creds-x509,id=tls,dir=FOLDER,endpoint=server,verify-peer=off -object secret,id=pw,file=FILE -vnc :1,tls-creds=tls,password-secret=pw",
    flags: CERTIFIED,
    enters: "veNCrypt x509Vnc",
    size: BOOT_SIZE,
    start: startBarsQemu(",tls-creds=tls,password-secret=pw", "x509"),
  },
  {
    id: "qemu-anon",
    title: "QEMU, tls-creds-anon",
    from: "QEMU",
    runs: "qemu-system-x86_64 -object tls-creds-anon,id=tls,endpoint=server -vnc :1,tls-creds=tls",
    flags: [],
    enters: "veNCrypt tlsNone",
    size: BOOT_SIZE,
    start: startBarsQemu(",tls-creds=tls", "anon"),
  },
];

/** The rows of the matrix; a kind's place is the number that its bars show. */
export const SERVER_KINDS: readonly ServerKind[] = [...XVNC, ...X11VNC, ...QEMU, ...TEST_SERVERS];
