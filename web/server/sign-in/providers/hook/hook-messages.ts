import { z } from "zod";
import type { SignInForm } from "../../../../api/schemas.ts";
import type { ExternalPerson } from "../sign-in-provider.ts";
import { HOOK_FAULTS, HookFault } from "./hook-fault.ts";

/** What a hook's answer may have, its JSON as bytes. */
export const MAX_HOOK_ANSWER_BYTES = 65_536;
const MAX_HOOK_GROUPS = 2000;
const MAX_HOOK_FIELDS = 8;
const MAX_HOOK_FIELD_CHARS = 1024;

/** What a hook is asked: one JSON value on its standard input, or its function's argument. */
export interface HookQuestion {
  readonly version: 1;
  /** `sign-in`: who is this? `review`: another provider knows who it is. `check`: an administrator tries whether the hook answers. */
  readonly step: "sign-in" | "review" | "check";
  /** As it was typed; of a review, the person's. */
  readonly name: string;
  /** Null once more was asked, and where there is none. */
  readonly password: string | null;
  /** To the fields that the hook asked for; null: it has asked for none yet. */
  readonly answers: Readonly<Record<string, string>> | null;
  /** What the hook gave with its fields. */
  readonly state: unknown;
  /** The address that the person comes from. */
  readonly source: string | null;
  /** Whose people these are: of a review, the id of the provider that knows the person; else the hook's own. */
  readonly provider: string;
  /** Of a review: what is known so far. */
  readonly person: {
    readonly subject: string | null;
    readonly email: string | null;
    readonly groups: readonly string[];
  } | null;
}

const text = z.object({ en: z.string().min(1).max(500), fr: z.string().min(1).max(500) });
const groups = z.array(z.string().min(1).max(256)).max(MAX_HOOK_GROUPS).default([]);
const field = z.object({
  name: z.string().regex(/^[A-Za-z][\w-]{0,31}$/),
  label: text,
  kind: z.enum(["text", "password"]).default("text"),
  /** As HTML has it; `one-time-code` for digits. */
  autocomplete: z
    .string()
    .regex(/^[a-z -]{1,64}$/)
    .default("off"),
});
const ask = z.object({
  fields: z
    .array(field)
    .min(1)
    .max(MAX_HOOK_FIELDS)
    .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, "has a field twice"),
  /** What is asked for and why. */
  text: text.optional(),
  state: z.json().default(null),
});
export type HookRequest = z.output<typeof ask>;

const refused = z.object({ result: z.literal("refused") });
const unknown = z.object({ result: z.literal("unknown") });
const asking = z.object({ result: z.literal("ask"), ask });

const signInAnswer = z.discriminatedUnion("result", [
  z.object({
    result: z.literal("person"),
    person: z.object({
      subject: z.string().min(1).max(256),
      name: z.string().min(1).max(256),
      email: z.email().max(254).nullish(),
      groups,
    }),
  }),
  refused,
  unknown,
  asking,
]);

const reviewAnswer = z.discriminatedUnion("result", [
  z.object({ result: z.literal("person"), person: z.object({ groups }).default({ groups: [] }) }),
  refused,
  unknown,
  asking,
]);

type HookSignInAnswer = z.output<typeof signInAnswer>;
type HookReviewAnswer = z.output<typeof reviewAnswer>;

/** @throws HookFault */
export function readSignInAnswer(json: string): HookSignInAnswer {
  return read(signInAnswer, json);
}

/** @throws HookFault */
export function readReviewAnswer(json: string): HookReviewAnswer {
  return read(reviewAnswer, json);
}

function read<Answer>(schema: z.ZodType<Answer>, json: string): Answer {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    // Its message quotes the answer.
    throw new HookFault(HOOK_FAULTS.noJson);
  }
  const { data, error } = schema.safeParse(value);
  if (error === undefined) return data;
  const faults = error.issues.map(({ path, message }) =>
    [path.filter((part) => typeof part === "string").join("."), message].filter(Boolean).join(": "),
  );
  throw new HookFault(HOOK_FAULTS.strange(faults.join("; ")));
}

export function describeHookPerson({
  person: { subject, name, email, groups: named },
}: Extract<HookSignInAnswer, { result: "person" }>): ExternalPerson {
  return { subject, name, email: email ?? null, groups: named };
}

export function describeHookForm({ fields, text: lead }: HookRequest): SignInForm {
  return {
    ...(lead && { text: lead }),
    fields: fields.map(({ name, label, kind, autocomplete }) => ({
      ...{ name, label, kind, autocomplete, maxLength: MAX_HOOK_FIELD_CHARS },
      missing: { en: "Fill this in.", fr: "Remplissez ce champ." },
    })),
    buttons: [{ label: { en: "Sign in", fr: "Se connecter" }, href: null }],
  };
}
