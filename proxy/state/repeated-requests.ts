/** A request that may be sent again: it is done once, and the first answer given again. */
export interface BegunRequest {
  /** SHA-256 of what the program calls it and of whose it is, hex. */
  readonly key: string;
  /** The account's id. */
  readonly owner: string;
  /** SHA-256 of what is asked for, hex. */
  readonly request: string;
  /** Until then nobody else begins it, and then the one who began is taken for gone. */
  readonly heldUntil: number;
  readonly expiresAt: number;
}

/** `other`: the key stands for another request; `full`: the account has too many. An answer that is null is not kept. */
export type RequestState =
  | { readonly kind: "begun" }
  | { readonly kind: "running" | "other" | "full" }
  | { readonly kind: "done"; readonly status: number; readonly answer: string | null };

export interface RepeatedRequestStore {
  /**
   * Of any number of parallel calls with one key exactly one begins.
   * @param most that one account may have
   */
  begin(request: BegunRequest, now: number, most: number): Promise<RequestState>;
  /** @param answer kept sealed; null: there is nothing to keep */
  finish(request: BegunRequest, status: number, answer: string | null): Promise<void>;
  /** It came to nothing: the next one begins anew. */
  forget(request: BegunRequest): Promise<void>;
  deleteExpired(now: number): Promise<number>;
}
