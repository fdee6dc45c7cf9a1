import { useEffect, useState } from "preact/hooks";
import type { ProviderRow, ProviderTest, SignInSettings } from "../../api/schemas.ts";
import { Icon } from "../components/icon.tsx";
import { useApp, usePreferences, useText } from "../state/app-context.ts";
import { usePower } from "../state/use-power.ts";
import { explainError } from "../text/explain-error.ts";
import { lookUpText } from "../text/translations/languages.ts";
import { describeAdmission } from "./describe-admission.ts";

/** How people sign in, as the server was told; each provider can be tested. */
export function SignInSettingsPage() {
  const { api } = useApp();
  const all = useText();
  const { settings: text } = all;
  const [settings, setSettings] = useState<SignInSettings | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  useEffect(() => void api.signInSettings().then(setSettings, setFault), [api]);

  return (
    <main class="account-page" id="wall" tabIndex={-1}>
      <h1>{text.title}</h1>
      {fault !== null && (
        <p class="fault" role="alert">
          {explainError(fault, all)}
        </p>
      )}
      {settings === null && fault === null && <p role="status">{all.loading}</p>}
      {settings !== null && (
        <>
          <p class="lead">{settings.file === null ? text.noFile : text.fromFile(settings.file)}</p>
          {settings.providers.length > 1 && <p class="lead">{text.order}</p>}
          {settings.providers.map((provider, index) => (
            <Provider key={provider.id} provider={provider} place={index + 1} />
          ))}
          <SecondFactor settings={settings} />
        </>
      )}
    </main>
  );
}

function SecondFactor({ settings: { secondFactor } }: { readonly settings: SignInSettings }) {
  const { settings: text, roles } = useText();
  const { requiredFor, passkeys } = secondFactor;
  return (
    <section class="sheet" aria-labelledby="second-factor">
      <h2 id="second-factor">{text.secondFactor}</h2>
      <dl class="facts">
        <dt>{text.requiredFor}</dt>
        <dd>
          {requiredFor.length === 0
            ? text.requiredForNobody
            : requiredFor.map((role) => roles.names[role]).join(", ")}
        </dd>
        <dt>{text.passkeys}</dt>
        <dd>{passkeys ? text.passkeysYes : text.passkeysNo}</dd>
      </dl>
    </section>
  );
}

interface ProviderProps {
  readonly provider: ProviderRow;
  readonly place: number;
}

function Provider({ provider, place }: ProviderProps) {
  const all = useText();
  const { settings: text, roles } = all;
  const { id, kind, options } = provider;
  return (
    <section class="sheet" aria-labelledby={`provider-${id}`}>
      <h2 id={`provider-${id}`}>
        {place}. {lookUpText(text.kinds, kind) ?? kind}
        {id !== kind && <small class="provider-id"> {id}</small>}
      </h2>
      <dl class="facts">
        <dt>{text.rules}</dt>
        <dd>{describeAdmission(provider, all)}</dd>
        {provider.roles.length > 0 && (
          <>
            <dt>{text.roles}</dt>
            <dd>
              {provider.roles.map(({ role, groups }) => (
                <span class="line" key={role}>
                  {roles.names[role]}: {groups.join(", ")}
                </span>
              ))}
            </dd>
          </>
        )}
        <dt>{text.factor}</dt>
        <dd>{provider.requireFactor ? text.factorRequired : text.factorFree}</dd>
        <dt>{text.passkeyAlone}</dt>
        <dd>{provider.passkeyAlone ? text.passkeyYes : text.passkeyNo}</dd>
        <dt>{text.viewers}</dt>
        <dd>{provider.viewers ? text.viewersYes : text.viewersNo}</dd>
      </dl>
      {options.length > 0 && (
        <details>
          <summary>{text.options}</summary>
          <dl class="facts options">
            {options.map(({ name, value }) => (
              <div class="option" key={name}>
                <dt>
                  <code>{name}</code>
                </dt>
                <dd>{value ?? <em>{text.isSet}</em>}</dd>
              </div>
            ))}
          </dl>
        </details>
      )}
      {provider.testable && <TestProvider id={id} />}
    </section>
  );
}

function TestProvider({ id }: { readonly id: string }) {
  const { api } = useApp();
  const all = useText();
  const { settings: text } = all;
  const { language } = usePreferences();
  const administers = usePower("administer");
  const [busy, setBusy] = useState(false);
  const [result, setResult] = useState<ProviderTest | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  if (!administers) return null;
  const test = () => {
    if (busy) return;
    setBusy(true);
    setResult(null);
    setFault(null);
    api
      .testProvider(id)
      .then(setResult, setFault)
      .finally(() => setBusy(false));
  };
  return (
    <div class="sheet-actions">
      <button
        type="button"
        class="button"
        aria-label={text.testNamed(id)}
        aria-disabled={busy}
        onClick={test}
      >
        {busy ? text.testing : text.test}
      </button>
      <p class="provider-result" role="status" data-works={result?.works}>
        {result !== null && (
          <>
            <Icon name={result.works ? "check" : "alert"} />
            <span>
              <strong>{result.works ? text.works : text.fails}</strong> {result.text[language]}{" "}
              <small>{text.took(result.milliseconds)}</small>
            </span>
          </>
        )}
      </p>
      {fault !== null && (
        <p class="fault" role="alert">
          {explainError(fault, all)}
        </p>
      )}
    </div>
  );
}
