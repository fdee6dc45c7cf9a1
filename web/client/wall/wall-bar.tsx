import { useEffect, useRef } from "preact/hooks";
import { Choices } from "../components/choices.tsx";
import { useApp, usePreferences, useText } from "../state/app-context.ts";
import { WALL_GROUPS } from "../state/wall-view.ts";

interface WallBarProps {
  readonly search: string;
  readonly onSearch: (search: string) => void;
  /** Cards that are shown, of all. */
  readonly shown: number;
  readonly all: number;
}

/** Search, groups and size of the cards, for a wall with more than fit on a screen. */
export function WallBar({ search, onSearch, shown, all }: WallBarProps) {
  const { preferences } = useApp();
  const { wall: text } = useText();
  const { wallGroup, cardSize } = usePreferences();
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target instanceof Element && event.target.closest("dialog, input, select, textarea")) return;
      event.preventDefault();
      field.current?.focus();
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, []);
  return (
    <div class="wall-bar" role="search">
      <input
        ref={field}
        type="search"
        class="filter"
        aria-label={text.search}
        placeholder={text.search}
        maxLength={64}
        value={search}
        onInput={(event) => onSearch(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") onSearch("");
        }}
      />
      <select
        class="filter"
        aria-label={text.group}
        value={wallGroup}
        onChange={(event) => {
          const wallGroup = WALL_GROUPS.find((one) => one === event.currentTarget.value);
          if (wallGroup !== undefined) preferences.dispatch({ wallGroup });
        }}
      >
        {WALL_GROUPS.map((group) => (
          <option key={group} value={group}>
            {text.groups[group]}
          </option>
        ))}
      </select>
      <Choices
        label={text.size}
        value={cardSize}
        options={text.sizes}
        onChoose={(cardSize) => preferences.dispatch({ cardSize })}
      />
      <span class="wall-count" role="status">
        {search.trim() === "" ? "" : text.count(shown, all)}
      </span>
    </div>
  );
}
