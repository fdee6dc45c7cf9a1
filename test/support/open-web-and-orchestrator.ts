import { NO_QUOTAS, openOrchestrator, type QuotaTable } from "../../orchestrator/index.ts";
import { openWeb, type Web } from "../../web/index.ts";

type WebOptions = Omit<Parameters<typeof openWeb>[0], "orchestrator">;

export interface WebAndOrchestratorOptions extends WebOptions {
  readonly quotas?: QuotaTable;
  readonly imagesDir?: string | null;
}

/** What `postern server` opens on a proxy; `close` closes both. */
export async function openWebAndOrchestrator({
  quotas = NO_QUOTAS,
  imagesDir = null,
  ...options
}: WebAndOrchestratorOptions): Promise<Web> {
  const { proxy, clock, log } = options;
  await using opened = new AsyncDisposableStack();
  const orchestrator = opened.adopt(await openOrchestrator({ proxy, imagesDir, quotas, clock, log }), (it) =>
    it.close(),
  );
  const web = opened.adopt(await openWeb({ ...options, orchestrator }), (it) => it.close());
  orchestrator.start();
  const open = opened.move();
  const { server, viewerSignIn, createFirstAdministrator } = web;
  return { server, viewerSignIn, createFirstAdministrator, close: () => open.disposeAsync() };
}
