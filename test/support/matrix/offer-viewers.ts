/** Where a viewer comes in: the port for viewers alone, the port for everything, and the latter inside a TLS tunnel. */
export const OFFER_LISTENERS = ["rfb", "listen", "tunnel"] as const;
export type OfferListener = (typeof OFFER_LISTENERS)[number];

/** What a person does at one window: types into it, where `TOKEN` stands for the token, and presses keys. */
export interface WindowStep {
  readonly title: string;
  readonly keys: readonly string[];
}

export interface OfferViewer {
  readonly title: string;
  readonly program: string;
  readonly command: (port: number, passwordFile: string) => readonly [string, ...string[]];
  /** It is a viewer of RDP: the VNC viewer is xrdp, to which it comes. */
  readonly throughXrdp?: boolean;
  /** Its windows on the way to the picture, in their order. */
  readonly windows: readonly WindowStep[];
  /** It asks in a window that has been there before: only once it has chosen there is a field. */
  readonly asksInPlace?: boolean;
  /** What it takes of the offer, by security type (and sub-type); an answer of RFB 3.3 has none. */
  readonly takes: string | null;
  /** The listener where it cannot come in by its defaults, and what it takes there. */
  readonly fails?: { readonly at: OfferListener; readonly takes: string };
}

const VNC_AUTH = "2";
const X509_PLAIN = "19/262";
const url = (port: number): string => `vnc://127.0.0.1:${port}`;

/** gtk-vnc takes VeNCrypt wherever it is offered, and needs a CA for it. */
const GTK_VNC = { takes: VNC_AUTH, fails: { at: "listen", takes: X509_PLAIN } } as const;

/** Viewers of Debian with their defaults. */
export const OFFER_VIEWERS: readonly OfferViewer[] = [
  {
    title: "xtightvncviewer",
    program: "xtightvncviewer",
    command: (port, file) => ["xtightvncviewer", "-shared", "-passwd", file, `127.0.0.1::${port}`],
    windows: [],
    takes: VNC_AUTH,
  },
  {
    title: "TigerVNC 1.12",
    program: "tigervnc-viewer",
    command: (port, file) => ["vncviewer", "-passwd", file, `127.0.0.1::${port}`],
    windows: [],
    takes: VNC_AUTH,
  },
  {
    title: "ssvncviewer",
    program: "ssvnc",
    command: (port, file) => ["ssvncviewer", "-shared", "-passwd", file, `127.0.0.1::${port}`],
    windows: [],
    takes: VNC_AUTH,
  },
  {
    title: "gvncviewer",
    program: "gvncviewer",
    command: (port) => ["gvncviewer", `127.0.0.1:${port - 5900}`],
    windows: [{ title: "Authentication required", keys: ["TOKEN", "Return"] }],
    ...GTK_VNC,
  },
  {
    title: "remote-viewer",
    program: "virt-viewer",
    command: (port) => ["remote-viewer", url(port)],
    windows: [{ title: "Authentication required", keys: ["TOKEN", "Return"] }],
    ...GTK_VNC,
  },
  {
    title: "Vinagre",
    program: "vinagre",
    command: (port) => ["vinagre", `vnc://127.0.0.1::${port}`],
    windows: [{ title: "^Remote Desktop Viewer$", keys: ["TOKEN", "Return"] }],
    // Its main window has the same title as the one that asks, and is there before.
    asksInPlace: true,
    ...GTK_VNC,
  },
  {
    title: "GNOME Connections",
    program: "gnome-connections",
    command: (port) => ["gnome-connections", url(port)],
    windows: [{ title: "^Connections$", keys: ["TOKEN", "Return"] }],
    asksInPlace: true,
    ...GTK_VNC,
  },
  {
    title: "Remmina",
    program: "remmina",
    command: (port) => ["remmina", "-c", url(port)],
    windows: [{ title: "^127.0.0.1:", keys: ["TOKEN", "Return"] }],
    asksInPlace: true,
    takes: VNC_AUTH,
  },
  {
    title: "krdc",
    program: "krdc",
    command: (port) => ["krdc", url(port)],
    windows: [
      { title: "^Host Configuration", keys: ["Return"] },
      { title: "^Password", keys: ["TOKEN", "Return"] },
    ],
    takes: VNC_AUTH,
  },
  {
    title: "xrdp",
    program: "xrdp",
    command: (port) => [
      ...(["xfreerdp", `/v:127.0.0.1:${port}`, "/sec:rdp", "/cert:ignore"] as const),
      ...["/u:anybody", "/p:unused"],
    ],
    throughXrdp: true,
    windows: [],
    // RFB 3.3.
    takes: null,
  },
];
