import { Dialog } from "../components/dialog.tsx";
import { useText } from "../state/app-context.ts";

export function ShortcutsDialog({ onClose }: { readonly onClose: () => void }) {
  const { keys, viewer } = useText();
  const rows = [
    ["?", keys.list],
    ["N", keys.create],
    ["/", keys.search],
    [keys.arrows, keys.move],
    [keys.enter, keys.open],
    [keys.escape, keys.leave],
    [viewer.barKey, keys.bar],
  ];
  return (
    <Dialog title={keys.title} onClose={onClose}>
      <dl class="keys">
        {rows.map(([key, meaning]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
