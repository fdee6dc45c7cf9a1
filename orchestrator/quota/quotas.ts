import type { AccountRole, Proxy } from "../../proxy/index.ts";
import { groupLimits, quotaOf, type Quota, type QuotaTable } from "./quota.ts";

interface QuotaOwner {
  readonly userId: string;
  readonly name: string;
  readonly role: AccountRole;
}

/** What people may have: by the table that the server was started with, and by their groups. */
export class Quotas {
  readonly #table: QuotaTable;
  readonly #rights: Pick<Proxy["rights"], "of">;

  constructor(table: QuotaTable, rights: Pick<Proxy["rights"], "of">) {
    this.#table = table;
    this.#rights = rights;
  }

  async of(who: QuotaOwner): Promise<Quota> {
    const limits = (await this.#rights.of(who.userId))?.limits ?? [];
    // A newer server of the same database may know limits that this one does not: they say nothing here.
    const known = limits.flatMap((one) => groupLimits.safeParse(one).data ?? []);
    return quotaOf(this.#table, who, known);
  }
}
