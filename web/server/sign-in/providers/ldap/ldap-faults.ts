import type { LocalizedText } from "../../../../api/schemas.ts";

/** Why a directory cannot be asked, in words that name no secret and repeat nothing that the directory says. */
export class LdapFault extends Error {
  readonly text: LocalizedText;

  constructor(text: LocalizedText, cause?: unknown) {
    super(text.en, { cause });
    this.text = text;
  }
}

/** RFC 4511's names of the results that an administrator meets; they are the same in every language. */
const RESULT_NAMES: Readonly<Record<number, string>> = {
  1: "operationsError",
  2: "protocolError",
  3: "timeLimitExceeded",
  4: "sizeLimitExceeded",
  7: "authMethodNotSupported",
  8: "strongerAuthRequired",
  10: "referral",
  11: "adminLimitExceeded",
  13: "confidentialityRequired",
  18: "inappropriateMatching",
  19: "constraintViolation",
  32: "noSuchObject",
  34: "invalidDNSyntax",
  48: "inappropriateAuthentication",
  49: "invalidCredentials",
  50: "insufficientAccessRights",
  51: "busy",
  52: "unavailable",
  53: "unwillingToPerform",
};

function describeResult(code: number): string {
  const name = RESULT_NAMES[code];
  return name === undefined ? String(code) : `${code} ${name}`;
}

/** What can be said of a certificate; everything in it was written by a stranger. */
export interface CertificateNames {
  readonly names: string;
  readonly issuer: string;
}

export const LDAP_FAULTS = {
  cannotConnect: (url: string, code: string) => ({
    en: `${url} cannot be reached (${code}).`,
    fr: `${url} est injoignable (${code}).`,
  }),
  timedOut: (url: string) => ({
    en: `${url} did not answer in time.`,
    fr: `${url} n'a pas répondu à temps.`,
  }),
  closed: (url: string) => ({
    en: `${url} closed the connection.`,
    fr: `${url} a fermé la connexion.`,
  }),
  tooMuch: (url: string) => ({
    en: `${url} sent more than was asked for, or more than is taken.`,
    fr: `${url} a envoyé plus que demandé, ou plus que la limite.`,
  }),
  malformed: (url: string) => ({
    en: `${url} sent something that is no answer of LDAP.`,
    fr: `${url} a envoyé autre chose qu'une réponse LDAP.`,
  }),
  certificateName: (url: string, expected: string, { names, issuer }: CertificateNames) => ({
    en: `The certificate of ${url} is for ${names}, not for ${expected} (issued by ${issuer}). If that is the right server, say its name as "serverName".`,
    fr: `Le certificat de ${url} est pour ${names}, non pour ${expected} (émis par ${issuer}). Si c'est le bon serveur, indiquez son nom par "serverName".`,
  }),
  certificateAuthority: (url: string, code: string, { names, issuer }: CertificateNames) => ({
    en: `The certificate of ${url} is not trusted (${code}): it is for ${names}, issued by ${issuer}. Give that authority's certificate as "ca".`,
    fr: `Le certificat de ${url} n'est pas reconnu (${code}) : il est pour ${names}, émis par ${issuer}. Donnez le certificat de cette autorité par "ca".`,
  }),
  tlsFailed: (url: string, code: string) => ({
    en: `TLS with ${url} failed (${code}).`,
    fr: `TLS avec ${url} a échoué (${code}).`,
  }),
  startTlsRefused: (url: string, code: number) => ({
    en: `${url} does not offer STARTTLS (${describeResult(code)}). No password is sent without it.`,
    fr: `${url} n'offre pas STARTTLS (${describeResult(code)}). Sans cela, aucun mot de passe n'est envoyé.`,
  }),
  startTlsInjected: (url: string) => ({
    en: `${url} sent more than its answer to STARTTLS. Somebody may stand in between.`,
    fr: `${url} a envoyé plus que sa réponse à STARTTLS. Quelqu'un s'est peut-être interposé.`,
  }),
  notLoopback: (url: string) => ({
    en: `${url} is not on this machine: "insecure" is for loopback alone.`,
    fr: `${url} n'est pas sur cette machine : "insecure" ne vaut que pour la boucle locale.`,
  }),
  serviceRefused: (code: number) => ({
    en: `The directory refuses "bindDn" with "bindPassword" (${describeResult(code)}).`,
    fr: `L'annuaire refuse "bindDn" avec "bindPassword" (${describeResult(code)}).`,
  }),
  bindFailed: (code: number) => ({
    en: `The directory does not check passwords now (${describeResult(code)}).`,
    fr: `L'annuaire ne vérifie pas les mots de passe (${describeResult(code)}).`,
  }),
  baseMissing: (option: string, dn: string) => ({
    en: `There is nothing at "${option}" (${dn}), or it may not be read.`,
    fr: `Il n'y a rien sous "${option}" (${dn}), ou ce n'est pas lisible.`,
  }),
  searchFailed: (option: string, code: number) => ({
    en: `The directory does not take the search with "${option}" (${describeResult(code)}).`,
    fr: `L'annuaire refuse la recherche avec "${option}" (${describeResult(code)}).`,
  }),
  nobodyFound: (dn: string, filter: string) => ({
    en: `Nobody was found below "searchBase" (${dn}) with ${filter}. Check "searchFilter", and what the account of "bindDn" may read.`,
    fr: `Personne n'a été trouvé sous "searchBase" (${dn}) avec ${filter}. Vérifiez "searchFilter" et ce que le compte de "bindDn" peut lire.`,
  }),
  entryHidden: () => ({
    en: 'The person\'s own entry cannot be read. Let people read it, or search with "bindDn".',
    fr: "L'entrée de la personne n'est pas lisible. Laissez chacun lire la sienne, ou cherchez avec \"bindDn\".",
  }),
  subjectMissing: (attributes: string) => ({
    en: `The entry has no single value of ${attributes}: without a key that is never given again nobody is signed in. Say the attribute as "subjectAttribute", and let it be read.`,
    fr: `L'entrée n'a pas de valeur unique pour ${attributes} : sans clé jamais réattribuée, personne n'est admis. Indiquez l'attribut par "subjectAttribute" et laissez-le lire.`,
  }),
  groupsIncomplete: () => ({
    en: "The directory does not name all groups of the person: there are too many, or they are on another server.",
    fr: "L'annuaire ne nomme pas tous les groupes de la personne : ils sont trop nombreux, ou sur un autre serveur.",
  }),
} as const;
