import { z } from "zod";
import { ConfigError } from "../../../../protocol/index.ts";
import { isLoopbackAddress } from "../../../../proxy/index.ts";
import { userName } from "../../../api/schemas.ts";
import type { SignInProviderKind } from "./sign-in-provider.ts";

const SUBJECT = "everybody";

const noneOptions = z.strictObject({
  /** The name of the one account that everybody gets; made when the first one comes. */
  account: userName.default("demo"),
  /** For people of other computers, too: whoever reaches the page is in. */
  anyAddress: z.literal("yes, everybody").optional(),
});

/** For a demo: whoever opens the page is in, as one account for all. */
export const noneProvider: SignInProviderKind<z.output<typeof noneOptions>> = {
  name: "none",
  options: noneOptions,
  open: ({ account, anyAddress }, { id, stores, loopbackOnly, log }) => {
    const everywhere = anyAddress !== undefined;
    if (!loopbackOnly && !everywhere)
      throw new ConfigError(
        "SIGN_IN_OPTIONS",
        'The sign-in provider "none" lets everybody in, and this server can be reached from other computers. Have it listen on 127.0.0.1 alone, without --advertise and without proxies; or, if everybody is really to get in, write "anyAddress": "yes, everybody" beside it.',
      );
    if (everywhere)
      log.warn({ event: "sign-in.none", provider: id }, "everybody who reaches the pages is let in");
    return {
      form: {
        fields: [],
        buttons: [{ label: { en: "Enter", fr: "Entrer" }, href: null, without: ["name", "password"] }],
      },
      withoutPassword: true,
      withoutName: true,
      shared: true,
      async signIn(_credentials, { source }) {
        if (!everywhere && source !== undefined && !isLoopbackAddress(source.address))
          return { kind: "unknownPerson" };
        const known = await stores.users.findBySubject(id, SUBJECT);
        // What an administrator may have made of it is not everybody's.
        if (known !== null && known.role !== "user") return { kind: "refused", user: known };
        return { kind: "person", person: { subject: SUBJECT, name: account, email: null, groups: [] } };
      },
      check: () =>
        Promise.resolve({
          works: true,
          text: {
            en: `Whoever reaches the page is in, as ${account}.`,
            fr: `Quiconque atteint la page entre, sous le nom ${account}.`,
          },
        }),
    };
  },
};
