import { useEffect, useRef, useState } from "preact/hooks";
import type { CreatedApiToken } from "../../api/schemas.ts";
import { Dialog } from "../components/dialog.tsx";
import { SelectField, TextAreaField, TextField } from "../components/fields.tsx";
import { CopiedValue, ShownOnce } from "../components/shown-once.tsx";
import { useApp, useText, useWall } from "../state/app-context.ts";
import { explainError } from "../text/explain-error.ts";
import { checkToken, describeToken, TOKEN_DAYS, type TokenInput } from "./token-input.ts";

const SCOPES = ["read", "machines", "desktops", "admin"] as const;

interface MakeTokenDialogProps {
  readonly onMade: () => void;
  readonly onClose: () => void;
}

/** Makes an API token, and shows it this once. */
export function MakeTokenDialog({ onMade, onClose }: MakeTokenDialogProps) {
  const { api } = useApp();
  const all = useText();
  const { apiTokens: text, device } = all;
  const hasPowers = useWall(({ me }) => typeof me === "object" && me !== null && me.powers.length > 0);
  const [input, setInput] = useState<TokenInput>({ name: "", scopes: ["read"], days: 30, sources: "" });
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<string | null>(null);
  const [made, setMade] = useState<CreatedApiToken | null>(null);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => form.current?.querySelector("input")?.focus(), []);

  const faults = checkToken(input);
  const explain = (code: (typeof faults)[keyof typeof faults]) =>
    tried && code !== null ? text[code] : null;
  const submit = (event: Event) => {
    event.preventDefault();
    setTried(true);
    if (busy || Object.values(faults).some((one) => one !== null)) return;
    setBusy(true);
    setFault(null);
    api.makeApiToken(describeToken(input)).then(
      (token) => {
        setMade(token);
        onMade();
      },
      (error: unknown) => {
        setBusy(false);
        setFault(explainError(error, all));
      },
    );
  };

  if (made !== null)
    return (
      <ShownOnce title={text.madeTitle(made.name)} lead={text.madeLead} done={text.done} onDone={onClose}>
        <CopiedValue value={made.token} copy={text.copyToken} />
        <p class="lead">{text.use}</p>
        <code class="token-use">Authorization: Bearer {made.token.slice(0, 8)}…</code>
      </ShownOnce>
    );
  return (
    <Dialog key="make" title={text.make} onClose={onClose}>
      <form ref={form} class="dialog-stack" onSubmit={submit} noValidate>
        <TextField
          label={text.name}
          hint={text.nameHint}
          fault={explain(faults.name)}
          value={input.name}
          onInput={(name) => setInput({ ...input, name })}
        />
        <fieldset class="device-scopes">
          <legend>{text.may}</legend>
          {SCOPES.filter((scope) => scope !== "admin" || hasPowers).map((scope) => (
            <label key={scope}>
              <input
                type="checkbox"
                checked={input.scopes.includes(scope)}
                onChange={(event) => {
                  const others = input.scopes.filter((one) => one !== scope);
                  setInput({ ...input, scopes: event.currentTarget.checked ? [...others, scope] : others });
                }}
              />
              {device.scopes[scope]}
            </label>
          ))}
          {explain(faults.scopes) !== null && <small class="fault">{explain(faults.scopes)}</small>}
        </fieldset>
        <SelectField
          label={text.lifetime}
          value={String(input.days)}
          options={TOKEN_DAYS.map((days) => ({ value: String(days), label: text.days(days) }))}
          onSelect={(days) => setInput({ ...input, days: Number(days) })}
        />
        <TextAreaField
          label={text.sources}
          hint={text.sourcesHint}
          fault={explain(faults.sources)}
          value={input.sources}
          onInput={(sources) => setInput({ ...input, sources })}
        />
        <p class="fault" role="alert">
          {fault}
        </p>
        <div class="dialog-actions">
          <button type="button" class="button" onClick={onClose}>
            {all.cancel}
          </button>
          <button type="submit" class="button primary" aria-disabled={busy}>
            {busy ? text.working : text.make}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
