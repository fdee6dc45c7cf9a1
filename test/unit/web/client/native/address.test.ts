import { describe, expect, it } from "vitest";
import { splitAddress, viewerCommand, viewerUrl } from "../../../../../web/client/native/address.ts";

describe("a viewer's address", () => {
  it("is taken apart", () => {
    expect(splitAddress("postern.example:5900")).toEqual({ host: "postern.example", port: 5900 });
    expect(splitAddress("[2001:db8::1]:443")).toEqual({ host: "2001:db8::1", port: 443 });
  });

  it.each(["", "host", "host:", "host:0", "host:70000", "2001:db8::1", "a b:1"])("is not %j", (address) => {
    expect(splitAddress(address)).toBeNull();
  });

  it("says the port in a way that no viewer takes for a display", () => {
    expect(viewerCommand({ host: "h", port: 5900 })).toBe("vncviewer h::5900");
    expect(viewerCommand({ host: "::1", port: 5900 })).toBe("vncviewer [::1]::5900");
  });

  it("becomes a vnc address without a token", () => {
    expect(viewerUrl({ host: "h", port: 5900 })).toBe("vnc://h:5900");
    expect(viewerUrl({ host: "::1", port: 5901 })).toBe("vnc://[::1]:5901");
  });
});
