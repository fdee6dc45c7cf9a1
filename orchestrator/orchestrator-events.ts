import type { DiskRef, TypedEventEmitter } from "../protocol/index.ts";

/** What happens in the orchestrator, by event name. Hosts are named by their agents' ids. */
export interface OrchestratorEvents {
  /** A machine's record, or what its view is made from. */
  "machine.changed": { readonly id: string };
  "machine.deleted": { readonly id: string; readonly ownerId: string };
  "machine.stateChanged": { readonly id: string };
  /** Machines that need a host; another server may have queued them. */
  "machine.awaitingHost": { readonly ids: readonly string[] };
  /** A host has come, or what it has is not what it was: machines that wait may fit. */
  "hosts.changed": Readonly<Record<string, never>>;
  "desktop.changed": { readonly id: string };
  /** The merged catalogue. */
  "images.changed": Readonly<Record<string, never>>;
  /** The server's own images. */
  "serverImages.changed": Readonly<Record<string, never>>;
  /** Another hundredth of an image has arrived; `fraction` from 0 to 1. */
  "image.progress": { readonly hostId: string; readonly imageId: string; readonly fraction: number };
  /** With or without success. */
  "image.transferEnded": { readonly hostId: string };
  /** Another hundredth of a data disk has arrived; `fraction` from 0 to 1. */
  "disk.progress": { readonly disk: DiskRef; readonly fraction: number };
  /** It is over, or it is retried later; `failure`: why the disk did not arrive, null if it did or stayed. */
  "disk.transferEnded": {
    readonly disk: DiskRef;
    readonly from: string;
    readonly to: string;
    readonly failure: unknown;
  };
}

/** Connects the parts of the orchestrator, and those who follow it. */
export type OrchestratorEventEmitter = TypedEventEmitter<OrchestratorEvents>;
