import { describe, expect, it } from "vitest";
import {
  parseViewerAddress,
  buildViewerCommand,
  buildViewerUrl,
} from "../../../../../web/client/native/viewer-address.ts";

describe("a viewer's address", () => {
  it("is taken apart", () => {
    expect(parseViewerAddress("postern.example:5900")).toEqual({ host: "postern.example", port: 5900 });
    expect(parseViewerAddress("[2001:db8::1]:443")).toEqual({ host: "2001:db8::1", port: 443 });
  });

  it.each(["", "host", "host:", "host:0", "host:70000", "2001:db8::1", "a b:1"])("is not %j", (address) => {
    expect(parseViewerAddress(address)).toBeNull();
  });

  it("says the port in a way that no viewer takes for a display", () => {
    expect(buildViewerCommand({ host: "h", port: 5900 })).toBe("vncviewer h::5900");
    expect(buildViewerCommand({ host: "::1", port: 5900 })).toBe("vncviewer [::1]::5900");
  });

  it("becomes a vnc address without a token", () => {
    expect(buildViewerUrl({ host: "h", port: 5900 })).toBe("vnc://h:5900");
    expect(buildViewerUrl({ host: "::1", port: 5901 })).toBe("vnc://[::1]:5901");
  });
});
