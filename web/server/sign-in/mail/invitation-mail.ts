import { escapeHtml } from "./escape-html.ts";
import type { Mail } from "./mailer.ts";

interface InvitationMail {
  readonly to: string;
  /** Who invites. */
  readonly by: string;
  /** The link, secret and all. */
  readonly url: string;
  readonly expiresAt: number;
}

const TEXTS = {
  en: {
    hello: (by: string, host: string) => `${by} invites you to ${host}.`,
    link: "Open this link and choose a password; it makes your account, once:",
    time: (until: string) =>
      `It is valid until ${until}. Give it to nobody: whoever opens it first has the account.`,
    unasked: "You do not know what this is? Then do nothing.",
  },
  fr: {
    hello: (by: string, host: string) => `${by} vous invite sur ${host}.`,
    link: "Ouvrez ce lien et choisissez un mot de passe ; il crée votre compte, une seule fois :",
    time: (until: string) =>
      `Il est valable jusqu’au ${until}. Ne le donnez à personne : le compte est à qui l’ouvre en premier.`,
    unasked: "Vous ne savez pas de quoi il s’agit ? Alors ne faites rien.",
  },
} as const;

/** In both languages: the server does not know which one the person reads. */
export function composeInvitationMail({ to, by, url, expiresAt }: InvitationMail): Mail {
  const { host } = new URL(url);
  const until = `${new Date(expiresAt).toISOString().slice(0, 16).replace("T", " ")} UTC`;
  const both = [TEXTS.en, TEXTS.fr].map(({ hello, link, time, unasked }) => ({
    ...{ hello: hello(by, host), link, time: time(until), unasked },
  }));
  const text = both.map(({ hello, link, time, unasked }) =>
    [hello, link, `    ${url}`, time, unasked].join("\n\n"),
  );
  const html = both.map(
    ({ hello, link, time, unasked }, index) =>
      `<div lang="${index === 0 ? "en" : "fr"}"><p>${escapeHtml(hello)}</p>` +
      `<p>${link}<br><a href="${escapeHtml(url)}">${escapeHtml(url)}</a></p>` +
      `<p>${time}</p><p>${unasked}</p></div>`,
  );
  return {
    to,
    subject: `Your account at ${host} · Votre compte sur ${host}`,
    text: `${text.join("\n\n-- \n\n")}\n`,
    html: `<!doctype html><html><body style="font-family:sans-serif">${html.join("<hr>")}</body></html>`,
  };
}
