import type { Desktop, GrantRow, Machine } from "../../api/schemas.ts";
import { LEVEL_ORDER } from "../state/access.ts";
import type { Text } from "../text/translations/languages.ts";

export type GrantLevel = GrantRow["may"];
export type GrantKind = GrantRow["on"]["kind"];

/** What may be granted about a thing of this kind, the least first, and denials last. */
export function listGrantable(kind: GrantKind): readonly GrantLevel[] {
  if (kind === "image") return ["create", "none"];
  return kind === "desktop" ? [...LEVEL_ORDER, "none"] : [...LEVEL_ORDER, "create", "none"];
}

/** `desktop lab-*`. */
export function nameTarget({ on }: Pick<GrantRow, "on">, { grants }: Pick<Text, "grants">): string {
  return `${grants.kindsShort[on.kind]} ${on.pattern}`;
}

/** Whether it is about things of several names. */
export function hasPattern({ on }: Pick<GrantRow, "on">): boolean {
  return /[*?]/.test(on.pattern);
}

/** How a grant says that it is about this desktop and no other of its name. */
export function targetOfDesktop({ name, agent }: Pick<Desktop, "name" | "agent">): string {
  return `desktop:${agent.name === "" ? agent.id : agent.name}/${name}`;
}

/** A machine may change its host, so its name alone says which it is. */
export function targetOfMachine({ name }: Pick<Machine, "name">): string {
  return `desktop:${name}`;
}
