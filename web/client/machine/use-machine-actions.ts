import { useState } from "preact/hooks";
import type { Machine } from "../../api/schemas.ts";
import { explainError } from "../text/explain-error.ts";
import type { MachineCommandName } from "../api/api-client.ts";
import { useApp, useText } from "../state/app-context.ts";

export interface MachineActions {
  /** A request is in progress. */
  readonly busy: boolean;
  readonly start: () => void;
  readonly stop: (force: boolean) => void;
  readonly remove: () => void;
  readonly sendCommand: (command: MachineCommandName) => void;
  /** Ends a one-shot machine. */
  readonly close: () => void;
}

/** The actions of a machine. A failure is shown in the notice at the bottom of the page. */
export function useMachineActions(id: string): MachineActions {
  const { api, wall } = useApp();
  const text = useText();
  const [busy, setBusy] = useState(false);
  const perform = (request: () => Promise<Machine | undefined>) => {
    if (busy) return;
    setBusy(true);
    request()
      .then((machine) => {
        if (machine !== undefined) wall.dispatch({ type: "machineResponse", machine });
      })
      .catch((error: unknown) => wall.dispatch({ type: "notice", notice: explainError(error, text) }))
      .finally(() => setBusy(false));
  };
  return {
    busy,
    start: () => perform(() => api.startMachine(id)),
    stop: (force) => perform(() => api.stopMachine(id, force)),
    sendCommand: (command) => perform(() => api.sendMachineCommand(id, command)),
    close: () =>
      perform(async () => {
        await api.closeMachine(id);
        return undefined;
      }),
    remove: () =>
      perform(async () => {
        await api.removeMachine(id);
        wall.dispatch({ type: "events", events: [{ type: "gone", kind: "machine", id }] });
        return undefined;
      }),
  };
}
