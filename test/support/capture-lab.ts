import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { type RevealingHost, startRevealingHost } from "./capture-host.ts";
import { joinLayers, type Layer, openLayers } from "./capture-layers.ts";
import { makePlace, type Place } from "./capture-places.ts";
import { parseKeyLog } from "./capture-tls.ts";
import { startWire, type Wire } from "./capture-wire.ts";
import { type Display, startDisplay } from "./display.ts";
import type { Owner } from "./owner.ts";
import { type PosternProgram, type PosternServer, runPostern, startAgent, startServer } from "./postern.ts";
import { waitFor } from "./wait-for.ts";

export interface LabPorts {
  readonly listen: number;
  readonly rfb: number;
  readonly repeaterViewers: number;
}

/** All that was said since some moment, in clear, by whom it was heard. */
export interface Overheard {
  readonly toViewer: Buffer;
  readonly fromViewer: Buffer;
  readonly toVncServer: Buffer;
  readonly fromVncServer: Buffer;
  /** Both directions between agent and server. */
  readonly mip: Buffer;
}

export interface Moment {
  readonly viewers: number;
  readonly host: number;
}

/** A viewer's computer, a host and a server between them, each with an address of its own, and every cable tapped. */
export class CaptureLab {
  readonly viewerPlace: Place;
  readonly hostPlace: Place;
  readonly server: PosternServer;
  readonly ports: LabPorts;
  readonly display: Display;
  readonly caFile: string;
  host!: RevealingHost;
  agent!: PosternProgram;
  readonly #wires: { readonly viewers: Wire; readonly host: Wire };
  readonly #keyFiles: readonly string[];

  private constructor(
    viewerPlace: Place,
    hostPlace: Place,
    server: PosternServer,
    ports: LabPorts,
    display: Display,
    caFile: string,
    wires: { readonly viewers: Wire; readonly host: Wire },
    keyFiles: readonly string[],
  ) {
    this.viewerPlace = viewerPlace;
    this.hostPlace = hostPlace;
    this.server = server;
    this.ports = ports;
    this.display = display;
    this.caFile = caFile;
    this.#wires = wires;
    this.#keyFiles = keyFiles;
  }

  static async open(owner: Owner): Promise<CaptureLab> {
    const viewerPlace = await makePlace(owner, "vcanary-host", "vcanary-user");
    const hostPlace = await makePlace(owner, "hcanary-host", "hcanary-user");
    const folder = await owner.makeFolder();
    const keyFiles = ["server", "agent"].map((who) => path.join(folder, `${who}.keys`));
    const at = `${viewerPlace.address}:0`;
    const places = ["--listen", at, "--rfb-listen", at, "--repeater-viewers", at];
    const env = (index: number) => ({ NODE_OPTIONS: `--tls-keylog=${keyFiles[index]!}` });
    const server = await startServer(owner, { args: [...places, "--log-level", "trace"], env: env(0) });
    const ports = JSON.parse(await readFile(server.readyFile, "utf8")) as LabPorts;
    const filter = `tcp and (${Object.values(ports)
      .map((port) => `port ${port}`)
      .join(" or ")})`;
    const wires = {
      viewers: await startWire(owner, filter),
      host: await startWire(owner, "tcp", hostPlace.via),
    };
    const display = await startDisplay(owner, { width: 1400, height: 1000 });
    const caFile = path.join(folder, "ca.pem");
    await writeFile(caFile, (await runPostern(["ca", "--data", server.data])).stdout);
    const lab = new CaptureLab(viewerPlace, hostPlace, server, ports, display, caFile, wires, keyFiles);
    await hostPlace.move(hostPlace.own, viewerPlace.address);
    lab.host = await startRevealingHost(owner, hostPlace);
    lab.agent = await startAgent(owner, server, {
      ...lab.host.settings,
      proxy: `${viewerPlace.address}:${ports.listen}`,
      args: [...(lab.host.settings.args ?? []), "--log-level", "trace"],
      env: { ...hostPlace.env, ...env(1) },
    });
    return lab;
  }

  async now(): Promise<Moment> {
    const [viewers, host] = await Promise.all([this.#wires.viewers.streams(), this.#wires.host.streams()]);
    return { viewers: viewers.length, host: host.length };
  }

  /** Waits until this many connections of the viewer since that moment have begun, and all are over. */
  async waitUntilOver(since: Moment, atLeast = 1): Promise<void> {
    await waitFor("the end of the viewer's connections", async () => {
      const streams = await this.#viewerStreams(since);
      return streams.length >= atLeast && streams.every(({ isOver }) => isOver);
    });
  }

  async #viewerStreams({ viewers }: Moment) {
    const hosts = `${this.hostPlace.own}:`;
    return (await this.#wires.viewers.streams())
      .slice(viewers)
      .filter(({ client }) => !client.startsWith(hosts));
  }

  /** @throws Error when anything of it cannot be opened */
  async overhear(since: Moment): Promise<Overheard> {
    return waitFor("keys for all that was captured", async () => {
      const texts = await Promise.all(this.#keyFiles.map((file) => readFile(file, "utf8")));
      const keys = parseKeyLog(texts.join("\n"));
      const open = (stream: { sent(): Buffer; received(): Buffer }): Layer[] =>
        openLayers({ sent: stream.sent(), received: stream.received() }, keys);
      const viewer = (await this.#viewerStreams(since)).flatMap(open);
      // A control connection is older than what it is asked for.
      const host = (await this.#wires.host.streams()).filter(({ isOver }, at) => at >= since.host || !isOver);
      const isMip = ({ server }: { server: string }) =>
        server === `${this.viewerPlace.address}:${this.ports.listen}`;
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
