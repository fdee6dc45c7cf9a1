import { once } from "node:events";
import { symlink, writeFile } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fetchScript } from "../../../../launcher/scripts/sources/fetch-script.ts";
import { readScriptFile } from "../../../../launcher/scripts/sources/read-script-file.ts";
import { startTinyproxy } from "../../../support/tinyproxy.ts";
import { ScriptsFixture } from "./scripts-fixture.ts";

let scriptsFixture: ScriptsFixture;
beforeEach(async () => {
  scriptsFixture = await ScriptsFixture.make();
});
afterEach(async () => {
  await scriptsFixture.cleanup.close();
});

/** A web server on loopback; `HOST:PORT`. */
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  scriptsFixture.cleanup.add({
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function options(allowHosts: readonly string[], environment: Record<string, string> = {}, ms = 20_000) {
  return { allowHosts, environment, signal: AbortSignal.timeout(ms) };
}

describe("scripts from URLs", () => {
  it("are fetched, also after redirects", async () => {
    const host = await serve((request, response) => {
      if (request.url === "/a") response.writeHead(302, { location: "/b?x=1" }).end();
      else response.end(`#!/bin/sh\necho ${request.url ?? ""} ${request.headers.host ?? ""}`);
    });
    expect(await fetchScript(`http://${host}/a`, options([host]))).toBe(`#!/bin/sh\necho /b?x=1 ${host}`);
  });

  it("come through the environment's HTTP proxy, which is asked by name", async () => {
    const host = await serve((_request, response) => response.end("through"));
    const { port, program } = await startTinyproxy(scriptsFixture.cleanup, { address: "127.0.0.1" });
    const environment = { http_proxy: `http://127.0.0.1:${port}` };
    expect(await fetchScript(`http://${host}/script`, options([host], environment))).toBe("through");
    expect(program.output).toContain(`GET http://${host}/script`);
    // TLS goes by CONNECT.
    const tls = createTlsServer().on("connection", (socket) => socket.destroy());
    tls.listen(0, "127.0.0.1");
    await once(tls, "listening");
    const secure = `127.0.0.1:${(tls.address() as AddressInfo).port}`;
    const through = { https_proxy: environment.http_proxy };
    await expect(fetchScript(`https://${secure}/`, options([secure], through))).rejects.toMatchObject({
      code: "SCRIPT_FETCH",
    });
    expect(program.output).toContain(`CONNECT ${secure}`);
    tls.close();
  });

  it.each([
    "127.0.0.1",
    "localhost",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "10.0.0.1",
    "169.254.169.254",
    "2130706433",
  ])("are not fetched from %s, which is none of a user's business", async (host) => {
    await expect(fetchScript(`http://${host}:9/a`, options([]))).rejects.toMatchObject({
      code: "SCRIPT_ADDRESS",
    });
  });

  it("are not fetched from there by way of a redirect either, nor by a proxy", async () => {
    const host = await serve((_request, response) =>
      response.writeHead(302, { location: "http://127.0.0.1:9/secret" }).end(),
    );
    await expect(fetchScript(`http://${host}/`, options([host]))).rejects.toMatchObject({
      code: "SCRIPT_ADDRESS",
      safeMessage: expect.stringContaining("127.0.0.1"),
    });
    const proxied = options([], { http_proxy: `http://${host}` });
    await expect(fetchScript("http://127.0.0.1:9/", proxied)).rejects.toMatchObject({
      code: "SCRIPT_ADDRESS",
    });
  });

  it("have a limit, a time, and no endless ways", async () => {
    let asked = 0;
    const host = await serve((request, response) => {
      if (request.url === "/exact") response.end("#".repeat(65_536));
      else if (request.url === "/long") response.end("#".repeat(65_537));
      else if (request.url === "/silent") asked += 1;
      else if (request.url === "/gone") response.writeHead(404).end();
      else response.writeHead(302, { location: "/loop" }).end();
    });
    const get = (file: string, ms?: number) => fetchScript(`http://${host}/${file}`, options([host], {}, ms));
    expect(await get("exact")).toHaveLength(65_536);
    await expect(get("long")).rejects.toMatchObject({ code: "SCRIPT_LONG" });
    const words = (text: string) => ({ code: "SCRIPT_FETCH", safeMessage: expect.stringContaining(text) });
    await expect(get("gone?token=secret")).rejects.toMatchObject(words("without an end"));
    await expect(get("gone")).rejects.toMatchObject(words("answered 404"));
    await expect(get("loop")).rejects.toMatchObject(words("without an end"));
    await expect(get("silent", 1)).rejects.toMatchObject(words("too long"));
    expect(asked).toBeLessThanOrEqual(1);
    await expect(fetchScript("http://", options([]))).rejects.toMatchObject({ code: "SCRIPT_FETCH" });
  });
});

describe("scripts from paths", () => {
  it("are read from the administrator's folder, and from nowhere else", async () => {
    const inside = path.join(scriptsFixture.scripts, "a.sh");
    await writeFile(inside, "#!/bin/sh\ntrue\n");
    await writeFile(path.join(scriptsFixture.folder, "secret"), "secret");
    await symlink("../secret", path.join(scriptsFixture.scripts, "link"));
    await symlink("a.sh", path.join(scriptsFixture.scripts, "good-link"));
    expect(await readScriptFile(inside, scriptsFixture.scripts)).toBe("#!/bin/sh\ntrue\n");
    expect(
      await readScriptFile(path.join(scriptsFixture.scripts, "good-link"), scriptsFixture.scripts),
    ).toContain("true");
    for (const file of [
      "/etc/passwd",
      path.join(scriptsFixture.folder, "secret"),
      `${scriptsFixture.scripts}/../secret`,
      path.join(scriptsFixture.scripts, "link"),
      path.join(scriptsFixture.scripts, "missing"),
      scriptsFixture.scripts,
      "/dev/zero",
    ]) {
      await expect(readScriptFile(file, scriptsFixture.scripts), file).rejects.toMatchObject({
        code: "SCRIPT_PATH",
      });
    }
    await expect(readScriptFile(inside, null)).rejects.toMatchObject({ code: "SCRIPT_PATH" });
  });

  it("have a limit", async () => {
    const file = path.join(scriptsFixture.scripts, "long.sh");
    await writeFile(file, "#".repeat(65_536));
    expect(await readScriptFile(file, scriptsFixture.scripts)).toHaveLength(65_536);
    await writeFile(file, "#".repeat(65_537));
    await expect(readScriptFile(file, scriptsFixture.scripts)).rejects.toMatchObject({ code: "SCRIPT_LONG" });
  });

  it("may not want a person's password either", async () => {
    const file = path.join(scriptsFixture.scripts, "password.sh");
    await writeFile(file, "#!/bin/sh\necho @PW@\n");
    await expect(scriptsFixture.prepare([file])).rejects.toMatchObject({ code: "SCRIPT_PASSWORD" });
  });
});
