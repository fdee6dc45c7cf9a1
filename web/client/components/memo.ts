import { Component, h, type ComponentType } from "preact";

/** A component that is rendered again only when one of its properties is another one; what it uses by hooks still counts. */
export function memo<Props extends object>(View: ComponentType<Props>): ComponentType<Props> {
  return class Memo extends Component<Props> {
    override shouldComponentUpdate(next: Readonly<Props>): boolean {
      return !isSame(this.props, next);
    }

    override render() {
      return h(View, this.props);
    }
  };
}

function isSame(one: object, other: object): boolean {
  const before = Object.entries(one);
  const after = new Map(Object.entries(other));
  return before.length === after.size && before.every(([name, value]) => Object.is(value, after.get(name)));
}
