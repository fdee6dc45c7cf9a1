import { pino } from "pino";
import { expect, it } from "vitest";
import { isolateTap } from "../../../../proxy/relay/isolate-tap.ts";

it("a tap that fails is logged once and sees nothing from then on", () => {
  const lines: string[] = [];
  const log = pino({ level: "error" }, { write: (line: string) => lines.push(line) });
  let calls = 0;
  const tap = isolateTap(
    {
      toServer: () => {
        calls += 1;
        throw new Error("a fault");
      },
      onEnd: () => {
        calls += 1;
      },
    },
    log,
  );
  expect(tap).not.toHaveProperty("toViewer");
  tap.toServer?.(Buffer.of(1));
  tap.toServer?.(Buffer.of(2));
  tap.onEnd?.("VIEWER_LEFT");
  expect(calls).toBe(1);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain("a fault");
});
