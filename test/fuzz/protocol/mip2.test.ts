import { isDeepStrictEqual } from "node:util";
import { describe, expect, it } from "vitest";
import * as protocol from "../../../protocol/index.ts";
import {
  encodeChallenge,
  encodeHandshake,
  encodeJsonFrame,
  encodePing,
  encodeSetupRequest,
  encodeSetupResponse,
  FrameDecoder,
  FrameType,
  hostEvents,
  hostMethods,
  MIP2_LIMITS,
  readFrame,
  type Frame,
  type JsonFrameType,
} from "../../../protocol/index.ts";
import { attempt, cut, describeRun, fuzz, join, randomFor, RUNS, type Random } from "../fuzzing.ts";

const nonce = Buffer.alloc(32, 0x5a);
const ticket = Buffer.alloc(16, 0x7e);
const signature = Buffer.alloc(64, 1).toString("base64");
const machine = {
  id: "m-1",
  name: "lab",
  image: "memtest",
  state: "running",
  accel: "tcg",
  cpus: 1,
  memoryMb: 512,
  since: 1,
};

const JSON_VALUES: readonly (readonly [JsonFrameType, unknown])[] = [
  [
    FrameType.proof,
    { signature, role: "host", software: "postern", enrol: { secret: "s", publicKey: "AA==", name: "n" } },
  ],
  [FrameType.welcome, { agentId: "a", name: "n", pingIntervalMs: 1000 }],
  [FrameType.refused, { code: "BUSY", message: "m", retryAfterMs: 5 }],
  [FrameType.publish, { id: 1, name: "lab", machineId: "m-1" }],
  [FrameType.withdraw, { name: "lab" }],
  [FrameType.drain, { reason: "r", reconnectWithinMs: 5 }],
  [
    FrameType.request,
    { id: 1, method: "machine.create", params: { id: "m-1", name: "n", image: "i", cpus: 2 } },
  ],
  [FrameType.request, { id: 1, method: "machine.screenshot", params: { id: "m-1", maxWidth: 320 } }],
  [FrameType.reply, { id: 1, ok: true, result: [machine] }],
  [FrameType.reply, { id: 1, ok: false, error: { code: "C", message: "m" } }],
  [FrameType.event, { name: "machine.state", data: machine }],
  [FrameType.event, { name: "machine.removed", data: { id: "m-1" } }],
  [FrameType.spareWanted, { count: 2, proxyHost: "", proxyPort: 0 }],
  [FrameType.rotate, {}],
  [
    FrameType.newKey,
    {
      publicKey: Buffer.alloc(32, 1).toString("base64"),
      signature: Buffer.alloc(64, 2).toString("base64"),
      possession: Buffer.alloc(64, 3).toString("base64"),
    },
  ],
];

const SCHEMAS = {
  [FrameType.proof]: protocol.proof,
  [FrameType.welcome]: protocol.welcome,
  [FrameType.refused]: protocol.refused,
  [FrameType.publish]: protocol.publish,
  [FrameType.withdraw]: protocol.withdraw,
  [FrameType.drain]: protocol.drain,
  [FrameType.request]: protocol.request,
  [FrameType.reply]: protocol.reply,
  [FrameType.event]: protocol.event,
  [FrameType.spareWanted]: protocol.spareWanted,
  [FrameType.rotate]: protocol.rotate,
  [FrameType.newKey]: protocol.newKey,
  [FrameType.authority]: protocol.serviceAuthority,
};

/** What a receiver does with a JSON frame: refuse or take it, never throw. */
function checkSchemas(frame: Frame): void {
  if (!(frame.type in SCHEMAS)) return;
  const parsed = SCHEMAS[frame.type as JsonFrameType].safeParse(frame.value);
  if (!parsed.success) return;
  const value = parsed.data as { method?: string; params?: unknown; name?: string; data?: unknown };
  if (frame.type === FrameType.request && Object.hasOwn(hostMethods, value.method ?? "")) {
    hostMethods[value.method as keyof typeof hostMethods].params.safeParse(value.params);
  }
  if (frame.type === FrameType.event && Object.hasOwn(hostEvents, value.name ?? "")) {
    hostEvents[value.name as keyof typeof hostEvents].safeParse(value.data);
  }
  if (frame.type === FrameType.reply) {
    for (const method of Object.values(hostMethods)) {
      method.result.safeParse((value as { result?: unknown }).result);
    }
  }
}

function decode(pieces: readonly Buffer[]): { frames: Frame[]; end: unknown } {
  const frames: Frame[] = [];
  const decoder = new FrameDecoder(
    () => readFrame(MIP2_LIMITS.unprovenBody),
    (frame: Frame) => frames.push(frame),
  );
  const end = attempt(() => {
    for (const piece of pieces) decoder.push(piece);
  });
  return { frames, end };
}

const STRANGE: readonly unknown[] = [
  null,
  true,
  -1,
  1.5,
  2 ** 53,
  1e308,
  "",
  "x".repeat(3000),
  "\u0000",
  [],
  {},
  [[]],
  { __proto__: null, id: 1 },
  "__proto__",
];

/** The same structure with one to three of its values replaced, removed or put elsewhere. */
function distort(value: unknown, random: Random): unknown {
  if (random(4) === 0) return STRANGE[random(STRANGE.length)];
  if (Array.isArray(value)) return value.map((item) => (random(2) === 0 ? distort(item, random) : item));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value)
    .filter(() => random(12) !== 0)
    .map(([key, item]) => [
      random(20) === 0 ? "__proto__" : key,
      random(3) === 0 ? distort(item, random) : item,
    ]);
  return Object.fromEntries(entries) as unknown;
}

describe("mutated input", () => {
  const frames = [
    encodeHandshake({ identifierType: 2, identifier: "ab12", nonce, versions: [1] }),
    encodeChallenge({ version: 1, proxyId: "proxy-1", nonce }),
    encodeSetupRequest({ ticket, proxyHost: "postern.example", proxyPort: 443, desktop: "lab-3" }),
    encodeSetupResponse({ ticket, status: 1, code: "" }),
    encodePing(9, nonce),
    ...JSON_VALUES.map(([type, value]) => encodeJsonFrame(type, value)),
  ];

  it("MiP 2 frames", () => {
    const makeBase = (random: Random) => join(frames, random);
    fuzz(makeBase, (input, random) => {
      const whole = decode([input]);
      const inPieces = decode(cut(input, random));
      if (!isDeepStrictEqual(inPieces, whole)) expect(inPieces).toEqual(whole);
      for (const frame of whole.frames) checkSchemas(frame);
    });
  });

  it("MiP 2 JSON that is JSON", () => {
    for (let run = 0; run < RUNS; run++) {
      const random = randomFor(run);
      const [type, value] = JSON_VALUES[random(JSON_VALUES.length)]!;
      const wire = encodeJsonFrame(type, distort(value, random));
      try {
        for (const frame of decode([wire]).frames) checkSchemas(frame);
      } catch (cause) {
        throw new Error(describeRun(run, wire), { cause });
      }
    }
  });
});
