import { useState } from "preact/hooks";
import type { Image } from "../../api/schemas.ts";
import type { MachineOrder } from "../api/api.ts";
import { explainError } from "../api/api-error.ts";
import { Dialog } from "../parts/dialog.tsx";
import { useApp, usePreferences, useText, useWall } from "../state/context.ts";
import { formatMemory } from "../text/format.ts";
import { CustomFold } from "./custom-fold.tsx";
import { ImagePicture } from "./image-picture.tsx";
import { checkCustom, deriveSizes, type CustomOrder, type SizeName } from "./sizes.ts";

type Choice = SizeName | "custom";

function ImageCard({ image, chosen, onChoose }: { image: Image; chosen: boolean; onChoose: () => void }) {
  const { create } = useText();
  return (
    <label class="card image-card" data-off={!image.available}>
      <input
        type="radio"
        name="image"
        autofocus={chosen}
        checked={chosen}
        disabled={!image.available}
        onChange={onChoose}
      />
      <ImagePicture id={image.id} />
      <span class="card-text">
        <strong>{image.title}</strong>
        <small>
          {image.available ? image.description : `${create.unavailable}. ${image.reason ?? create.noReason}`}
        </small>
      </span>
    </label>
  );
}

function NoImages() {
  const { create } = useText();
  const admin = useWall((state) => typeof state.who === "object" && state.who?.role === "admin");
  return (
    <p class="panel-empty">
      {create.none} {admin ? create.noneAdmin : create.noneUser}
    </p>
  );
}

export function CreatePanel({ onClose }: { readonly onClose: () => void }) {
  const { api, wall } = useApp();
  const text = useText();
  const { language } = usePreferences();
  const images = useWall((state) => state.images);
  const [imageId, setImageId] = useState<string | null>(null);
  const [choice, setChoice] = useState<Choice | null>(null);
  const [custom, setCustom] = useState<CustomOrder | null>(null);
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<string | null>(null);

  const usable = images.filter((image) => image.available);
  const image = usable.find(({ id }) => id === imageId) ?? usable[0];
  const sizes = image === undefined ? [] : deriveSizes(image);
  const suggested = sizes.find((size) => size.recommended) ?? sizes[0];
  const picked = choice ?? suggested?.name ?? "small";
  const size = sizes.find(({ name }) => name === picked) ?? suggested;
  const order: CustomOrder = custom ?? {
    cpus: String(suggested?.cpus ?? 1),
    memoryMb: String(suggested?.memoryMb ?? 1024),
    name: "",
  };
  const faults = image !== undefined && picked === "custom" ? checkCustom(order, image) : [];

  const submit = (event: Event) => {
    event.preventDefault();
    if (image === undefined || size === undefined || faults.length > 0 || busy) return;
    const name = order.name.trim();
    const request: MachineOrder =
      picked === "custom"
        ? {
            image: image.id,
            cpus: Number(order.cpus),
            memoryMb: Number(order.memoryMb),
            ...(name && { name }),
          }
        : { image: image.id, cpus: size.cpus, memoryMb: size.memoryMb };
    setBusy(true);
    setFault(null);
    api.createMachine(request).then(
      (machine) => {
        wall.dispatch({ type: "answer", machine });
        onClose();
      },
      (error: unknown) => {
        setBusy(false);
        setFault(explainError(error, text));
      },
    );
  };

  const { create, monitor } = text;
  const numbers = (cpus: number, memoryMb: number) =>
    create.summary(image?.title ?? "", monitor.cpus(cpus), formatMemory(memoryMb, language));

  return (
    <Dialog title={create.title} size="wide" onClose={onClose}>
      {images.length === 0 ? (
        <NoImages />
      ) : (
        <form class="panel" onSubmit={submit}>
          <fieldset>
            <legend>{create.system}</legend>
            <div class="image-cards">
              {images.map((entry) => (
                <ImageCard
                  key={entry.id}
                  image={entry}
                  chosen={entry.id === image?.id}
                  onChoose={() => {
                    setImageId(entry.id);
                    setCustom(null);
                  }}
                />
              ))}
            </div>
          </fieldset>
          {image !== undefined && (
            <fieldset>
              <legend>{create.size}</legend>
              <div class="size-cards">
                {sizes.map(({ name, cpus, memoryMb, recommended }) => (
                  <label class="card size-card" key={name}>
                    <input
                      type="radio"
                      name="size"
                      checked={picked === name}
                      onChange={() => setChoice(name)}
                    />
                    <strong>{create[name]}</strong>
                    <span>{monitor.cpus(cpus)}</span>
                    <span>{formatMemory(memoryMb, language)}</span>
                    {recommended && <small>{create.recommended}</small>}
                  </label>
                ))}
                <label class="card size-card">
                  <input
                    type="radio"
                    name="size"
                    checked={picked === "custom"}
                    onChange={() => setChoice("custom")}
                  />
                  <strong>{create.custom}</strong>
                  <span>{create.customHint}</span>
                </label>
              </div>
              {picked === "custom" && (
                <CustomFold
                  image={image}
                  order={order}
                  faults={faults}
                  onChange={(changed) => {
                    setCustom(changed);
                    setFault(null);
                  }}
                />
              )}
            </fieldset>
          )}
          {fault !== null && (
            <p class="fault" role="alert">
              {fault}
            </p>
          )}
          <div class="panel-foot">
            {image !== undefined && size !== undefined && (
              <p class="panel-summary" aria-live="polite">
                {picked !== "custom" && numbers(size.cpus, size.memoryMb)}
                {picked === "custom" &&
                  faults.length === 0 &&
                  numbers(Number(order.cpus), Number(order.memoryMb))}
              </p>
            )}
            <button
              type="submit"
              class="button primary large"
              disabled={image === undefined || faults.length > 0 || busy}
            >
              {busy ? create.working : create.submit}
            </button>
          </div>
        </form>
      )}
    </Dialog>
  );
}
