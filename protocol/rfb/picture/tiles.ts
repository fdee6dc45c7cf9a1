/** Hextile's tiles: 16 by 16 pixels, smaller at the right and lower edge. */
export const TILE = 16;

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The tiles of a picture that a viewer does not have yet. */
export class TileSet {
  readonly columns: number;
  readonly rows: number;
  readonly #width: number;
  readonly #height: number;
  readonly #marked: Uint8Array;

  constructor(width: number, height: number) {
    this.#width = width;
    this.#height = height;
    this.columns = Math.ceil(width / TILE);
    this.rows = Math.ceil(height / TILE);
    this.#marked = new Uint8Array(this.columns * this.rows);
  }

  mark(column: number, row: number): void {
    this.#marked[row * this.columns + column] = 1;
  }

  /** Marks every tile that touches a rectangle, clipped to the picture. */
  markArea({ x, y, width, height }: Rectangle): void {
    this.#eachIn({ x, y, width, height }, (index) => {
      this.#marked[index] = 1;
    });
  }

  add(other: TileSet): void {
    other.#marked.forEach((mark, index) => {
      if (mark === 1) this.#marked[index] = 1;
    });
  }

  /** Removes the marked tiles that touch an area, adjacent ones in a row joined into one rectangle. */
  take(area: Rectangle): Rectangle[] {
    const rectangles: Rectangle[] = [];
    let [runRow, runFrom, runTo] = [-1, -1, -1];
    const finish = (): void => {
      if (runRow >= 0) rectangles.push(this.#rectangle(runRow, runFrom, runTo));
    };
    this.#eachIn(area, (index, column, row) => {
      if (this.#marked[index] !== 1) return;
      this.#marked[index] = 0;
      if (row === runRow && column === runTo + 1) {
        runTo = column;
        return;
      }
      finish();
      [runRow, runFrom, runTo] = [row, column, column];
    });
    finish();
    return rectangles;
  }

  #rectangle(row: number, from: number, to: number): Rectangle {
    const [x, y] = [from * TILE, row * TILE];
    const right = Math.min(this.#width, (to + 1) * TILE);
    return { x, y, width: right - x, height: Math.min(this.#height, y + TILE) - y };
  }

  #eachIn(area: Rectangle, visit: (index: number, column: number, row: number) => void): void {
    const lastColumn = Math.min(this.columns, Math.ceil((area.x + area.width) / TILE));
    const lastRow = Math.min(this.rows, Math.ceil((area.y + area.height) / TILE));
    for (let row = Math.floor(area.y / TILE); row < lastRow; row++)
      for (let column = Math.floor(area.x / TILE); column < lastColumn; column++)
        visit(row * this.columns + column, column, row);
  }
}

/** The tiles in which two pictures of the same size differ. */
export function findChanges(before: Uint32Array, after: Uint32Array, width: number, height: number): TileSet {
  const changes = new TileSet(width, height);
  for (let y = 0; y < height; y++) {
    const row = Math.floor(y / TILE);
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      if (before[at] !== after[at]) changes.mark(Math.floor(x / TILE), row);
    }
  }
  return changes;
}
