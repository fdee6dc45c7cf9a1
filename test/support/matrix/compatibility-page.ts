import { SERVER_KINDS, type ServerKind } from "./server-kinds.ts";
import {
  type CommandLine,
  describeTunnel,
  VIEWER_KINDS,
  type ViewerKind,
  type CommandLineValues,
} from "./viewer-kinds.ts";

/** What stands in the page for what a person fills in. */
const WORDS: CommandLineValues = {
  host: "desk.example.org",
  rfb: "5900",
  listen: "8443",
  repeater: "5901",
  token: "THE-TOKEN",
  passwordFile: "token.vnc",
  desktop: "lab-1",
  ca: "ca.pem",
  tunnel: "stunnel.conf",
  number: "NUMBER",
  picture: "lab-1.jpg",
};
export const SHOWN = "✓";
const OWN = "our own test server";

const PREFACE = `# Compatibility

Which viewers and which VNC servers work together through Postern. \`npm run test:compat\` goes through every cell of this
matrix; the page is written from its results, and only when every cell passed the last time that it was run.

${SHOWN} means: the viewer in the column came in through a real server and a real agent with a token, the agent entered the VNC
server in the row by itself, and the viewer showed that server's picture. Each VNC server shows colour bars that no other one
shows; a program looks for them in the pixels of the viewer's window (in the browser: of the page's canvas; of vncsnapshot: in its
file), and at least 98 % of them must be right, in the desktop's own size, under the name that the agent published. What the
viewer says about the way it came in, and the agent about the security type it entered by, is checked too.
`;

const DEFAULTS = `### Viewers with their defaults

What a viewer takes when nothing is set, and what it needs to be told:

| viewer | \`--rfb-listen\` | the one port | the one port, in TLS | seen |
| --- | --- | --- | --- | --- |
| TigerVNC 1.13 and newer, RealVNC | RSA-AES, encrypted | the same | VNC password | by its rule |
| TigerVNC 1.12, xtightvncviewer, ssvncviewer | VNC password | the same | the same | run |
| TurboVNC, TightVNC for Windows, UltraVNC | VNC password | the same | the same | by their rule |
| Remmina 1.4.29, krdc 22.12 (libvncclient) | VNC password | the same | the same | run |
| xrdp 0.9.21 (libvnc) | VNC password, by RFB 3.3 | the same | the same | run |
| guacd | VNC password | the same | the same | by its rule |
| gvncviewer 1.3.1, virt-viewer 11, Vinagre 3.22, GNOME Connections 43 (gtk-vnc) | VNC password | X509Plain: the CA in \`~/.pki/CA/cacert.pem\`, and any user name | VNC password | run |
| noVNC 1.0 and newer behind websockify | VNC password | the same | the same | by its rule |
| noVNC of any version at \`wss://…/rfb\` | | | VNC password | the page's own: run |
| noVNC 0.6 behind websockify | fails: it takes the highest number up to 16. Use \`wss://…/rfb\` | the same | VNC password | by its rule |

*Run*: \`test/compat/offers.test.ts\` starts that program of Debian with its defaults at each of the three. *By its rule*: how it chooses among
what is offered was read in its sources, and \`test/unit/proxy/authenticate/viewer-choice.test.ts\` applies it to each offer.

The server leaves the request for more mouse buttons (ExtendedMouseButtons, -316) and extensions that it does not know out of what
the VNC server hears. UltraVNC's chat, file transfer and choice of a monitor do not pass.
`;

function describeTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => "---"), ...rows];
  return lines.map((cells) => `| ${cells.join(" | ")} |\n`).join("");
}

function describeGroup(kinds: readonly ServerKind[]): string {
  const head = ["", ...VIEWER_KINDS.map(({ title }) => title)];
  return describeTable(
    head,
    kinds.map(({ title }) => [title, ...VIEWER_KINDS.map(() => SHOWN)]),
  );
}

/** As a person types it into a shell. */
function describeCommand({ env = {}, command, args }: CommandLine): string {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const quoted = args.map((arg) => (/^[\w.:/=-]+$/.test(arg) ? arg : `"${arg}"`));
  return [...variables, command, ...quoted].join(" ");
}

function describeViewer(kind: ViewerKind): string {
  const command =
    kind.shows === "page" ? "https://desk.example.org:8443/" : describeCommand(kind.describe(WORDS));
  return [
    `### ${kind.title}`,
    `\`\`\`sh\n${command}\n\`\`\``,
    kind.hint,
    `![${kind.title} at every server of the matrix](screenshots/compat-${kind.id}.png)`,
    "",
  ].join("\n\n");
}

/** The agent's flags for a desktop called lab-1. */
function describeFlags({ flags, id }: ServerKind): string {
  if (flags === null) return "no agent: `postern repeater create --server NAME` gives the number";
  const values = { "--vnc-password-file": "=FILE", "--vnc-user": "=USER", "--vnc-ca-file": "=CA.pem" };
  const given = flags.map((flag) => `\`${flag} lab-1${flag === "--vnc-mslogon" ? "" : values[flag]}\``);
  return given.length === 0
    ? id === "qemu-anon"
      ? "nothing: it encrypts by itself"
      : "nothing"
    : given.join(" ");
}

function describeServers(kinds: readonly ServerKind[]): string {
  const rows = kinds.map((kind) => {
    const runs = kind.from === OWN ? kind.runs : `\`${kind.runs}\``;
    return [kind.title, runs, describeFlags(kind), kind.enters];
  });
  return describeTable(["server", "how it runs", "what the agent is given", "the agent enters by"], rows);
}

/** docs/compatibility.md. @param versions Debian's package names and versions */
export function describeMatrix(versions: Readonly<Record<string, string>>): string {
  const real = SERVER_KINDS.filter(({ from }) => from !== OWN);
  const own = SERVER_KINDS.filter(({ from }) => from === OWN);
  return [
    PREFACE,
    "## The matrix\n",
    "VNC servers of other makers, as Debian has them:\n",
    describeGroup(real),
    `Test servers of our own, for what Debian does not have. Tight, Apple DH and MSLogonII are written from the specification and
share no code with the product. RSA-AES (RA2) is played with the product's own code, so that a common mistake could hide there;
against that, \`test/compat/rsa-aes.test.ts\` has noVNC's own RA2ne log in to the server. The real products (RealVNC's, macOS's
and UltraVNC's servers, TightVNC for Windows) were not tried.
`,
    describeGroup(own),
    "## Viewers: what to type\n",
    `\`desk.example.org\` is the Postern server, \`lab-1\` the desktop. The token comes from *Open in a VNC viewer* in the page, or from
\`postern token create --desktop lab-1\`. \`token.vnc\` is a file with it, made by \`echo -n THE-TOKEN | tigervncpasswd -f > token.vnc\`;
without that file, every viewer asks for the password.
`,
    DEFAULTS,
    ...VIEWER_KINDS.map(describeViewer),
    `\`stunnel.conf\`, for RFB inside TLS; \`checkHost\` is the name in the server's certificate:

\`\`\`ini
${describeTunnel(WORDS, WORDS.host)}\`\`\`
`,
    "## VNC servers: what to give the agent\n",
    `Besides \`--desktop lab-1=tcp:127.0.0.1:5901\`. More of it, certificates and client certificates too, is in
[host-admin.md](host-admin.md#your-vnc-server-and-what-to-give-the-agent).
`,
    describeServers(SERVER_KINDS),
    `When x11vnc dials in, it ends after its viewer: start it again for the next one. Of x11vnc's \`-ssl\`, Debian 12 can do only the kind with a
certificate: \`-vencrypt nodh:force\`.
`,
    "## Tried with\n",
    describeTable(["Debian package", "version"], Object.entries(versions)),
    `\`npm run test:compat\` leaves the results of each run (pixels right, time to the picture, what was said) in
\`test/results/compatibility/\`; when every cell passed, also this page and its pictures, which \`npm run docs:compat\` takes over.
`,
  ]
    .join("\n")
    .replaceAll(/\n{3,}/g, "\n\n");
}
