import { describe, expect, it } from "vitest";
import { isPosternError, parseAll } from "../../../protocol/index.ts";
import { readOfferedProtocols } from "../../../proxy/listen/client-hello.ts";
import { proxyHeader } from "../../../proxy/listen/proxy-header.ts";
import { captureClientHello } from "../../support/client-hello.ts";
import { fuzz, join } from "../fuzzing.ts";

describe("mutated first bytes", () => {
  it("ClientHello: names, none, or more is needed; never an error", async () => {
    const bases = await Promise.all([
      captureClientHello({ ALPNProtocols: ["mip/2", "http/1.1"], servername: "desk.example" }),
      captureClientHello({ maxVersion: "TLSv1.2" }),
    ]);
    fuzz(
      (random) => join(bases, random),
      (input) => {
        const offered = readOfferedProtocols(input);
        if (offered !== null && !offered.every((name) => name.length <= 255))
          throw new Error("a name that cannot be");
      },
    );
  });

  it("PROXY headers: an address, none, a refusal, or more is needed", () => {
    const signature = "0d0a0d0a000d0a515549540a";
    const bases = [
      Buffer.from("PROXY TCP4 203.0.113.9 10.0.0.1 54321 443\r\n"),
      Buffer.from("PROXY TCP6 2001:db8::7 ::1 54321 443\r\n"),
      Buffer.from(`${signature}2111000ccb0071090a000001d43101bb`, "hex"),
      Buffer.from(`${signature}21210024${"20010db8".repeat(8)}d43101bb`, "hex"),
    ];
    fuzz(
      (random) => join(bases, random),
      (input) => {
        try {
          parseAll(proxyHeader(), input);
        } catch (error) {
          expect(isPosternError(error)).toBe(true);
        }
      },
    );
  });
});
