import { escapeHtml } from "../mail/escape-html.ts";
import type { Mail } from "../mail/mailer.ts";

interface CodeMail {
  readonly to: string;
  /** Six digits. */
  readonly code: string;
  /** The pages, for the link. The code goes behind #: browsers send that nowhere. */
  readonly pagesUrl: string;
}

const TEXTS = {
  en: {
    hello: "Here is your code for signing in:",
    link: "Type it where you began, or open this link in the same browser:",
    time: "It is valid for ten minutes, once.",
    unasked:
      "You did not ask for it? Then somebody typed your name. Do nothing, and give the code to nobody.",
  },
  fr: {
    hello: "Voici votre code pour vous connecter :",
    link: "Saisissez-le là où vous avez commencé, ou ouvrez ce lien dans le même navigateur :",
    time: "Il est valable dix minutes, une seule fois.",
    unasked:
      "Vous ne l’avez pas demandé ? Alors quelqu’un a saisi votre nom. Ne faites rien, et ne donnez le code à personne.",
  },
} as const;

/** In both languages: the server does not know which one the person reads. */
export function composeCodeMail({ to, code, pagesUrl }: CodeMail): Mail {
  const link = new URL(`#code=${code}`, pagesUrl).href;
  const both = [TEXTS.en, TEXTS.fr];
  const text = both.map(({ hello, link: before, time, unasked }) =>
    [hello, `    ${code}`, before, `    ${link}`, time, unasked].join("\n\n"),
  );
  const html = both.map(
    ({ hello, link: before, time, unasked }, index) =>
      `<div lang="${index === 0 ? "en" : "fr"}"><p>${hello}</p>` +
      `<p style="font-size:2em;letter-spacing:.2em"><b>${code}</b></p>` +
      `<p>${before}<br><a href="${escapeHtml(link)}">${escapeHtml(link)}</a></p>` +
      `<p>${time}</p><p>${unasked}</p></div>`,
  );
  return {
    to,
    subject: "Your sign-in code · Votre code de connexion",
    text: `${text.join("\n\n-- \n\n")}\n`,
    html: `<!doctype html><html><body style="font-family:sans-serif">${html.join("<hr>")}</body></html>`,
  };
}
