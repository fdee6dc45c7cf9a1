import type { GrantTarget, Proxy } from "../../proxy/index.ts";

type CreateTarget = { readonly target: GrantTarget; readonly name: string };

/** From which images, and on which hosts, people may create machines. Where nobody was granted it, everybody may. */
export class CreateRights {
  readonly #rights: Pick<Proxy["rights"], "of" | "isReserved">;

  constructor(rights: Pick<Proxy["rights"], "of" | "isReserved">) {
    this.#rights = rights;
  }

  mayUseImage(userId: string, image: string): Promise<boolean> {
    return this.#may(userId, [{ target: "image", name: image }]);
  }

  mayUseHost(
    userId: string,
    { id, name, labels }: { readonly id: string; readonly name: string; readonly labels: readonly string[] },
  ): Promise<boolean> {
    const named = [...new Set([id, name])].map((one): CreateTarget => ({ target: "host", name: one }));
    return this.#may(userId, [
      ...named,
      ...labels.map((label): CreateTarget => ({ target: "label", name: label })),
    ]);
  }

  async #may(userId: string, targets: readonly CreateTarget[]): Promise<boolean> {
    const rights = await this.#rights.of(userId);
    return rights === null || rights.mayCreate(targets, await this.#rights.isReserved(targets));
  }
}
