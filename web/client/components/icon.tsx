/** The icon set, drawn on a 20-unit grid in the text's colour. */
const PATHS = {
  plus: "M10 4v12M4 10h12",
  play: "M7 4.500v11l8.500-5.500z",
  power: "M10 3v7M6.200 5.600a6 6 0 1 0 7.600 0",
  more: "M4.500 10h.01M10 10h.01M15.500 10h.01",
  trash: "M4 6h12M8 6V4h4v2M6 6l.7 10h6.600L14 6M8.700 9v4M11.300 9v4",
  screen: "M3 4h14v9.500H3zM7.500 16.500h5M10 13.500v3",
  close: "M5.500 5.500l9 9M14.500 5.500l-9 9",
  back: "M11.500 5l-5 5 5 5M6.500 10H16",
  expand: "M4 8V4h4M12 4h4v4M16 12v4h-4M8 16H4v-4",
  shrink: "M8 4v4H4M16 8h-4V4M12 16v-4h4M4 12h4v4",
  fit: "M3 4h14v12H3zM6.500 10h7M8 8.500L6.500 10 8 11.500M12 8.500l1.500 1.500-1.500 1.500",
  follow: "M3 4h14v12H3zM3 7h9v9M14 13l-4-4M10 12V9h3",
  keys: "M2.500 5.500h15v9h-15zM5.500 8.500h.01M8.500 8.500h.01M11.500 8.500h.01M14.500 8.500h.01M6.500 11.800h7",
  keycap: "M4.500 4h11v12h-11zM7.500 11l2.500-3 2.500 3",
  clipboard: "M6 4.500H4.500v12h11v-12H14M7.500 3h5v3h-5zM7.500 10h5M7.500 13h3",
  camera:
    "M3 6.500h3l1.500-2h5l1.500 2h3v9H3zM10 13.500a2.700 2.700 0 1 0 0-5.400 2.700 2.700 0 0 0 0 5.400z",
  person:
    "M10 10a3.200 3.200 0 1 0 0-6.400A3.200 3.200 0 0 0 10 10zM3.800 17c.6-3.200 3-5 6.200-5s5.600 1.800 6.200 5",
  group:
    "M7.500 10a2.800 2.800 0 1 0 0-5.600 2.800 2.800 0 0 0 0 5.600zM2.500 16.500c.4-2.700 2.300-4.200 5-4.200s4.600 1.500 5 4.200M13 9.700a2.300 2.300 0 1 0 0-4.600M14.500 12.400c1.800.4 2.800 1.800 3 4.100",
  copy: "M7 7h9v9H7zM13 7V4H4v9h3",
  check: "M4.500 10.500l3.500 3.500 7.500-8",
  eye: "M2.500 10S5.200 5 10 5s7.500 5 7.500 5-2.700 5-7.500 5-7.500-5-7.500-5zM10 12.200a2.200 2.200 0 1 0 0-4.400 2.200 2.200 0 0 0 0 4.400z",
  alert: "M10 3.500l7.500 13h-15zM10 8.500v3.500M10 14.300h.01",
  down: "M6 8l4 4 4-4",
  up: "M6 12l4-4 4 4",
  host: "M4 4h12v5H4zM4 11h12v5H4zM7 6.500h.01M7 13.500h.01",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" data-name={name} viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}

/** The product's logo: a small door in a wall. */
export function Logo() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <path
        class="mark-wall"
        d="M3 5.500A1.500 1.500 0 0 1 4.500 4H13v7H3zM15 4h12.500A1.500 1.500 0 0 1 29 5.500V11H15zM3 13h6v7H3zM24 13h5v7h-5zM3 22h7v6H4.500A1.500 1.500 0 0 1 3 26.500zM24 22h5v4.500a1.500 1.500 0 0 1-1.500 1.500H24z"
      />
      <path class="mark-door" d="M12 28V18.500a4.500 4.500 0 0 1 9 0V28z" />
      <circle class="mark-knob" cx="18.500" cy="22.500" r="1.200" />
    </svg>
  );
}
