/** A small generated drawing for an image: the catalogue has no pictures, so the id selects the pattern. */
function hash(text: string): number {
  let value = 7;
  for (const character of text) value = (value * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
  return value;
}

function MemoryCells({ seed }: { readonly seed: number }) {
  const cells = Array.from({ length: 40 }, (_, index) => ({
    x: 18 + (index % 10) * 12.6,
    y: 26 + Math.floor(index / 10) * 14,
    bright: ((seed >>> (index % 24)) + index) % 3 === 0,
  }));
  return (
    <>
      {cells.map(({ x, y, bright }) => (
        <rect
          key={`${x}/${y}`}
          class={bright ? "p-bright" : "p-dim"}
          x={x}
          y={y}
          width="9"
          height="10"
          rx="1.500"
        />
      ))}
    </>
  );
}

function Installer() {
  return (
    <>
      <rect class="p-dim" x="30" y="18" width="100" height="64" rx="5" />
      <path class="p-line" d="M42 34h40M42 46h64M42 58h52" />
      <rect class="p-bright" x="98" y="68" width="22" height="7" rx="3.500" />
      <rect class="p-bright" x="38" y="41" width="76" height="10" rx="2" opacity="0.55" />
    </>
  );
}

function Windows({ seed }: { readonly seed: number }) {
  const shift = seed % 24;
  return (
    <>
      <rect class="p-dim" x={20 + shift} y="20" width="70" height="46" rx="5" />
      <rect class="p-bright" x={20 + shift} y="20" width="70" height="9" rx="4" />
      <rect class="p-dim" x={58 + shift / 2} y="40" width="66" height="42" rx="5" />
      <rect class="p-bright" x={58 + shift / 2} y="40" width="66" height="9" rx="4" opacity="0.6" />
    </>
  );
}

export function ImagePicture({ id }: { readonly id: string }) {
  const seed = hash(id);
  return (
    <svg
      class="image-picture"
      viewBox="0 0 160 100"
      preserveAspectRatio="xMidYMid slice"
      aria-hidden="true"
      focusable="false"
    >
      <rect class="p-ground" width="160" height="100" />
      {/mem/.test(id) ? (
        <MemoryCells seed={seed} />
      ) : /install|debian/.test(id) ? (
        <Installer />
      ) : (
        <Windows seed={seed} />
      )}
    </svg>
  );
}
