import type { Clock } from "../../protocol/index.ts";
import type { DesktopView } from "../state/state-records.ts";
import type { AccessLevel, GroupRecord, RightsChanges, RightsHolder, Rule } from "../state/rights-records.ts";
import type { Stores } from "../state/stores.ts";
import { matchesPattern } from "./name-pattern.ts";
import { includesLevel, PersonRights } from "./person-rights.ts";
import { RuleSet } from "./rule-set.ts";

/** Changes by other servers are looked for this often, when somebody asks: what they take away is gone within 5 s. */
const FRESH_MS = 2_000;
/** People and groups whose rights are kept ready; with more, all are read again. */
const MAX_HOLDERS = 20_000;

/** Each has the rules of all its groups once more. */
const MAX_READY = 2_000;

/** Labels are kept ready together; with more, those that are asked for are read each time. */
const MAX_LABELS_READY = 50_000;

interface GroupRules {
  readonly rules: RuleSet;
  readonly limits: GroupRecord["limits"];
}

type Labels = ReadonlyMap<string, readonly string[]>;
type CreateTarget = Pick<Rule, "target" | "name" | "exact">;
type RightsStores = Pick<Stores, "grants" | "groups" | "labels" | "machines">;

/**
 * What people may do. Their rules, and those of their groups, are read once and kept; whose were changed, on whichever server, is
 * read at most every two seconds, and at once by {@link refresh}.
 */
export class Rights {
  readonly #stores: RightsStores;
  readonly #clock: Clock;
  readonly #people = new Map<string, Promise<RightsHolder | null>>();
  readonly #rules = new Map<string, Promise<GroupRules>>();
  /** Put together, as long as nothing changes for anybody. */
  readonly #ready = new Map<string, PersonRights>();
  readonly #listeners = new Set<(changes: RightsChanges) => void>();
  #createTargets: Promise<CreateTarget[]> | null = null;
  #labels: Promise<Labels | null> | null = null;
  #revision: number | null = null;
  #readAt = -Infinity;
  #reading: Promise<void> = Promise.resolve();
  #next: Promise<void> | null = null;

  constructor(stores: RightsStores, clock: Clock) {
    this.#stores = stores;
    this.#clock = clock;
  }

  /** Null: no account has this id. */
  async of(userId: string): Promise<PersonRights | null> {
    await this.#refreshIfOld();
    const ready = this.#ready.get(userId);
    if (ready !== undefined) return ready;
    const revision = this.#revision;
    const made = await this.#make(userId);
    if (made === null || revision !== this.#revision) return made;
    if (this.#ready.size >= MAX_READY) this.#ready.clear();
    this.#ready.set(userId, made);
    return made;
  }

  /**
   * Whether a person may do this with a desktop: as its machine's owner, by role or by a grant. Who has no account here may: an
   * administrator on the server's own socket, or an agent of the first protocol, gave the right.
   */
  async mayUse(userId: string, desktop: DesktopView, level: AccessLevel): Promise<boolean> {
    const rights = await this.of(userId);
    if (rights === null || rights.role === "admin") return true;
    return includesLevel(await this.#judgeDesktop(rights, userId, desktop), level);
  }

  /** Whether it takes a grant to create machines from this image, or on this host. */
  async isReserved(
    targets: readonly { readonly target: Rule["target"]; readonly name: string }[],
  ): Promise<boolean> {
    await this.#refreshIfOld();
    const list = (this.#createTargets ??= this.#readCreateTargets());
    const reserved = await list;
    return targets.some(({ target, name }) =>
      reserved.some((one) => one.target === target && matchesPattern(one.name, name)),
    );
  }

  /** Labels by the ids of desktops and agents; maybe those of others too. */
  async labelsOf(ids: readonly string[]): Promise<Labels> {
    await this.#refreshIfOld();
    const all = await (this.#labels ??= this.#readLabels());
    return all ?? this.#stores.labels.find(ids);
  }

  /** What was changed before this call counts when it settles. Those who wait for a reading to begin share it. */
  refresh(): Promise<void> {
    this.#next ??= this.#reading
      .catch(() => undefined)
      .then(() => {
        this.#next = null;
        this.#reading = this.#read();
        return this.#reading;
      });
    return this.#next;
  }

  /** Tells of changes, once they count. */
  onChange(listener: (changes: RightsChanges) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #make(userId: string): Promise<PersonRights | null> {
    const holder = await this.#keep(this.#people, userId, () => this.#stores.grants.findHolder(userId));
    if (holder === null) return null;
    const [own, ...groups] = await this.#findRules([userId, ...holder.groupIds]);
    return new PersonRights({ holder, own: own?.rules ?? RuleSet.EMPTY, groups });
  }

  async #judgeDesktop(
    rights: PersonRights,
    userId: string,
    desktop: DesktopView,
  ): Promise<AccessLevel | null> {
    const { id, machineId, agentId, agentName, name } = desktop;
    const machine = machineId === null ? null : await this.#stores.machines.find(machineId);
    // Its own host must say that it is the machine's screen; while the machine changes hosts it has none.
    const isScreen = machine !== null && (machine.agentId === null || machine.agentId === agentId);
    if (isScreen && machine.ownerId === userId) return "manage";
    const labels: Labels = rights.isEmpty ? new Map() : await this.labelsOf([id, agentId]);
    const target = {
      name: isScreen ? machine.name : name,
      agentId,
      agentName,
      labels: [...(labels.get(id) ?? []), ...(labels.get(agentId) ?? [])],
    };
    return rights.judge(target);
  }

  async #read(): Promise<void> {
    const since = this.#revision;
    const begunAt = this.#clock.monotonic();
    const changes = await this.#stores.grants.readChanges(since ?? -1);
    this.#readAt = begunAt;
    if (changes === null) return;
    this.#revision = changes.revision;
    this.#forget(since === null ? { ...changes, everybody: true } : changes);
    if (since === null) return;
    for (const listener of this.#listeners) listener(changes);
  }

  #forget({ everybody, userIds, groupIds }: RightsChanges): void {
    this.#createTargets = null;
    this.#ready.clear();
    if (everybody) {
      this.#labels = null;
      this.#people.clear();
      this.#rules.clear();
      return;
    }
    for (const id of userIds) {
      this.#people.delete(id);
      this.#rules.delete(id);
    }
    for (const id of groupIds) this.#rules.delete(id);
  }

  async #refreshIfOld(): Promise<void> {
    if (this.#clock.monotonic() - this.#readAt >= FRESH_MS) await this.refresh();
  }

  #readLabels(): Promise<Labels | null> {
    const labels = this.#stores.labels.listFew(MAX_LABELS_READY);
    labels.catch(() => {
      if (this.#labels === labels) this.#labels = null;
    });
    return labels;
  }

  #readCreateTargets(): Promise<CreateTarget[]> {
    const list = this.#stores.grants.listCreateTargets();
    list.catch(() => {
      if (this.#createTargets === list) this.#createTargets = null;
    });
    return list;
  }

  /** In one statement for all that are not kept. */
  async #findRules(ids: readonly string[]): Promise<GroupRules[]> {
    const { grants, groups } = this.#stores;
    const missing = ids.filter((id) => !this.#rules.has(id));
    const read =
      missing.length === 0 ? null : Promise.all([grants.listRules(missing), groups.listLimits(missing)]);
    // Not by the table afterwards: it may have been emptied, and no rules would mean that nothing is denied.
    const found = ids.map((id) =>
      this.#keep(this.#rules, id, async () => {
        const [rules, limits] = (await read) ?? [];
        return { rules: new RuleSet(rules?.get(id) ?? []), limits: limits?.get(id) ?? {} };
      }),
    );
    return Promise.all(found);
  }

  /**
   * Kept from the moment on when it is asked for: a change that is told of while it is read takes it out again, and one that comes
   * before the reading is in it.
   */
  #keep<T>(table: Map<string, Promise<T>>, id: string, read: () => Promise<T>): Promise<T> {
    const known = table.get(id);
    if (known !== undefined) return known;
    if (table.size >= MAX_HOLDERS) {
      table.clear();
      this.#ready.clear();
    }
    const value = read();
    table.set(id, value);
    value.catch(() => {
      if (table.get(id) === value) table.delete(id);
    });
    return value;
  }
}
