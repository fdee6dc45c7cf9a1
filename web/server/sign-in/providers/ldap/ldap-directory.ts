import { randomBytes } from "node:crypto";
import type { Logger } from "pino";
import type { Clock } from "../../../../../protocol/index.ts";
import { ConcurrencyLimit, type Familiarity } from "../../concurrency-limit.ts";
import type { Credentials, ProviderCheck, SignInResult } from "../sign-in-provider.ts";
import { LdapConnection, type LdapFindings, type LdapTarget } from "./ldap-connection.ts";
import { LDAP_FAULTS, LdapFault } from "./ldap-faults.ts";
import type { LdapEntry, LdapResult } from "./ldap-messages.ts";
import { fillBindTemplate, fillFilter, isPlainName, widenFilter } from "./ldap-names.ts";
import { chooseGroupFilter, listTargets, type LdapOptions } from "./ldap-options.ts";
import {
  describePerson,
  isShutOut,
  listPersonAttributes,
  MAX_LDAP_GROUPS,
  nameGroups,
  readMemberOf,
  readSubject,
} from "./ldap-person.ts";

/** A whole sign-in, the wait for its turn included. */
const LDAP_SIGN_IN_LIMIT_MS = 8000;
const MAX_LDAP_RUNNING = 8;
const MAX_LDAP_WAITING = 64;
/** An address that failed is asked after the others for so long. */
const FAILED_MS = 30_000;
/** The longest that an unknown name waits for as long as a wrong password takes. */
const MAX_LIKENESS_MS = 1000;

/** RFC 4511 */
const SUCCESS = 0;
const SIZE_LIMIT_EXCEEDED = 4;
const REFERRAL = 10;
const CONSTRAINT_VIOLATION = 19;
const NO_SUCH_OBJECT = 32;
const INVALID_DN_SYNTAX = 34;
const INAPPROPRIATE_AUTHENTICATION = 48;
const INVALID_CREDENTIALS = 49;
const INSUFFICIENT_ACCESS_RIGHTS = 50;
const UNWILLING_TO_PERFORM = 53;

/** Beside a wrong password: too many wrong ones, none set, may not sign in, locked (389, FreeIPA, eDirectory). */
const REFUSALS: ReadonlySet<number> = new Set([
  ...[INVALID_CREDENTIALS, CONSTRAINT_VIOLATION, INAPPROPRIATE_AUTHENTICATION],
  ...[INSUFFICIENT_ACCESS_RIGHTS, UNWILLING_TO_PERFORM],
]);
const NOBODIES: ReadonlySet<number> = new Set([REFERRAL, NO_SUCH_OBJECT, INVALID_DN_SYNTAX]);
/** Active Directory's sub-code of a name that it does not have; the others (530 to 533, 701, 773, 775 …) are refusals. */
const NO_SUCH_USER = /\bdata 525\b/;

const UNKNOWN: SignInResult = { kind: "unknownPerson" };
const REFUSED: SignInResult = { kind: "refused", user: null };

interface LdapServices {
  readonly id: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** One directory behind one or several addresses. */
export class LdapDirectory {
  readonly #options: LdapOptions;
  readonly #services: LdapServices;
  readonly #targets: readonly LdapTarget[];
  readonly #failedUntil = new Map<string, number>();
  readonly #limit = new ConcurrencyLimit({ running: MAX_LDAP_RUNNING, waiting: MAX_LDAP_WAITING });
  /** How long the directory takes for a wrong password, about; null: not known yet. */
  #wrongBindMs: number | null = null;

  constructor(options: LdapOptions, services: LdapServices) {
    this.#options = options;
    this.#services = services;
    this.#targets = listTargets(options);
  }

  /** @throws RequestError `LOGIN_BUSY` */
  async signIn({ name, password }: Credentials, who?: Familiarity): Promise<SignInResult> {
    if (password === "" || !isPlainName(name)) return UNKNOWN;
    const endsAt = this.#services.clock.monotonic() + LDAP_SIGN_IN_LIMIT_MS;
    return this.#limit.run(async () => {
      try {
        const connection = await this.#connect(endsAt);
        try {
          const { bindTemplate } = this.#options;
          return bindTemplate === undefined
            ? await this.#searchThenBind(connection, name, password)
            : await this.#bindThenRead(connection, { bindTemplate, name, password });
        } finally {
          connection.close();
        }
      } catch (error) {
        if (error instanceof LdapFault) return { kind: "unavailable", reason: error.text.en };
        throw error;
      }
    }, who);
  }

  /** Says the first thing that does not work. */
  async check(): Promise<ProviderCheck> {
    const endsAt = this.#services.clock.monotonic() + LDAP_SIGN_IN_LIMIT_MS;
    const tries = this.#targets.map((target) =>
      LdapConnection.open(target, this.#services.clock, this.#leftMs(endsAt)),
    );
    const opened = await Promise.allSettled(tries);
    try {
      for (const one of opened) if (one.status === "rejected") throw one.reason;
      const [first] = opened;
      if (first?.status !== "fulfilled") throw new Error("there is no address");
      return { works: true, text: await this.#checkSearch(first.value) };
    } catch (error) {
      if (error instanceof LdapFault) return { works: false, text: error.text };
      throw error;
    } finally {
      for (const one of opened) if (one.status === "fulfilled") one.value.close();
    }
  }

  async #checkSearch(connection: LdapConnection): Promise<ProviderCheck["text"]> {
    const { bindTemplate, searchBase, groupSearchBase, searchFilter } = this.#options;
    if (bindTemplate !== undefined || searchBase === undefined)
      return {
        en: "The directory answers, encrypted. What comes next needs a person's password: sign in once.",
        fr: "L'annuaire répond, chiffré. La suite demande le mot de passe d'une personne : connectez-vous une fois.",
      };
    await this.#becomeService(connection);
    const filter = widenFilter(searchFilter);
    const { result, entries } = await connection.search({
      ...{ base: searchBase, scope: "sub", filter, limit: 1 },
      attributes: listPersonAttributes(this.#options),
    });
    if (result.code !== SIZE_LIMIT_EXCEEDED) this.#requireSearch(result, "search");
    const [person] = entries;
    if (person === undefined) throw new LdapFault(LDAP_FAULTS.nobodyFound(searchBase, filter));
    readSubject(person, this.#options);
    if (groupSearchBase !== undefined) await this.#searchGroups(connection, person.dn, "a");
    return {
      en: "The directory answers, encrypted; people are found, and have a key.",
      fr: "L'annuaire répond, chiffré ; des personnes sont trouvées et ont une clé.",
    };
  }

  #leftMs(endsAt: number): number {
    return Math.max(0, endsAt - this.#services.clock.monotonic());
  }

  /** The first address that answers; nothing secret has been said before. @throws LdapFault */
  async #connect(endsAt: number): Promise<LdapConnection> {
    const { clock } = this.#services;
    const faults: LdapFault[] = [];
    const hasFailed = ({ url }: LdapTarget): boolean =>
      (this.#failedUntil.get(url) ?? -Infinity) > clock.monotonic();
    const inOrder = [...this.#targets.filter((one) => !hasFailed(one)), ...this.#targets.filter(hasFailed)];
    for (const target of inOrder) {
      const leftMs = this.#leftMs(endsAt);
      if (leftMs === 0) break;
      try {
        const connection = await LdapConnection.open(target, clock, leftMs);
        this.#failedUntil.delete(target.url);
        return connection;
      } catch (error) {
        if (!(error instanceof LdapFault)) throw error;
        faults.push(error);
        this.#failedUntil.set(target.url, clock.monotonic() + FAILED_MS);
      }
    }
    const words = (faults.length > 0 ? faults : [new LdapFault(LDAP_FAULTS.timedOut("LDAP"))]).map(
      ({ text }) => text,
    );
    throw new LdapFault({ en: words.map(({ en }) => en).join(" "), fr: words.map(({ fr }) => fr).join(" ") });
  }

  async #searchThenBind(connection: LdapConnection, name: string, password: string): Promise<SignInResult> {
    await this.#becomeService(connection);
    const { result, entries } = await this.#searchPerson(connection, name);
    const [person] = entries;
    if (person === undefined || entries.length > 1 || result.code !== SUCCESS) {
      await this.#pretendToBind(connection);
      if (person === undefined) return UNKNOWN;
      this.#warnOfSeveral();
      return REFUSED;
    }
    const refusal = await this.#bindPerson(connection, person.dn, password);
    if (refusal !== null) return refusal;
    return this.#admit(connection, person, name);
  }

  async #bindThenRead(
    connection: LdapConnection,
    given: { readonly bindTemplate: string; readonly name: string; readonly password: string },
  ): Promise<SignInResult> {
    const { bindTemplate, name, password } = given;
    const { searchBase } = this.#options;
    const bindName = fillBindTemplate(bindTemplate, name);
    if (bindName === null) return UNKNOWN;
    const refusal = await this.#bindPerson(connection, bindName, password);
    if (refusal !== null) return refusal;
    if (searchBase === undefined) {
      const own = await connection.search({
        ...{ base: bindName, scope: "base", filter: "(objectClass=*)", limit: 1 },
        attributes: listPersonAttributes(this.#options),
      });
      const [person] = own.entries;
      if (person === undefined) throw new LdapFault(LDAP_FAULTS.entryHidden());
      return this.#admit(connection, person, name);
    }
    const { entries, result } = await this.#searchPerson(connection, name);
    const [person] = entries;
    if (person === undefined) return UNKNOWN;
    if (entries.length > 1 || result.code !== SUCCESS) {
      this.#warnOfSeveral();
      return REFUSED;
    }
    // The password has to be that of the entry that was found, whatever the filter found it by.
    return (await this.#bindPerson(connection, person.dn, password)) ?? this.#admit(connection, person, name);
  }

  /** The password was right. */
  async #admit(connection: LdapConnection, person: LdapEntry, typed: string): Promise<SignInResult> {
    if (isShutOut(person)) return REFUSED;
    const described = describePerson(person, this.#options, typed);
    const memberOf = readMemberOf(person, this.#options);
    let found: readonly LdapEntry[] = [];
    if (this.#options.groupSearchBase !== undefined) {
      if (this.#options.bindTemplate === undefined) await this.#becomeService(connection);
      found = await this.#searchGroups(connection, person.dn, described.name);
    }
    return { kind: "person", person: { ...described, groups: nameGroups(memberOf, found) } };
  }

  async #becomeService(connection: LdapConnection): Promise<void> {
    const { bindDn, bindPassword } = this.#options;
    const isNamed = bindDn !== undefined && bindPassword !== undefined;
    const { code } = await (isNamed ? connection.bind(bindDn, bindPassword) : connection.bindAnonymously());
    if (code !== SUCCESS) throw new LdapFault(LDAP_FAULTS.serviceRefused(code));
  }

  /** A referral is nobody: this directory does not have the person. */
  async #searchPerson(connection: LdapConnection, name: string): Promise<LdapFindings> {
    const findings = await connection.search({
      base: this.#options.searchBase ?? "",
      scope: "sub",
      filter: fillFilter(this.#options.searchFilter, { name }),
      attributes: listPersonAttributes(this.#options),
      limit: 2,
    });
    const { code } = findings.result;
    if (code === REFERRAL) return { ...findings, entries: [] };
    if (code !== SIZE_LIMIT_EXCEEDED) this.#requireSearch(findings.result, "search");
    return findings;
  }

  async #searchGroups(connection: LdapConnection, dn: string, name: string): Promise<readonly LdapEntry[]> {
    const { result, entries } = await connection.search({
      base: this.#options.groupSearchBase ?? "",
      scope: "sub",
      filter: fillFilter(chooseGroupFilter(this.#options), { name, dn }),
      attributes: ["cn"],
      limit: MAX_LDAP_GROUPS,
    });
    if (result.code === REFERRAL || result.code === SIZE_LIMIT_EXCEEDED)
      throw new LdapFault(LDAP_FAULTS.groupsIncomplete());
    this.#requireSearch(result, "groupSearch");
    return entries;
  }

  #requireSearch({ code }: LdapResult, option: "search" | "groupSearch"): void {
    if (code === SUCCESS) return;
    const base = this.#options[`${option}Base`] ?? "";
    if (code === NO_SUCH_OBJECT || code === INSUFFICIENT_ACCESS_RIGHTS)
      throw new LdapFault(LDAP_FAULTS.baseMissing(`${option}Base`, base));
    throw new LdapFault(LDAP_FAULTS.searchFailed(`${option}Filter`, code));
  }

  /** Null: it was the right password. */
  async #bindPerson(connection: LdapConnection, dn: string, password: string): Promise<SignInResult | null> {
    // What a directory names must not turn into a bind as nobody.
    if (!/[=@\\]/.test(dn)) throw new LdapFault(LDAP_FAULTS.entryHidden());
    const { clock } = this.#services;
    const startedAt = clock.monotonic();
    const { code, diagnostic } = await connection.bind(dn, password);
    if (code === SUCCESS) return null;
    if (NOBODIES.has(code) || (code === INVALID_CREDENTIALS && NO_SUCH_USER.test(diagnostic))) return UNKNOWN;
    if (!REFUSALS.has(code)) throw new LdapFault(LDAP_FAULTS.bindFailed(code));
    const tookMs = clock.monotonic() - startedAt;
    this.#wrongBindMs = this.#wrongBindMs === null ? tookMs : (3 * this.#wrongBindMs + tookMs) / 4;
    return REFUSED;
  }

  /** Takes as long as a wrong password. */
  async #pretendToBind(connection: LdapConnection): Promise<void> {
    const { clock } = this.#services;
    const startedAt = clock.monotonic();
    const nobody = randomBytes(8).toString("hex");
    await connection.bind(`cn=${nobody},${this.#options.searchBase ?? ""}`, nobody);
    const shortMs = Math.min((this.#wrongBindMs ?? 0) - (clock.monotonic() - startedAt), MAX_LIKENESS_MS);
    if (shortMs > 0) await new Promise<void>((resolve) => void clock.after(shortMs, resolve));
  }

  #warnOfSeveral(): void {
    const { log, id } = this.#services;
    log.warn({ event: "sign-in.ambiguous", provider: id }, "several entries of the directory fit one name");
  }
}
