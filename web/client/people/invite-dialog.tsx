import { useEffect, useRef, useState } from "preact/hooks";
import type { CreatedInvitation, UserRow } from "../../api/schemas.ts";
import { Dialog } from "../components/dialog.tsx";
import { CheckboxField, SelectField, TextField } from "../components/fields.tsx";
import { CopiedValue, ShownOnce } from "../components/shown-once.tsx";
import { useApp, useText } from "../state/app-context.ts";
import { explainError } from "../text/explain-error.ts";
import { GroupChoice } from "./group-choice.tsx";
import { checkPerson, type PersonInput } from "./person-input.ts";
import { RoleChoice } from "./role-choice.tsx";

const HOUR = 3_600;
const DAY = 86_400;
const DAYS = [1, 3, 7, 14, 30] as const;

interface InviteDialogProps {
  readonly onInvited: () => void;
  readonly onClose: () => void;
}

/** Makes a link by which one person gets an account, and shows it this once. */
export function InviteDialog({ onInvited, onClose }: InviteDialogProps) {
  const { api } = useApp();
  const all = useText();
  const { newcomers: text, people } = all;
  const [input, setInput] = useState<PersonInput>({ name: "", email: "" });
  const [role, setRole] = useState<UserRow["role"]>("user");
  const [groups, setGroups] = useState<readonly string[]>([]);
  const [ttlSeconds, setTtlSeconds] = useState(3 * DAY);
  const [mail, setMail] = useState(false);
  const [busy, setBusy] = useState(false);
  const [tried, setTried] = useState(false);
  const [fault, setFault] = useState<string | null>(null);
  const [made, setMade] = useState<CreatedInvitation | null>(null);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => form.current?.querySelector("input")?.focus(), []);
  const [name, email] = [input.name.trim(), input.email.trim()];
  const faults = checkPerson(input);
  const nameFault = name === "" ? null : faults.name;

  const submit = (event: Event) => {
    event.preventDefault();
    setTried(true);
    if (busy || nameFault !== null || faults.email !== null) return;
    setBusy(true);
    setFault(null);
    const about = { ...(name !== "" && { name }), ...(email !== "" && { email, mail }) };
    api.invite({ role, groups: [...groups], ttlSeconds, ...about }).then(
      (invitation) => {
        setMade(invitation);
        onInvited();
      },
      (error: unknown) => {
        setBusy(false);
        setFault(explainError(error, all));
      },
    );
  };

  if (made !== null)
    return (
      <ShownOnce title={text.madeTitle} lead={text.madeLead} done={text.done} onDone={onClose}>
        <CopiedValue long value={made.url} copy={text.copyLink} />
        {mail && email !== "" && (
          <p class="lead">{made.mailed ? text.madeMailed(email) : text.madeNotMailed}</p>
        )}
      </ShownOnce>
    );
  return (
    <Dialog key="invite" title={text.inviteTitle} onClose={onClose}>
      <form ref={form} class="dialog-stack" onSubmit={submit} noValidate>
        <p>{text.inviteLead}</p>
        <TextField
          label={text.inviteName}
          hint={text.inviteNameHint}
          fault={tried && nameFault !== null ? people[nameFault] : null}
          value={input.name}
          onInput={(value) => setInput({ ...input, name: value })}
        />
        <TextField
          label={text.inviteEmail}
          fault={tried && faults.email !== null ? people[faults.email] : null}
          value={input.email}
          onInput={(value) => setInput({ ...input, email: value })}
        />
        {email !== "" && (
          <CheckboxField label={text.sendMail} hint={text.sendMailHint} checked={mail} onChange={setMail} />
        )}
        <SelectField
          label={text.expires}
          value={String(ttlSeconds)}
          options={[
            { value: String(HOUR), label: text.hour },
            ...DAYS.map((count) => ({ value: String(count * DAY), label: text.days(count) })),
          ]}
          onSelect={(value) => setTtlSeconds(Number(value))}
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
            {busy ? text.working : text.inviteSubmit}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
