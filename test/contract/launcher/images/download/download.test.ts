import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { download, type DownloadOptions } from "../../../../../launcher/images/download/download.ts";
import type { Clock } from "../../../../../protocol/index.ts";
import { CleanupStack } from "../../../../support/cleanup-stack.ts";

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const CONTENT = Buffer.alloc(300_000, "postern ");
const SUM = createHash("sha256").update(CONTENT).digest("hex");
/** Pauses between attempts take no time. */
const hasty: Clock = {
  now: () => 0,
  monotonic: () => 0,
  after(_ms, run) {
    const timer = setImmediate(run);
    return () => {
      clearImmediate(timer);
    };
  },
};

describe("a download", () => {
  let cleanup: CleanupStack;
  let folder: string;
  let handler: Handler;
  let url: string;
  const requests: IncomingMessage[] = [];

  beforeEach(async () => {
    cleanup = new CleanupStack();
    folder = await cleanup.makeFolder();
    requests.length = 0;
    url = `${await listen((request, response) => {
      requests.push(request);
      handler(request, response);
    })}/image`;
  });
  afterEach(() => cleanup.close());

  async function listen(answer: Handler): Promise<string> {
    const server = createServer(answer);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    cleanup.add({
      stop: () =>
        new Promise((resolve) => {
          server.close(resolve);
          server.closeAllConnections();
        }),
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  function fetchIt(changes: Partial<DownloadOptions> = {}) {
    return download({
      ...{ url, part: join(folder, "i.part"), place: () => join(folder, "image"), sha256: SUM },
      ...{ maxBytes: 1_000_000, known: null, check: () => Promise.resolve(), environment: {}, clock: hasty },
      ...{ signal: new AbortController().signal, onProgress: () => undefined, ...changes },
    });
  }

  /** An honest server: ranges, If-Range, If-None-Match. */
  function serve(content = CONTENT, etag = '"one"'): Handler {
    return (request, response) => {
      const { range, "if-range": ifRange, "if-none-match": known } = request.headers;
      if (known === etag) return response.writeHead(304).end();
      const [, from = ""] = /^bytes=(\d+)-$/.exec(range ?? "") ?? [];
      if (from === "" || ifRange !== etag)
        return response.writeHead(200, { etag, "content-length": content.length }).end(content);
      const rest = content.subarray(Number(from));
      const contentRange = `bytes ${from}-${content.length - 1}/${content.length}`;
      return response
        .writeHead(206, { etag, "content-range": contentRange, "content-length": rest.length })
        .end(rest);
    };
  }

  /** Sends the head and some of the content, then breaks off. */
  function breakOff(bytes: number, etag = '"one"'): Handler {
    return (_request, response) => {
      response.writeHead(200, { etag, "content-length": CONTENT.length });
      response.write(CONTENT.subarray(0, bytes), () => response.destroy());
    };
  }

  function inTurn(...handlers: Handler[]): Handler {
    return (request, response) => {
      (handlers.length > 1 ? handlers.shift() : handlers[0])?.(request, response);
    };
  }

  async function leftovers(): Promise<string[]> {
    return (await readdir(folder)).filter((name) => name !== "image");
  }

  test("is whole, checked, read-only, and leaves nothing beside it", async () => {
    handler = serve();
    const seen: number[] = [];
    const result = await fetchIt({ onProgress: ({ fraction }) => seen.push(fraction ?? -1) });
    expect(result).toMatchObject({ sha256: SUM, version: { etag: '"one"', bytes: CONTENT.length } });
    expect((await readFile(join(folder, "image"))).equals(CONTENT)).toBe(true);
    expect(seen.at(-1)).toBe(1);
    expect(await leftovers()).toEqual([]);
  });

  test("that breaks off goes on where it was", async () => {
    handler = inTurn(breakOff(100_000), serve());
    await fetchIt();
    expect(requests).toHaveLength(2);
    const [, from] = /^bytes=(\d+)-$/.exec(requests[1]!.headers.range ?? "") ?? [];
    expect(Number(from)).toBeGreaterThan(0);
    expect((await readFile(join(folder, "image"))).equals(CONTENT)).toBe(true);
  });

  test("begins anew when the content has changed meanwhile", async () => {
    const other = Buffer.alloc(200_000, "other ");
    handler = inTurn(breakOff(100_000), serve(other, '"two"'));
    await fetchIt({ sha256: createHash("sha256").update(other).digest("hex") });
    expect((await readFile(join(folder, "image"))).equals(other)).toBe(true);
  });

  test("joins nothing to a part of another whole, whatever the server claims", async () => {
    const liar: Handler = (_request, response) => {
      response
        .writeHead(206, { etag: '"one"', "content-range": "bytes 5-9/10", "content-length": 5 })
        .end("xxxxx");
    };
    handler = inTurn(breakOff(100_000), liar, serve());
    await fetchIt();
    expect((await readFile(join(folder, "image"))).equals(CONTENT)).toBe(true);
  });

  test("gives up after five attempts without a byte, keeps the part, and a later call goes on", async () => {
    const nothing: Handler = (request) => request.socket.destroy();
    handler = inTurn(breakOff(100_000), nothing);
    await expect(fetchIt()).rejects.toMatchObject({ code: "DOWNLOAD_BROKEN" });
    expect(existsSync(join(folder, "image"))).toBe(false);
    expect(await leftovers()).toEqual(["i.part", "i.part.json"]);
    handler = serve();
    await fetchIt();
    expect(requests.at(-1)!.headers.range).toMatch(/^bytes=[1-9]/);
    expect(await leftovers()).toEqual([]);
  });

  test("with a wrong checksum is thrown away", async () => {
    handler = serve();
    await expect(fetchIt({ sha256: "0".repeat(64) })).rejects.toMatchObject({ code: "DOWNLOAD_CHECKSUM" });
    expect(await readdir(folder)).toEqual([]);
  });

  test("that is not safe is thrown away", async () => {
    handler = serve();
    const check = () => Promise.reject(new Error("unsafe"));
    await expect(fetchIt({ check })).rejects.toThrow("unsafe");
    expect(await readdir(folder)).toEqual([]);
  });

  test.each<[string, Handler]>([
    ["says so", (_request, response) => response.writeHead(200, { "content-length": 2_000_000 }).end()],
    [
      "does not",
      (_request, response) => {
        response.writeHead(200, {});
        response.end(Buffer.alloc(1_000_001));
      },
    ],
  ])("larger than allowed is refused, when its server %s", async (_what, answer) => {
    handler = answer;
    await expect(fetchIt({ sha256: null })).rejects.toMatchObject({ code: "DOWNLOAD_TOO_LARGE" });
    expect(await readdir(folder)).toEqual([]);
  });

  test("follows redirects, but not for ever, and not to a file", async () => {
    const to =
      (location: string): Handler =>
      (_request, response) =>
        response.writeHead(302, { location }).end();
    handler = inTurn(to("/elsewhere"), serve());
    await fetchIt();
    expect(requests.map((request) => request.url)).toEqual(["/image", "/elsewhere"]);
    handler = to("/image");
    await expect(fetchIt()).rejects.toMatchObject({ code: "DOWNLOAD_REDIRECTS" });
    handler = to("file:///etc/passwd");
    await expect(fetchIt()).rejects.toMatchObject({ code: "DOWNLOAD_ADDRESS" });
  });

  test("asks for something newer only", async () => {
    handler = serve();
    expect(await fetchIt({ known: { url, etag: '"one"' } })).toBeNull();
    expect(await fetchIt({ known: { url, etag: '"older"' } })).toMatchObject({ sha256: SUM });
  });

  test("a refusal is told at once, a server's fault is tried again", async () => {
    handler = (_request, response) => response.writeHead(404).end();
    await expect(fetchIt()).rejects.toMatchObject({ code: "DOWNLOAD_REFUSED" });
    expect(requests).toHaveLength(1);
    handler = inTurn((_request, response) => response.writeHead(503).end(), serve());
    expect(await fetchIt()).not.toBeNull();
  });

  test("goes through the proxy of the environment, with its password, unless the host is exempt", async () => {
    const seen: (string | undefined)[] = [];
    const proxy = await listen((request, response) => {
      seen.push(request.url, request.headers["proxy-authorization"]);
      response.writeHead(200, { "content-length": CONTENT.length }).end(CONTENT);
    });
    const address = proxy.replace("http://", "http://ann:p%40ss@");
    await fetchIt({ url: "http://images.invalid/x", environment: { http_proxy: address } });
    expect(seen).toEqual(["http://images.invalid/x", `Basic ${Buffer.from("ann:p@ss").toString("base64")}`]);
    handler = serve();
    await fetchIt({ environment: { HTTP_PROXY: proxy, NO_PROXY: "localhost, 127.0.0.1" } });
    expect(requests).toHaveLength(1);
  });

  test("that is interrupted keeps its part", async () => {
    const controller = new AbortController();
    handler = (_request, response) => {
      response.writeHead(200, { etag: '"one"', "content-length": CONTENT.length });
      response.write(CONTENT.subarray(0, 100_000));
    };
    const onProgress = () => {
      controller.abort(new Error("stop"));
    };
    await expect(fetchIt({ signal: controller.signal, onProgress })).rejects.toThrow("stop");
    expect(await leftovers()).toEqual(["i.part", "i.part.json"]);
  });
});
