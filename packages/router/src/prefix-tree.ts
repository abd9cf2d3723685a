/** A prefix that a text has, and the next shorter one. */
export interface Prefix<V> {
  readonly key: string
  readonly value: V
  readonly shorter: Prefix<V> | undefined
}

interface Node<V> {
  readonly label: string
  prefix: Prefix<V> | undefined
  readonly children: Map<number, Node<V>>
}

/** Finds which of many keys a text begins with, at the cost of walking down the text once: a radix tree. */
export class PrefixTree<V> {
  readonly #root: Node<V> = { label: '', prefix: undefined, children: new Map() }

  constructor(values: ReadonlyMap<string, V>) {
    // In this order a key comes after all of its own prefixes.
    for (const [key, value] of [...values].toSorted(([a], [b]) => a.length - b.length)) this.#add(key, value)
  }

  /** The longest key that the text begins with. */
  longest(text: string): Prefix<V> | undefined {
    let node = this.#root
    let found = node.prefix
    for (let at = 0; ; at += node.label.length) {
      const child = node.children.get(text.charCodeAt(at))
      if (!child || !text.startsWith(child.label, at)) return found
      node = child
      found = child.prefix ?? found
    }
  }

  #add(key: string, value: V): void {
    const shorter = this.longest(key)
    let node = this.#root
    for (let at = 0; at < key.length; at += node.label.length) {
      const child = node.children.get(key.charCodeAt(at))
      node = child ? reach(node, child, key, at) : append(node, key.slice(at))
    }
    node.prefix = { key, value, shorter }
  }
}

function append<V>(parent: Node<V>, label: string): Node<V> {
  const node: Node<V> = { label, prefix: undefined, children: new Map() }
  parent.children.set(label.charCodeAt(0), node)
  return node
}

/** The child, or the part of it that the key shares, split off. */
function reach<V>(parent: Node<V>, child: Node<V>, key: string, at: number): Node<V> {
  let shared = 1
  while (shared < child.label.length && child.label[shared] === key[at + shared]) shared++
  if (shared === child.label.length) return child

  const upper = append(parent, child.label.slice(0, shared))
  const label = child.label.slice(shared)
  upper.children.set(label.charCodeAt(0), { ...child, label })
  return upper
}
