import { z } from "zod";
import { ConfigError, isPosternError } from "../../../../protocol/index.ts";
import { HOOK_FAULTS, HookFault } from "./hook/hook-fault.ts";
import { Hook, type HookTarget } from "./hook/hook.ts";
import {
  describeHookForm,
  describeHookPerson,
  readReviewAnswer,
  readSignInAnswer,
  type HookQuestion,
  type HookRequest,
} from "./hook/hook-messages.ts";
import { ADDRESS_FORM } from "./mail-login.ts";
import type {
  Answers,
  ReviewedPerson,
  ReviewResult,
  SignInChallenge,
  SignInContext,
  SignInProvider,
  SignInProviderKind,
  SignInResult,
} from "./sign-in-provider.ts";

const absolutePath = z.string().regex(/^\/[^\0]{1,4095}$/, "is an absolute path");
const argument = z.string().regex(/^[^\0]{0,4096}$/);

const hookOptions = z
  .strictObject({
    /** A program, alone or with its arguments. */
    run: z
      .union([z.string().transform((path) => [path]), z.array(z.string())])
      .pipe(
        z
          .array(argument)
          .min(1)
          .max(32)
          .refine(([path]) => absolutePath.safeParse(path).success, "begins with an absolute path"),
      )
      .optional(),
    /** Or a module of JavaScript, which runs in the server itself. */
    module: absolutePath.optional(),
    /** It looks at people whom other providers know, too: of all, or of those that are named by their id. */
    also: z.union([z.literal(true), z.array(z.string()).min(1)]).optional(),
  })
  .transform(({ run, module, also }, context): { target: HookTarget; also: typeof also } => {
    if (run !== undefined && module === undefined) return { target: { kind: "program", command: run }, also };
    if (module !== undefined && run === undefined) return { target: { kind: "module", file: module }, also };
    context.addIssue({ code: "custom", message: 'needs either "run" or "module"' });
    return z.NEVER;
  });
type HookOptions = z.output<typeof hookOptions>;

/** Kept between two questions to a hook. */
const hookState = z.object({ name: z.string(), fields: z.array(z.string()), state: z.unknown() });

/** An administrator's own program says who a person is, or what else they need. */
export const hookProvider: SignInProviderKind<HookOptions> = {
  name: "hook",
  options: hookOptions,
  open: ({ target, also }, services) => {
    const { id } = services;
    const hook = openHook(target, services);
    const base = { version: 1, provider: id, answers: null, state: null, person: null } as const;

    /** A hook that does not answer as it has to cannot be asked. */
    async function orUnavailable<Result>(
      ask: () => Promise<Result>,
    ): Promise<Result | { readonly kind: "unavailable"; readonly reason: string }> {
      try {
        return await ask();
      } catch (error) {
        if (error instanceof HookFault) return { kind: "unavailable", reason: error.text.en };
        throw error;
      }
    }

    const signIn = (question: HookQuestion, { familiarity }: SignInContext): Promise<SignInResult> =>
      orUnavailable(async () => {
        const answer = readSignInAnswer(await hook.ask(question, familiarity));
        if (answer.result === "person") return { kind: "person", person: describeHookPerson(answer) };
        if (answer.result === "unknown") return { kind: "unknownPerson" };
        if (answer.result === "refused") return { kind: "refused", user: null };
        return { kind: "challenge", challenge: describeChallenge(question.name, answer.ask) };
      });
    const review = (question: HookQuestion): Promise<ReviewResult> =>
      orUnavailable(async () => {
        // Another provider has let this person in.
        const answer = readReviewAnswer(await hook.ask(question, "known"));
        if (answer.result === "person") return { kind: "agreed", groups: answer.person.groups };
        if (answer.result === "unknown") return { kind: "agreed", groups: [] };
        if (answer.result === "refused") return { kind: "refused" };
        return { kind: "challenge", challenge: describeChallenge(question.name, answer.ask) };
      });

    const provider: SignInProvider = {
      form: ADDRESS_FORM,
      signIn: ({ name, password }, context) =>
        signIn({ ...base, step: "sign-in", name, password, source: sourceOf(context) }, context),
      proceed: (kept, given, context) => {
        const { name, ...asked } = readKept(kept, given);
        const source = sourceOf(context);
        return signIn({ ...base, ...asked, step: "sign-in", name, password: null, source }, context);
      },
      async check() {
        try {
          const question = { ...base, step: "check", name: "", password: null, source: null } as const;
          readReviewAnswer(await hook.ask(question));
          return { works: true, text: { en: "The hook answers.", fr: "Le programme répond." } };
        } catch (error) {
          if (error instanceof HookFault) return { works: false, text: error.text };
          if (isPosternError(error)) return { works: false, text: HOOK_FAULTS.timeout };
          throw error;
        }
      },
      close: () => {
        hook.close();
        return Promise.resolve();
      },
    };
    if (also === undefined) return provider;
    return {
      ...provider,
      review: {
        of: also === true ? null : also,
        begin: (person, password, context) =>
          review({ ...base, ...describeReviewed(person), password, source: sourceOf(context) }),
        proceed: (person, { state: kept, answers: given }, context) => {
          const { name: _name, ...asked } = readKept(kept, given);
          const about = describeReviewed(person);
          return review({ ...base, ...about, ...asked, password: null, source: sourceOf(context) });
        },
      },
    };
  },
};

/** @throws ConfigError `SIGN_IN_OPTIONS` */
function openHook(target: HookTarget, services: ConstructorParameters<typeof Hook>[1]): Hook {
  try {
    return new Hook(target, services);
  } catch (error) {
    if (!(error instanceof HookFault)) throw error;
    throw new ConfigError("SIGN_IN_OPTIONS", `The options of hook are not valid. ${error.text.en}`);
  }
}

function describeChallenge(name: string, request: HookRequest): SignInChallenge {
  const state: z.input<typeof hookState> = {
    name,
    fields: request.fields.map((field) => field.name),
    state: request.state,
  };
  return { form: describeHookForm(request), state };
}

/** Answers to what was asked, and to nothing else. */
function readKept(
  kept: unknown,
  given: Answers,
): { readonly name: string; readonly answers: Readonly<Record<string, string>>; readonly state: unknown } {
  const { name, fields, state } = hookState.parse(kept);
  const answers = Object.fromEntries(
    fields.map((field) => [field, Object.hasOwn(given, field) ? (given[field] ?? "") : ""]),
  );
  return { name, answers, state };
}

function describeReviewed({ provider, name, subject, email, groups }: ReviewedPerson) {
  return { step: "review", provider, name, person: { subject, email, groups } } as const;
}

function sourceOf({ source }: SignInContext): string | null {
  return source?.address ?? null;
}
