import { splitPattern } from "../state/split-pattern.ts";
import type { GrantRecord, GrantTarget, RightsTarget, Rule, RulePattern } from "../state/rights-records.ts";
import { literalPrefix, matchesPattern } from "./name-pattern.ts";

/** The rules of one person or group, ready to be asked: exact names by a table, patterns by what they begin with. */
export class RuleSet {
  static readonly EMPTY = new RuleSet([]);
  readonly rules: readonly Rule[];
  /** Rules whose names have no pattern, by target and name. */
  readonly #exact = new Map<string, Rule[]>();
  /** The others, by target and the beginning of their names, and how long these beginnings are. */
  readonly #patterns = new Map<string, Rule[]>();
  readonly #lengths = new Map<GrantTarget, number[]>();

  constructor(rules: readonly Rule[]) {
    this.rules = rules;
    for (const rule of rules) this.#add(rule);
    this.patterns = rules
      .filter(({ exact, may }) => exact === 0 && may !== "none" && may !== "create")
      .map(({ target, name }) => ({ target, prefix: literalPrefix(name) }));
  }

  /** What the patterns begin with, of those that let somebody see something. */
  readonly patterns: readonly RulePattern[];

  /** The rules about a desktop or a machine, by its name, its host or a label. */
  *about({ name, agentId, agentName, labels }: RightsTarget): Iterable<Rule> {
    for (const rule of this.find("desktop", name))
      if (rule.agent === null || matchesAgent(rule.agent, agentId, agentName)) yield rule;
    if (agentId !== null) yield* this.find("host", agentId);
    if (agentName !== null && agentName !== agentId) yield* this.find("host", agentName);
    for (const label of labels) yield* this.find("label", label);
  }

  *find(target: GrantTarget, name: string): Iterable<Rule> {
    yield* this.#exact.get(keyOf(target, name)) ?? [];
    for (const length of this.#lengths.get(target) ?? []) {
      if (length > name.length) continue;
      for (const rule of this.#patterns.get(keyOf(target, name.slice(0, length))) ?? [])
        if (matchesPattern(rule.name, name)) yield rule;
    }
  }

  #add(rule: Rule): void {
    const { target, name } = rule;
    const prefix = literalPrefix(name);
    // A pattern of the agent alone leaves the name exact.
    const table = prefix.length === name.length ? this.#exact : this.#patterns;
    const key = keyOf(target, prefix);
    const known = table.get(key);
    if (known === undefined) table.set(key, [rule]);
    else known.push(rule);
    if (table === this.#exact) return;
    const lengths = this.#lengths.get(target) ?? [];
    if (!lengths.includes(prefix.length)) this.#lengths.set(target, [...lengths, prefix.length]);
  }
}

function matchesAgent(pattern: string, agentId: string | null, agentName: string | null): boolean {
  return (
    (agentId !== null && matchesPattern(pattern, agentId)) ||
    (agentName !== null && matchesPattern(pattern, agentName))
  );
}

function keyOf(target: GrantTarget, name: string): string {
  return `${target} ${name}`;
}

/** Whether a grant is about this desktop or machine. */
export function isGrantAbout({ may, target, pattern }: GrantRecord, about: RightsTarget): boolean {
  const rules = new RuleSet([{ may, target, ...splitPattern(target, pattern) }]);
  return [...rules.about(about)].length > 0;
}
