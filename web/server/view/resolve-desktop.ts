import type { AccessLevel, DesktopStore, DesktopView } from "../../../proxy/index.ts";
import { AmbiguousDesktop, refuse } from "../http-errors.ts";
import { mayUseDesktop, type Viewer } from "./permissions.ts";
import type { LoadReadModel, ReadModel } from "./read-model.ts";

interface NamedDesktops {
  readonly named: readonly DesktopView[];
  readonly model: ReadModel;
}

/** Reads the desktops that a reference may mean. */
export async function findNamedDesktops(
  desktops: DesktopStore,
  loadReadModel: LoadReadModel,
  reference: string,
): Promise<NamedDesktops> {
  const named = await desktops.findByName(reference);
  const desktopIds = [reference, ...named.map(({ id }) => id)];
  return { named, model: await loadReadModel({ kind: "named", desktopIds }) };
}

/**
 * The one desktop that a person means by an id, `NAME` or `AGENT/NAME`. Who is online does not matter: while the one that
 * is meant is away, another one of its name must not stand in for it.
 * @param level what the person wants to do with it
 * @throws RequestError `DESKTOP_UNKNOWN`, `DESKTOP_FORBIDDEN`, AmbiguousDesktop `DESKTOP_AMBIGUOUS`
 */
export function resolveDesktop(
  viewer: Viewer,
  reference: string,
  { named, model }: NamedDesktops,
  level: AccessLevel,
): DesktopView {
  const byId = model.desktops.get(reference);
  const found = byId === undefined ? named : [byId];
  const visible = found.filter((desktop) => mayUseDesktop(viewer, desktop, model, "see"));
  const [only, ...others] = visible;
  if (only === undefined) throw refuse("DESKTOP_UNKNOWN");
  if (others.length > 0) throw new AmbiguousDesktop(nameChoices([only, ...others]));
  if (!mayUseDesktop(viewer, only, model, level)) throw refuse("DESKTOP_FORBIDDEN");
  return only;
}

/** `AGENT/NAME` each, with the agent's id where two agents have one name. */
function nameChoices(desktops: readonly DesktopView[]): string[] {
  const plain = desktops.map((desktop) => `${desktop.agentName}/${desktop.name}`);
  if (new Set(plain).size === plain.length) return plain;
  return desktops.map((desktop) => `${desktop.agentId}/${desktop.name}`);
}
