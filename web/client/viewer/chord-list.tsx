import type RFB from "@novnc/novnc";
import { useId, useState } from "preact/hooks";
import { Icon } from "../components/icon.tsx";
import { useText } from "../state/app-context.ts";
import { loadChords, MAX_CHORDS, parseChord, storeChords, type Chord } from "./chords.ts";

/** The person's own combinations of keys, kept in this browser. */
export function ChordList({ rfb }: { readonly rfb: RFB }) {
  const { viewer } = useText();
  const id = useId();
  const [chords, setChords] = useState(loadChords);
  const [value, setValue] = useState("");
  const [wrong, setWrong] = useState(false);
  const keep = (next: readonly Chord[]) => {
    storeChords(next);
    setChords(next);
  };
  const press = ({ keys }: Chord) => {
    for (const key of keys) rfb.sendKey(key.keysym, key.code, true);
    for (const key of keys.toReversed()) rfb.sendKey(key.keysym, key.code, false);
  };
  const add = () => {
    const chord = parseChord(value);
    setWrong(chord === null);
    if (chord === null) return;
    keep([...chords.filter(({ label }) => label !== chord.label), chord]);
    setValue("");
  };
  return (
    <>
      {chords.length > 0 && (
        <div class="key-row">
          {chords.map((chord) => (
            <span class="chord" key={chord.label}>
              <button type="button" class="button" onClick={() => press(chord)}>
                {chord.label}
              </button>
              <button
                type="button"
                class="button quiet square"
                aria-label={viewer.chordRemove(chord.label)}
                title={viewer.chordRemove(chord.label)}
                onClick={() => keep(chords.filter((other) => other !== chord))}
              >
                <Icon name="close" />
              </button>
            </span>
          ))}
        </div>
      )}
      {chords.length < MAX_CHORDS && (
        <form
          class="chord-form"
          onSubmit={(event) => {
            event.preventDefault();
            add();
          }}
        >
          <label for={id}>{viewer.chordAdd}</label>
          <input
            id={id}
            type="text"
            placeholder="Ctrl+Alt+F2"
            maxLength={40}
            autocomplete="off"
            spellcheck={false}
            value={value}
            onInput={(event) => {
              setValue(event.currentTarget.value);
              setWrong(false);
            }}
          />
          <button type="submit" class="button">
            {viewer.chordKeep}
          </button>
          <p class="fine" role="status">
            {wrong && viewer.chordWrong}
          </p>
        </form>
      )}
    </>
  );
}
