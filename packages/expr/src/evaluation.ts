import { ExprError } from './expr-error.ts'

/**
 * What one evaluation of a JSONPath shares. Without filters a query is linear in the document and needs no limit;
 * filters, which ask a query for every node, share a budget of steps.
 */
export class Evaluation {
  readonly root: unknown
  #steps: number
  #filters: Evaluation | undefined
  readonly #answers = new Map<Walk, readonly unknown[]>()

  constructor(root: unknown, steps = Infinity) {
    this.root = root
    this.#steps = steps
    if (steps < Infinity) this.#filters = this
  }

  /** The evaluation of everything that stands in filters. */
  get filters(): Evaluation {
    return (this.#filters ??= new Evaluation(this.root, 5_000_000))
  }

  /** Takes steps from the budget; throws an `ExprError` when it is used up. */
  spend(steps: number): void {
    this.#steps -= steps
    if (this.#steps < 0) throw new ExprError('the filters of a JSONPath need too many steps on this body')
  }

  /** What a query that starts at the root finds, asked once. */
  fromRoot(walk: Walk): readonly unknown[] {
    let found = this.#answers.get(walk)
    if (!found) this.#answers.set(walk, (found = walk([this.root], this)))
    return found
  }
}

/** Nodes in, nodes out: a query, or one segment of it. */
export type Walk = (nodes: readonly unknown[], evaluation: Evaluation) => readonly unknown[]
