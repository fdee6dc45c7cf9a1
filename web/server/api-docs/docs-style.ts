/** The style of the API's page, in light and dark as the reader's system has it. */
export const API_DOCS_STYLE = `
:root {
  color-scheme: light dark;
  --page: light-dark(#f2f4f3, #101413);
  --card: light-dark(#ffffff, #1a1f1e);
  --line: light-dark(#dce2df, #2c3432);
  --text: light-dark(#171c1b, #e9eeec);
  --quiet: light-dark(#54605c, #a0aca8);
  --accent: light-dark(#0b6b5a, #5fd0b6);
  --get: light-dark(#14713d, #6fd69b);
  --post: light-dark(#0b62c4, #6cb2ff);
  --patch: light-dark(#8a5a00, #f0c060);
  --delete: light-dark(#b3261e, #ff8f86);
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
body {
  margin: 0;
  display: grid;
  grid-template-columns: 15rem minmax(0, 1fr);
  background: var(--page);
  color: var(--text);
  font: 16px/1.55 system-ui, sans-serif;
}
code, pre { font: 0.875em/1.5 ui-monospace, monospace; }
a { color: var(--accent); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
nav {
  position: sticky;
  top: 0;
  height: 100vh;
  overflow: auto;
  padding: 2rem 1.25rem;
  border-right: 1px solid var(--line);
  display: flex;
  flex-direction: column;
  gap: 0.25rem;
}
nav strong { font-size: 1.05rem; margin-bottom: 0.75rem; }
nav a { text-decoration: none; color: inherit; padding: 0.2rem 0; }
nav a:hover { color: var(--accent); }
nav .file { margin-top: 1rem; font: 0.875rem ui-monospace, monospace; color: var(--accent); }
main { width: 100%; max-width: 60rem; padding: 2rem 2.5rem 6rem; }
h1 { margin: 0 0 0.5rem; font-size: 2rem; letter-spacing: -0.02em; }
h2 { margin: 3rem 0 0.75rem; font-size: 1.25rem; }
h3 { margin: 1.25rem 0 0.4rem; font-size: 0.9rem; }
pre {
  margin: 0.5rem 0;
  padding: 0.8rem 1rem;
  overflow-x: auto;
  background: var(--page);
  border: 1px solid var(--line);
  border-radius: 8px;
}
header pre { background: var(--card); }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 0.2rem 1rem; }
dd { margin: 0; color: var(--quiet); }
section > details { background: var(--card); border: 1px solid var(--line); border-radius: 10px; margin: 0.4rem 0; }
summary { cursor: pointer; }
section > details > summary {
  display: flex;
  flex-wrap: wrap;
  align-items: baseline;
  gap: 0.2rem 0.75rem;
  padding: 0.6rem 1rem;
  list-style: none;
}
section > details > summary::-webkit-details-marker { display: none; }
section > details > summary:hover code { color: var(--accent); }
.method { min-width: 4rem; font: 600 0.8rem ui-monospace, monospace; color: var(--get); }
.post { color: var(--post); }
.put, .patch { color: var(--patch); }
.delete { color: var(--delete); }
.about, .access { color: var(--quiet); font-weight: 400; }
.body { padding: 0 1rem 1rem; border-top: 1px solid var(--line); }
.errors { font-size: 0.9rem; }
.fields { margin: 0.3rem 0; color: var(--quiet); }
table { width: 100%; border-collapse: collapse; font-size: 0.9rem; }
th { text-align: left; font-weight: 400; color: var(--text); vertical-align: top; padding: 0.25rem 1rem 0.25rem 0; }
td { padding: 0.25rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
th { border-bottom: 1px solid var(--line); white-space: nowrap; }
@media (max-width: 50rem) {
  body { display: block; }
  nav { position: static; height: auto; flex-direction: row; flex-wrap: wrap; gap: 0.25rem 1rem; padding: 1rem; border-right: 0; border-bottom: 1px solid var(--line); }
  nav strong { width: 100%; margin: 0; }
  nav .file { margin: 0; }
  main { padding: 1.25rem 1rem 4rem; }
  dl { display: block; }
  dt { margin-top: 0.5rem; }
  th { white-space: normal; overflow-wrap: anywhere; }
}
`;
