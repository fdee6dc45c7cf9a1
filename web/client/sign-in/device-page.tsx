import { useEffect, useState } from "preact/hooks";
import type { DeviceQuestion } from "../../api/schemas.ts";
import { Logo } from "../components/icon.tsx";
import { TextField } from "../components/fields.tsx";
import { followLink } from "../page-route.ts";
import { useApp, useText } from "../state/app-context.ts";
import { explainError } from "../text/explain-error.ts";

type Scope = DeviceQuestion["scopes"][number];
const CODE_LETTERS = 8;

/** A command line shows a code; who types it here says what the command line may do. */
export function DevicePage() {
  const { api } = useApp();
  const text = useText();
  const [code, setCode] = useState("");
  const [question, setQuestion] = useState<DeviceQuestion | null>(null);
  const [given, setGiven] = useState<readonly Scope[]>([]);
  const [outcome, setOutcome] = useState<"confirmed" | "refused" | null>(null);
  const [fault, setFault] = useState<string | null>(null);

  useEffect(() => {
    document.title = `${text.device.title} · ${text.product}`;
  }, [text]);

  const attempt = (action: Promise<void>) => {
    setFault(null);
    action.catch((error: unknown) => setFault(explainError(error, text)));
  };
  const look = async () => {
    const asked = await api.deviceLogin(code);
    setQuestion(asked);
    setGiven(asked.scopes);
  };
  const answer = async (yes: boolean) => {
    await (yes ? api.confirmDevice(code, given) : api.refuseDevice(code));
    setOutcome(yes ? "confirmed" : "refused");
  };
  const submit = (event: Event) => {
    event.preventDefault();
    if (question !== null) return attempt(answer(true));
    if (code.replaceAll(/[^a-z]/gi, "").length !== CODE_LETTERS) return setFault(text.device.missing);
    attempt(look());
  };
  const toggle = (scope: Scope, chosen: boolean) =>
    setGiven(chosen ? [...given, scope] : given.filter((one) => one !== scope));

  return (
    <main class="sign-in" id="wall" tabIndex={-1}>
      <form class="sign-in-card" onSubmit={submit} noValidate>
        <div class="sign-in-mark">
          <Logo />
          <span class="wordmark">{text.product}</span>
        </div>
        <h1>{text.device.title}</h1>
        {outcome !== null ? (
          <>
            <p role="status">{text.device[outcome]}</p>
            <a class="button large" href="/" onClick={followLink}>
              {text.back}
            </a>
          </>
        ) : question === null ? (
          <>
            <p class="lead">{text.device.lead}</p>
            <TextField label={text.device.code} value={code} onInput={setCode} fault={fault} />
            <button type="submit" class="button primary large">
              {text.device.next}
            </button>
          </>
        ) : (
          <>
            <p>{text.device.from(question.name, question.address ?? text.device.nowhere)}</p>
            <fieldset class="device-scopes">
              {question.scopes.map((scope) => (
                <label key={scope}>
                  <input
                    type="checkbox"
                    checked={given.includes(scope)}
                    onChange={(event) => toggle(scope, event.currentTarget.checked)}
                  />
                  {text.device.scopes[scope]}
                </label>
              ))}
            </fieldset>
            <p class="fault" role="alert">
              {fault}
            </p>
            <button type="submit" class="button primary large" disabled={given.length === 0}>
              {text.device.confirm}
            </button>
            <button type="button" class="button large" onClick={() => attempt(answer(false))}>
              {text.device.refuse}
            </button>
          </>
        )}
      </form>
    </main>
  );
}
