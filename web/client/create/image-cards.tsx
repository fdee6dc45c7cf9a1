import type { Image } from "../../api/schemas.ts";
import { useText } from "../state/app-context.ts";
import { lookUpText } from "../text/translations/languages.ts";
import { ImagePicture } from "./image-picture.tsx";

interface ImageCardsProps {
  readonly images: readonly Image[];
  readonly chosenId: string | undefined;
  readonly onChoose: (id: string) => void;
}

export function ImageCards({ images, chosenId, onChoose }: ImageCardsProps) {
  const { create, machines, imageDescriptions } = useText();
  const wherePlaces = ({ places }: Image): string[] => [
    ...(places === undefined || places.server === null ? [] : [machines.theServer]),
    ...(places?.hosts ?? []),
  ];
  return (
    <fieldset>
      <legend>{create.system}</legend>
      <div class="image-cards">
        {images.map((image) => (
          <label class="card image-card" data-off={!image.available} key={image.id}>
            <input
              type="radio"
              name="image"
              autofocus={image.id === chosenId}
              checked={image.id === chosenId}
              disabled={!image.available}
              onChange={() => onChoose(image.id)}
            />
            <ImagePicture id={image.id} />
            <span class="card-text">
              <strong>{image.title}</strong>
              <small>
                {image.available
                  ? (lookUpText(imageDescriptions, image.id) ?? image.description)
                  : `${create.unavailable}. ${image.reason ?? create.noReason}`}
              </small>
              {wherePlaces(image).length > 0 && (
                <small>{machines.where(wherePlaces(image).join(", "))}</small>
              )}
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
