import type { Desktop, LiveEvent, Machine } from "../../api/schemas.ts";
import { emptyWall, type WallAction, type WallState } from "./wall-state.ts";

function indexById<T extends { readonly id: string }>(list: readonly T[]): Record<string, T> {
  return Object.fromEntries(list.map((item) => [item.id, item]));
}

/** All events at once: a list is copied once for them, not for each. */
function applyEvents(state: WallState, events: readonly LiveEvent[]): WallState {
  const next: { -readonly [Key in keyof WallState]: WallState[Key] } = { ...state };
  const changed: { machines?: Record<string, Machine>; desktops?: Record<string, Desktop> } = {};
  let same = true;
  const machines = () => {
    same = false;
    return (next.machines = changed.machines ??= { ...state.machines });
  };
  const desktops = () => {
    same = false;
    return (next.desktops = changed.desktops ??= { ...state.desktops });
  };
  for (const event of events)
    switch (event.type) {
      case "hello":
        same = false;
        next.connection = "live";
        next.pendingEvents = [];
        break;
      case "machine":
        machines()[event.machine.id] = event.machine;
        break;
      case "desktop":
        desktops()[event.desktop.id] = event.desktop;
        break;
      case "gone":
        if (event.kind === "machine" && event.id in next.machines)
          Reflect.deleteProperty(machines(), event.id);
        if (event.kind === "desktop" && event.id in next.desktops)
          Reflect.deleteProperty(desktops(), event.id);
        break;
      case "images":
      case "beat":
        break;
    }
  return same ? state : next;
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
    case "events": {
      const next = applyEvents(state, action.events);
      if (next.pendingEvents === null) return next;
      const begin = action.events.findLastIndex(({ type }) => type === "hello") + 1;
      return { ...next, pendingEvents: [...next.pendingEvents, ...action.events.slice(begin)] };
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
      return applyEvents(fresh, state.pendingEvents ?? []);
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
