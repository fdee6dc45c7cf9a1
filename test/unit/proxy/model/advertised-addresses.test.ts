import { hostname } from "node:os";
import { describe, expect, it } from "vitest";
import {
  chooseAdvertised,
  formatUrl,
  listCertificateHosts,
} from "../../../../proxy/model/advertised-addresses.ts";

const listen = { host: "127.0.0.1", port: 8443 };
const rfb = { host: "0.0.0.0", port: 5900 };

describe("chooseAdvertised", () => {
  it("tells where the server listens, with the host's name for a wildcard", () => {
    expect(chooseAdvertised(null, { listen, rfb })).toEqual({
      web: listen,
      rfb: { host: hostname(), port: 5900 },
    });
    expect(chooseAdvertised(null, { listen, rfb: null })).toEqual({ web: listen, rfb: null });
  });

  it("tells what is advertised; the RFB port stays its own", () => {
    const web = { host: "vnc.example.org", port: 443 };
    expect(chooseAdvertised(web, { listen, rfb })).toEqual({
      web,
      rfb: { host: "vnc.example.org", port: 5900 },
    });
  });
});

describe("formatUrl", () => {
  it.each([
    [{ host: "vnc.example.org", port: 443 }, "wss://vnc.example.org/rfb"],
    [{ host: "127.0.0.1", port: 8443 }, "wss://127.0.0.1:8443/rfb"],
    [{ host: "::1", port: 8443 }, "wss://[::1]:8443/rfb"],
  ])("%j is %s", (address, url) => {
    expect(formatUrl("wss", address, "/rfb")).toBe(url);
  });
});

describe("listCertificateHosts", () => {
  it("holds every name by which the server is reached, once", () => {
    const hosts = listCertificateHosts(
      { host: "vnc.example.org", port: 443 },
      { host: "localhost", port: 0 },
    );
    expect(hosts).toEqual(["vnc.example.org", "localhost", "127.0.0.1", "::1"]);
  });
});
