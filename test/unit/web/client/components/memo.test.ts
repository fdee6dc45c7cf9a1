import { h } from "preact";
import { expect, test } from "vitest";
import { memo } from "../../../../../web/client/components/memo.ts";
import { makeMachine } from "../api-records.ts";

test("a card is drawn again only when its machine is another record", () => {
  const Card = memo(({ machine }: { readonly machine: ReturnType<typeof makeMachine> }) =>
    h("p", null, machine.name),
  );
  const machine = makeMachine();
  const card = Reflect.construct(Card, [{ machine }]) as {
    props: object;
    shouldComponentUpdate(next: object): boolean;
  };
  card.props = { machine };
  expect(card.shouldComponentUpdate({ machine })).toBe(false);
  expect(card.shouldComponentUpdate({ machine: makeMachine() })).toBe(true);
  expect(card.shouldComponentUpdate({ machine, more: 1 })).toBe(true);
});
