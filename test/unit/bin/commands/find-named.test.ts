import { expect, it } from "vitest";
import type { z } from "zod";
import { findHost, findMachine } from "../../../../bin/commands/find-named.ts";
import type { Host } from "../../../../web/index.ts";
import { makeMachine } from "../../web/client/api-records.ts";

const answers = (rows: unknown) => ({
  formatCommand: (words: string) => `postern ${words} --data /srv/x`,
  get: <T>(_path: string, shape: z.ZodType<T>) => Promise.resolve(shape.parse(rows)),
});
const host = (id: string, name: string): Host => ({
  ...{ id, name, state: "online", lastSeenAt: 0, admitted: true, drained: false, machines: 0, facts: null },
});
const machines = answers([
  makeMachine({ id: "m1", name: "lab" }),
  makeMachine({ id: "m2", name: "m1" }),
  makeMachine({ id: "m3", name: "twin" }),
  makeMachine({ id: "m4", name: "twin" }),
]);

it("finds a machine by its id and by its name", async () => {
  expect(await findMachine(machines, "lab")).toMatchObject({ id: "m1" });
  expect(await findMachine(machines, "m3")).toMatchObject({ id: "m3" });
});

it("lets an id go before a name, so that nobody can take another's place", async () => {
  expect(await findMachine(machines, "m1")).toMatchObject({ id: "m1", name: "lab" });
});

it("says which ids a name could mean, as wrong usage", async () => {
  await expect(findMachine(machines, "twin")).rejects.toMatchObject({
    ...{ code: "MACHINE_AMBIGUOUS", exitCode: 2, choices: ["m3", "m4"] },
  });
  const hosts = answers([host("h1", "rack"), host("h2", "rack"), host("h3", "shelf")]);
  expect(await findHost(hosts, "shelf")).toMatchObject({ id: "h3" });
  await expect(findHost(hosts, "rack")).rejects.toMatchObject({
    ...{ code: "HOST_AMBIGUOUS", exitCode: 2, choices: ["h1", "h2"] },
  });
});

it("says that there is none", async () => {
  await expect(findMachine(machines, "la")).rejects.toMatchObject({
    ...{
      code: "MACHINE_UNKNOWN",
      exitCode: 1,
      message: "There is no machine la. List them: postern vm list --data /srv/x",
    },
  });
  await expect(findHost(answers([]), "rack")).rejects.toMatchObject({ code: "HOST_UNKNOWN", exitCode: 1 });
});
