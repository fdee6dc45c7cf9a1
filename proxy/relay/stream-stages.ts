import { isolateTap } from "./isolate-tap.ts";
import { createPolicyFilter } from "./policy-filter.ts";
import type { RelayedSession, StreamFilter, StreamStages, StreamTap } from "./stream-stage.ts";

/** Called for each session; null: this session needs none. A new filter is a file and a row here, in the order of passage. */
const FILTERS: readonly ((session: RelayedSession) => StreamFilter | null)[] = [createPolicyFilter];

/** Called for each session; null: this session needs none. A new tap is a file and a row here. */
const TAPS: readonly ((session: RelayedSession) => StreamTap | null)[] = [({ byteCounter }) => byteCounter];

export function createStreamStages(session: RelayedSession): StreamStages {
  return {
    filters: FILTERS.flatMap((create) => create(session) ?? []),
    taps: TAPS.flatMap((create) => create(session) ?? []).map((tap) => isolateTap(tap, session.log)),
  };
}
