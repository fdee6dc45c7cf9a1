// A viewer changes its pixel format again and again while a real VNC server draws, and must not have its clipboard.
import { afterAll, beforeAll, expect, test } from "vitest";
import { CleanupStack } from "../support/cleanup-stack.ts";
import { type PosternServer, startAgentProgram, startServerProgram } from "../support/postern.ts";
import { connectRfb, type RfbClient } from "../support/rfb-client.ts";
import { waitFor } from "../support/wait-for.ts";
import { startXvnc, type Xvnc } from "../support/xvnc.ts";

const DESKTOP = "lab-1";
const CANARY = "CANARY-CLIPBOARD";
const CHANGES = 24;
const REQUEST = 0x80000000;
const SYNC_NEXT = 4;

const cleanup = new CleanupStack();
let server: PosternServer;
let xvnc: Xvnc;

beforeAll(async () => {
  [server, xvnc] = await Promise.all([startServerProgram(cleanup), startXvnc(cleanup)]);
  await startAgentProgram(cleanup, server, { desktops: { [DESKTOP]: xvnc.endpoint } });
});
afterAll(() => cleanup.close());

const FORMATS = [
  { bytes: 4, wire: [0, 0, 0, 0, 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0] },
  { bytes: 2, wire: [0, 0, 0, 0, 16, 16, 0, 1, 0, 31, 0, 63, 0, 31, 11, 5, 0, 0, 0, 0] },
  { bytes: 1, wire: [0, 0, 0, 0, 8, 6, 0, 1, 0, 3, 0, 3, 0, 3, 4, 2, 0, 0, 0, 0] },
];

function encodeFence(flags: number, payload: Buffer): Buffer {
  const head = Buffer.from([248, 0, 0, 0, 0, 0, 0, 0, payload.length]);
  head.writeUInt32BE(flags >>> 0, 4);
  return Buffer.concat([head, payload]);
}

/** Knows nothing but raw rectangles, and each one's length from the format that is in force for it. */
class ChangingViewer {
  updates = 0;
  changed = 0;
  readonly #client: RfbClient;
  #asked = 0;
  #bytes = 4;
  #serverKnowsFence = false;

  constructor(client: RfbClient) {
    this.#client = client;
  }

  async step(): Promise<void> {
    const [type] = await this.#client.reader.read(1);
    if (type === 0) await this.#readUpdate();
    else if (type === 248) await this.#readFence();
    else if (type !== 2) throw new Error(`A message of type ${type!} came.`);
  }

  async #readUpdate(): Promise<void> {
    const count = (await this.#client.reader.read(3)).readUInt16BE(1);
    // The next request is under way while this update still comes, as viewers do.
    this.#client.requestUpdate({ incremental: true });
    for (let index = 0; index < count; index += 1) {
      const head = await this.#client.reader.read(12);
      if (head.readInt32BE(8) !== 0) throw new Error(`Encoding ${head.readInt32BE(8)} came.`);
      await this.#client.reader.read(head.readUInt16BE(4) * head.readUInt16BE(6) * this.#bytes);
    }
    this.updates += 1;
    if (this.#serverKnowsFence && this.#asked === this.changed) this.#change();
  }

  #change(): void {
    this.#asked += 1;
    const { wire } = FORMATS[this.#asked % FORMATS.length]!;
    const fence = encodeFence(REQUEST | SYNC_NEXT, Buffer.from([this.#asked]));
    this.#client.write(Buffer.concat([fence, Buffer.from(wire)]));
    this.#client.requestUpdate();
  }

  async #readFence(): Promise<void> {
    const head = await this.#client.reader.read(8);
    const payload = await this.#client.reader.read(head[7]!);
    const flags = head.readUInt32BE(3);
    if ((flags & REQUEST) !== 0) {
      this.#serverKnowsFence = true;
      this.#client.write(encodeFence(flags & 0x7, payload));
    } else {
      this.changed += 1;
      expect([...payload]).toEqual([this.changed]);
      this.#bytes = FORMATS[this.changed % FORMATS.length]!.bytes;
    }
  }
}

async function enter(encodings: number[]): Promise<RfbClient> {
  const client = await connectRfb(cleanup, { port: server.rfb, host: "127.0.0.1" });
  await client.handshake({ password: await server.createToken(DESKTOP, "--deny", "clipboard-out") });
  client.write(FORMATS[0]!.wire);
  client.setEncodings(...encodings);
  client.requestUpdate();
  return client;
}

test("every update is in the format that it says, and the clipboard stays away", async () => {
  const terminal = xvnc.display.openTerminal({ background: "#204060", shellCommand: "yes" });
  const client = await enter([0, -312]);
  const viewer = new ChangingViewer(client);
  let copies = 0;
  while (viewer.changed < CHANGES) {
    await viewer.step();
    if (viewer.changed / 4 <= copies) continue;
    copies += 1;
    const input = `${CANARY}-${copies}`;
    xvnc.display.start("xclip", ["-selection", "clipboard", "-quiet"], { input });
  }
  const own = await connectRfb(cleanup, { port: xvnc.port, host: "127.0.0.1" });
  await own.handshake();
  xvnc.display.start("xclip", ["-selection", "clipboard", "-quiet"], { input: `${CANARY}-last` });
  await waitFor("the last copy elsewhere", () => own.received().includes(`${CANARY}-last`));
  const before = viewer.updates;
  while (viewer.updates < before + 5) await viewer.step();
  expect(client.received().includes(CANARY)).toBe(false);
  await client.stop();
  await terminal.stop();
});

test("without Fence a change of length ends the session", async () => {
  const client = await enter([0]);
  await client.reader.read(16);
  client.write(FORMATS[1]!.wire);
  await client.reader.readToEnd();
  const ended = await waitFor("its end", async () => {
    const [session] = await server.ask<{ state: string; cause: string }[]>("session", "list");
    return session!.state === "closed" && session;
  });
  expect(ended).toMatchObject({ cause: "VIEWER_PROTOCOL" });
});
