import { describe, expect, it } from "vitest";
import { rfbAddress } from "../../../../../web/client/viewer/rfb-address.ts";

const page = { protocol: "https:", host: "postern.example:8443" };

describe("rfbAddress", () => {
  it("keeps the ticket's path, and says that the page answers pings", () => {
    expect(rfbAddress("wss://postern.example:8443/rfb", page)).toBe("wss://postern.example:8443/rfb?pings");
  });

  it("never dials another host", () => {
    expect(rfbAddress("wss://evil.example/rfb?x=1#y", page)).toBe("wss://postern.example:8443/rfb?pings");
    expect(rfbAddress("//evil.example/rfb", page)).toBe("wss://postern.example:8443/rfb?pings");
    expect(rfbAddress("/rfb", page)).toBe("wss://postern.example:8443/rfb?pings");
  });

  it("is plain only where the page is", () => {
    expect(rfbAddress("wss://a/rfb", { protocol: "http:", host: "127.0.0.1:80" })).toBe(
      "ws://127.0.0.1:80/rfb?pings",
    );
  });
});
