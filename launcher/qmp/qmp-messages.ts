import { z } from "zod";

/** QMP: one JSON object per line, in both directions. */

export const qmpGreeting = z.object({ QMP: z.object({ version: z.unknown() }) });

const success = z.object({ return: z.unknown(), id: z.number() });
const failure = z.object({
  error: z.object({ class: z.string(), desc: z.string() }),
  id: z.number().optional(),
});
const event = z.object({ event: z.string(), data: z.record(z.string(), z.unknown()).default({}) });

export const qmpMessage = z.union([
  event.transform((value) => ({ kind: "event" as const, name: value.event, data: value.data })),
  failure.transform((value) => ({ kind: "failure" as const, id: value.id, text: value.error.desc })),
  success.transform((value) => ({ kind: "success" as const, id: value.id, value: value.return })),
]);

/** A QMP event; those without a meaning for the lifecycle are ignored. */
export interface QmpEvent {
  readonly name: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export const runStatus = z.object({ status: z.string(), running: z.boolean() });
