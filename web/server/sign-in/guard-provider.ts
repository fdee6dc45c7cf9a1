import type { Logger } from "pino";
import { isPosternError } from "../../../protocol/index.ts";
import type { OpenProvider, SignInProvider } from "./providers/index.ts";

type Unavailable = { readonly kind: "unavailable"; readonly reason: string };

/** A provider that fails is one that cannot be asked; why is in the log alone. @throws what has a code of its own */
export async function guardProvider<Result extends { readonly kind: string }>(
  log: Logger,
  { id, provider }: OpenProvider,
  ask: (provider: SignInProvider) => Promise<Result | Unavailable>,
): Promise<Result | Unavailable> {
  try {
    const result = await ask(provider);
    if (isUnavailable(result))
      log.warn(
        { event: "sign-in.unavailable", provider: id, reason: result.reason },
        "a sign-in provider cannot be asked",
      );
    return result;
  } catch (error) {
    if (isPosternError(error)) throw error;
    log.error({ event: "sign-in.fault", provider: id, err: error }, "a sign-in provider failed");
    return { kind: "unavailable", reason: "fault" };
  }
}

function isUnavailable(result: { readonly kind: string }): result is Unavailable {
  return result.kind === "unavailable";
}
