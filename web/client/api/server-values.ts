/** The provider of accounts whose password the server keeps itself. */
export const LOCAL_ACCOUNTS = "local";
/** The source of groups that administrators fill. */
export const OWN_SOURCE = "own";
/** Names of accounts and groups: no control characters, no slash, no blank at the ends. */
export const NAME_FORM = /^[^\p{C}/\s](?:[^\p{C}/]*[^\p{C}/\s])?$/u;
