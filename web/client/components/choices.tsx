interface ChoicesProps<Key extends string> {
  readonly label: string;
  readonly value: Key;
  readonly options: Readonly<Record<Key, string>>;
  readonly onChoose: (key: Key) => void;
}

/** A few choices side by side, one of them selected. */
export function Choices<Key extends string>({ label, value, options, onChoose }: ChoicesProps<Key>) {
  return (
    <div class="choices" role="group" aria-label={label}>
      {(Object.keys(options) as Key[]).map((key) => (
        <button
          key={key}
          type="button"
          class="choice"
          aria-pressed={key === value}
          lang={key.length === 2 ? key : undefined}
          onClick={() => onChoose(key)}
        >
          {options[key]}
        </button>
      ))}
    </div>
  );
}
