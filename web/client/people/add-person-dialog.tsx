import { useEffect, useRef, useState } from "preact/hooks";
import type { CreatedUser, UserRow } from "../../api/schemas.ts";
import { Dialog } from "../components/dialog.tsx";
import { TextField } from "../components/fields.tsx";
import { useApp, useText } from "../state/app-context.ts";
import { explainError } from "../text/explain-error.ts";
import { GroupChoice } from "./group-choice.tsx";
import { MadePassword } from "./made-password.tsx";
import { checkPerson, type PersonInput } from "./person-input.ts";
import { RoleChoice } from "./role-choice.tsx";

interface AddPersonDialogProps {
  readonly onAdded: () => void;
  readonly onClose: () => void;
}

export function AddPersonDialog({ onAdded, onClose }: AddPersonDialogProps) {
  const { api } = useApp();
  const all = useText();
  const { people: text } = all;
  const [input, setInput] = useState<PersonInput>({ name: "", email: "" });
  const [role, setRole] = useState<UserRow["role"]>("user");
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<string | null>(null);
  const [groups, setGroups] = useState<readonly string[]>([]);
  const [made, setMade] = useState<(CreatedUser & { readonly isInGroups: boolean }) | null>(null);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => form.current?.querySelector("input")?.focus(), []);
  const faults = checkPerson(input);
  const explain = (code: (keyof typeof text & ("nameMissing" | "nameWrong" | "emailWrong")) | null) =>
    tried && code !== null ? text[code] : null;

  const submit = (event: Event) => {
    event.preventDefault();
    setTried(true);
    if (busy || faults.name !== null || faults.email !== null) return;
    setBusy(true);
    setFault(null);
    const email = input.email.trim();
    api.addPerson({ name: input.name.trim(), role, ...(email !== "" && { email }) }).then(
      async (person) => {
        const entered = await Promise.allSettled(groups.map((id) => api.addMember(id, person.id)));
        setMade({ ...person, isInGroups: entered.every(({ status }) => status === "fulfilled") });
        onAdded();
      },
      (error: unknown) => {
        setBusy(false);
        setFault(explainError(error, all));
      },
    );
  };

  if (made !== null)
    return (
      <MadePassword
        key="made"
        title={text.addedTitle(made.name)}
        password={made.password ?? ""}
        onDone={onClose}
      >
        {!made.isInGroups && (
          <p class="fault" role="alert">
            {text.groupsMissed}
          </p>
        )}
      </MadePassword>
    );
  return (
    <Dialog key="add" title={text.addTitle} onClose={onClose}>
      <form ref={form} class="dialog-stack" onSubmit={submit} noValidate>
        <TextField
          label={text.addName}
          hint={text.addNameHint}
          fault={explain(faults.name)}
          value={input.name}
          onInput={(name) => setInput({ ...input, name })}
        />
        <TextField
          label={text.addEmail}
          fault={explain(faults.email)}
          value={input.email}
          onInput={(email) => setInput({ ...input, email })}
        />
        <RoleChoice role={role} onChoose={setRole} />
        <GroupChoice chosen={groups} onChoose={setGroups} />
        <p class="fault" role="alert">
          {fault}
        </p>
        <div class="dialog-actions">
          <button type="button" class="button" onClick={onClose}>
            {all.cancel}
          </button>
          <button type="submit" class="button primary" aria-disabled={busy}>
            {busy ? text.working : text.addSubmit}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
