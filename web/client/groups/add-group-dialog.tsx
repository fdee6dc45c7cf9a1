import { useEffect, useState } from "preact/hooks";
import { LOCAL_ACCOUNTS, NAME_FORM, OWN_SOURCE } from "../api/server-values.ts";
import { ActDialog } from "../components/act-dialog.tsx";
import { SelectField, TextField } from "../components/fields.tsx";
import { useApp, useText } from "../state/app-context.ts";

interface AddGroupDialogProps {
  readonly onAdded: () => void;
  readonly onClose: () => void;
}

export function AddGroupDialog({ onAdded, onClose }: AddGroupDialogProps) {
  const { api } = useApp();
  const all = useText();
  const { groups: text } = all;
  const [name, setName] = useState("");
  const [source, setSource] = useState(OWN_SOURCE);
  const [knownAs, setKnownAs] = useState("");
  const [providers, setProviders] = useState<readonly string[]>([]);
  const [tried, setTried] = useState(false);
  useEffect(() => {
    // Accounts of the server itself are in its own groups. Without the list one of these can be made all the same.
    api.signInSettings().then(
      ({ providers: found }) =>
        setProviders(found.filter(({ kind }) => kind !== LOCAL_ACCOUNTS).map(({ id }) => id)),
      () => undefined,
    );
  }, [api]);
  const wanted = name.trim();
  const fault = wanted === "" ? text.nameMissing : NAME_FORM.test(wanted) ? null : text.nameWrong;
  const act = async () => {
    setTried(true);
    if (fault !== null) return;
    const alias = source === OWN_SOURCE ? "" : knownAs.trim();
    await api.addGroup({ name: wanted, source, ...(alias !== "" && { knownAs: alias }) });
    onAdded();
    onClose();
  };
  return (
    <ActDialog
      title={text.addTitle}
      confirm={text.addSubmit}
      leave={all.cancel}
      onLeave={onClose}
      act={act}
      onClose={onClose}
    >
      <TextField label={text.name} fault={tried ? fault : null} value={name} onInput={setName} />
      {providers.length > 0 && (
        <SelectField
          label={text.source}
          value={source}
          options={[
            { value: OWN_SOURCE, label: text.own },
            ...providers.map((id) => ({ value: id, label: text.byProvider(id) })),
          ]}
          onSelect={setSource}
        />
      )}
      {source === OWN_SOURCE ? (
        <p class="fine">{text.ownHint}</p>
      ) : (
        <TextField label={text.knownAs} hint={text.knownAsHint} value={knownAs} onInput={setKnownAs} />
      )}
    </ActDialog>
  );
}
