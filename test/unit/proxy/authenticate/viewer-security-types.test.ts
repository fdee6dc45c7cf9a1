import { describe, expect, it } from "vitest";
import { SecurityType } from "../../../../protocol/index.ts";
import { offerSecurity } from "../../../../proxy/authenticate/viewer-security-types.ts";
import type { AcceptedViewer, ViewerListener } from "../../../../proxy/model/accepted-viewer.ts";

const { none, vncAuth, veNCrypt, ra2, ra2_256, ra2ne, ra2ne_256 } = SecurityType;

function listOffer(
  listener: ViewerListener,
  viewer: Partial<Pick<AcceptedViewer, "ticket" | "encrypt" | "asksAccount">>,
): number[] {
  const accepted = { listener, ticket: null, encrypt: null, asksAccount: false, ...viewer };
  return offerSecurity(accepted as unknown as AcceptedViewer).map(({ type }) => type);
}

describe("what viewers are offered", () => {
  const encrypt = () => Promise.resolve();

  it.each([
    ["plain", { encrypt }, [ra2, vncAuth, ra2_256, ra2ne_256, ra2ne]],
    ["repeater", { encrypt }, [ra2, vncAuth, ra2_256, ra2ne_256, ra2ne]],
    ["one-port", { encrypt }, [ra2, vncAuth, veNCrypt, ra2_256, ra2ne_256, ra2ne]],
    ["tls", {}, [vncAuth]],
    ["websocket", {}, [vncAuth]],
  ] as const)("%s", (listener, viewer, offer) => {
    expect(listOffer(listener, viewer)).toEqual(offer);
  });

  it("no VeNCrypt where TLS cannot begin inside the connection", () => {
    expect(listOffer("one-port", {})).not.toContain(veNCrypt);
  });

  it("None where the account is asked for on the screen, and a ticket goes first", () => {
    expect(listOffer("websocket", { asksAccount: true })).toEqual([none]);
    expect(listOffer("websocket", { asksAccount: true, ticket: "T" })).toEqual([none]);
  });

  it("None with a ticket, and nothing else", () => {
    expect(listOffer("websocket", { ticket: "T" })).toEqual([none]);
  });
});
