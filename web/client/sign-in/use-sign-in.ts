import { useEffect, useState } from "preact/hooks";
import type { LoginStep, PasskeyProof, SignInForm } from "../../api/schemas.ts";
import { ApiError } from "../api/api-error.ts";
import type { SignInAnswer } from "../api/api-client.ts";
import { useApp, useText } from "../state/app-context.ts";
import { explainCode, explainError } from "../text/explain-error.ts";
import { takeArrival, type PageArrival } from "./arrival.ts";
import { answerByCode, recallStep, rememberStep, watchStepEnd } from "./linked-code.ts";
import { offerPasskeys, provePasskey } from "./passkey.ts";

type Step = LoginStep["step"];
type Answers = Readonly<Record<string, string>>;

/** Where the sign-in is, and what moves it on. */
export interface SignIn {
  /** What was typed as the name; empty: nothing, or on another site. */
  readonly name: string;
  /** What is asked next; null: it begins. */
  readonly step: Step | null;
  readonly fault: string | null;
  readonly setFault: (fault: string | null) => void;
  readonly begin: (given: Answers) => Promise<void>;
  readonly answer: (answers: Answers) => Promise<void>;
  readonly enterByPasskey: () => Promise<void>;
  readonly startOver: () => void;
}

/** @param form what the sign-in begins with; null: it is not there yet */
export function useSignIn(form: SignInForm | null, arrival: PageArrival): SignIn {
  const { api, wall } = useApp();
  const text = useText();
  const [name, setName] = useState("");
  const [step, setStep] = useState<Step | null>(null);
  const [fault, setFault] = useState<string | null>(() =>
    arrival.refused === null ? null : explainCode(arrival.refused, text),
  );
  const [refusals, setRefusals] = useState(0);

  const showStep = (next: Step | null) => {
    rememberStep(next);
    setStep(next);
  };
  /** @param refused what is said where the server says that a name or password is wrong, and neither was asked for */
  const attempt = async (act: () => Promise<SignInAnswer>, refused?: string) => {
    setFault(null);
    try {
      const answered = await act();
      showStep("step" in answered ? answered.step : null);
      if (!("step" in answered)) wall.dispatch({ type: "me", me: answered });
    } catch (error) {
      const code = error instanceof ApiError ? error.code : "";
      if (code === "LOGIN_STEP_GONE") showStep(null);
      setFault((code === "LOGIN_REFUSED" ? refused : undefined) ?? explainError(error, text));
    }
  };
  const answerStep = ({ id }: Step, answers: Answers) =>
    attempt(() => api.answerStep(id, answers), text.signIn.stepWrong);
  const enter = async (getPasskey: () => Promise<PasskeyProof>) => {
    await attempt(async () => api.signInByPasskey(await getPasskey()));
    // An offer in the field of the name ends with any other dialog of passkeys: it is made again.
    setRefusals((count) => count + 1);
  };

  const follow = ({ stepId, code }: PageArrival) => {
    if (stepId !== null) return void attempt(() => api.showStep(stepId));
    if (code === null) return;
    const linked = recallStep();
    if (linked === null) return setFault(text.signIn.linkElsewhere);
    setStep(linked);
    void answerStep(linked, answerByCode(linked, code));
  };
  useEffect(() => {
    follow(arrival);
    // A link that is opened in this very tab loads nothing anew.
    const look = () => follow(takeArrival());
    window.addEventListener("hashchange", look);
    return () => window.removeEventListener("hashchange", look);
  }, []);
  useEffect(
    () =>
      watchStepEnd(() => {
        // Somebody who is not signed in after all is told so by the API client.
        api.me().then(
          (me) => wall.dispatch({ type: "me", me }),
          () => undefined,
        );
      }),
    [api, wall],
  );

  const offers = step === null && form?.passkey?.use === "alone";
  useEffect(() => {
    if (!offers) return;
    const abort = new AbortController();
    const getOptions = async () => (await api.passkeyOptions()).options;
    offerPasskeys(getOptions, abort.signal).then(
      (passkey) => passkey !== null && void enter(() => Promise.resolve(passkey)),
      // There is a button, too.
      () => undefined,
    );
    return () => abort.abort();
  }, [offers, refusals]);

  return {
    name,
    step,
    fault,
    setFault,
    begin: (given) => {
      setName(given["name"] ?? "");
      return attempt(() => api.signIn(given));
    },
    answer: async (answers) => {
      if (step !== null) await answerStep(step, answers);
    },
    enterByPasskey: () => enter(async () => provePasskey((await api.passkeyOptions()).options)),
    startOver: () => {
      showStep(null);
      setFault(null);
    },
  };
}
