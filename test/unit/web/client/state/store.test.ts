import { describe, expect, it } from "vitest";
import { createStore } from "../../../../../web/client/state/store.ts";

describe("createStore", () => {
  it("tells its listeners of every new value, and of nothing else", () => {
    const store = createStore<number, number>(0, (state, step) => state + step);
    const seen: number[] = [];
    const end = store.subscribe(() => seen.push(store.get()));
    store.dispatch(2);
    store.dispatch(0);
    store.dispatch(3);
    end();
    store.dispatch(1);
    expect(seen).toEqual([2, 5]);
    expect(store.get()).toBe(6);
  });
});
