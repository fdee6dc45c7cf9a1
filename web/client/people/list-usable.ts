import type { UserAccess } from "../../api/schemas.ts";

interface Usable {
  readonly key: string;
  readonly name: string;
  readonly level: UserAccess["machines"][number]["level"];
}

/** Machines, and desktops that are no machine's screen, by name. */
export function listUsable({ machines, desktops }: Pick<UserAccess, "machines" | "desktops">): Usable[] {
  const names = new Set(machines.map(({ name }) => name));
  return [
    ...machines.map(({ id, name, level }) => ({ key: id, name, level })),
    ...desktops
      .filter(({ name }) => !names.has(name))
      .map(({ id, name, agent, level }) => ({ key: id, name: `${agent}/${name}`, level })),
  ].toSorted((one, other) => one.name.localeCompare(other.name));
}
