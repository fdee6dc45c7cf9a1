import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { type IdentifyingHost, startIdentifyingHost } from "./identifying-host.ts";
import { joinLayers, type ConnectionLayer, openLayers } from "./layers.ts";
import { makeTestComputer, type TestComputer } from "./test-computer.ts";
import { parseKeyLog } from "./tls-decryption.ts";
import { startPacketCapture, type PacketCapture } from "./packet-capture.ts";
import { type XDisplay, startDisplay } from "../x-display.ts";
import type { CleanupStack } from "../cleanup-stack.ts";
import {
  type PosternProgram,
  type PosternServer,
  runPostern,
  startAgentProgram,
  startServerProgram,
} from "../postern.ts";
import { waitFor } from "../wait-for.ts";

export interface CapturePorts {
  readonly listen: number;
  readonly rfb: number;
  readonly repeaterViewers: number;
}

/** All that was said since some moment, in clear, by whom it was heard. */
export interface CapturedTraffic {
  readonly toViewer: Buffer;
  readonly fromViewer: Buffer;
  readonly toVncServer: Buffer;
  readonly fromVncServer: Buffer;
  /** Both directions between agent and server. */
  readonly mip: Buffer;
}

export interface CapturePosition {
  readonly viewers: number;
  readonly host: number;
}

/** A viewer's computer, a host and a server between them, each with an address of its own, and every cable tapped. */
export class CaptureFixture {
  readonly viewerComputer: TestComputer;
  readonly hostComputer: TestComputer;
  readonly server: PosternServer;
  readonly ports: CapturePorts;
  readonly display: XDisplay;
  readonly caFile: string;
  host!: IdentifyingHost;
  agent!: PosternProgram;
  readonly #captures: { readonly viewers: PacketCapture; readonly host: PacketCapture };
  readonly #keyFiles: readonly string[];

  private constructor(
    viewerPlace: TestComputer,
    hostPlace: TestComputer,
    server: PosternServer,
    ports: CapturePorts,
    display: XDisplay,
    caFile: string,
    wires: { readonly viewers: PacketCapture; readonly host: PacketCapture },
    keyFiles: readonly string[],
  ) {
    this.viewerComputer = viewerPlace;
    this.hostComputer = hostPlace;
    this.server = server;
    this.ports = ports;
    this.display = display;
    this.caFile = caFile;
    this.#captures = wires;
    this.#keyFiles = keyFiles;
  }

  static async open(cleanup: CleanupStack): Promise<CaptureFixture> {
    const viewerPlace = await makeTestComputer(cleanup, "vcanary-host", "vcanary-user");
    const hostPlace = await makeTestComputer(cleanup, "hcanary-host", "hcanary-user");
    const folder = await cleanup.makeFolder();
    const keyFiles = ["server", "agent"].map((who) => path.join(folder, `${who}.keys`));
    const at = `${viewerPlace.address}:0`;
    const places = ["--listen", at, "--rfb-listen", at, "--repeater-viewers", at];
    const env = (index: number) => ({ NODE_OPTIONS: `--tls-keylog=${keyFiles[index]!}` });
    const server = await startServerProgram(cleanup, {
      args: [...places, "--log-level", "trace"],
      env: env(0),
    });
    const ports = JSON.parse(await readFile(server.readyFile, "utf8")) as CapturePorts;
    const filter = `tcp and (${Object.values(ports)
      .map((port) => `port ${port}`)
      .join(" or ")})`;
    const wires = {
      viewers: await startPacketCapture(cleanup, filter),
      host: await startPacketCapture(cleanup, "tcp", hostPlace.via),
    };
    const display = await startDisplay(cleanup, { width: 1400, height: 1000 });
    const caFile = path.join(folder, "ca.pem");
    await writeFile(caFile, (await runPostern(["ca", "--data", server.data])).stdout);
    const captureFixture = new CaptureFixture(
      viewerPlace,
      hostPlace,
      server,
      ports,
      display,
      caFile,
      wires,
      keyFiles,
    );
    await hostPlace.move(hostPlace.ownAddress, viewerPlace.address);
    captureFixture.host = await startIdentifyingHost(cleanup, hostPlace);
    captureFixture.agent = await startAgentProgram(cleanup, server, {
      ...captureFixture.host.settings,
      proxy: `${viewerPlace.address}:${ports.listen}`,
      args: [...(captureFixture.host.settings.args ?? []), "--log-level", "trace"],
      env: { ...hostPlace.env, ...env(1) },
    });
    return captureFixture;
  }

  async now(): Promise<CapturePosition> {
    const [viewers, host] = await Promise.all([
      this.#captures.viewers.streams(),
      this.#captures.host.streams(),
    ]);
    return { viewers: viewers.length, host: host.length };
  }

  /** Waits until this many connections of the viewer since that moment have begun, and all are over. */
  async waitUntilOver(since: CapturePosition, atLeast = 1): Promise<void> {
    await waitFor("the end of the viewer's connections", async () => {
      const streams = await this.#viewerStreams(since);
      return streams.length >= atLeast && streams.every(({ isOver }) => isOver);
    });
  }

  async #viewerStreams({ viewers }: CapturePosition) {
    const hosts = `${this.hostComputer.ownAddress}:`;
    return (await this.#captures.viewers.streams())
      .slice(viewers)
      .filter(({ client }) => !client.startsWith(hosts));
  }

  /** @throws Error when anything of it cannot be opened */
  async readTraffic(since: CapturePosition): Promise<CapturedTraffic> {
    return waitFor("keys for all that was captured", async () => {
      const texts = await Promise.all(this.#keyFiles.map((file) => readFile(file, "utf8")));
      const keys = parseKeyLog(texts.join("\n"));
      const open = (stream: { sent(): Buffer; received(): Buffer }): ConnectionLayer[] =>
        openLayers({ sent: stream.sent(), received: stream.received() }, keys);
      const viewer = (await this.#viewerStreams(since)).flatMap(open);
      // A control connection is older than what it is asked for.
      const host = (await this.#captures.host.streams()).filter(
        ({ isOver }, at) => at >= since.host || !isOver,
      );
      const isMip = ({ server }: { server: string }) =>
        server === `${this.viewerComputer.address}:${this.ports.listen}`;
      const isVnc = ({ server }: { server: string }) => /^127\.0\.0\.1:5937[1-3]$/.test(server);
      const [mip, vnc] = [host.filter(isMip).flatMap(open), host.filter(isVnc).flatMap(open)];
      return {
        toViewer: joinLayers(viewer, "received"),
        fromViewer: joinLayers(viewer, "sent"),
        toVncServer: joinLayers(vnc, "sent"),
        fromVncServer: joinLayers(vnc, "received"),
        mip: Buffer.concat([joinLayers(mip, "sent"), joinLayers(mip, "received")]),
      };
    });
  }

  /** The reasons of all refusals and ends so far, in order. */
  async listReasons(): Promise<string[]> {
    const text = await readFile(path.join(this.server.data, "audit", "audit.jsonl"), "utf8");
    const lines = text.split("\n").filter((line) => line !== "");
    const events = lines.map(
      (line) => (JSON.parse(line) as { event: { action: string; reason?: string } }).event,
    );
    return events
      .filter(({ action }) => action === "session.refuse" || action === "session.end")
      .map(({ reason }) => reason ?? "");
  }
}
