import { expect, test } from "vitest";
import {
  describeDesktops,
  type AgentDesktop,
  type DesktopLogin,
  type AgentLogLine,
  readAgentLog,
} from "./agent-desktops.ts";
import type { CleanupStack } from "./cleanup-stack.ts";
import type { RgbColour } from "./bitmap.ts";
import { type PosternProgram, type PosternServer, startAgentProgram } from "./postern.ts";
import { type TcpRecorder, startTcpRecorder } from "./tcp-recorder.ts";
import { connectRfb, RfbRefusal, type RfbClient } from "./rfb-client.ts";
import { waitFor } from "./wait-for.ts";

/** A VNC server, what the agent is told about it, and what has to come of it. */
export interface ServerCase {
  readonly name: string;
  /** Index into the ports that the group's start returned. */
  readonly server: number;
  readonly login?: DesktopLogin;
  /** The security type in the agent's log, or the code of the refusal. */
  readonly expected: string;
  /** Most of the picture has this colour; absent: there is more than one. */
  readonly colour?: RgbColour;
  /** The password goes over the VNC connection as it is: that is what this security type does. */
  readonly clearText?: boolean;
}

const LEAST = 20_000;

/** Servers behind one agent; each of its VNC connections is recorded. */
export class ServerGroup {
  readonly #server: PosternServer;
  readonly #agent: PosternProgram;
  readonly #recorders: readonly TcpRecorder[];
  readonly #cleanup: CleanupStack;

  private constructor(
    cleanup: CleanupStack,
    server: PosternServer,
    agent: PosternProgram,
    recorders: readonly TcpRecorder[],
  ) {
    this.#cleanup = cleanup;
    this.#server = server;
    this.#agent = agent;
    this.#recorders = recorders;
  }

  static async start(
    cleanup: CleanupStack,
    server: PosternServer,
    ports: readonly number[],
    cases: readonly ServerCase[],
  ): Promise<ServerGroup> {
    const recorders: TcpRecorder[] = [];
    const desktops: AgentDesktop[] = [];
    for (const { name, server: index, login = {} } of cases) {
      const recorder = await startTcpRecorder(cleanup, { port: ports[index]!, host: "127.0.0.1" });
      recorders.push(recorder);
      desktops.push({ name, endpoint: `tcp:127.0.0.1:${recorder.port}`, login });
    }
    const agent = await startAgentProgram(cleanup, server, describeDesktops(desktops));
    return new ServerGroup(cleanup, server, agent, recorders);
  }

  /** A scripted viewer gets the picture, or is told that there is none, and the agent's log says why. */
  async check(index: number, { name, expected, colour, login, clearText }: ServerCase): Promise<void> {
    const password = await this.#server.createToken(name);
    const viewer = await connectRfb(this.#cleanup, { port: this.#server.rfb, host: "127.0.0.1" });
    if (expected.startsWith("SERVER_") || expected.startsWith("ENDPOINT_")) {
      const refusal = await viewer.handshake({ password }).catch((error: unknown) => error);
      expect(refusal, this.#agent.process.output).toBeInstanceOf(RfbRefusal);
      expect((refusal as RfbRefusal).reason).not.toMatch(/canary/i);
      await this.#agent.process.waitUntil(`${expected} in the log`, () =>
        this.#log().some(({ desktop, code }) => desktop === name && code === expected),
      );
    } else {
      expect(await viewer.handshake({ password }), this.#agent.process.output).toMatchObject({ name });
      await this.#agent.process.waitUntil(`${expected} in the log`, () =>
        this.#log().some(({ desktop, security }) => desktop === name && security === expected),
      );
      await this.#expectPicture(viewer, colour);
    }
    expect(viewer.received().toString("latin1")).not.toMatch(/canary/i);
    await viewer.stop();
    this.#expectSecrecy(index, login?.password, clearText === true);
  }

  async #expectPicture(viewer: RfbClient, colour: RgbColour | undefined): Promise<void> {
    viewer.setEncodings(0);
    await waitFor("a picture", async () => {
      viewer.requestUpdate();
      await viewer.readUpdate();
      const { picture } = viewer.framebuffer;
      if (colour) return picture.count(colour) > LEAST;
      const black = picture.count([0, 0, 0]);
      return black > 0 && black < picture.width * picture.height;
    });
  }

  #expectSecrecy(index: number, password: string | undefined, clearText: boolean): void {
    if (password === undefined) return;
    expect(this.#agent.process.output).not.toContain(password);
    expect(this.#server.process.output).not.toContain(password);
    expect(this.#recorders[index]!.sent().includes(password)).toBe(clearText);
  }

  #log(): AgentLogLine[] {
    return readAgentLog(this.#agent);
  }
}

/** One test for each case; the group is there once they run. */
export function testCases(cases: readonly ServerCase[], group: () => ServerGroup): void {
  for (const [index, one] of cases.entries()) {
    test(`${one.name}: ${one.expected}`, () => group().check(index, one));
  }
}
