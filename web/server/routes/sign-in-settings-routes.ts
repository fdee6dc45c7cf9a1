import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { LOCAL_PROVIDER, type AccountRole, type Proxy } from "../../../proxy/index.ts";
import type { ProviderRow, ProviderTest, SignInSettings } from "../../api/schemas.ts";
import { auditActor } from "../guard/actor.ts";
import { requirePower } from "../guard/powers.ts";
import { parseInput } from "../guard/parse-input.ts";
import type { ProviderTests } from "../sign-in/provider-tests.ts";
import type { OpenProvider, ShownOption } from "../sign-in/providers/index.ts";

const ROLES = ["admin", "operator", "auditor"] as const;
const testParams = z.object({ provider: z.string().min(1).max(32) });

interface SignInSettingsContext {
  readonly proxy: Pick<Proxy, "audit">;
  /** Null: there is none. */
  readonly file: string | null;
  readonly providers: readonly OpenProvider[];
  /** By the provider's id. */
  readonly options: ReadonlyMap<string, readonly ShownOption[]>;
  readonly tests: ProviderTests;
  readonly requiredFor: readonly AccountRole[];
  readonly factors: { readonly passkeysAvailable: boolean };
}

/** How people sign in, to be read and tested. */
export function routeSignInSettings(api: FastifyInstance, context: SignInSettingsContext): void {
  const { proxy, file, providers, options, tests, requiredFor, factors } = context;

  api.get("/sign-in-settings", (request): SignInSettings => {
    requirePower(request, "audit");
    return {
      file,
      providers: providers.map((open) => serializeProvider(open, options.get(open.id) ?? [])),
      secondFactor: { requiredFor: [...requiredFor], passkeys: factors.passkeysAvailable },
    };
  });

  api.post("/sign-in-settings/:provider/test", async (request): Promise<ProviderTest> => {
    requirePower(request, "administer");
    const { provider } = parseInput(testParams, request.params);
    const result = await tests.run(provider);
    const outcome = result.works ? "success" : "failure";
    proxy.audit({ action: "signin.test", outcome, ...auditActor(request), method: provider });
    return result;
  });
}

function serializeProvider(
  { id, kind, admission, provider }: OpenProvider,
  options: readonly ShownOption[],
): ProviderRow {
  const { create, viewers, allowGroups = null, denyGroups, denyPeople, roles } = admission;
  return {
    ...{ id, kind, create, viewers, allowGroups, denyGroups, denyPeople },
    roles: ROLES.flatMap((role) => {
      const groups = roles?.[role];
      return groups === undefined ? [] : [{ role, groups }];
    }),
    requireFactor: admission.requireFactor === true,
    passkeyAlone: admission.passkeyAlone ?? kind === LOCAL_PROVIDER,
    options: [...options],
    testable: provider.check !== undefined,
  };
}
