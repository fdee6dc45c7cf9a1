import { useCallback, useEffect, useState } from "preact/hooks";
import type { AddedFactorAnswer, FactorList, FactorRow } from "../../api/schemas.ts";
import { ActDialog } from "../components/act-dialog.tsx";
import { ShownOnce } from "../components/shown-once.tsx";
import { Ago } from "../components/time.tsx";
import { knowsPasskeys } from "../sign-in/passkey.ts";
import { ShownSecrets } from "../sign-in/shown-secrets.tsx";
import { useApp, usePreferences, useText } from "../state/app-context.ts";
import { explainError } from "../text/explain-error.ts";
import { formatDate } from "../text/format.ts";
import { AddAppDialog } from "./add-app-dialog.tsx";
import { AddPasskeyDialog } from "./add-passkey-dialog.tsx";

type Open =
  | { readonly act: "app" | "passkey" | "renew" }
  | { readonly act: "remove"; readonly factor: FactorRow }
  | { readonly act: "keep"; readonly codes: readonly string[] };

function FactorItem({ factor, onRemove }: { factor: FactorRow; onRemove: () => void }) {
  const { factors: text } = useText();
  const { language } = usePreferences();
  const kind = text.kinds[factor.kind];
  const name = factor.name === "" ? kind : factor.name;
  return (
    <li>
      <div>
        <strong>{name}</strong>
        {factor.name !== "" && <span class="badge">{kind}</span>}
        <small>
          <span>{text.added(formatDate(factor.createdAt, language))}</span>
          <span class="aside">
            {factor.lastUsedAt === null ? (
              text.neverUsed
            ) : (
              <>
                {text.used} <Ago at={factor.lastUsedAt} />
              </>
            )}
          </span>
        </small>
      </div>
      <button type="button" class="button" aria-label={text.removeNamed(name)} onClick={onRemove}>
        {text.remove}
      </button>
    </li>
  );
}

/** What a person proves beside the password: what there is, more of it, less of it. */
export function OwnFactors() {
  const { api } = useApp();
  const all = useText();
  const { factors: text } = all;
  const [list, setList] = useState<FactorList | null>(null);
  const [open, setOpen] = useState<Open | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  const [said, setSaid] = useState("");

  const load = useCallback(() => api.ownFactors().then(setList, setFault), [api]);
  useEffect(() => void load(), [load]);

  const close = () => setOpen(null);
  const begin = (next: Open) => {
    setSaid("");
    setFault(null);
    setOpen(next);
  };
  const finish = (notice: string) => {
    setSaid(notice);
    close();
    void load();
  };
  const finishAdding = (notice: string, { recoveryCodes }: AddedFactorAnswer) => {
    finish(notice);
    if (recoveryCodes !== undefined) setOpen({ act: "keep", codes: recoveryCodes });
  };

  const factors = list?.factors ?? [];
  const hasApp = factors.some(({ kind }) => kind === "totp");
  const passkeys = list?.passkeys === true && knowsPasskeys();
  const lead = factors.length === 0 ? text.none : text.lead;
  return (
    <section class="sheet" aria-labelledby="account-factors">
      <h2 id="account-factors">{text.title}</h2>
      {fault !== null && (
        <p class="fault" role="alert">
          {explainError(fault, all)}
        </p>
      )}
      {list === null && fault === null && <p role="status">{all.loading}</p>}
      {list !== null && (
        <>
          <p class="lead">
            {lead} {list.required && text.required}
          </p>
          {factors.length > 0 && (
            <ul class="login-list">
              {factors.map((factor) => (
                <FactorItem
                  key={factor.id}
                  factor={factor}
                  onRemove={() => begin({ act: "remove", factor })}
                />
              ))}
            </ul>
          )}
          <p class={said === "" ? "unseen" : "done"} role="status">
            {said}
          </p>
          <div class="sheet-actions">
            <button type="button" class="button" onClick={() => begin({ act: "app" })}>
              {hasApp ? text.otherApp : text.addApp}
            </button>
            {passkeys && (
              <button type="button" class="button" onClick={() => begin({ act: "passkey" })}>
                {text.addPasskey}
              </button>
            )}
            {!passkeys && <small>{list.passkeys ? text.noBrowser : text.noHost}</small>}
          </div>
          {factors.length > 0 && (
            <>
              <h3>{text.recovery}</h3>
              <div class="sheet-actions">
                <span>{text.left(list.recoveryCodes)}</span>
                <button type="button" class="button" onClick={() => begin({ act: "renew" })}>
                  {text.renew}
                </button>
              </div>
            </>
          )}
        </>
      )}
      {open?.act === "app" && (
        <AddAppDialog
          replaces={hasApp}
          onAdded={(added) => finishAdding(text.didApp, added)}
          onClose={close}
        />
      )}
      {open?.act === "passkey" && (
        <AddPasskeyDialog onAdded={(added) => finishAdding(text.didPasskey, added)} onClose={close} />
      )}
      {open?.act === "remove" && (
        <ActDialog
          key="remove"
          title={text.removeTitle(nameOf(open.factor))}
          confirm={text.remove}
          danger
          act={async () => {
            await api.removeOwnFactor(open.factor.id);
            finish(text.removed);
          }}
          onLeave={close}
          onClose={close}
        >
          <p>
            {factors.length > 1 ? text.removeLead : list?.required ? text.removeRequired : text.removeLast}
          </p>
        </ActDialog>
      )}
      {open?.act === "renew" && (
        <ActDialog
          key="renew"
          title={text.renewTitle}
          confirm={text.renewConfirm}
          act={async () => {
            const { recoveryCodes } = await api.renewRecoveryCodes();
            void load();
            setOpen({ act: "keep", codes: recoveryCodes });
          }}
          onLeave={close}
          onClose={close}
        >
          <p>{text.renewLead}</p>
        </ActDialog>
      )}
      {open?.act === "keep" && (
        <ShownOnce key="keep" title={text.keepTitle} lead={text.keepLead} done={text.kept} onDone={close}>
          <ShownSecrets recoveryCodes={[...open.codes]} />
        </ShownOnce>
      )}
    </section>
  );

  function nameOf({ kind, name }: FactorRow): string {
    return name === "" ? text.kinds[kind] : name;
  }
}
