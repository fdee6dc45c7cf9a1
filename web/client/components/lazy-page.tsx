import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { useText } from "../state/app-context.ts";

interface LazyPageProps<Props> {
  /** Must stay the same function while the page is shown. */
  readonly load: () => Promise<ComponentType<Props>>;
  readonly props: Props;
}

/** A page whose code is loaded on demand. */
export function LazyPage<Props extends object>({ load, props }: LazyPageProps<Props>) {
  const text = useText();
  const [Page, setPage] = useState<ComponentType<Props> | null>(null);
  const [failed, setFailed] = useState(false);
  const fetchPage = () => {
    setFailed(false);
    load().then(
      (page) => setPage(() => page),
      () => setFailed(true),
    );
  };
  useEffect(fetchPage, [load]);
  if (Page !== null) return <Page {...props} />;
  if (!failed)
    return (
      <p class="loading" role="status">
        {text.loading}
      </p>
    );
  return (
    <div class="loading" role="alert">
      <p>{text.errors.NETWORK}</p>
      <button type="button" class="button" onClick={() => location.reload()}>
        {text.tryAgain}
      </button>
    </div>
  );
}
