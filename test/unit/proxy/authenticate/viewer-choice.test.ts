// How viewers choose among the security types that they are offered, as their sources have it.
import { describe, expect, it } from "vitest";
import { SecurityType } from "../../../../protocol/index.ts";
import { offerSecurity } from "../../../../proxy/authenticate/viewer-security-types.ts";
import type { AcceptedViewer, ViewerListener } from "../../../../proxy/model/accepted-viewer.ts";

const { vncAuth, veNCrypt, ra2, ra2ne, ra2_256, ra2ne_256, tight, tls, none } = SecurityType;

type Choose = (offer: readonly number[]) => number | undefined;

/** The first of the server's list that the viewer has, as TigerVNC, TurboVNC, libvncclient and noVNC do it. */
const firstOf =
  (...known: number[]): Choose =>
  (offer) =>
    offer.find((type) => known.includes(type));

/** gtk-vnc: an order of its own. */
const byOwnOrder =
  (...known: number[]): Choose =>
  (offer) =>
    known.find((type) => offer.includes(type));

/** noVNC 0.6, include/rfb.js: the highest number up to 16, or 22. */
const highestUpTo16: Choose = (offer) =>
  offer.filter((type) => type <= 16 || type === 22).sort((one, other) => other - one)[0];

interface ViewerRule {
  readonly viewer: string;
  readonly choose: Choose;
  /** What it can do without a file and without settings. */
  readonly can: readonly number[];
  /** What it has to take where it can encrypt so. */
  readonly encrypts?: number;
  /** Where it cannot come in with its defaults, which the documents say. */
  readonly not?: readonly ViewerListener[];
}

const WEBSOCKIFIED: readonly ViewerListener[] = ["plain", "one-port", "repeater"];

const RULES: readonly ViewerRule[] = [
  {
    viewer: "TigerVNC 1.13 and newer",
    choose: firstOf(veNCrypt, ra2, ra2ne, ra2_256, ra2ne_256, vncAuth, none),
    can: [ra2, vncAuth, ra2_256],
    encrypts: ra2,
  },
  { viewer: "TigerVNC 1.12", choose: firstOf(veNCrypt, vncAuth, none), can: [vncAuth] },
  // 129 is its own Unix login, which only stands inside Tight security.
  { viewer: "TurboVNC", choose: firstOf(veNCrypt, tight, 129, 130, vncAuth, none), can: [vncAuth] },
  {
    viewer: "libvncclient: krdc, Remmina, guacd",
    choose: firstOf(vncAuth, none, tls, veNCrypt, 30, 113),
    can: [vncAuth],
  },
  {
    viewer: "gtk-vnc: gvncviewer, virt-viewer, Vinagre, GNOME Connections",
    choose: byOwnOrder(veNCrypt, tls, vncAuth, none),
    can: [vncAuth],
    not: ["one-port"],
  },
  // RA2ne (6) waits for the page to approve of a key; VeNCrypt is known with Plain alone.
  { viewer: "noVNC 1.5 and 1.7", choose: firstOf(1, 2, 6, 16, 19, 22, 30, 113, 256), can: [vncAuth] },
  { viewer: "noVNC 1.0 to 1.3", choose: firstOf(1, 2, 16, 19, 22), can: [vncAuth] },
  { viewer: "noVNC 0.6", choose: highestUpTo16, can: [vncAuth], not: WEBSOCKIFIED },
  { viewer: "TightVNC, ssvnc, UltraVNC", choose: firstOf(vncAuth, none, tight), can: [vncAuth] },
];

function listOffer(listener: ViewerListener): readonly number[] {
  const encrypt = listener === "tls" || listener === "websocket" ? null : () => Promise.resolve();
  const accepted = { listener, ticket: null, encrypt };
  return offerSecurity(accepted as unknown as AcceptedViewer).map(({ type }) => type);
}

describe.each(RULES)("$viewer", ({ choose, can, encrypts, not = [] }) => {
  it.each(["plain", "repeater", "one-port", "tls", "websocket"] as const)(
    "gets in by its defaults: %s",
    (listener) => {
      const offer = listOffer(listener);
      const chosen = choose(offer);
      if (not.includes(listener)) expect(can).not.toContain(chosen);
      else expect(can).toContain(chosen);
      if (encrypts !== undefined && offer.length > 1) expect(chosen).toBe(encrypts);
    },
  );
});

it("none of the offers has a type of Tight, which Postern does not speak towards viewers", () => {
  for (const listener of ["plain", "repeater", "one-port", "tls", "websocket"] as const)
    expect(listOffer(listener)).not.toContain(tight);
});
