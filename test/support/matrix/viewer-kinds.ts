/** What a person fills in on a viewer's command line. */
export interface CommandLineValues {
  /** The server's name, and the ports of viewers, of everything, and of the repeater's viewers. */
  readonly host: string;
  readonly rfb: string;
  readonly listen: string;
  readonly repeater: string;
  readonly token: string;
  /** A file with the token, as tigervncpasswd and vncpasswd write it. */
  readonly passwordFile: string;
  readonly desktop: string;
  readonly ca: string;
  /** stunnel's settings, see STUNNEL. */
  readonly tunnel: string;
  readonly number: string;
  readonly picture: string;
}

export interface CommandLine {
  readonly env?: Readonly<Record<string, string>>;
  readonly command: string;
  readonly args: readonly string[];
}

interface Kind {
  readonly id: string;
  readonly title: string;
  readonly program: string;
  /** What a person should know, for the page. */
  readonly hint: string;
  /** A window's title or the output has this: the desktop under its published name. */
  tells(desktop: string): RegExp;
}

/** A viewer with a window, or one that writes a file and ends. */
export interface ProgramKind extends Kind {
  readonly shows: "window" | "file";
  /** Its output has this: how it came in. */
  readonly says: RegExp;
  describe(words: CommandLineValues): CommandLine;
}

interface PageKind extends Kind {
  readonly shows: "page";
}

export type ViewerKind = ProgramKind | PageKind;

/** What stunnel is told for a viewer that knows no TLS. */
export function describeTunnel(
  { host, listen, ca }: Pick<CommandLineValues, "host" | "listen" | "ca">,
  name: string,
): string {
  const lines = [
    ...["foreground = yes", "pid =", "client = yes", `connect = ${host}:${listen}`],
    ...["verifyChain = yes", `CAfile = ${ca}`, `checkHost = ${name}`],
  ];
  return `${lines.join("\n")}\n`;
}

const TIGER = {
  program: "tigervnc-viewer",
  shows: "window",
  tells: (desktop: string) => new RegExp(`^${desktop} - TigerVNC$`, "m"),
} as const;
const SSVNC = {
  program: "ssvnc",
  shows: "window",
  tells: (desktop: string) => new RegExp(`^SSVNC: ${desktop} - `, "m"),
} as const;

/** The columns of the matrix. */
export const VIEWER_KINDS: readonly ViewerKind[] = [
  {
    ...TIGER,
    id: "tigervnc-vncauth",
    title: "TigerVNC, VncAuth",
    says: /Choosing security type VncAuth\(2\)/,
    hint: "Without `-passwd` it asks for the password: type the token. TigerVNC 1.12 asks for the desktop alone; the server makes that shared, so nobody is dropped.",
    describe: ({ host, rfb, passwordFile }) => ({
      command: "vncviewer",
      args: ["-SecurityTypes", "VncAuth", "-passwd", passwordFile, `${host}::${rfb}`],
    }),
  },
  {
    ...TIGER,
    id: "tigervnc-x509vnc",
    title: "TigerVNC, X509Vnc",
    says: /Choosing security type X509Vnc \(261\)/,
    hint: "Encrypted, and the server's certificate checked against the CA: `postern ca` prints it, the server's page `/ca.pem` serves it. TigerVNC 1.13 and newer encrypts without a file on any port; this is for older ones.",
    describe: ({ host, listen, passwordFile, ca }) => ({
      command: "vncviewer",
      args: ["-SecurityTypes", "X509Vnc", "-X509CA", ca, "-passwd", passwordFile, `${host}::${listen}`],
    }),
  },
  {
    ...TIGER,
    id: "tigervnc-x509plain",
    title: "TigerVNC, X509Plain",
    says: /Choosing security type X509Plain \(262\)/,
    hint: "The user name is the desktop's name, or empty. Without the two variables TigerVNC asks for both in a window.",
    describe: ({ host, listen, token, desktop, ca }) => ({
      env: { VNC_USERNAME: desktop, VNC_PASSWORD: token },
      command: "vncviewer",
      args: ["-SecurityTypes", "X509Plain", "-X509CA", ca, `${host}::${listen}`],
    }),
  },
  {
    id: "xtightvncviewer",
    title: "xtightvncviewer",
    program: "xtightvncviewer",
    shows: "window",
    tells: (desktop) => new RegExp(`^TightVNC: ${desktop}$`, "m"),
    says: /Performing standard VNC authentication/,
    hint: "Without `-passwd` it asks on the terminal it was started from. It does not encrypt.",
    describe: ({ host, rfb, passwordFile }) => ({
      command: "xtightvncviewer",
      args: ["-shared", "-passwd", passwordFile, `${host}::${rfb}`],
    }),
  },
  {
    ...SSVNC,
    id: "ssvnc",
    title: "ssvncviewer",
    says: /VNC authentication succeeded/,
    hint: "Does not encrypt by itself.",
    describe: ({ host, rfb, passwordFile }) => ({
      command: "ssvncviewer",
      args: ["-shared", "-passwd", passwordFile, `${host}::${rfb}`],
    }),
  },
  {
    ...SSVNC,
    id: "ssvnc-tls",
    title: "ssvncviewer in TLS",
    program: "ssvnc",
    says: /Certificate accepted at depth=0/,
    hint: "RFB inside TLS, on the port for everything; any viewer can come this way through `stunnel`. ssvnc's own window does the same with *Use SSL* and the CA under *Certs*.",
    describe: ({ passwordFile, tunnel }) => ({
      command: "ssvncviewer",
      args: ["-shared", "-passwd", passwordFile, `exec=stunnel4 ${tunnel}`],
    }),
  },
  {
    ...SSVNC,
    id: "ssvnc-repeater",
    title: "ssvncviewer by repeater",
    says: /repeater/i,
    hint: "UltraVNC's repeater, mode II: the number comes from `postern repeater create --desktop NAME`; the token is asked for all the same.",
    describe: ({ host, repeater, passwordFile, number }) => ({
      command: "ssvncviewer",
      args: ["-shared", "-passwd", passwordFile, "-repeater", `ID:${number}`, `${host}::${repeater}`],
    }),
  },
  {
    id: "vncsnapshot",
    title: "vncsnapshot",
    program: "vncsnapshot",
    shows: "file",
    tells: (desktop) => new RegExp(`^Desktop name "${desktop}"$`, "m"),
    says: /using protocol version 3\.3/,
    hint: "Takes one picture and ends. It speaks RFB 3.3, so a refusal has no reason. Xvnc answers its usual list of encodings with one that it cannot read: `-encodings raw`.",
    describe: ({ host, rfb, passwordFile, picture }) => ({
      command: "vncsnapshot",
      args: ["-encodings", "raw", "-quality", "100", "-passwd", passwordFile, `${host}::${rfb}`, picture],
    }),
  },
  {
    id: "novnc",
    title: "Chromium, noVNC",
    program: "chromium",
    shows: "page",
    tells: (desktop) => new RegExp(`^${desktop} · Postern$`),
    hint: "Nothing to install: sign in and click the desktop's picture. Any browser of today will do; the matrix uses Chromium.",
  },
];
