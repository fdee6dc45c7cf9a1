import type { LiveEvent } from "../../api/schemas.ts";
import { emptyWall, type WallAction, type WallState } from "./wall-state.ts";

function indexById<T extends { readonly id: string }>(list: readonly T[]): Record<string, T> {
  return Object.fromEntries(list.map((item) => [item.id, item]));
}

function omit<T>(record: Readonly<Record<string, T>>, id: string): Readonly<Record<string, T>> {
  if (!(id in record)) return record;
  const { [id]: _gone, ...rest } = record;
  return rest;
}

function applyEvent(state: WallState, event: LiveEvent): WallState {
  switch (event.type) {
    case "hello":
      return { ...state, connection: "live", pendingEvents: [] };
    case "machine":
      return { ...state, machines: { ...state.machines, [event.machine.id]: event.machine } };
    case "desktop":
      return { ...state, desktops: { ...state.desktops, [event.desktop.id]: event.desktop } };
    case "gone":
      return event.kind === "machine"
        ? { ...state, machines: omit(state.machines, event.id) }
        : { ...state, desktops: omit(state.desktops, event.id) };
    case "images":
    case "beat":
      return state;
  }
}

/**
 * The state of the pages after `action`. Events that arrive while the lists requested after a `hello` are
 * loading are applied at once, and again on top of the lists, which may be older than the events.
 */
export function reduceWall(state: WallState, action: WallAction): WallState {
  switch (action.type) {
    case "me":
      if (action.me === null) return { ...emptyWall, me: null };
      return { ...state, me: action.me };
    case "service":
      return { ...state, service: action.service };
    case "connection":
      return state.connection === action.connection ? state : { ...state, connection: action.connection };
    case "event": {
      const next = applyEvent(state, action.event);
      if (action.event.type === "hello" || state.pendingEvents === null) return next;
      return { ...next, pendingEvents: [...state.pendingEvents, action.event] };
    }
    case "lists": {
      const fresh: WallState = {
        ...state,
        loaded: true,
        machines: indexById(action.machines),
        desktops: indexById(action.desktops),
        images: action.images,
        pendingEvents: null,
      };
      return (state.pendingEvents ?? []).reduce(applyEvent, fresh);
    }
    case "images":
      return { ...state, images: action.images };
    case "machineResponse": {
      const known = state.machines[action.machine.id];
      if (known !== undefined && known.since > action.machine.since) return state;
      return { ...state, machines: { ...state.machines, [action.machine.id]: action.machine } };
    }
    case "notice":
      return state.notice === action.notice ? state : { ...state, notice: action.notice };
  }
}
